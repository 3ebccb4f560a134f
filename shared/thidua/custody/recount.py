"""
An election worked out again from the log alone: its trustees, its roll, its box, and the one sum that is opened.

Everything here raises ``BallotFaultError`` at the first thing that does not hold, with the place in its path, and
:class:`NotYetError` for what is still to come; nothing that a service says of the election is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thidua.errors import RejectError, RetryError
from thidua.voting.archive import roll_text
from thidua.voting.ballots import Ballot, check_ballot, read_ballot
from thidua.voting.canonical import hex_hash, parse
from thidua.voting.checking import check_ballots, jobs_for
from thidua.voting.credentials import check_registration
from thidua.voting.election import Election, read_election
from thidua.voting.faults import BallotFaultError
from thidua.voting.group import BELENIOS_2048 as GROUP
from thidua.voting.rounds import (
    check_confirmed,
    check_published,
    check_shares,
    proof_in,
    published,
    trustees_of,
)
from thidua.voting.tally import EncryptedTally, add_up, last_of_each
from thidua.voting.trustees import read_trustees

if TYPE_CHECKING:
    from thidua.custody.told import Told, Vote
    from thidua.voting.trustees import Trustees


class NotYetError(RetryError):
    """The election is not as far as this by the log that was read."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"chưa đến lúc: {vi} / not yet: {en}")

    def diagnostics(self) -> str:
        """Say that the copy may be old."""
        return "Chưa có gì thay đổi; chạy lại sau, với bản kho lưu mới hơn. / Nothing was done; run it again later."


