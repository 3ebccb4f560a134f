"""A deciding service as an ASGI app: its inbox and the log followed, its timers kept, its health told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from faststream.asgi import AsgiFastStream, AsgiResponse, get, make_ping_asgi
from faststream.specification import AsyncAPI
from pydantic import SecretStr
from redis.exceptions import RedisError

from thidua.clock import WallClock
from thidua.collecting import collect_seldom
from thidua.drafting import Signer
from thidua.ending import ended
from thidua.judging import PAGE, Judging, inbox_item
from thidua.log import Names
from thidua.log.whole import whole_log
from thidua.metrics import CONTENT_TYPE, DecidingMetrics
from thidua.settings import Settings
from thidua.signing import SigningKey
from thidua.stream import (
    AWAY,
    NOT_RUNNING,
    Follower,
    RawEntry,
    new_broker,
    new_client,
    traces_of,
    wait_for_redis,
)
from thidua.telling import Telling
from thidua.tracing import Tracing, stop

if TYPE_CHECKING:
    from faststream.asgi.types import ASGIApp

    from thidua.deciding import Judge

S = TypeVar("S")
log = structlog.get_logger(__name__)

TICK_SECONDS = 0.25
BELL_SECONDS = 0.02
"""So long the log's bell is not heard again: the inbox never waits for it, and most of what rings it is the service's own."""


class ServiceSettings(Settings):
    """A deciding service's settings: the common ones and its signing key."""

    signing_key: SecretStr
    """The service's Ed25519 private key, PEM; give ``THIDUA_SIGNING_KEY_FILE``."""

    def signer(self, service: str) -> Signer:
        """The service's voice in this log."""
        key = SigningKey.from_pem(self.signing_key.get_secret_value().encode())
        return Signer(service, self.origin, key)


class Deciding:
    """
    The border of a deciding service: inbox and log in, appends and wake-ups out.

    One lock orders what the inbox, the log and the timers do to the service's knowledge.
    """

    def __init__(self, judging: Judging[Any]) -> None:
        self.judging = judging
        self._lock = asyncio.Lock()
        self._clock = WallClock()
        self._reply_lost = False

    async def start(self) -> None:
        """Take in the log and post what is due."""
        async with self._lock:
            await self.judging.start()
            await self.judging.wake(self._clock.now_ms())

    async def from_inbox(self, entries: list[RawEntry]) -> None:
        """Judge a batch of the inbox."""
        items = [inbox_item(stream_id, fields) for stream_id, fields in entries]
        traces = None if self.judging.tracing is None else traces_of(entries)
        async with self._lock:
            try:
                await self.judging.consume(items, traces)
            except (RedisError, OSError):
                self._reply_lost = True
                raise
            await self.judging.wake(self._clock.now_ms())

    async def from_log(self, entries: list[RawEntry]) -> None:
        """
        Take in what stands in the log since the last time.

        The entries are a bell: most of them are this service's own, and the others are read from its position.
        """
        async with self._lock:
            if int(entries[-1][0].partition("-")[0]) > self.judging.position:
                await self.judging.catch_up()
            await self.judging.wake(self._clock.now_ms())
        await asyncio.sleep(BELL_SECONDS)

    async def tick(self) -> None:
        """Wake what time alone has made due; after a lost reply, find out whether the append was written."""
        async with self._lock:
            if self._reply_lost:
                await self.judging.ask_offset()
                self._reply_lost = False
            await self.judging.wake(self._clock.now_ms())

    async def keep_time(self) -> None:
        """Tick for ever."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            with suppress(RedisError, OSError):
                await self.tick()


def deciding_app(
    judge: Judge[S],
    settings: ServiceSettings,
    pages: Callable[[Judging[S]], Iterable[tuple[str, ASGIApp]]] | None = None,
) -> AsgiFastStream:
    """
    The app of one deciding service; nothing happens before its lifespan starts.

    *pages* gives routes of the service's own over what it knows; they only read.

    ``/health/live`` answers 204 while Redis answers; ``/health/ready`` 200 only while both followers run
    and nothing is halted, and the log is open for writing; with the reason otherwise. ``/metrics`` is for Prometheus.
    """
    service = judge.service
    names = Names(settings.partition)
    url = settings.redis_url.get_secret_value()
    broker = new_broker(url, service)
    client = new_client(url)
    event_log = whole_log(client, settings)
    metrics = DecidingMetrics()
    signer = settings.signer(service)
    tracing = Tracing.of(settings, service)
    judging = Judging(
        judge,
        event_log,
        signer,
        sandbox=settings.is_sandbox,
        metrics=metrics,
        tracing=tracing,
    )
    deciding = Deciding(judging)
    telling = Telling(event_log, {service: lambda: judging.settled})
    inbox = Follower(
        broker, names.inbox(service), deciding.from_inbox, lambda: judging.offset, most=PAGE
    )
    entries = Follower(
        broker, names.log, deciding.from_log, lambda: f"{judging.position}-0", most=1, bell=True
    )

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await wait_for_redis(client)
        await deciding.start()
        inbox.rewind()
        entries.rewind()
        collect_seldom()
        await telling.tell()
        keeping = [asyncio.create_task(one) for one in (deciding.keep_time(), telling.keep())]
        log.info(
            "service_started", service=service, position=judging.position, offset=judging.offset
        )
        try:
            yield
        finally:
            await ended(*keeping)
            await client.aclose()
            stop(tracing)
            log.info("service_stopped", service=service, position=judging.position)

    async def why_not_ready() -> list[str]:
        answers = await broker.ping(1.0)
        closed = await event_log.why_closed(judging.position) if answers else AWAY
        told = (inbox.halted, entries.halted, inbox.failing, entries.failing, closed)
        faults = [fault for fault in told if fault]
        running = inbox.running and entries.running
        return faults if running or faults else [NOT_RUNNING]

    @get
    async def ready(_scope: object) -> AsgiResponse:
        faults = await why_not_ready()
        body = f"{service} position={judging.position} offset={judging.offset} {' '.join(faults)}".encode()
        return AsgiResponse(body, 503 if faults else 200)

    @get
    async def measured(_scope: object) -> AsgiResponse:
        halted = [service] if inbox.halted or entries.halted else []
        faults = await why_not_ready()
        told = {service: judging.position}
        await metrics.look(event_log, told, faults, halted, answers=AWAY not in faults)
        return AsgiResponse(metrics.page(), 200, {"content-type": CONTENT_TYPE})

    return AsgiFastStream(
        broker,
        lifespan=lifespan,
        specification=AsyncAPI(title=f"thidua {service}", version=str(judge.version)),
        asgi_routes=[
            ("/health/live", make_ping_asgi(broker, timeout=1.0)),
            ("/health/ready", ready),
            ("/metrics", measured),
            *(pages(judging) if pages else ()),
        ],
        asyncapi_path="/asyncapi",
        logger=None,
    )
