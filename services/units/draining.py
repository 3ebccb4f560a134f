"""Draining of publishers' own streams: what a system adds to ``in:<publisher>`` enters like a request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog

from services.units.admission import Admissible, NotAdmittedError
from thidua.clock import to_ms
from thidua.judging import order
from thidua.log import Drain
from thidua.refusals import Code, problem
from thidua.stream import Follower

if TYPE_CHECKING:
    from faststream.redis import RedisBroker
    from redis.asyncio import Redis

    from services.units.door import Door
    from thidua.log import Names
    from thidua.stream import RawEntry, Take

log = structlog.get_logger(__name__)

MOST = 100


class Draining:
    """
    A follower per publisher's stream; publishers that are registered later get theirs without a restart.

    One publisher's garbage is answered on its own receipts and holds up nobody else.
    """

    def __init__(self, broker: RedisBroker, client: Redis, names: Names, door: Door) -> None:
        self._broker = broker
        self._client = client
        self._names = names
        self._door = door
        self._offsets: dict[str, str] = {}
        self.followers: dict[str, Follower] = {}

    async def refresh(self, *, start: bool) -> None:
        """Follow every publisher that has a key by now."""
        for publisher in sorted(self._door.receipts.publishers() - self.followers.keys()):
            self._offsets[publisher] = await self._door.log.drained(publisher)
            follower = Follower(
                self._broker,
                self._names.incoming(publisher),
                self._taker(publisher),
                lambda publisher=publisher: self._offsets[publisher],  # type: ignore[misc]
                most=MOST,
            )
            follower.rewind()
            self.followers[publisher] = follower
            if start:
                await follower.subscriber.start()
            log.info("publisher_followed", publisher=publisher)

    def _taker(self, publisher: str) -> Take:
        async def take(entries: list[RawEntry]) -> None:
            await self._drain(publisher, entries)

        return take

    async def _drain(self, publisher: str, entries: list[RawEntry]) -> None:
        after = self._offsets[publisher]
        fresh = [entry for entry in entries if order(entry[0]) > order(after)]
        if not fresh:
            return
        events: list[tuple[Admissible, int]] = []
        for _, fields in fresh:
            try:
                event = await self._checked(publisher, fields.get(b"e", b""))
            except NotAdmittedError as error:
                await self._answer(publisher, error)
            else:
                events.append((event, to_ms(event.time)))
        last = fresh[-1][0]
        faults = await self._door.admit(events, Drain(publisher, after, last))
        self._offsets[publisher] = await self._door.log.drained(publisher)
        for fault in faults:
            if fault is not None:
                await self._answer(publisher, fault)

    async def _checked(self, publisher: str, token: bytes) -> Admissible:
        event = await self._door.check(token)
        if event.publisher != publisher:
            facts: dict[str, object] = {
                "kid": event.kid,
                "given": event.publisher,
                "expected": publisher,
            }
            raise NotAdmittedError(Code.SOURCE_WRONG, facts, event=event.hash)
        return event

    async def _answer(self, publisher: str, error: NotAdmittedError) -> None:
        document = problem(error.code, error.facts, event=error.event)
        fields: dict[Any, Any] = {
            "hash": error.event or "",
            "answer": json.dumps(document, ensure_ascii=False),
        }
        await self._client.xadd(
            self._names.receipts(publisher), fields, maxlen=1000, approximate=True
        )
