"""The log in Redis: three scripts that write, and reads."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import NoScriptError

from thidua.log.entry import Entry, read_entry
from thidua.log.event_log import (
    TRACED,
    TRACEPARENT_LENGTH,
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
    NewEntry,
    Outline,
    Shrunk,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from thidua.log.names import Names


class Script:
    """A Lua script of *package*, called by its SHA-1, sent whole when the server does not know it."""

    def __init__(self, name: str, package: str = "thidua.log") -> None:
        self.text = files(package).joinpath(name).read_text(encoding="utf-8")
        self.sha = hashlib.sha1(self.text.encode()).hexdigest()  # noqa: S324 - Redis names scripts so

    async def __call__(
        self, client: Redis, keys: Sequence[str], arguments: Sequence[bytes | str | int]
    ) -> list[Any]:
        try:
            answer: list[Any] = await client.evalsha(self.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            answer = await client.eval(self.text, len(keys), *keys, *arguments)
        return answer


_APPEND: Final = Script("append.lua")
_ADMIT: Final = Script("admit.lua")
_FOUND: Final = Script("found.lua")


class RedisLog:
    """An :class:`~thidua.log.event_log.EventLog` in Redis or Valkey, 6.2 and later."""

    def __init__(self, client: Redis, names: Names) -> None:
        self.client: Any = client
        self.names = names

    async def append(self, request: AppendRequest) -> AppendAnswer:
        """Write all of *request* or nothing."""
        n = self.names
        keys = (
            n.log,
            n.open,
            n.heads,
            n.chains,
            n.offsets,
            n.inbox(request.service),
            n.answers,
            n.said,
        )
        answer = await _APPEND(self.client, keys, _append_arguments(n.prefix, request))
        match answer:
            case [b"ok", first, last]:
                return Appended(first, last)
            case [b"behind", subject, have]:
                return Behind(subject.decode(), int(have))
            case [b"fenced", have]:
                return Fenced(have.decode())
            case [b"chain", chain, have]:
                return ChainMoved(chain.decode(), have.decode())
            case [b"id", used]:
                return IdUsed(used.decode())
            case [b"shrunk", tail]:
                return Shrunk(tail)
            case _:
                return GateClosed()

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
        n = self.names
        drained = ("", "", "") if drain is None else (drain.publisher, drain.expected, drain.new)
        traces = _traces_of(items)
        arguments: list[bytes | str | int] = [n.prefix, int(sandbox), *drained, most, traces]
        arguments.append(len(items))
        for item in items:
            arguments += (item.service, item.subject, item.rx_ms, item.kind, item.content)
        if drain is not None:
            arguments.append(len(drain.answers))
            for answer in drain.answers:
                arguments += (answer.hash, answer.answer)
            arguments.append(len(drain.receipts))
            for told, position in drain.receipts:
                arguments += (told.hash, position, told.outcome, told.code or "")
        match await _ADMIT(self.client, (n.open, n.clock, n.offsets), arguments):
            case [b"ok", places]:
                return Admitted([_place(place.decode()) for place in places])
            case [b"fenced", have]:
                return Fenced(have.decode())
            case [b"full", service, waiting]:
                return InboxFull(service.decode(), int(waiting))
            case _:
                return GateClosed()

    async def wake(self, service: str, subject: str, rx_ms: int, *, sandbox: bool) -> bool:
        """Put a wake-up for *subject* into a service's inbox; ``False`` while the gate is closed."""
        item = Admission(service, subject, "wake", subject.encode(), rx_ms)
        return isinstance(await self.admit([item], sandbox=sandbox), Admitted)

    async def found(self, first: FirstEntries) -> bool:
        """Write positions 1…k of an empty log and open it; ``False`` when it is not empty."""
        n = self.names
        arguments: list[bytes | str | int] = [
            n.prefix,
            first.origin,
            int(first.sandbox),
            first.chain,
            first.chain_head,
            len(first.entries),
        ]
        for entry in first.entries:
            arguments += entry
        answer = await _FOUND(
            self.client, (n.log, n.open, n.heads, n.chains, n.offsets, n.meta), arguments
        )
        return bool(answer[0] == b"ok")

    async def read(self, after: int, most: int) -> list[Entry]:
        """At most *most* entries after a position, in order."""
        page = await self.client.xrange(self.names.log, min=f"{after + 1}-0", count=most)
        return [read_entry(int(name.partition(b"-")[0]), fields[b"e"]) for name, fields in page]

    async def read_at(self, positions: Sequence[int]) -> list[Entry]:
        """The entries at these positions, as far as they are there."""
        async with self.client.pipeline(transaction=False) as pipe:
            for position in positions:
                pipe.xrange(self.names.log, min=f"{position}-0", max=f"{position}-0")
            pages = await pipe.execute() if positions else []
        found = [entry for page in pages for entry in page]
        return [read_entry(int(name.partition(b"-")[0]), fields[b"e"]) for name, fields in found]

    async def traces(self, positions: Sequence[int]) -> dict[int, str]:
        """Of these positions, each whose trace is still known, with the ``traceparent`` it goes on under."""
        if not positions:
            return {}
        held = await self.client.hmget(self.names.traces, [place % TRACED for place in positions])
        found = dict(text.decode().split(" ", 1) for text in held if text)
        return {place: found[str(place)] for place in positions if str(place) in found}

    async def tail(self) -> int:
        """The last position, 0 when the log is empty."""
        last = await self.client.xrevrange(self.names.log, count=1)
        return int(last[0][0].partition(b"-")[0]) if last else 0

    async def outline(self) -> Outline:
        """Where the log begins and ends, and how many entries stand between."""
        if not await self.client.exists(self.names.log):
            return Outline()
        told = await self.client.xinfo_stream(self.names.log)
        ends = (told["first-entry"], told["last-entry"])
        first, last = (_position(end[0]) if end else 0 for end in ends)
        return Outline(first, last, told["length"], _position(told["last-generated-id"]))

    async def offset(self, service: str) -> str:
        """How far a service's inbox is consumed."""
        return await self._offset(f"inbox:{service}")

    async def pending(self, service: str) -> int:
        """How many inbox entries a service has not consumed."""
        last = await self.client.hget(self.names.offsets, f"last:{service}")
        done = await self.offset(service)
        return int(last or 0) - int(done.partition("-")[0])

    async def drained(self, publisher: str) -> str:
        """How far a publisher's stream is drained."""
        return await self._offset(f"in:{publisher}")

    async def follow(self, follower: str, position: int) -> None:
        """Note that a follower has followed to a position and posted what is due by then."""
        await self.client.hset(self.names.followed, follower, str(position))

    async def followed(self) -> dict[str, int]:
        """How far each follower is."""
        return {
            name.decode(): int(at)
            for name, at in (await self.client.hgetall(self.names.followed)).items()
        }

    async def heads(self) -> dict[str, int]:
        """Every subject's head."""
        return {
            name.decode(): int(at)
            for name, at in (await self.client.hgetall(self.names.heads)).items()
        }

    async def chain(self, chain: str) -> str:
        """A chain's ``<seq> <hash>``, empty before its first event."""
        found = await self.client.hget(self.names.chains, chain)
        return (found or b"").decode()

    async def chains(self) -> dict[str, str]:
        """Every chain's head."""
        return {
            name.decode(): text.decode()
            for name, text in (await self.client.hgetall(self.names.chains)).items()
        }

    async def gate(self) -> Gate:
        """Whether the log is open for writing."""
        info = await self.client.info("server")
        run_id = str(info["run_id"])
        return Gate((await self.client.get(self.names.open) or b"").decode() == run_id, run_id)

    async def why_closed(self, followed: int) -> str | None:
        """Why nobody can write now, in words for who has followed to a position; ``None`` when the log is open."""
        tail = await self.tail()
        if tail < followed:
            return f"the log ends at position {tail}, but was followed to {followed}"
        return None if (await self.gate()).is_open else "the gate is closed"

    async def open_gate(self, run_id: str) -> None:
        """Open the log for the server run *run_id*; only the archive does this, after comparing."""
        await self.client.set(self.names.open, run_id)

    async def meta(self) -> dict[str, str]:
        """The log's ``origin`` and ``sandbox`` ("1" or "0"); empty before it was founded."""
        return {
            name.decode(): text.decode()
            for name, text in (await self.client.hgetall(self.names.meta)).items()
        }

    async def _offset(self, field: str) -> str:
        return (await self.client.hget(self.names.offsets, field) or b"0-0").decode()


