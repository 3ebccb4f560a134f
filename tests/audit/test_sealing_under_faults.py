"""The sealer may die at any moment and the disk may refuse: every entry is sealed once, in order, or not yet."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from services.reporting.archive import Archive, SealedLog
from tests.audit.signed_log import ORIGIN, SignedLog, signed_log
from thidua.audit.authentic import Authenticity
from thidua.log import Names
from thidua.testing.servers import own_redis
from thidua.tlog import writing
from thidua.tlog.merkle import leaf_hash
from thidua.tlog.notes import read_checkpoint
from thidua.tlog.tiles import CHECKPOINT, KEPT, check_levels

if TYPE_CHECKING:
    from thidua.embedded import RedisServer

KILLS = int(os.environ.get("THIDUA_KILLS", "6"))
"""``make test-audit`` asks for more."""
PROGRAM = Path(__file__).with_name("sealing_process.py")
ROOT = Path(__file__).parents[2]
CHUNK = 150
LOG = Names().log
ENOSPC = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sealing(valkey: RedisServer, folder: Path, log: SignedLog) -> subprocess.Popen[bytes]:
    words = [sys.executable, str(PROGRAM), valkey.url, str(folder), str(log.key), ORIGIN]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}"}
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)


def position(folder: Path) -> int:
    newest = SealedLog(folder).checkpoint()
    return newest.size if newest else 0


def until_sealed(folder: Path, size: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while position(folder) < size:
        assert time.monotonic() < deadline, f"sealed {position(folder)} of {size}"
        assert process.poll() is None, "the sealer ended by itself"
        time.sleep(0.01)


def assert_whole(folder: Path, log: SignedLog) -> int:
    """Every entry once and in order, every kept checkpoint signed and a beginning of the newest; how many those are."""
    archive = SealedLog(folder)
    files = archive.files()
    assert [raw for _, raw in files.entries()] == log.entries
    check_levels(files)
    assert [files.leaf(p) for p in range(1, files.size + 1)] == [*map(leaf_hash, log.entries)]
    kept = sorted((archive.public / KEPT).iterdir())
    for path in [*(p for p in kept if p.suffix != ".tmp"), archive.public / CHECKPOINT]:
        checkpoint = read_checkpoint(path.read_bytes())
        assert checkpoint.signed_by(log.signer.public)[0]
        assert checkpoint.root == files.root(checkpoint.size), path.name
    return len(kept)


def test_a_sealer_killed_at_any_moment_under_load_seals_every_entry_once_and_in_order(
    tmp_path: Path,
) -> None:
    chance = random.Random(20_261_125)
    log, folder = signed_log(tmp_path / "home"), tmp_path / "archive"
    with own_redis() as valkey, redis.Redis.from_url(valkey.url) as client:

        def write(entries: list[tuple[int, bytes]]) -> None:
            for at, raw in entries:
                client.xadd(LOG, {"e": raw}, id=f"{at}-0")

        write(list(enumerate(log.entries, 1)))
        for _ in range(KILLS):
            process = sealing(valkey, folder, log)
            # It takes up what is there; then entries arrive while it is killed.
            until_sealed(folder, len(log.entries), process)
            moment = time.monotonic() + chance.uniform(0.0, 0.6)
            while time.monotonic() < moment:
                write(list(log.grow(chance.randrange(1, CHUNK))))
            process.send_signal(signal.SIGKILL)
            process.wait()
            write(list(log.grow(3)))
        process = sealing(valkey, folder, log)
        until_sealed(folder, len(log.entries), process)
        process.terminate()
        process.wait()
    kept = assert_whole(folder, log)
    left = list(folder.rglob("*.tmp"))
    assert len(left) <= KILLS
    print(f"{KILLS} kills, {len(log.entries)} entries, {kept} checkpoints, {len(left)} .tmp left")


class Disk:
    """A disk that refuses after so many files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fault: OSError) -> None:
        self.room: float = float("inf")
        self._fault = fault
        self._fsync = os.fsync
        monkeypatch.setattr(writing.os, "fsync", self.fsync)

    def fsync(self, descriptor: int) -> None:
        self.room -= 1
        if self.room < 0:
            raise self._fault
        self._fsync(descriptor)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("room", range(9))
def test_nothing_is_signed_that_is_not_on_disk_and_sealing_goes_on_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, room: int
) -> None:
    log = signed_log(tmp_path / "home", 300)
    numbered = list(enumerate(log.entries, 1))
    archive = Archive(tmp_path / "archive", log.signer, lambda: Authenticity(ORIGIN))
    archive.start()
    disk = Disk(monkeypatch, OSError(number, os.strerror(number)))
    archive.seal(numbered[:100])
    before = SealedLog(tmp_path / "archive").checkpoint()
    disk.room = room
    with pytest.raises(OSError, match=os.strerror(number)):
        archive.seal(numbered)
    newest = SealedLog(tmp_path / "archive").checkpoint()
    assert newest is not None
    assert archive.position == newest.size
    assert newest.root == archive.files().root(), "what is signed is on disk"
    assert newest == before or room >= 8, "only the very last sync may come too late"
    disk.room = float("inf")
    archive.seal(numbered)
    archive.stop()
    assert_whole(tmp_path / "archive", log)
