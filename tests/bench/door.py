"""The door's speed and memory: its check beside bare verification, its way in over HTTP, a publisher's outbox."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from functools import partial
from http.client import HTTPConnection
from itertools import groupby, islice
from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psutil
import redis
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from services.units.door import Door
from tests.bench.load import OCTOBER, ORIGIN
from tests.bench.measures import bench, cpu_seconds
from thidua.base64url import decode_base64url
from thidua.log.redis_log import RedisLog
from thidua.outbox import Outbox
from thidua.publishing import DoorClient
from thidua.sending import PublisherClient
from thidua.signing import Algorithm, parse_jws
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.bench.figures import Report
    from tests.bench.load import Signed
    from tests.bench.measures import Bench

NAMES: Final = {Algorithm.ES256: "ES256", Algorithm.EDDSA: "Ed25519"}
BATCH: Final = 100
"""Events in one request, as the door's own settings allow."""
TURN: Final = BATCH
"""Events checked before bare verification has its turn: what disturbs the machine disturbs both."""
PATIENCE: Final = 600.0
MOST_YEARS: Final = 400_000
"""Events over whose years a longer load is spread; the years end with the century."""
POLL_SECONDS: Final = 0.2
_ECDSA: Final = ECDSA(SHA256())
ACCEPTED, BUSY = 202, 503


