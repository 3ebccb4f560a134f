"""Attacks on a secret ballot that the service itself must stop, whatever its clients do; each is refused and named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from tests.ballots.decisions.year_2020 import CHAIR, MINISTRY, UNITS, join, refusal
from tests.ballots.secret.phieu_kin import AFTER, CLOSES, NAME, VOTED, Held, is_open
from thidua.contracts import secret_ballots as s
from thidua.deciding import Recorded, Refused
from thidua.errors import MalformedError
from thidua.refusals import Code
from thidua.signing import parse_jws
from thidua.testing.story import local
from thidua.voting.ballots import read_ballot, sign_ballot
from thidua.voting.canonical import written
from thidua.voting.proofs import Ciphertext, added
from thidua.voting.tally import add_up, last_of_each

if TYPE_CHECKING:
    from thidua.contracts import EventData

VOTES = dict.fromkeys(UNITS, ("LCA", "LSN"))


def test_differential_decryption_two_sums_that_differ_by_one_vote_are_never_both_opened() -> None:
    held = is_open().all_vote(VOTES).closed()
    ballots = [read_ballot(held.election, one.vote) for one in held.story.told(s.SecretVoteCast)]
    [published] = held.story.told(s.TallyEncrypted)
    assert add_up(held.election, last_of_each(ballots)).text == published.tally
    without_one = add_up(held.election, last_of_each(ballots)[1:])
    for owner in (1, 3, 5):
        other = held.hands.decrypt(NAME, held.election, without_one, owner)
        refused = refusal(held.story, AFTER, other, held.hands.source(owner))
        assert refused.code is Code.BALLOT_INVALID
        assert str(refused.facts["path"]).startswith(f"trustee {owner}/decryption_proofs")
    held.counted()
    late = held.hands.decrypt(NAME, held.election, without_one, 4)
    assert refusal(held.story, AFTER, late, held.hands.source(4)).code is Code.ALREADY_DONE
    assert len(held.story.told(s.PartiallyDecrypted)) == 3


def test_a_vote_after_the_close_is_late_whatever_the_clients_clock_says_and_one_before_is_not() -> (
    None
):
    held = is_open()
    ahead = held.story.event(VOTED, "/units/LCA", held.vote("LCA", "LCH"))
    ahead = ahead._replace(time=local(AFTER))
    judge, view = held.story.judge, held.story.fold.view()
    assert isinstance(judge.judge(ahead, view, ahead.rx), Recorded)
    for rx in (local(CLOSES), local(AFTER)):
        behind = held.story.event(rx, "/units/LSN", held.vote("LSN", "LCH"))
        behind = behind._replace(time=local(VOTED))
        late = judge.judge(behind, view, behind.rx)
        assert isinstance(late, Refused)
        assert late.code is Code.BALLOT_CLOSED


def test_a_roll_that_grows_after_the_opening_lets_nobody_in_and_changes_no_fingerprint() -> None:
    held = is_open()
    before = held.election.fingerprint
    join(held.story, "TQG")
    late = held.voters.register("TQG")
    assert refusal(held.story, VOTED, late, "/units/TQG").code is Code.STATE_FORBIDS
    vote = held.vote("TQG", "LCH")
    assert refusal(held.story, VOTED, vote, "/units/TQG").code is Code.NOT_ON_ROLL
    held.all_vote(VOTES).closed().counted()
    [result] = held.story.told(s.ResultPublished)
    assert (result.counted, held.election.fingerprint) == (7, before)


def test_a_ballot_worth_two_is_refused_though_its_voter_signed_it() -> None:
    held = is_open()
    election, credential = held.election, held.voters.credentials["LCA"]
    [answer] = read_ballot(election, held.vote("LCA", "LCH").vote).answers
    first, one, *others = answer.choices
    two = added(election.group, (one, Ciphertext(1, election.group.g)))
    worth_two = replace(answer, choices=(first, two, *others))
    forged = sign_ballot(election, credential, (worth_two,), held.voters.chance)
    vote = s.SecretVoteCast(ballot=NAME, vote=forged.text, tracker=forged.tracker, sequence=1)
    refused = refusal(held.story, VOTED, vote, "/units/LCA")
    assert (refused.code, refused.facts["path"]) == (
        Code.BALLOT_INVALID,
        "ballot/answers/0/individual_proofs/1",
    )


def of_the_service(held: Held) -> list[EventData]:
    """What only the service may say: set-up, opening, sum and result, each once more as it was said."""
    kinds = (s.ElectionFixed, s.ElectionOpened, s.TallyEncrypted, s.ResultPublished)
    return [held.story.told(kind)[0] for kind in kinds]


@pytest.mark.parametrize("source", [CHAIR, MINISTRY, "/units/DBN"])
def test_a_second_set_up_opening_sum_or_result_is_nobodys_to_say(source: str) -> None:
    held = is_open().all_vote(VOTES).closed().counted()
    for again in of_the_service(held):
        told = len(held.story.events)
        assert refusal(held.story, AFTER, again, source).code is Code.ROLE_REQUIRED
        assert len(held.story.events) == told


def test_a_ballot_of_a_megabyte_reaches_neither_the_judge_nor_the_log() -> None:
    held = is_open()
    vote = held.vote("LCA", "LCH")
    large = {**vote.model_dump(), "vote": f"{vote.vote[:-1]}{' ' * 1_000_000}}}"}
    with pytest.raises(ValidationError, match="at most 47000 characters"):
        s.SecretVoteCast.model_validate(large)
    with pytest.raises(MalformedError, match=Code.TOO_LARGE):
        parse_jws(f"eyJh.{written(large)}.c2ln")
