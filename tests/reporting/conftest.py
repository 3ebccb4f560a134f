from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.reporting.database import open_engine
from services.reporting.following import Projector
from tests.reporting.year import year_2020

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.reporting.entries import Entries


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def new_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Engines on empty databases, as many as a test asks for."""
    engines: list[Engine] = []

    def on_sqlite() -> Engine:
        engines.append(open_engine(f"sqlite:///{tmp_path}/read-{len(engines)}.sqlite3"))
        return engines[-1]

    def on_postgres() -> Engine:
        engines.append(open_engine(request.getfixturevalue("new_postgres_database")()))
        return engines[-1]

    yield on_postgres if request.param == "postgresql" else on_sqlite
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(new_engine: Callable[[], Engine]) -> Engine:
    """An engine on an empty database."""
    return new_engine()


@pytest.fixture(scope="session")
def year() -> Entries:
    """The year 2020 as entries."""
    return year_2020()


@pytest.fixture
def told(engine: Engine, year: Entries) -> Engine:
    """A database that has followed the year 2020."""
    projector = Projector(engine)
    projector.start()
    projector.apply(year.raw)
    return engine