def door_measured(report: Report, folder: Path, runs: int, events: int, queued: int) -> None:
    """Take the figures of the door's speed, on a log of its own."""
    with bench(folder, 2 * runs * events) as on:
        on.system.environment |= {"THIDUA_RATE_EVENTS": "0", "THIDUA_RATE_BYTES": "0"}
        on.system.environment["THIDUA_MAX_WAITING"] = "0"
        loads = [list(on.cluster.reports(events, only="units")) for _ in range(2 * runs)]
        for alg, name in NAMES.items():
            checked = [beside_bare(on, alg, loads[0][: events // 2]) for _ in range(runs)]
            shares, rates = zip(*checked, strict=True)
            report.add(f"door: check of an {name} event, one core", "events/s", rates)
            report.add("… of what bare verification reaches", "share", shares, at_least=0.8)
        for number, doors in enumerate((("door",), ("door", "door@2"))):
            mine = loads[number * runs : (number + 1) * runs]
            rates, cpu = zip(*(over_http(on, doors, load) for load in mine), strict=True)
            report.add(f"door over HTTP, processes: {len(doors)}", "events/s", rates)
            report.add("… CPU of the door", "µs/event", cpu)
        report.add(f"outbox flush of {queued:,} events", "events/s", [flushed(on, queued)])


def door_memory(report: Report, folder: Path, events: int) -> None:
    """Take the door's memory over so many posted events that the units service judges meanwhile."""
    with bench(folder, min(events, MOST_YEARS)) as on:
        on.system.environment |= {"THIDUA_RATE_EVENTS": "0", "THIDUA_RATE_BYTES": "0"}
        half, whole, seconds = held(on, events)
    report.add(f"RSS of the door after {events // 2:,} events", "MB", [half / 1e6], at_most=250)
    report.add(f"RSS of the door after {events:,} events", "MB", [whole / 1e6], at_most=250)
    each = (whole - half) / (events - events // 2)
    report.add("… growth over the second half", "bytes/event", [each], at_most=200)
    report.add("… signed, posted and judged meanwhile", "events/s", [events / seconds])


def beside_bare(on: Bench, alg: Algorithm, load: Sequence[Signed]) -> tuple[float, float]:
    """
    The door's share of bare verification by *alg*, and how many events a second it checks.

    The median over small turns of both, by CPU time. Bare is ``cryptography`` alone: keys loaded,
    signatures decoded and hashes to be made.
    """
    keys = {one.kid: one.key.verifying_key for one in on.cluster.publishers.values()}
    tokens = [one.jws for one in load if keys[parse_jws(one.jws).kid].alg is alg]
    turns = [tokens[first : first + TURN] for first in range(0, len(tokens), TURN)]
    loaded = {kid: load_der_public_key(decode_base64url(key.spki)) for kid, key in keys.items()}

    def prepared(token: bytes) -> Callable[[], None]:
        jws = parse_jws(token)
        key = loaded[jws.kid]
        if alg is Algorithm.EDDSA:
            return partial(key.verify, jws.signature, jws.signing_input)
        r, s = (int.from_bytes(jws.signature[part], "big") for part in (slice(32), slice(32, 64)))
        der = encode_dss_signature(r, s)
        return partial(key.verify, der, jws.signing_input, _ECDSA)

    bare = [[prepared(token) for token in turn] for turn in turns]

    async def compared() -> list[tuple[float, float]]:
        door = Door(RedisLog(new_client(on.valkey.url), on.names), origin=ORIGIN, sandbox=True)
        await door.reading.catch_up()
        found = []
        for turn, calls in zip(turns, bare, strict=True):
            began = time.process_time()
            await door.check(turn)
            between = time.process_time()
            for call in calls:
                call()
            ours = between - began
            found.append(((time.process_time() - between) / ours, len(turn) / ours))
        await door.log.client.aclose()
        return found

    gc.collect()
    gc.freeze()
    try:
        shares, rates = zip(*asyncio.run(compared()), strict=True)
    finally:
        gc.unfreeze()
    return median(shares), median(rates)


def over_http(on: Bench, doors: Sequence[str], load: Sequence[Signed]) -> tuple[float, float]:
    """Events a second that so many doors take over HTTP, and their CPU microseconds for each; then all are judged."""
    posts = [list(requests(mine)) for mine in by_publisher(load)]
    with on.running(*doors) as system:
        processes = [psutil.Process(system.running[name].pid) for name in doors]
        urls = [system.url(doors[number % len(doors)]) for number in range(len(posts))]
        with ThreadPoolExecutor(len(posts)) as senders:
            before, began = sum(map(cpu_seconds, processes)), time.perf_counter()
            list(senders.map(post, urls, posts))
            took = time.perf_counter() - began
        cpu = sum(map(cpu_seconds, processes)) - before
    with on.running("units"):
        _judged(on)
    return len(load) / took, cpu / len(load) * 1e6


def flushed(on: Bench, count: int) -> float:
    """Events a second that leave a unit's outbox, fifty a request, each judged before the next fifty."""
    code = _units(on)[0]
    publisher = on.cluster.publishers[code]
    begins = datetime.fromisoformat(f"2020{OCTOBER}")
    kind, data = "thidua.units.report-submitted.v1", {"unit": code, "kind": "yearly"}
    with on.running("door", "units") as system, closing(DoorClient(system.url("door"))) as door:
        outbox = Outbox(on.folder / "outbox")
        client = PublisherClient(outbox, publisher, door, now=lambda: begins)
        for _ in range(count):
            client.queue(kind, "BVHTTDL/BGPB/2020", data, check=False)
        began = time.perf_counter()
        done = client.flush(patience=PATIENCE)
        took = time.perf_counter() - began
    if len(done.recorded) != count:
        raise AssertionError(done.held)
    return count / took


def held(on: Bench, events: int) -> tuple[int, int, float]:
    """The door's resident bytes after half and after all *events*, and in how many seconds those were judged."""
    fork = multiprocessing.get_context("fork")
    codes = _units(on)
    with on.running("door", "units") as system:
        door = psutil.Process(system.running["door"].pid)
        url, each = system.url("door"), -(-events // len(codes))
        senders = [
            fork.Process(
                target=_publish, args=(on, url, codes[number::2], each * len(codes[number::2]))
            )
            for number in range(2)
        ]
        with redis.Redis.from_url(on.valkey.url) as client:
            base, began = int(client.xlen(on.names.log)), time.perf_counter()
            for sender in senders:
                sender.start()
            resident = []
            for position in (base + events // 2, base + events):
                while client.xlen(on.names.log) < position:
                    if any(sender.exitcode for sender in senders):
                        raise AssertionError(senders)
                    time.sleep(POLL_SECONDS)
                resident.append(door.memory_info().rss)
            took = time.perf_counter() - began
        for sender in senders:
            sender.join()
    return resident[0], resident[1], took


def by_publisher(load: Iterable[Signed]) -> list[list[Signed]]:
    """The events of each key in their order."""
    found: dict[str, list[Signed]] = {}
    for one in load:
        found.setdefault(parse_jws(one.jws).kid, []).append(one)
    return list(found.values())


def requests(load: Iterable[Signed], most: int = BATCH) -> Iterator[tuple[str, bytes, int]]:
    """Arrival, body and number of events of each request: *most* events of one year."""
    for subject, events in groupby(load, attrgetter("subject")):
        arrival = f"{subject[-4:]}{OCTOBER}"
        while batch := [one.jws.decode() for one in islice(events, most)]:
            yield arrival, json.dumps(batch).encode(), len(batch)


def post(url: str, posts: Iterable[tuple[str, bytes, int]]) -> None:
    """Send requests one after another, again while the door is busy; every event must be accepted."""
    to = urlsplit(url)
    for arrival, body, count in posts:
        headers = {"content-type": "application/json", "thidua-arrival": arrival}
        status = BUSY
        while status == BUSY:
            # The door closes a line on which nothing comes while the next hundred are signed.
            with closing(HTTPConnection(str(to.hostname), to.port, timeout=PATIENCE)) as door:
                door.request("POST", "/v1/events", body, headers)
                answer = door.getresponse()
                status, told = answer.status, answer.read()
            if status == BUSY:
                time.sleep(POLL_SECONDS)
        if status != ACCEPTED or told.count(b'"http_status":202') != count:
            raise AssertionError(told[:500])


def _publish(on: Bench, url: str, codes: Sequence[str], count: int) -> None:
    post(url, requests(on.cluster.reports(count, only="units", units=codes)))


def _units(on: Bench) -> list[str]:
    """The codes of the units that publish."""
    publishers = on.cluster.publishers.items()
    return [code for code, one in publishers if one.source.startswith("/units/")]


def _judged(on: Bench) -> None:
    """Return when the units service has nothing in its inbox."""
    deadline = time.monotonic() + PATIENCE
    with redis.Redis.from_url(on.valkey.url) as client:
        while time.monotonic() < deadline:
            last = int(client.hget(on.names.offsets, "last:units") or 0)
            done = client.hget(on.names.offsets, "inbox:units") or b"0-0"
            if int(done.partition(b"-")[0]) >= last:
                return
            time.sleep(POLL_SECONDS)
    raise TimeoutError(on.folder)
