from __future__ import annotations

import asyncio

from thidua.ending import ended
from thidua.stream import new_client

TURNS = range(16)


async def test_a_loop_that_asks_redis_ends_at_whichever_turn_it_is_told_to(redis_url: str) -> None:
    client = new_client(redis_url)
    await client.ping()

    async def ask_for_ever() -> None:
        while True:
            await client.ping()
            await asyncio.sleep(0.05)

    for turns in TURNS:
        task = asyncio.create_task(ask_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await ended(task)
        assert task.done()
    await client.aclose()


async def test_a_task_that_keeps_its_first_cancellation_to_itself_ends_by_the_next() -> None:
    async def deaf_once() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended(task)
    assert task.cancelled()


async def test_one_task_that_had_failed_keeps_no_other_from_ending() -> None:
    async def fail() -> None:
        raise ValueError

    failed = asyncio.create_task(fail())
    other = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)
    await ended(failed, other)
    assert other.cancelled()
