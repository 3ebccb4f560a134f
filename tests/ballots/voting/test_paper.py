"""Paper ballots: slips, the box, two counts, signatures; rules P1 to P9, V2 to V5."""

from __future__ import annotations

import pytest

from services.ballots.domain import Cycle
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import (
    BOARD,
    OF_BOARD,
    agreed,
    attendance,
    ballot,
    book,
    boxed,
    count,
    counted,
    opinion,
    question,
    ready,
    signature,
    slips,
)
from tests.ballots.decisions.year_2020 import CHAIR, UNITS, accept, refusal
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.contracts.rulebook import Question
from thidua.refusals import Code
from thidua.testing.story import Story

OPENED = "2020-11-21 09:00"
AT = "2020-11-21 09:30"
LATER = "2020-11-21 10:00"
HEAD, FIRST, SECOND = OF_BOARD["truong-ban"], OF_BOARD["uy-vien-1"], OF_BOARD["uy-vien-2"]
FIVE = UNITS[:5]
FOUR = ("LCA", "LCH", "LSN", "SLA")
YES = {"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1}
SEALED = b.BoxSealed(ballot="co-bo")
OPENED_BOX = b.BoxOpened(ballot="co-bo")


def on_paper(*about: Question, present: tuple[str, ...] = UNITS) -> Story[Cycle]:
    """A paper ballot on the flags among four is open, under the given questions."""
    story = ready(present, book(*about))
    accept(story, OPENED, ballot("co-bo", *FOUR), CHAIR)
    return story


def to_count() -> Story[Cycle]:
    """The box of seven slips is opened."""
    story = on_paper()
    boxed(story, AT, "co-bo")
    return story


def twice_counted() -> Story[Cycle]:
    """Two members counted the same."""
    story = to_count()
    accept(story, AT, count("co-bo", YES), FIRST)
    accept(story, AT, count("co-bo", YES, 2, "uy-vien-2"), SECOND)
    return story


def rule_of(story: Story[Cycle], data: b.CountRecorded | b.SlipsIssued) -> str:
    """The rule of counting that *data* is refused for."""
    refused = refusal(story, AT, data, FIRST)
    assert refused.code is Code.COUNT_ARITHMETIC
    return str(refused.facts["rule"]).split()[0]


@pytest.mark.parametrize(
    "data",
    [slips("co-bo"), SEALED, OPENED_BOX, count("co-bo", YES), signature("co-bo", "uy-vien-1")],
    ids=lambda data: type(data).__name__,
)
def test_only_the_counting_board_handles_a_paper_ballot(data: EventData) -> None:
    assert refusal(on_paper(), AT, data, CHAIR).code is Code.ROLE_REQUIRED


def test_the_board_handles_no_roll_call_and_no_ballot_that_is_not_open() -> None:
    story = ready()
    assert refusal(story, AT, slips("co-bo"), HEAD).code is Code.BALLOT_NOT_OPEN
    accept(story, OPENED, conf.call("co-bo", *FOUR), CHAIR)
    assert refusal(story, AT, slips("co-bo"), HEAD).code is Code.MODE_WRONG
    accept(story, AT, b.BallotVoided(ballot="co-bo", reason="Gọi nhầm danh sách"), CHAIR)
    assert refusal(story, AT, slips("co-bo"), HEAD).code is Code.BALLOT_CLOSED


def test_a_board_other_than_that_of_the_conference_is_not_heard() -> None:
    story = ready()
    others = tuple(
        member.model_copy(update={"unit": unit})
        for member, unit in zip(BOARD, ("LSN", "SLA", "CBG"), strict=True)
    )
    accept(story, OPENED, conf.elected_board(*others), CHAIR)
    accept(story, OPENED, ballot("co-bo", *FOUR), CHAIR)
    assert refusal(story, AT, slips("co-bo"), HEAD).code is Code.ROLE_REQUIRED
    accept(story, AT, slips("co-bo"), "/units/LSN")
    again = refusal(story, AT, conf.elected_board(), CHAIR)
    assert again.code is Code.STATE_FORBIDS


@pytest.mark.parametrize(
    "members",
    [
        BOARD[:2],
        tuple(member.model_copy(update={"head": True}) for member in BOARD),
        tuple(member.model_copy(update={"head": False}) for member in BOARD),
    ],
    ids=["even", "three-heads", "no-head"],
)
def test_a_board_is_odd_and_has_one_head(members: tuple[b.BoardMember, ...]) -> None:
    story = conf.attended()
    refused = refusal(story, AT, conf.elected_board(*members), CHAIR)
    assert refused.code is Code.BOARD_INVALID


def test_board_members_are_different_people_of_member_units() -> None:
    story = conf.attended()
    same = (BOARD[0], BOARD[1], BOARD[1])
    assert refusal(story, AT, conf.elected_board(*same), CHAIR).code is Code.OVERLAP
    strange = (*BOARD[:2], BOARD[2].model_copy(update={"unit": "TQG"}))
    assert refusal(story, AT, conf.elected_board(*strange), CHAIR).code is Code.UNIT_UNKNOWN


def test_p1_every_prepared_slip_was_issued_or_is_left_over() -> None:
    lost = b.SlipsIssued(ballot="co-bo", prepared=10, issued_to=UNITS, unused=2)
    assert rule_of(on_paper(), lost) == "P1"


def test_p1_a_slip_goes_once_to_each_member_of_the_roll_who_is_in_the_room() -> None:
    story = on_paper(present=FIVE)
    for to, code in (
        (("LCA", "LCA"), Code.OVERLAP),
        (("LCA", "CBG"), Code.NOT_ON_ROLL),
        (("LCA", "TQG"), Code.NOT_ON_ROLL),
    ):
        assert refusal(story, AT, slips("co-bo", *to), HEAD).code is code
    accept(story, AT, slips("co-bo", *FIVE), HEAD)
    assert refusal(story, AT, slips("co-bo", *FIVE), HEAD).code is Code.ALREADY_DONE


def test_p6_slips_go_out_before_the_box_is_sealed_and_nothing_is_counted_before_it_is_opened() -> (
    None
):
    story = on_paper()
    for early in (SEALED, OPENED_BOX, count("co-bo", YES)):
        assert refusal(story, AT, early, FIRST).code is Code.STATE_FORBIDS
    accept(story, AT, slips("co-bo"), HEAD)
    for early in (OPENED_BOX, count("co-bo", YES)):
        assert refusal(story, AT, early, FIRST).code is Code.STATE_FORBIDS
    accept(story, AT, SEALED, HEAD)
    for out_of_order in (SEALED, count("co-bo", YES)):
        assert refusal(story, AT, out_of_order, FIRST).code is Code.STATE_FORBIDS
    accept(story, AT, OPENED_BOX, HEAD)
    assert refusal(story, AT, OPENED_BOX, HEAD).code is Code.STATE_FORBIDS
    accept(story, AT, count("co-bo", YES), FIRST)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"issued": 6}, "P1"),
        ({"returned": 8, "valid": 8}, "P1"),
        ({"valid": 6}, "P2"),
        ({"valid": 6, "invalid": {"blank": 1, "too-many": 1}}, "P2"),
        ({"marks": {unit: b.Answers(yes=7, no=1) for unit in FOUR}}, "P3"),
        ({"marks": {unit: b.Answers(yes=6) for unit in FOUR}}, "P3"),
    ],
    ids=["issued", "returned", "valid", "reasons", "one-nominee", "more-than-places"],
)
def test_p1_to_p3_the_figures_of_a_count_add_up(changed: dict[str, object], rule: str) -> None:
    story = to_count()
    assert rule_of(story, count("co-bo", YES, **changed)) == rule
    accept(story, AT, count("co-bo", YES), FIRST)


