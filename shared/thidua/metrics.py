"""
What a process counts and shows to Prometheus: a registry for each app, nothing global, nothing of a person.

On the hot path a batch is counted, never an event: the cost is a few microseconds for each. What can be
asked (the log's end, the gate, the server's memory) is asked when the page is read. Names are permanent,
as alarms and dashboards of others hang on them.
"""

from __future__ import annotations

import shutil
from collections import Counter as Tally
from functools import partial
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from redis.exceptions import RedisError

from thidua.clock import WallClock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from thidua.log import AppendAnswer, AppendRequest
    from thidua.log.redis_log import RedisLog

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds, in seconds, of what one batch takes."""
CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


class Figures:
    """A registry of its own with what every process shows; ``page`` writes it down."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.ready = self.gauge("ready", "1 while the process can do its work")

    def gauge(self, name: str, says: str, *labels: str) -> Gauge:
        """A gauge of this registry; names begin with ``thidua_``."""
        return Gauge(f"thidua_{name}", says, labels, registry=self.registry)

    def counter(self, name: str, says: str, *labels: str) -> Counter:
        """A counter of this registry; its name ends in ``_total``."""
        return Counter(f"thidua_{name}", says, labels, registry=self.registry)

    def seconds(self, name: str, says: str) -> Histogram:
        """A histogram of what one batch takes; its name ends in ``_seconds``."""
        return Histogram(f"thidua_{name}_seconds", says, registry=self.registry, buckets=SECONDS)

    def watch_disk(self, folders: Mapping[str, Path]) -> None:
        """Show the size and the free room of the disks under *folders*, by their short names."""
        free = self.gauge("disk_free_bytes", "free room under a folder", "folder")
        size = self.gauge("disk_size_bytes", "size of the disk under a folder", "folder")
        for name, folder in folders.items():
            free.labels(name).set_function(partial(_free, folder))
            size.labels(name).set_function(partial(_size, folder))

    def page(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


class Metrics(Figures):
    """
    What every process shows that reaches the log: its end and gate, and how far it was followed.

    ``look`` asks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clock = WallClock()
        self._redis_up = self.gauge("redis_up", "1 while Redis answers")
        self._gate = self.gauge("gate_open", "1 while the log is open for writing")
        self._tail = self.gauge("log_position", "last position of the log")
        self._position = self.gauge(
            "followed_position", "position up to which a follower took the log in", "follower"
        )
        self._lag = self.gauge("lag_entries", "entries a follower has not taken in", "follower")
        self._halted = self.gauge("halted", "1 when a follower stopped for good", "follower")
        self._memory = self.gauge("redis_memory_bytes", "memory Redis uses")
        self._most_memory = self.gauge("redis_memory_most_bytes", "at which Redis refuses to write")
        self._writes = self.gauge("redis_writes_ok", "1 while Redis can write its append-only file")
        self._offset = self.gauge("clock_offset_seconds", "this clock minus the one of Redis")

    async def look(
        self,
        event_log: RedisLog,
        positions: Mapping[str, int],
        faults: Collection[str],
        halted: Iterable[str] = (),
        *,
        answers: bool = True,
    ) -> None:
        """
        Ask the log, and take down how far who follows it is, what keeps the process from work, who stopped for good.

        A server that was just found not to answer is not asked: whoever reads the page waits a few seconds at most.
        """
        self.ready.set(not faults)
        stopped = set(halted)
        for name, position in positions.items():
            self._position.labels(name).set(position)
            self._halted.labels(name).set(name in stopped)
        self._redis_up.set(0)
        self._gate.set(0)
        if not answers:
            return
        try:
            tail = await event_log.tail()
            gate = await event_log.gate()
            info = await event_log.client.info()
            seconds, micros = await event_log.client.time()
        except (RedisError, OSError):
            return
        self._redis_up.set(1)
        self._gate.set(gate.is_open)
        self._tail.set(tail)
        for name, position in positions.items():
            self._lag.labels(name).set(max(0, tail - position))
        self._memory.set(info.get("used_memory", 0))
        self._most_memory.set(info.get("maxmemory", 0))
        self._writes.set(info.get("aof_last_write_status", "ok") == "ok")
        self._offset.set(self._clock.now_ms() / 1000 - (seconds + micros / 1e6))


class DecidingMetrics(Metrics):
    """What a deciding service counts besides: what became of its inbox, and how long that took."""

    def __init__(self) -> None:
        super().__init__()
        self._recorded = self.counter("recorded_total", "events recorded, own ones included")
        self._refused = self.counter("refused_total", "events refused in the log", "code")
        self._answered = self.counter("answered_total", "events answered outside the log", "code")
        self._again = self.counter("judged_again_total", "batches judged again, by why", "reason")
        self.judge = self.seconds("judge", "judging one batch")
        self.append = self.seconds("append", "one append, while the next batch is read")

    def appended(self, request: AppendRequest) -> None:
        """A batch was written."""
        codes = Tally(entry.receipt.code for entry in request.entries if entry.receipt is not None)
        own = sum(entry.receipt is None for entry in request.entries)
        self._recorded.inc(own + codes.pop(None, 0))
        for code, count in codes.items():
            self._refused.labels(str(code)).inc(count)

    def answered(self, codes: Iterable[str]) -> None:
        """Publishers were told of events that did not enter the log."""
        for code, count in Tally(codes).items():
            self._answered.labels(code).inc(count)

    def not_appended(self, answer: AppendAnswer) -> None:
        """A batch was not written."""
        self._again.labels(type(answer).__name__.lower()).inc()


def _free(folder: Path) -> float:
    return shutil.disk_usage(_existing(folder)).free


def _size(folder: Path) -> float:
    return shutil.disk_usage(_existing(folder)).total


def _existing(folder: Path) -> Path:
    whole = folder.absolute()
    return next(path for path in (whole, *whole.parents) if path.exists())
