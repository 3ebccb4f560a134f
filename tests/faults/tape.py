"""The calm year on tape: every event as its publisher signed it, to be sent again under faults."""

from __future__ import annotations

import itertools
import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from services.founding import found
from services.player import UNIT_REGISTERED, Player
from services.processes import ALL, System
from services.sandbox import Sandbox, founded
from tests.faults.comparing import Year, read_models
from thidua.contracts import SERVICES
from thidua.embedded import RedisServer
from thidua.knowledge import ChainHead
from thidua.publishing import DoorClient, Publisher, Reply
from thidua.signing import EMPTY_HASH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from services.scenarios.format import Scenario
    from thidua.log import Entry

PATIENCE: Final = 180.0
"""Seconds a publisher goes on asking: kills come in rows, and the machine may be busy."""
ACCESS_GRANTED: Final = "thidua.units.access-granted.v1"
STARTING: Final = threading.Lock()
"""Only one system starts at a time: a start has work for every core, a year that is played mostly waits."""
NOWHERE: Final = "1990"
"""A year that no event of a scenario is about; its clock may be moved without harm."""


class OtherAnswerError(AssertionError):
    """An event was answered otherwise than in the calm year."""

    def __init__(self, number: int, wanted: str, reply: Reply) -> None:
        super().__init__(f"event {number} of the tape: {wanted} in the calm year, {reply.document}")


@dataclass(frozen=True, slots=True)
class Said:
    """One event as signed, when it arrives, and what it came to."""

    jws: str
    arrival: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class Tape:
    """
    A calm year: its events in order, its log, and tokens that no door or judge may let into it.

    ``seed`` is the founded log's folder that every run starts from, so that all share keys and genesis.
    """

    scenario: Scenario
    seed: Path
    said: Sequence[Said]
    entries: Sequence[Entry]
    unfit: Sequence[str]

    def year(self) -> Year:
        """What the calm year came to."""
        return Year.of(self.entries, read_models(self.entries, bound_to_log=False))


class RecordingDoor(DoorClient):
    """The door as a publisher sees it, with everything that entered the log written down."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.said: list[Said] = []

    def send(self, jws: str, *, wait: int = 10, arrival: datetime | None = None) -> Reply:
        reply = super().send(jws, wait=wait, arrival=arrival)
        if reply.in_log:
            self.said.append(Said(jws, arrival or datetime.now(UTC), outcome(reply)))
        return reply


class TurningDoor(DoorClient):
    """Several replicas of the door: every question goes to the next one."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(urls[0])
        self._doors = itertools.cycle([DoorClient(url) for url in urls])

    def _ask(self, method: str, path: str, **options: Any) -> Reply:
        return next(self._doors)._ask(method, path, **options)


def outcome(reply: Reply) -> str:
    """``recorded``, or the code of the refusal."""
    return str(reply.document.get("code") or reply.outcome)


def hold_to(number: int, one: Said, reply: Reply) -> None:
    """Raise ``OtherAnswerError`` when an event was answered otherwise than in the calm year."""
    if outcome(reply) != one.outcome or not reply.in_log:
        raise OtherAnswerError(number, one.outcome, reply)


@contextmanager
def system(
    scenario: Scenario, seed: Path, folder: Path, replicas: Sequence[str] = ()
) -> Iterator[Sandbox]:
    """A copy of the founded log at *seed* with every process running, and *replicas* beside them."""
    shutil.copytree(seed, folder)
    valkey = RedisServer(folder / "valkey")
    founding = founded(scenario, folder)
    environment = {
        "THIDUA_ORIGIN": founding.origin,
        "THIDUA_REDIS_URL": valkey.url,
        "THIDUA_DATABASE_URL": f"sqlite:///{folder / 'reporting.sqlite3'}",
    }
    with System(folder, environment, valkey) as running:
        valkey.start()
        with STARTING:
            running.start(*ALL, *replicas)
        try:
            yield Sandbox(scenario, running, founding)
        finally:
            # All was looked at; how processes stop is a case of its own.
            for name in running.running:
                running.kill(name)


def with_access(scenario: Scenario) -> Scenario:
    """The same year, in which every unit may also publish straight into Redis."""
    lines, numbers = [], []
    for line, number in zip(scenario.lines, scenario.numbers, strict=True):
        lines.append(line)
        numbers.append(number)
        if line.type == UNIT_REGISTERED and line.expect is None:
            data = {"unit": line.data["unit"], "basis": "QĐ 1"}
            lines.append(line.model_copy(update={"type": ACCESS_GRANTED, "data": data}))
            numbers.append(number)
    return replace(scenario, lines=tuple(lines), numbers=tuple(numbers))


async def founded_at(scenario: Scenario, folder: Path) -> None:
    """Found a log for *scenario* and leave it stopped in *folder*."""
    founding = founded(scenario, folder)
    valkey = RedisServer(folder / "valkey")
    valkey.start()
    try:
        await found(founding, valkey.url)
    finally:
        valkey.stop()


def record(box: Sandbox, seed: Path) -> Tape:
    """Play the scenario calmly and keep what was said."""
    door = RecordingDoor(box.system.url("door"))
    try:
        player = box.player(door)
        player.play()
        unfit = [jws for publisher in player._publishers.values() for jws in _unfit(box, publisher)]
    finally:
        door.close()
    return Tape(box.scenario, seed, tuple(door.said), tuple(box.entries()), tuple(unfit))


def play(box: Sandbox, said: Sequence[Said], on_step: Callable[[int], None]) -> None:
    """Send the tape as its publishers would: the same bytes again until they are answered for good."""
    doors = [box.system.url(name) for name in box.system.ports if name.partition("@")[0] == "door"]
    door = TurningDoor(doors)
    player = Player(box.scenario, door, box.founding.root, box.founding.root_kid, patience=PATIENCE)
    for number, one in enumerate(said):
        on_step(number)
        reply = player.deliver(one.jws, one.arrival)
        hold_to(number, one, reply)
    player.settle()


def _unfit(box: Sandbox, publisher: Publisher) -> Iterator[str]:
    """
    A fork, a gap and an event for another log, all signed with the publisher's own key.

    The fork is at the second place: at the first it would be right for a chain that has not begun.
    """
    line = next(line for line in box.scenario.lines if line.subject.count("/") > 1)
    subject = line.subject.rpartition("/")[0] + f"/{NOWHERE}"
    owner = publisher.source, publisher.kid, publisher.key
    for origin, seq in (
        (publisher.origin, 1),
        (publisher.origin, 9_998),
        (f"{publisher.origin}/other", 1),
    ):
        heads = dict.fromkeys(SERVICES, ChainHead(seq, EMPTY_HASH))
        speaker = Publisher(origin, *owner, heads=heads)
        yield speaker.sign(line.type, subject, line.data, time=line.time)
