"""A system whose Redis was lost comes up again on the restored log, with the same figures, and goes on."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import httpx
import redis
from typer.testing import CliRunner

from services.founding import RECORD
from services.log_commands import app
from services.processes import System
from services.sandbox import JUDGES, Sandbox
from thidua.audit.rejudging import Rejudging
from thidua.clock import from_ms
from thidua.contracts.units import LogRestored
from thidua.publishing import DoorClient, Publisher
from thidua.testing.servers import own_redis

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.copies import Copy

RUN = CliRunner()


def log(box: Sandbox, command: str, *options: str) -> Any:
    folder = box.system.folder
    told = ["--home", str(folder), "--redis-url", box.system.redis_url]
    return RUN.invoke(app, [command, str(folder / "archive"), *told, *options])


def restored(box: Sandbox) -> dict[str, Any]:
    told = log(box, "restore", "--reason", "Diễn tập mất Redis")
    assert told.exit_code == 0, told.output
    document: dict[str, Any] = json.loads(told.stdout)
    return document


def prints(box: Sandbox) -> dict[str, str]:
    served = httpx.get(f"{box.system.url('reporting')}/v1/fingerprints", timeout=60)
    found: dict[str, str] = served.raise_for_status().json()["fingerprints"]
    return found


def at_rest(door: DoorClient, position: int) -> None:
    """Return when everybody has followed to a position."""
    deadline = time.monotonic() + 60
    while not ((told := door.status()).get("quiet") and told["position"] == position):
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def say(box: Sandbox, door: DoorClient, position: int) -> dict[str, Any]:
    """An event of the authority through the door."""
    founding = box.founding
    heads = {"units": door.head(founding.root_kid, "units")}
    source = f"/authorities/{founding.authority}"
    publisher = Publisher(founding.origin, source, founding.root_kid, founding.root, heads)
    data = LogRestored(position=position, reason="Diễn tập mất Redis")
    moment = from_ms(max(entry.rx_ms for entry in box.entries()))
    jws = publisher.sign(data.TYPE, founding.authority, data.model_dump(mode="json"), time=moment)
    return door.send(jws, arrival=moment).document


def test_services_come_up_on_a_restored_log_with_equal_figures_and_record_what_comes(
    seed_year: Sandbox, sealed_year: Copy, tmp_path: Path
) -> None:
    before, size = prints(seed_year), sealed_year.size
    for name in ("keys", "archive"):
        shutil.copytree(seed_year.system.folder / name, tmp_path / name)
    record = {
        "archive_vkey": sealed_year.signer.public.vkey,
        "root_spki": sealed_year.policy.root_spki,
    }
    (tmp_path / RECORD).write_text(json.dumps(record), encoding="utf-8")
    root = tmp_path / "keys" / "root.pem"
    root.rename(tmp_path / "root.pem")
    with own_redis() as valkey:
        environment = {
            "THIDUA_ORIGIN": seed_year.founding.origin,
            "THIDUA_REDIS_URL": valkey.url,
            "THIDUA_DATABASE_URL": f"sqlite:///{tmp_path / 'reporting.sqlite3'}",
        }
        box = Sandbox(seed_year.scenario, System(tmp_path, environment, valkey), seed_year.founding)
        told = restored(box)
        assert (told["written"], told["announced"]) == (size, False)
        try:
            _live(box, size, before)
            (tmp_path / "root.pem").rename(root)
            _again(box, size + 1)
        finally:
            box.system.stop_services()


def _live(box: Sandbox, size: int, before: dict[str, str]) -> None:
    box.system.start()
    door = DoorClient(box.system.url("door"))
    at_rest(door, size)
    assert prints(box) == before
    assert say(box, door, size)["position"] == size + 1
    at_rest(door, size + 1)
    whole = box.entries()
    Rejudging(JUDGES, origin=box.founding.origin).run(whole)

    trimmed = log(box, "trim", "--to", str(size), "--backup-position", str(size))
    assert trimmed.exit_code == 0, trimmed.output
    for name in ("door", "units", "reporting"):
        box.system.kill(name)
    for file in box.system.folder.glob("reporting.sqlite3*"):
        file.unlink()
    box.system.start("door", "units", "reporting")
    at_rest(door, size + 1)
    door.close()


def _again(box: Sandbox, size: int) -> None:
    """The whole once more, with everybody at work when Redis is lost."""
    with redis.Redis.from_url(box.system.redis_url) as client:
        client.flushall()
    told = log(box, "restore", "--reason", "Diễn tập mất Redis")
    assert (told.exit_code, "thidua-units" in told.output) == (1, True), told.output
    box.system.stop_services()
    document = restored(box)
    assert (document["sealed"], document["position"]) == (size, size + 1)
    assert document["announced"]
    box.system.start()
    door = DoorClient(box.system.url("door"))
    at_rest(door, size + 1)
    assert say(box, door, size + 1)["position"] == size + 2
    at_rest(door, size + 2)
    door.close()
    Rejudging(JUDGES, origin=box.founding.origin).run(box.entries())
