"""Roll calls: one counted vote per member, corrections, written opinions, extension and closing: V2, V3."""

from __future__ import annotations

import pytest

from services.ballots.domain import Cycle
from services.ballots.domain.judge import alarm
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import (
    CALL_ENDS,
    all_cast,
    attendance,
    book,
    call,
    cast,
    opinion,
    question,
    ready,
)
from tests.ballots.decisions.year_2020 import (
    CHAIR,
    CYCLE,
    MINISTRY,
    UNITS,
    accept,
    code_of,
    join,
    refusal,
)
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.rulebook import Question
from thidua.refusals import Code
from thidua.testing.story import Story, local

OPENED = "2020-11-21 09:00"
AT = "2020-11-21 09:30"
LATER = "2020-11-21 10:00"
SLA = "/units/SLA"
FIVE = UNITS[:5]


def calling(*about: Question, present: tuple[str, ...] = UNITS, **voting: object) -> Story[Cycle]:
    """A roll call on the flags among four is open, under the given questions and rules."""
    story = ready(present, book(*about, **voting))
    accept(story, OPENED, call("co-bo", "LCA", "LCH", "LSN", "SLA"), CHAIR)
    return story


def corrected(*yes: str) -> b.VoteCorrected:
    marks: b.Marks = dict.fromkeys(yes, "yes")
    return b.VoteCorrected(ballot="co-bo", marks=marks, reason="Bấm nhầm")


def extended(until: str) -> b.BallotExtended:
    return b.BallotExtended(ballot="co-bo", closes=local(until), reason="Mất mạng")


def closed(story: Story[Cycle]) -> list[str]:
    """Why ballots were closed, in order."""
    return [one.reason for one in conf.told(story, b.BallotClosed)]


def test_the_last_of_a_members_votes_is_the_one_that_counts() -> None:
    story = calling()
    accept(story, AT, cast("co-bo", "LCA", "LCH"), SLA)
    accept(story, LATER, cast("co-bo", "LSN"), SLA)
    all_cast(story, LATER, "co-bo", dict.fromkeys(("LCA", "LCH", "LSN", "HGI"), ("LSN",)))
    story.due(at=CALL_ENDS)
    decided = conf.outcome(story, "co-bo")
    assert decided.votes == {"LCA": 0, "LCH": 0, "LSN": 5, "SLA": 0}
    assert decided.participants == 5
    assert len(conf.told(story, b.VoteCast)) == 6


def test_where_the_rulebook_counts_the_first_vote_another_is_refused() -> None:
    story = calling(question("co-bo", repeat="first"))
    accept(story, AT, cast("co-bo", "LCA"), SLA)
    refused = refusal(story, LATER, cast("co-bo", "LSN"), SLA)
    assert (refused.code, refused.facts["unit"]) == (Code.ALREADY_COUNTED, "SLA")
    assert story.state.ballots["co-bo"].votes == {"SLA": {"LCA": "yes"}}


@pytest.mark.parametrize("repeat", ["first", "last"])
def test_a_member_corrects_its_own_vote_and_the_replaced_one_stays_visible(repeat: str) -> None:
    story = calling(question("co-bo", repeat=repeat))
    assert refusal(story, AT, corrected("LSN"), SLA).code is Code.STATE_FORBIDS
    accept(story, AT, cast("co-bo", "LCA"), SLA)
    accept(story, LATER, corrected("LSN"), SLA)
    assert story.state.ballots["co-bo"].votes == {"SLA": {"LSN": "yes"}}
    assert conf.told(story, b.VoteCast) == [cast("co-bo", "LCA")]


def test_a_unit_may_vote_for_itself_unless_the_rulebook_forbids_it() -> None:
    accept(calling(), AT, cast("co-bo", "SLA", "LCA"), SLA)
    story = calling(self_vote=False)
    refused = refusal(story, AT, cast("co-bo", "SLA", "LCA"), SLA)
    assert (refused.code, refused.facts["given"]) == (Code.NOT_A_NOMINEE, "SLA")
    accept(story, AT, cast("co-bo", "LCA", no=("SLA",)), SLA)


def test_who_is_no_member_does_not_vote() -> None:
    story = calling()
    assert refusal(story, AT, cast("co-bo", "LCA"), "/units/TQG").code is Code.NOT_MEMBER