def test_p3_on_an_agree_slip_every_nominee_has_as_many_answers_as_there_are_valid_slips() -> None:
    story = ready()
    accept(story, OPENED, ballot("bang-khen-bo", "HGI", "DBN"), CHAIR)
    boxed(story, AT, "bang-khen-bo")
    assert rule_of(story, count("bang-khen-bo", {"HGI": 7, "DBN": 6})) == "P3"
    counted(story, AT, agreed("bang-khen-bo", {"HGI": 7, "DBN": 6}))
    assert conf.tally(story, "bang-khen-bo").marks["DBN"] == b.Answers(yes=6, no=1)


@pytest.mark.parametrize("yes", [{"LCA": 7}, {**YES, "HGI": 0}], ids=["missing", "added"])
def test_p3_a_count_names_all_nominees_and_nobody_else(yes: dict[str, int]) -> None:
    assert refusal(to_count(), AT, count("co-bo", yes), FIRST).code is Code.NOT_A_NOMINEE


def test_a_count_is_made_by_board_members_and_published_by_the_unit_of_one() -> None:
    story = to_count()
    stranger = count("co-bo", YES, counter="khach")
    assert refusal(story, AT, stranger, FIRST).code is Code.BOARD_INVALID
    assert refusal(story, AT, count("co-bo", YES), SECOND).code is Code.ROLE_REQUIRED
    accept(story, AT, count("co-bo", YES, counters=("uy-vien-1", "uy-vien-2")), SECOND)


