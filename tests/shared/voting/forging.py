"""Archives in which everything is well formed and chained, and one thing is a fraud."""

from __future__ import annotations

from collections.abc import Sequence

from tests.shared.voting.making import Held, found
from thidua.voting.archive import roll_text
from thidua.voting.ballots import Ballot
from thidua.voting.canonical import hex_hash, written
from thidua.voting.questions import approve
from thidua.voting.tally import add_up, last_of_each

CHOICES = ((1, 0), (1, 1), (0, 0), (0, 1))


def opened(voters: int = 4) -> Held:
    held = found(voters, (approve("Danh hiệu?", ["A", "B"]),))
    for voter, choice in enumerate(CHOICES[:voters]):
        held.cast(voter, choice)
    return held


def finish(held: Held, ballots: Sequence[Ballot], *, closing: bool = True) -> None:
    """The rest of an honest election over *ballots*."""
    held.tally = add_up(held.election, last_of_each(ballots))
    if closing:
        held.writer.end_ballots()
    held.writer.encrypted_tally(held.tally)
    held.decrypt(1)
    held.publish()


def votes_hidden() -> Held:
    held = found(4, (approve("Danh hiệu?", ["A", "B"]),))
    for voter in (0, 1, 2):
        held.cast(voter, CHOICES[voter])
    held.writer.end_ballots()
    last = held.cast(3, CHOICES[3])
    finish(held, [last], closing=False)
    return held


def roll_lengthened() -> Held:
    held = opened()
    finish(held, held.ballots)
    stranger = found(5, (approve("Danh hiệu?", ["A", "B"]),)).credentials[4]
    roll = [*(each.public for each in held.credentials), stranger.public]
    held.writer.setup(held.election.text, held.trustees.text, roll_text(roll))
    return held


def no_closing() -> Held:
    held = opened()
    finish(held, held.ballots, closing=False)
    return held


def two_results() -> Held:
    held = opened()
    finish(held, held.ballots)
    held.writer.result(held.result)
    return held


def trustee_twice() -> Held:
    held = opened()
    held.close()
    held.decrypt(1)
    held.decrypt(1)
    held.publish()
    return held


def tally_of_other_ballots() -> Held:
    held = opened()
    held.tally = add_up(held.election, held.ballots)
    other = add_up(held.election, held.ballots[1:])
    sized = {"num_tallied": 4, "total_weight": 4, "encrypted_tally": hex_hash(other.text)}
    held.writer.end_ballots()
    held.writer._data(other.text)
    held.writer._event("EncryptedTally", held.writer._data(written(sized)))
    held.decrypt(1)
    held.publish()
    return held


def old_ballot_replayed() -> Held:
    held = opened()
    old = held.ballots[0]
    again = held.cast(0, (0, 0))
    held.writer.ballot(old.text)
    finish(held, [*held.ballots[1:4], again, old])
    return held


def ballot_dropped_before_the_log() -> Held:
    held = found(4, (approve("Danh hiệu?", ["A", "B"]),))
    for voter in (0, 1, 2):
        held.cast(voter, CHOICES[voter])
    finish(held, held.ballots)
    return held


ATTACKS = {
    votes_hidden: "event 5/type",
    roll_lengthened: "event 9/type",
    no_closing: "event 5/type",
    two_results: "event 9/type",
    trustee_twice: "event 8/owner",
    tally_of_other_ballots: "event 6/encrypted_tally",
    old_ballot_replayed: "ballot 6",
}
"""Frauds that belenios-tool 2.0 accepts, and where our verifier stops."""