def test_who_became_a_member_after_the_opening_is_not_on_the_frozen_roll() -> None:
    story = calling()
    join(story, "TQG")
    accept(story, AT, attendance((*UNITS, "TQG")), CHAIR)
    refused = refusal(story, AT, cast("co-bo", "LCA"), "/units/TQG")
    assert (refused.code, refused.facts["unit"]) == (Code.NOT_ON_ROLL, "TQG")


def test_a_suspension_after_the_opening_takes_nobody_off_the_roll() -> None:
    story = calling(suspended_vote=False)
    inspected = u.UnitSuspended(unit="CBG", reason="Đang thanh tra", basis="NĐ 152/2025")
    story.given("2020-11-21 09:10", MINISTRY, inspected)
    accept(story, AT, cast("co-bo", "LCA"), "/units/CBG")


def test_an_absent_member_votes_only_once_it_has_come() -> None:
    story = calling(present=FIVE)
    late = f"/units/{UNITS[6]}"
    assert refusal(story, AT, cast("co-bo", "LCA"), late).code is Code.NOT_ON_ROLL
    accept(story, AT, attendance((*FIVE, UNITS[6])), CHAIR)
    accept(story, LATER, cast("co-bo", "LCA"), late)


def test_only_nominees_are_marked_and_no_more_than_there_are_places() -> None:
    story = calling()
    refused = refusal(story, AT, cast("co-bo", "HGI"), SLA)
    assert (refused.code, refused.facts["given"]) == (Code.NOT_A_NOMINEE, "HGI")
    refused = refusal(story, AT, cast("co-bo", "LCA", "LCH", "LSN", "SLA"), SLA)
    assert (refused.code, refused.facts) == (Code.TOO_MANY_CHOICES, {"allowed": 3, "given": 4})
    accept(story, AT, cast("co-bo", "LCA", "LCH", "LSN", no=("SLA",)), SLA)


def test_v5_a_vote_for_fewer_names_than_allowed_is_valid() -> None:
    story = calling()
    all_cast(story, AT, "co-bo", dict.fromkeys(UNITS, ("LCA", "LCH")))
    story.due(at=CALL_ENDS)
    assert conf.tally(story, "co-bo").valid == 7
    assert conf.proposed(story) == ("LCA", "LCH")


def test_a_paper_ballot_takes_no_vote_and_a_ballot_that_is_not_open_neither() -> None:
    story = ready()
    assert refusal(story, AT, cast("co-bo", "LCA"), SLA).code is Code.BALLOT_NOT_OPEN
    accept(story, AT, conf.ballot("co-bo"), CHAIR)
    assert refusal(story, AT, cast("co-bo", "LCA"), SLA).code is Code.MODE_WRONG
    accept(story, AT, b.BallotVoided(ballot="co-bo", reason="Phiếu in sai tên"), CHAIR)
    assert refusal(story, LATER, cast("co-bo", "LCA"), SLA).code is Code.BALLOT_CLOSED


def test_a_roll_call_closes_at_its_deadline_and_takes_nothing_after_it() -> None:
    story = calling()
    assert alarm(story.fold.view(), CYCLE) == local(CALL_ENDS)
    all_cast(story, "2020-11-21 10:59", "co-bo", dict.fromkeys(FIVE, ("LCA",)))
    for data in (cast("co-bo", "LCH"), corrected("LCH")):
        assert refusal(story, CALL_ENDS, data, "/units/LCA").code is Code.BALLOT_CLOSED
    assert closed(story) == ["deadline"]
    assert conf.outcome(story, "co-bo").votes["LCH"] == 0
    assert alarm(story.fold.view(), CYCLE) is None


def test_what_arrives_at_the_very_deadline_is_late_even_before_the_closing_is_recorded() -> None:
    story = calling()
    event = story.event(CALL_ENDS, SLA, cast("co-bo", "LCA"))
    judgement = story.judge.judge(event, story.fold.view(), event.rx)
    assert code_of(judgement) is Code.BALLOT_CLOSED


