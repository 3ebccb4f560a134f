from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from services.reporting.archive import Archive
from services.reporting.database import open_engine
from services.reporting.following import Projector
from services.reporting.web.site import add_site
from tests.reporting.year import year_2020

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from sqlalchemy import Engine


def site_on(engine: Engine, *, sandbox: bool = True) -> FastAPI:
    """The pages and the API over a database, without what follows the log."""
    app = FastAPI(openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None)
    add_site(app, engine, sandbox=sandbox)
    return app


@pytest.fixture(scope="package")
def engine_2020(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that has followed the year 2020, and has sealed it."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('site')}/read.sqlite3")
    log = year_2020()
    projector, archive = Projector(engine), Archive(engine)
    projector.start()
    archive.start()
    projector.apply(log.raw)
    archive.seal(log.raw)
    yield engine
    engine.dispose()


@pytest.fixture(scope="package")
def site(engine_2020: Engine) -> FastAPI:
    """The site of the year 2020."""
    return site_on(engine_2020)


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
