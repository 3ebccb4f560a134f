"""
The door: the one way into the inboxes, over HTTP and from publishers' own streams.

It verifies and routes, sets the arrival, and answers; it judges nothing, and signs nothing but what the
evidence store beside it says. What is not stored is not acknowledged.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from services.units.admission import Admissible, NotAdmittedError, admissible, arrival_of, parsed
from services.units.receipts import Receipts, Told, receipt
from thidua.clock import format_ms
from thidua.contracts import SERVICES
from thidua.log import Admission, Admitted, Drain, Fenced, read_entry
from thidua.refusals import Code, problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.log.redis_log import RedisLog
    from thidua.signing import ParsedJws
    from thidua.stream import RawEntry

log = structlog.get_logger(__name__)

PAGE: Final = 1000
RETRY_SECONDS: Final = 2
"""After how long it is worth sending again what was not stored."""
FOLLOWERS: Final = (*SERVICES, "projector", "archive")


class Door:
    """One replica of the door over one log; any number may run."""

    def __init__(self, event_log: RedisLog, *, origin: str, sandbox: bool) -> None:
        self.log = event_log
        self.origin = origin
        self.sandbox = sandbox
        self.receipts = Receipts()
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
            self.receipts.answered(fields[b"hash"].decode(), Told(answer["code"], answer["facts"]))

    async def check(self, token: bytes) -> Admissible:
        """The event in *token* when it may enter; raises :class:`NotAdmittedError` when it may not."""
        jws: ParsedJws = parsed(token)
        if self.receipts.key(jws.kid) is None:
            await self.catch_up()
        return admissible(jws, token, self.receipts.key(jws.kid), self.origin)

    async def admit(
        self, events: Sequence[tuple[Admissible, int]], drain: Drain | None = None
    ) -> list[NotAdmittedError | None]:
        """
        Put events with their arrivals into their inboxes; per event why it was not.

        Raises :class:`NotAdmittedError` (``GATE_CLOSED``, ``BUSY``) when nothing was stored at all.
        """
        items = [
            Admission(event.service, event.subject, "jws", event.jws, rx_ms)
            for event, rx_ms in events
        ]
        for event, _ in events:
            self.receipts.forget_answer(event.hash)
        try:
            answer = await self.log.admit(items, sandbox=self.sandbox, drain=drain)
        except (RedisError, OSError) as error:
            log.warning("redis_away", error=type(error).__name__)
            raise NotAdmittedError(Code.BUSY, {"seconds": RETRY_SECONDS}) from None
        match answer:
            case Admitted(places=places):
                return [
                    None
                    if isinstance(place, str)
                    else NotAdmittedError(
                        Code.CLOCK_BACKWARD,
                        {"given": format_ms(rx_ms), "expected": f">= {format_ms(place)}"},
                        event=event.hash,
                    )
                    for place, (event, rx_ms) in zip(places, events, strict=True)
                ]
            case Fenced():
                return []
            case _:
                raise NotAdmittedError(Code.GATE_CLOSED, {"seconds": RETRY_SECONDS})

    async def take(
        self, tokens: Sequence[bytes], *, wait: float, arrival: str | None = None
    ) -> list[tuple[int, dict[str, Any]]]:
        """Per token an HTTP status and its document: a receipt, a problem, or where to ask later."""
        results: list[tuple[int, dict[str, Any]] | None] = [None] * len(tokens)
        entering: list[tuple[int, Admissible, int]] = []
        hashes: dict[int, str] = {}
        for index, token in enumerate(tokens):
            try:
                event = await self.check(token)
                rx_ms = arrival_of(arrival, event, sandbox=self.sandbox)
                if self.receipts.place(event.hash) is None:
                    entering.append((index, event, rx_ms))
                hashes[index] = event.hash
            except NotAdmittedError as error:
                results[index] = problem_of(error)
        if entering:
            faults = await self.admit([(event, rx_ms) for _, event, rx_ms in entering])
            for (index, _, _), fault in zip(entering, faults, strict=True):
                if fault is not None:
                    results[index] = problem_of(fault)
                    del hashes[index]
        if wait > 0:
            await self.receipts.wait(hashes.values(), wait)
        for index, event_hash in hashes.items():
            results[index] = await self.result(event_hash) or _pending(event_hash)
        return [result for result in results if result is not None]

    async def result(self, event_hash: str) -> tuple[int, dict[str, Any]] | None:
        """What became of an event, ``None`` when nothing is known of it."""
        place = self.receipts.place(event_hash)
        if place is not None:
            found = await self.log.read(place - 1, 1)
            if found and found[0].position == place:
                told = receipt(event_hash, found[0])
                if told["outcome"] == "recorded":
                    return HTTPStatus.OK, told
                # One status says that a refusal stands in the log; the code says which.
                status = HTTPStatus.UNPROCESSABLE_ENTITY
                return status, {**told, "status": int(status)}
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


def problem_of(error: NotAdmittedError) -> tuple[int, dict[str, Any]]:
    """The status and the problem document of what the door would not admit."""
    document = problem(error.code, error.facts, event=error.event)
    if error.event is not None:
        document["hash"] = error.event
    return int(document["status"]), {**document, "outcome": "answered"}


def _pending(event_hash: str) -> tuple[int, dict[str, Any]]:
    return 202, {"hash": event_hash, "status": "pending", "receipt": f"/v1/receipts/{event_hash}"}