class VoidedError(RejectError):
    """The election came to nothing, and stays sealed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"cuộc bỏ phiếu đã hủy / the ballot is void: {reason}")

    def diagnostics(self) -> str:
        """Say what follows."""
        return "Phiếu giữ nguyên niêm; bỏ phiếu lại bằng khóa mới. / The votes stay sealed; it is held again with new keys."


@dataclass(frozen=True, slots=True)
class Counted:
    """The box of a closed election: the ballots that count, by unit, and their encrypted sum."""

    election: Election
    trustees: Trustees
    ballots: dict[str, Ballot]
    tally: EncryptedTally


def check_keys(keys: Told) -> Trustees:
    """The trustees that the messages in *keys* add up to, each message and all of them together checked."""
    for place in keys.places:
        if not all(
            place.owner in said
            for said in (keys.committed, keys.published, keys.sealed, keys.confirmed)
        ):
            raise NotYetError(f"người giữ khóa {place.owner}", f"trustee {place.owner} has no key")
    for place in keys.places:
        owner = place.owner
        check_published(GROUP, place, keys.committed[owner], keys.published[owner])
    for place in keys.places:
        owner = place.owner
        peers = [published(keys.published[peer], GROUP) for peer in place.peers]
        check_shares(GROUP, place, peers, keys.sealed[owner])
        check_confirmed(GROUP, place, peers, keys.confirmed[owner])
    found = trustees_of(GROUP, keys.places, keys.published, keys.sealed, keys.confirmed)
    return read_trustees(GROUP, found.text)


def check_fixed(told: Told, keys: Told) -> tuple[Election, Trustees]:
    """
    The election as it was fixed, held to its draft and to its trustees' *keys*.

    What it asks, of whom and by which rule a person reads in it before confirming its fingerprint.
    """
    fixed = told.fixed
    if fixed is None:
        raise NotYetError("chưa đủ phần khóa", "the keys are not complete")
    election, trustees = read_election(fixed.election), check_keys(keys)
    document = parse(fixed.election, "election")
    for name, expected, given in (
        ("fingerprint", election.fingerprint, fixed.fingerprint),
        ("uuid", told.draft.uuid, election.uuid),
        ("trustees", hex_hash(trustees.text), fixed.trustees),
        ("x_ballot", f"{told.subject}/{told.draft.ballot}", document.get("x_ballot")),
        ("x_nominees", list(told.draft.nominees), document.get("x_nominees")),
        ("x_min_ballots", told.draft.min_ballots, document.get("x_min_ballots")),
        ("x_log", told.drafted, document.get("x_log")),
    ):
        if expected != given:
            raise BallotFaultError(f"election/{name}", f"{expected}"[:80], "another")
    if election.key != trustees.election_key(GROUP):
        raise BallotFaultError(
            "election/public_key", "the product of the trustees' keys", "another key"
        )
    for owner, fingerprint in told.drilled.items():
        if fingerprint != election.fingerprint:
            raise BallotFaultError(
                f"trustee {owner}", f"confirms {election.fingerprint}", fingerprint
            )
    return election, trustees


def check_roll(told: Told, election: Election) -> dict[str, int]:
    """By unit the public credential of the roll, each proven by its unit; as the opening says them."""
    opened = told.opened
    if opened is None:
        raise NotYetError("chưa mở bỏ phiếu", "the ballot is not open")
    if opened.fingerprint != election.fingerprint:
        raise BallotFaultError("opened/fingerprint", election.fingerprint, "another")
    members = parse(election.text, "election").get("x_roll", [])
    roll: dict[str, int] = {}
    for unit, said in told.registered.items():
        if unit not in members:  # a member without a vote may register; nothing of it counts
            continue
        path = f"credentials/{unit}"
        public = GROUP.element(said.credential, path)
        check_registration(GROUP, election.uuid, unit, public, proof_in(GROUP, said.proof, path))
        roll[unit] = public
    if len(set(roll.values())) != len(roll) or len(roll) != opened.registered:
        raise BallotFaultError("credentials", f"{opened.registered} different ones", f"{len(roll)}")
    if hex_hash(roll_text(list(roll.values()))) != opened.credentials:
        raise BallotFaultError("credentials", "those of the opening", "others")
    return roll


def check_box(told: Told, election: Election, roll: dict[str, int]) -> dict[str, Ballot]:
    """
    By unit the ballot that counts: every vote of the box checked, under its unit's credential, none twice.

    Votes behind the closing are a fault.
    """
    if told.late:
        raise BallotFaultError("box", "no vote after the closing", f"{told.late}")
    jobs = jobs_for(len(told.votes))
    texts = [vote.text for vote in told.votes]
    checked = check_ballots(election.text, texts, jobs) if jobs > 1 else {}
    if len(set(texts)) != len(texts):
        raise BallotFaultError("box", "different votes", "one of them twice")
    only_first = parse(election.text, "election").get("x_revote") == "first"
    votes: dict[str, int] = {}
    found: list[tuple[str, Ballot]] = []
    for number, vote in enumerate(told.votes, 1):
        path = f"vote {number} ({vote.tracker})"
        ballot = checked.get(vote.text) or _read(election, vote, path)
        votes[vote.unit] = votes.get(vote.unit, 0) + 1
        for name, expected, given in (
            ("tracker", ballot.tracker, vote.tracker),
            ("credential", roll.get(vote.unit), ballot.credential),
            ("sequence", votes[vote.unit], vote.sequence),
            ("repeat", True, not only_first or vote.sequence == 1),
        ):
            if expected != given:
                raise BallotFaultError(f"{path}/{name}", "the unit's own next vote", "another")
        found.append((vote.unit, ballot))
    return dict(found)


def recount(told: Told, keys: Told) -> Counted:
    """
    The sum that may be opened, worked out from the box; the one that the service published must be the same.

    Raises :class:`NotYetError` for a box that is not closed, :class:`VoidedError`, and BallotFaultError also for fewer
    ballots than the election's own minimum (I6).
    """
    election, trustees = check_fixed(told, keys)
    election = election.prepared()
    roll = check_roll(told, election)
    if told.void is not None:
        raise VoidedError(told.void)
    if not told.closed or told.tally is None:
        raise NotYetError("chưa đóng hòm phiếu", "the box is not closed")
    voted = len({vote.unit for vote in told.votes})
    if voted < told.draft.min_ballots:
        raise BallotFaultError("box", f"at least {told.draft.min_ballots} votes", f"{voted}")
    ballots = check_box(told, election, roll)
    tally = add_up(election, last_of_each(list(ballots.values())))
    if (tally.text, tally.counted) != (told.tally.tally, told.tally.counted):
        raise BallotFaultError("tally", "the sum of the box", "another sum")
    return Counted(election, trustees, ballots, tally)


def _read(election: Election, vote: Vote, path: str) -> Ballot:
    ballot = read_ballot(election, vote.text, path)
    check_ballot(election, ballot, path)
    return ballot
