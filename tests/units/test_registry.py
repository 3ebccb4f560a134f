"""The registry: units and their validity, clusters, memberships, calendars, salaries, regulations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused
from thidua.contracts import units as u
from thidua.contracts.base import Deadline, Share
from thidua.contracts.rulebook import Council, Deadlines
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.domain import Cycle
    from thidua.contracts import EventData
    from thidua.deciding import Judgement
    from thidua.testing.story import Story

AT = "2025-06-20 08:00"
MERGER = date(2025, 7, 1)


def ministry(story: Story[Cycle], data: EventData, at: str = AT) -> Judgement:
    return story.when(at, year.MINISTRY, data)


def merged(*units: str, into: str, on: date = MERGER) -> u.UnitMerged:
    return u.UnitMerged(units=units, into=into, on=on, basis="NQ 202/2025/QH15")


def split(unit: str, *into: str, continues: bool) -> u.UnitSplit:
    return u.UnitSplit(unit=unit, into=into, continues=continues, on=MERGER, basis="QĐ 1")


def dissolved(unit: str, receiving: str | None = None, on: date = MERGER) -> u.UnitDissolved:
    return u.UnitDissolved(unit=unit, receiving=receiving, on=on, basis="QĐ 1")


def with_merger() -> Story[Cycle]:
    """Hà Giang goes over into the new Tuyên Quang, which belongs to another cluster."""
    story = telling.with_units()
    other = u.ClusterFormed(
        cluster="CUM3", name_vi="Cụm số 3", valid_from=date(2024, 1, 1), basis="QĐ 1"
    )
    accept(story, AT, year.MINISTRY, other)
    accept(story, AT, year.MINISTRY, year.unit("TQU", "Tuyên Quang", MERGER))
    joins = u.MembershipStarted(cluster="CUM3", unit="TQU", valid_from=MERGER, basis="QĐ 1")
    accept(story, AT, year.MINISTRY, joins)
    accept(story, AT, year.MINISTRY, merged("HGI", into="TQU"))
    return story


def test_variant_v14_a_merged_unit_ends_and_its_heir_stands_in_its_own_cluster() -> None:
    registry = with_merger().fold.registry(year.AUTHORITY)

    assert registry.members(year.CLUSTER, date(2025, 6, 30)) == tuple(sorted(year.UNITS))
    assert registry.members(year.CLUSTER, MERGER) == ("CBG", "DBN", "LCA", "LCH", "LSN", "SLA")
    assert registry.members("CUM3", date(2025, 6, 30)) == ()
    assert registry.members("CUM3", MERGER) == ("TQU",)
    assert registry.units["TQU"].predecessors == ("HGI",)
    assert (registry.units["HGI"].ended, registry.units["HGI"].into) == (MERGER, ("TQU",))


def test_variant_v14_a_merged_unit_is_told_into_what_and_when_it_went_over() -> None:
    story = with_merger()
    subject = "BVHTTDL/BGPB/2025"
    accept(story, AT, year.MINISTRY, u.CycleOpened(), subject)
    accept(story, AT, year.MINISTRY, year.regulation(2025, deadlines=Deadlines()))

    accept(story, "2025-06-30 23:59", "/units/HGI", year.participation("HGI"), subject)
    judgement = story.when("2025-07-01 00:00", "/units/HGI", year.participation("HGI"), subject)

    assert_refused(judgement, Code.UNIT_MERGED, given="HGI", into="TQU", date="2025-07-01")


def test_variant_v14_a_unit_that_ended_in_the_year_is_not_waited_for() -> None:
    story = with_merger()
    data = u.UnitSuspended(unit="HGI", reason="Đang thanh tra", basis="QĐ 1")
    subject = "BVHTTDL/BGPB/2025"
    accept(story, AT, year.MINISTRY, u.CycleOpened(), subject)

    judgement = story.when("2025-07-02 08:00", year.MINISTRY, data, subject)

    assert_refused(judgement, Code.UNIT_MERGED, given="HGI", into="TQU")


def test_variant_v20_a_province_with_two_departments_has_the_members_its_cluster_decided() -> None:
    story = telling.with_units()
    tourism = year.unit("LCA-DL", "Lào Cai").model_copy(
        update={"kind": "tourism", "province": "LCA", "name_vi": "Sở Du lịch tỉnh Lào Cai"}
    )
    accept(story, AT, year.MINISTRY, tourism)
    day = date(2025, 6, 20)

    registry = story.fold.registry(year.AUTHORITY)
    assert "LCA-DL" not in registry.members(year.CLUSTER, day)
    accept(story, AT, year.MINISTRY, telling.joined("LCA-DL", day))
    registry = story.fold.registry(year.AUTHORITY)
    assert {"LCA", "LCA-DL"} <= set(registry.members(year.CLUSTER, day))
    assert {registry.units[code].province for code in ("LCA", "LCA-DL")} == {"LCA"}


def test_a_units_code_is_used_once_ever() -> None:
    story = with_merger()

    assert_refused(ministry(story, year.unit("HGI", "Hà Giang")), Code.ALREADY_DONE)


def test_a_units_code_is_not_used_again_by_another_authority() -> None:
    story = telling.with_units()
    accept(story, AT, year.MINISTRY, u.AuthorityEstablished(authority="BTP", name_vi="Bộ Tư pháp"))

    judgement = story.when(AT, "/authorities/BTP", year.unit("LCA", "Lào Cai"), "BTP")

    assert_refused(judgement, Code.ALREADY_DONE, what="unit LCA")


def test_only_the_authority_speaks_about_units() -> None:
    story = telling.with_units()

    judgement = story.when(AT, "/units/LCA", year.unit("YBA", "Yên Bái"))

    assert_refused(judgement, Code.ROLE_REQUIRED, required=["authority"], held=["key-owner"])


def test_a_unit_is_renamed_from_a_day_on_and_stays_the_same_unit() -> None:
    story = telling.with_units()
    renamed = u.UnitRenamed(
        unit="LCA",
        name_vi="Sở Văn hóa và Thể thao tỉnh Lào Cai",
        short_vi="Sở VHTT Lào Cai",
        valid_from=MERGER,
        basis="QĐ 1",
    )

    accept(story, AT, year.MINISTRY, renamed)
    assert_refused(ministry(story, renamed), Code.ALREADY_DONE)
    early = renamed.model_copy(update={"valid_from": date(2000, 1, 1)})
    assert_refused(ministry(story, early), Code.DATE_INVALID, given="2000-01-01")
    names = story.fold.registry(year.AUTHORITY).units["LCA"].names
    assert [name.valid_from for name in names] == [date(2008, 3, 1), MERGER]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (merged("HGI", into="XYZ"), Code.UNIT_UNKNOWN),
        (merged("XYZ", into="LCA"), Code.UNIT_UNKNOWN),
        (merged("HGI", into="HGI"), Code.OVERLAP),
        (merged("HGI", "HGI", into="LCA"), Code.OVERLAP),
        (merged("HGI", into="LCA", on=date(2008, 3, 1)), Code.DATE_INVALID),
        (merged("HGI", into="LCA", on=date(2000, 1, 1)), Code.DATE_INVALID),
        (split("HGI", "XYZ", continues=False), Code.UNIT_UNKNOWN),
        (split("HGI", "HGI", continues=True), Code.OVERLAP),
        (dissolved("XYZ"), Code.UNIT_UNKNOWN),
        (dissolved("HGI", receiving="HGI"), Code.OVERLAP),
        (dissolved("HGI", on=date(2000, 1, 1)), Code.DATE_INVALID),
    ],
)
def test_a_change_of_units_needs_units_that_exist_and_differ(data: EventData, code: Code) -> None:
    assert_refused(ministry(telling.with_units(), data), code)


@pytest.mark.parametrize("data", [dissolved("HGI"), split("HGI", "LCA", continues=True)])
def test_a_unit_that_ended_takes_no_further_change(data: EventData) -> None:
    assert_refused(ministry(with_merger(), data), Code.UNIT_MERGED, given="HGI", into="TQU")


def test_a_unit_that_is_split_ends_unless_it_continues() -> None:
    story = telling.with_units()
    accept(story, AT, year.MINISTRY, year.unit("LCA-DL", "Lào Cai"))
    accept(story, AT, year.MINISTRY, split("LCA", "LCA-DL", continues=True))
    accept(story, AT, year.MINISTRY, year.unit("SLA-DL", "Sơn La"))
    accept(story, AT, year.MINISTRY, split("SLA", "SLA-DL", continues=False))

    units = story.fold.registry(year.AUTHORITY).units
    assert units["LCA"].exists(MERGER)
    assert not units["SLA"].exists(MERGER)
    assert units["SLA-DL"].predecessors == ("SLA",)


def test_a_unit_dissolved_without_successor_is_no_longer_known() -> None:
    story = telling.with_units()
    accept(story, AT, year.MINISTRY, dissolved("HGI"))
    accept(story, AT, year.MINISTRY, u.CycleOpened(), "BVHTTDL/BGPB/2025")
    exception = u.ExceptionGranted(unit="HGI", rule="pledge", reason="Đã giải thể")

    judgement = story.when("2025-07-01 08:00", year.MINISTRY, exception, "BVHTTDL/BGPB/2025")

    assert_refused(judgement, Code.UNIT_UNKNOWN, given="HGI", date="2025-07-01")


def ended(unit: str, last_day: date) -> u.MembershipEnded:
    return u.MembershipEnded(cluster=year.CLUSTER, unit=unit, last_day=last_day, basis="QĐ 1")


def test_a_membership_begins_once_in_a_cluster_that_was_formed() -> None:
    story = telling.with_units()
    unformed = telling.joined("LCA").model_copy(update={"cluster": "KHAC"})

    assert_refused(ministry(story, telling.joined("LCA")), Code.OVERLAP, given="LCA")
    assert_refused(ministry(story, unformed), Code.REFERENCE_UNKNOWN, what="cluster")
    assert_refused(ministry(story, telling.joined("XYZ")), Code.UNIT_UNKNOWN)


def test_a_unit_may_return_after_its_membership_ended() -> None:
    story = telling.with_units()
    accept(story, AT, year.MINISTRY, ended("LCA", date(2025, 6, 30)))

    assert_refused(ministry(story, telling.joined("LCA", date(2025, 6, 30))), Code.OVERLAP)
    accept(story, AT, year.MINISTRY, telling.joined("LCA", date(2026, 1, 1)))
    registry = story.fold.registry(year.AUTHORITY)
    assert "LCA" in registry.members(year.CLUSTER, date(2025, 6, 30))
    assert "LCA" not in registry.members(year.CLUSTER, date(2025, 7, 1))
    assert "LCA" in registry.members(year.CLUSTER, date(2026, 1, 1))


def test_a_membership_ends_only_when_it_lasts_and_not_before_it_began() -> None:
    story = telling.with_units()

    assert_refused(ministry(story, ended("LCA", date(2000, 1, 1))), Code.DATE_INVALID)
    accept(story, AT, year.MINISTRY, ended("LCA", date(2025, 6, 30)))
    assert_refused(ministry(story, ended("LCA", date(2025, 6, 30))), Code.REFERENCE_UNKNOWN)


def test_a_cluster_has_at_most_64_members_at_once() -> None:
    story = telling.with_units()
    for number in range(57):
        accept(story, AT, year.MINISTRY, year.unit(f"U{number:02}", str(number)))
        accept(story, AT, year.MINISTRY, telling.joined(f"U{number:02}"))
    accept(story, AT, year.MINISTRY, year.unit("U57", "57"))

    assert_refused(ministry(story, telling.joined("U57")), Code.STATE_FORBIDS, state="64 members")


def test_a_clusters_code_is_used_once() -> None:
    story = telling.with_units()
    again = u.ClusterFormed(
        cluster=year.CLUSTER, name_vi="Cụm khác", valid_from=MERGER, basis="QĐ 1"
    )

    assert_refused(ministry(story, again), Code.ALREADY_DONE)


def test_a_calendar_holds_days_of_its_year_and_may_be_published_anew() -> None:
    story = telling.founded()
    calendar = u.CalendarPublished(year=2021, holidays=(date(2021, 1, 1),))
    longer = u.CalendarPublished(year=2021, holidays=(date(2021, 1, 1), date(2021, 2, 10)))
    strange = u.CalendarPublished(year=2021, holidays=(date(2020, 1, 1),))
    twice = u.CalendarPublished(year=2021, holidays=(date(2021, 9, 2), date(2021, 9, 2)))

    accept(story, AT, year.MINISTRY, calendar)
    assert_refused(ministry(story, calendar), Code.ALREADY_DONE)
    assert_refused(ministry(story, strange), Code.DATE_INVALID, given="2020-01-01")
    assert_refused(ministry(story, twice), Code.OVERLAP)
    accept(story, AT, year.MINISTRY, longer)
    assert date(2021, 2, 10) in story.fold.registry(year.AUTHORITY).holidays()


def test_a_base_salary_set_again_for_the_same_day_is_corrected() -> None:
    story = telling.founded()
    since = date(2019, 7, 1)
    wrong = u.BaseSalarySet(amount=1_940_000, valid_from=since, basis="NĐ 38/2019/NĐ-CP")
    right = u.BaseSalarySet(amount=1_490_000, valid_from=since, basis="NĐ 38/2019/NĐ-CP")

    accept(story, AT, year.MINISTRY, wrong)
    accept(story, AT, year.MINISTRY, right)
    assert_refused(ministry(story, right), Code.ALREADY_DONE)
    assert story.fold.registry(year.AUTHORITY).salary(date(2021, 2, 5)) == 1_490_000


DOUBLE = (year.titles()[0], year.titles()[0])
STRANGE = (year.titles()[0],)
NEGATIVE = (year.titles()[2].model_copy(update={"multiple": Decimal(-1)}),)
EVERYBODY = Share(num=1, den=1, op="more-than")
HALF = Share(num=1, den=2)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"titles": DOUBLE}, "title co-bo stands twice"),
        ({"titles": STRANGE}, "title co-bo excludes ctdcp, which is no title"),
        ({"titles": NEGATIVE}, "title ctdcp: multiple below zero"),
        (
            {"council": Council(members=24, quorum=HALF, threshold=EVERYBODY)},
            "council threshold: more than all members",
        ),
        (
            {"deadlines": Deadlines(dossier=Deadline(date=date(2030, 1, 1), kind="before"))},
            "deadline dossier: 2030-01-01 lies outside the year 2020",
        ),
        (
            {
                "deadlines": Deadlines(
                    registration=Deadline(date=date(2020, 3, 25), kind="before", counts="sent")
                )
            },
            "deadline registration: nobody attests the day of sending",
        ),
    ],
)
def test_a_regulation_that_cannot_be_applied_is_refused_by_the_name_of_its_fault(
    changed: dict[str, object], fault: str
) -> None:
    judgement = ministry(telling.with_units(), year.regulation(**changed))  # type: ignore[arg-type]

    assert_refused(judgement, Code.RULEBOOK_INVALID, fault=fault)


def test_a_regulation_is_amended_until_a_ranking_stands_on_it() -> None:
    story = telling.checked()
    amended = year.regulation(acting="outgoing")

    same = ministry(story, year.regulation(), "2020-11-12 08:00")
    assert_refused(same, Code.ALREADY_DONE)
    accept(story, "2020-11-12 08:00", year.MINISTRY, amended)
    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())
    late = ministry(story, year.regulation(), "2020-11-14 08:00")
    assert_refused(late, Code.STATE_FORBIDS, state=f"ranking of {year.CYCLE}")
