"""
The door: the one way into the inboxes, over HTTP and from publishers' own streams.

It verifies and routes, sets the arrival, and answers; it judges nothing, and the one key it may hold signs
receipts and what the evidence store beside it says. What is not stored is not acknowledged.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import structlog
from redis.exceptions import RedisError

from services.units.admission import (
    Admissible,
    NotAdmittedError,
    arrival_of,
    each_admissible,
    parsed,
)
from services.units.door_metrics import DoorMetrics
from services.units.limits import Client, Proofs, Rates
from services.units.receipts import Receipts, Told, receipt, rehearsed
from thidua.clock import format_ms
from thidua.contracts import SERVICES
from thidua.drafting import dry_run
from thidua.knowledge import own_source
from thidua.log import Admission, Admitted, Drain, Fenced, GateClosed, InboxFull, read_entry
from thidua.receipts import DOOR, Receipt, hash_in, sign_receipt
from thidua.refusals import Code, problem
from thidua.signing import ParsedJws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.log import Entry
    from thidua.log.redis_log import RedisLog
    from thidua.signing import SigningKey
    from thidua.stream import RawEntry
    from thidua.tracing import Tracing

log = structlog.get_logger(__name__)

PAGE: Final = 1000
RETRY_SECONDS: Final = 2
"""After how long it is worth sending again what was not stored."""
T = TypeVar("T")
Answer = tuple[int, dict[str, Any]]
"""An HTTP status and its document."""
NOBODY: Final = Client()
FOLLOWERS: Final = (*SERVICES, "projector", "archive")


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
        self.receipts = Receipts()
        self.answered_to = "0-0"
        self.rates = rates or Rates()
        self.proofs = proofs or Proofs()
        self.most_waiting = most_waiting
        self.metrics = metrics or DoorMetrics()
        self.tracing = tracing
        self._key = key
        self._lock = asyncio.Lock()

    async def catch_up(self) -> None:
        """Take in the log to its end."""
        async with self._lock:
            while page := await self.log.read(self.receipts.position, PAGE):
                for entry in page:
                    self.receipts.take(entry)

    async def from_log(self, entries: list[RawEntry]) -> None:
        """Take in what stands in the log since the last time."""
        async with self._lock:
            for stream_id, fields in entries:
                position = int(stream_id.partition("-")[0])
                if position == self.receipts.position + 1:
                    self.receipts.take(read_entry(position, fields[b"e"]))

    async def from_answers(self, entries: list[RawEntry]) -> None:
        """Take in what the services have answered without an entry."""
        for _, fields in entries:
            answer = json.loads(fields[b"answer"])
            told = Told(answer["code"], answer["facts"], answer.get("trial"))
            self.receipts.answered(fields[b"hash"].decode(), told)
        self.answered_to = entries[-1][0]

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
            await self.catch_up()
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
        entering: list[tuple[int, Admissible, int]] = []
        hashes: dict[int, str] = {}
        for index, found in enumerate(await self.welcome(tokens, client, arrival)):
            if isinstance(found, NotAdmittedError):
                results[index] = self._turned_away(found)
                continue
            event, rx_ms = found
            if self.receipts.place(event.hash) is None:
                entering.append((index, event, rx_ms))
            hashes[index] = event.hash
        if entering:
            events = [(event, rx_ms) for _, event, rx_ms in entering]
            with client.visit.admitting(events) if client.visit else nullcontext(events) as traced:
                faults = await self.admit(traced)
            for (index, _, _), fault in zip(entering, faults or (), strict=True):
                if fault is not None:
                    results[index] = self._turned_away(fault)
                    del hashes[index]
        if wait > 0:
            await self.receipts.wait(hashes.values(), wait)
        for index, event_hash in hashes.items():
            results[index] = await self.result(event_hash) or _pending(event_hash)
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
        entering: list[tuple[int, Admissible, int]] = []
        for index, found in enumerate(await self.welcome(tokens, client, arrival)):
            if isinstance(found, NotAdmittedError):
                results[index] = problem_of(found)
                continue
            event, rx_ms = found
            if self.receipts.place(event.hash) is None:
                entering.append((index, event, rx_ms))
            else:
                results[index] = await self._stands(event.hash)
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
                await self.catch_up()
                return await self._stands(event.hash)
            case "answered":
                return problem_of(NotAdmittedError(Code(told.code), told.facts, event=event.hash))
            case _:
                return rehearsed(event.hash, told)

    async def _stands(self, event_hash: str) -> Answer:
        return await self.result(event_hash) or _pending(event_hash)

    async def standing(self, event_hash: str) -> Entry | None:
        """The entry in which an event stands; ``None`` when it is not in the log."""
        place = self.receipts.place(event_hash)
        if place is None:
            return None
        found = await self.log.read(place - 1, 1)
        return found[0] if found and found[0].position == place else None

    async def signed(self, event_hash: str) -> str | None:
        """
        The receipt of an event of the log as compact JWS; ``None`` when it is not in the log.

        Raises :class:`NotAdmittedError` (``RECEIPT_UNSIGNED``) while the log registers no key of this door.
        """
        entry = await self.standing(event_hash)
        if entry is None:
            return None
        if self._key is not None:
            kid = self.receipts.name_of(own_source(DOOR), self._key.verifying_key.spki)
            if kid is not None:
                return sign_receipt(Receipt.of(self.origin, event_hash, entry), self._key, kid)
        raise NotAdmittedError(Code.RECEIPT_UNSIGNED, {"given": event_hash}, event=event_hash)

    async def receipts_of(
        self, publisher: str, after: int, most: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """A page of a publisher's receipts after a position, and after which the next page begins."""
        places = self.receipts.positions_of(publisher, after, most + 1)
        entries = await self.log.read_at(places[:most])
        return [receipt(hash_in(entry), entry) for entry in entries], (
            places[most - 1] if len(places) > most else None
        )

    async def result(self, event_hash: str) -> Answer | None:
        """What became of an event, ``None`` when nothing is known of it."""
        entry = await self.standing(event_hash)
        if entry is not None:
            told = receipt(event_hash, entry)
            if told["outcome"] == "recorded":
                return HTTPStatus.OK, told
            # One status says that a refusal stands in the log; the code says which.
            return HTTPStatus.UNPROCESSABLE_ENTITY, told
        answer = self.receipts.answer(event_hash)
        if answer is not None:
            return problem_of(NotAdmittedError(Code(answer.code), answer.facts, event=event_hash))
        return None

    async def status(self) -> dict[str, Any]:
        """How far the log and everybody who follows it are."""
        followed = await self.log.followed()
        pending = {service: await self.log.pending(service) for service in SERVICES}
        tail = await self.log.tail()
        gate = await self.log.gate()
        quiet = not any(pending.values()) and all(followed.get(name) == tail for name in FOLLOWERS)
        return {
            "origin": self.origin,
            "sandbox": self.sandbox,
            "position": tail,
            "clock": format_ms(self.receipts.clock_ms) if self.receipts.clock_ms else None,
            "gate": "open" if gate.is_open else "closed",
            "followed": followed,
            "inboxes": pending,
            "quiet": quiet,
        }

    async def heads(self, kid: str, service: str | None) -> dict[str, Any]:
        """Where a key's chain with each service stands."""
        wanted = SERVICES if service is None else (service,)
        heads = {}
        for name in wanted:
            text = await self.log.chain(f"{name}/{kid}")
            seq, _, last = text.partition(" ")
            heads[name] = {"seq": int(seq or 0), "hash": last or None}
        return {"kid": kid, "heads": heads}


def problem_of(error: NotAdmittedError) -> Answer:
    """The status and the problem document of what the door would not admit."""
    document = problem(error.code, error.facts, event=error.event)
    if error.event is not None:
        document["hash"] = error.event
    return int(document["status"]), {**document, "outcome": "answered"}


def _pending(event_hash: str) -> Answer:
    return 202, {"hash": event_hash, "status": "pending", "receipt": f"/v1/receipts/{event_hash}"}


def busy(event: str | None = None) -> NotAdmittedError:
    """Nothing can be stored or judged just now."""
    return NotAdmittedError(Code.BUSY, {"seconds": RETRY_SECONDS}, event=event)


def _backward(seen_ms: int, event: Admissible, rx_ms: int) -> NotAdmittedError:
    facts: dict[str, object] = {
        "given": format_ms(rx_ms),
        "expected": f">= {format_ms(seen_ms)}",
    }
    return NotAdmittedError(Code.CLOCK_BACKWARD, facts, event=event.hash)


def _in_order(results: dict[int, T]) -> list[T]:
    return [results[index] for index in range(len(results))]
