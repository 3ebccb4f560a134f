"""A town whose log is kept by real processes, which are killed at chosen stages, as are two of its trustees."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.founding import CHECKPOINT_KEY, kept_key
from services.reporting.archive import SealedLog
from services.sandbox import sandbox
from services.scenarios.format import read_scenario
from tests.ballots.clients.house import UNTIL
from tests.ballots.clients.people import Person, Told
from tests.ballots.clients.town import CYCLE, Town, done, move_in, said
from tests.ballots.kills.postbox import Postbox, answered
from tests.conftest import THREE
from thidua.clock import format_instant
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts.units import ClockAdvanced
from thidua.publishing import DoorClient, DoorUnreachableError
from thidua.signing import Algorithm
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from services.sandbox import Sandbox

PATIENCE: Final = 90.0
"""Seconds for everything to be as it should again after a blow."""
PAUSE: Final = threading.Event()
"""Never set: to wait on it is to let time pass."""
KEPT: Final = "outbox flush"
"""What a command says whose event is not delivered yet."""
UNSENT: Final = 7
ROUNDS: Final = 9
"""In which five trustees make their keys, when each message of two of them takes two tries."""
COMMAND: Final = "from thidua.cli.app import main; main()"
SECRETLY: Final = ("init", "drill", "decrypt")
SPARED: Final = "van-phong"
"""The office of the authority whose commands are left alone: one trustee of each group is killed."""
LAST: Final = 4
"""What comes before the last of five trustees has spoken."""


class RealHouse:
    """What a town needs of its house, over the processes of a sandbox."""

    def __init__(self, box: Sandbox, postbox: Postbox, policy: Policy) -> None:
        self.box, self.postbox, self.policy = box, postbox, policy
        self.origin = box.founding.origin
        self.archive = SealedLog(box.system.folder / "archive")
        self._door = DoorClient(box.system.url("door"))

    @property
    def now(self) -> datetime:
        """The latest arrival."""
        return self.postbox.now

    @property
    def raw(self) -> list[bytes]:
        """The log."""
        return [entry.raw for entry in self.box.entries()]

    def calm(self) -> None:
        """Return when every process has followed the log to its end, and it is sealed."""
        deadline = time.monotonic() + PATIENCE
        status: object = None
        while time.monotonic() < deadline:
            try:
                status = self._door.status()
            except DoorUnreachableError as error:
                status = error
            else:
                if status.get("quiet") and status.get("gate") == "open":
                    return
            time.sleep(0.02)
        raise TimeoutError(status)

    def close(self) -> None:
        """Ask no more."""
        self._door.close()


@dataclass
class Steady(Person):
    """Who runs a command again when it says so, once all is calm."""

    house: RealHouse

    def run(self, *words: str, keyboard: str = "") -> Told:
        self.house.calm()
        told = super().run(*words, keyboard=keyboard)
        sends = words[:2] in (("ballot", "cast"), ("event", "send"))
        deadline = time.monotonic() + PATIENCE
        kept = KEPT in told.err
        while kept and time.monotonic() < deadline:
            self.house.calm()
            if sends:
                sent = super().run("outbox", "flush")
                told, kept = replace(told, code=sent.code, err=sent.err), sent.code == UNSENT
            else:
                told = super().run(*words, keyboard=keyboard)
                kept = KEPT in told.err
        return told


@dataclass
class Mortal(Steady):
    """Whose trustee's command is killed while its event is on the way, each time, and then started again."""

    mortal: tuple[str, ...] = SECRETLY
    deaths: int = 0

    def run(self, *words: str, keyboard: str = "") -> Told:
        if words[0] == "trustee" and words[1] in self.mortal and SPARED not in words:
            self._die(words)
        return super().run(*words, keyboard=keyboard)

    def _die(self, words: tuple[str, ...]) -> None:
        """Run it as a process of its own, which the postbox kills; one that has nothing to say ends by itself."""
        self.house.calm()
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "none")}
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.house.postbox.client = process
        self.deaths += process.wait(PATIENCE) < 0
        self.house.postbox.client = None


