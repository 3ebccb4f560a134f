"""What one service knows of the log up to a position: state, heads, its chains and the ids in use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from thidua.contracts.envelope import (
    Envelope,
    as_event,
    believe_envelope,
    outline,
    read_envelope,
)
from thidua.errors import LogCorruptError
from thidua.folding import Folded, registry_of
from thidua.signing import EMPTY_HASH, parse_jws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.contracts import Event
    from thidua.deciding import Judge
    from thidua.log.entry import Entry
    from thidua.signing import ParsedJws
    from thidua.standing import Key

S = TypeVar("S")


class ChainHead(NamedTuple):
    """Where a key's chain with one service stands: the last ``seq`` and its event hash."""

    seq: int = 0
    hash: str = EMPTY_HASH

    def text(self) -> str:
        """As the log keeps it; empty before the first event."""
        return f"{self.seq} {self.hash}" if self.seq else ""


@dataclass(slots=True)
class Chain:
    """A key's chain with one service: the hash and the position of every ``seq`` that entered the log."""

    hashes: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)

    @property
    def head(self) -> ChainHead:
        """The last link."""
        return ChainHead(len(self.hashes), self.hashes[-1]) if self.hashes else ChainHead()


def id_key(source: str, event_id: str) -> str:
    """The 19 hex digits under which the log remembers a source's event id."""
    return hashlib.sha256(f"{source}\0{event_id}".encode()).hexdigest()[:19]


def moment(rx_ms: int) -> datetime:
    """An arrival in milliseconds since 1970 as UTC."""
    return datetime.fromtimestamp(rx_ms / 1000, UTC)


def judged_by(entry: Entry) -> str:
    """The service whose chains an entry stands in; the first entries stand in those of units."""
    name = entry.by.partition("/")[0]
    return "units" if name == "genesis" else name


def own_source(service: str) -> str:
    """The ``source`` of a service's own events."""
    return f"/services/{service}"


def own_kid(service: str) -> str:
    """The name of a service's first key."""
    return f"services/{service}"


class Opened(NamedTuple):
    """A signed event with its envelope read and its data typed."""

    event: Event
    envelope: Envelope


def open_jws(parsed: ParsedJws, rx: datetime) -> Opened:
    """
    The event of a JWS that passed the door; its signature was checked there.

    Raises ``EnvelopeError`` or ``FormError`` as :func:`read_envelope` does.
    """
    envelope = read_envelope(parsed.payload)
    return Opened(as_event(envelope, event_hash=parsed.hash, kid=parsed.kid, rx=rx), envelope)


def recorded_event(entry: Entry) -> Event:
    """The event of a recorded entry; it was judged, and is believed."""
    return _believed(parse_jws(entry.jws or b""), entry.rx_ms)


def _believed(parsed: ParsedJws, rx_ms: int) -> Event:
    envelope = believe_envelope(parsed.payload)
    return as_event(envelope, event_hash=parsed.hash, kid=parsed.kid, rx=moment(rx_ms))


class Knowledge(Generic[S]):
    """
    The fold of all entries up to ``position`` that one service decides on.

    ``heads`` are the positions of each subject's last recorded entry; ``chains`` run per key over what
    entered the log through this service, recorded or refused; ``ids`` are the recorded events' ids.
    """

    def __init__(self, judge: Judge[S]) -> None:
        self.service = judge.service
        self.fold: Folded[S] = Folded(judge)
        self.position = 0
        self.clock_ms = 0
        self.heads: dict[str, int] = {}
        self.chains: dict[str, Chain] = {}
        self.ids: set[str] = set()
        self.keys_in: dict[str, str] = {}

    def take(self, entry: Entry) -> tuple[str, ...]:
        """
        Take in the next entry; the subjects it stands under or touches, none when it is no recorded one.

        Raises ``LogCorruptError`` when an entry is not the next one or cannot be read.
        """
        if entry.position != self.position + 1:
            raise LogCorruptError(entry.position, f"the entry after {self.position}")
        mine = judged_by(entry) == self.service
        subjects: tuple[str, ...] = ()
        if entry.said is not None:
            if mine:
                self.link(entry.said["kid"], entry.said["hash"], entry.position)
        elif entry.refused is None or mine:
            parsed = parse_jws(entry.jws or b"")
            if entry.refused is None:
                subjects = self._record(parsed, entry)
            if mine:
                self.link(parsed.kid, parsed.hash, entry.position)
        self.position = entry.position
        self.clock_ms = max(self.clock_ms, entry.rx_ms)
        return subjects

    def _record(self, parsed: ParsedJws, entry: Entry) -> tuple[str, ...]:
        passed = outline(parsed.payload, self.fold.wanted)
        if passed is None:
            event = _believed(parsed, entry.rx_ms)
            subjects = self.fold.apply(event)
            self.note(event, subjects, entry.position, id_key(event.source, event.id))
            return subjects
        self.fold.pass_by(passed.subject)
        self.heads[passed.subject] = entry.position
        self.ids.add(id_key(passed.source, passed.id))
        return (passed.subject,)

    def note(self, event: Event, subjects: Sequence[str], position: int, used_id: str) -> None:
        """Remember where a recorded event stands: heads, its id's key, and which registry a new key is in."""
        for subject in subjects:
            self.heads[subject] = position
        self.ids.add(used_id)
        if "/" not in event.subject:
            for kid in (
                getattr(event.data, "kid", None),
                getattr(event.data, "new_kid", None),
                getattr(event.data, "root_kid", None),
            ):
                if kid is not None:
                    self.keys_in.setdefault(kid, event.subject)

    def key(self, kid: str, fold: Folded[S] | None = None) -> tuple[str, Key] | None:
        """The registry's subject and the key registered under *kid*; ``None`` when there is none."""
        subject = self.keys_in.get(kid)
        if subject is None:
            return None
        key = (fold or self.fold).registry(registry_of(subject)).keys.get(kid)
        return None if key is None else (subject, key)

    def chain(self, kid: str) -> Chain:
        """The chain of a key with this service, begun when there is none."""
        found = self.chains.get(kid)
        if found is None:
            found = self.chains[kid] = Chain()
        return found

    def link(self, kid: str, event_hash: str, position: int) -> None:
        """Continue a key's chain with this service by what entered the log at *position*."""
        chain = self.chain(kid)
        chain.hashes.append(event_hash)
        chain.positions.append(position)
