"""An alarm of the archive is lifted by a person with a reason that is kept, and never while its fault stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import redis
from typer.testing import CliRunner

from services.founding import RECORD
from services.log_commands import app
from services.reporting.archive import ALARMS, Archive, SealedLog
from tests.audit.signed_log import ORIGIN, SignedLog, signed_log
from thidua.audit.authentic import Authenticity, NotAuthenticError
from thidua.errors import LogCorruptError
from thidua.journal import Journal
from thidua.log import Names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

RUN = CliRunner()
LOG = Names().log
SEALED, ALL = 20, 30
WHY = "Đã dựng lại Redis từ kho lưu"


@dataclass(frozen=True)
class Place:
    """A log of thirty entries, of which twenty are sealed."""

    log: SignedLog
    folder: Path
    url: str

    def archive(self) -> Archive:
        archive = Archive(self.folder, self.log.signer, lambda: Authenticity(ORIGIN))
        archive.start()
        return archive

    def alarmed(self, entries: list[bytes], begins: int = SEALED + 1) -> None:
        """The archive meets *entries* and raises its alarm."""
        archive = self.archive()
        with pytest.raises((NotAuthenticError, LogCorruptError)):
            archive.seal(list(enumerate(entries, begins)))
        archive.stop()

    def holds(self, entries: list[bytes]) -> None:
        """Redis holds these entries and no others."""
        with redis.Redis.from_url(self.url) as client:
            client.delete(LOG)
            for position, raw in enumerate(entries, 1):
                client.xadd(LOG, {"e": raw}, id=f"{position}-0")

    def lift(self, reason: str = WHY) -> Result:
        told = ["--home", str(self.log.home), "--redis-url", self.url, "--reason", reason]
        return RUN.invoke(app, ["lift-alarm", str(self.folder), *told])

    @property
    def alarm(self) -> str | None:
        return SealedLog(self.folder).gate().alarm


@pytest.fixture
def place(tmp_path: Path, redis_url: str) -> Place:
    log = signed_log(tmp_path / "home")
    list(log.grow(ALL - len(log.entries)))
    key = log.founding.root.verifying_key
    record = {"archive_vkey": log.signer.public.vkey, "root_spki": key.spki}
    (log.home / RECORD).write_text(json.dumps(record), encoding="utf-8")
    place = Place(log, tmp_path / "archive", redis_url)
    archive = place.archive()
    archive.seal(list(enumerate(log.entries[:SEALED], 1)))
    archive.stop()
    return place


def test_an_alarm_is_lifted_once_the_log_is_mended_and_the_reason_is_kept(place: Place) -> None:
    place.alarmed(place.log.entries[SEALED + 1 :], SEALED + 2)
    said = place.alarm
    place.holds(place.log.entries)
    told = place.lift()
    assert told.exit_code == 0, told.output
    assert place.alarm is None
    [kept] = Journal(place.folder / ALARMS).read()
    assert kept == json.loads(told.stdout)
    assert (kept["alarm"], kept["reason"], kept["sealed"]) == (said, WHY, SEALED)


def without_the_next(entries: list[bytes]) -> list[bytes]:
    return [*entries[:SEALED], *entries[SEALED + 1 :]]


def with_another_signature(entries: list[bytes]) -> list[bytes]:
    raw = entries[SEALED]
    other = b"B" if raw[-20:-19] != b"B" else b"C"
    return [*entries[:SEALED], raw[:-20] + other + raw[-19:], *entries[SEALED + 1 :]]


def with_a_sealed_entry_changed(entries: list[bytes]) -> list[bytes]:
    return [*entries[:4], entries[5], *entries[5:]]


def shorter_than_what_is_sealed(entries: list[bytes]) -> list[bytes]:
    return entries[: SEALED - 1]


@pytest.mark.parametrize(
    "still",
    [
        without_the_next,
        with_another_signature,
        with_a_sealed_entry_changed,
        shorter_than_what_is_sealed,
    ],
)
def test_an_alarm_is_not_lifted_while_the_fault_stands(
    place: Place, still: Callable[[list[bytes]], list[bytes]]
) -> None:
    place.alarmed(place.log.entries[SEALED + 1 :], SEALED + 2)
    place.holds(still(place.log.entries))
    told = place.lift()
    assert told.exit_code == 1
    assert "the fault still stands" in told.output
    assert place.alarm is not None
    assert not (place.folder / ALARMS).exists()


def test_an_alarm_is_not_lifted_under_the_writers_hands_without_a_reason_or_twice(
    place: Place,
) -> None:
    place.alarmed(place.log.entries[SEALED + 1 :], SEALED + 2)
    place.holds(place.log.entries)
    writer = place.archive()
    told = place.lift()
    assert told.exit_code == 1
    assert "another process writes the archive" in told.output
    writer.stop()
    assert "a reason is needed" in place.lift(" ...").output
    assert place.alarm is not None
    assert place.lift().exit_code == 0
    told = place.lift()
    assert told.exit_code == 1
    assert "there is no alarm" in told.output
