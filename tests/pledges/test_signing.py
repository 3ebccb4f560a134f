"""From the draft to the concluded pledge: who drafts, when it is opened, who signs, once."""

from __future__ import annotations

from datetime import date

import pytest

from tests.pledges.telling import (
    CHAIR,
    MINISTRY,
    NEXT,
    UNITS,
    accept,
    answer,
    assert_refused,
    carried,
    concluded,
    conclusions,
    declined,
    draft,
    left,
    merged,
    opened,
    opened_year,
    registry,
    signed,
    target,
)
from tests.units import year_2020 as year
from tests.units.telling import joined
from thidua.clock import start_of_local_day
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.refusals import Code

AT = "2020-03-20 08:30"


# --- the movement -------------------------------------------------------------------------------


def movement(year_of: int = 2020, decided_on: date = date(2020, 1, 10)) -> p.MovementApproved:
    return p.MovementApproved(
        year=year_of,
        theme="Phong trào thi đua yêu nước",
        contents=("Xây dựng môi trường văn hóa lành mạnh",),
        basis="QĐ 34/QĐ-BVHTTDL",
        decided_on=decided_on,
    )


def launched() -> p.MovementLaunched:
    return p.MovementLaunched(theme="Đoàn kết, sáng tạo", contents=("Giữ gìn di sản",))


def test_the_authority_approves_a_years_movement_once() -> None:
    story = registry()
    accept(story, "2020-01-10 09:00", MINISTRY, movement())
    again = story.when("2020-01-11 09:00", MINISTRY, movement())
    assert_refused(again, Code.ALREADY_DONE, what="movement 2020")
    accept(story, "2020-01-11 09:00", MINISTRY, movement(2021))


def test_a_movement_is_not_approved_by_a_decision_of_a_day_to_come() -> None:
    early = registry().when("2020-01-09 09:00", MINISTRY, movement())
    assert_refused(early, Code.DATE_INVALID, given="2020-01-10", expected="<= 2020-01-09")


def test_no_unit_approves_a_movement() -> None:
    judgement = opened_year().when("2020-01-10 09:00", CHAIR, movement())
    assert_refused(judgement, Code.ROLE_REQUIRED, required=["authority"])


def test_the_chair_launches_the_movement_once_without_waiting_for_its_approval() -> None:
    story = opened_year()
    accept(story, AT, CHAIR, launched())
    assert_refused(story.when(AT, CHAIR, launched()), Code.ALREADY_DONE, what="movement")


def test_the_deputy_may_launch_the_movement_a_member_may_not() -> None:
    assert_refused(opened_year().when(AT, "/units/SLA", launched()), Code.ROLE_REQUIRED)
    accept(opened_year(), AT, year.DEPUTY, launched())


def test_nothing_is_launched_in_a_year_that_was_not_opened() -> None:
    assert_refused(registry().when(AT, CHAIR, launched()), Code.CYCLE_UNKNOWN, given=year.CYCLE)


def test_a_closed_year_takes_no_more_of_its_pledge() -> None:
    story = concluded()
    story.given("2021-04-01 08:00", MINISTRY, u.CycleClosed())
    sent = story.when("2021-04-02 08:00", CHAIR, p.PledgeSent(version=1))
    assert_refused(sent, Code.CYCLE_CLOSED, date="2021-04-01")


# --- drafts -------------------------------------------------------------------------------------


def test_a_draft_is_replaced_by_its_next_version_until_it_is_opened() -> None:
    story = registry()
    story.given("2020-01-10 08:00", MINISTRY, u.CycleOpened())
    story.given("2019-11-21 08:00", MINISTRY, carried("chair", "LCH"), "BVHTTDL/BGPB/2019")
    skipped = story.when(AT, CHAIR, draft(2))
    assert_refused(skipped, Code.STATE_FORBIDS, state="draft 0", needed="version 1")
    accept(story, AT, CHAIR, draft())
    assert_refused(story.when(AT, CHAIR, draft()), Code.STATE_FORBIDS, needed="version 2")
    accept(story, AT, CHAIR, draft(2))

    story.given(AT, MINISTRY, carried("chair", "LCH"))
    (opening,) = story.due(at=AT)

    assert isinstance(opening, p.PledgeOpened)
    assert opening.version == 2
    late = story.when(AT, CHAIR, draft(3))
    assert_refused(late, Code.STATE_FORBIDS, state="pledge opened", needed="draft")


def test_a_target_has_a_name_of_its_own_in_the_draft() -> None:
    twice = opened_year().when(AT, CHAIR, draft(1, target(), target()))
    assert_refused(twice, Code.OVERLAP, what="targets")


def test_only_members_answer_for_a_target() -> None:
    stranger = opened_year().when(AT, CHAIR, draft(1, target("x", "LCA", "TQU")))
    assert_refused(stranger, Code.NOT_MEMBER, unit="TQU", year="2020")


