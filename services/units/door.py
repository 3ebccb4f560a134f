"""
The door: the one way into the inboxes, over HTTP and from publishers' own streams.

It verifies and routes, sets the arrival, and answers; it judges nothing, and the one key it may hold signs
receipts and what the evidence store beside it says. What is not stored is not acknowledged.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import structlog
from redis.exceptions import RedisError

from services.units.admission import (
    Admissible,
    NotAdmittedError,
    arrival_of,
    each_admissible,
    parsed,
)
from services.units.door_answers import (
    RETRY_SECONDS,
    Answer,
    busy,
    judged,
    pending,
    problem_of,
    rehearsed,
)
from services.units.door_metrics import DoorMetrics
from services.units.limits import Client, Proofs, Rates
from services.units.reading import Reading
from thidua.clock import format_ms
from thidua.drafting import dry_run
from thidua.log import Admission, Admitted, Drain, Fenced, GateClosed, InboxFull
from thidua.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.log.redis_log import RedisLog
    from thidua.signing import ParsedJws, SigningKey
    from thidua.tracing import Tracing

log = structlog.get_logger(__name__)

T = TypeVar("T")
NOBODY: Final = Client()


class Door:
    """
    One replica of the door over one log; any number may run.

    ``most_waiting`` bounds every inbox (0: without bound); *key* signs receipts when the log registers it.
    """

    def __init__(
        self,
        event_log: RedisLog,
        *,
        origin: str,
        sandbox: bool,
        rates: Rates | None = None,
        proofs: Proofs | None = None,
        most_waiting: int = 0,
        key: SigningKey | None = None,
        metrics: DoorMetrics | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.log = event_log
        self.origin = origin
        self.sandbox = sandbox
        self.reading = Reading(event_log, origin=origin, sandbox=sandbox, key=key)
        self.receipts = self.reading.receipts
        self.rates = rates or Rates()
        self.proofs = proofs or Proofs()
        self.most_waiting = most_waiting
        self.metrics = metrics or DoorMetrics()
        self.tracing = tracing

    async def check(self, tokens: Sequence[bytes]) -> list[Admissible | NotAdmittedError]:
        """Per token the event in it when it may enter, or why it may not."""
        found: dict[int, Admissible | NotAdmittedError] = {}
        read: dict[int, ParsedJws] = {}
        for at, token in enumerate(tokens):
            try:
                read[at] = parsed(token)
            except NotAdmittedError as error:
                found[at] = error
        named = {jws.kid for jws in read.values()}
        if any(self.receipts.key(kid) is None for kid in named):
            await self.reading.catch_up()
        keys = {kid: self.receipts.key(kid) for kid in named}
        found |= each_admissible(read, tokens, keys, self.origin)
        return _in_order(found)

    async def welcome(
        self, tokens: Sequence[bytes], client: Client, arrival: str | None
    ) -> list[tuple[Admissible, int] | NotAdmittedError]:
        """Per token the event in it and its arrival when *client* may send it now, or why not."""
        found: list[tuple[Admissible, int] | NotAdmittedError] = []
        for event in await self.check(tokens):
            try:
                found.append(
                    event
                    if isinstance(event, NotAdmittedError)
                    else (event, self._may_send(event, client, arrival))
                )
            except NotAdmittedError as error:
                found.append(error)
        if client.visit is not None:
            client.visit.verified(found)
        return found

    def _may_send(self, event: Admissible, client: Client, arrival: str | None) -> int:
        """The arrival of an event that *client* may send now."""
        self.proofs.check(event.publisher, client, event.hash)
        self.rates.charge(event.publisher, len(event.jws), event.hash)
        return arrival_of(arrival, event, sandbox=self.sandbox)

    async def admit(
        self, events: Sequence[tuple[Admissible, int]], drain: Drain | None = None
    ) -> list[NotAdmittedError | None] | None:
        """
        Put events with their arrivals into their inboxes; per event why it was not.

        ``None`` when another replica has drained the stream. Raises :class:`NotAdmittedError`
        (``GATE_CLOSED``, ``BUSY``) when nothing was stored at all.
        """
        for event, _ in events:
            self.receipts.forget_answer(event.hash)
        places = await self._enter(events, "jws", drain)
        if places is None:
            return None
        placed = zip(places, events, strict=True)
        self.metrics.accepted(event.service for at, (event, _) in placed if isinstance(at, str))
        return [
            _backward(place, event, rx_ms) if isinstance(place, int) else None
            for place, (event, rx_ms) in zip(places, events, strict=True)
        ]

    async def _enter(
        self,
        events: Sequence[tuple[Admissible, int]],
        kind: Literal["jws", "dry"],
        drain: Drain | None = None,
    ) -> Sequence[str | int] | None:
        items = [
            Admission(event.service, event.subject, kind, event.jws, rx_ms, event.trace)
            for event, rx_ms in events
        ]
        try:
            with self.metrics.admit.time():
                answer = await self.log.admit(
                    items, sandbox=self.sandbox, drain=drain, most=self.most_waiting
                )
        except (RedisError, OSError) as error:
            log.warning("redis_away", error=type(error).__name__)
            raise busy() from None
        match answer:
            case Admitted(places=places):
                return places
            case Fenced():
                return None
            case InboxFull(service=service, waiting=waiting):
                log.warning("inbox_full", service=service, waiting=waiting)
                raise busy()
            case GateClosed():
                raise NotAdmittedError(Code.GATE_CLOSED, {"seconds": RETRY_SECONDS})

    async def take(
        self,
        tokens: Sequence[bytes],
        *,
        wait: float,
        arrival: str | None = None,
        client: Client = NOBODY,
    ) -> list[Answer]:
        """Per token an HTTP status and its document: a receipt, a problem, or where to ask later."""
        results: dict[int, Answer] = {}
        sent: dict[int, tuple[Admissible, int]] = {}
        for index, found in enumerate(await self.welcome(tokens, client, arrival)):
            if isinstance(found, NotAdmittedError):
                results[index] = self._turned_away(found)
            else:
                sent[index] = found
        standing = await self.reading.standing_of(event for event, _ in sent.values())
        entering = {at: one for at, one in sent.items() if one[0].hash not in standing}
        if entering:
            events = [*entering.values()]
            with client.visit.admitting(events) if client.visit else nullcontext(events) as traced:
                faults = await self.admit(traced)
            for index, fault in zip(entering, faults or (), strict=True):
                if fault is not None:
                    results[index] = self._turned_away(fault)
                    del sent[index]
        if wait > 0:
            awaited = [event.hash for event, _ in sent.values() if event.hash not in standing]
            await self.receipts.wait(awaited, wait)
            standing |= await self.reading.standing(awaited)
        for index, (event, _) in sent.items():
            told = self.reading.told(event.hash, standing.get(event.hash))
            results[index] = told or pending(event.hash)
        return _in_order(results)

    def _turned_away(self, error: NotAdmittedError) -> Answer:
        self.metrics.turned_away(error.code)
        return problem_of(error)

    async def rehearse(
        self,
        tokens: Sequence[bytes],
        *,
        wait: float,
        arrival: str | None = None,
        client: Client = NOBODY,
    ) -> list[Answer]:
        """
        Per token what sending it now would be answered; nothing is recorded and no ``seq`` is used.

        Each is judged on the state as it is, by the service that would. ``BUSY`` when that does not answer.
        """
        results: dict[int, Answer] = {}
        sent: dict[int, tuple[Admissible, int]] = {}
        for index, found in enumerate(await self.welcome(tokens, client, arrival)):
            if isinstance(found, NotAdmittedError):
                results[index] = problem_of(found)
            else:
                sent[index] = found
        standing = await self.reading.standing_of(event for event, _ in sent.values())
        entering: list[tuple[int, Admissible, int]] = []
        for index, (event, rx_ms) in sent.items():
            entry = standing.get(event.hash)
            if entry is None:
                entering.append((index, event, rx_ms))
            else:
                results[index] = judged(event.hash, entry)
        runs: dict[int, tuple[str, Admissible]] = {}
        if entering:
            places = await self._enter([(event, rx_ms) for _, event, rx_ms in entering], "dry")
            for (index, event, rx_ms), place in zip(entering, places or (), strict=True):
                if isinstance(place, int):
                    results[index] = problem_of(_backward(place, event, rx_ms))
                else:
                    runs[index] = dry_run(event.service, place), event
        await self.receipts.wait([run for run, _ in runs.values()], wait)
        for index, (run, event) in runs.items():
            results[index] = await self._rehearsed(run, event)
        return [(status, {**told, "dry_run": True}) for status, told in _in_order(results)]

    async def _rehearsed(self, run: str, event: Admissible) -> Answer:
        told = self.receipts.answer(run)
        self.receipts.forget_answer(run)
        # Inbox numbers begin anew in a log that was restored: an answer must be about this very event.
        if told is None or told.trial is None or told.trial["hash"] != event.hash:
            return problem_of(busy(event.hash))
        match told.trial["outcome"]:
            case "known":
                await self.reading.catch_up()
                return await self._stands(event.hash)
            case "answered":
                return problem_of(NotAdmittedError(Code(told.code), told.facts, event=event.hash))
            case _:
                return rehearsed(event.hash, told)

    async def _stands(self, event_hash: str) -> Answer:
        return await self.reading.result(event_hash) or pending(event_hash)


def _backward(seen_ms: int, event: Admissible, rx_ms: int) -> NotAdmittedError:
    facts: dict[str, object] = {
        "given": format_ms(rx_ms),
        "expected": f">= {format_ms(seen_ms)}",
    }
    return NotAdmittedError(Code.CLOCK_BACKWARD, facts, event=event.hash)


def _in_order(results: dict[int, T]) -> list[T]:
    return [results[index] for index in range(len(results))]
