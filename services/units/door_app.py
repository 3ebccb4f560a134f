"""The door's composition root: HTTP routes and followers over one log."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from redis.exceptions import RedisError
from starlette.middleware.cors import CORSMiddleware

from services.units.door import Door
from services.units.door_routes import answer_faults, openapi_of, routes
from services.units.door_settings import DoorSettings
from services.units.draining import Draining
from services.units.evidence.routes import evidence_routes
from services.units.limits import Rates
from services.units.reading import PAGE
from thidua.collecting import collect_seldom
from thidua.ending import ended
from thidua.log import Names
from thidua.log.whole import whole_log
from thidua.metrics import CONTENT_TYPE
from thidua.stream import AWAY, NOT_RUNNING, Follower, new_broker, new_client, wait_for_redis
from thidua.tracing import FASTAPI, Tracing, stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = structlog.get_logger(__name__)

DESCRIPTION = (
    "Nhận sự kiện đã ký của các đơn vị, trả lời bằng tiếng Việt và tiếng Anh. Sự kiện chỉ được báo là đã nhận khi đã được lưu. / "
    "Takes signed events, and acknowledges none that is not stored. Faults are RFC 9457 problems with a code of `/v1/refusals`."
)


def create_app(settings: DoorSettings | None = None) -> FastAPI:  # noqa: PLR0915 - one part after another
    """The door's app; without *settings* they are read from the environment."""
    settings = settings or DoorSettings.from_environment()
    names = Names(settings.partition)
    url = settings.redis_url.get_secret_value()
    broker = new_broker(url, "door")
    client = new_client(url)
    event_log = whole_log(client, settings)
    tracing = Tracing.of(settings, "door", share=settings.trace_share)
    door = Door(
        event_log,
        origin=settings.origin,
        sandbox=settings.is_sandbox,
        rates=Rates(settings.rate_events, settings.rate_bytes),
        proofs=settings.proofs,
        most_waiting=settings.max_waiting,
        key=settings.key,
        tracing=tracing,
    )
    entries = Follower(
        broker, names.log, door.reading.from_log, lambda: f"{door.receipts.position}-0", most=PAGE
    )
    answers = Follower(
        broker,
        names.answers,
        door.reading.from_answers,
        lambda: door.reading.answered_to,
        most=PAGE,
    )
    draining = Draining(broker, client, names, door)

    async def keep_publishers() -> None:
        while True:
            await asyncio.sleep(0.5)
            with suppress(RedisError, OSError):
                await draining.refresh(start=True)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await wait_for_redis(client)
        await door.reading.catch_up()
        await draining.refresh(start=False)
        entries.rewind()
        await broker.start()
        publishers = asyncio.create_task(keep_publishers())
        collect_seldom()
        log.info("service_started", position=door.receipts.position)
        try:
            yield
        finally:
            await ended(publishers)
            await broker.stop()
            await client.aclose()
            stop(tracing)
            log.info("service_stopped", position=door.receipts.position)

    app = FastAPI(
        title="Thi đua: cổng tiếp nhận / the door",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=FASTAPI,
    )
    app.state.broker = broker
    app.state.leave = door.receipts.leave
    if settings.page_origins:
        # Nothing is admitted for a cookie's sake: an event is believed for its signature alone.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.page_origins.split(),
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "prefer"],
        )

    app.include_router(evidence_routes(door, settings))
    app.state.draining = draining

    answer_faults(app, door.metrics)
    app.include_router(routes(door, settings))

    # FastAPI's own way to a document of one's own.
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]

    @app.get("/health/live", include_in_schema=False)
    async def live() -> PlainTextResponse:
        return PlainTextResponse("")

    followers = (entries, answers)

    async def why_not_ready() -> list[str]:
        alive = await broker.ping(1.0)
        closed = await event_log.why_closed(door.receipts.position) if alive else AWAY
        told = [closed, *(fault for one in followers for fault in (one.halted, one.failing))]
        faults = [fault for fault in told if fault]
        running = all(one.running for one in followers)
        return faults if running or faults else [NOT_RUNNING]

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> PlainTextResponse:
        faults = await why_not_ready()
        # One publisher's stream that cannot be drained is shown, and takes the door from nobody else.
        words = f"door position={door.receipts.position} {' '.join([*faults, *draining.faults()])}"
        return PlainTextResponse(words, 503 if faults else 200)

    @app.get("/metrics", include_in_schema=False)
    async def measured() -> Response:
        halted = ["door"] if any(one.halted for one in followers) else []
        faults = await why_not_ready()
        is_up = AWAY not in faults
        if is_up:
            with suppress(RedisError, OSError):
                door.metrics.take_down(await door.reading.status(), last_ms=door.receipts.clock_ms)
        door.metrics.streams(len(draining.followers), len(draining.faults()))
        told = {"door": door.receipts.position}
        await door.metrics.look(event_log, told, faults, halted, answers=is_up)
        return Response(door.metrics.page(), media_type=CONTENT_TYPE)

    return app
