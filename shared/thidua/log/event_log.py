"""What a log is to those who write and read it, whatever holds it: Redis, or memory in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from thidua.log.entry import Entry


TRACED: Final = 4096
"""Of how many of the latest positions the log knows a trace; append.lua has the same figure."""
TRACEPARENT_LENGTH: Final = 55
"""A ``traceparent`` of version 00 (W3C Trace Context section 3.2); admit.lua cuts by it."""


class Receipt(NamedTuple):
    """What a publisher is told of its judged event; the position is added by the append."""

    publisher: str
    hash: str
    outcome: str
    code: str | None = None


class NewEntry(NamedTuple):
    """
    An entry to append: its bytes and the subjects whose heads it moves (none when refused).

    ``id_key`` must not be in use; ``erasable`` are the bytes kept outside the log for a form refusal.
    """

    raw: bytes
    subjects: Sequence[str] = ()
    id_key: str | None = None
    receipt: Receipt | None = None
    erasable: bytes | None = None


@dataclass(frozen=True, slots=True)
class UnloggedAnswer:
    """What is said about an event that does not enter the log; *publisher* is empty when it is not known."""

    publisher: str
    hash: str
    answer: str


@dataclass(frozen=True, slots=True)
class AppendRequest:
    """
    One atomic append of a judged batch and everything it was judged on.

    ``followed``: the position the writer has followed to; ``heads``: every subject read and its head;
    ``chains``: per chain the text before and after; ``traces``: per number of an entry the ``traceparent``
    under which those who follow the log go on, kept beside it.
    """

    service: str
    expected_offset: str
    new_offset: str
    followed: int
    heads: Mapping[str, int] = field(default_factory=dict)
    chains: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    entries: Sequence[NewEntry] = ()
    answers: Sequence[UnloggedAnswer] = ()
    traces: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appended:
    """Written at positions ``first`` to ``last`` (``last < first`` when there were no entries)."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Behind:
    """A subject that was read has moved; nothing was written."""

    subject: str
    have: int


@dataclass(frozen=True, slots=True)
class Fenced:
    """The inbox (or drained stream) was consumed to ``have`` by another; nothing was written."""

    have: str


@dataclass(frozen=True, slots=True)
class ChainMoved:
    """A key's chain stands elsewhere; nothing was written."""

    chain: str
    have: str


@dataclass(frozen=True, slots=True)
class IdUsed:
    """An event id is in use; nothing was written."""

    id_key: str


@dataclass(frozen=True, slots=True)
class GateClosed:
    """The log is closed for writing; nothing was written."""

    reason: str = "the archive has not compared the log since the server started"


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The log ends before what the writer has followed; nothing was written."""

    tail: int


AppendAnswer = Appended | Behind | Fenced | ChainMoved | IdUsed | GateClosed | Shrunk


@dataclass(frozen=True, slots=True)
class Admission:
    """
    One item for an inbox: an event, one to be judged without effect, or a wake-up; ``rx_ms`` counts in a sandbox only.

    ``trace`` is the ``traceparent`` (W3C Trace Context) that stands beside it there, empty when it is not traced.
    """

    service: str
    subject: str
    kind: Literal["jws", "dry", "wake"]
    content: bytes
    rx_ms: int = 0
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Drain:
    """
    A publisher's stream that the admitted items come from, and how far it is thereby consumed.

    In the same step the publisher is told ``answers``, and again the ``receipts`` (with positions) of what
    stood in the log already.
    """

    publisher: str
    expected: str
    new: str
    answers: Sequence[UnloggedAnswer] = ()
    receipts: Sequence[tuple[Receipt, int]] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """Per item its inbox id, or the milliseconds of a sandbox clock that had already passed it."""

    places: Sequence[str | int]


@dataclass(frozen=True, slots=True)
class InboxFull:
    """As many entries wait in a service's inbox as may; nothing was written."""

    service: str
    waiting: int


AdmitAnswer = Admitted | Fenced | GateClosed | InboxFull


@dataclass(frozen=True, slots=True)
class FirstEntries:
    """What a log is founded with: entries as (bytes, id key, subject), and the root key's chain."""

    origin: str
    sandbox: bool
    entries: Sequence[tuple[bytes, str, str]]
    chain: str
    chain_head: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the log is open, and the server's run id."""

    is_open: bool
    run_id: str


@dataclass(frozen=True, slots=True)
class Outline:
    """What the server says of the log's stream; a log nobody has deleted from is dense up to what was last written."""

    first: int = 0
    last: int = 0
    length: int = 0
    written: int = 0
    """The greatest position the server has ever been given."""

    def fault(self) -> str | None:
        """What was taken out of the log, in words; ``None`` when nothing was."""
        if self.written != self.last:
            return f"the log ends at position {self.last}, but {self.written} was written"
        if self.length and self.length != self.last - self.first + 1:
            gone = self.last - self.first + 1 - self.length
            return f"{gone} entries between positions {self.first} and {self.last} are gone"
        return None


class EventLog(Protocol):
    """The log of one partition."""

    async def append(self, request: AppendRequest) -> AppendAnswer:
        """Write all of *request* or nothing."""

    async def admit(
        self,
        items: Sequence[Admission],
        *,
        sandbox: bool,
        drain: Drain | None = None,
        most: int = 0,
    ) -> AdmitAnswer:
        """
        Put *items* into their inboxes in order, all or nothing but for sandbox clocks.

        With *most*, nothing enters when more than that would wait in one of the inboxes.
        """

    async def wake(self, service: str, subject: str, rx_ms: int, *, sandbox: bool) -> bool:
        """Put a wake-up for *subject* into a service's inbox; ``False`` while the gate is closed."""

    async def found(self, first: FirstEntries) -> bool:
        """Write positions 1…k of an empty log and open it; ``False`` when it is not empty."""

    async def read(self, after: int, most: int) -> list[Entry]:
        """At most *most* entries after a position, in order."""

    async def traces(self, positions: Sequence[int]) -> dict[int, str]:
        """Of these positions, each whose trace is still known, with the ``traceparent`` it goes on under."""

    async def tail(self) -> int:
        """The last position, 0 when the log is empty."""

    async def outline(self) -> Outline:
        """Where the log begins and ends, and how many entries stand between."""

    async def offset(self, service: str) -> str:
        """How far a service's inbox is consumed."""

    async def pending(self, service: str) -> int:
        """How many inbox entries a service has not consumed."""

    async def drained(self, publisher: str) -> str:
        """How far a publisher's stream is drained."""

    async def follow(self, follower: str, position: int) -> None:
        """Note that a follower has followed to a position and posted what is due by then."""

    async def followed(self) -> dict[str, int]:
        """How far each follower is."""

    async def heads(self) -> dict[str, int]:
        """Every subject's head."""

    async def chain(self, chain: str) -> str:
        """A chain's ``<seq> <hash>``, empty before its first event."""

    async def chains(self) -> dict[str, str]:
        """Every chain's head."""

    async def gate(self) -> Gate:
        """Whether the log is open for writing."""

    async def open_gate(self, run_id: str) -> None:
        """Open the log for the server run *run_id*; only the archive does this, after comparing."""

    async def meta(self) -> dict[str, str]:
        """The log's ``origin`` and ``sandbox`` ("1" or "0"); empty before it was founded."""
