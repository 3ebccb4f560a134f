"""Following a real server's log through FastStream: read models, archive and gate together."""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from services.reporting import following
from services.reporting.archive import Archive
from services.reporting.database import open_engine
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Projector
from services.reporting.gatekeeper import Gatekeeper
from services.reporting.sealing import Sealing
from tests.reporting.archives import ORIGIN, Believing, archive_in, signer
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
    projector = Projector(engine)
    projector.start()
    client, names = new_client(redis_url), Names()
    await wait_for_redis(client)
    log = RedisLog(client, names)
    for position, raw in year.raw[:60]:
        await client.xadd(names.log, {"e": raw}, id=f"{position}-0")
    broker = new_broker(redis_url, "reporting")
    projecting = following.follow(broker, names.log, projector)
    sealing = sealing_in(tmp_path, broker, log, {"the projector": lambda: projector.position})
    await sealing.begin()
    for follower in (projecting, sealing.follower):
        follower.rewind()
    await broker.start()
    keeper = Gatekeeper(sealing.archive, log, {"the projector": lambda: projector.position})
    try:
        assert (await log.gate()).is_open
        for position, raw in year.raw[60:]:
            await client.xadd(names.log, {"e": raw}, id=f"{position}-0")
        await until(lambda: projector.position == sealing.position == len(year.raw))
        assert fingerprints(engine) == fingerprints(told)
        assert await keeper.check()
        await client.flushall()
        assert not await keeper.check()
        assert not (await log.gate()).is_open
        assert projecting.running
        assert sealing.follower.running
    finally:
        await broker.stop()
        await client.aclose()
        engine.dispose()


@pytest.mark.usefixtures("collected")
async def test_a_replica_stands_by_and_seals_on_where_the_writer_ended(
    redis_url: str, tmp_path: Path, year: Entries
) -> None:
    client, names = new_client(redis_url), Names()
    await wait_for_redis(client)
    log, broker = RedisLog(client, names), new_broker(redis_url, "reporting")
    writer, standby = (sealing_in(tmp_path, broker, log, {}) for _ in range(2))
    await writer.begin()
    await standby.begin()
    taking_over = asyncio.create_task(standby.run())
    await broker.start()
    try:
        for position, raw in year.raw[:100]:
            await client.xadd(names.log, {"e": raw}, id=f"{position}-0")
        await until(lambda: standby.position == 100)
        assert not standby.archive.is_writer
        writer.archive.stop()
        await until(lambda: standby.archive.is_writer)
        for position, raw in year.raw[100:]:
            await client.xadd(names.log, {"e": raw}, id=f"{position}-0")
        await until(lambda: standby.archive.position == len(year.raw))
        assert standby.faults == []
        standby.archive.stop()
        assert archive_in(tmp_path).position == len(year.raw)
    finally:
        taking_over.cancel()
        await broker.stop()
        await client.aclose()


def sealing_in(
    folder: Path, broker: Any, log: RedisLog, others: dict[str, Callable[[], int]]
) -> Sealing:
    """The archive's place in a process, over one folder."""
    archive = Archive(folder, signer(), lambda: Believing(ORIGIN))
    return Sealing(broker, log.names.log, archive, log, others)
