"""What the door counts and shows besides: what came in, what was turned away, inboxes, streams and evidence."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING, Any

from thidua.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from thidua.refusals import Code


class DoorMetrics(Metrics):
    """The figures of one replica of the door; no publisher is told apart."""

    def __init__(self) -> None:
        super().__init__()
        self._accepted = self.counter("accepted_total", "events put in an inbox", "service")
        self._turned = self.counter("turned_away_total", "events that may not enter", "code")
        self.admit = self.seconds("admit", "putting one batch in its inboxes")
        self._waiting = self.gauge("inbox_waiting", "inbox entries not consumed", "service")
        self._streams = self.gauge("direct_streams", "publishers' own streams that are drained")
        self._stuck = self.gauge("direct_streams_stuck", "of these, how many cannot be drained now")
        self._last = self.gauge(
            "last_arrival_timestamp_seconds", "latest arrival in the log, since 1970"
        )

    def accepted(self, services: Iterable[str]) -> None:
        """Events entered these services' inboxes."""
        for service, count in Tally(services).items():
            self._accepted.labels(service).inc(count)

    def turned_away(self, code: Code) -> None:
        """An event was answered, and entered nothing."""
        self._turned.labels(str(code)).inc()

    def watch_evidence(
        self, is_blocked: Callable[[], bool], on_their_way: Callable[[], int]
    ) -> None:
        """Show whether files cannot be stored just now, and how many are not stored yet."""
        blocked = self.gauge("evidence_blocked", "1 while files of evidence cannot be stored")
        waiting = self.gauge("evidence_waiting", "files on their way into the store")
        blocked.set_function(is_blocked)
        waiting.set_function(on_their_way)

    def take_down(self, status: Mapping[str, Any], *, last_ms: int) -> None:
        """What waits in the inboxes by the door's own status, and the latest arrival."""
        for service, waiting in status["inboxes"].items():
            self._waiting.labels(service).set(waiting)
        self._last.set(last_ms / 1000)

    def streams(self, drained: int, stuck: int) -> None:
        """How many publishers' own streams there are, and how many of them cannot be drained."""
        self._streams.set(drained)
        self._stuck.set(stuck)