def test_a_member_that_is_no_officer_drafts_no_pledge() -> None:
    assert_refused(opened_year().when(AT, "/units/SLA", draft()), Code.ROLE_REQUIRED)


# --- opened for signing -------------------------------------------------------------------------


def test_a_draft_is_opened_with_the_members_of_the_day_once_the_year_has_a_chair() -> None:
    story = opened_year()
    accept(story, AT, CHAIR, draft())
    drafted = story.events[-1]

    opening = story.due(at=AT)

    assert opening == [p.PledgeOpened(version=1, draft=drafted.hash, chair="LCH", members=UNITS)]
    assert story.events[-1].cause == drafted.hash


def test_next_years_draft_waits_for_next_years_chair() -> None:
    story = opened_year()
    story.given("2020-11-20 08:00", MINISTRY, u.CycleOpened(), NEXT)
    accept(story, "2020-11-21 10:10", CHAIR, draft(), NEXT)
    assert story.due(NEXT, "2020-11-21 10:10") == []
    early = story.when("2020-11-21 10:20", "/units/LCA", signed("LCA"), NEXT)
    assert_refused(early, Code.PLEDGE_NOT_OPEN, state="not opened")

    elected = b.ChairElected(unit="LCA", for_year=2021, ballot="bau", votes=7)
    story.given("2020-11-21 10:30", "/services/ballots", elected)
    (opening,) = story.due(NEXT, "2020-11-21 10:30")

    assert isinstance(opening, p.PledgeOpened)
    assert (opening.chair, opening.members) == ("LCA", UNITS)


def test_a_chair_that_was_refused_recognition_opens_nothing() -> None:
    story = registry()
    story.given("2020-01-10 08:00", MINISTRY, u.CycleOpened())
    story.given("2020-01-10 08:00", MINISTRY, carried("chair", "LCH"))
    unrecognised = b.RecognitionRefused(
        office="chair", unit="LCH", reason="Chưa đủ điều kiện", decided_on=date(2020, 3, 18)
    )
    story.given("2020-03-18 08:00", MINISTRY, unrecognised)
    story.given("2020-03-18 09:00", CHAIR, draft())
    assert story.due(at="2020-03-18 09:00") == []


def test_a_pledge_is_opened_in_no_cluster_without_members() -> None:
    story = opened_year()
    accept(story, AT, CHAIR, draft())
    for code in UNITS:
        left(story, code, date(2020, 3, 20))
    assert story.due(at="2020-03-21 08:00") == []


@pytest.mark.parametrize(
    "data",
    [
        p.PledgeOpened(version=1, draft="h" * 43, chair="LCH", members=UNITS),
        p.PledgeConcluded(version=1, signed=UNITS),
    ],
    ids=lambda data: data.TYPE,
)
@pytest.mark.parametrize("source", [CHAIR, MINISTRY, "/services/units", "/services/pledges"])
def test_what_the_service_says_itself_nobody_sends_it(data: p.PledgeOpened, source: str) -> None:
    assert_refused(opened().when(AT, source, data), Code.ROLE_REQUIRED, required=["service"])


# --- signed and declined ------------------------------------------------------------------------


def test_the_last_signature_of_seven_concludes_the_pledge() -> None:
    story = opened()
    answer(story, UNITS[:-1])
    assert conclusions(story) == []

    last = accept(story, "2020-03-20 09:12", f"/units/{UNITS[-1]}", signed(UNITS[-1]))

    (own,) = last.follows
    assert own.data == p.PledgeConcluded(version=1, signed=UNITS)
    assert conclusions(story) == [own.data]
    assert story.due(at="2020-12-31 08:00") == []


def test_a_member_may_decline_with_its_reason_and_the_pledge_is_concluded_without_it() -> None:
    story = opened()
    answer(story, [code for code in UNITS if code != "CBG"])
    accept(story, "2020-03-20 10:00", "/units/CBG", declined("CBG"))
    (own,) = conclusions(story)
    assert isinstance(own, p.PledgeConcluded)
    assert (len(own.signed), own.declined) == (6, ("CBG",))


@pytest.mark.parametrize("first", [signed("SLA"), declined("SLA")], ids=["signed", "declined"])
@pytest.mark.parametrize("second", [signed("SLA"), declined("SLA")], ids=["signed", "declined"])
def test_a_member_answers_once(
    first: p.PledgeSigned | p.PledgeDeclined, second: p.PledgeSigned | p.PledgeDeclined
) -> None:
    story = opened()
    accept(story, AT, "/units/SLA", first)
    assert_refused(story.when(AT, "/units/SLA", second), Code.SIGNED_ALREADY, unit="SLA")


@pytest.mark.parametrize("data", [signed("SLA", 2), declined("SLA", 2)], ids=["signed", "declined"])
def test_another_version_than_the_opened_one_is_not_answered(data: p.PledgeSigned) -> None:
    judgement = opened().when(AT, "/units/SLA", data)
    assert_refused(judgement, Code.PLEDGE_TEXT_DIFFERS, given=2, expected=1)


