"""Pages and API show a person's role alone, before and after an erasure, and by which entry it was erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.reporting.database import open_engine
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Projector
from services.reporting.rebuild import rebuild
from services.vault.store import Vault
from tests.audit.persons import NAMES, REFS, Persons, commitment, row
from tests.reporting.web.conftest import site_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import httpx
    from fastapi import FastAPI
    from sqlalchemy import Engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/read.sqlite3")
    yield made
    made.dispose()


@pytest.fixture
def persons(tmp_path: Path) -> Persons:
    return Persons(tmp_path)


def follow(engine: Engine, persons: Persons) -> None:
    projector = Projector(engine)
    projector.start()
    projector.apply(persons.log.raw)


async def test_the_page_of_a_unit_shows_the_role_and_by_which_entry_the_name_was_erased(
    engine: Engine, persons: Persons, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    follow(engine, persons)
    async with visit(site_on(engine)) as reader:
        before = (await reader.get("/don-vi/LCA")).text
        assert "Phó Giám đốc" in before
        assert "đã xóa theo mục" not in before
        at = persons.erase("LCA")
        follow(engine, persons)
        after = (await reader.get("/don-vi/LCA")).text
        assert "Phó Giám đốc" in after
        assert f'đã xóa theo mục <a href="/su-kien/{at}">' in after
        assert "erased by entry" in (await reader.get("/en/don-vi/LCA")).text
        told = (await reader.get("/v1/units/LCA")).json()
        assert NAMES["LCA"] not in before + after + str(told)


def test_the_read_models_are_made_of_commitments_so_that_an_erasure_changes_no_replay(
    engine: Engine, persons: Persons, tmp_path: Path
) -> None:
    vault = Vault(f"sqlite:///{tmp_path}/vault.sqlite3")
    vault.put(row("LCA"))
    follow(engine, persons)
    before = fingerprints(engine)
    vault.erase(REFS["LCA"], ground="request", basis="Điều 14", today=row().keep_until)
    vault.close()

    def pages(after: int, most: int) -> Sequence[tuple[int, bytes]]:
        return persons.log.raw[after : after + most]

    rebuild(engine, pages)
    assert fingerprints(engine) == before
    persons.erase("LCA")
    rebuild(engine, pages)
    told = fingerprints(engine)
    assert told != before
    rebuild(engine, pages)
    assert fingerprints(engine) == told


def test_a_counters_erasure_leaves_a_delegates_row_as_it_is(
    engine: Engine, persons: Persons
) -> None:
    at = persons.erase("HGI")
    follow(engine, persons)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT commitment, erased_at FROM g1_delegates")
        assert [tuple(one) for one in found] == [(commitment("LCA"), None)]
        said = connection.exec_driver_sql(f"SELECT type FROM g1_timeline WHERE position = {at}")
        assert said.scalar_one() == "thidua.units.personal-data-erased.v1"
