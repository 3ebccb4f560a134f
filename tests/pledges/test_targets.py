"""After the signing: sent to the authority in time, targets revised with everyone's notice, results."""

from __future__ import annotations

from datetime import date

import pytest

from tests.pledges.telling import (
    BORDER,
    CHAIR,
    MINISTRY,
    UNITS,
    accept,
    answer,
    assert_refused,
    concluded,
    declined,
    merged,
    opened,
    result,
    revision,
)
from tests.units import year_2020 as year
from thidua.contracts import EventData
from thidua.contracts import pledges as p
from thidua.contracts.base import Deadline
from thidua.contracts.rulebook import Deadlines
from thidua.refusals import Code

SENT = p.PledgeSent(version=1, document="9" * 64)


def test_the_chair_sends_the_concluded_pledge_once() -> None:
    story = concluded()
    accept(story, "2020-03-27 10:00", CHAIR, SENT)
    again = story.when("2020-03-27 11:00", CHAIR, SENT)
    assert_refused(again, Code.ALREADY_DONE, what="pledge-sent")


def test_a_member_does_not_send_the_pledge_the_deputy_may() -> None:
    story = concluded()
    assert_refused(story.when("2020-03-27 10:00", "/units/SLA", SENT), Code.ROLE_REQUIRED)
    accept(story, "2020-03-27 10:00", year.DEPUTY, SENT)


def test_another_version_than_the_concluded_one_is_not_sent() -> None:
    other = concluded().when("2020-03-27 10:00", CHAIR, p.PledgeSent(version=2))
    assert_refused(other, Code.PLEDGE_TEXT_DIFFERS, given=2, expected=1)


def test_the_pledge_is_sent_until_midnight_before_30_march() -> None:
    accept(concluded(), "2020-03-29 23:59", CHAIR, SENT)


def test_invariant_10_a_pledge_sent_too_late_is_told_the_rule_that_was_applied() -> None:
    late = concluded().when("2020-03-30 00:00", CHAIR, SENT)
    assert_refused(
        late,
        Code.DEADLINE_PASSED,
        deadline="2020-03-30 00:00",
        received="2020-03-30",
        rule="before 2020-03-30, received",
    )


@pytest.mark.parametrize(
    ("deadline", "at"),
    [
        (Deadline(date=date(2020, 3, 30), kind="at-latest"), "2020-03-30 23:59"),
        (None, "2020-12-31 23:59"),
    ],
    ids=["at-latest", "none"],
)
def test_the_regulation_sets_the_deadline_and_its_kind(deadline: Deadline | None, at: str) -> None:
    rules = year.regulation(deadlines=Deadlines(pledge_sent=deadline))
    accept(concluded(rules), at, CHAIR, SENT)


@pytest.mark.parametrize(
    ("source", "data"),
    [(CHAIR, SENT), (CHAIR, revision()), ("/units/SLA", result("SLA", as_of=date(2020, 3, 1)))],
    ids=lambda given: getattr(given, "TYPE", ""),
)
def test_before_the_pledge_is_concluded_it_is_neither_sent_nor_revised_nor_reported_on(
    source: str, data: EventData
) -> None:
    story = opened()
    answer(story, UNITS[:-1])
    judgement = story.when("2020-03-21 08:00", source, data)
    assert_refused(judgement, Code.STATE_FORBIDS, needed="pledge-concluded")


# --- revisions ----------------------------------------------------------------------------------


def test_e07_a_target_is_revised_with_reason_and_the_notice_of_all_seven() -> None:
    accept(concluded(), "2020-04-20 15:00", CHAIR, revision())


def test_a_revision_without_every_signatorys_notice_names_who_is_missing() -> None:
    judgement = concluded().when("2020-04-20 15:00", CHAIR, revision("LCH", "SLA", "LSN"))
    assert_refused(judgement, Code.STATE_FORBIDS, needed="CBG, DBN, HGI, LCA")


def test_who_did_not_sign_need_not_be_noticed_and_is_no_ground_for_it() -> None:
    story = opened()
    answer(story, [code for code in UNITS if code != "CBG"])
    accept(story, "2020-03-20 10:00", "/units/CBG", declined("CBG"))
    signatories = [code for code in UNITS if code != "CBG"]
    padded = story.when("2020-04-20 15:00", CHAIR, revision(*UNITS))
    assert_refused(padded, Code.NOT_ON_ROLL, unit="CBG")
    accept(story, "2020-04-20 15:00", CHAIR, revision(*signatories))


def test_v14_a_signatory_that_has_merged_need_not_be_noticed() -> None:
    story = concluded()
    merged(story, "HGI", date(2020, 4, 1))
    accept(story, "2020-04-20 15:00", CHAIR, revision(*[code for code in UNITS if code != "HGI"]))


def test_a_target_outside_the_pledge_is_neither_revised_nor_reported_on() -> None:
    story = concluded()
    revised = story.when("2020-04-20 15:00", CHAIR, revision(name="khac"))
    assert_refused(revised, Code.TARGET_UNKNOWN, target="khac")
    reported = story.when("2020-11-02 08:00", "/units/SLA", result("SLA", "khac"))
    assert_refused(reported, Code.TARGET_UNKNOWN, target="khac")


def test_a_member_revises_no_target() -> None:
    judgement = concluded().when("2020-04-20 15:00", "/units/SLA", revision())
    assert_refused(judgement, Code.ROLE_REQUIRED)


# --- results ------------------------------------------------------------------------------------


def test_a_signatory_reports_its_result_and_may_report_anew() -> None:
    story = concluded()
    accept(story, "2020-11-02 08:00", "/units/SLA", result("SLA", value="8"))
    accept(story, "2020-11-03 08:00", "/units/SLA", result("SLA", value="9"))


def test_a_unit_reports_for_itself_alone() -> None:
    judgement = concluded().when("2020-11-02 08:00", "/units/SLA", result("LSN"))
    assert_refused(judgement, Code.ROLE_REQUIRED, required=["/units/LSN"])


def test_a_target_of_some_units_is_reported_on_by_those_alone() -> None:
    story = concluded()
    accept(story, "2020-11-02 08:00", "/units/LSN", result("LSN", BORDER))
    other = story.when("2020-11-02 08:00", "/units/SLA", result("SLA", BORDER))
    assert_refused(other, Code.TARGET_UNKNOWN, target=BORDER)


def test_who_declined_has_nothing_to_report_on() -> None:
    story = opened()
    answer(story, [code for code in UNITS if code != "CBG"])
    accept(story, "2020-03-20 10:00", "/units/CBG", declined("CBG"))
    judgement = story.when("2020-11-02 08:00", "/units/CBG", result("CBG"))
    assert_refused(judgement, Code.STATE_FORBIDS, needed="pledge-signed")


def test_a_result_is_not_of_a_day_to_come() -> None:
    story = concluded()
    early = story.when("2020-10-30 08:00", "/units/SLA", result("SLA"))
    assert_refused(early, Code.DATE_INVALID, given="2020-10-31", expected="<= 2020-10-30")


def test_the_authority_reports_no_results() -> None:
    judgement = concluded().when("2020-11-02 08:00", MINISTRY, result("SLA"))
    assert_refused(judgement, Code.ROLE_REQUIRED, required=["member"])
