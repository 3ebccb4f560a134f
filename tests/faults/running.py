"""One run of the tape under faults: strikes at chosen moments, and what is found afterwards."""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx
import redis

from services.player import Player
from services.reporting.database import open_engine
from services.reporting.fingerprint import fingerprints
from tests.faults.comparing import Difference, Year, difference, read_models
from tests.faults.tape import PATIENCE, outcome, play, system
from thidua.audit.authentic import NotAuthenticError
from thidua.audit.rejudging import NotFollowingError
from thidua.embedded import NotStartedError
from thidua.publishing import DoorClient, DoorUnreachableError
from thidua.refusals import Code
from thidua.signing import parse_jws

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from services.processes import System
    from services.sandbox import Sandbox
    from tests.faults.tape import Tape

ALARMS: Final = ("error", "critical")
OK: Final = 200
UNAVAILABLE: Final = 503
WATCH_SECONDS: Final = 3.0
CLOSED_WORDS: Final = re.compile(r"gate|the log ends at")
NOT_WRITING: Final = (
    b"{p0}:open",
    b"{p0}:followed",
    b"{p0}:placed",
    b"{p0}:places:",
    b"{p0}:entries:",
)


@dataclass(frozen=True, slots=True)
class Strike:
    """What is done *after* seconds into sending event number *at* of the tape."""

    at: int
    after: float
    blow: Callable[[], None]


@dataclass(slots=True)
class Run:
    """
    A case at work: its tape, its chance, and what it counts and finds.

    ``allowed`` are the alarms the processes may raise in their own logs in this case.
    """

    tape: Tape
    folder: Path
    chance: random.Random
    strikes: int
    kills: int = 0
    allowed: frozenset[str] = frozenset()
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def system(self, replicas: Sequence[str] = ()) -> Iterator[Sandbox]:
        """A system of its own for this run."""
        with system(self.tape.scenario, self.tape.seed, self.folder, replicas) as box:
            yield box

    def moments(
        self, blow: Callable[[int], Callable[[], None]], most: float = 0.04
    ) -> list[Strike]:
        """As many strikes as the case has, each at a moment of its own on the way of some event."""
        ats = sorted(self.chance.randrange(len(self.tape.said)) for _ in range(self.strikes))
        return [
            Strike(at, self.chance.uniform(0, most), blow(number)) for number, at in enumerate(ats)
        ]

    def kill(self, box: Sandbox, name: str) -> None:
        """End a process with SIGKILL and start it again at once."""
        ended = box.system.running[name].poll()
        if ended is not None:
            self.faults.append(f"{name} had ended by itself with {ended}")
        box.system.kill(name)
        self.kills += 1
        box.system.launch(name)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to beside the calm year."""

    kills: int
    entries: int
    difference: Difference
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing at all differs."""
        d = self.difference
        return not (d.lost or d.doubled or d.other or d.order or d.fingerprints or self.faults)


class Striking(threading.Thread):
    """Carries out strikes in order while somebody else plays and says how far it is."""

    def __init__(self, strikes: Sequence[Strike]) -> None:
        super().__init__(name="striking", daemon=True)
        self.error: BaseException | None = None
        self._strikes = strikes
        self._at = -1
        self._moved = threading.Condition()
        self._over = threading.Event()
        self._abandoned = False

    def abandon(self) -> None:
        """Begin no other strike: whoever played has given up."""
        self._abandoned = True
        self._over.set()
        self.reached(1_000_000)

    def reached(self, number: int) -> None:
        """The tape is at this event now."""
        with self._moved:
            self._at = number
            self._moved.notify_all()

    def finish(self) -> None:
        """Do what is left at once, and wait for it."""
        self._over.set()
        self.reached(1_000_000)
        self.join()
        if self.error is not None:
            raise self.error

    def run(self) -> None:
        try:
            for strike in self._strikes:
                with self._moved:
                    self._moved.wait_for(lambda at=strike.at: self._at >= at)  # type: ignore[misc]
                self._over.wait(strike.after)
                if self._abandoned:
                    return
                strike.blow()
        except BaseException as error:  # noqa: BLE001 - it is raised again where the run is waited for
            self.error = error


def under(run: Run, box: Sandbox, strikes: Sequence[Strike]) -> Result:
    """Play the tape under *strikes* and say what it came to."""
    began = time.monotonic()
    striking = Striking(strikes)
    striking.start()
    try:
        play(box, run.tape.said, striking.reached)
    finally:
        striking.finish()
    settled(box)
    found = _found(run, box, run.tape.year())
    return Result(run.kills, *found, tuple(run.faults), tuple(run.notes), time.monotonic() - began)


