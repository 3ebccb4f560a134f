"""Convened, opened, who is there, accepted scores, closed with its minutes: V1, V15 and V17."""

from __future__ import annotations

import pytest

from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import CONFERENCE, attendance, attended, ballot, convened, ready
from tests.ballots.decisions.year_2020 import (
    CHAIR,
    DEPUTY,
    SHA256,
    UNITS,
    accept,
    code_of,
    ranking,
    refusal,
)
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.refusals import Code
from thidua.testing.story import local

AT = "2020-11-21 09:00"
OPENING = b.ConferenceOpened(conference=CONFERENCE)


def test_only_chair_or_deputy_invites_and_each_conference_is_convened_once() -> None:
    story = conf.ranked()
    invitation = b.ConferenceConvened(
        conference=CONFERENCE, starts=local("2020-11-21 08:00"), place="Lai Châu"
    )
    assert refusal(story, "2020-11-16 08:00", invitation, "/units/SLA").code is Code.ROLE_REQUIRED
    accept(story, "2020-11-16 08:00", invitation, CHAIR)
    assert refusal(story, "2020-11-16 09:00", invitation, CHAIR).code is Code.ALREADY_DONE


def test_a_conference_that_nobody_convened_is_not_opened() -> None:
    story = conf.ranked()
    refused = refusal(story, "2020-11-21 08:00", OPENING, CHAIR)
    assert refused.code is Code.REFERENCE_UNKNOWN
    assert refused.facts["given"] == CONFERENCE


def test_a_conference_is_opened_once() -> None:
    story = attended()
    assert refusal(story, AT, OPENING, CHAIR).code is Code.STATE_FORBIDS


def test_v17_the_deputy_opens_only_when_it_says_why_the_chair_is_absent() -> None:
    story = convened()
    assert refusal(story, "2020-11-21 08:00", OPENING, DEPUTY).code is Code.REASON_REQUIRED
    stand_in = b.ConferenceOpened(conference=CONFERENCE, chair_absent="Cụm trưởng nghỉ ốm")
    accept(story, "2020-11-21 08:00", stand_in, DEPUTY)
    assert story.state.conferences[CONFERENCE].presiding == "LCA"


def test_v17_when_the_chair_is_absent_the_deputy_presides_to_the_minutes() -> None:
    there = tuple(unit for unit in UNITS if unit != "LCH")
    story = ready(there, by=DEPUTY)
    minutes = b.MinutesIssued(conference=CONFERENCE, document=SHA256)
    assert refusal(story, AT, ballot("co-bo", "LSN"), CHAIR).code is Code.ROLE_REQUIRED
    assert refusal(story, AT, minutes, CHAIR).code is Code.ROLE_REQUIRED
    accept(story, AT, ballot("co-bo", "LSN"), DEPUTY)
    accept(story, AT, b.BallotVoided(ballot="co-bo", reason="Phiếu in sai tên"), DEPUTY)
    accept(story, "2020-11-21 11:00", minutes, DEPUTY)
    accept(story, "2020-11-21 11:30", b.ConferenceClosed(conference=CONFERENCE), DEPUTY)


@pytest.mark.parametrize(
    "data",
    [
        attendance(UNITS),
        conf.elected_board(),
        b.ScoresAccepted(conference=CONFERENCE, ranking=1),
        b.ConferenceAdjourned(conference=CONFERENCE, reason="Chưa đủ thành viên"),
        b.ConferenceClosed(conference=CONFERENCE),
    ],
    ids=lambda data: type(data).__name__,
)
def test_only_the_unit_that_opened_the_conference_presides(data: EventData) -> None:
    story = attended()
    assert refusal(story, AT, data, DEPUTY).code is Code.ROLE_REQUIRED
    accept(story, AT, data, CHAIR)


def test_every_member_stands_in_exactly_one_list_of_the_attendance() -> None:
    story = attended()
    twice = b.AttendanceRecorded(conference=CONFERENCE, present=UNITS, absent=("SLA",))
    assert refusal(story, AT, twice, CHAIR).code is Code.OVERLAP
    short = b.AttendanceRecorded(conference=CONFERENCE, present=UNITS[:6])
    refused = refusal(story, AT, short, CHAIR)
    assert (refused.code, refused.facts["expected"]) == (Code.SCHEMA_INVALID, ["CBG"])


