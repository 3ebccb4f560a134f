"""The measurements: each takes a prepared log, does one thing on it, and says how long that took."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from services.processes import ALL, System
from services.reporting.database import open_engine
from services.reporting.following import MOST, Projector
from tests.bench.load import JUDGES, ORIGIN, Cluster, Signed, admit, cluster, years_for
from thidua.drafting import Signer
from thidua.embedded import RedisServer
from thidua.judging import Judging
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import Sequence

DEADLINE: Final = 120.0
LATENCY_RATE: Final = 200


@dataclass(slots=True)
class Bench:
    """A founded log on a server of its own, its cluster prepared, and what may run over it."""

    folder: Path
    valkey: RedisServer
    cluster: Cluster
    system: System
    names: Names = field(default_factory=Names)

    @contextmanager
    def running(self, *names: str) -> Iterator[System]:
        """The named processes, ready; they are stopped in the end."""
        self.system.start(*names)
        try:
            yield self.system
        finally:
            self.system.stop_services()

    def judging(self, number: int) -> Judging[object]:
        """One of the three deciding services, in this process."""
        judge = JUDGES[number]
        signer = Signer(judge.service, ORIGIN, self.cluster.founding.services[judge.service])
        log = RedisLog(new_client(self.valkey.url), self.names)
        return Judging(judge, log, signer, sandbox=True)  # type: ignore[arg-type]


@contextmanager
def bench(folder: Path, events: int) -> Iterator[Bench]:
    """A log brought to where *events* reports may follow."""
    valkey = RedisServer(folder / "valkey")
    valkey.start()
    try:
        of = cluster(folder, valkey.url)
        asyncio.run(of.prepare(years_for(events)))
        environment = {
            "THIDUA_ORIGIN": ORIGIN,
            "THIDUA_REDIS_URL": valkey.url,
            "THIDUA_DATABASE_URL": f"sqlite:///{folder / 'reporting.sqlite3'}",
        }
        yield Bench(folder, valkey, of, System(folder, environment, valkey))
    finally:
        valkey.stop()


def recorded(on: Bench, service: str, events: Sequence[Signed]) -> tuple[float, float]:
    """
    Seconds a deciding service's own process takes from its full inbox to the last entry, and its CPU seconds.

    The clock starts when a tenth is done, so that the start of the process is left out.
    """
    asyncio.run(_admit(on, iter(events)))
    began = passed = cpu = 0.0
    with on.running(service) as system, _raw(on) as client:
        process = psutil.Process(system.running[service].pid)
        field_name, last = f"inbox:{service}", f"last:{service}"
        total = int(client.hget(on.names.offsets, last) or 0)
        first = total - len(events) * 9 // 10
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            done = int((client.hget(on.names.offsets, field_name) or b"0-0").split(b"-")[0])
            now = time.perf_counter()
            if not began and done >= first:
                began, cpu, start = now, cpu_seconds(process), done
            if done >= total:
                passed = now - began
                share = len(events) / (total - start)
                return passed * share, (cpu_seconds(process) - cpu) * share
            time.sleep(0.002)
    raise TimeoutError(service)


def cold_start(on: Bench, number: int) -> tuple[float, int]:
    """Seconds a deciding service takes to take in the whole log, and how many entries that are."""
    judging = on.judging(number)
    began = time.process_time()
    asyncio.run(_start(judging))
    return time.process_time() - began, judging.position


def projected(url: str, entries: Sequence[tuple[int, bytes]]) -> float:
    """Seconds to project *entries* into all read models of an empty database, 500 in a transaction."""
    engine = open_engine(url)
    try:
        projector = Projector(engine)
        projector.start()
        began = time.perf_counter()
        for first in range(0, len(entries), MOST):
            projector.apply(entries[first : first + MOST])
        return time.perf_counter() - began
    finally:
        engine.dispose()


def visible_after(on: Bench, events: Iterator[Signed], seconds: float) -> list[float]:
    """Milliseconds from each event's acceptance to its row, at two hundred events a second."""
    with on.running("units", "reporting"):
        return asyncio.run(_latency(on, islice(events, int(seconds * LATENCY_RATE))))


def memory(on: Bench, events: Iterator[Signed]) -> tuple[float, dict[str, float]]:
    """Bytes of Redis per entry, and each process's RSS in MB, once everybody has followed *events*."""
    with _raw(on) as client:
        before = int(client.info("memory")["used_memory"])
        entries = int(client.xlen(on.names.log))
        with on.running() as system:
            asyncio.run(_admit(on, events))
            _settled(on, system)
            grown = int(client.info("memory")["used_memory"]) - before
            each = grown / (int(client.xlen(on.names.log)) - entries)
            resident = {
                name: psutil.Process(system.running[name].pid).memory_info().rss / 1e6
                for name in ALL
            }
    return each, resident


def entries_of(on: Bench) -> list[tuple[int, bytes]]:
    """Every entry's position and bytes."""
    with _raw(on) as client:
        raw = client.xrange(on.names.log)
    return [(int(name.split(b"-")[0]), fields[b"e"]) for name, fields in raw]


async def _admit(on: Bench, events: Iterator[Signed]) -> None:
    client = new_client(on.valkey.url)
    try:
        await admit(RedisLog(client, on.names), events)
    finally:
        await client.aclose()


async def _start(judging: Judging[object]) -> None:
    await judging.start()
    await judging.log.client.aclose()  # type: ignore[attr-defined]


async def _latency(on: Bench, events: Iterator[Signed]) -> list[float]:
    client = new_client(on.valkey.url)
    log = RedisLog(client, on.names)
    base = await log.tail()
    accepted: list[float] = []
    seen: list[tuple[float, int]] = []
    done = asyncio.Event()

    async def watch() -> None:
        with closing(sqlite3.connect(on.folder / "reporting.sqlite3")) as rows:
            while not (done.is_set() and seen[-1][1] >= base + len(accepted)):
                at = rows.execute("select max(position) from generation").fetchone()[0]
                if not seen or at > seen[-1][1]:
                    seen.append((time.perf_counter(), int(at)))
                await asyncio.sleep(0.0005)

    async with asyncio.timeout(DEADLINE):
        watcher = asyncio.create_task(watch())
        began = time.perf_counter()
        for number, signed in enumerate(events):
            while (pause := began + number / LATENCY_RATE - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            await admit(log, iter((signed,)))
            accepted.append(time.perf_counter())
        done.set()
        await watcher
    await client.aclose()
    positions = [position for _, position in seen]
    return [
        1000 * (seen[bisect_left(positions, base + number)][0] - moment)
        for number, moment in enumerate(accepted, 1)
    ]


def _settled(on: Bench, system: System) -> None:
    import httpx  # noqa: PLC0415 - used here alone

    deadline = time.monotonic() + DEADLINE
    with httpx.Client(base_url=system.url("door"), timeout=30) as door:
        while time.monotonic() < deadline:
            if door.get("/v1/status").json().get("quiet"):
                return
            time.sleep(0.2)
    raise TimeoutError(str(on.folder))


@contextmanager
def _raw(on: Bench) -> Iterator[object]:
    import redis  # noqa: PLC0415 - used here alone

    with redis.Redis.from_url(on.valkey.url) as client:
        yield client


def cpu_seconds(process: psutil.Process) -> float:
    """The CPU seconds that a process has had."""
    times = process.cpu_times()
    return float(times.user + times.system)
