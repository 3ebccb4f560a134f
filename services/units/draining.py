"""Draining of publishers' own streams: what a system adds to ``in:<publisher>`` enters like a request."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog

from services.units.admission import Admissible, NotAdmittedError, admissible, parsed
from services.units.receipts import receipt
from thidua.clock import format_ms, to_ms
from thidua.errors import GateClosedError, RetryError
from thidua.log import Admission, Admitted, Drain, Fenced
from thidua.log.names import order
from thidua.refusals import Code, problem
from thidua.stream import Follower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faststream.redis import RedisBroker
    from redis.asyncio import Redis

    from services.units.door import Door
    from thidua.log import Names
    from thidua.stream import RawEntry

log = structlog.get_logger(__name__)

MOST: Final = 32
"""Entries of one stream in one step; everybody else's requests are answered between two steps."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Memory a stream may hold undrained; what is beyond is cut, since Redis' memory is everybody's."""
MOST_PENDING: Final = 1000
"""A service's inbox that is longer takes nothing more from streams: who comes over HTTP waits no longer."""
RECEIPTS: Final = 1000
"""Receipts kept of each publisher."""
RETRY_SECONDS: Final = 2


class InboxFullError(RetryError):
    """A deciding service is behind; the publisher's own stream holds what is to come."""

    def __init__(self, service: str) -> None:
        super().__init__(f"the inbox of {service} is full")


@dataclass(slots=True)
class _Sorted:
    """What the entries of one step come to: events to admit, and answers for the publisher alone."""

    events: list[tuple[Admissible, int]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)


