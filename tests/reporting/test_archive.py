"""The archive: seals what the log held, and opens only a log that still holds all of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting import archive as module
from services.reporting.archive import (
    NOTHING,
    Archive,
    Gatekeeper,
    SealedElsewhereError,
    archive_status,
    roll,
    seals,
)
from services.reporting.database import open_engine, writing
from thidua.errors import LogCorruptError
from thidua.log import Entry, Gate, read_entry

if TYPE_CHECKING:
    from sqlalchemy import Engine

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


def sealed(engine: Engine, entries: list[tuple[int, bytes]]) -> Archive:
    archive = Archive(engine)
    archive.start()
    archive.seal(entries)
    return archive


def gatekeeper(archive: Archive, server: Server) -> Gatekeeper:
    return Gatekeeper(archive, server)  # type: ignore[arg-type]


async def test_an_empty_log_is_opened_when_nothing_is_sealed(engine: Engine) -> None:
    server = Server([])
    assert await gatekeeper(sealed(engine, []), server).check()
    assert server.is_open


async def test_an_equal_log_is_opened_for_each_run_of_its_server(
    engine: Engine, year: Entries
) -> None:
    archive, server = sealed(engine, year.raw), Server(year.raw)
    keeper = gatekeeper(archive, server)
    assert await keeper.check()
    server.run_id = "run-2"
    assert not server.is_open
    assert await keeper.check()
    assert server.opened == "run-2"
    assert archive_status(engine).run_id == "run-2"


async def test_a_longer_log_is_opened_and_the_rest_sealed_afterwards(
    engine: Engine, year: Entries
) -> None:
    archive, server = sealed(engine, year.raw[:90]), Server(year.raw)
    assert await gatekeeper(archive, server).check()
    archive.seal(year.raw)
    assert archive.position == len(year.raw)


async def test_nothing_is_compared_again_while_nothing_has_changed(
    engine: Engine, year: Entries
) -> None:
    server = Server(year.raw)
    keeper = gatekeeper(sealed(engine, year.raw), server)
    await keeper.check()
    server.asked.clear()
    assert await keeper.check()
    assert server.asked == []


@pytest.mark.parametrize("left", [0, 1, 150])
async def test_a_shorter_or_emptied_log_stays_closed_and_says_why(
    engine: Engine, year: Entries, left: int
) -> None:
    archive, server = sealed(engine, year.raw), Server(year.raw[:left], run_id="run-2")
    keeper = gatekeeper(archive, server)
    assert not await keeper.check()
    assert not server.is_open
    assert f"ends at position {left}" in str(archive_status(engine).reason)
    server.raw = year.raw
    assert await keeper.check()
    assert archive_status(engine).reason is None


async def test_a_log_emptied_and_founded_anew_under_the_same_run_is_closed_again(
    engine: Engine, year: Entries
) -> None:
    archive, server = sealed(engine, year.raw), Server(year.raw)
    keeper = gatekeeper(archive, server)
    await keeper.check()
    server.raw = year.raw[:3]
    assert server.is_open
    assert not await keeper.check()
    assert not server.is_open


async def test_a_log_that_ends_before_what_the_read_models_hold_stays_closed(
    engine: Engine, year: Entries
) -> None:
    archive, server = sealed(engine, year.raw[:90]), Server(year.raw[:95])
    keeper = Gatekeeper(archive, server, {"the projector": lambda: 100})  # type: ignore[arg-type]
    assert not await keeper.check()
    assert "the projector has followed to 100" in str(archive.status.reason)
    server.raw = year.raw
    assert await keeper.check()


@pytest.mark.parametrize("at", [1, 64, 194])
async def test_an_edited_log_stays_closed_and_names_the_position(
    engine: Engine, year: Entries, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 64)
    edited = list(year.raw)
    edited[at - 1] = (at, edited[at - 1][1].replace(b'"by":"', b'"by":"x'))
    archive, server = sealed(engine, year.raw), Server(edited)
    assert not await gatekeeper(archive, server).check()
    assert not server.is_open
    assert f"position {at} " in str(archive.status.reason)


async def test_a_log_with_bytes_that_are_no_entry_stays_closed(
    engine: Engine, year: Entries
) -> None:
    broken = [(1, b"nothing"), *year.raw[1:]]
    assert not await gatekeeper(sealed(engine, year.raw), Server(broken)).check()


async def test_a_log_with_a_missing_position_stays_closed(engine: Engine, year: Entries) -> None:
    holed = [*year.raw[:10], *year.raw[11:]]
    archive, server = sealed(engine, year.raw), Server(holed)
    assert not await gatekeeper(archive, server).check()
    assert "position 11" in str(archive.status.reason)


def test_entries_sealed_twice_count_once_and_a_gap_is_refused(
    engine: Engine, year: Entries
) -> None:
    archive = sealed(engine, year.raw[:20])
    before = archive.status
    archive.seal(year.raw[:20])
    assert archive.status == before
    with pytest.raises(LogCorruptError):
        archive.seal(year.raw[25:30])


def test_a_second_archive_on_the_same_database_takes_up_where_the_first_is(
    engine: Engine, year: Entries
) -> None:
    first, second = Archive(engine), Archive(engine)
    first.start()
    second.start()
    first.seal(year.raw[:30])
    with pytest.raises(SealedElsewhereError):
        second.seal(year.raw[:10])
    assert second.position == 30
    second.seal(year.raw[30:40])
    assert archive_status(engine).position == 40


def test_an_archive_that_lacks_seals_does_not_start(engine: Engine, year: Entries) -> None:
    sealed(engine, year.raw[:10])
    with writing(engine) as connection:
        connection.execute(seals.delete().where(seals.c.position == 4))
    with pytest.raises(LogCorruptError):
        Archive(engine).start()


@given(cuts=st.sets(st.integers(1, 29), max_size=8))
def test_the_rolling_hash_does_not_depend_on_batches(cuts: set[int]) -> None:
    engine = open_engine("sqlite://")
    entries = [(n, str(n).encode()) for n in range(1, 31)]
    archive = Archive(engine)
    archive.start()
    for end in [*sorted(cuts), 30]:
        archive.seal(entries[:end])
    expected = NOTHING
    for _, raw in entries:
        expected = roll(expected, hashlib.sha256(raw).digest())
    assert archive.status.rolling == expected
    engine.dispose()