def settled(box: Sandbox) -> None:
    """Return when every process is ready and every service has followed the log to its end."""
    for name in box.system.running:
        if not becomes_ready(box.system, name, PATIENCE):
            raise NotStartedError(name, box.system.folder / f"{name}.log")
    door = DoorClient(box.system.url("door"))
    try:
        Player(
            box.scenario, door, box.founding.root, box.founding.root_kid, patience=PATIENCE
        ).settle()
    finally:
        door.close()


def readiness(system: System, name: str) -> tuple[int, str]:
    """What a process says of itself: HTTP status and words; 0 when it does not answer."""
    try:
        answer = httpx.get(f"{system.url(name)}/health/ready", timeout=5)
    except httpx.HTTPError as error:
        return 0, type(error).__name__
    return answer.status_code, answer.text


def becomes_ready(system: System, name: str, seconds: float) -> bool:
    """Whether a process says in time that it is ready."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if readiness(system, name)[0] == OK:
            return True
        time.sleep(0.1)
    return False


def contents(client: redis.Redis) -> dict[bytes, bytes]:
    """Every key of the store with its value, but for the gate's own word, how far followers are, and where entries stand."""
    keys = (key for key in client.scan_iter() if not key.startswith(NOT_WRITING))
    held = {bytes(key): client.dump(key) for key in keys}
    return {key: bytes(value) for key, value in held.items() if value}


def closed(run: Run, box: Sandbox, held: dict[bytes, bytes]) -> list[str]:
    """
    What is wrong while the store holds less than was followed: nothing, if all is well.

    The door must name its refusal, every process must stay up and say why it is not ready, and for
    ``WATCH_SECONDS`` the store must hold *held* and nothing else.
    """
    jws = next(one for one in reversed(run.tape.said) if parse_jws(one.jws).kid.endswith("/root"))
    system, faults = box.system, list[str]()
    door = DoorClient(system.url("door"))
    wanted = {str(Code.GATE_CLOSED), str(Code.BUSY)}
    deadline, until = time.monotonic() + PATIENCE, time.monotonic() + WATCH_SECONDS
    unsaid = set(system.running)
    said = ""
    while (unsaid or said != Code.GATE_CLOSED or time.monotonic() < until) and not faults:
        with suppress(DoorUnreachableError):
            reply = door.send(jws.jws, wait=0, arrival=jws.arrival)
            said = outcome(reply)
            if said not in wanted or not reply.document.get("retryable"):
                faults.append(f"the door answers {reply.document} while the log is closed")
        for name in tuple(unsaid):
            status, words = readiness(system, name)
            if status == UNAVAILABLE and CLOSED_WORDS.search(words):
                unsaid.discard(name)
        faults += [
            f"{name} ended" for name, one in system.running.items() if one.poll() is not None
        ]
        with redis.Redis.from_url(system.redis_url) as client:
            if (now := contents(client)) != held:
                changed = sorted(k.decode() for k in now.keys() | held if now.get(k) != held.get(k))
                faults.append(f"written while the log is closed: {changed}")
        if time.monotonic() > deadline:
            told = {name: readiness(system, name) for name in unsaid}
            faults.append(
                f"the door says {said!r}; these do not say that the log is closed: {told}"
            )
        time.sleep(0.1)
    door.close()
    return faults


def _found(run: Run, box: Sandbox, calm: Year) -> tuple[int, Difference]:
    entries = box.entries()
    if [entry.position for entry in entries] != list(range(1, len(entries) + 1)):
        run.faults.append("the positions are not dense")
    try:
        box.rejudge(entries)
    except (NotFollowingError, NotAuthenticError) as error:
        run.faults.append(f"the log does not follow: {error}")
    engine = open_engine(box.system.environment["THIDUA_DATABASE_URL"])
    try:
        served = fingerprints(engine)
        shown = fingerprints(engine, bound_to_log=False)
    finally:
        engine.dispose()
    anew = read_models(entries, bound_to_log=True)
    run.faults += [
        f"{name} as served is not what the log gives" for name in anew if anew[name] != served[name]
    ]
    run.faults += alarms(box.system.folder, run.allowed)
    return len(entries), difference(calm, Year.of(entries, shown))


def alarms(folder: Path, allowed: frozenset[str]) -> list[str]:
    """What the processes' own logs complain of that a fault from outside does not explain."""
    found: list[str] = []
    for path in sorted(folder.glob("*.log")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if not line.startswith("{"):
                found.append(f"{path.name}: {line[:200]}")
                continue
            told = json.loads(line)
            if told.get("level") in ALARMS and told["event"] not in allowed:
                found.append(f"{path.name}: {told['event']}: {str(told)[:300]}")
    return found
