"""The faults: what is done to the processes and to the store while the year is played."""

from __future__ import annotations

import base64
import json
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx
import redis

from services.leaving import STOP_SECONDS
from services.processes import ALL
from tests.faults.running import (
    Result,
    Run,
    Strike,
    becomes_ready,
    closed,
    contents,
    readiness,
    under,
)

if TYPE_CHECKING:
    from pathlib import Path

    from services.processes import System
    from services.sandbox import Sandbox
    from tests.faults.tape import Tape

LATE_SECONDS: Final = 1.0
"""So much later than the process itself a busy machine may let us see that it has left."""
GIVE_UP_SECONDS: Final = 60.0
REPLICAS: Final = tuple(f"{name}@2" for name in ALL)
CLOSED: Final = frozenset({"gate_stays_closed", "follower_halted"})
"""What the processes complain of when the log is shorter than what they followed."""
HARMED: Final = ("500", "502", "503", "504")
UNFIT_SHARE: Final = 0.1
FEED_SECONDS: Final = 0.05
FEED_MOST: Final = 25
PAUSE: Final = threading.Event()
"""Never set: to wait on it is to let time pass."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault: what is done, and how often in the short form (0: it is left out) and in the long one."""

    what: str
    run: Callable[[Run], Result]
    short: int
    long: int


def killed(run: Run) -> Result:
    """Every process killed again and again on the way of some event, now and then while it starts."""
    with run.system() as box:
        return under(run, box, _kills(run, box, ALL))


def replicas(run: Run) -> Result:
    """Two of every process at once, the doors asked in turn, and any of them killed."""
    with run.system(REPLICAS) as box:
        return under(run, box, _kills(run, box, (*ALL, *REPLICAS)))


def store_killed(run: Run) -> Result:
    """The store killed and started again over what it had written."""

    def blow() -> None:
        box.system.valkey.kill()
        run.kills += 1
        PAUSE.wait(run.chance.uniform(0, 1))
        box.system.valkey.start()

    with run.system() as box:
        return under(run, box, run.moments(lambda _: blow))


def emptied(run: Run) -> Result:
    """FLUSHALL under running services; later the operator cuts it off the append-only file."""
    run.allowed = CLOSED

    def blow() -> None:
        with redis.Redis.from_url(box.system.redis_url) as client:
            client.flushall()
        run.faults += closed(run, box, {})
        box.system.valkey.kill()
        run.kills += 1
        _cut_flushall(box.system.valkey.folder)
        box.system.valkey.start()
        restart_halted(run, box.system)

    with run.system() as box:
        return under(run, box, run.moments(lambda _: blow))


def rolled_back(run: Run) -> Result:
    """The store started over an older copy of its folder; later over what it had written last."""
    run.allowed = CLOSED

    def copy() -> None:
        shutil.rmtree(older, ignore_errors=True)
        shutil.copytree(box.system.valkey.folder, older)

    def blow() -> None:
        valkey = box.system.valkey
        valkey.kill()
        newest = valkey.folder.with_name("newest")
        valkey.folder.rename(newest)
        shutil.copytree(older, valkey.folder)
        valkey.start()
        with redis.Redis.from_url(valkey.url) as client:
            held = contents(client)
        run.faults += closed(run, box, held)
        valkey.kill()
        run.kills += 2
        shutil.rmtree(valkey.folder)
        newest.rename(valkey.folder)
        valkey.start()
        restart_halted(run, box.system)

    with run.system() as box:
        older = box.system.folder / "older"
        strikes: list[Strike] = []
        for strike in run.moments(lambda _: blow):
            before = max(0, strike.at - run.chance.randrange(1, 30))
            strikes += [Strike(before, 0, copy), strike]
        return under(run, box, strikes)


def storm(run: Run) -> Result:
    """Garbage to the door and into publishers' own streams, at a high rate beside the whole year."""
    over = threading.Event()
    counts: Counter[str] = Counter()

    def begin() -> None:
        for thread in threads:
            thread.start()

    def end() -> None:
        over.set()
        for thread in threads:
            thread.join()
        answered = ", ".join(f"{n} x {answer}" for answer, n in sorted(counts.items()))
        run.notes.append(f"{counts.total()} pieces of garbage: {answered}")
        run.faults += [f"garbage was answered {answer}" for answer in counts if answer in HARMED]

    with run.system() as box:
        threads = [
            threading.Thread(target=work, args=(run.tape, box.system, chance, over, counts))
            for work in (_post, _post, _feed)
            for chance in [random.Random(run.chance.random())]
        ]
        return under(run, box, [Strike(0, 0, begin), Strike(len(run.tape.said) - 1, 0, end)])


