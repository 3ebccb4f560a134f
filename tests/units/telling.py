"""The year 2020 told up to a stage; every step is judged and must be recorded."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from services.units.domain import JUDGE, Cycle
from tests.units import year_2020 as year
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused
from thidua.testing.story import Story

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thidua.contracts import Event, EventData
    from thidua.refusals import Code

ORIGIN = "sandbox/border/p0"


def accept(
    story: Story[Cycle], at: str, source: str, data: EventData, subject: str | None = None
) -> Recorded:
    """The judge records *data*."""
    judgement = story.when(at, source, data, subject)
    assert isinstance(judgement, Recorded), judgement
    return judgement


def assert_refused(judgement: Judgement, code: Code, **facts: object) -> None:
    """The judgement is a refusal with *code* and at least these facts."""
    assert isinstance(judgement, Refused), judgement
    assert judgement.code is code, judgement
    assert facts.items() <= dict(judgement.facts).items(), judgement


def log_opened(*, sandbox: bool = True) -> u.LogOpened:
    """Position 1 of a log."""
    return u.LogOpened(
        origin=ORIGIN,
        format=1,
        partition="p0",
        sandbox=sandbox,
        root_kid="BVHTTDL/root",
        root_alg="EdDSA",
        root_spki="A" * 60,
    )


def founded(*, sandbox: bool = True) -> Story[Cycle]:
    """A log with the ministry, and nothing else."""
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)
    story.given("2020-01-02 08:00", year.MINISTRY, log_opened(sandbox=sandbox))
    established = u.AuthorityEstablished(
        authority=year.AUTHORITY, name_vi="Bộ Văn hóa, Thể thao và Du lịch"
    )
    story.given("2020-01-02 08:00", year.MINISTRY, established)
    return story


def with_units() -> Story[Cycle]:
    """The seven departments in their cluster, and the regulation of 2020."""
    story = founded()
    at = "2020-01-03 08:00"
    cluster = u.ClusterFormed(
        cluster=year.CLUSTER,
        name_vi="Cụm thi đua các tỉnh miền núi, biên giới phía Bắc",
        valid_from=date(2009, 2, 13),
        basis="QĐ 486/QĐ-BVHTTDL 13/02/2009",
    )
    accept(story, at, year.MINISTRY, cluster)
    for code, name in year.NAMES.items():
        accept(story, at, year.MINISTRY, year.unit(code, name))
        accept(story, at, year.MINISTRY, joined(code))
    accept(story, at, year.MINISTRY, year.regulation())
    return story


def joined(code: str, since: date = date(2009, 2, 13)) -> u.MembershipStarted:
    """A unit's belonging to the cluster."""
    return u.MembershipStarted(
        cluster=year.CLUSTER, unit=code, valid_from=since, basis="QĐ 486/QĐ-BVHTTDL 13/02/2009"
    )


def opened() -> Story[Cycle]:
    """The cycle 2020 with Lai Châu as chair and Lào Cai as deputy."""
    story = with_units()
    accept(story, "2020-01-10 08:00", year.MINISTRY, u.CycleOpened())
    for office, unit in (("chair", "LCH"), ("deputy", "LCA")):
        carried = b.OfficerCarriedOver.model_validate(
            {
                "office": office,
                "unit": unit,
                "elected_on": date(2019, 11, 21),
                "basis": "Hội nghị tổng kết năm 2019",
            }
        )
        story.given("2020-01-10 08:05", year.MINISTRY, carried)
    return story


def ruled(rulebook: u.RulebookAdopted | None = None) -> Story[Cycle]:
    """The rulebook of 2020 is adopted; nobody has registered."""
    story = opened()
    accept(story, "2020-03-20 09:00", year.CHAIR, rulebook or year.rulebook())
    return story


