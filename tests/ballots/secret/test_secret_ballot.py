"""A secret ballot from its draft to its outcome (I1 to I10)."""

from __future__ import annotations

import pytest

from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import outcome, proposed, tally
from tests.ballots.decisions.year_2020 import CHAIR, MINISTRY, SHA256, UNITS, accept, refusal
from tests.ballots.secret.phieu_kin import (
    AFTER,
    FIRST,
    NAME,
    VOTED,
    Held,
    draft,
    drafted,
    is_open,
)
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.deciding import Recorded
from thidua.refusals import Code
from thidua.voting.exporting import Archives
from thidua.voting.verifying import verify_archive

VOTES = dict.fromkeys(UNITS[:6], ("LCA", "LCH", "LSN")) | {"CBG": ("LCA", "LCH")}


def test_a_secret_ballot_comes_to_the_outcome_that_paper_comes_to() -> None:
    held = is_open().all_vote(VOTES).closed().counted()
    on_paper = conf.ready()
    yes = {"LCA": 7, "LCH": 7, "LSN": 6}
    opening = conf.ballot("co-bo", "LCA", "LCH", "LSN", ballot=NAME)
    same = conf.voted_on_paper(on_paper, "2020-11-21 09:10", opening, yes)

    assert outcome(held.story, NAME) == same
    assert tally(held.story, NAME).marks["LSN"] == b.Answers(yes=6, no=0, none=1)
    assert proposed(held.story) == proposed(on_paper) == ("LCA", "LCH", "LSN")
    (result,) = held.story.told(s.ResultPublished)
    assert result == s.ResultPublished(ballot=NAME, counted=7, result=((0, 7, 7, 6),))


def exported(held: Held) -> bytes:
    """The archive of the story so far."""
    archives = Archives()
    for event in held.story.events:
        archives.take(event)
    found = archives.get(held.story.cycle, NAME)
    assert found is not None
    return found.bel


def test_the_archive_of_the_story_verifies_at_every_step_and_only_grows() -> None:
    held = is_open()
    opened = exported(held)
    assert verify_archive(opened).state == "Setup"
    held.all_vote(VOTES)
    voted = exported(held)
    assert verify_archive(voted).cast == 7
    held.closed().counted()
    done = exported(held)
    assert done.startswith(voted)
    assert voted.startswith(opened)
    verified = verify_archive(done)
    assert verified.result == ((0, 7, 7, 6),)
    assert verified.owners == (1, 3, 5)
    assert verified.election.fingerprint == held.election.fingerprint


def test_the_last_vote_of_a_member_counts_and_an_earlier_one_stays_in_the_box() -> None:
    held = is_open().all_vote(VOTES)
    held.all_vote({"CBG": ("LSN",)}).closed().counted()
    assert tally(held.story, NAME).returned == 7
    assert {unit: found.yes for unit, found in tally(held.story, NAME).marks.items()} == {
        "LCA": 6,
        "LCH": 6,
        "LSN": 7,
    }
    assert verify_archive(exported(held)).cast == 8


def test_where_the_first_vote_counts_a_second_is_refused_and_the_last_voter_closes_the_box() -> (
    None
):
    held = is_open(None, FIRST).all_vote({"LCA": ("LCA",)})
    again = refusal(held.story, VOTED, held.vote("LCA", "LSN"), "/units/LCA")
    assert again.code is Code.ALREADY_COUNTED
    held.voters.cast["LCA"] = 1
    held.all_vote(dict.fromkeys(UNITS[1:], ("LCA", "LCH", "LSN")))
    assert held.story.told(b.BallotClosed) == [b.BallotClosed(ballot=NAME, reason="all-voted")]
    held.counted()
    assert tally(held.story, NAME).marks["LCA"].yes == 7


def test_too_few_votes_are_never_opened() -> None:
    held = is_open(draft(min_ballots=6)).all_vote(dict.fromkeys(UNITS[:5], ("LCA",))).closed()
    assert not held.story.told(s.TallyEncrypted)
    (void,) = held.story.told(b.BallotVoided)
    assert void.ballot == NAME
    again = draft(ballot="phieu-lai", uuid="EwLZiBDiuUsXo5")
    assert isinstance(conf.answer(held.story, AFTER, again), Recorded)


def test_nothing_is_decrypted_while_the_box_is_open_and_nothing_once_the_result_stands() -> None:
    held = is_open().all_vote(VOTES)
    other = is_open().all_vote(VOTES).closed()
    early = refusal(held.story, VOTED, other.decryption(1), MINISTRY)
    assert early.code is Code.STATE_FORBIDS
    other.counted()
    late = refusal(other.story, AFTER, other.decryption(4), "/units/CBG")
    assert late.code is Code.ALREADY_DONE