@dataclass
class Siege(Town):
    """The town under blows."""

    house: RealHouse

    def make_keys(self) -> None:
        """All rounds of the key generation; whoever was killed after it had spoken finds that it has to wait."""
        self.say("SOA", "election-drafted", self.draft)
        for _round in range(ROUNDS):
            for person, office in self.trustees():
                told = person.secretly("trustee", "init", CYCLE, self.ballot, *office)
                assert told.code in (0, UNSENT), told
            if self.ballot in [one.ballot for one in said(self, s.ElectionFixed)]:
                return
        raise AssertionError(told)

    def pass_to(self, moment: datetime) -> None:
        """The authority moves the sandbox's clock just past *moment*."""
        self.house.postbox.now = max(self.house.now, moment)
        data = {"to": format_instant(self.house.now + timedelta(seconds=1))}
        event = {"type": ClockAdvanced.TYPE, "subject": "BNV", "data": data}
        done(self.people["BNV"].send(event))
        self.house.calm()

    def close(self) -> None:
        assert self.closes is not None
        self.pass_to(self.closes)

    def lose(self, *names: str) -> None:
        """What trustees (``SOC:5``) of this ballot keep is gone with their machines; they never come back."""
        for name in names:
            who, _, owner = name.partition(":")
            kept = Path("custody", self.draft["uuid"], f"trustee-{owner}")
            (self.people[who].folder / kept).rename(self.folder / f"lost-{self.ballot}-{owner}")

    def destroy(self, owners: dict[str, tuple[str, ...]]) -> None:
        """The shares that are left are destroyed."""
        for name, office in owners.items():
            words = ("trustee", "destroy", CYCLE, self.ballot, "--confirm", self.ballot, *office)
            done(self.people[name].run(*words))


def blows(
    box: Sandbox, chance: random.Random, stages: frozenset[str], most: int
) -> dict[str, list[Callable[[], None] | None]]:
    """What is killed at each of the *stages*, by the type of its event: at the first *most* of them."""

    def service() -> None:
        PAUSE.wait(chance.uniform(0, 0.03))
        box.system.kill("ballots")
        box.system.launch("ballots")

    def store() -> None:
        PAUSE.wait(chance.uniform(0, 0.03))
        box.system.valkey.kill()
        box.system.valkey.start()

    def both() -> None:
        PAUSE.wait(chance.uniform(0, 0.03))
        box.system.kill("ballots")
        box.system.valkey.kill()
        box.system.valkey.start()
        box.system.launch("ballots")

    until_last: list[Callable[[], None] | None] = [service, store, *[None] * (LAST - 2)]
    every: Mapping[type, list[Callable[[], None] | None]] = {
        s.ElectionDrafted: [both],
        s.TrusteeCommitted: [service, store],
        s.TrusteePublished: [store, service],
        s.TrusteeSharesSealed: [service, store],
        s.TrusteeKeyConfirmed: [*until_last, both],
        s.TrusteeDrillPassed: [service, store],
        s.CredentialRegistered: [store, service],
        b.BallotOpened: [both],
        s.SecretVoteCast: [service, store, None, both],
        ClockAdvanced: [both],
        s.PartiallyDecrypted: [service, store, both],
        b.BallotVoided: [both],
        b.MinutesIssued: [both],
        s.KeyShareDestroyed: [service, store],
    }
    return {kind.TYPE: what[:most] for kind, what in every.items() if kind.TYPE in stages}


@contextmanager
def besieged(
    folder: Path,
    chance: random.Random,
    stages: frozenset[str],
    mortal: tuple[str, ...],
    most: int = LAST + 1,
) -> Iterator[Siege]:
    """The year of three members before its first ballot; one trustee of each group is killed in *mortal* commands."""
    whole = read_scenario(THREE)
    ends = next(at for at, line in enumerate(whole.lines) if line.type == UNTIL)
    scenario = replace(whole, lines=whole.lines[:ends], numbers=whole.numbers[:ends])
    home = folder / "house"
    with sandbox(scenario, home) as box:
        door = DoorClient(box.system.url("door"))
        player = box.player(door)
        player.play()
        door.close()
        key = kept_key(home / "keys" / CHECKPOINT_KEY, Algorithm.EDDSA)
        policy = Policy(
            NoteSigner(box.founding.origin, key).public,
            root_spki=box.founding.root.verifying_key.spki,
        )
        now = scenario.lines[-1].arrival.astimezone(UTC)
        postbox = Postbox(box.system, now, blows(box, chance, stages, most))
        house = RealHouse(box, postbox, policy)
        with answered(postbox) as url:
            town = Siege(house, url, folder)

            def sits(name: str, where: Path) -> Person:
                dies = name in ("BNV", "SOA")
                return Mortal(where, house, mortal) if dies else Steady(where, house)

            move_in(town, player, sits)
            try:
                yield town
            finally:
                house.close()
