"""Following a real server's log through FastStream: read models, archive and gate together."""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from typing import TYPE_CHECKING

import pytest

from services.reporting import following, gatekeeper
from services.reporting.database import open_engine
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Projector
from services.reporting.gatekeeper import Gatekeeper
from tests.reporting.archives import archive_in
from thidua.log.names import Names
from thidua.log.redis_log import RedisLog
from thidua.stream import new_broker, new_client, wait_for_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.reporting.entries import Entries


@pytest.fixture
async def collected() -> AsyncIterator[None]:
    """FastStream leaves the connection of a cancelled read to the garbage collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


@pytest.mark.usefixtures("collected")
async def test_what_is_written_to_the_log_is_projected_and_sealed_and_a_wiped_log_is_closed(
    redis_url: str, tmp_path: Path, told: Engine, year: Entries
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/live.sqlite3")
    projector, archive = Projector(engine), archive_in(tmp_path)
    projector.start()
    client, names = new_client(redis_url), Names()
    await wait_for_redis(client)
    log = RedisLog(client, names)
    for position, raw in year.raw[:60]:
        await client.xadd(names.log, {"e": raw}, id=f"{position}-0")
    broker = new_broker(redis_url, "reporting")
    followers = [
        following.follow(broker, names.log, projector, lambda at: log.follow("projector", at)),
        gatekeeper.follow(broker, names.log, archive, lambda at: log.follow("archive", at)),
    ]
    for follower in followers:
        follower.rewind()
    await broker.start()
    keeper = Gatekeeper(archive, log, {"the projector": lambda: projector.position})
    try:
        assert await keeper.check()
        for position, raw in year.raw[60:]:
            await client.xadd(names.log, {"e": raw}, id=f"{position}-0")
        await until(lambda: projector.position == archive.position == len(year.raw))
        assert fingerprints(engine) == fingerprints(told)
        assert await keeper.check()
        assert (await log.followed())["projector"] == len(year.raw)
        await client.flushall()
        assert not await keeper.check()
        assert not (await log.gate()).is_open
        assert all(follower.running for follower in followers)
    finally:
        await broker.stop()
        await client.aclose()
        engine.dispose()


async def test_a_position_that_was_taken_but_not_told_is_told_again(redis_url: str) -> None:
    client = new_client(redis_url)
    log = RedisLog(client, Names())
    await log.follow("projector", 192)
    await following.tell(log, {"projector": lambda: 193, "archive": lambda: 0})
    assert await log.followed() == {"projector": 193, "archive": 0}
    await client.aclose()
