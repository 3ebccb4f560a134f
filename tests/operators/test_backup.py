"""A backup is made while everything runs, is there whole or not at all, and a changed byte in it is named."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.backup.checking import check
from services.backup.draft import Draft, NoRoomError, TargetThereError
from services.backup.making import EVIDENCE, apart
from services.backup.manifest import (
    MANIFEST,
    SUM,
    KeysManifest,
    check_files,
    read_keys_manifest,
    read_manifest,
    size_and_sha256,
    sum_line,
)
from services.backup.marker import FILE as MARKER
from services.condition import PROCESSES
from services.founding import RECORD
from services.status import status
from services.trimming import backed_up
from thidua.embedded import free_port
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.tiles import TileFolder

if TYPE_CHECKING:
    from tests.operators.conftest import Played

OWNER_ALONE = stat.S_IRUSR | stat.S_IWUSR


@pytest.fixture
def copied(played: Played, tmp_path: Path) -> Path:
    """A copy of the last backup to tamper with."""
    return shutil.copytree(played.last, tmp_path / "backup")


def files_in(folder: Path) -> list[str]:
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())


def test_every_backup_made_while_the_services_write_holds_and_is_a_beginning_of_the_log(
    played: Played,
) -> None:
    whole = [entry.raw for entry in played.house.box.entries()]
    positions = []
    for folder in played.during:
        checked = check(folder, played.house.policy)
        held = [raw for _, raw in checked.restoration.entries(0)]
        assert held == whole[: len(held)]
        assert checked.unlike == ()
        positions.append(len(held))
    assert len(set(positions)) > 2, "nothing was written meanwhile"
    assert positions == sorted(positions)


def test_a_backup_holds_the_whole_log_the_evidence_and_the_figures_and_says_so(
    played: Played,
) -> None:
    checked = check(played.last, played.house.policy)
    whole = [entry.raw for entry in played.house.box.entries()]
    assert [raw for _, raw in checked.restoration.entries(0)] == whole
    manifest = checked.manifest
    assert (manifest.log.position, manifest.evidence, manifest.waiting) == (len(whole), 1, 0)
    assert manifest.figures is not None
    assert manifest.figures.position == len(whole)
    assert set(checked.equal) == manifest.figures.fingerprints.keys()
    files = TileFolder(played.last / "archive", manifest.log.sealed)
    assert files.root().hex() == manifest.log.root
    assert backed_up(played.last, files, played.house.policy) == manifest.log.sealed, (
        "trim takes it"
    )


def test_only_its_owner_reads_a_backup_and_no_key_lies_in_it(played: Played) -> None:
    keys = {path.read_bytes() for path in (played.house.home / "keys").glob("*.pem")}
    for folder in (played.last, played.keys):
        for path in (one for one in folder.rglob("*") if one.is_file()):
            assert stat.S_IMODE(path.stat().st_mode) == OWNER_ALONE, path
        assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    held = [path.read_bytes() for path in played.last.rglob("*") if path.is_file()]
    assert not keys.intersection(held)
    assert not any(b"PRIVATE KEY" in content for content in held)
    manifest = read_keys_manifest(played.keys)
    check_files(played.keys, manifest.files)
    held_keys = {one.path for one in manifest.files if one.path != RECORD}
    assert {(played.keys / path).read_bytes() for path in held_keys} == keys
    assert (played.keys / RECORD).exists(), "what a backup is held to comes on another way"


def test_an_existing_target_is_refused_and_nothing_in_it_is_touched(
    played: Played, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    done = played.house.backup(there)
    assert (done.exit_code, list(there.iterdir())) == (1, [])
    assert "exists already" in done.output
    done = played.house.backup(played.last, "--keys", str(tmp_path / "keys"))
    assert (done.exit_code, (tmp_path / "keys").exists()) == (1, False)
    done = played.house.backup(tmp_path / "new", "--keys", str(there))
    assert (done.exit_code, (tmp_path / "new").exists()) == (1, False)
    check_files(played.last, read_manifest(played.last).files)


def test_keys_are_never_written_into_the_backup_nor_the_backup_among_them(
    played: Played, tmp_path: Path
) -> None:
    for keys in (tmp_path / "new" / "keys", tmp_path / "new"):
        done = played.house.backup(tmp_path / "new", "--keys", str(keys))
        assert (done.exit_code, "elsewhere than the backup" in done.output) == (1, True)
    assert not (tmp_path / "new").exists()
    apart(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize(
    "secret",
    [
        "DB=postgresql://reporting:0123456789abcdef@postgres/thidua\n",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n",
    ],
)
def test_settings_that_hold_a_secret_are_refused_by_name(
    played: Played, tmp_path: Path, secret: str
) -> None:
    settings_file = tmp_path / "site.env"
    settings_file.write_text(secret, encoding="utf-8")
    done = played.house.backup(tmp_path / "new", "--configuration", str(settings_file))
    assert (done.exit_code, "site.env" in done.output) == (1, True)
    assert not (tmp_path / "new").exists()


def test_a_file_of_evidence_that_rotted_in_the_store_is_left_out_and_named_by_the_check(
    played: Played, tmp_path: Path
) -> None:
    store = shutil.copytree(played.house.box.system.folder / EVIDENCE, tmp_path / "store")
    [file] = [path for path in (store / "files").rglob("*") if path.is_file()]
    file.write_bytes(b"rot")
    done = played.house.backup(tmp_path / "new", "--evidence", str(store))
    assert (done.exit_code, file.name in done.output) == (0, True)
    found = played.house.check(tmp_path / "new")
    assert (found.exit_code, file.name in found.output) == (4, True)


def test_a_disk_with_too_little_room_is_named_before_anything_is_written(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(NoRoomError, match=str(tmp_path / "new")), Draft(tmp_path / "new") as draft:
        draft.room(free)
    assert list(tmp_path.iterdir()) == []


@given(st.data())
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_changed_byte_anywhere_in_a_backup_is_refused_by_the_files_name(
    copied: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(files_in(copied)), label="file")
    path = copied / name
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1), label="byte")
    bit = data.draw(st.integers(0, 7), label="bit")
    changed = bytearray(whole)
    changed[at] ^= 1 << bit
    path.write_bytes(changed)
    try:
        with pytest.raises(ArchiveFaultError, match=name.removesuffix(".sha256")):
            check_files(copied, read_manifest(copied).files)
    finally:
        path.write_bytes(whole)


def test_a_file_that_is_missing_added_or_a_link_is_refused_by_name(copied: Path) -> None:
    files = read_manifest(copied).files
    (copied / "archive" / "them").write_text("x", encoding="utf-8")
    with pytest.raises(ArchiveFaultError, match="archive/them"):
        check_files(copied, files)
    (copied / "archive" / "them").unlink()
    (copied / "redis.json").rename(copied.parent / "away")
    with pytest.raises(ArchiveFaultError, match=r"redis\.json"):
        check_files(copied, files)
    (copied / "redis.json").symlink_to(copied.parent / "away")
    with pytest.raises(ArchiveFaultError, match=r"redis\.json"):
        check_files(copied, files)
    (copied / MANIFEST).unlink()
    with pytest.raises(ArchiveUnreadableError, match=MANIFEST):
        read_manifest(copied)


def rewritten(folder: Path, name: str, content: bytes) -> None:
    """What a cheat does who can count: the file, its line in the manifest, and the manifest's sum."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    size, sha256 = size_and_sha256(folder / name)
    for one in manifest["files"]:
        if one["path"] == name:
            one.update(bytes=size, sha256=sha256)
    raw = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(raw)
    (folder / SUM).write_text(sum_line(raw), encoding="ascii")


