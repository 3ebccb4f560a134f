"""Sealing while the process lives: become the archive's writer when nobody else is, follow the log, keep the gate."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from services.reporting.archive import SealedElsewhereError
from services.reporting.gatekeeper import CLOSED, Gatekeeper, follow
from thidua.errors import ThiduaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faststream.redis import RedisBroker

    from services.reporting.archive import Archive
    from thidua.log import EventLog
    from thidua.stream import Follower

log = structlog.get_logger(__name__)

STANDBY_SECONDS: Final = 0.5


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
        told: Callable[[int], Awaitable[None]],
    ) -> None:
        self.archive = archive
        self.fault: str | None = None
        self._broker = broker
        self._stream = stream
        self._log = event_log
        self._told = told
        self._gatekeeper = Gatekeeper(archive, event_log, others)
        self._follower: Follower | None = None

    @property
    def faults(self) -> list[str]:
        """What keeps this process from sealing, and the gate shut."""
        gate = self.archive.gate()
        follower = self._follower
        told = [
            self.fault,
            None if gate.is_open else f"gate: {gate.reason}",
            follower.halted if follower else None,
            follower.failing if follower else None,
        ]
        return [fault for fault in told if fault]

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
        await self._gatekeeper.check()

    async def run(self) -> None:
        """Seal and keep the gate for ever; a replica takes over when the writer is gone."""
        while self.fault is None and not self.archive.is_writer:
            await asyncio.sleep(STANDBY_SECONDS)
            with suppress(RedisError, OSError):
                await self.begin()
        if self.fault is not None:
            return
        self._follower = follow(self._broker, self._stream, self.archive, self._told)
        self._follower.rewind()
        await self._follower.subscriber.start()
        log.info("sealing_started", position=self.archive.position)
        await self._gatekeeper.keep()

    @property
    def position(self) -> int:
        """The last sealed position, whoever seals."""
        if self.archive.is_writer:
            return self.archive.position
        newest = self.archive.checkpoint()
        return newest.size if newest is not None else 0

    @property
    def running(self) -> bool:
        """Whether the sealing follower runs, where there is one."""
        return self._follower is None or self._follower.running
