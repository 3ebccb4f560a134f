"""What an operator has: a running system, the folder it was founded from, and the commands."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import typer
from typer.testing import CliRunner

from services.backup.commands import backup
from services.backup.restore import restore
from services.founding import CHECKPOINT_KEY, RECORD
from services.processes import System
from services.sandbox import Sandbox
from thidua.signing import Algorithm, SigningKey
from thidua.testing.servers import own_redis
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from thidua.publishing import DoorClient

RUN = CliRunner()
BACKUP = typer.Typer()
BACKUP.command()(backup)
RESTORE = typer.Typer()
RESTORE.command()(restore)
REASON = "Diễn tập khôi phục"


@dataclass(frozen=True)
class House:
    """A running system and its operator's folder."""

    box: Sandbox
    home: Path

    @property
    def signer(self) -> NoteSigner:
        """The log's voice under its checkpoints."""
        key = SigningKey.from_pem(
            (self.home / "keys" / CHECKPOINT_KEY).read_bytes(), Algorithm.EDDSA
        )
        return NoteSigner(self.box.founding.origin, key)

    @property
    def policy(self) -> Policy:
        """What was got on paper."""
        root = self.box.founding.root.verifying_key.spki
        return Policy(self.signer.public, root_spki=root)

    def words(self, folder: Path, *options: str) -> list[str]:
        """What an operator types after ``thidua backup``."""
        there = self.box.system.folder
        where = {
            "archive": there / "archive",
            "evidence": there / "evidence",
            "database-url": f"sqlite:///{there / 'reporting.sqlite3'}",
            "redis-url": self.box.system.redis_url,
            "home": self.home,
        }
        given = [word for name, value in where.items() for word in (f"--{name}", str(value))]
        return [str(folder), *given, *options]

    def backup(self, folder: Path, *options: str) -> Result:
        """``thidua backup``."""
        return RUN.invoke(BACKUP, self.words(folder, *options))

    def check(self, folder: Path, *options: str) -> Result:
        """``thidua backup --check``."""
        return RUN.invoke(BACKUP, [str(folder), "--check", "--home", str(self.home), *options])


def house_of(box: Sandbox, home: Path) -> House:
    """The operator's folder of a sandbox, with what founding leaves there."""
    shutil.copytree(box.system.folder / "keys", home / "keys")
    house = House(box, home)
    record = {
        "archive_vkey": house.signer.public.vkey,
        "root_spki": box.founding.root.verifying_key.spki,
    }
    (home / RECORD).write_text(json.dumps(record), encoding="utf-8")
    return house


def restored(folder: Path, place: Path, redis_url: str, *options: str) -> Result:
    """``thidua restore`` into the folder of a system that has nothing yet."""
    where = {
        "archive": place / "archive",
        "evidence": place / "evidence",
        "database-url": f"sqlite:///{place / 'reporting.sqlite3'}",
        "redis-url": redis_url,
        "home": place,
        "reason": REASON,
    }
    given = [word for name, value in where.items() for word in (f"--{name}", str(value))]
    return RUN.invoke(RESTORE, [str(folder), *given, *options])


@contextmanager
def another(house: House, place: Path) -> Iterator[Sandbox]:
    """The same log's system on another machine: an empty store, no process started yet."""
    with own_redis() as valkey:
        environment = {
            "THIDUA_ORIGIN": house.box.founding.origin,
            "THIDUA_REDIS_URL": valkey.url,
            "THIDUA_ROOT_SPKI": house.box.founding.root.verifying_key.spki,
            "THIDUA_DATABASE_URL": f"sqlite:///{place / 'reporting.sqlite3'}",
            "THIDUA_EVIDENCE_FOLDER": str(place / "evidence"),
        }
        box = Sandbox(house.box.scenario, System(place, environment, valkey), house.box.founding)
        try:
            yield box
        finally:
            box.system.stop_services()


def prints(box: Sandbox) -> dict[str, str]:
    """The fingerprints that a system serves."""
    served = httpx.get(f"{box.system.url('reporting')}/v1/fingerprints", timeout=60)
    found: dict[str, str] = served.raise_for_status().json()["fingerprints"]
    return found


def at_rest(door: DoorClient) -> int:
    """Return when everybody has followed to the end; where that is."""
    deadline = time.monotonic() + 60
    while not (told := door.status()).get("quiet"):
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    position: int = told["position"]
    return position