def without_an_entry(told: dict[str, Any]) -> None:
    told["entries"].append(told["entries"][-1] if told["entries"] else "e30=")


def with_words(told: dict[str, Any]) -> None:
    told["clock"]["units"] = "tomorrow"


@pytest.mark.parametrize("change", [without_an_entry, with_words])
def test_what_is_rewritten_with_its_hashes_is_still_held_to_the_log(
    played: Played, copied: Path, change: Any
) -> None:
    told = json.loads((copied / "redis.json").read_bytes())
    change(told)
    rewritten(copied, "redis.json", json.dumps(told).encode())
    done = played.house.check(copied)
    assert (done.exit_code, "redis.json" in done.output) == (4, True), done.output


def test_figures_that_do_not_follow_from_the_log_are_named(played: Played, copied: Path) -> None:
    manifest = json.loads((copied / MANIFEST).read_bytes())
    manifest["figures"]["fingerprints"]["pledges"] = "0" * 64
    (copied / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    rewritten(copied, "redis.json", (copied / "redis.json").read_bytes())
    done = played.house.check(copied)
    assert (done.exit_code, "read model pledges" in done.output) == (4, True), done.output


PAUSED = """
import os, sys, time
from services.backup.draft import Draft
whole = Draft.finish
def paused(self, manifest):
    print("writing", flush=True)
    while True:
        time.sleep(1)
Draft.finish = paused
sys.argv = sys.argv[1:]
from thidua.cli.app import main
main()
"""


def test_a_backup_killed_in_the_midst_leaves_none_and_the_next_one_is_whole(
    played: Played, tmp_path: Path
) -> None:
    target = tmp_path / "night"
    words = played.house.words(target)
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED, "thidua", "backup", *words],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    assert not target.exists()
    with pytest.raises(Exception, match="being written"), Draft(target):
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".night.part"]
    assert played.house.backup(target).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARKER, "night"]
    check(target, played.house.policy)


def test_a_target_that_appears_while_the_backup_is_written_is_not_replaced(tmp_path: Path) -> None:
    manifest = KeysManifest(origin="sandbox/test", made="2026-01-01T00:00:00Z", files=[])
    with Draft(tmp_path / "new") as draft:
        (tmp_path / "new").mkdir()
        with pytest.raises(TargetThereError):
            draft.finish(manifest)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_the_last_backup_and_what_was_proven_of_it_stand_on_the_operators_screen(
    played: Played, tmp_path: Path
) -> None:
    target = tmp_path / "night"
    assert played.house.backup(target).exit_code == 0
    screen = typer.Typer()
    screen.command()(status)
    nowhere = [f"--at={name}=http://127.0.0.1:{free_port()}" for name in PROCESSES]
    asked = [*nowhere, "--json", f"--backup-marker={tmp_path / MARKER}"]

    def told() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(CliRunner().invoke(screen, asked).stdout)
        return found

    position = len(played.house.box.entries())
    made = told()["backup"]
    assert (made["folder"], made["position"], made["proof"]) == ("night", position, "tree")
    assert played.house.check(target).exit_code == 0
    assert told()["backup"]["proof"] == "whole"
    (target / "redis.json").write_bytes(b"{}")
    assert played.house.check(target).exit_code == 4
    assert told()["backup"]["proof"] == "fails"
    assert any("does not hold" in need for need in told()["needs"])


def test_a_machine_reads_a_backup_as_one_object(played: Played, tmp_path: Path) -> None:
    done = played.house.backup(tmp_path / "new", "--json")
    told = json.loads(done.stdout)
    assert told["log"]["position"] == len(played.house.box.entries())
    found = json.loads(played.house.check(tmp_path / "new", "--json").stdout)
    assert found["holds"] is True