def registered(
    units: Iterable[str] = year.UNITS, rulebook: u.RulebookAdopted | None = None
) -> Story[Cycle]:
    """*units* have registered in time."""
    story = ruled(rulebook)
    for code in units:
        data = year.participation(code)
        accept(story, year.REGISTERED[code], f"/units/{code}", data)
    return story


def reported(
    units: Iterable[str] = year.UNITS, rulebook: u.RulebookAdopted | None = None
) -> Story[Cycle]:
    """*units* have registered, are planned to be cross-checked and have reported."""
    story = registered(units, rulebook)
    accept(story, "2020-08-17 10:00", year.CHAIR, planned(units))
    for code in units:
        report = u.ReportSubmitted(unit=code, kind="yearly", summary="Báo cáo tổng kết năm")
        accept(story, year.REPORTED[code], f"/units/{code}", report)
    return story


def planned(units: Iterable[str] = year.UNITS) -> u.CrossCheckPlanned:
    """The plan of 17 August for *units*."""
    chosen = tuple(units)
    teams = tuple(
        team.model_copy(update={"checks": tuple(code for code in team.checks if code in chosen)})
        for team in year.TEAMS
    )
    return u.CrossCheckPlanned(
        teams=tuple(team for team in teams if team.checks),
        starts=date(2020, 11, 6),
        ends=date(2020, 11, 9),
    )


def scored(
    units: Iterable[str] = year.UNITS, rulebook: u.RulebookAdopted | None = None
) -> Story[Cycle]:
    """*units* have handed in their score sheets."""
    story = reported(units, rulebook)
    for code in units:
        accept(story, "2020-11-02 09:00", f"/units/{code}", year.sheet(code))
    return story


def checked(
    units: Iterable[str] = year.UNITS, rulebook: u.RulebookAdopted | None = None
) -> Story[Cycle]:
    """*units* are cross-checked; bonus and minus are given."""
    story = scored(units, rulebook)
    chosen = tuple(units)
    for code in chosen:
        accept(story, "2020-11-07 09:00", year.lead_of(code), year.check(code))
    for code, name, kind, points in year.ADJUSTMENTS:
        if code in chosen:
            data = year.adjustment(code, name, kind, points)
            accept(story, "2020-11-10 09:00", year.CHAIR, data)
    return story


def closed(
    units: Iterable[str] = year.UNITS, rulebook: u.RulebookAdopted | None = None
) -> Story[Cycle]:
    """Cao Bằng's protest is rejected and scoring is closed: the ranking stands."""
    story = checked(units, rulebook)
    if "CBG" in tuple(units):
        accept(story, "2020-11-12 09:00", "/units/CBG", protest())
        accept(story, "2020-11-12 16:00", year.CHAIR, answer("rejected"))
    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())
    return story


def protest(line: str = "I.4", claimed: str = "11") -> u.ScoreProtested:
    """Cao Bằng's protest."""
    return u.ScoreProtested.model_validate(
        {
            "unit": "CBG",
            "protest": "khieu-nai-1",
            "criterion": line,
            "claimed": claimed,
            "reason": "Lượng khách đã tính đủ cả năm",
        }
    )


def answer(outcome: str, points: str | None = None) -> u.ProtestResolved:
    """The answer to Cao Bằng's protest."""
    return u.ProtestResolved.model_validate(
        {
            "unit": "CBG",
            "protest": "khieu-nai-1",
            "outcome": outcome,
            "points": points,
            "reason": "Đã đối chiếu với niên giám thống kê",
        }
    )


def ranking(story: Story[Cycle]) -> u.RankingConsolidated:
    """The ranking that stands."""
    found = story.state.ranking
    assert found is not None
    return found


def totals(story: Story[Cycle]) -> dict[str, str]:
    """Unit → total, in the ranking's order."""
    return {row.unit: str(row.total) for row in ranking(story).rows}


@cache
def whole_year() -> tuple[Event, ...]:
    """The year 2020 from the registry to its ranking."""
    return tuple(closed().events)
