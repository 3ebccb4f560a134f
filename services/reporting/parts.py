"""
Reporting's two parts that follow the log: the projector, and the archive with the gate.

Each has what a process must do with it: ``begin`` before entries come, ``work`` for ever beside them, ``end``. In one
process the archive asks the projector how far it is; in a process of its own it asks the database.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

import httpx
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from services.reporting import following
from services.reporting.archive import Archive
from services.reporting.cosigning import Cosigning
from services.reporting.database import all_generations, is_prepared, looking
from services.reporting.following import Backlog, Projector
from services.reporting.history import other_history, take_trimmed
from services.reporting.publishing import publish_at_rest
from services.reporting.sealing import Sealing
from services.reporting.self_check import check_at_rest
from thidua.audit.authentic import Authenticity
from thidua.clock import WallClock
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.stream import new_broker, new_client
from thidua.tracing import Followed, Tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from faststream.redis import RedisBroker
    from sqlalchemy import Engine

    from services.reporting.archive import SealedLog
    from services.reporting.metrics import ArchiveMetrics, ProjectorMetrics
    from services.reporting.settings import ReportingSettings
    from thidua.settings import Settings
    from thidua.stream import Follower

DATABASE_SECONDS: Final = 60.0
"""So long a process that starts waits for the database; then it ends and is started again."""
ASK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class LogSide:
    """A process's two ways to the log: entries come by the broker, questions go by the log's client."""

    broker: RedisBroker
    log: RedisLog
    names: Names
    tracing: Tracing | None = None

    @classmethod
    def of(cls, settings: Settings, who: str) -> Self:
        """The ways to the log of these settings, under the name *who* gives itself."""
        url, names = settings.redis_url.get_secret_value(), Names(settings.partition)
        log = RedisLog(new_client(url), names)
        return cls(new_broker(url, who), log, names, Tracing.of(settings, who))

    def spans(self, done: str) -> Followed | None:
        """The spans of a part that is *done* with entries, where there is a collector."""
        return None if self.tracing is None else Followed(self.tracing, self.log, done)


class Part(Protocol):
    """What follows the log in a process of reporting."""

    name: str
    follower: Follower

    @property
    def position(self) -> int:
        """How far it has followed."""

    @property
    def faults(self) -> list[str]:
        """What keeps it from its work."""

    @property
    def halted(self) -> bool:
        """Whether it stopped for good."""

    async def begin(self) -> None:
        """Make ready before entries come."""

    def work(self) -> Sequence[Coroutine[None, None, None]]:
        """What runs beside, until it is cancelled."""

    async def end(self) -> None:
        """Let go of what it holds."""

    async def measure(self) -> None:
        """Bring its figures up to date."""


class Projecting:
    """The projector's part: the log into the read models."""

    name = "projector"

    def __init__(
        self, side: LogSide, engine: Engine, archive: SealedLog, metrics: ProjectorMetrics
    ) -> None:
        self.projector = Projector(engine)
        self.backlog = Backlog(self.projector)
        self._side, self._engine, self._archive, self._metrics = side, engine, archive, metrics
        self.follower = following.follow(
            side.broker,
            side.names.log,
            self.projector,
            metrics,
            side.spans("project"),
        )

    @property
    def position(self) -> int:
        """The last position whose rows are committed."""
        return self.projector.position

    @property
    def faults(self) -> list[str]:
        """What keeps it from projecting, and how much of what was there before it is not shown yet."""
        told = (self.follower.halted, self.follower.failing, self.backlog.fault)
        return [fault for fault in told if fault]

    @property
    def halted(self) -> bool:
        """Whether it stopped for good."""
        return self.follower.halted is not None

    async def begin(self) -> None:
        """Find where to go on, when the database answers, and project what was trimmed from the log."""
        async with asyncio.timeout(DATABASE_SECONDS):
            while True:
                try:
                    await asyncio.to_thread(self.projector.start)
                except OperationalError:
                    await asyncio.sleep(ASK_SECONDS)
                else:
                    break
        await take_trimmed(self._side.log, self._archive, self.projector)

    def work(self) -> Sequence[Coroutine[None, None, None]]:
        """Nothing runs beside it."""
        return ()

    async def end(self) -> None:
        """Hold nothing."""

    async def measure(self) -> None:
        """Ask the database how far the live read models are."""
        await asyncio.to_thread(self._metrics.ask, self._engine)


class ReadModels:
    """
    How far the read models of another process are, as their database last said.

    Nobody waits for a database that is away: the position is then the last that was heard.
    """

    def __init__(self, engine: Engine) -> None:
        self.position = 0
        self._engine = engine

    async def keep_asking(self) -> None:
        """Ask for ever."""
        while True:
            await self.ask()
            await asyncio.sleep(ASK_SECONDS)

    async def ask(self) -> None:
        """Ask once."""
        try:
            self.position = await asyncio.to_thread(self._asked)
        except SQLAlchemyError:
            return

    def _asked(self) -> int:
        if not is_prepared(self._engine):
            return 0
        with looking(self._engine) as connection:
            return max((one.position for one in all_generations(connection)), default=0)


class Sealed:
    """The archive's part: the log into tiles and checkpoints, the gate, witnesses, published figures, self-check."""

    name = "archive"

    def __init__(
        self,
        side: LogSide,
        engine: Engine,
        settings: ReportingSettings,
        metrics: ArchiveMetrics,
        projected: Callable[[], int] | None = None,
    ) -> None:
        policy = settings.policy()
        self.archive = Archive(
            settings.archive_dir, settings.signer(), lambda: Authenticity(settings.origin)
        )
        self._metrics, self._engine = metrics, engine
        self._own_policy = settings.own_policy(policy)
        self._models = None if projected is not None else ReadModels(engine)
        self._cosigning = (
            [] if policy is None else [Cosigning(self.archive, policy, httpx.AsyncClient())]
        )
        self.sealing = Sealing(
            side.broker,
            side.names.log,
            self.archive,
            side.log,
            {
                "the projector": projected or self._read_models,
                "a witness": lambda: max((one.seen for one in self._cosigning), default=0),
            },
            lambda: other_history(engine, side.log, self.archive),
            metrics,
            spans=side.spans("seal"),
        )
        self.follower = self.sealing.follower

    @property
    def position(self) -> int:
        """The last sealed position."""
        return self.sealing.position

    @property
    def faults(self) -> list[str]:
        """What keeps it from sealing, and the gate shut."""
        return self.sealing.faults

    @property
    def halted(self) -> bool:
        """Whether it stopped for good."""
        return bool(self.follower.halted or self.sealing.fault)

    async def begin(self) -> None:
        """Become the archive's writer if nobody else is, and open the log if it may be opened."""
        # An archive brought back from an old copy must not be gone on with.
        await asyncio.gather(*(one.look() for one in self._cosigning))
        if self._models is not None:
            await self._models.ask()
        await self.sealing.begin()

    def work(self) -> Sequence[Coroutine[None, None, None]]:
        """Keep the gate, publish and check what rests, ask the witnesses."""
        asking = () if self._models is None else (self._models.keep_asking(),)
        return (
            self.sealing.run(),
            publish_at_rest(self._engine, self.archive),
            check_at_rest(self.archive, self._own_policy, WallClock().now),
            *(one.run() for one in self._cosigning),
            *asking,
        )

    async def end(self) -> None:
        """Let another process write."""
        await asyncio.gather(*(one.close() for one in self._cosigning))
        self.archive.stop()

    async def measure(self) -> None:
        """Show how far is sealed."""
        self._metrics.sealed.set(self.position)

    def _read_models(self) -> int:
        return 0 if self._models is None else self._models.position
