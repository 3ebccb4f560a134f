"""How far followers are: told soon, told once for many entries, and told again to a server that forgot."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from thidua.ending import ended
from thidua.log.memory import MemoryLog
from thidua.telling import Telling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

DEADLINE = 5.0


class Counting(MemoryLog):
    """A log that counts what it is told."""

    writes = 0

    async def follow(self, follower: str, position: int) -> None:
        self.writes += 1
        await super().follow(follower, position)


@asynccontextmanager
async def kept(log: MemoryLog, positions: Mapping[str, Callable[[], int]]) -> AsyncIterator[None]:
    """The positions kept known to *log* meanwhile."""
    keeping = asyncio.create_task(Telling(log, positions).keep())
    try:
        yield
    finally:
        await ended(keeping)


async def known(log: MemoryLog, expected: Mapping[str, int]) -> None:
    """Wait until the log knows that."""
    async with asyncio.timeout(DEADLINE):
        while await log.followed() != expected:
            await asyncio.sleep(0)


async def test_only_what_the_log_does_not_know_is_told() -> None:
    log = Counting()
    await log.follow("projector", 193)
    await Telling(log, {"projector": lambda: 193, "archive": lambda: 0}).tell()
    assert await log.followed() == {"projector": 193, "archive": 0}
    assert log.writes == 2


async def test_the_last_of_many_entries_is_told_and_those_before_it_mostly_not() -> None:
    log = Counting()
    at = 0
    async with kept(log, {"units": lambda: at}):
        for at in range(1, 2001):  # noqa: B007 - the follower's position, as it moves
            await asyncio.sleep(0)
        await known(log, {"units": 2000})
    assert log.writes < 1000


async def test_a_server_that_forgot_a_position_is_told_again() -> None:
    log = MemoryLog()
    async with kept(log, {"units": lambda: 7}):
        await known(log, {"units": 7})
        await log.follow("units", 3)
        await known(log, {"units": 7})
