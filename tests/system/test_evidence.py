"""A file of evidence comes through: the door killed while it arrives, and before the log has heard of it."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from services.sandbox import Sandbox, sandbox
from tests.system.test_independence import until
from thidua.cli.app import app
from thidua.evidence import EvidenceFileError, sha256_of
from thidua.publishing import DoorClient
from thidua.signing import parse_jws
from thidua.uploading import EvidenceClient, NotTakenError

if TYPE_CHECKING:
    from pathlib import Path

STORED = b'"thidua.units.evidence-stored.v1"'
CYCLE = "BNV/KHOI-3/2023"
SIZE = 30 * 1024 * 1024


@pytest.fixture
def box(tmp_path: Path) -> Any:
    with sandbox(until("thidua.pledges.pledge-signed.v1"), tmp_path) as box:
        yield box


@pytest.fixture
def client(box: Sandbox) -> EvidenceClient:
    """A member's program."""
    door = DoorClient(box.system.url("door"))
    player = box.player(door)
    player.play()
    door.close()
    member = player._publishers["SOA"]
    return EvidenceClient(box.system.url("door"), box.founding.origin, member.kid, member.key)


def stored(box: Sandbox) -> list[str]:
    """The hashes of which the log says that the store holds them."""
    payloads = [parse_jws(entry.jws or b"").payload for entry in box.entries() if entry.jws]
    return [json.loads(one)["data"]["evidence"]["sha256"] for one in payloads if STORED in one]


def a_file(folder: Path, name: str, size: int) -> Path:
    path = folder / name
    path.write_bytes(b"%PDF-1.7\n" + name.encode() * (size // len(name)))
    return path


def test_an_upload_goes_on_after_the_door_was_killed_and_is_recorded_once(
    box: Sandbox, client: EvidenceClient, tmp_path: Path
) -> None:
    path = a_file(tmp_path, "bao-cao.pdf", SIZE)
    seen: list[int] = []
    told: list[dict[str, Any]] = []
    running = threading.Event()

    def progress(have: int, _size: int) -> None:
        seen.append(have)
        if have:
            running.set()

    def put() -> None:
        told.append(client.put(path, unit="SOA", subject=CYCLE, on_progress=progress))

    sending = threading.Thread(target=put)
    sending.start()
    assert running.wait(30)
    box.system.kill("door")
    box.system.start("door")
    sending.join(60)
    assert told[0]["state"] == "recorded"
    assert 0 < seen[1] < SIZE
    assert seen == sorted(seen)
    box.system.kill("door")
    box.system.start("door")
    assert EvidenceClient.has_at(client.url, told[0]["hash"])
    assert stored(box) == [sha256_of(path)]
    assert box.outcome()["verified"]


def test_a_file_stored_while_nobody_judges_is_recorded_once_although_the_door_is_killed(
    box: Sandbox, client: EvidenceClient, tmp_path: Path
) -> None:
    path = a_file(tmp_path, "anh.pdf", 1000)
    box.system.kill("units")
    told = client.put(path, unit="SOA", subject=CYCLE, wait=2)
    assert told["state"] == "stored"
    for _ in range(2):
        box.system.kill("door")
        box.system.start("door")
    box.system.start("units")
    deadline = time.monotonic() + 30
    while (told := client.put(path, unit="SOA", subject=CYCLE))["state"] != "recorded":
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    assert stored(box) == [sha256_of(path)]


def test_a_person_puts_asks_and_gets_with_the_command(
    box: Sandbox, client: EvidenceClient, tmp_path: Path
) -> None:
    files = [a_file(tmp_path, name, 1000) for name in ("mot.pdf", "hai.pdf")]
    bad = tmp_path / "ba.pdf"
    bad.write_bytes(b"no pdf")
    key = tmp_path / "soa.pem"
    key.write_bytes(client.key.to_pem())
    run = CliRunner()
    mine = ["--key-file", str(key), "--kid", client.kid, "--origin", client.origin]
    mine += ["--url", client.url]
    put = ["evidence", "put", *map(str, files), *mine, "--unit", "SOA", "--subject", CYCLE]
    done = run.invoke(app, put)
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["hash"], line["state"]) for line in lines] == [
        (sha256_of(path), "recorded") for path in files
    ]
    refused = run.invoke(app, [*put[:2], str(bad), *put[4:]])
    assert refused.exit_code == 3
    assert "EVIDENCE_TYPE" in refused.stdout
    there = run.invoke(app, ["evidence", "status", lines[0]["hash"], "--url", client.url])
    assert (there.exit_code, json.loads(there.stdout)["stored"]) == (0, True)
    absent = run.invoke(app, ["evidence", "status", "0" * 64, "--url", client.url])
    assert (absent.exit_code, json.loads(absent.stdout)["stored"]) == (5, False)
    copy = tmp_path / "copy.pdf"
    got = run.invoke(app, ["evidence", "get", lines[0]["hash"], "--to", str(copy), *mine])
    assert got.exit_code == 0, got.output
    assert copy.read_bytes() == files[0].read_bytes()
    again = run.invoke(app, ["evidence", "get", lines[0]["hash"], "--to", str(copy), *mine])
    assert isinstance(again.exception, EvidenceFileError)
    absent = run.invoke(
        app, ["evidence", "get", "0" * 64, "--to", str(tmp_path / "none.pdf"), *mine]
    )
    assert isinstance(absent.exception, NotTakenError)
    assert not (tmp_path / "none.pdf").exists()


def test_a_program_is_told_at_once_that_it_speaks_to_another_log(
    box: Sandbox, client: EvidenceClient, tmp_path: Path
) -> None:
    path = a_file(tmp_path, "mot.pdf", 1000)
    client.origin = "so.khac/p0"
    with pytest.raises(NotTakenError, match="AUDIENCE_WRONG"):
        client.put(path, unit="SOA", subject=CYCLE)
