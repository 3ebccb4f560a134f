"""The year's frame: opening and closing, registrations and their deadline, exceptions, suspensions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused
from thidua.contracts import EventData
from thidua.contracts import units as u
from thidua.contracts.base import Deadline
from thidua.contracts.rulebook import Deadlines
from thidua.deciding import Recorded, Refused
from thidua.refusals import Code


def test_a_cycle_is_opened_once_by_the_authority_for_a_cluster_that_exists() -> None:
    story = telling.with_units()
    at = "2020-01-10 08:00"

    unknown = story.when(at, year.MINISTRY, u.CycleOpened(), "BVHTTDL/KHAC/2020")
    assert_refused(unknown, Code.REFERENCE_UNKNOWN, what="cluster", given="KHAC")
    member = story.when(at, year.CHAIR, u.CycleOpened())
    assert_refused(member, Code.ROLE_REQUIRED, required=["authority"])
    accept(story, at, year.MINISTRY, u.CycleOpened())
    again = story.when(at, year.MINISTRY, u.CycleOpened())
    assert_refused(again, Code.ALREADY_DONE)


def test_events_of_a_cycle_that_was_not_opened_are_refused() -> None:
    story = telling.with_units()

    judgement = story.when("2020-03-12 08:00", "/units/LCA", year.participation("LCA"))

    assert_refused(judgement, Code.CYCLE_UNKNOWN, given=year.CYCLE)


def test_a_closed_cycle_takes_no_more_events() -> None:
    story = telling.closed()
    accept(story, "2021-04-01 08:00", year.MINISTRY, u.CycleClosed())

    corrected = u.ScoreCorrected(
        unit="LCH",
        criterion="I.4",
        points=Decimal("11.5"),
        reason="Tính lại số liệu",
        reference="BB 02",
    )
    judgement = story.when("2021-04-02 08:00", "/units/LCA", corrected)
    assert_refused(judgement, Code.CYCLE_CLOSED, given=year.CYCLE, date="2021-04-01")
    again = story.when("2021-04-02 08:00", year.MINISTRY, u.CycleClosed())
    assert_refused(again, Code.ALREADY_DONE)


def test_a_registration_at_ten_to_midnight_on_24_march_is_in_time() -> None:
    story = telling.ruled()

    accept(story, "2020-03-24 23:50", "/units/DBN", year.participation("DBN"))


def test_variant_v8_a_registration_ten_minutes_into_25_march_is_too_late() -> None:
    story = telling.ruled()

    judgement = story.when("2020-03-25 00:10", "/units/CBG", year.participation("CBG"))

    assert judgement == Refused(
        Code.DEADLINE_PASSED,
        {
            "deadline": "2020-03-25 00:00",
            "received": "2020-03-25 00:10:00",
            "rule": "before 2020-03-25, received",
        },
    )


def test_variant_v8_a_reasoned_exception_admits_a_late_registration() -> None:
    story = telling.ruled()
    exception = u.ExceptionGranted(unit="CBG", rule="registration", reason="Bão lũ, mất liên lạc")
    accept(story, "2020-03-26 08:00", year.MINISTRY, exception)

    accept(story, "2020-03-26 09:00", "/units/CBG", year.participation("CBG"))
    others = story.when("2020-03-26 09:00", "/units/DBN", year.participation("DBN"))
    assert_refused(others, Code.DEADLINE_PASSED)


@pytest.mark.parametrize(
    ("kind", "last", "first_late"),
    [
        ("before", "2020-03-24 23:59:59.999", "2020-03-25 00:00:00"),
        ("at-latest", "2020-03-25 23:59:59.999", "2020-03-26 00:00:00"),
    ],
)
def test_before_excludes_its_day_and_at_latest_includes_it(
    kind: str, last: str, first_late: str
) -> None:
    limit = Deadline.model_validate({"date": date(2020, 3, 25), "kind": kind})
    story = telling.ruled()
    changed = year.regulation(deadlines=Deadlines(registration=limit))
    accept(story, "2020-03-20 10:00", year.MINISTRY, changed)

    accept(story, last, "/units/LCA", year.participation("LCA"))
    judgement = story.when(first_late, "/units/LCH", year.participation("LCH"))
    assert_refused(judgement, Code.DEADLINE_PASSED, received=first_late)


def test_invariant_10_a_missed_deadline_is_refused_with_the_rule_that_was_applied() -> None:
    story = telling.ruled()
    limit = Deadline(date=date(2020, 3, 25), kind="at-latest")
    changed = year.regulation(deadlines=Deadlines(registration=limit))
    accept(story, "2020-03-20 10:00", year.MINISTRY, changed)

    judgement = story.when("2020-03-26 00:10", "/units/CBG", year.participation("CBG"))

    assert_refused(
        judgement,
        Code.DEADLINE_PASSED,
        deadline="2020-03-25 24:00",
        received="2020-03-26 00:10:00",
        rule="at-latest 2020-03-25, received",
    )


def test_a_unit_registers_once() -> None:
    story = telling.registered()

    judgement = story.when("2020-03-24 23:55", "/units/LCA", year.participation("LCA"))

    assert_refused(judgement, Code.ALREADY_DONE)


def test_a_unit_registers_itself_and_no_other() -> None:
    story = telling.ruled()

    judgement = story.when("2020-03-12 08:00", "/units/LCA", year.participation("LCH"))

    assert_refused(judgement, Code.ROLE_REQUIRED, required=["member LCH"])


def test_a_unit_outside_the_cluster_does_not_register() -> None:
    story = telling.ruled()
    accept(story, "2020-03-11 08:00", year.MINISTRY, year.unit("YBA", "Yên Bái"))

    judgement = story.when("2020-03-12 08:00", "/units/YBA", year.participation("YBA"))

    assert_refused(judgement, Code.NOT_MEMBER, unit="YBA", year=2020)


def test_a_unit_nobody_registered_is_unknown() -> None:
    story = telling.ruled()

    judgement = story.when("2020-03-12 08:00", "/units/XYZ", year.participation("XYZ"))

    assert_refused(judgement, Code.UNIT_UNKNOWN, given="XYZ", date="2020-03-12")


def test_registration_waits_for_the_years_regulation() -> None:
    story = telling.ruled()
    accept(story, "2020-11-22 08:00", year.MINISTRY, u.CycleOpened(), "BVHTTDL/BGPB/2021")

    data = year.participation("LCA")
    judgement = story.when("2020-12-01 08:00", "/units/LCA", data, "BVHTTDL/BGPB/2021")

    assert_refused(judgement, Code.REFERENCE_UNKNOWN, what="regulation", given="2021")


def test_a_unit_aims_at_titles_of_the_regulation_each_once() -> None:
    story = telling.ruled()
    unknown = u.ParticipationRegistered(unit="LCA", aims=(u.Aim(title="co-tinh"),))
    twice = u.ParticipationRegistered(unit="LCA", aims=(u.Aim(title="co-bo"), u.Aim(title="co-bo")))

    first = story.when("2020-03-12 08:00", "/units/LCA", unknown)
    assert_refused(first, Code.REFERENCE_UNKNOWN, what="title", given="co-tinh")
    assert_refused(story.when("2020-03-12 08:00", "/units/LCA", twice), Code.OVERLAP)


@pytest.mark.parametrize("women", ["-0.1", "100.1"])
def test_a_share_of_women_lies_between_0_and_100_percent(women: str) -> None:
    story = telling.ruled()

    judgement = story.when("2020-03-12 08:00", "/units/LCA", year.participation("LCA", women))

    assert_refused(judgement, Code.CRITERION_OUT_OF_RANGE, criterion="women_percent")


def test_an_exception_is_granted_once_by_the_authority() -> None:
    story = telling.ruled()
    exception = u.ExceptionGranted(unit="CBG", rule="pledge", reason="Thay đổi lãnh đạo Sở")

    chair = story.when("2020-04-01 08:00", year.CHAIR, exception)
    assert_refused(chair, Code.ROLE_REQUIRED, required=["authority"])
    accept(story, "2020-04-01 08:00", year.MINISTRY, exception)
    again = story.when("2020-04-01 09:00", year.MINISTRY, exception)
    assert_refused(again, Code.ALREADY_DONE)


def test_a_unit_is_suspended_once_and_cleared_once() -> None:
    story = telling.registered()
    suspended = u.UnitSuspended(unit="CBG", reason="Đang thanh tra", basis="QĐ 12/QĐ-TTr")
    lifted = u.SuspensionLifted(unit="CBG", reason="Kết luận không vi phạm", basis="KL 3/KL-TTr")

    early = story.when("2020-11-10 08:00", year.MINISTRY, lifted)
    assert_refused(early, Code.STATE_FORBIDS, needed="CBG suspended")
    accept(story, "2020-11-10 09:00", year.MINISTRY, suspended)
    assert story.state.suspended == {"CBG"}
    again = story.when("2020-11-10 10:00", year.MINISTRY, suspended)
    assert_refused(again, Code.ALREADY_DONE)
    accept(story, "2020-12-01 09:00", year.MINISTRY, lifted)
    assert story.state.suspended == frozenset()


def review(**changed: object) -> u.MidYearReviewHeld:
    given = {
        "held_on": date(2020, 7, 10),
        "place": "Thành phố Lai Châu",
        "present": year.UNITS,
        "reports": 7,
    }
    return u.MidYearReviewHeld.model_validate({**given, **changed})


def test_the_mid_year_review_is_recorded_once_after_it_was_held() -> None:
    story = telling.registered()

    early = story.when("2020-07-09 08:00", year.CHAIR, review())
    assert_refused(early, Code.DATE_INVALID, given="2020-07-10")
    assert isinstance(story.when("2020-07-10 17:00", year.CHAIR, review()), Recorded)
    assert_refused(story.when("2020-07-11 08:00", year.CHAIR, review()), Code.ALREADY_DONE)


def test_only_members_are_present_at_the_mid_year_review_each_once() -> None:
    story = telling.registered()

    stranger = story.when("2020-07-10 17:00", year.CHAIR, review(present=("LCA", "YBA")))
    assert_refused(stranger, Code.NOT_MEMBER, unit="YBA")
    twice = story.when("2020-07-10 17:00", year.CHAIR, review(present=("LCA", "LCA")))
    assert_refused(twice, Code.OVERLAP, given="LCA")


def test_the_deputy_stands_in_for_the_chair() -> None:
    story = telling.opened()

    accept(story, "2020-03-20 09:00", year.DEPUTY, year.rulebook())


@pytest.mark.parametrize(
    "data",
    [
        u.ExceptionGranted(unit="YBA", rule="pledge", reason="Thay đổi lãnh đạo Sở"),
        u.UnitSuspended(unit="YBA", reason="Đang thanh tra", basis="QĐ 12/QĐ-TTr"),
    ],
)
def test_a_unit_outside_the_cluster_is_neither_excepted_nor_suspended(data: EventData) -> None:
    story = telling.ruled()
    accept(story, "2020-03-21 08:00", year.MINISTRY, year.unit("YBA", "Yên Bái"))

    judgement = story.when("2020-03-21 09:00", year.MINISTRY, data)

    assert_refused(judgement, Code.NOT_MEMBER, unit="YBA", year=2020)