def garbage(tape: Tape, chance: random.Random) -> bytes:
    """A piece of what must never enter the log: no token, a spoilt one, an unfit one, or one said before."""
    token = chance.choice(tape.said).jws
    match chance.randrange(8):
        case 0:
            return chance.randbytes(chance.randrange(200))
        case 1:
            return b"[" * 10_000 + b"]" * 10_000
        case 2:
            return b".".join(base64.urlsafe_b64encode(chance.randbytes(60)) for _ in range(3))
        case 3:
            return json.dumps([token[:-9], {"a": 1}, None]).encode()
        case 4:
            return token.encode() + b"A" * 70_000
        case 5 if chance.random() < UNFIT_SHARE:
            # These pass the door; each costs the judges a look, and the year waits for them.
            return chance.choice(tape.unfit).encode()
        case _:
            at = chance.randrange(len(token) - 1)
            other = chance.choice("ABCDwxyz0189".replace(token[at], ""))
            return f"{token[:at]}{other}{token[at + 1 :]}".encode()


def _post(
    tape: Tape, system: System, chance: random.Random, over: threading.Event, counts: Counter[str]
) -> None:
    """Post without a pause and count the answers by status."""
    with httpx.Client(base_url=system.url("door"), timeout=30) as door:
        while not over.is_set():
            answer = door.post("/v1/events", content=garbage(tape, chance))
            counts[str(answer.status_code)] += 1


def _feed(
    tape: Tape, system: System, chance: random.Random, over: threading.Event, counts: Counter[str]
) -> None:
    """Add to the own streams of all publishers, some of whom have no key yet."""
    codes = sorted({*tape.scenario.setup.publishers, tape.scenario.setup.authority.code, "NOBODY"})
    with redis.Redis.from_url(system.redis_url) as client:
        while not over.wait(FEED_SECONDS):
            pipeline = client.pipeline(transaction=False)
            for _ in range(FEED_MOST):
                field = chance.choice(["e", "e", "e", "other", "\xff"])
                piece = garbage(tape, chance)[:2_000]
                pipeline.xadd(f"{{p0}}:in:{chance.choice(codes)}", {field: piece}, maxlen=1_000)
            pipeline.execute()
            counts["XADD"] += FEED_MOST


def terminated(run: Run) -> Result:
    """SIGTERM to every process on the way of some event: it stops in time and says goodbye."""

    def blow(name: str) -> None:
        box.system.wait_ready(name)
        process = box.system.running[name]
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        run.kills += 1
        try:
            code = process.wait(timeout=GIVE_UP_SECONDS)
        except subprocess.TimeoutExpired:
            run.faults.append(f"{name} had not stopped after {GIVE_UP_SECONDS:.0f} s")
            box.system.kill(name)
        else:
            took = time.monotonic() - began
            last = (box.system.folder / f"{name}.log").read_text(encoding="utf-8")[-2000:]
            if took > STOP_SECONDS + LATE_SECONDS:
                run.faults.append(f"{name} took {took:.1f} s to stop")
            if code not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
                run.faults.append(f"{name} stopped with exit code {code}")
            if '"service_stopped"' not in last:
                run.faults.append(f"{name} did not say that it stopped")
        box.system.launch(name)

    names = [*ALL] * (run.strikes // len(ALL) + 1)
    run.chance.shuffle(names)
    with run.system() as box:
        return under(run, box, run.moments(lambda n: partial(blow, names[n])))


def restart_halted(run: Run, system: System) -> None:
    """What the operator does after restoring: start those again that have halted and say so."""
    for name in tuple(system.running):
        if not becomes_ready(system, name, 20):
            run.notes.append(f"{name} was started anew: {readiness(system, name)[1]}")
            system.kill(name)
            system.launch(name)


def _kills(run: Run, box: Sandbox, names: tuple[str, ...]) -> list[Strike]:
    order = [*names] * (run.strikes // len(names) + 1)
    run.chance.shuffle(order)
    again = [run.chance.random() < 0.3 for _ in range(run.strikes)]
    pauses = [run.chance.uniform(0, 1.5) for _ in range(run.strikes)]

    def blow(number: int) -> None:
        run.kill(box, order[number])
        if again[number]:
            PAUSE.wait(pauses[number])
            run.kill(box, order[number])

    return run.moments(lambda n: partial(blow, n))


def _cut_flushall(folder: Path) -> None:
    """Cut the last append-only file before FLUSHALL, as Redis's own manual says."""
    path = max(folder.glob("appendonlydir/*.incr.aof"), key=lambda one: one.stat().st_mtime)
    written = path.read_bytes()
    at = written.upper().rindex(b"$8\r\nFLUSHALL\r\n")
    path.write_bytes(written[: written.rindex(b"*", 0, at)])


CASES: Final = {
    "kill": Case("kill -9 of every process", killed, 0, 60),  # `replicas` kills them too
    "replicas": Case("two replicas of every process", replicas, 4, 60),
    "store": Case("kill -9 of the store", store_killed, 2, 20),
    "emptied": Case("FLUSHALL under running services", emptied, 1, 6),
    "rolled-back": Case("an older copy of the store", rolled_back, 1, 6),
    "storm": Case("garbage at a high rate beside the year", storm, 1, 1),
    "term": Case("SIGTERM of every process", terminated, 5, 40),
}
