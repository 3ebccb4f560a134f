"""The events of a checked workbook signed and sent one after another, and what became of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from thidua.contracts import service_of
from thidua.publishing import DoorUnreachableError
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from thidua.excel.rules import Told
    from thidua.publishing import DoorClient, Publisher, Reply

ATTEMPTS: Final = 6
_FIRST_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one event: ``recorded``, ``refused``, ``answered`` (not taken) or ``unknown`` (no answer)."""

    outcome: str
    hash: str
    document: dict[str, Any]

    @property
    def position(self) -> int | None:
        """Where it stands in the log."""
        return self.document.get("position")


class Sending(Protocol):
    """Whatever signs an event, brings it to the door and learns what became of it."""

    def send(self, told: Told) -> Sent:
        """Sign and send one event; raises nothing for a refusal or a door that is away."""


@dataclass(slots=True)
class DoorSending:
    """
    Signs with one key and sends over HTTP, each event after the one before it was judged.

    A door that is away or busy gets the very same bytes again, so nothing is recorded twice.
    """

    client: DoorClient
    publisher: Publisher
    pause: Callable[[float], object] = time.sleep
    _known: set[str] = field(default_factory=set)

    def send(self, told: Told) -> Sent:
        """Sign the next event of the chain, send it, and wait until it is judged."""
        service = service_of(told.type) or ""
        if service not in self._known:
            self.publisher.heads[service] = self.client.head(self.publisher.kid, service)
            self._known.add(service)
        jws = self.publisher.sign(told.type, told.subject, told.data)
        event_hash = parse_jws(jws).hash
        reply = self._answer(lambda: self.client.send(jws))
        if reply is not None and reply.outcome == "pending":
            reply = self._answer(lambda: self.client.receipt(event_hash))
        if reply is None:
            return Sent("unknown", event_hash, {})
        if reply.in_log:
            self.publisher.entered(told.type, jws)
        return Sent(reply.outcome, event_hash, reply.document)

    def _answer(self, ask: Callable[[], Reply]) -> Reply | None:
        reply: Reply | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                self.pause(_FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                reply = ask()
            except DoorUnreachableError:
                reply = None
            if reply is not None and (reply.in_log or not reply.document.get("retryable")):
                return reply
        return reply


def send_all(
    events: Sequence[Told], sending: Sending, told: Callable[[int, Sent], object] | None = None
) -> list[Sent]:
    """
    Send events in order and stop at the first that is not recorded; what stands before it stays recorded.

    *told* hears of each.
    """
    results: list[Sent] = []
    for number, event in enumerate(events):
        sent = sending.send(event)
        results.append(sent)
        if told is not None:
            told(number, sent)
        if sent.outcome != "recorded":
            break
    return results
