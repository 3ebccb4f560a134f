"""While Redis is away or the log is closed nothing is acknowledged, and what was acknowledged is there afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest_asyncio
from redis.exceptions import RedisError

from tests.units.door.house import AUTHORITY, REAL, House, a_house, until
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path, origin=REAL, judges=("units",)) as house:
        yield house


async def test_while_the_gate_is_closed_nothing_is_stored_and_the_answer_says_when_to_come_back(
    house: House,
) -> None:
    event = house.new_unit()
    await house.log.open_gate("another run")

    answer = await house.post(event)
    batch = await house.post(f'["{event}", "xin-chao"]')
    ready = await house.http.get("/health/ready")

    for told in (answer, batch):
        assert_not_stored(told, "GATE_CLOSED")
    assert (ready.status_code, "the gate is closed" in ready.text) == (503, True)
    assert await house.log.pending("units") == 0
    await reopen(house)
    assert (await house.send(AUTHORITY, event)).json()["outcome"] == "recorded"


async def test_while_redis_is_away_every_route_answers_503(house: House) -> None:
    event = house.new_unit()
    house.server.kill()

    answers = [
        await house.post(event),
        await house.post("x" * 100 + "." + "y.z"),
        await house.http.get(f"/v1/receipts/{parse_jws(event).hash}"),
        await house.http.get("/v1/keys/BNV/root/head"),
        await house.http.get("/v1/status"),
    ]

    assert answers[1].status_code == 400, "what needs no log is answered without one"
    for told in (answers[0], *answers[2:]):
        assert_not_stored(told, "BUSY")
    assert (await house.http.get("/health/ready")).status_code == 503
    house.server.start()
    await reopen(house)
    await until(lambda: recorded(house, event), "the same event is taken afterwards")


async def test_no_acknowledged_event_is_lost_when_redis_is_killed_while_they_are_posted(
    house: House,
) -> None:
    acknowledged: list[str] = []
    refusals: list[httpx.Response] = []
    killed = asyncio.Event()

    async def post_all() -> None:
        while len(acknowledged) < 90:
            event = house.new_unit()
            while (answer := await house.post(event, wait=None)).status_code == 503:
                refusals.append(answer)
                await asyncio.sleep(0.01)
            assert answer.status_code in (200, 202), answer.text
            house.moved(AUTHORITY, event)
            acknowledged.append(event)
            if len(acknowledged) in (30, 60):
                killed.set()

    async def kill_twice() -> None:
        for _ in range(2):
            await killed.wait()
            killed.clear()
            house.server.kill()
            await until(lambda: any_of(refusals, "BUSY"), "the door says that nothing was stored")
            await asyncio.to_thread(house.server.start)
            await until(lambda: any_of(refusals, "GATE_CLOSED"), "a restarted log is closed")
            refusals.clear()
            await reopen(house)

    await asyncio.gather(post_all(), kill_twice())

    wanted = [parse_jws(event).hash for event in acknowledged]
    await until(lambda: all_recorded(house, wanted), "every acknowledged event is recorded")
    stand = [parse_jws(entry.jws or b"").hash for entry in await house.entries()]
    assert [event for event in stand if event in set(wanted)] == wanted, "once and in order"


def assert_not_stored(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["retryable"] is True


async def reopen(house: House) -> None:
    """What the archive does after comparing."""

    async def opened() -> bool:
        try:
            await house.log.open_gate((await house.log.gate()).run_id)
        except RedisError:
            return False
        return True

    await until(opened, "Redis is back")


async def recorded(house: House, event: str) -> bool:
    answer = await house.post(event)
    return answer.status_code == 200


async def any_of(answers: list[httpx.Response], code: str) -> bool:
    return any(answer.json()["code"] == code for answer in answers)


async def all_recorded(house: House, hashes: list[str]) -> bool:
    try:
        entries = await house.entries()
    except RedisError:
        return False
    return set(hashes) <= {parse_jws(entry.jws or b"").hash for entry in entries}