def test_who_is_no_member_is_on_no_list() -> None:
    story = attended()
    stranger = b.AttendanceRecorded(conference=CONFERENCE, present=(*UNITS, "TQG"))
    assert refusal(story, AT, stranger, CHAIR).code is Code.UNIT_UNKNOWN


def test_who_takes_part_from_afar_counts_for_the_quorum() -> None:
    story = ready(UNITS[:4])
    assert refusal(story, AT, ballot("co-bo", "LCA"), CHAIR).code is Code.NO_QUORUM
    accept(story, AT, attendance(UNITS[:4], remote=("HGI",)), CHAIR)
    accept(story, AT, ballot("co-bo", "LCA"), CHAIR)


def test_v1_with_four_of_seven_present_there_is_no_quorum_and_no_ballot() -> None:
    story = ready(UNITS[:4])
    refused = refusal(story, AT, ballot("co-bo", "LCA", "LCH"), CHAIR)
    assert (refused.code, refused.facts["present"], refused.facts["needed"]) == (
        Code.NO_QUORUM,
        4,
        5,
    )
    slips = conf.slips("co-bo", "LCA")
    assert refusal(story, AT, slips, conf.OF_BOARD["truong-ban"]).code is Code.BALLOT_NOT_OPEN


def test_v1_the_conference_is_adjourned_and_votes_when_it_meets_again_with_a_quorum() -> None:
    story = ready(UNITS[:4])
    put_off = b.ConferenceAdjourned(conference=CONFERENCE, reason="Chỉ có 4/7 đơn vị dự")
    accept(story, AT, put_off, CHAIR)
    assert refusal(story, AT, attendance(UNITS), CHAIR).code is Code.STATE_FORBIDS
    assert refusal(story, AT, ballot("co-bo", "LCA"), CHAIR).code is Code.STATE_FORBIDS
    accept(story, "2020-11-25 08:00", OPENING, CHAIR)
    accept(story, "2020-11-25 08:05", attendance(UNITS[:5]), CHAIR)
    accept(story, "2020-11-25 08:10", ballot("co-bo", "LCA"), CHAIR)


def test_who_was_there_before_an_adjournment_is_not_taken_to_be_there_after_it() -> None:
    story = ready()
    put_off = b.ConferenceAdjourned(conference=CONFERENCE, reason="Mất điện toàn tỉnh")
    accept(story, AT, put_off, CHAIR)
    accept(story, "2020-11-25 08:00", OPENING, CHAIR)
    refused = refusal(story, "2020-11-25 08:10", ballot("co-bo", "LCA"), CHAIR)
    assert (refused.code, refused.facts["present"]) == (Code.NO_QUORUM, 0)


def test_the_conference_accepts_the_ranking_in_force_and_no_other() -> None:
    story = attended()
    old = b.ScoresAccepted(conference=CONFERENCE, ranking=2)
    refused = refusal(story, AT, old, CHAIR)
    assert (refused.code, refused.facts["given"], refused.facts["expected"]) == (
        Code.RANKING_OUTDATED,
        2,
        1,
    )


def test_titles_are_voted_on_only_on_the_ranking_the_conference_accepted() -> None:
    story = attended()
    accept(story, AT, conf.elected_board(), CHAIR)
    assert refusal(story, AT, ballot("co-bo", "LCA"), CHAIR).code is Code.RANKING_OUTDATED
    accept(story, AT, b.ScoresAccepted(conference=CONFERENCE, ranking=1), CHAIR)
    story.given("2020-11-21 09:05", "/services/units", ranking(2))
    refused = refusal(story, "2020-11-21 09:10", ballot("co-bo", "LCA"), CHAIR)
    assert (refused.code, refused.facts["expected"]) == (Code.RANKING_OUTDATED, 2)
    accept(story, "2020-11-21 09:15", b.ScoresAccepted(conference=CONFERENCE, ranking=2), CHAIR)
    accept(story, "2020-11-21 09:20", ballot("co-bo", "LCA"), CHAIR)