def test_p4_one_count_alone_is_not_signed() -> None:
    story = to_count()
    accept(story, AT, count("co-bo", YES), FIRST)
    refused = refusal(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    assert refused.code is Code.COUNTS_DIFFER


def test_p4_a_second_count_by_the_same_member_confirms_nothing() -> None:
    story = to_count()
    accept(story, AT, count("co-bo", YES), FIRST)
    accept(story, AT, count("co-bo", YES, 2, counters=("uy-vien-1", "uy-vien-2")), FIRST)
    refused = refusal(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    assert refused.code is Code.COUNTS_DIFFER


def test_p4_counts_that_differ_force_a_third_and_only_equal_ones_are_decided_on() -> None:
    story = to_count()
    accept(story, AT, count("co-bo", {**YES, "SLA": 0}), FIRST)
    accept(story, AT, count("co-bo", YES, 2, "uy-vien-2"), SECOND)
    for number in (1, 2):
        refused = refusal(story, AT, signature("co-bo", "truong-ban", number), HEAD)
        assert refused.code is Code.COUNTS_DIFFER
    accept(story, AT, count("co-bo", YES, 3, "truong-ban"), HEAD)
    refused = refusal(story, LATER, signature("co-bo", "truong-ban"), HEAD)
    assert refused.code is Code.COUNTS_DIFFER
    accept(story, LATER, signature("co-bo", "truong-ban", 3), HEAD)
    accept(story, LATER, signature("co-bo", "uy-vien-2", 3), SECOND)
    assert conf.outcome(story, "co-bo").votes == YES


def test_p4_slips_invalid_for_other_reasons_make_other_counts() -> None:
    story = to_count()
    six = {**YES, "LCA": 6, "LCH": 6, "LSN": 5}
    first = count("co-bo", six, valid=6, invalid={"too-many": 1, "blank": 0})
    accept(story, AT, first, FIRST)
    other = count("co-bo", six, 2, "uy-vien-2", valid=6, invalid={"blank": 1})
    accept(story, AT, other, SECOND)
    refused = refusal(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    assert refused.code is Code.COUNTS_DIFFER
    accept(story, AT, count("co-bo", six, 3, "truong-ban", valid=6, invalid={"too-many": 1}), HEAD)
    accept(story, AT, signature("co-bo", "uy-vien-1"), FIRST)


def test_p5_the_outcome_waits_for_a_majority_of_the_board_with_its_head() -> None:
    story = twice_counted()
    accept(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    accept(story, AT, signature("co-bo", "uy-vien-2"), SECOND)
    assert story.state.ballots["co-bo"].state == "open"
    accept(story, AT, signature("co-bo", "truong-ban"), HEAD)
    assert [one.reason for one in conf.told(story, b.BallotClosed)] == ["counted"]
    story = twice_counted()
    accept(story, AT, signature("co-bo", "truong-ban"), HEAD)
    assert story.state.ballots["co-bo"].state == "open"


def test_p5_signatures_under_different_counts_do_not_add_up() -> None:
    story = twice_counted()
    accept(story, AT, signature("co-bo", "truong-ban", 1), HEAD)
    accept(story, AT, signature("co-bo", "uy-vien-1", 2), FIRST)
    assert story.state.ballots["co-bo"].state == "open"


def test_p5_a_member_signs_for_itself_once_and_only_a_count_that_stands() -> None:
    story = twice_counted()
    forged = refusal(story, AT, signature("co-bo", "uy-vien-2"), FIRST)
    assert forged.code is Code.ROLE_REQUIRED
    unknown = refusal(story, AT, signature("co-bo", "uy-vien-1", 3), FIRST)
    assert unknown.code is Code.REFERENCE_UNKNOWN
    accept(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    again = refusal(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    assert again.code is Code.ALREADY_DONE


def test_p5_who_will_not_sign_says_why_and_the_others_may_still_decide() -> None:
    story = twice_counted()
    reason = "Một phiếu ghi không rõ"
    disputed = b.CountDisputed(ballot="co-bo", count=1, member="uy-vien-2", reason=reason)
    assert refusal(story, AT, disputed, FIRST).code is Code.ROLE_REQUIRED
    other = disputed.model_copy(update={"count": 3})
    assert refusal(story, AT, other, SECOND).code is Code.REFERENCE_UNKNOWN
    accept(story, AT, disputed, SECOND)
    accept(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    accept(story, AT, signature("co-bo", "truong-ban"), HEAD)
    assert conf.outcome(story, "co-bo").passed == ("LCA", "LCH", "LSN")


def test_p7_a_correction_replaces_a_count_by_its_number_and_needs_all_signatures_again() -> None:
    story = twice_counted()
    accept(story, AT, signature("co-bo", "uy-vien-1"), FIRST)
    five = {**YES, "LSN": 5}
    no_such = count("co-bo", five, 3, replaces=4)
    assert refusal(story, AT, no_such, FIRST).code is Code.REFERENCE_UNKNOWN
    taken = count("co-bo", five, 1)
    assert refusal(story, AT, taken, FIRST).code is Code.ALREADY_DONE
    accept(story, AT, count("co-bo", five, 3, replaces=1), FIRST)
    refused = refusal(story, AT, signature("co-bo", "truong-ban"), HEAD)
    assert refused.code is Code.REFERENCE_UNKNOWN
    accept(story, AT, count("co-bo", five, 4, "uy-vien-2", replaces=2), SECOND)
    accept(story, LATER, signature("co-bo", "truong-ban", 3), HEAD)
    assert story.state.ballots["co-bo"].state == "open"
    accept(story, LATER, signature("co-bo", "uy-vien-1", 3), FIRST)
    assert conf.outcome(story, "co-bo").votes == five


def test_p7_the_number_of_a_replaced_count_is_never_used_again() -> None:
    story = twice_counted()
    accept(story, AT, signature("co-bo", "truong-ban"), HEAD)
    accept(story, AT, count("co-bo", YES, 3, replaces=1), FIRST)
    again = refusal(story, AT, count("co-bo", YES, 1), FIRST)
    assert again.code is Code.ALREADY_DONE


def test_nothing_is_counted_or_signed_after_the_ballot_is_decided() -> None:
    story = to_count()
    counted(story, AT, count("co-bo", YES))
    for late in (count("co-bo", YES, 3), signature("co-bo", "uy-vien-1", 2)):
        assert refusal(story, LATER, late, FIRST).code is Code.BALLOT_CLOSED


def test_v2_an_opinion_before_the_box_is_opened_is_a_sixth_vote_measured_on_seven() -> None:
    story = on_paper(present=FIVE)
    accept(story, AT, opinion("co-bo", "CBG", "LCA", "LSN"), CHAIR)
    boxed(story, AT, "co-bo", *FIVE)
    five = {"LCA": 5, "LCH": 5, "LSN": 4, "SLA": 1}
    counted(story, LATER, count("co-bo", five, issued=5, returned=5, valid=5))
    tally, decided = conf.tally(story, "co-bo"), conf.outcome(story, "co-bo")
    assert (tally.issued, tally.returned, tally.valid, tally.written) == (6, 6, 6, 1)
    assert (decided.participants, decided.quorum, decided.base, decided.needed) == (6, 5, 7, 5)
    assert decided.votes == {"LCA": 6, "LCH": 5, "LSN": 5, "SLA": 1}
    assert decided.passed == ("LCA", "LCH", "LSN")


def test_v3_an_opinion_after_the_box_is_opened_is_recorded_and_not_counted() -> None:
    story = on_paper(present=FIVE)
    boxed(story, AT, "co-bo", *FIVE)
    accept(story, AT, opinion("co-bo", "CBG", "LSN"), CHAIR)
    five = {"LCA": 5, "LCH": 5, "LSN": 4, "SLA": 1}
    counted(story, LATER, count("co-bo", five, issued=5, returned=5, valid=5))
    accept(story, LATER, opinion("co-bo", "DBN", "LSN"), CHAIR)
    assert len(conf.told(story, b.WrittenOpinionReceived)) == 2
    assert (conf.tally(story, "co-bo").written, conf.outcome(story, "co-bo").votes["LSN"]) == (0, 4)


def test_who_gave_an_opinion_gets_no_slip_and_who_got_a_slip_gives_no_opinion() -> None:
    story = on_paper(present=FIVE)
    accept(story, AT, opinion("co-bo", "CBG", "LCA"), CHAIR)
    accept(story, AT, attendance((*FIVE, "CBG")), CHAIR)
    assert refusal(story, AT, slips("co-bo", *FIVE, "CBG"), HEAD).code is Code.NOT_ON_ROLL
    accept(story, AT, slips("co-bo", *FIVE), HEAD)
    accept(story, AT, attendance(FIVE[:4]), CHAIR)
    refused = refusal(story, AT, opinion("co-bo", FIVE[4], "LCA"), CHAIR)
    assert (refused.code, refused.facts["unit"]) == (Code.ALREADY_COUNTED, FIVE[4])


@pytest.mark.parametrize(("base", "needed"), [("members", 5), ("present", 5), ("valid", 4)])
def test_v4_a_slip_with_four_names_is_invalid_and_lowers_only_a_threshold_on_valid_ballots(
    base: str, needed: int
) -> None:
    story = on_paper(question("co-bo", base=base))
    boxed(story, AT, "co-bo")
    six = {"LCA": 6, "LCH": 6, "LSN": 4, "SLA": 2}
    counted(story, AT, count("co-bo", six, valid=6, invalid={"too-many": 1}))
    tally, decided = conf.tally(story, "co-bo"), conf.outcome(story, "co-bo")
    assert (tally.returned, tally.valid, tally.invalid) == (7, 6, {"too-many": 1})
    assert decided.needed == needed
    assert ("LSN" in decided.passed) is (base == "valid")


def test_v5_a_slip_with_two_names_is_valid() -> None:
    story = to_count()
    counted(story, AT, count("co-bo", {**YES, "LSN": 5}))
    assert conf.tally(story, "co-bo").valid == 7
    assert conf.proposed(story) == ("LCA", "LCH", "LSN")


def test_fewer_slips_than_the_quorum_void_a_paper_ballot_at_its_closing() -> None:
    story = on_paper(present=FIVE)
    boxed(story, AT, "co-bo", *FIVE[:4])
    four = dict.fromkeys(FOUR, 3)
    counted(story, AT, count("co-bo", four, issued=4, returned=4, valid=4))
    assert story.state.ballots["co-bo"].state == "voided"
    assert not conf.told(story, b.OutcomeDecided)


def test_a_slip_that_does_not_come_back_still_took_part() -> None:
    story = to_count()
    six = {**YES, "LCA": 6, "LCH": 6, "LSN": 5}
    counted(story, AT, count("co-bo", six, returned=6, valid=6))
    tally, decided = conf.tally(story, "co-bo"), conf.outcome(story, "co-bo")
    assert (tally.issued, tally.returned, decided.participants) == (7, 6, 7)
