"""The reporting service's composition root: projector, archive and gate behind the API and pages."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import structlog
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from pydantic import SecretStr

from services.reporting import following
from services.reporting.archive import Archive
from services.reporting.cosigning import Cosigning
from services.reporting.database import open_engine
from services.reporting.following import Backlog, Projector
from services.reporting.history import other_history, take_trimmed
from services.reporting.metrics import ReportingMetrics
from services.reporting.publishing import publish_at_rest
from services.reporting.sealing import Sealing
from services.reporting.self_check import check_at_rest
from services.reporting.web.site import add_site
from thidua.audit.authentic import Authenticity
from thidua.clock import WallClock
from thidua.errors import SettingsError
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.metrics import CONTENT_TYPE
from thidua.settings import Settings
from thidua.signing import SigningKey
from thidua.stream import AWAY, NOT_RUNNING, new_broker, new_client, wait_for_redis
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy, read_policy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from faststream.redis import RedisBroker
    from sqlalchemy import Engine

    from thidua.stream import Follower

log = structlog.get_logger(__name__)


class ReportingSettings(Settings):
    """Reporting's settings: the common ones, and where and under which key the archive is sealed."""

    archive_dir: Path = Path("thidua-archive")
    """Folder of the archive; its part ``archive/`` may be published."""
    signing_key: SecretStr
    """Ed25519 private key, PEM, that signs checkpoints; give ``THIDUA_SIGNING_KEY_FILE``."""

    witnesses: Path | None = None
    """C2SP policy with the witnesses and their addresses; without it nobody cosigns."""

    root_spki: str | None = None
    """Public half of the log's root key as founding printed it; what the service verifies by itself is held to it."""

    def signer(self) -> NoteSigner:
        """The log's voice under its checkpoints."""
        key = SigningKey.from_pem(self.signing_key.get_secret_value().encode())
        return NoteSigner(self.origin, key)

    def policy(self) -> Policy | None:
        """The policy in its file; raises ``SettingsError`` when that holds none."""
        if self.witnesses is None:
            return None
        try:
            return read_policy(self.witnesses.read_text(encoding="utf-8"))
        except (OSError, ValueError, ArchiveFaultError) as error:
            raise SettingsError("THIDUA_WITNESSES", str(error)) from None

    def own_policy(self, policy: Policy | None) -> Policy:
        """What the service holds its own archive to: the *policy* if there is one, else its own key."""
        known = policy or Policy(self.signer().public)
        return replace(known, root_spki=known.root_spki or self.root_spki)


def create_app(settings: ReportingSettings | None = None) -> FastAPI:
    """The service's app; without *settings* they are read from the environment."""
    settings = settings or ReportingSettings.from_environment()
    names = Names(settings.partition)
    url = settings.redis_url.get_secret_value()
    broker = new_broker(url, "reporting")
    client = new_client(url)
    event_log = RedisLog(client, names)
    engine = open_engine(settings.database_url.get_secret_value())
    projector = Projector(engine)
    archive = Archive(
        settings.archive_dir, settings.signer(), lambda: Authenticity(settings.origin)
    )
    metrics = ReportingMetrics()
    metrics.watch_disk({"archive": settings.archive_dir})
    projecting = following.follow(
        broker, names.log, projector, lambda at: event_log.follow("projector", at), metrics
    )
    cosigning = _cosigning(settings, archive)
    sealing = Sealing(
        broker,
        names.log,
        archive,
        event_log,
        {
            "the projector": lambda: projector.position,
            "a witness": lambda: max((one.seen for one in cosigning), default=0),
        },
        lambda at: event_log.follow("archive", at),
        lambda: other_history(engine, event_log, archive),
        metrics,
    )
    positions = {"projector": lambda: projector.position, "archive": lambda: sealing.position}

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await wait_for_redis(client)
        await asyncio.to_thread(projector.start)
        # An archive brought back from an old copy must not be gone on with.
        await asyncio.gather(*(one.look() for one in cosigning))
        await sealing.begin()
        await take_trimmed(event_log, archive, projector)
        await following.tell(event_log, positions)
        watched.backlog.until = await event_log.tail()
        projecting.rewind()
        sealing.follower.rewind()
        await broker.start()
        keeping = [
            asyncio.create_task(sealing.run()),
            asyncio.create_task(following.keep_telling(event_log, positions)),
            asyncio.create_task(publish_at_rest(engine, projector, archive)),
            asyncio.create_task(
                check_at_rest(archive, settings.own_policy(settings.policy()), WallClock().now)
            ),
            *(asyncio.create_task(one.run()) for one in cosigning),
        ]
        gc.collect()
        gc.freeze()
        log.info("service_started", position=projector.position, sealed=sealing.position)
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await broker.stop()
            await client.aclose()
            await asyncio.gather(*(one.close() for one in cosigning))
            archive.stop()
            app.state.moments.dispose()
            engine.dispose()
            log.info("service_stopped", position=projector.position, sealed=sealing.position)

    app = FastAPI(
        title="Thi đua: báo cáo / reporting",
        version="1",
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.broker = broker

    watched = _Watched(
        broker, event_log, engine, projecting, Backlog(projector), sealing, positions, metrics
    )
    _tell_health(app, watched)
    add_site(app, engine, archive, sandbox=settings.is_sandbox)
    return app


@dataclass(frozen=True, slots=True)
class _Watched:
    """What health and figures are told of."""

    broker: RedisBroker
    log: RedisLog
    engine: Engine
    projecting: Follower
    backlog: Backlog
    sealing: Sealing
    positions: Mapping[str, Callable[[], int]]
    metrics: ReportingMetrics

    async def why_not_ready(self) -> list[str]:
        """What keeps the process from its work; empty when nothing does."""
        told = (
            self.projecting.halted,
            self.projecting.failing,
            self.backlog.fault,
            *self.sealing.faults,
        )
        faults = [fault for fault in told if fault]
        if not await self.broker.ping(1.0):
            faults.append(AWAY)
        running = self.projecting.running and self.sealing.follower.running
        return faults if running or faults else [NOT_RUNNING]

    async def page(self) -> bytes:
        """The figures now."""
        stopped = {
            "projector": self.projecting.halted,
            "archive": self.sealing.follower.halted or self.sealing.fault,
        }
        halted = [name for name, why in stopped.items() if why]
        faults = await self.why_not_ready()
        answers = AWAY not in faults
        await self.metrics.look(self.log, self.told(), faults, halted, answers=answers)
        self.metrics.sealed.set(self.sealing.position)
        await asyncio.to_thread(self.metrics.ask, self.engine)
        return self.metrics.page()

    def told(self) -> dict[str, int]:
        """How far each has followed."""
        return {name: position() for name, position in self.positions.items()}


def _tell_health(app: FastAPI, watched: _Watched) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> PlainTextResponse:
        return PlainTextResponse("")

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> PlainTextResponse:
        faults = await watched.why_not_ready()
        at = watched.told()["projector"]
        words = f"reporting position={at} sealed={watched.sealing.position} {' '.join(faults)}"
        return PlainTextResponse(words, 503 if faults else 200)

    @app.get("/metrics", include_in_schema=False)
    async def measured() -> Response:
        return Response(await watched.page(), media_type=CONTENT_TYPE)


def _cosigning(settings: ReportingSettings, archive: Archive) -> list[Cosigning]:
    """Who asks the witnesses; nobody when the settings name none."""
    policy = settings.policy()
    return [] if policy is None else [Cosigning(archive, policy, httpx.AsyncClient())]
