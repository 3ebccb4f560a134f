"""The reporting service's composition root: projector, archive and gate behind the API and pages."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from services.reporting import archive as archiving
from services.reporting import following
from services.reporting.archive import Archive, Gatekeeper
from services.reporting.database import open_engine
from services.reporting.following import Projector
from services.reporting.web.site import add_site
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.settings import Settings
from thidua.stream import new_broker, new_client, wait_for_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = structlog.get_logger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service's app; without *settings* they are read from the environment."""
    settings = settings or Settings.from_environment()
    names = Names(settings.partition)
    url = settings.redis_url.get_secret_value()
    broker = new_broker(url, "reporting")
    client = new_client(url)
    event_log = RedisLog(client, names)
    engine = open_engine(settings.database_url.get_secret_value())
    projector, archive = Projector(engine), Archive(engine)
    gatekeeper = Gatekeeper(archive, event_log, {"the projector": lambda: projector.position})
    positions = {
        "projector": lambda: projector.position,
        "archive": lambda: archive.position,
    }
    followers = (
        following.follow(
            broker, names.log, projector, lambda at: event_log.follow("projector", at)
        ),
        archiving.follow(broker, names.log, archive, lambda at: event_log.follow("archive", at)),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await wait_for_redis(client)
        await asyncio.to_thread(projector.start)
        await asyncio.to_thread(archive.start)
        await following.tell(event_log, positions)
        await gatekeeper.check()
        for follower in followers:
            follower.rewind()
        await broker.start()
        keeping = (
            asyncio.create_task(gatekeeper.keep()),
            asyncio.create_task(following.keep_telling(event_log, positions)),
        )
        gc.collect()
        gc.freeze()
        log.info("service_started", position=projector.position, sealed=archive.position)
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await broker.stop()
            await client.aclose()
            engine.dispose()
            log.info("service_stopped", position=projector.position, sealed=archive.position)

    app = FastAPI(
        title="Thi đua: báo cáo / reporting",
        version="1",
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.broker = broker

    @app.get("/health/live", include_in_schema=False)
    async def live() -> PlainTextResponse:
        return PlainTextResponse("")

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> PlainTextResponse:
        faults = [fault for one in followers for fault in (one.halted, one.failing) if fault]
        status = archive.status
        if not status.is_open:
            faults.append(f"gate: {status.reason}")
        running = all(one.running for one in followers) and await broker.ping(1.0)
        told = (
            f"reporting position={projector.position} sealed={archive.position} {' '.join(faults)}"
        )
        return PlainTextResponse(told, 200 if running and not faults else 503)

    add_site(app, engine, sandbox=settings.is_sandbox)
    return app
