"""A process that is told to stop has left eight seconds later, whatever it waits for."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
import redis

from services.leaving import NOT_IN_TIME, STOP_SECONDS
from services.processes import ALL
from services.scenarios.format import read_scenario
from tests.conftest import THREE
from tests.faults.running import OK, readiness
from tests.faults.tape import founded_at, system
from thidua.log import Names
from thidua.publishing import DoorClient, Publisher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.sandbox import Sandbox
    from thidua.publishing import Reply

PATIENCE = 60.0
ALLOWED = STOP_SECONDS + 1.0
"""A second more: what is measured begins before the signal and ends after the process."""

WAITS_FOR_EVER = """
import asyncio
from contextlib import asynccontextmanager
import uvicorn
from fastapi import FastAPI
from services.leaving import Server
from thidua.observe import set_up

@asynccontextmanager
async def lifespan(app):
    print("here", flush=True)
    yield
    await never_there()

async def never_there():
    await asyncio.Event().wait()

set_up("waiting")
Server(uvicorn.Config(FastAPI(lifespan=lifespan), port=0, log_config=None)).run()
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    scenario, folder = read_scenario(THREE), tmp_path_factory.mktemp("leaving")
    asyncio.run(founded_at(scenario, folder / "seed"))
    with system(scenario, folder / "seed", folder / "house") as house:
        yield house


@pytest.fixture
def box(house: Sandbox) -> Sandbox:
    """A founded system with every process at work."""
    for name in ALL:
        if house.system.running[name].poll() is not None:
            house.system.launch(name)
    for name in ALL:
        house.system.wait_ready(name)
    return house


def left(box: Sandbox, name: str) -> list[str]:
    """What a process that has been told to stop does not do right."""
    process = box.system.running[name]
    process.wait(timeout=PATIENCE)
    lines = (box.system.folder / f"{name}.log").read_text(encoding="utf-8").splitlines()
    said = {json.loads(line)["event"] for line in lines}
    return [] if "service_stopped" in said else [f"{name} ended with {process.returncode}: {said}"]


def test_a_process_that_cannot_end_says_where_it_waits_and_goes() -> None:
    command = [sys.executable, "-c", WAITS_FOR_EVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
        assert time.monotonic() - begun < ALLOWED
    assert process.returncode == NOT_IN_TIME
    told = json.loads(said.splitlines()[-1])
    assert told["event"] == "not_stopped_in_time"
    assert any("never_there" in place for place in told["waiting"])


def test_a_publisher_who_waits_is_answered_and_every_process_leaves(box: Sandbox) -> None:
    box.system.kill("units")
    line, authority = box.scenario.lines[0], f"/authorities/{box.scenario.setup.authority.code}"
    door = DoorClient(box.system.url("door"))
    root = Publisher(box.founding.origin, authority, box.founding.root_kid, box.founding.root)
    root.heads["units"] = door.head(box.founding.root_kid, "units")
    event = root.sign(line.type, line.subject, line.data, time=line.time)
    answers: list[Reply] = []
    asking = threading.Thread(
        target=lambda: answers.append(door.send(event, wait=30, arrival=line.arrival))
    )
    asking.start()
    with redis.Redis.from_url(box.system.redis_url) as client:
        deadline = time.monotonic() + PATIENCE
        while not client.xlen(Names().inbox("units")) and time.monotonic() < deadline:
            time.sleep(0.01)
    told = [name for name in ALL if name != "units"]
    begun = time.monotonic()
    for name in told:
        box.system.running[name].send_signal(signal.SIGTERM)
    asking.join()
    door.close()
    assert [answer.outcome for answer in answers] == ["pending"]
    assert [fault for name in told for fault in left(box, name)] == []
    assert time.monotonic() - begun < ALLOWED


def test_every_process_leaves_while_the_store_does_not_answer(box: Sandbox) -> None:
    store = box.system.valkey.pid
    assert store is not None
    os.kill(store, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + PATIENCE
        while readiness(box.system, "units")[0] == OK and time.monotonic() < deadline:
            time.sleep(0.1)
        begun = time.monotonic()
        for name in ALL:
            box.system.running[name].send_signal(signal.SIGTERM)
        for name in ALL:
            box.system.running[name].wait(timeout=PATIENCE)
        assert time.monotonic() - begun < ALLOWED
    finally:
        os.kill(store, signal.SIGCONT)
