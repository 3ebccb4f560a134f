"""The pledge of 2020 told up to a stage: what other services say stands, every step of pledges is judged."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

from services.pledges.domain import JUDGE, Cycle
from tests.units import year_2020 as year
from tests.units.telling import assert_refused, joined
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.deciding import Recorded
from thidua.testing.story import Story

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thidua.contracts import Event, EventData

__all__ = ["assert_refused"]

UNITS: Final = tuple(sorted(year.UNITS))
MINISTRY: Final = year.MINISTRY
CHAIR: Final = year.CHAIR
NEXT: Final = "BVHTTDL/BGPB/2021"
SIGNING: Final = "2020-03-20 09:00"
VISITORS: Final = "khach-du-lich"
BORDER: Final = "cua-khau"


def accept(
    story: Story[Cycle], at: str, source: str, data: EventData, subject: str | None = None
) -> Recorded:
    """The judge records *data*."""
    judgement = story.when(at, source, data, subject)
    assert isinstance(judgement, Recorded), judgement
    return judgement


def registry(regulation: u.RegulationIssued | None = None) -> Story[Cycle]:
    """The seven departments in their cluster, and the regulation of 2020."""
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)
    at = "2020-01-03 08:00"
    established = u.AuthorityEstablished(authority=year.AUTHORITY, name_vi="Bộ")
    cluster = u.ClusterFormed(
        cluster=year.CLUSTER, name_vi="Cụm", valid_from=date(2009, 2, 13), basis="QĐ 486"
    )
    for data in (established, cluster, regulation or year.regulation()):
        story.given(at, MINISTRY, data)
    for code, name in year.NAMES.items():
        story.given(at, MINISTRY, year.unit(code, name))
        story.given(at, MINISTRY, joined(code))
    return story


def opened_year(regulation: u.RegulationIssued | None = None) -> Story[Cycle]:
    """The cycle 2020 with Lai Châu as chair and Lào Cai as deputy."""
    story = registry(regulation)
    story.given("2020-01-10 08:00", MINISTRY, u.CycleOpened())
    for office, unit in (("chair", "LCH"), ("deputy", "LCA")):
        story.given("2020-01-10 08:05", MINISTRY, carried(office, unit))
    return story


def carried(office: str, unit: str) -> b.OfficerCarriedOver:
    """An officer on the authority's word."""
    return b.OfficerCarriedOver.model_validate(
        {"office": office, "unit": unit, "elected_on": date(2019, 11, 21), "basis": "Biên bản"}
    )


def target(name: str = VISITORS, *of: str, value: str = "10") -> p.Target:
    """A target of the pledge that all units answer for, or only *of*."""
    return p.Target(
        target=name,
        name_vi="Tăng lượng khách du lịch",
        measure="%",
        value=Decimal(value),
        sense="at-least",
        of=of,
    )


def draft(version: int = 1, *targets: p.Target) -> p.PledgeDrafted:
    """The pledge's text with one target of all and one of Lào Cai and Lạng Sơn."""
    return p.PledgeDrafted(
        version=version,
        theme="Giao ước thi đua năm 2020",
        text="Các Sở trong Cụm cam kết hoàn thành xuất sắc các chỉ tiêu.",
        targets=targets or (target(), target(BORDER, "LCA", "LSN", value="2")),
    )


def opened(regulation: u.RegulationIssued | None = None) -> Story[Cycle]:
    """The draft is opened for signing."""
    story = opened_year(regulation)
    accept(story, "2020-03-20 08:30", CHAIR, draft())
    story.due(at="2020-03-20 08:30")
    return story


def signed(unit: str, version: int = 1) -> p.PledgeSigned:
    """A unit's signature."""
    return p.PledgeSigned(unit=unit, version=version, signer_role="Giám đốc")


def declined(unit: str, version: int = 1) -> p.PledgeDeclined:
    """A unit's refusal to sign."""
    return p.PledgeDeclined(unit=unit, version=version, reason="Chưa thống nhất chỉ tiêu")


def answer(story: Story[Cycle], units: Iterable[str], at: str = SIGNING) -> None:
    """Each of *units* signs."""
    for code in units:
        accept(story, at, f"/units/{code}", signed(code))


def concluded(regulation: u.RegulationIssued | None = None) -> Story[Cycle]:
    """All seven have signed."""
    story = opened(regulation)
    answer(story, UNITS)
    return story


def conclusions(story: Story[Cycle]) -> list[EventData]:
    """Every conclusion that stands."""
    return story.told(p.PledgeConcluded)


def merged(story: Story[Cycle], code: str, on: date) -> None:
    """*code* merges into Tuyên Quang, a department outside the cluster."""
    at = story.events[-1].rx
    for data in (
        year.unit("TQU", "Tuyên Quang"),
        u.UnitMerged(units=(code,), into="TQU", on=on, basis="NQ 202/2025/QH15"),
    ):
        story.fold.apply(event := story.event(at, MINISTRY, data))
        story.events.append(event)


def left(story: Story[Cycle], code: str, last_day: date) -> None:
    """*code* leaves the cluster after *last_day*."""
    ended = u.MembershipEnded(cluster=year.CLUSTER, unit=code, last_day=last_day, basis="QĐ 12")
    story.fold.apply(event := story.event(story.events[-1].rx, MINISTRY, ended))
    story.events.append(event)


def revision(*noticed: str, name: str = VISITORS, value: str = "-30") -> p.TargetRevised:
    """A target revised with the notice of *noticed*, all seven when none is named."""
    return p.TargetRevised(
        target=name,
        value=Decimal(value),
        reason="Giãn cách xã hội phòng, chống dịch Covid-19",
        noticed=noticed or UNITS,
    )


def result(
    unit: str, name: str = VISITORS, value: str = "12", as_of: date = date(2020, 10, 31)
) -> p.TargetResultReported:
    """A unit's result against a target."""
    return p.TargetResultReported(unit=unit, target=name, value=Decimal(value), as_of=as_of)


@cache
def whole_year() -> tuple[Event, ...]:
    """The pledge of 2020 from the registry to a revised target and its results."""
    story = concluded()
    for at, source, data in (
        ("2020-03-27 10:00", CHAIR, p.PledgeSent(version=1)),
        ("2020-04-20 15:00", CHAIR, revision()),
        ("2020-11-02 08:00", "/units/SLA", result("SLA")),
    ):
        assert isinstance(story.when(at, source, data), Recorded)
    return tuple(story.events)
