"""What is said of FastStream's followers: positions kept by us, put back when a batch was not taken."""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import structlog

from thidua.errors import GateClosedError, LogShrunkError
from thidua.stream import Follower, new_broker, new_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from thidua.stream import RawEntry

STREAM = "{p0}:log"


@pytest.fixture(autouse=True)
async def collected() -> AsyncIterator[None]:
    """FastStream leaves the connection of a cancelled read to the garbage collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


class Taker:
    """Takes entries into a list, unless it is told what is wrong."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.asked = 0
        self.fault: Exception | None = None
        self.at = "0-0"

    async def take(self, entries: list[RawEntry]) -> None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        self.taken += [name for name, _ in entries]
        self.at = entries[-1][0]


@asynccontextmanager
async def following(redis_url: str, taker: Taker) -> AsyncIterator[Follower]:
    broker = new_broker(redis_url, "test")
    follower = Follower(broker, STREAM, taker.take, lambda: taker.at)
    follower.rewind()
    await broker.start()
    try:
        yield follower
    finally:
        await broker.stop()


async def add(redis_url: str, *positions: int) -> None:
    client = new_client(redis_url)
    for position in positions:
        await client.xadd(STREAM, {"e": b"entry"}, id=f"{position}-0")
    await client.aclose()


async def test_a_batch_that_was_not_taken_comes_again_whole_and_in_order(redis_url: str) -> None:
    taker = Taker()
    taker.fault = GateClosedError("test")
    await add(redis_url, 1, 2, 3)
    async with following(redis_url, taker) as follower:
        await until(lambda: taker.asked >= 2)
        assert follower.running
        assert follower.failing == str(taker.fault)
        taker.fault = None
        await until(lambda: len(taker.taken) == 3)
        assert taker.taken == ["1-0", "2-0", "3-0"]
        assert follower.failing is None


async def test_a_line_about_one_entry_names_the_trace_that_stands_beside_it(
    redis_url: str,
) -> None:
    client = new_client(redis_url)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    beside = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    lines: list[dict[str, object]] = []

    def keep(_: object, __: str, line: dict[str, object]) -> dict[str, object]:
        lines.append(dict(line))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, keep])
    taker = Taker()
    taker.fault = GateClosedError("test")
    try:
        for beside_it in (beside, {}, {"traceparent": b"\xff" * 99}):
            await client.delete(STREAM)
            await client.xadd(STREAM, {"e": b"entry", **beside_it})
            lines.clear()
            async with following(redis_url, taker):
                await until(lambda: lines)
            assert lines[-1]["event"] == "follower_retries"
            assert lines[-1].get("trace_id") == (trace if beside_it is beside else None)
    finally:
        structlog.configure(**before)
        await client.aclose()


async def test_a_follower_does_not_fail_any_more_when_another_replica_has_taken_the_batch(
    redis_url: str,
) -> None:
    taker = Taker()
    taker.fault = GateClosedError("another replica was faster")
    await add(redis_url, 1, 2)
    async with following(redis_url, taker) as follower:
        await until(lambda: follower.failing)
        taker.at = "1-0"
        assert follower.failing
        taker.at = "2-0"
        assert follower.failing is None
        await until(lambda: follower.subscriber.last_id == "2-0")
        asked = taker.asked
        taker.fault = None
        await add(redis_url, 3)
        await until(lambda: taker.taken == ["3-0"])
        assert taker.asked == asked + 1


async def test_a_follower_that_must_stop_stays_up_takes_nothing_and_says_why(
    redis_url: str,
) -> None:
    taker = Taker()
    taker.fault = LogShrunkError(5, 1)
    await add(redis_url, 1)
    async with following(redis_url, taker) as follower:
        await until(lambda: follower.halted)
        assert follower.halted == str(taker.fault)
        assert not follower.running
        assert follower.subscriber.running
        await add(redis_url, 2)
        taker.fault = None
        assert taker.taken == []
