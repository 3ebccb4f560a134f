"""The highest rate that a machine holds from the door to the read models: it is looked for, then held for as long as asked."""

from __future__ import annotations

import json
import math
import sqlite3
import sys
import threading
import time
from bisect import bisect_left
from collections import deque
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import TYPE_CHECKING, Final

import psutil
import redis

from services.processes import ALL
from tests.bench.door import MOST_YEARS, post, requests
from tests.bench.measures import bench, cpu_seconds
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.figures import Report
    from tests.bench.measures import Bench

SENDERS: Final = 2
EACH: Final = 20
"""Events in one request."""
MOST_RATE: Final = 6_000
"""Events a second for which the load has years enough."""
WINDOW: Final = 2_000
"""While the rate is looked for: events that may be on their way."""
SHARES: Final = (0.95, 0.85, 0.75, 0.65, 0.5)
"""Of what went through without a pause; the first of them that is held is the rate."""
LOOKING: Final = (5.0, 30.0)
LATE_SECONDS: Final = 1.0
"""A rate is held when in the end nothing is later than this."""
REACHED: Final = 0.98
"""… and the senders got through so much of it."""
WATCH_SECONDS: Final = 0.005
PATIENCE: Final = 300.0


def load_held(report: Report, folder: Path, seconds: float) -> None:
    """Take the figures of a load of *seconds* on a log of its own, every process at work on this machine."""
    looking = min(max(seconds / 10, LOOKING[0]), LOOKING[1])
    most = int(MOST_RATE * (seconds + (1 + len(SHARES)) * looking))
    with bench(folder, min(most, MOST_YEARS)) as on:
        on.system.environment |= {"THIDUA_RATE_EVENTS": "0", "THIDUA_RATE_BYTES": "0"}
        with on.running() as system, _flow(on, most) as flow:
            through = flow.run(looking, math.inf)
            flow.settle()
            report.add("door to read model, without a pause", "events/s", [through])
            for share in SHARES:
                rate = share * through
                visible, waiting = flow.run(looking, rate), flow.waiting()
                sent = visible + waiting / looking
                held = waiting <= rate * LATE_SECONDS and sent >= rate * REACHED
                flow.settle()
                print(f"· {rate:,.0f} events/s held: {held}", file=sys.stderr, flush=True)
                if held:
                    break
            processes = {name: psutil.Process(system.running[name].pid) for name in ALL}
            processes |= {"Valkey": psutil.Process(on.valkey.pid)}
            processes["the publishers"] = psutil.Process()
            flow.forget()
            spent = {name: cpu_seconds(one) for name, one in processes.items()}
            first = flow.run(seconds / 2, rate)
            half = {name: one.memory_info().rss for name, one in processes.items()}
            second = flow.run(seconds / 2, rate)
            waiting = flow.waiting()
            whole = {name: one.memory_info().rss for name, one in processes.items()}
            flow.settle()
            spent = {name: cpu_seconds(one) - spent[name] for name, one in processes.items()}
            cuts = quantiles(flow.latencies(), n=100)
    told = f"door to read model, held for {seconds:,.0f} s"
    report.add(told, "events/s", [first, second], at_least=rate * REACHED)
    report.add("… accepted to visible, p50", "ms", [cuts[49]])
    report.add("… accepted to visible, p99", "ms", [cuts[98]])
    report.add("… not visible when the load ends", "events", [waiting], at_most=rate * LATE_SECONDS)
    events = (first + second) * seconds / 2
    for name, took in spent.items():
        report.add(f"… CPU of {name}", "µs/event", [took / events * 1e6])
    for name, size in whole.items():
        report.add(
            f"… RSS of {name}, half-way and at the end", "MB", [half[name] / 1e6, size / 1e6]
        )
        each = (size - half[name]) / (second * seconds / 2)
        report.add(f"… growth of {name} over the second half", "bytes/event", [each])


