"""What is public of one secret ballot and of a vote in its box, in the shape that the page reads strictly."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from thidua.clock import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from thidua.standing import Key

VERSION: Final = 2
Standing: TypeAlias = Literal["counts", "replaced", "void"]
"""How a vote stands that is in the box."""


@dataclass(frozen=True, slots=True)
class Voter:
    """A unit of the roll: its name today, its public credential if it has one, and how often it has voted."""

    unit: str
    name: str
    credential: str | None
    votes: int


@dataclass(frozen=True, slots=True)
class Running:
    """A ballot that units can register or vote for now."""

    subject: str
    ballot: str
    matter: tuple[str, str]
    state: Literal["registering", "open"]

    def document(self) -> dict[str, Any]:
        """As the page asks for it."""
        return {
            "subject": self.subject,
            "ballot": self.ballot,
            "matter": {"vi": self.matter[0], "en": self.matter[1]},
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class BoxedVote:
    """A vote in the box: whose, its *sequence*-th, whether it counts, whether its unit has said that it found it, and its text."""

    unit: str
    sequence: int
    state: Standing
    checked: bool
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What the box of the election *fingerprint* holds under one tracker, as the log stood at *position*."""

    fingerprint: str
    position: int
    vote: BoxedVote | None

    def document(self) -> dict[str, Any]:
        """As the page asks for it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Setup:
    """
    One ballot as the page is told of it.

    ``matter`` is what is voted on in words, Vietnamese and English; everything that decides stands in ``election``, the exact text
    that ``fingerprint`` is the hash of; ``trustees`` is the exact record of who can open the count. ``clock`` is the moment of the log's last entry, ``keys`` are those that
    units of the roll may sign with now.
    """

    subject: str
    ballot: str
    matter: tuple[str, str]
    state: Literal["registering", "open", "closed"]
    clock: datetime
    closes: datetime | None
    repeat: Literal["first", "last"]
    election: str
    trustees: str
    fingerprint: str
    roll: Sequence[Voter]
    keys: Mapping[str, Sequence[Key]]
    """By unit."""

    def document(self, *, origin: str, sandbox: bool, door_url: str) -> dict[str, Any]:
        """As the page asks for it."""
        return {
            "version": VERSION,
            "origin": origin,
            "sandbox": sandbox,
            "subject": self.subject,
            "ballot": self.ballot,
            "matter": {"vi": self.matter[0], "en": self.matter[1]},
            "state": self.state,
            # In a sandbox it is no later than that, whatever the browser's own clock says.
            "clock": format_instant(self.clock) if sandbox else None,
            "closes": None if self.closes is None else format_instant(self.closes),
            "repeat": self.repeat,
            "door": door_url,
            "election": self.election,
            "trustees": self.trustees,
            "fingerprint": self.fingerprint,
            "roll": [
                {
                    "unit": voter.unit,
                    "name": voter.name,
                    "credential": voter.credential,
                    "votes": voter.votes,
                }
                for voter in self.roll
            ],
            "keys": [
                {"kid": key.kid, "unit": unit, "alg": key.alg, "spki": key.spki}
                for unit, keys in self.keys.items()
                for key in keys
            ],
        }
