from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from services.reporting.archive import SealedLog
from services.reporting.database import open_engine
from services.reporting.following import Projector
from services.reporting.web.site import add_site
from tests.reporting.archives import archive_in
from tests.reporting.year import year_2020

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from sqlalchemy import Engine


def site_on(
    engine: Engine, archive: Path | None = None, *, sandbox: bool = True, voting_page: str = ""
) -> FastAPI:
    """The pages and the API over a database and an archive, empty if none is named; nothing follows the log."""
    app = FastAPI(openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    sealed = SealedLog(archive or Path("/nonexistent"))
    add_site(app, engine, sealed, sandbox=sandbox, voting_page=voting_page)
    return app


@pytest.fixture(scope="package")
def engine_2020(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that has followed the year 2020."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('site')}/read.sqlite3")
    projector = Projector(engine)
    projector.start()
    projector.apply(year_2020().raw)
    yield engine
    engine.dispose()


@pytest.fixture(scope="package")
def site(engine_2020: Engine, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The site of the year 2020, sealed."""
    folder = tmp_path_factory.mktemp("archive")
    archive = archive_in(folder)
    archive.seal(year_2020().raw)
    archive.stop()
    return site_on(engine_2020, folder)


@pytest.fixture
def visit() -> Callable[[FastAPI], httpx.AsyncClient]:
    """A reader of a site; whatever goes wrong inside it is raised."""

    def reader(app: FastAPI) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://site", follow_redirects=True
        )

    return reader


@pytest.fixture
async def client(
    site: FastAPI, visit: Callable[[FastAPI], httpx.AsyncClient]
) -> AsyncIterator[httpx.AsyncClient]:
    """A reader of the year 2020."""
    async with visit(site) as reader:
        yield reader
