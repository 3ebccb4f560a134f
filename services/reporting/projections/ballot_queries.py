"""Questions to the ballots: one ballot with its votes and counts, all of a cycle, the nominations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.projections.ballots import ballots, counts, nominations, votes
from services.reporting.projections.secret_queries import (
    CheckedTrackers,
    TrackedVote,
    checked_trackers,
    secret_election,
    trackers_of,
)

if TYPE_CHECKING:
    from services.reporting.reading import Reading
    from services.reporting.rows import Row


@dataclass(frozen=True, slots=True)
class Ballot:
    """
    A ballot as it stands.

    ``state`` is ``open``, ``closed``, ``tallied``, ``decided`` or ``void``. ``votes`` are the yes votes
    per nominee, ``needed`` the threshold in votes on ``base``; ``seal_set`` and ``seal_broken`` are when the paper
    box was sealed and opened. Empty until they are known.
    """

    ballot: str
    state: str
    about: str
    mode: str
    conference: str | None
    for_year: int | None
    round: int
    previous: str | None
    nominees: list[str]
    roll: list[str]
    opened: str
    closes: str | None
    closed: str | None
    closed_by: str | None
    void_reason: str | None
    box: str | None
    seal_set: str | None
    seal_broken: str | None
    slips: dict[str, Any] | None
    issued: int | None
    returned: int | None
    valid: int | None
    invalid: dict[str, int]
    written: int | None
    marks: dict[str, dict[str, int]]
    rulebook: int | None
    members: int | None
    participants: int | None
    quorum: int | None
    base_of: str | None
    base: int | None
    share: str | None
    needed: int | None
    places: int | None
    votes: dict[str, int]
    reached: list[str]
    passed: list[str]
    tie_by: str | None
    next: str | None
    revote: dict[str, Any] | None
    decided: str | None
    hash: str
    position: int
    decided_at: int | None


@dataclass(frozen=True, slots=True)
class BallotInFull:
    """
    A ballot with who has answered, the roll-call votes once it is closed, and the counts.

    Of a secret one its fingerprint, the trackers in its box, and how many of them were checked.
    """

    ballot: Ballot
    answered: list[str]
    votes: list[dict[str, Any]]
    counts: list[dict[str, Any]]
    fingerprint: str | None
    trackers: list[TrackedVote]
    checked: CheckedTrackers | None


_LISTS = frozenset({"nominees", "roll", "reached", "passed"})
_MAPPINGS = frozenset({"invalid", "marks", "votes"})


def ballots_of(read: Reading, cycle: str) -> list[Ballot]:
    """The ballots of a cycle in the order of their opening."""
    found = [_ballot(row) for row in read.rows(ballots, cycle=cycle)]
    return sorted(found, key=lambda ballot: ballot.position)


def ballot_in_full(read: Reading, cycle: str, ballot: str) -> BallotInFull | None:
    """One ballot with votes and counts; while it is open nobody sees how others have voted."""
    row = read.one(ballots, cycle=cycle, ballot=ballot)
    if row is None:
        return None
    given = read.rows(votes, cycle=cycle, ballot=ballot)
    secret = secret_election(read, cycle, ballot)
    box = trackers_of(read, cycle, ballot) or []
    shown = [] if row["state"] == "open" else [dict(vote) for vote in given]
    return BallotInFull(
        _ballot(row),
        sorted({vote["unit"] for vote in given} | {vote.unit for vote in box}),
        shown,
        [dict(one) for one in read.rows(counts, cycle=cycle, ballot=ballot)],
        None if secret is None else secret.fingerprint,
        box,
        checked_trackers(read, cycle, ballot),
    )


def nominations_of(read: Reading, cycle: str) -> list[dict[str, Any]]:
    """Who was named for what, by whom."""
    return [dict(row) for row in read.rows(nominations, cycle=cycle)]


def _ballot(row: Row) -> Ballot:
    given: dict[str, Any] = {}
    for name in Ballot.__slots__:
        value = row[name]
        if value is None and name in _LISTS:
            value = []
        elif value is None and name in _MAPPINGS:
            value = {}
        given[name] = value
    return Ballot(**given)
