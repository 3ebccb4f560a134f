"""Looking for a tracker in the box of a secret ballot: whether the vote is there, and whether it still counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from services.reporting.projections.secret_queries import secret_election, trackers_of

if TYPE_CHECKING:
    from services.reporting.reading import Reading

SHORTEST: Final = 8
"""So many characters of a tracker's beginning are enough to ask with: 48 bits, one vote in any box."""
_BEGINNING: Final = re.compile(rf"[A-Za-z0-9+/]{{{SHORTEST},43}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FoundVote:
    """
    A vote in the box: ``counts``, ``replaced`` by a later one of the same member, or in a box that is ``void``.

    Nothing of its voter is repeated here; ``proof`` is the address of the proof that its entry stands in the log.
    """

    tracker: str
    state: Literal["counts", "replaced", "void"]
    position: int
    hash: str
    proof: str


@dataclass(frozen=True, slots=True)
class TrackerSearch:
    """What the box holds under a tracker or its beginning; no vote when it is not there."""

    asked: str
    votes: list[FoundVote]


def read_beginning(text: str) -> str | None:
    """A tracker or its beginning of at least ``SHORTEST`` characters; None for other text, which no box can hold."""
    # A form that was filled by hand may have lost a plus to the address.
    asked = text.strip().replace(" ", "+")
    return asked if _BEGINNING.fullmatch(asked) else None


def find_tracker(read: Reading, cycle: str, ballot: str, asked: str) -> TrackerSearch | None:
    """The votes whose tracker begins with *asked*; None where the ballot is no secret one."""
    election = secret_election(read, cycle, ballot)
    votes = trackers_of(read, cycle, ballot)
    if election is None or votes is None:
        return None
    return TrackerSearch(
        asked,
        [
            FoundVote(
                tracker=vote.tracker,
                state="void"
                if election.state == "void"
                else "counts"
                if vote.counts
                else "replaced",
                position=vote.position,
                hash=vote.hash,
                proof=f"/v1/proofs/{vote.position}",
            )
            for vote in votes
            if vote.tracker.startswith(asked)
        ],
    )
