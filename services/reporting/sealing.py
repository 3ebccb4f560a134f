"""Sealing while the process lives: the archive's writer follows the log and keeps the gate, replicas stand by."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from services.reporting.archive import SealedElsewhereError
from services.reporting.gatekeeper import CLOSED, PAGE, Gatekeeper
from services.reporting.metrics import ArchiveMetrics
from thidua.errors import StopError, ThiduaError
from thidua.stream import Follower
from thidua.tracing import Followed, traced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream.redis import RedisBroker

    from services.reporting.archive import Archive
    from thidua.log import EventLog
    from thidua.stream import RawEntry

log = structlog.get_logger(__name__)

STANDBY_SECONDS: Final = 0.5
SEAL_SECONDS: Final = 0.2
"""At most so often a checkpoint is signed while entries trickle in."""


class Sealing:
    """
    The archive's place in a process.

    ``fault`` says why nothing is sealed here any more; a replica that stands by has none.
    """

    def __init__(
        self,
        broker: RedisBroker,
        stream: str,
        archive: Archive,
        event_log: EventLog,
        others: dict[str, Callable[[], int]],
        history: Callable[[], Awaitable[str | None]] | None = None,
        metrics: ArchiveMetrics | None = None,
        *,
        spans: Followed | None = None,
    ) -> None:
        self.archive = archive
        self._metrics = metrics or ArchiveMetrics()
        self._spans = spans
        self.fault: str | None = None
        self.follower = Follower(
            broker, stream, self._take, lambda: f"{self.position}-0", most=PAGE, who="archive"
        )
        self._log = event_log
        self._gatekeeper = Gatekeeper(archive, event_log, others, history)

    @property
    def faults(self) -> list[str]:
        """What keeps this process from sealing, and the gate shut."""
        gate = self.archive.gate()
        shut = None if gate.is_open else f"gate: {gate.reason}"
        told = (self.fault, shut, self.follower.halted, self.follower.failing)
        return [fault for fault in told if fault]

    @property
    def position(self) -> int:
        """The last sealed position, whoever seals."""
        if self.archive.is_writer:
            return self.archive.position
        newest = self.archive.checkpoint()
        return newest.size if newest is not None else 0

    async def begin(self) -> None:
        """Become the writer if nobody else is, and open the log if it may be opened."""
        try:
            await asyncio.to_thread(self.archive.start)
        except SealedElsewhereError:
            return
        except ThiduaError as error:
            # Pages stay readable; what cannot be held to its archive must not grow.
            self.fault = str(error)
            log.critical("archive_not_started", reason=str(error), remedy=error.diagnostics())
            await self._log.open_gate(CLOSED)
            return
        log.info("sealing_started", position=self.archive.position)
        await self._gatekeeper.check()

    async def run(self) -> None:
        """Keep the gate for ever; a replica takes over when the writer is gone."""
        while not self.archive.is_writer:
            if self.fault is not None:
                return
            await asyncio.sleep(STANDBY_SECONDS)
            with suppress(RedisError, OSError):
                await self.begin()
        await self._gatekeeper.keep()

    async def _take(self, entries: list[RawEntry]) -> None:
        """Seal a batch, or stand by until the writer has sealed it; entries that trickle in are sealed together."""
        batch = [(int(name.partition("-")[0]), fields[b"e"]) for name, fields in entries]
        while not self.archive.is_writer:
            if self.fault is not None:
                raise StopError(self.fault)
            if self.position >= batch[-1][0]:
                return
            await asyncio.sleep(STANDBY_SECONDS)
        async with traced(self._spans, batch):
            with self._metrics.seal.time():
                await asyncio.to_thread(self.archive.seal, batch)
        if len(batch) < PAGE:
            await asyncio.sleep(SEAL_SECONDS)
