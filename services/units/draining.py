"""Draining of publishers' own streams: what a system adds to ``in:<publisher>`` enters like a request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from services.units.admission import Admissible, NotAdmittedError
from thidua.clock import to_ms
from thidua.errors import RetryError
from thidua.judging import order
from thidua.log import Drain, Receipt, UnloggedAnswer
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


class StreamWaitsError(RetryError):
    """Nothing can be stored now; what a publisher added stays in its stream."""

    def __init__(self, publisher: str, code: str) -> None:
        super().__init__(f"the stream of {publisher} waits: {code}")


@dataclass(slots=True)
class _Taken:
    """Entries of a stream: events to admit, answers to what is none, and receipts to tell again."""

    events: list[tuple[Admissible, int]] = field(default_factory=list)
    answers: list[UnloggedAnswer] = field(default_factory=list)
    receipts: list[tuple[Receipt, int]] = field(default_factory=list)


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
        taken = await self._read(publisher, fresh)
        drain = Drain(publisher, after, fresh[-1][0], taken.answers, taken.receipts)
        try:
            faults = await self._door.admit(taken.events, drain)
        except NotAdmittedError as error:
            raise StreamWaitsError(publisher, error.code) from None
        self._offsets[publisher] = await self._door.log.drained(publisher)
        for fault in faults or ():
            if fault is not None:
                await self._answer(_told(publisher, fault))

    async def _read(self, publisher: str, entries: list[RawEntry]) -> _Taken:
        """What to do with each of the stream's next entries."""
        taken = _Taken()
        for _, fields in entries:
            try:
                event = await self._checked(publisher, fields.get(b"e", b""))
            except NotAdmittedError as error:
                taken.answers.append(_told(publisher, error))
                continue
            stands = await self._door.standing(event.hash)
            if stands is None:
                taken.events.append((event, to_ms(event.time)))
            else:
                code = None if stands.refused is None else str(stands.refused["code"])
                outcome = "recorded" if code is None else "refused"
                again = Receipt(publisher, event.hash, outcome, code)
                taken.receipts.append((again, stands.position))
        return taken

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

    async def _answer(self, told: UnloggedAnswer) -> None:
        fields: dict[Any, Any] = {"hash": told.hash, "answer": told.answer}
        await self._client.xadd(
            self._names.receipts(told.publisher), fields, maxlen=1000, approximate=True
        )


def _told(publisher: str, error: NotAdmittedError) -> UnloggedAnswer:
    document = problem(error.code, error.facts, event=error.event)
    return UnloggedAnswer(publisher, error.event or "", json.dumps(document, ensure_ascii=False))