@dataclass(slots=True)
class _Flow:
    """Senders at a pace, and a watcher of what has become visible."""

    on: Bench
    url: str
    base: int
    visible: int = 0
    seen: list[tuple[float, int]] = field(default_factory=list)
    accepted: deque[tuple[float, str]] = field(default_factory=deque)
    sent: list[int] = field(default_factory=lambda: [0] * SENDERS)
    posts: list[Iterator[tuple[str, bytes, int]]] = field(default_factory=list)

    def waiting(self) -> int:
        """How many events were accepted and are not visible."""
        return max(0, sum(self.sent) - (self.visible - self.base))

    def run(self, seconds: float, rate: float) -> float:
        """Send *rate* events a second for so long, or as many as go through; how many a second became visible."""
        began, before = time.perf_counter(), self.visible
        senders = [
            threading.Thread(target=self._send, args=(number, began, seconds, rate / SENDERS))
            for number in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        return (self.visible - before) / (time.perf_counter() - began)

    def _send(self, number: int, began: float, seconds: float, rate: float) -> None:
        sent = 0
        for arrival, body, count in self.posts[number]:
            due = began + sent / rate
            while (pause := due - time.perf_counter()) > 0 or (
                math.isinf(rate) and self.waiting() > WINDOW
            ):
                time.sleep(max(pause, WATCH_SECONDS))
            post(self.url, [(arrival, body, count)])
            last = parse_jws(json.loads(body)[-1].encode()).hash
            self.accepted.append((time.perf_counter(), last))
            self.sent[number] += count
            sent += count
            if time.perf_counter() - began > seconds:
                return
        raise AssertionError("the load was too short")

    def settle(self) -> None:
        """Return when everything is visible."""
        deadline = time.monotonic() + PATIENCE
        while self.waiting():
            if time.monotonic() > deadline:
                raise TimeoutError(self.waiting())
            time.sleep(WATCH_SECONDS)

    def forget(self) -> None:
        """Count from here on."""
        self.accepted.clear()
        self.seen = self.seen[-1:]

    def watch(self, over: threading.Event) -> None:
        """Note when the read models stand where."""
        with closing(sqlite3.connect(self.on.folder / "reporting.sqlite3")) as rows:
            while not over.wait(WATCH_SECONDS):
                at = rows.execute("select max(position) from generation").fetchone()[0]
                if at > self.visible:
                    self.visible = int(at)
                    self.seen.append((time.perf_counter(), self.visible))

    def latencies(self) -> list[float]:
        """Per request since last forgotten the milliseconds from its acceptance to its last event's row."""
        wanted = {event_hash: moment for moment, event_hash in self.accepted}
        positions = [position for _, position in self.seen]
        found = []
        for position, event_hash in _hashes(self.on, after=positions[0]):
            if (moment := wanted.get(event_hash)) is not None:
                found.append(1000 * (self.seen[bisect_left(positions, position)][0] - moment))
        if len(found) != len(wanted):
            raise AssertionError(f"{len(wanted)} were accepted, {len(found)} are in the log")
        return found


@contextmanager
def _flow(on: Bench, most: int) -> Iterator[_Flow]:
    with redis.Redis.from_url(on.valkey.url) as client:
        base = int(client.xlen(on.names.log))
    codes = [
        code for code, one in on.cluster.publishers.items() if one.source.startswith("/units/")
    ]
    posts = [
        requests(on.cluster.reports(most // SENDERS, units=codes[number::SENDERS]), EACH)
        for number in range(SENDERS)
    ]
    flow, over = _Flow(on, on.system.url("door"), base, base, posts=posts), threading.Event()
    watcher = threading.Thread(target=flow.watch, args=(over,))
    watcher.start()
    try:
        yield flow
    finally:
        over.set()
        watcher.join()


def _hashes(on: Bench, after: int) -> Iterator[tuple[int, str]]:
    with redis.Redis.from_url(on.valkey.url) as client:
        while page := client.xrange(on.names.log, f"({after}-0", count=5_000):
            for name, fields in page:
                after = int(name.split(b"-")[0])
                yield after, parse_jws(json.loads(fields[b"e"])["jws"].encode()).hash