def test_a_roll_call_of_first_votes_closes_once_all_who_are_there_have_voted() -> None:
    story = calling(question("co-bo", repeat="first"), present=FIVE)
    all_cast(story, AT, "co-bo", dict.fromkeys(FIVE[:4], ("LCA",)))
    assert closed(story) == []
    all_cast(story, AT, "co-bo", {FIVE[4]: ("LCA",)})
    assert closed(story) == ["all-voted"]
    assert conf.outcome(story, "co-bo").passed == ("LCA",)


def test_a_written_ballot_of_first_votes_closes_with_the_opinion_that_completes_it() -> None:
    story = conf.ranked(book(question("co-bo", repeat="first")))
    accept(story, "2020-11-16 08:00", b.RankingApproved(ranking=1), CHAIR)
    accept(story, "2020-11-16 09:00", call("co-bo", "LCA", conference=None), CHAIR)
    all_cast(story, "2020-11-17 08:00", "co-bo", dict.fromkeys(UNITS[:6], ("LCA",)))
    accept(story, "2020-11-18 08:00", opinion("co-bo", UNITS[6], "LCA"), CHAIR)
    assert closed(story) == ["all-voted"]
    assert conf.tally(story, "co-bo").written == 1


def test_a_deadline_is_put_off_before_it_has_come_and_as_often_as_the_rulebook_says() -> None:
    story = calling()
    assert refusal(story, AT, extended(CALL_ENDS), CHAIR).code is Code.DATE_INVALID
    accept(story, AT, extended("2020-11-21 11:30"), CHAIR)
    assert refusal(story, AT, extended("2020-11-21 12:00"), CHAIR).code is Code.ALREADY_DONE
    accept(story, "2020-11-21 11:15", cast("co-bo", "LCA"), SLA)
    assert refusal(story, "2020-11-21 11:30", cast("co-bo", "LCA"), SLA).code is Code.BALLOT_CLOSED
    story = calling()
    assert refusal(story, CALL_ENDS, extended("2020-11-21 11:30"), CHAIR).code is Code.BALLOT_CLOSED


def test_once_as_many_as_the_quorum_have_voted_the_deadline_is_not_put_off() -> None:
    story = calling()
    all_cast(story, AT, "co-bo", dict.fromkeys(FIVE[:4], ("LCA",)))
    accept(story, AT, extended("2020-11-21 11:30"), CHAIR)
    story = calling()
    all_cast(story, AT, "co-bo", dict.fromkeys(FIVE, ("LCA",)))
    refused = refusal(story, AT, extended("2020-11-21 11:30"), CHAIR)
    assert refused.code is Code.STATE_FORBIDS


def test_a_paper_ballot_has_no_deadline_to_put_off() -> None:
    story = ready()
    accept(story, AT, conf.ballot("co-bo", closes=local(CALL_ENDS)), CHAIR)
    assert refusal(story, AT, extended("2020-11-21 11:30"), CHAIR).code is Code.MODE_WRONG


def test_when_fewer_than_the_quorum_took_part_the_ballot_is_void_at_its_closing() -> None:
    story = calling()
    all_cast(story, AT, "co-bo", dict.fromkeys(FIVE[:4], ("LCA",)))
    story.due(at=CALL_ENDS)
    (void,) = conf.told(story, b.BallotVoided)
    assert "4" in void.reason
    assert "5" in void.reason
    assert not conf.told(story, b.OutcomeDecided)
    assert not conf.proposed(story)
    assert conf.tally(story, "co-bo").returned == 4
    accept(story, "2020-11-21 11:05", conf.ballot("co-bo", ballot="co-bo-lai"), CHAIR)


def test_who_voted_and_left_still_counts_among_those_present() -> None:
    story = calling(question("co-bo", base="present"))
    all_cast(story, AT, "co-bo", dict.fromkeys(UNITS, ("LCA",)))
    accept(story, LATER, attendance(FIVE), CHAIR)
    story.due(at=CALL_ENDS)
    tally = conf.tally(story, "co-bo")
    assert (tally.issued, tally.returned) == (7, 7)
    assert (conf.outcome(story, "co-bo").base, conf.outcome(story, "co-bo").needed) == (7, 5)


