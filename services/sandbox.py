"""A whole sandbox on this machine: founded for a scenario, every process running, ready to be played."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from services.ballots.domain import JUDGE as BALLOTS
from services.founding import found, plan
from services.player import Player, first_moment
from services.pledges.domain import JUDGE as PLEDGES
from services.processes import System
from services.reporting.checking import fingerprints_of_log
from services.scenarios.secret import Desk, questions_of
from services.units.domain import JUDGE as UNITS
from thidua.audit.rejudging import Rejudged, Rejudging
from thidua.embedded import RedisServer
from thidua.log import Entry, Names
from thidua.log.redis_log import RedisLog
from thidua.publishing import DoorClient
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from services.scenarios.format import Scenario
    from thidua.genesis import Founding

JUDGES: Final = (UNITS, BALLOTS, PLEDGES)
PAGE: Final = 1000


@dataclass(slots=True)
class Sandbox:
    """A running system and the scenario it was founded for."""

    scenario: Scenario
    system: System
    founding: Founding

    def play(self, on_progress: Callable[[int, int, str], None] = lambda *_: None) -> None:
        """Play the whole scenario through the door."""
        door = DoorClient(self.system.url("door"))
        try:
            self.player(door, on_progress).play()
        finally:
            door.close()

    def player(
        self, door: DoorClient, on_progress: Callable[[int, int, str], None] = lambda *_: None
    ) -> Player:
        """A player of the scenario through *door*."""
        player = Player(
            self.scenario, door, self.founding.root, self.founding.root_kid, on_progress
        )
        player.words = Desk(self.set_up, questions_of(self.scenario)).words
        return player

    def set_up(self, cycle: str, ballot: str) -> dict[str, Any]:
        """A secret ballot as the reporting API tells it; every service has followed when it is asked."""
        path = f"/v1/cycles/{cycle}/ballots/{ballot}/election"
        with httpx.Client(base_url=self.system.url("reporting"), timeout=60) as api:
            told: dict[str, Any] = api.get(path).raise_for_status().json()["data"]
        return told

    def outcome(self) -> dict[str, Any]:
        """
        What the reporting API says of the scenario's first cycle.

        ``fingerprints_equal``: the read models built anew from the log are those that are served;
        ``verified``: every entry is signed and follows by the judges from what stands before it.
        """
        cycle = next(line.subject for line in self.scenario.lines if "/" in line.subject)
        with httpx.Client(base_url=self.system.url("reporting"), timeout=60) as api:
            outcome: dict[str, Any] = (
                api.get("/v1/outcome", params={"cycle": cycle}).raise_for_status().json()
            )
            served = api.get("/v1/fingerprints").raise_for_status().json()["fingerprints"]
        entries = self.entries()
        rejudged = self.rejudge(entries)
        outcome["fingerprints_equal"] = fingerprints_of_log(entries) == served
        outcome["verified"] = rejudged.signatures == len(entries) - rejudged.said
        outcome["sandbox"] = self.founding.is_sandbox
        return outcome

    def rejudge(self, entries: list[Entry]) -> Rejudged:
        """Judge the log again; raises ``NotFollowingError`` at the first entry that does not follow."""
        root = self.founding.root.verifying_key.spki
        return Rejudging(JUDGES, origin=self.founding.origin, root_spki=root).run(entries)

    def entries(self) -> list[Entry]:
        """The whole log."""
        return asyncio.run(_entries(self.system.redis_url))


@contextmanager
def sandbox(
    scenario: Scenario, folder: Path, *, port: int | None = None, database_url: str | None = None
) -> Iterator[Sandbox]:
    """Found a log for *scenario* on an embedded Valkey, start every process, and stop all of it in the end."""
    founding = founded(scenario, folder)
    valkey = RedisServer(folder / "valkey")
    valkey.start()
    environment = {
        "THIDUA_ORIGIN": founding.origin,
        "THIDUA_REDIS_URL": valkey.url,
        "THIDUA_ROOT_SPKI": founding.root.verifying_key.spki,
        "THIDUA_DATABASE_URL": database_url or f"sqlite:///{folder / 'reporting.sqlite3'}",
        "THIDUA_EVIDENCE_FOLDER": str(folder / "evidence"),
    }
    system = System(folder, environment, valkey)
    if port is not None:
        system.ports["reporting"] = port
    with system:
        asyncio.run(found(founding, valkey.url))
        system.start()
        yield Sandbox(scenario, system, founding)


def founded(scenario: Scenario, folder: Path) -> Founding:
    """What a log for *scenario* is founded with; its keys are under ``folder/keys``."""
    setup = scenario.setup
    return plan(
        folder,
        origin=setup.origin,
        authority=setup.authority.code,
        name_vi=setup.authority.name_vi,
        name_en=setup.authority.name_en,
        rx_ms=first_moment(scenario),
    )


async def _entries(redis_url: str) -> list[Entry]:
    client = new_client(redis_url)
    try:
        log = RedisLog(client, Names())
        entries: list[Entry] = []
        while page := await log.read(len(entries), PAGE):
            entries += page
        return entries
    finally:
        await client.aclose()