def _append_arguments(prefix: str, request: AppendRequest) -> list[bytes | str | int]:
    out: list[bytes | str | int] = [
        prefix,
        request.service,
        request.expected_offset,
        request.new_offset,
        request.followed,
        len(request.heads),
    ]
    for subject, head in request.heads.items():
        out += (subject, head)
    out.append(len(request.chains))
    for chain, (before, after) in request.chains.items():
        out += (chain, before, after)
    out.append(len(request.entries))
    # Each argument costs the client a microsecond.
    out.append(b"".join([entry.raw + b"\n" for entry in request.entries]))
    out.append("".join(map(_entry_line, request.entries)))
    erasable = [(n, e.erasable) for n, e in enumerate(request.entries) if e.erasable is not None]
    out.append(len(erasable))
    for number, content in erasable:
        out += (number, content)
    out.append(len(request.answers))
    for answer in request.answers:
        out += (answer.publisher, answer.hash, answer.answer)
    out.append(len(request.traces))
    for number, trace in request.traces.items():
        out += (number, trace)
    return out


def _traces_of(items: Sequence[Admission]) -> str:
    if not any(item.trace for item in items):
        return ""
    return "".join(f"{item.trace:{TRACEPARENT_LENGTH}}" for item in items)


def _entry_line(entry: NewEntry) -> str:
    """What the script is told of an entry."""
    receipt, subjects = entry.receipt, " ".join(entry.subjects)
    told = "- - - -" if receipt is None else " ".join((*receipt[:3], receipt.code or "-"))
    return f"{entry.id_key or '-'} {told} {subjects}\n"


def _position(stream_id: bytes) -> int:
    return int(stream_id.partition(b"-")[0])


def _place(text: str) -> str | int:
    return int(text[6:]) if text.startswith("clock ") else text