def test_v2_five_present_and_one_opinion_in_time_are_six_votes_measured_on_seven() -> None:
    story = calling(present=FIVE)
    all_cast(story, AT, "co-bo", dict.fromkeys(FIVE, ("LCA", "LCH")))
    accept(story, LATER, opinion("co-bo", "CBG", "LCA", "LSN"), CHAIR)
    story.due(at=CALL_ENDS)
    tally, decided = conf.tally(story, "co-bo"), conf.outcome(story, "co-bo")
    assert (tally.issued, tally.returned, tally.valid, tally.written) == (6, 6, 6, 1)
    assert (decided.members, decided.participants, decided.quorum) == (7, 6, 5)
    assert (decided.base, decided.needed) == (7, 5)
    assert decided.votes == {"LCA": 6, "LCH": 5, "LSN": 1, "SLA": 0}


def test_v3_an_opinion_after_the_closing_is_recorded_and_not_counted() -> None:
    story = calling(present=FIVE)
    all_cast(story, AT, "co-bo", dict.fromkeys(FIVE, ("LCA",)))
    accept(story, CALL_ENDS, opinion("co-bo", "CBG", "LCA"), CHAIR)
    assert len(conf.told(story, b.WrittenOpinionReceived)) == 1
    assert conf.tally(story, "co-bo").written == 0
    assert conf.outcome(story, "co-bo").votes["LCA"] == 5


def test_where_the_rulebook_counts_no_written_opinions_they_are_only_recorded() -> None:
    story = calling(present=FIVE, written_opinions=False)
    all_cast(story, AT, "co-bo", dict.fromkeys(FIVE, ("LCA",)))
    accept(story, AT, opinion("co-bo", "CBG", "LCA"), CHAIR)
    story.due(at=CALL_ENDS)
    assert conf.tally(story, "co-bo").written == 0
    assert conf.outcome(story, "co-bo").votes["LCA"] == 5


def test_an_opinion_comes_from_its_member_or_through_an_officer() -> None:
    story = calling(present=FIVE)
    assert refusal(story, AT, opinion("co-bo", "CBG", "LCA"), SLA).code is Code.ROLE_REQUIRED
    accept(story, AT, opinion("co-bo", "CBG", "LCA"), "/units/CBG")
    assert refusal(story, AT, opinion("co-bo", "CBG", "LCA"), CHAIR).code is Code.ALREADY_COUNTED


@pytest.mark.parametrize(
    ("member", "chosen", "code"),
    [
        ("TQG", ("LCA",), Code.NOT_ON_ROLL),
        ("LCA", ("LCA",), Code.STATE_FORBIDS),
        ("CBG", ("HGI",), Code.NOT_A_NOMINEE),
        ("CBG", ("LCA", "LCH", "LSN", "SLA"), Code.TOO_MANY_CHOICES),
    ],
    ids=["not-on-the-roll", "in-the-room", "no-nominee", "too-many"],
)
def test_an_opinion_is_held_to_the_rules_of_a_vote(
    member: str, chosen: tuple[str, ...], code: Code
) -> None:
    story = calling(present=FIVE)
    assert refusal(story, AT, opinion("co-bo", member, *chosen), CHAIR).code is code


def test_no_opinion_is_taken_on_what_is_not_voted_on() -> None:
    story = calling(present=FIVE)
    missing = opinion("bang-khen-bo", "CBG", "LCA")
    assert refusal(story, AT, missing, CHAIR).code is Code.BALLOT_NOT_OPEN
    accept(story, AT, b.BallotVoided(ballot="co-bo", reason="Gọi nhầm danh sách"), CHAIR)
    refused = refusal(story, AT, opinion("co-bo", "CBG", "LCA"), CHAIR)
    assert refused.code is Code.BALLOT_NOT_OPEN


def test_who_gave_an_opinion_does_not_vote_as_well_and_who_voted_gives_none() -> None:
    story = calling(present=FIVE)
    accept(story, AT, opinion("co-bo", "CBG", "LCA"), CHAIR)
    accept(story, AT, attendance((*FIVE, "CBG")), CHAIR)
    assert refusal(story, AT, cast("co-bo", "LCA"), "/units/CBG").code is Code.ALREADY_COUNTED
    accept(story, AT, cast("co-bo", "LCA"), SLA)
    accept(story, LATER, attendance(unit for unit in UNITS if unit != "SLA"), CHAIR)
    assert refusal(story, LATER, opinion("co-bo", "SLA", "LCA"), CHAIR).code is Code.ALREADY_COUNTED
