"""A log in memory with the same answers as the one in Redis; it forgets everything with its process."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thidua.log.entry import Entry, read_entry
from thidua.log.event_log import (
    TRACED,
    Admission,
    AdmitAnswer,
    Admitted,
    AppendAnswer,
    Appended,
    AppendRequest,
    Behind,
    ChainMoved,
    Drain,
    Fenced,
    FirstEntries,
    Gate,
    GateClosed,
    IdUsed,
    InboxFull,
    Outline,
    Shrunk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from thidua.log.event_log import Receipt, UnloggedAnswer


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class InboxEntry:
    """An inbox entry as a service would read it."""

    id: str
    rx_ms: int
    kind: str
    content: bytes
    trace: str = ""


@dataclass(slots=True)
class MemoryLog:
    """An :class:`~thidua.log.event_log.EventLog` that passes the same contract suite as Redis."""

    run_id: str = "memory-1"
    opened_for: str | None = None
    entries: list[bytes] = field(default_factory=list)
    inboxes: dict[str, list[InboxEntry]] = field(default_factory=dict)
    receipts: list[tuple[Receipt, int]] = field(default_factory=list)
    answers: list[UnloggedAnswer] = field(default_factory=list)
    erasable: dict[int, bytes] = field(default_factory=dict)
    now_ms: Callable[[], int] = _now_ms
    _heads: dict[str, int] = field(default_factory=dict)
    _chains: dict[str, str] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _offsets: dict[str, str] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)
    _clock: dict[str, int] = field(default_factory=dict)
    _followed: dict[str, int] = field(default_factory=dict)
    _meta: dict[str, str] = field(default_factory=dict)
    _traces: dict[int, tuple[int, str]] = field(default_factory=dict)

    async def append(self, request: AppendRequest) -> AppendAnswer:
        """Write all of *request* or nothing."""
        return self._refusal(request) or self._write(request)

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
        if not self._is_open:
            return GateClosed()
        if drain is not None:
            have = await self.drained(drain.publisher)
            if have != drain.expected:
                return Fenced(have)
        if most:
            for service, count in Counter(item.service for item in items).items():
                waiting = await self.pending(service)
                if waiting + count > most:
                    return InboxFull(service, waiting)
        if drain is not None:
            self.answers += drain.answers
            self.receipts += drain.receipts
            self._offsets[f"in:{drain.publisher}"] = drain.new
        return Admitted([self._admit(item, sandbox=sandbox) for item in items])

    async def wake(self, service: str, subject: str, rx_ms: int, *, sandbox: bool) -> bool:
        """Put a wake-up for *subject* into a service's inbox; ``False`` while the gate is closed."""
        item = Admission(service, subject, "wake", subject.encode(), rx_ms)
        return isinstance(await self.admit([item], sandbox=sandbox), Admitted)

    async def found(self, first: FirstEntries) -> bool:
        """Write positions 1…k of an empty log and open it; ``False`` when it is not empty."""
        if self.entries or self._heads or self._chains or self._meta or self._offsets:
            return False
        for raw, id_key, subject in first.entries:
            self.entries.append(raw)
            self._ids.add(id_key)
            self._heads[subject] = len(self.entries)
        self._chains[first.chain] = first.chain_head
        self._meta = {"origin": first.origin, "sandbox": str(int(first.sandbox))}
        self.opened_for = self.run_id
        return True

    async def read(self, after: int, most: int) -> list[Entry]:
        """At most *most* entries after a position, in order."""
        page = self.entries[after : after + most]
        return [read_entry(position, raw) for position, raw in enumerate(page, after + 1)]

    async def traces(self, positions: Sequence[int]) -> dict[int, str]:
        """Of these positions, each whose trace is still known, with the ``traceparent`` it goes on under."""
        found = dict(self._traces.get(place % TRACED, (0, "")) for place in positions)
        return {place: found[place] for place in positions if place in found}

    async def tail(self) -> int:
        """The last position, 0 when the log is empty."""
        return len(self.entries)

    async def outline(self) -> Outline:
        """Where the log begins and ends, and how many entries stand between."""
        end = len(self.entries)
        return Outline(min(1, end), end, end, end)

    async def offset(self, service: str) -> str:
        """How far a service's inbox is consumed."""
        return self._offsets.get(f"inbox:{service}", "0-0")

    async def pending(self, service: str) -> int:
        """How many inbox entries a service has not consumed."""
        done = await self.offset(service)
        return self._last.get(service, 0) - int(done.partition("-")[0])

    async def drained(self, publisher: str) -> str:
        """How far a publisher's stream is drained."""
        return self._offsets.get(f"in:{publisher}", "0-0")

    async def follow(self, follower: str, position: int) -> None:
        """Note that a follower has followed to a position and posted what is due by then."""
        self._followed[follower] = position

    async def followed(self) -> dict[str, int]:
        """How far each follower is."""
        return dict(self._followed)

    async def heads(self) -> dict[str, int]:
        """Every subject's head."""
        return dict(self._heads)

    async def chain(self, chain: str) -> str:
        """A chain's ``<seq> <hash>``, empty before its first event."""
        return self._chains.get(chain, "")

    async def chains(self) -> dict[str, str]:
        """Every chain's head."""
        return dict(self._chains)

    async def gate(self) -> Gate:
        """Whether the log is open for writing."""
        return Gate(self._is_open, self.run_id)

    async def open_gate(self, run_id: str) -> None:
        """Open the log for the server run *run_id*; only the archive does this, after comparing."""
        self.opened_for = run_id

    async def meta(self) -> dict[str, str]:
        """The log's ``origin`` and ``sandbox`` ("1" or "0"); empty before it was founded."""
        return dict(self._meta)

    @property
    def _is_open(self) -> bool:
        return self.opened_for == self.run_id

    def _refusal(self, request: AppendRequest) -> AppendAnswer | None:
        if not self._is_open:
            return GateClosed()
        if len(self.entries) < request.followed:
            return Shrunk(len(self.entries))
        offset = self._offsets.get(f"inbox:{request.service}", "0-0")
        if offset != request.expected_offset:
            return Fenced(offset)
        for subject, expected in request.heads.items():
            if (have := self._heads.get(subject, 0)) != expected:
                return Behind(subject, have)
        for chain, (before, _) in request.chains.items():
            if (stands := self._chains.get(chain, "")) != before:
                return ChainMoved(chain, stands)
        used = (entry.id_key for entry in request.entries if entry.id_key in self._ids)
        found = next(used, None)
        return None if found is None else IdUsed(found)

    def _write(self, request: AppendRequest) -> Appended:
        first = len(self.entries) + 1
        for entry in request.entries:
            self.entries.append(entry.raw)
            position = len(self.entries)
            self._heads.update(dict.fromkeys(entry.subjects, position))
            if entry.id_key is not None:
                self._ids.add(entry.id_key)
            if entry.receipt is not None:
                self.receipts.append((entry.receipt, position))
            if entry.erasable is not None:
                self.erasable[position] = entry.erasable
        for number, trace in request.traces.items():
            self._traces[(first + number) % TRACED] = first + number, trace
        self._chains.update({chain: after for chain, (_, after) in request.chains.items()})
        self.answers += request.answers
        self._offsets[f"inbox:{request.service}"] = request.new_offset
        consumed = int(request.new_offset.partition("-")[0])
        inbox = self.inboxes.get(request.service, [])
        self.inboxes[request.service] = [
            item for item in inbox if int(item.id.partition("-")[0]) > consumed
        ]
        return Appended(first, len(self.entries))

    def _admit(self, item: Admission, *, sandbox: bool) -> str | int:
        clock = item.subject if sandbox else item.service
        rx_ms = item.rx_ms if sandbox else self.now_ms()
        seen = self._clock.get(clock, -1)
        if sandbox and item.kind != "wake" and rx_ms < seen:
            return seen
        rx_ms = max(rx_ms, seen)
        if item.kind != "dry":
            self._clock[clock] = rx_ms
        number = self._last[item.service] = self._last.get(item.service, 0) + 1
        entry = InboxEntry(f"{number}-0", rx_ms, item.kind, item.content, item.trace)
        self.inboxes.setdefault(item.service, []).append(entry)
        return entry.id
