"""The gatekeeper opens only a log that still holds all that is sealed; the archive seals it once, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting import gatekeeper as module
from services.reporting.archive import (
    PUBLIC,
    Archive,
    ArchiveForeignError,
    SealedElsewhereError,
    SealedLog,
)
from services.reporting.gatekeeper import Gatekeeper
from tests.reporting.archives import ORIGIN, Believing, archive_in, signer
from thidua.errors import LogCorruptError
from thidua.log import Entry, Gate, Outline, read_entry
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.faults import ArchiveCutError
from thidua.tlog.merkle import leaf_hash, root_of
from thidua.tlog.notes import NoteSigner
from thidua.tlog.tiles import bundle_path, kept_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reporting.entries import Entries


@dataclass
class Server:
    """A log as its server holds it, without what the archive does not ask for."""

    raw: list[tuple[int, bytes]]
    run_id: str = "run-1"
    opened: str = ""
    asked: list[int] = field(default_factory=list)

    async def tail(self) -> int:
        return self.raw[-1][0] if self.raw else 0

    async def outline(self) -> Outline:
        last = await self.tail()
        return Outline(self.raw[0][0] if self.raw else 0, last, len(self.raw), last)

    async def read(self, after: int, most: int) -> list[Entry]:
        self.asked.append(after)
        found = [(position, raw) for position, raw in self.raw if position > after]
        return [read_entry(position, raw) for position, raw in found[:most]]

    async def gate(self) -> Gate:
        return Gate(self.opened == self.run_id, self.run_id)

    async def open_gate(self, run_id: str) -> None:
        self.opened = run_id

    @property
    def is_open(self) -> bool:
        return self.opened == self.run_id


def sealed(folder: Path, entries: list[tuple[int, bytes]]) -> Archive:
    archive = archive_in(folder)
    archive.seal(entries)
    return archive


def gatekeeper(archive: Archive, server: Server) -> Gatekeeper:
    return Gatekeeper(archive, server)  # type: ignore[arg-type]


async def test_an_empty_log_is_opened_when_nothing_is_sealed(tmp_path: Path) -> None:
    server = Server([])
    assert await gatekeeper(sealed(tmp_path, []), server).check()
    assert server.is_open


async def test_an_equal_log_is_opened_for_each_run_of_its_server(
    tmp_path: Path, year: Entries
) -> None:
    archive, server = sealed(tmp_path, year.raw), Server(year.raw)
    keeper = gatekeeper(archive, server)
    assert await keeper.check()
    server.run_id = "run-2"
    assert not server.is_open
    assert await keeper.check()
    assert server.opened == "run-2"
    assert archive.gate().run_id == "run-2"


async def test_a_longer_log_is_opened_and_the_rest_sealed_afterwards(
    tmp_path: Path, year: Entries
) -> None:
    archive, server = sealed(tmp_path, year.raw[:90]), Server(year.raw)
    assert await gatekeeper(archive, server).check()
    archive.seal(year.raw)
    assert archive.position == len(year.raw)


async def test_nothing_is_compared_again_while_nothing_has_changed(
    tmp_path: Path, year: Entries
) -> None:
    server = Server(year.raw)
    keeper = gatekeeper(sealed(tmp_path, year.raw), server)
    await keeper.check()
    server.asked.clear()
    assert await keeper.check()
    assert server.asked == []


@pytest.mark.parametrize("left", [0, 1, 150])
async def test_a_shorter_or_emptied_log_stays_closed_and_says_why(
    tmp_path: Path, year: Entries, left: int
) -> None:
    archive, server = sealed(tmp_path, year.raw), Server(year.raw[:left], run_id="run-2")
    keeper = gatekeeper(archive, server)
    assert not await keeper.check()
    assert not server.is_open
    assert f"ends at position {left}" in str(archive.gate().reason)
    server.raw = year.raw
    assert await keeper.check()
    assert archive.gate().reason is None


async def test_a_log_emptied_and_founded_anew_under_the_same_run_is_closed_again(
    tmp_path: Path, year: Entries
) -> None:
    archive, server = sealed(tmp_path, year.raw), Server(year.raw)
    keeper = gatekeeper(archive, server)
    await keeper.check()
    server.raw = year.raw[:3]
    assert server.is_open
    assert not await keeper.check()
    assert not server.is_open


async def test_a_log_that_ends_before_what_the_read_models_hold_stays_closed(
    tmp_path: Path, year: Entries
) -> None:
    archive, server = sealed(tmp_path, year.raw[:90]), Server(year.raw[:95])
    keeper = Gatekeeper(archive, server, {"the projector": lambda: 100})  # type: ignore[arg-type]
    assert not await keeper.check()
    assert "the projector has followed to 100" in str(archive.gate().reason)
    server.raw = year.raw
    assert await keeper.check()


@pytest.mark.parametrize("at", [1, 64, 194])
async def test_an_edited_log_stays_closed_and_names_the_position(
    tmp_path: Path, year: Entries, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 64)
    edited = list(year.raw)
    edited[at - 1] = (at, edited[at - 1][1].replace(b'"by":"', b'"by":"x'))
    archive, server = sealed(tmp_path, year.raw), Server(edited)
    assert not await gatekeeper(archive, server).check()
    assert not server.is_open
    assert f"position {at} " in str(archive.gate().reason)


async def test_a_log_with_bytes_that_are_no_entry_stays_closed(
    tmp_path: Path, year: Entries
) -> None:
    broken = [(1, b"nothing"), *year.raw[1:]]
    assert not await gatekeeper(sealed(tmp_path, year.raw), Server(broken)).check()


async def test_a_log_with_a_missing_position_stays_closed(tmp_path: Path, year: Entries) -> None:
    holed = [*year.raw[:10], *year.raw[11:]]
    archive, server = sealed(tmp_path, year.raw), Server(holed)
    assert not await gatekeeper(archive, server).check()
    assert "position 11" in str(archive.gate().reason)


async def test_what_is_sealed_may_be_trimmed_from_the_log_and_nothing_else(
    tmp_path: Path, year: Entries
) -> None:
    archive, server = sealed(tmp_path, year.raw[:90]), Server(year.raw[80:])
    assert await gatekeeper(archive, server).check()
    server.raw, server.run_id = year.raw[91:], "run-2"
    assert not await gatekeeper(archive, server).check()
    assert "begins at position 92" in str(archive.gate().reason)


async def test_an_alarm_keeps_the_log_closed_until_a_person_lifts_it(
    tmp_path: Path, year: Entries
) -> None:
    archive, server = sealed(tmp_path, year.raw[:20]), Server(year.raw)
    keeper = gatekeeper(archive, server)
    assert await keeper.check()
    with pytest.raises(LogCorruptError):
        archive.seal(year.raw[25:30])
    assert not await keeper.check()
    assert not server.is_open
    archive.stop()
    again = archive_in(tmp_path)
    assert not await gatekeeper(again, server).check()
    again.stop()
    SealedLog(tmp_path).lift_alarm({"reason": "mất điện"})
    assert await gatekeeper(archive_in(tmp_path), server).check()


def test_entries_sealed_twice_count_once(tmp_path: Path, year: Entries) -> None:
    archive = sealed(tmp_path, year.raw[:20])
    before = archive.checkpoint()
    archive.seal(year.raw[:20])
    assert archive.checkpoint() == before


def test_one_process_writes_and_the_next_takes_up_where_it_ended(
    tmp_path: Path, year: Entries
) -> None:
    first = sealed(tmp_path, year.raw[:30])
    second = Archive(tmp_path, signer(), lambda: Believing(ORIGIN))
    with pytest.raises(SealedElsewhereError):
        second.start()
    with pytest.raises(SealedElsewhereError):
        second.seal(year.raw[:40])
    first.stop()
    assert second.start() == 30
    second.seal(year.raw[:40])
    assert second.position == 40


def test_every_sealed_size_keeps_its_checkpoint_and_each_begins_the_next(
    tmp_path: Path, year: Entries
) -> None:
    archive = archive_in(tmp_path)
    for end in (1, 2, 90, 193):
        archive.seal(year.raw[:end])
    newest = SealedLog(tmp_path).checkpoint()
    assert newest is not None
    assert newest.signed_by(signer().public)[0]
    for size in (1, 2, 90, 193):
        root = root_of([leaf_hash(raw) for _, raw in year.raw[:size]])
        kept = (tmp_path / PUBLIC / kept_path(size)).read_text()
        assert kept.split("\n")[1] == str(size)
        assert archive.files().root(size) == root


def test_an_archive_that_lost_or_changed_an_entry_does_not_start(
    tmp_path: Path, year: Entries
) -> None:
    sealed(tmp_path, year.raw[:10]).stop()
    bundle = tmp_path / PUBLIC / bundle_path(0, 10)
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:-5])
    with pytest.raises(ArchiveCutError, match="9 / 10"):
        archive_in(tmp_path)


def test_an_archive_of_another_key_or_log_is_not_gone_on_with(
    tmp_path: Path, year: Entries
) -> None:
    sealed(tmp_path, year.raw[:10]).stop()
    for other in (
        NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA)),
        NoteSigner("sandbox/other/p0", signer().key),
    ):
        with pytest.raises(ArchiveForeignError):
            Archive(tmp_path, other, lambda: Believing(ORIGIN)).start()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.sets(st.integers(1, 193), max_size=8))
def test_the_sealed_tree_does_not_depend_on_batches(
    cuts: set[int], tmp_path_factory: pytest.TempPathFactory, year: Entries
) -> None:
    archive = archive_in(tmp_path_factory.mktemp("archive"))
    for end in [*sorted(cuts), len(year.raw)]:
        archive.seal(year.raw[:end])
    archive.stop()
    checkpoint = archive.checkpoint()
    assert checkpoint is not None
    assert checkpoint.root == root_of([leaf_hash(raw) for _, raw in year.raw])
