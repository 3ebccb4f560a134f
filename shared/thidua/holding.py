"""What an outbox holds: its events, their signatures and the heads of its chains, folded from its journal."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from thidua.clock import parse_rfc3339
from thidua.contracts import service_of
from thidua.errors import StopError
from thidua.knowledge import ChainHead

if TYPE_CHECKING:
    from datetime import datetime


class State(StrEnum):
    """How far an event of the outbox is."""

    QUEUED = "queued"
    """On this disk only."""
    SIGNED = "signed"
    """Signed and perhaps sent; its fate is to be learnt from the log."""
    STUCK = "stuck"
    """Answered for good and not in the log: a person must mend it and drop it."""
    RECORDED = "recorded"
    REFUSED = "refused"
    """In the log with the reason: it keeps its place in the chain, and the next goes on after it."""
    DROPPED = "dropped"


UNSENT: Final = frozenset({State.QUEUED, State.SIGNED, State.STUCK})


class NewerOutboxError(StopError):
    """The outbox was written by a later version of the library."""

    def __init__(self, record: str) -> None:
        super().__init__(
            f"hộp gửi do phiên bản mới hơn ghi ({record}) / written by a later version: update thidua"
        )


class Version(NamedTuple):
    """One signature of an event: which link of which chain it is."""

    n: int
    kid: str
    service: str
    seq: int
    prev: str
    hash: str
    jws: str

    @property
    def link(self) -> ChainHead:
        """The chain's head once this has entered the log."""
        return ChainHead(self.seq, self.hash)


@dataclass(frozen=True, slots=True)
class Item:
    """
    One event of the outbox.

    ``answer`` is the receipt once it stands in the log, and the door's problem while it is stuck.
    """

    n: int
    id: str
    type: str
    subject: str
    data: dict[str, Any]
    time: datetime
    service: str
    state: State = State.QUEUED
    signed: Version | None = None
    answer: dict[str, Any] | None = None

    @property
    def is_unsent(self) -> bool:
        """Whether its fate is still open."""
        return self.state in UNSENT

    def says(self, wire_type: str, subject: str, data: dict[str, Any]) -> bool:
        """Whether it has this content."""
        return (self.type, self.subject, self.data) == (wire_type, subject, data)


@dataclass(slots=True)
class Holding:
    """The fold of the journal."""

    items: dict[int, Item] = field(default_factory=dict)
    unsent: dict[int, None] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    heads: dict[tuple[str, str], ChainHead] = field(default_factory=dict)

    def take(self, record: dict[str, Any]) -> None:
        match record["op"]:
            case "queued":
                item = Item(
                    record["n"],
                    record["id"],
                    record["type"],
                    record["subject"],
                    record["data"],
                    parse_rfc3339(record["time"]),
                    service_of(record["type"]) or "",
                )
                self.ids[item.id] = item.n
                self._put(item)
            case "signed":
                item = self.items[record["n"]]
                keys = ("n", "kid", "seq", "prev", "hash", "jws")
                version = Version(service=item.service, **{key: record[key] for key in keys})
                self.versions[version.hash] = version
                self._put(replace(item, state=State.SIGNED, signed=version, answer=None))
            case "settled":
                version = self.versions[record["hash"]]
                state = State(record["receipt"]["outcome"])
                item = self.items[version.n]
                self._put(replace(item, state=state, signed=version, answer=record["receipt"]))
                self._moved(version.kid, version.service, version.link)
            case "answered":
                item = self.items[record["n"]]
                self._put(replace(item, state=State.STUCK, answer=record["problem"]))
            case "dropped":
                self._put(replace(self.items[record["n"]], state=State.DROPPED))
            case "head":
                link = ChainHead(record["seq"], record["hash"])
                self.heads[record["kid"], record["service"]] = link
            case "lost":
                self._put(replace(self.items[record["n"]], state=State.SIGNED, answer=None))
            case other:
                raise NewerOutboxError(str(other))

    def _put(self, item: Item) -> None:
        self.items[item.n] = item
        if not item.is_unsent:
            self.unsent.pop(item.n, None)
        elif item.n not in self.unsent:
            came_back = bool(self.unsent) and item.n < next(reversed(self.unsent))
            self.unsent[item.n] = None
            if came_back:
                self.unsent = dict.fromkeys(sorted(self.unsent))

    def _moved(self, kid: str, service: str, link: ChainHead) -> None:
        if link.seq > self.heads.get((kid, service), ChainHead()).seq:
            self.heads[kid, service] = link
