"""The events of a checked workbook sent one after another, and what became of each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from thidua.excel.rules import Told
    from thidua.sending import PublisherClient


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one event: a state of the outbox, ``recorded`` when it stands in the log."""

    outcome: str
    hash: str
    document: dict[str, Any]

    @property
    def position(self) -> int | None:
        """Where it stands in the log."""
        return self.document.get("position")


class Sending(Protocol):
    """Whatever brings an event to the door and learns what became of it."""

    def send(self, told: Told) -> Sent:
        """Sign and send one event; raises nothing for a refusal or a door that is away."""


@dataclass(frozen=True, slots=True)
class OutboxSending:
    """
    Sends through a publisher's outbox, each event after the one before it was judged.

    The same rows are the same events: an import that was cut off is run again and says nothing twice.
    """

    client: PublisherClient

    def send(self, told: Told) -> Sent:
        """Queue the event, send it, and tell how far it came."""
        item = self.client.publish(told.type, told.subject, told.data, event_id=event_id(told))
        event_hash = item.signed.hash if item.signed is not None else ""
        return Sent(str(item.state), event_hash, item.answer or {})


def event_id(told: Told) -> str:
    """An id made of what the event says."""
    content = json.dumps([told.type, told.subject, told.data], sort_keys=True, ensure_ascii=False)
    return f"excel-{hashlib.sha256(content.encode()).hexdigest()[:40]}"


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
