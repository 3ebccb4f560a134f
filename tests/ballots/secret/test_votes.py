"""Encrypted votes: what is refused, and what never happens whatever is sent (I1, I7, I8)."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ballots.domain import Cycle
from tests.ballots import conference_2020 as conf
from tests.ballots.decisions.year_2020 import CHAIR, UNITS, accept, refusal
from tests.ballots.secret.phieu_kin import AFTER, CLOSES, NAME, VOTED, Held, draft, fixed, is_open
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.deciding import Recorded
from thidua.refusals import CATALOGUE, Code, Stage
from thidua.testing.story import local
from thidua.voting.ballots import make_ballot
from thidua.voting.canonical import short_hash, written
from thidua.voting.faults import BallotFaultError


def changed(vote: s.SecretVoteCast, change: Any) -> s.SecretVoteCast:
    """The vote with its text changed and everything written anew."""
    document = json.loads(vote.vote)
    change(document)
    text = written(document)
    return vote.model_copy(update={"vote": text, "tracker": short_hash(text)})


def test_a_vote_with_any_number_changed_is_refused_and_named_without_a_choice() -> None:
    held = is_open()
    vote = held.vote("LCA", "LCH")

    def swap(document: Any) -> None:
        choices = document["answers"][0]["choices"]
        choices[0], choices[1] = choices[1], choices[0]

    def other_election(document: Any) -> None:
        document["election_hash"] = "A" * 43

    def unsigned(document: Any) -> None:
        document["signature"]["proof"]["response"] = "5"

    def outside(document: Any) -> None:
        document["answers"][0]["choices"][0]["alpha"] = "2"

    def more(document: Any) -> None:
        document["answers"].append(deepcopy(document["answers"][0]))

    for change in (swap, other_election, unsigned, outside, more):
        refused = refusal(held.story, VOTED, changed(vote, change), "/units/LCA")
        assert refused.code is Code.BALLOT_INVALID
        assert "LCH" not in str(refused.facts)
    accept(held.story, VOTED, vote, "/units/LCA")


def test_a_vote_under_anothers_credential_a_copy_and_a_wrong_number_are_refused() -> None:
    held = is_open()
    vote = held.vote("LCA", "LCH")
    assert refusal(held.story, VOTED, vote, "/units/LSN").code is Code.BALLOT_INVALID
    ahead = vote.model_copy(update={"sequence": 2})
    assert refusal(held.story, VOTED, ahead, "/units/LCA").facts["expected"] == "1"
    accept(held.story, VOTED, vote, "/units/LCA")
    copy = refusal(held.story, VOTED, ahead, "/units/LCA")
    assert (copy.code, copy.facts["given"]) == (Code.BALLOT_INVALID, "a copy of an earlier one")
    lie = held.vote("LCA", "LSN").model_copy(update={"tracker": "A" * 43})
    assert refusal(held.story, VOTED, lie, "/units/LCA").facts["path"] == "/data/tracker"


def test_a_ballot_worth_two_cannot_be_made_and_a_list_takes_no_more_names_than_places() -> None:
    held = is_open(draft("co-bo", *UNITS))
    with pytest.raises(BallotFaultError, match="what the question allows"):
        held.voters.vote("LCA", held.election, ((0, 2, 0, 0, 0, 0, 0, 0),))
    with pytest.raises(BallotFaultError, match="what the question allows"):
        held.voters.vote("LCA", held.election, ((0, 1, 1, 1, 1, 0, 0, 0),))


def test_who_is_not_on_the_roll_or_did_not_register_does_not_vote() -> None:
    held = is_open()
    vote = held.vote("LCA", "LCH")
    assert refusal(held.story, VOTED, vote, "/units/TQG").code is Code.NOT_MEMBER
    few = fixed().drilled().registered(UNITS[:6]).opened()
    few.voters.register("CBG")
    late = few.vote("CBG", "LCH")
    assert refusal(few.story, VOTED, late, "/units/CBG").code is Code.NOT_ON_ROLL


def test_the_end_is_judged_by_arrival_and_may_be_put_off_before_the_quorum_has_voted() -> None:
    held = is_open()
    later = b.BallotExtended(ballot=NAME, closes=local("2020-11-21 09:45"), reason="Mất điện")
    accept(held.story, VOTED, later, CHAIR)
    accept(held.story, "2020-11-21 09:44", held.vote("LCA", "LCH"), "/units/LCA")
    late = refusal(held.story, "2020-11-21 09:45", held.vote("LSN", "LCH"), "/units/LSN")
    assert late.code is Code.BALLOT_CLOSED


def test_a_secret_ballot_takes_no_slip_and_of_an_open_vote_not_even_a_copy_is_kept() -> None:
    held = is_open()
    plain = conf.cast(NAME, "LCA")
    refused = refusal(held.story, VOTED, plain, "/units/LCA")
    assert CATALOGUE[refused.code].stage is Stage.FORM
    assert refused.facts == {"path": "/data/marks"}
    board = "/units/DBN"
    assert refusal(held.story, VOTED, conf.slips(NAME), board).code is Code.MODE_WRONG
    opinion = conf.opinion(NAME, "LCA", "LCH")
    assert refusal(held.story, VOTED, opinion, CHAIR).code is Code.VOTE_IN_PLAIN


def test_a_roll_call_takes_no_encrypted_vote() -> None:
    held = is_open()
    vote = held.vote("LCA", "LCH")
    call = conf.call("chair", "LCA", ballot="goi-ten", closes=local(CLOSES))
    accept(held.story, VOTED, call, CHAIR)
    elsewhere = vote.model_copy(update={"ballot": "goi-ten"})
    assert refusal(held.story, VOTED, elsewhere, "/units/LCA").code is Code.MODE_WRONG


CHOICES = (("LCA",), ("LSN", "LCH"), ())


@cache
def made() -> dict[str, list[str]]:
    """Three ballots of each unit, which any unit may send in any order."""
    held = is_open()
    return {
        unit: [
            make_ballot(
                held.election,
                held.voters.credentials[unit],
                ((int(not yes), *(int(name in yes) for name in held.draft.nominees)),),
                held.voters.chance,
            ).text
            for yes in CHOICES
        ]
        for unit in UNITS
    }


def sent(unit: str, at: int, sequence: int) -> s.SecretVoteCast:
    text = made()[unit][at]
    return s.SecretVoteCast(ballot=NAME, vote=text, tracker=short_hash(text), sequence=sequence)


step = st.tuples(
    st.sampled_from(UNITS), st.sampled_from(UNITS) | st.none(), st.integers(0, 2), st.integers(0, 1)
)
"""Who sends whose ballot (its own mostly), which of three, and how wrong its number is."""


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, min_size=4, max_size=16))
def test_whatever_is_sent_each_member_counts_once_and_with_its_last_accepted_vote(
    steps: list[tuple[str, str | None, int, int]],
) -> None:
    held = is_open()
    last: dict[str, int] = {}
    numbers: dict[str, int] = {}
    texts: set[str] = set()
    for sender, of, at, ahead in steps:
        vote = sent(of or sender, at, numbers.get(sender, 0) + 1 + ahead)
        judged = held.story.when(VOTED, f"/units/{sender}", vote)
        fair = (of in (None, sender)) and not ahead and vote.vote not in texts
        assert isinstance(judged, Recorded) == fair
        if fair:
            texts.add(vote.vote)
            last[sender] = at
            numbers[sender] = numbers.get(sender, 0) + 1
    check_counted(held, last)


def check_counted(held: Held, last: dict[str, int]) -> None:
    """The count is of *last* and of nothing else, or there is none."""
    held.closed(AFTER)
    story: list[EventData] = held.story.told(s.TallyEncrypted)
    if len(last) < 5:
        assert not story
        return
    held.counted()
    (result,) = held.story.told(s.ResultPublished)
    assert isinstance(result, s.ResultPublished)
    yes = [sum(name in CHOICES[at] for at in last.values()) for name in held.draft.nominees]
    assert result.counted == len(last) == len(state_of(held).ballots[NAME].votes)
    assert result.result == ((sum(not CHOICES[at] for at in last.values()), *yes),)


def state_of(held: Held) -> Cycle:
    return held.story.state


def test_a_member_says_once_that_it_found_its_own_vote_and_nothing_of_anothers() -> None:
    held = is_open().all_vote({"LCA": ("LCA",), "LCH": ()})
    first = held.story.state.elections[NAME].votes["LCA"][0].tracker
    accept(held.story, VOTED, held.vote("LCA", "LCH"), "/units/LCA")
    for tracker in (first, held.story.state.elections[NAME].votes["LCA"][1].tracker):
        found = s.TrackerChecked(ballot=NAME, tracker=tracker)
        anothers = refusal(held.story, VOTED, found, "/units/LCH")
        assert anothers.code is Code.REFERENCE_UNKNOWN
        accept(held.story, VOTED, found, "/units/LCA")
        assert refusal(held.story, VOTED, found, "/units/LCA").code is Code.ALREADY_DONE


def test_nobody_finds_a_vote_that_is_in_no_box_and_everybody_may_after_the_count() -> None:
    held = is_open().all_vote(dict.fromkeys(UNITS, ("LCA",)))
    unknown = s.TrackerChecked(ballot=NAME, tracker="A" * 43)
    assert refusal(held.story, VOTED, unknown, "/units/LCA").code is Code.REFERENCE_UNKNOWN
    elsewhere = s.TrackerChecked(ballot="khac", tracker="A" * 43)
    assert refusal(held.story, VOTED, elsewhere, "/units/LCA").code is Code.BALLOT_NOT_OPEN
    held.closed().counted()
    for unit, votes in held.story.state.elections[NAME].votes.items():
        found = s.TrackerChecked(ballot=NAME, tracker=votes[0].tracker)
        accept(held.story, AFTER, found, f"/units/{unit}")