def test_neither_adjourned_nor_closed_while_a_ballot_is_open() -> None:
    story = ready()
    accept(story, AT, ballot("co-bo", "LCA"), CHAIR)
    closing = b.ConferenceClosed(conference=CONFERENCE)
    put_off = b.ConferenceAdjourned(conference=CONFERENCE, reason="Đã quá trưa")
    minutes = b.MinutesIssued(conference=CONFERENCE, document=SHA256)
    for data in (closing, put_off, minutes):
        assert refusal(story, AT, data, CHAIR).code is Code.STATE_FORBIDS
    accept(story, AT, b.BallotVoided(ballot="co-bo", reason="Phiếu in sai tên"), CHAIR)
    accept(story, AT, closing, CHAIR)


def test_after_its_closing_a_conference_still_issues_minutes_and_nothing_else() -> None:
    story = ready()
    accept(story, AT, b.ConferenceClosed(conference=CONFERENCE), CHAIR)
    for data in (OPENING, attendance(UNITS), b.ConferenceClosed(conference=CONFERENCE)):
        assert refusal(story, "2020-11-21 12:00", data, CHAIR).code is Code.STATE_FORBIDS
    assert refusal(story, "2020-11-21 12:00", ballot("co-bo", "LCA"), CHAIR).code is (
        Code.STATE_FORBIDS
    )
    minutes = b.MinutesIssued(conference=CONFERENCE, document=SHA256)
    accept(story, "2020-11-23 08:00", minutes, CHAIR)


def test_v15_votes_may_go_against_the_scores_and_the_minutes_must_say_so() -> None:
    story = ready()
    votes = {"LCA": 7, "LCH": 7, "LSN": 1, "SLA": 6}
    conf.voted_on_paper(story, AT, ballot("co-bo", *votes), votes)
    assert conf.proposed(story) == ("LCA", "LCH", "SLA")
    flagged = {one.unit: one.against_ranking for one in conf.told(story, b.ProposalRecorded)}
    assert flagged == {"LCA": False, "LCH": False, "SLA": True}

    minutes = b.MinutesIssued(conference=CONFERENCE, document=SHA256)
    refused = refusal(story, "2020-11-21 11:00", minutes, CHAIR)
    assert (refused.code, refused.facts["missing"]) == (
        Code.MINUTES_INCOMPLETE,
        ["co-bo: SLA < LSN"],
    )
    said = b.Divergence(title="co-bo", proposed="SLA", passed_over="LSN")
    stating = minutes.model_copy(update={"divergences": (said,)})
    accept(story, "2020-11-21 11:00", stating, CHAIR)


def test_v15_the_minutes_state_no_divergence_that_is_none() -> None:
    story = ready()
    votes = {"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1}
    conf.voted_on_paper(story, AT, ballot("co-bo", *votes), votes)
    made_up = b.Divergence(title="co-bo", proposed="LSN", passed_over="SLA")
    minutes = b.MinutesIssued(conference=CONFERENCE, document=SHA256, divergences=(made_up,))
    assert refusal(story, "2020-11-21 11:00", minutes, CHAIR).code is Code.MINUTES_INCOMPLETE


def test_the_ranking_is_approved_once_at_the_conference_by_whoever_presides() -> None:
    story = ready()
    approval = b.RankingApproved(conference=CONFERENCE, ranking=1)
    assert refusal(story, AT, approval, DEPUTY).code is Code.ROLE_REQUIRED
    unknown = b.RankingApproved(conference="khac", ranking=1)
    assert refusal(story, AT, unknown, CHAIR).code is Code.REFERENCE_UNKNOWN
    accept(story, AT, approval, CHAIR)
    assert refusal(story, AT, approval, CHAIR).code is Code.ALREADY_DONE
    assert story.state.approved == 1


def test_without_a_conference_only_chair_or_deputy_approves_a_ranking() -> None:
    story = conf.ranked()
    assert code_of(conf.answer(story, AT, b.RankingApproved(ranking=1), "/units/SLA")) is (
        Code.ROLE_REQUIRED
    )
    accept(story, AT, b.RankingApproved(ranking=1), DEPUTY)
