"""What our figures stand beside: the bare limit of the same store, and PyPI's ``eventsourcing`` on SQLite."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final
from uuid import uuid4

import redis
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from tests.bench.load import Signed

BATCH: Final = 100
A_SAVE: Final = 499
"""Events of one aggregate in one transaction, beside the one that creates it."""


class Department(Aggregate):
    """A unit as the peer keeps it."""

    @event("Registered")
    def __init__(self, code: str) -> None:
        self.code = code
        self.reports = 0

    @event("Reported")
    def report(self, kind: str, summary: str, figures: dict[str, str]) -> None:
        """Submit a report; nothing is judged."""
        self.reports += 1


def bare_append(redis_url: str, events: list[Signed]) -> float:
    """Seconds to add the same bytes to a plain stream, a hundred in one round trip, fsync always."""
    with redis.Redis.from_url(redis_url) as client:
        began = time.perf_counter()
        for first in range(0, len(events), BATCH):
            pipe = client.pipeline(transaction=False)
            for signed in events[first : first + BATCH]:
                pipe.xadd("bare", {"e": signed.jws})
            pipe.execute()
        took = time.perf_counter() - began
        client.delete("bare")
    return took


def peer_append_and_read(folder: Path, count: int) -> tuple[float, float]:
    """Seconds for ``eventsourcing`` to save *count* events, 500 a transaction, and to read them typed."""
    name = str(folder / f"peer-{uuid4()}.sqlite3")
    app: Application = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": name}
    )
    saves = -(-count // (A_SAVE + 1))
    began = time.perf_counter()
    for _ in range(saves):
        unit = Department("LCA")
        for _ in range(A_SAVE):
            unit.report("yearly", "Báo cáo tổng kết công tác năm 2020", {"khach-du-lich": "-30"})
        app.save(unit)
    saved = time.perf_counter() - began
    began = time.perf_counter()
    read = 0
    while stored := app.recorder.select_notifications(start=read + 1, limit=500):
        for notification in stored:
            app.mapper.to_domain_event(notification)
        read += len(stored)
    took = time.perf_counter() - began
    if read != saves * (A_SAVE + 1):
        raise AssertionError(read)
    each = count / read
    return saved * each, took * each
