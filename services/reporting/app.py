"""
The reporting service's composition roots: all of it in one process, or projector, archive and web each in its own.

Apart, only the archive holds a key and writes the archive, only the projector writes the read models, and the web part,
which the world talks to, reaches neither Redis nor a key.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from services.reporting.archive import SealedLog
from services.reporting.database import open_engine
from services.reporting.metrics import (
    ArchiveMetrics,
    ProjectorMetrics,
    ReportingMetrics,
    WebMetrics,
)
from services.reporting.parts import LogSide, Part, Projecting, Sealed
from services.reporting.reading import NothingYetError, reading
from services.reporting.settings import ReadingSettings, ReportingSettings
from services.reporting.web.site import add_site
from thidua.collecting import collect_seldom
from thidua.ending import ended
from thidua.metrics import CONTENT_TYPE
from thidua.stream import AWAY, NOT_RUNNING, wait_for_redis
from thidua.telling import Telling
from thidua.tracing import FASTAPI, stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import Engine

    from thidua.metrics import Metrics

log = structlog.get_logger(__name__)

__all__ = ["ReportingSettings", "create_app", "create_archive", "create_projector", "create_web"]

DATABASE_AWAY = "the database does not answer"


def create_app(settings: ReportingSettings | None = None) -> FastAPI:
    """All of reporting in one process; without *settings* they are read from the environment."""
    settings = settings or ReportingSettings.from_environment()
    side, engine = LogSide.of(settings, "reporting"), _engine(settings)
    metrics = ReportingMetrics()
    metrics.watch_disk({"archive": settings.archive_dir})
    projecting = Projecting(side, engine, SealedLog(settings.archive_dir), metrics)
    sealed = Sealed(side, engine, settings, metrics, lambda: projecting.position)
    watched = _Watched("reporting", side, engine, (projecting, sealed), metrics)
    app = watched.app()
    page = settings.voting_page
    add_site(app, engine, sealed.archive, sandbox=settings.is_sandbox, voting_page=page)
    return app


def create_projector(settings: ReadingSettings | None = None) -> FastAPI:
    """The projector in a process of its own; it reads the archive and holds no key."""
    settings = settings or ReadingSettings.from_environment()
    side, engine, metrics = LogSide.of(settings, "projector"), _engine(settings), ProjectorMetrics()
    projecting = Projecting(side, engine, SealedLog(settings.archive_dir), metrics)
    return _Watched("projector", side, engine, (projecting,), metrics).app()


def create_archive(settings: ReportingSettings | None = None) -> FastAPI:
    """The archive and its gate in a process of its own; of the read models' database it only reads."""
    settings = settings or ReportingSettings.from_environment()
    side, engine, metrics = LogSide.of(settings, "archive"), _engine(settings), ArchiveMetrics()
    metrics.watch_disk({"archive": settings.archive_dir})
    sealed = Sealed(side, engine, settings, metrics)
    return _Watched("archive", side, engine, (sealed,), metrics).app()


def create_web(settings: ReadingSettings | None = None) -> FastAPI:
    """Pages and API in a process of their own; it reads the database and the archive, and writes nothing."""
    settings = settings or ReadingSettings.from_environment()
    engine, metrics = _engine(settings), WebMetrics()
    metrics.watch_disk({"archive": settings.archive_dir})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log.info("service_started")
        try:
            yield
        finally:
            app.state.moments.dispose()
            engine.dispose()
            log.info("service_stopped")

    def position() -> int:
        with reading(engine) as read:
            return read.position

    async def ready() -> tuple[str, list[str]]:
        try:
            return f"web position={await asyncio.to_thread(position)}", []
        except NothingYetError as error:
            return "web position=0", [str(error)]
        except SQLAlchemyError:
            return "web position=?", [DATABASE_AWAY]

    async def page() -> bytes:
        _, faults = await ready()
        metrics.ready.set(not faults)
        await asyncio.to_thread(metrics.ask, engine)
        return metrics.page()

    app = _new_app(lifespan)
    _tell(app, ready, page)
    archive, voting_page = SealedLog(settings.archive_dir), settings.voting_page
    add_site(app, engine, archive, sandbox=settings.is_sandbox, voting_page=voting_page)
    return app


@dataclass(frozen=True, slots=True)
class _Watched:
    """A process that follows the log: its parts, brought up, watched and let go together."""

    name: str
    side: LogSide
    engine: Engine
    parts: Sequence[Part]
    metrics: Metrics

    def app(self) -> FastAPI:
        """The app that lives as long as the parts work."""
        app = _new_app(self._lifespan)
        app.state.broker = self.side.broker
        _tell(app, self.ready, self.page)
        return app

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        client, event_log = self.side.log.client, self.side.log
        telling = Telling(event_log, {part.name: _position_of(part) for part in self.parts})
        await wait_for_redis(client)
        for part in self.parts:
            await part.begin()
        await telling.tell()
        if isinstance(self.parts[0], Projecting):
            # What the log holds already must be shown before the process is ready.
            self.parts[0].backlog.until = await event_log.tail()
        for part in self.parts:
            part.follower.rewind()
        await self.side.broker.start()
        keeping = [
            asyncio.create_task(telling.keep()),
            *(asyncio.create_task(one) for part in self.parts for one in part.work()),
        ]
        collect_seldom()
        log.info("service_started", **self.told())
        try:
            yield
        finally:
            await ended(*keeping)
            await self.side.broker.stop()
            await client.aclose()
            stop(self.side.tracing)
            for part in self.parts:
                await part.end()
            if hasattr(app.state, "moments"):
                app.state.moments.dispose()
            self.engine.dispose()
            log.info("service_stopped", **self.told())

    async def why_not_ready(self) -> list[str]:
        """What keeps the process from its work; empty when nothing does."""
        faults = [fault for part in self.parts for fault in part.faults]
        if not await self.side.broker.ping(1.0):
            faults.append(AWAY)
        running = all(part.follower.running for part in self.parts)
        return faults if running or faults else [NOT_RUNNING]

    async def ready(self) -> tuple[str, list[str]]:
        """Who this is and how far, and what keeps it from its work."""
        told = self.told()
        at = told.get("projector", told.get("archive"))
        sealed = f" sealed={told['archive']}" if "archive" in told else ""
        return f"{self.name} position={at}{sealed}", await self.why_not_ready()

    async def page(self) -> bytes:
        """The figures now."""
        halted = [part.name for part in self.parts if part.halted]
        faults = await self.why_not_ready()
        answers = AWAY not in faults
        await self.metrics.look(self.side.log, self.told(), faults, halted, answers=answers)
        for part in self.parts:
            await part.measure()
        return self.metrics.page()

    def told(self) -> dict[str, int]:
        """How far each part has followed."""
        return {part.name: part.position for part in self.parts}


def _engine(settings: ReadingSettings) -> Engine:
    return open_engine(settings.database_url.get_secret_value())


def _position_of(part: Part) -> Callable[[], int]:
    return lambda: part.position


def _new_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    return FastAPI(
        title="Thi đua: báo cáo / reporting",
        version="1",
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry=FASTAPI,
    )


def _tell(
    app: FastAPI,
    asked: Callable[[], Awaitable[tuple[str, list[str]]]],
    measured: Callable[[], Awaitable[bytes]],
) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> PlainTextResponse:
        return PlainTextResponse("")

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> PlainTextResponse:
        words, faults = await asked()
        return PlainTextResponse(f"{words} {' '.join(faults)}", 503 if faults else 200)

    @app.get("/metrics", include_in_schema=False)
    async def figures() -> Response:
        return Response(await measured(), media_type=CONTENT_TYPE)