def test_nobody_signs_what_is_not_open_or_concluded() -> None:
    unopened = registry()
    unopened.given("2020-01-10 08:00", MINISTRY, u.CycleOpened())
    assert_refused(
        unopened.when(AT, "/units/SLA", signed("SLA")), Code.PLEDGE_NOT_OPEN, state="not opened"
    )
    again = concluded().when("2020-03-21 08:00", "/units/SLA", signed("SLA"))
    assert_refused(again, Code.PLEDGE_NOT_OPEN, state="concluded")


def test_a_member_signs_for_itself_alone() -> None:
    judgement = opened().when(AT, "/units/SLA", signed("LSN"))
    assert_refused(judgement, Code.ROLE_REQUIRED, required=["/units/LSN"], held=["/units/SLA"])


def test_a_department_outside_the_cluster_does_not_sign() -> None:
    story = opened()
    story.given(AT, MINISTRY, year.unit("TQU", "Tuyên Quang"))
    judgement = story.when(AT, "/units/TQU", signed("TQU"))
    assert_refused(judgement, Code.NOT_MEMBER, unit="TQU", year=2020)


def test_a_member_that_joined_after_the_opening_is_not_on_the_roll() -> None:
    story = opened()
    story.given(AT, MINISTRY, year.unit("TQU", "Tuyên Quang"))
    story.given(AT, MINISTRY, joined("TQU", date(2020, 3, 20)))
    assert_refused(story.when(AT, "/units/TQU", signed("TQU")), Code.NOT_ON_ROLL, unit="TQU")
    answer(story, UNITS)
    assert len(conclusions(story)) == 1


# --- members that go ----------------------------------------------------------------------------


def test_v14_a_merged_unit_is_told_where_it_went_and_signs_no_more() -> None:
    story = opened()
    merged(story, "HGI", date(2020, 3, 21))
    judgement = story.when("2020-03-21 00:00", "/units/HGI", signed("HGI"))
    assert_refused(judgement, Code.UNIT_MERGED, given="HGI", into="TQU", date="2020-03-21")


def test_v14_a_merged_unit_that_did_not_answer_is_not_waited_for() -> None:
    story = opened()
    answer(story, [code for code in UNITS if code != "HGI"])
    merged(story, "HGI", date(2020, 3, 25))
    midnight = start_of_local_day(date(2020, 3, 25))
    assert story.judge.alarm(story.fold.view(), year.CYCLE) == midnight
    assert story.due(at="2020-03-24 23:59") == []

    (conclusion,) = story.due(at="2020-03-25 00:00")

    assert isinstance(conclusion, p.PledgeConcluded)
    assert "HGI" not in conclusion.signed
    assert len(conclusion.signed) == 6
    opening = next(e for e in story.events if isinstance(e.data, p.PledgeOpened))
    assert story.events[-1].cause == opening.hash
    assert story.judge.alarm(story.fold.view(), year.CYCLE) is None


def test_v14_the_last_who_can_answers_for_those_who_are_gone() -> None:
    story = opened()
    left(story, "HGI", date(2020, 3, 20))
    answer(story, [code for code in UNITS if code not in ("HGI", "SLA")])
    last = accept(story, "2020-03-21 08:00", "/units/SLA", signed("SLA"))
    assert [own.data.TYPE for own in last.follows] == [p.PledgeConcluded.TYPE]


def test_v14_a_signature_stands_when_its_unit_merges_afterwards() -> None:
    story = opened()
    answer(story, ["HGI"])
    merged(story, "HGI", date(2020, 3, 21))
    answer(story, [code for code in UNITS if code != "HGI"], "2020-03-22 09:00")
    (conclusion,) = conclusions(story)
    assert isinstance(conclusion, p.PledgeConcluded)
    assert set(conclusion.signed) == set(UNITS)


def test_while_someone_may_still_answer_no_moment_concludes_the_pledge() -> None:
    story = opened()
    assert story.judge.alarm(story.fold.view(), year.CYCLE) is None
    answer(story, UNITS[:-2])
    left(story, UNITS[-1], date(2020, 6, 30))
    assert story.judge.alarm(story.fold.view(), year.CYCLE) is None
    assert story.due(at="2020-12-31 08:00") == []


def test_a_pledge_that_nobody_answered_is_not_concluded_when_all_have_left() -> None:
    story = opened()
    for code in UNITS:
        left(story, code, date(2020, 3, 20))
    assert story.due(at="2020-03-21 08:00") == []


def test_a_unit_that_returns_may_still_sign() -> None:
    story = opened()
    answer(story, UNITS[:-1])
    left(story, UNITS[-1], date(2020, 3, 22))
    story.given("2020-03-20 10:00", MINISTRY, joined(UNITS[-1], date(2020, 3, 23)))
    assert story.judge.alarm(story.fold.view(), year.CYCLE) is None
    accept(story, "2020-03-24 08:00", f"/units/{UNITS[-1]}", signed(UNITS[-1]))
    assert len(conclusions(story)) == 1