def test_a_trustee_decrypts_once_and_a_wrong_decryption_names_it() -> None:
    held = is_open().all_vote(VOTES).closed()
    right = held.decryption(3)
    wrong = right.model_copy(update={"owner": 4})
    named = refusal(held.story, AFTER, wrong, "/units/CBG")
    assert named.code is Code.BALLOT_INVALID
    assert str(named.facts["path"]).startswith("trustee 4")
    accept(held.story, AFTER, right, "/units/DBN")
    assert refusal(held.story, AFTER, right, "/units/DBN").code is Code.ALREADY_DONE
    stranger = refusal(held.story, AFTER, held.decryption(5), "/units/LCA")
    assert stranger.code is Code.ROLE_REQUIRED


@pytest.mark.parametrize("owners", [(1, 3, 4), (2, 3, 5), (2, 4, 5), (1, 2, 4, 3)])
def test_every_choice_of_enough_trustees_opens_the_same_result(owners: tuple[int, ...]) -> None:
    held = is_open().all_vote(VOTES).closed().counted(*owners)
    assert held.story.told(s.ResultPublished)[0].result == ((0, 7, 7, 6),)


@pytest.mark.parametrize("owners", [(1, 2, 3), (3, 4, 5), (1,), (1, 5)])
def test_too_few_trustees_of_any_group_open_nothing_and_after_the_delay_it_is_void(
    owners: tuple[int, ...],
) -> None:
    held = is_open().all_vote(VOTES).closed()
    for owner in owners:
        accept(held.story, AFTER, held.decryption(owner), held.hands.source(owner))
    assert not held.story.told(s.ResultPublished)
    closed = refusal(held.story, AFTER, b.ConferenceClosed(conference=conf.CONFERENCE), CHAIR)
    assert closed.code is Code.STATE_FORBIDS
    assert held.story.due(at="2020-11-23 09:29") == []
    assert [type(one) for one in held.story.due(at="2020-11-23 09:31")] == [b.BallotVoided]
    late = refusal(held.story, "2020-11-23 09:32", held.decryption(4), "/units/CBG")
    assert late.code is Code.BALLOT_CLOSED


def test_whoever_presides_may_void_it_until_the_result_and_nobody_else() -> None:
    held = is_open().all_vote(VOTES)
    void = b.BallotVoided(ballot=NAME, reason="Nghi lộ thẻ cử tri")
    assert refusal(held.story, VOTED, void, "/units/LSN").code is Code.ROLE_REQUIRED
    held.closed()
    accept(held.story, AFTER, void, CHAIR)
    assert refusal(held.story, AFTER, held.decryption(1), MINISTRY).code is Code.BALLOT_CLOSED
    assert not held.story.told(s.ResultPublished)


def test_shares_are_destroyed_after_the_minutes_and_the_time_for_complaints() -> None:
    held = is_open().all_vote(VOTES).closed().counted()
    gone = s.KeyShareDestroyed(ballot=NAME, owner=3, statement="Đã xóa mảnh khóa")
    early = refusal(held.story, AFTER, gone, "/units/DBN")
    assert early.code is Code.STATE_FORBIDS
    minutes = b.MinutesIssued(conference=conf.CONFERENCE, document=SHA256)
    accept(held.story, "2020-11-21 11:00", minutes, CHAIR)
    assert refusal(held.story, "2020-12-20 11:00", gone, "/units/DBN").code is Code.TOO_EARLY
    accept(held.story, "2020-12-21 11:01", gone, "/units/DBN")
    assert refusal(held.story, "2020-12-22 11:00", gone, "/units/DBN").code is Code.ALREADY_DONE


def test_keys_serve_a_second_ballot_without_being_made_again() -> None:
    held = is_open().all_vote(VOTES).closed().counted()
    second = draft("chair", "LCA", "HGI", ballot="phieu-2", uuid="EwLZiBDiuUsXo5", keys_of=NAME)
    after = drafted(second, story=held.story)
    after.hands = held.hands
    assert after.election.fingerprint != held.election.fingerprint
    after.drilled().registered().opened()
    votes = dict.fromkeys(UNITS, ("LCA",))
    after.all_vote(votes).closed("2020-11-21 09:32").counted()
    assert outcome(after.story, "phieu-2").passed == ("LCA",)
