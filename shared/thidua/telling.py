"""
Telling the log how far its followers are: soon after they moved, and many entries at once.

Every position told is a write that the server has on its disk before it does anything else. A follower that told
each entry would hold up the entries behind it by as much as they cost themselves.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from thidua.log import EventLog

LOOK_SECONDS: Final = 0.02
"""So often the followers' own positions are looked at."""
ASK_EVERY: Final = 25
"""After so many looks the log is asked whether it still knows: a server can come back with less than it was told."""


class Telling:
    """
    How far the followers of one process are, kept known to the log.

    ``keep`` runs beside them. An entry is taken before that is told; a server that goes away in between brings it
    no second time.
    """

    def __init__(self, event_log: EventLog, positions: Mapping[str, Callable[[], int]]) -> None:
        self._log = event_log
        self._positions = positions
        self._told: dict[str, int] = {}

    async def tell(self) -> None:
        """Say how far each has followed wherever the log does not know it."""
        self._told = await self._log.followed()
        await self._tell_moved()

    async def keep(self) -> None:
        """Tell for ever."""
        for look in count(1):
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(RedisError, OSError):
                await (self._tell_moved() if look % ASK_EVERY else self.tell())

    async def _tell_moved(self) -> None:
        for name, position in self._positions.items():
            if self._told.get(name) != (now := position()):
                await self._log.follow(name, now)
                self._told[name] = now
