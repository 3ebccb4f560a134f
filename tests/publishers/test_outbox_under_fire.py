"""The outbox on a bad line: whatever is killed, each event is recorded once, in the order it was queued."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from services.sandbox import _entries
from tests.publishers.line import Line, bad_line
from tests.publishers.running import running_log
from tests.publishers.sender import AUTHORITY, code
from thidua.knowledge import recorded_event
from thidua.outbox import Outbox, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.processes import System
    from thidua.log import Entry

ORIGIN: Final = "so.test/p0"
ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 900.0
VICTIMS: Final = ("client", "units", "door", "valkey")


@dataclass
class Fire:
    """A log with its processes, a publisher's process behind a bad line, and what was killed."""

    system: System
    line: Line
    folder: Path
    count: int
    batch: int
    client: subprocess.Popen[bytes] | None = None
    killed: Counter[str] = field(default_factory=Counter)

    def launch_client(self) -> None:
        words = [
            self.folder / "outbox",
            self.folder / "keys" / "root.pem",
            ORIGIN,
            self.line.url,
            self.count,
            self.batch,
        ]
        with (self.folder / "client.log").open("ab") as log:
            self.client = subprocess.Popen(
                [sys.executable, "-m", "tests.publishers.sender", *map(str, words)],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def end_client(self) -> None:
        """End the publisher's process with SIGKILL."""
        if self.client is not None:
            self.client.send_signal(signal.SIGKILL)
            self.client.wait()

    def kill(self, victim: str) -> None:
        """End a process with SIGKILL and start it again at once."""
        self.killed[victim] += 1
        if victim == "client":
            self.end_client()
            self.launch_client()
        elif victim == "valkey":
            self.system.valkey.kill()
            self.system.valkey.start()
        else:
            self.system.kill(victim)
            self.system.launch(victim)

    def entries(self) -> list[Entry]:
        return asyncio.run(_entries(self.system.redis_url))


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with running_log(tmp_path, origin=ORIGIN, authority=AUTHORITY) as (system, _):
        yield system


def under_fire(system: System, *, count: int, batch: int, strikes: int, seed: int) -> Fire:
    """Let a publisher say *count* events while processes are killed at as many moments of its way."""
    chance = random.Random(seed)
    victims = itertools.cycle(VICTIMS)
    at = sorted(chance.sample(range(count - 5), strikes))
    with bad_line(system.ports["door"], seed) as line:
        fire = Fire(system, line, system.folder, count, batch)
        fire.launch_client()
        try:
            burn(fire, at, victims)
        finally:
            fire.end_client()
    assert at == []
    return fire


def burn(fire: Fire, at: list[int], victims: Iterator[str]) -> None:
    """Kill the next victim whenever as many events are settled as *at* says, until all are sent."""
    outbox = Outbox(fire.folder / "outbox")
    deadline = time.monotonic() + PATIENCE
    while (ended := fire.client.poll() if fire.client else 1) != 0:
        assert time.monotonic() < deadline, (fire.folder / "client.log").read_text()
        if ended is not None:  # it gave up, as a job would: the next run goes on
            fire.launch_client()
        outbox.refresh()
        if at and len(outbox.items) - len(outbox.unsent) >= at[0]:
            at.pop(0)
            fire.kill(next(victims))
        time.sleep(0.01)


def assert_recorded_once_in_order(fire: Fire) -> None:
    outbox = Outbox(fire.folder / "outbox")
    assert {item.state for item in outbox.items} == {State.RECORDED}
    said = [
        (event.data.unit, entry.position)
        for entry in fire.entries()
        if (event := recorded_event(entry)).data.TYPE.endswith("unit-registered.v1")
    ]
    assert [unit for unit, _ in said] == [code(n) for n in range(1, fire.count + 1)]
    receipts = [(item.answer or {})["position"] for item in outbox.items]
    assert receipts == [position for _, position in said]


@pytest.mark.timeout(600)
def test_every_event_is_recorded_once_in_order_on_a_bad_line_while_processes_are_killed(
    system: System,
) -> None:
    fire = under_fire(system, count=60, batch=4, strikes=4, seed=11)
    assert_recorded_once_in_order(fire)
    assert fire.killed == dict.fromkeys(VICTIMS, 1)


@pytest.mark.publishers
@pytest.mark.timeout(1800)
def test_a_thousand_events_are_recorded_once_in_order_through_forty_kills(system: System) -> None:
    fire = under_fire(system, count=1000, batch=7, strikes=40, seed=2020)
    assert_recorded_once_in_order(fire)
    assert fire.killed == dict.fromkeys(VICTIMS, 10)
    print("line:", dict(fire.line.did), "killed:", dict(fire.killed))
    assert all(fire.line.did[way] for way in ("delay", "drop", "reset", "half", "double"))
