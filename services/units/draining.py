"""Draining of publishers' own streams: what a system adds to ``in:<publisher>`` enters like a request."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog

from services.units.admission import Admissible, NotAdmittedError, admissible, parsed
from services.units.door_traces import admitting
from thidua.clock import to_ms
from thidua.errors import RetryError
from thidua.log import Drain, Receipt, UnloggedAnswer
from thidua.log.names import order
from thidua.refusals import Code, problem
from thidua.stream import TRACEPARENT, Follower

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from faststream.redis import RedisBroker
    from redis.asyncio import Redis

    from services.units.door import Door
    from services.units.door_traces import Arriving
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


class StreamWaitsError(RetryError):
    """Nothing can be stored now; what a publisher added stays in its stream."""

    def __init__(self, publisher: str, why: str) -> None:
        super().__init__(f"the stream of {publisher} waits: {why}")


@dataclass(slots=True)
class _Taken:
    """Entries of a stream: events to admit and the traces they came with, answers to what is none, and receipts to tell again."""

    events: list[tuple[Admissible, int]] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    answers: list[UnloggedAnswer] = field(default_factory=list)
    receipts: list[tuple[Receipt, int]] = field(default_factory=list)


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
        for publisher in sorted(self.followers.keys() - granted):
            follower = self.followers[publisher]
            if follower.subscriber.running:
                await follower.subscriber.stop()
                log.info("publisher_left", publisher=publisher)
        for publisher in sorted(granted):
            await self._follow(publisher, start=start)
            await self._bound(publisher)

    def faults(self) -> list[str]:
        """Per publisher whose stream is not drained now, why."""
        found = {code: one.halted or one.failing for code, one in sorted(self.followers.items())}
        return [f"{code}: {fault}" for code, fault in found.items() if fault]

    async def _follow(self, publisher: str, *, start: bool) -> None:
        at = await self._door.log.drained(publisher)
        known = self.followers.get(publisher)
        follower = known or self._follower(publisher)
        # An offset that went back: the operator has made the stream anew, and its ids begin again.
        if (
            known is None
            or not follower.subscriber.running
            or order(at) < order(self._offsets[publisher])
        ):
            self._offsets[publisher] = at
            self.followers[publisher] = follower
            follower.rewind()
        if start and not follower.subscriber.running:
            await follower.subscriber.start()
            log.info("publisher_followed", publisher=publisher)

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
        taken = await self._read(publisher, [fields for _, fields in fresh])
        for service in {event.service for event, _ in taken.events}:
            if await self._door.log.pending(service) > MOST_PENDING:
                raise StreamWaitsError(publisher, f"the inbox of {service} is full")
        drain = Drain(publisher, after, fresh[-1][0], taken.answers, taken.receipts)
        try:
            with self._traced(taken) as events:
                faults = await self._door.admit(events, drain)
        except NotAdmittedError as error:
            raise StreamWaitsError(publisher, error.code) from None
        at = await self._door.log.drained(publisher)
        self._offsets[publisher] = at
        if order(at) < order(after):
            self.followers[publisher].rewind()
        await self._tell([_told(publisher, fault) for fault in faults or () if fault is not None])
        if len(entries) == MOST:
            await self._bound(publisher)

    def _traced(self, taken: _Taken) -> AbstractContextManager[Arriving]:
        tracing = self._door.tracing
        if tracing is None:
            return nullcontext(taken.events)
        return admitting(tracing, taken.events, taken.traces)

    async def _read(self, publisher: str, entries: Sequence[Mapping[bytes, bytes]]) -> _Taken:
        """What to do with each of the stream's next entries."""
        taken = _Taken()
        may_ask = True
        for fields in entries:
            token = fields.get(b"e", b"")
            # Requests are answered between two entries.
            await asyncio.sleep(0)
            try:
                jws = parsed(token)
                if may_ask and self._door.receipts.key(jws.kid) is None:
                    # Once a step: a stream full of unknown keys is not to be a stream of questions.
                    may_ask = False
                    await self._door.reading.catch_up()
                key = self._door.receipts.key(jws.kid)
                event = admissible(jws, token, key, self._door.origin)
                _is_of(publisher, event, "" if key is None else key.owner)
            except NotAdmittedError as error:
                self._door.metrics.turned_away(error.code)
                taken.answers.append(_told(publisher, error))
                continue
            stands = (await self._door.reading.standing_of([event])).get(event.hash)
            if stands is None:
                taken.events.append((event, to_ms(event.time)))
                taken.traces.append(fields.get(TRACEPARENT, b"").decode("ascii", "replace"))
            else:
                code = None if stands.refused is None else str(stands.refused["code"])
                outcome = "recorded" if code is None else "refused"
                again = Receipt(publisher, event.hash, outcome, code)
                taken.receipts.append((again, stands.position))
        return taken

    async def _bound(self, publisher: str) -> None:
        """Cut a stream that its publisher fills faster than it is drained; its own events are lost, and it is told."""
        stream = self._names.incoming(publisher)
        held = await self._client.memory_usage(stream, samples=8)
        if (held or 0) > MOST_BYTES:
            cut = await self._client.xtrim(stream, maxlen=0, approximate=False)
            log.warning("publisher_cut", publisher=publisher, entries=cut, held=held)
            facts: dict[str, object] = {"seconds": RETRY_SECONDS}
            await self._tell([_told(publisher, NotAdmittedError(Code.BUSY, facts))])

    async def _tell(self, answers: Sequence[UnloggedAnswer]) -> None:
        for told in answers:
            fields: dict[Any, Any] = {"hash": told.hash, "answer": told.answer}
            stream = self._names.receipts(told.publisher)
            await self._client.xadd(stream, fields, maxlen=RECEIPTS, approximate=True)


def _is_of(publisher: str, event: Admissible, owner: str) -> None:
    """Raise :class:`NotAdmittedError` unless the unit whose stream it is signed the event."""
    own = f"/units/{publisher}"
    if owner != own:
        facts: dict[str, object] = {"kid": event.kid, "given": owner, "expected": own}
        raise NotAdmittedError(Code.SOURCE_WRONG, facts, event=event.hash)


def _told(publisher: str, error: NotAdmittedError) -> UnloggedAnswer:
    document = problem(error.code, error.facts, event=error.event)
    return UnloggedAnswer(publisher, error.event or "", json.dumps(document, ensure_ascii=False))