class Draining:
    """
    A follower per unit that may publish straight into Redis, from the entry that grants it to the one that ends it.

    Each has its own stream and its own receipts: what one of them does to its stream is answered there,
    and holds up nobody else.
    """

    def __init__(self, broker: RedisBroker, client: Redis, names: Names, door: Door) -> None:
        self._broker = broker
        self._client: Any = client
        self._names = names
        self._door = door
        self._offsets: dict[str, str] = {}
        self.followers: dict[str, Follower] = {}

    async def refresh(self, *, start: bool) -> None:
        """Follow who was granted access by now, leave who lost it, and keep every stream within its bounds."""
        granted = self._door.receipts.direct()
        for publisher in sorted(granted | self.followers.keys()):
            follower = self.followers.get(publisher)
            if publisher not in granted:
                if follower is not None and follower.subscriber.running:
                    await follower.subscriber.stop()
                    log.info("publisher_left", publisher=publisher)
                continue
            at = await self._door.log.drained(publisher)
            if follower is None:
                self._offsets[publisher] = at
                follower = self.followers[publisher] = self._follower(publisher)
                follower.rewind()
            if start and not follower.subscriber.running:
                self._offsets[publisher] = at
                follower.rewind()
                await follower.subscriber.start()
                log.info("publisher_followed", publisher=publisher)
            if order(at) < order(self._offsets[publisher]):
                # The operator has made the stream anew: its ids begin again.
                self._offsets[publisher] = at
                follower.rewind()
            await self._bound(publisher)

    def faults(self) -> list[str]:
        """Per publisher whose stream is not drained now, why."""
        found = {code: one.halted or one.failing for code, one in sorted(self.followers.items())}
        return [f"{code}: {fault}" for code, fault in found.items() if fault]

    def _follower(self, publisher: str) -> Follower:
        async def take(entries: list[RawEntry]) -> None:
            await self._drain(publisher, entries)

        def position() -> str:
            return self._offsets[publisher]

        stream = self._names.incoming(publisher)
        return Follower(self._broker, stream, take, position, most=MOST)

    async def _drain(self, publisher: str, entries: list[RawEntry]) -> None:
        after = self._offsets[publisher]
        fresh = [entry for entry in entries if order(entry[0]) > order(after)]
        # Entries read before the access ended are not taken after it.
        if not fresh or publisher not in self._door.receipts.direct():
            return
        found = await self._sorted(publisher, [fields.get(b"e", b"") for _, fields in fresh])
        for service in {event.service for event, _ in found.events}:
            if await self._door.log.pending(service) > MOST_PENDING:
                raise InboxFullError(service)
        for event, _ in found.events:
            self._door.receipts.forget_answer(event.hash)
        items = [
            Admission(event.service, event.subject, "jws", event.jws, rx_ms)
            for event, rx_ms in found.events
        ]
        drain = Drain(publisher, after, fresh[-1][0])
        match await self._door.log.admit(items, sandbox=self._door.sandbox, drain=drain):
            case Admitted(places=places):
                self._offsets[publisher] = drain.new
                # Only who has drained the entries answers them, so two doors give one answer.
                late = _late(found.events, places)
                await self._tell(publisher, [*found.answers, *late])
                if len(entries) == MOST:
                    await self._bound(publisher)
            case Fenced(have=have):
                self._offsets[publisher] = have
                if order(have) < order(after):
                    self.followers[publisher].rewind()
            case _:
                raise GateClosedError("the archive has not compared it yet")

    async def _sorted(self, publisher: str, tokens: Sequence[bytes]) -> _Sorted:
        found = _Sorted()
        may_ask = True
        for token in tokens:
            # A whole step of entries is checked; requests are answered in between.
            await asyncio.sleep(0)
            try:
                jws = parsed(token)
                if may_ask and self._door.receipts.key(jws.kid) is None:
                    # Once a step: a stream full of unknown keys is not to be a stream of questions.
                    may_ask = False
                    await self._door.catch_up()
                key = self._door.receipts.key(jws.kid)
                event = admissible(jws, token, key, self._door.origin)
                _is_of(publisher, event, key.owner if key is not None else "")
            except NotAdmittedError as error:
                found.answers.append(_answer(error))
                continue
            told = await self._told(event.hash)
            if told is None:
                found.events.append((event, to_ms(event.time)))
            else:
                found.answers.append(told)
        return found

    async def _told(self, event_hash: str) -> dict[str, Any] | None:
        """The receipt again, when the event stands in the log already."""
        place = self._door.receipts.place(event_hash)
        if place is None:
            return None
        entries = await self._door.log.read(place - 1, 1)
        told = receipt(event_hash, entries[0])
        return {
            "hash": event_hash,
            "position": place,
            "outcome": told["outcome"],
            "code": told.get("code", ""),
        }

    async def _bound(self, publisher: str) -> None:
        """Cut a stream that its publisher fills faster than it is drained; its own events are lost, and it is told."""
        stream = self._names.incoming(publisher)
        held = await self._client.memory_usage(stream, samples=8)
        if (held or 0) > MOST_BYTES:
            cut = await self._client.xtrim(stream, maxlen=0, approximate=False)
            log.warning("publisher_cut", publisher=publisher, entries=cut, held=held)
            facts: dict[str, object] = {"seconds": RETRY_SECONDS}
            await self._tell(publisher, [_answer(NotAdmittedError(Code.BUSY, facts))])

    async def _tell(self, publisher: str, told: Sequence[dict[str, Any]]) -> None:
        if not told:
            return
        async with self._client.pipeline(transaction=False) as pipeline:
            for fields in told:
                stream = self._names.receipts(publisher)
                pipeline.xadd(stream, fields, maxlen=RECEIPTS, approximate=True)
            await pipeline.execute()


def _is_of(publisher: str, event: Admissible, owner: str) -> None:
    """Raise :class:`NotAdmittedError` unless the unit whose stream it is signed the event."""
    if owner != f"/units/{publisher}":
        facts: dict[str, object] = {
            "kid": event.kid,
            "given": owner,
            "expected": f"/units/{publisher}",
        }
        raise NotAdmittedError(Code.SOURCE_WRONG, facts, event=event.hash)


def _late(
    events: Sequence[tuple[Admissible, int]], places: Sequence[str | int]
) -> list[dict[str, Any]]:
    """Answers to what came before its subject's last arrival, which only a sandbox can see."""
    return [
        _answer(
            NotAdmittedError(
                Code.CLOCK_BACKWARD,
                {"given": format_ms(rx_ms), "expected": f">= {format_ms(place)}"},
                event=event.hash,
            )
        )
        for (event, rx_ms), place in zip(events, places, strict=True)
        if not isinstance(place, str)
    ]


def _answer(error: NotAdmittedError) -> dict[str, Any]:
    """The problem document as the fields of a receipt."""
    document = problem(error.code, error.facts, event=error.event)
    return {"hash": error.event or "", "answer": json.dumps(document, ensure_ascii=False)}
