"""``make bench``: every figure of the product's speed and memory, beside the bare limit and a peer."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Final, TypeVar

from tests.bench.answering import answered
from tests.bench.auditing import audited
from tests.bench.door import door_measured, door_memory
from tests.bench.figures import Report
from tests.bench.load import JUDGES, Signed
from tests.bench.measures import (
    Bench,
    bench,
    cold_start,
    entries_of,
    memory,
    projected,
    recorded,
    visible_after,
)
from tests.bench.peer import bare_append, peer_append_and_read
from tests.bench.sealing import WAYS, sealed
from tests.bench.sustained import load_held
from tests.bench.voting import voted
from thidua.testing.servers import postgres_server

T = TypeVar("T")

PARTS: Final = ("door", "log", "votes")
FULL: Final = (3, 20_000, 100_000, 20.0)
SHORT: Final = (1, 3_000, 6_000, 4.0)
QUEUED: Final = 10_000
FULL_VOTE: Final = ((7, 63, 1_000), (7, 10, 20))
SHORT_VOTE: Final = ((7,), (10,))


def main() -> int:
    """Measure and print; the exit code is 0 whether or not a bound holds, for machines differ."""
    asked = argparse.ArgumentParser(prog="make bench", description=__doc__)
    asked.add_argument(
        "--short", action="store_true", help="one run of small loads, to see that it works"
    )
    asked.add_argument(
        "--door-memory", type=int, metavar="N", help="only the door's memory over N posted events"
    )
    asked.add_argument(
        "--load",
        type=float,
        metavar="SECONDS",
        help="only the highest rate from door to read model, held for so long",
    )
    asked.add_argument("--only", choices=PARTS, action="append", help="this part alone; repeatable")
    asked.add_argument("--json", type=Path, help="write the figures into this file too")
    chosen = asked.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="thidua-bench-") as name:
        folder = Path(name)
        if chosen.door_memory:
            door_memory(report, folder, chosen.door_memory)
        elif chosen.load:
            load_held(report, folder, chosen.load)
        else:
            _everything(report, folder, chosen.only or PARTS, short=chosen.short)
    print(report.table())
    runs, events, many, _ = SHORT if chosen.short else FULL
    document = report.document(runs=runs, events=events, most=many, short=chosen.short)
    if chosen.json:
        chosen.json.write_text(document + "\n", encoding="utf-8")
    else:
        print(document)
    return 0


def _everything(report: Report, folder: Path, parts: Sequence[str], *, short: bool) -> None:
    runs, events, many, seconds = SHORT if short else FULL
    if "door" in parts:
        door_measured(report, folder / "door", runs, events, min(QUEUED, events))
        door_memory(report, folder / "held", _said("door", events))
    if "log" in parts:
        with bench(folder, many) as on:
            _writing(report, on, runs, events)
            _latency(report, on, seconds)
            _memory(report, on, many)
            _reading(report, on, folder, runs)
            audited(report, on.cluster, folder, [raw for _, raw in entries_of(on)])
            _sealing(report, on, folder, runs)
    if "votes" in parts:
        _said("secret votes answered", answered(report, folder / "answered"))
        voted(report, folder / "ballots", *(SHORT_VOTE if short else FULL_VOTE))


def _writing(report: Report, on: Bench, runs: int, events: int) -> None:
    rates, cpu, bare, saved, read = [], [], [], [], []
    for _ in range(runs):
        load = list(on.cluster.reports(events, only="units"))
        bare.append(events / bare_append(on.valkey.url, load))
        seconds, of_cpu = _said("units", recorded(on, "units", load))
        rates.append(events / seconds)
        cpu.append(of_cpu / events * 1e6)
        peer = _said("peer", peer_append_and_read(on.folder, events))
        saved.append(events / peer[0])
        read.append(events / peer[1])
    report.add("inbox to recorded, batches of 100", "events/s", rates, at_least=20_000)
    report.add("… CPU of the units process", "µs/event", cpu)
    report.add("bare XADD of the same bytes, fsync always", "events/s", bare)
    report.add("eventsourcing on SQLite, 500 a transaction", "events/s", saved)
    report.add("eventsourcing on SQLite, typed read", "events/s", read)


def _latency(report: Report, on: Bench, seconds: float) -> None:
    cuts = quantiles(_said("latency", visible_after(on, _units(on, 10**6), seconds)), n=100)
    report.add("accepted to visible at 200/s, p50", "ms", [cuts[49]], at_most=10)
    report.add("accepted to visible at 200/s, p99", "ms", [cuts[98]], at_most=60)


def _memory(report: Report, on: Bench, many: int) -> None:
    each, resident = _said("memory", memory(on, on.cluster.reports(many)))
    report.add(f"Redis per entry over {many:,} entries", "bytes", [each], at_most=2048)
    for name, size in resident.items():
        report.add(f"resident memory of {name}", "MB", [size], at_most=250)


def _reading(report: Report, on: Bench, folder: Path, runs: int) -> None:
    for number, judge in enumerate(JUDGES):
        started = [cold_start(on, number) for _ in range(runs)]
        rates = [entries / seconds for seconds, entries in _said("cold start", started)]
        report.add(f"cold start of {judge.service}", "entries/s", rates, at_least=50_000)
    entries = entries_of(on)
    files = [f"sqlite:///{folder / f'projected-{run}.sqlite3'}" for run in range(runs)]
    sqlite = [len(entries) / projected(url, entries) for url in files]
    report.add("all read models projected, SQLite", "entries/s", sqlite, at_least=20_000)
    postgres = []
    for _ in range(runs):
        with postgres_server() as server:
            postgres.append(len(entries) / _said("PostgreSQL", projected(server.url, entries)))
    report.add("all read models projected, PostgreSQL", "entries/s", postgres, at_least=10_000)


def _sealing(report: Report, on: Bench, folder: Path, runs: int) -> None:
    entries = entries_of(on)
    for number, (name, how) in enumerate(WAYS.items()):
        rates = []
        for run in range(runs):
            seconds = _said("sealing", sealed(folder / f"sealed-{number}-{run}", entries, how))
            rates.append(len(entries) / seconds)
        report.add(name, "entries/s", rates, at_least=None if number else 25_000)


def _units(on: Bench, most: int) -> Iterator[Signed]:
    return on.cluster.reports(most, only="units")


def _said(what: str, result: T) -> T:
    """*result*, and a sign of life on standard error."""
    print(f"· {what}", file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
