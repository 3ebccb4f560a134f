"""Publishing straight into Redis: granted and revoked in the log, drained without a restart, harmless to others."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import redis
from redis.exceptions import ResponseError

from services.access import LAST_ID, Access, NotGrantedError, NotKeptError
from services.units.draining import MOST, MOST_BYTES, MOST_PENDING
from tests.units.door.direct import (
    APPOINTED,
    GRANTED,
    add,
    answered,
    appointed,
    let_in,
    recorded,
    say,
    told,
)
from tests.units.door.house import NAMES, REAL, House, a_house, deciding, until
from thidua.refusals import Code
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

REVOKED = "thidua.units.access-revoked.v1"
ONE, TWO = "SOA", "SOB"
DIGEST = "ab" * 32


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def direct(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A real log in which two units have keys and may publish straight into Redis."""
    folder = tmp_path_factory.mktemp("direct")
    async with a_house(folder, origin=REAL, judges=("units",)) as house:
        for code in (ONE, TWO):
            await let_in(house, code)
        yield house


async def test_an_exhausted_stream_is_made_anew_by_the_next_grant(direct: House) -> None:
    await add(direct, TWO, "rác", LAST_ID.decode())

    async def drained() -> bool:
        return await direct.log.drained(TWO) == LAST_ID.decode()

    await until(drained, "the last id was not drained")
    with pytest.raises(ResponseError):
        await add(direct, TWO, "rác")
    # This server keeps no ACL file, and a right that does not last is said to be one.
    with pytest.raises(NotKeptError):
        await Access(direct.redis).grant(TWO, DIGEST)
    jws = appointed(direct, TWO)
    await add(direct, TWO, jws)
    await recorded(direct, TWO, jws)


async def test_an_authoritys_event_is_not_taken_from_a_units_stream(direct: House) -> None:
    jws = direct.new_unit()
    await add(direct, TWO, jws)

    async def said() -> bool:
        return any(parse_jws(jws).hash.encode() == one[b"hash"] for one in await told(direct, TWO))

    await until(said, "no answer")
    assert await direct.entry_of(jws) is None


async def test_a_flood_is_cut_and_told_and_delays_nobody_else(direct: House) -> None:
    over = threading.Event()

    def flood() -> None:
        with redis.Redis.from_url(direct.server.url) as client:
            while not over.is_set():
                many = client.pipeline(transaction=True)
                for _ in range(400):
                    many.xadd(NAMES.incoming(ONE), {"e": b"x" * 60_000})
                many.execute()

    flooding = asyncio.create_task(asyncio.to_thread(flood))
    try:
        await answered(direct, ONE, Code.BUSY)
        for _ in range(5):
            async with asyncio.timeout(5):
                await direct.goes_on()
    finally:
        over.set()
        await flooding

    async def within() -> bool:
        held = await direct.redis.memory_usage(NAMES.incoming(ONE))
        return (held or 0) < MOST_BYTES

    await until(within, "the flood stays")
    jws = appointed(direct, ONE)
    await add(direct, ONE, jws)
    await recorded(direct, ONE, jws)


async def test_a_flood_of_good_events_waits_in_its_own_stream_while_their_service_is_behind(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, origin=REAL) as house:
        async with deciding(house, "units"):
            await let_in(house, ONE)
        signed = []
        for _ in range(MOST_PENDING + 200):
            signed.append(appointed(house, ONE))
            house.moved(ONE, signed[-1])
        async with house.redis.pipeline(transaction=False) as many:
            for jws in signed:
                many.xadd(NAMES.incoming(ONE), {"e": jws})
            await many.execute()

        async def full() -> bool:
            return await house.log.pending("units") > MOST_PENDING

        await until(full, "nothing was drained")

        async def told_why() -> bool:
            return bool(house.app.state.draining.faults())

        await until(told_why, "nobody says why nothing is drained")
        assert await house.log.pending("units") <= MOST_PENDING + MOST
        assert await house.redis.xlen(NAMES.incoming(ONE)) >= 200 - MOST
        async with deciding(house, "units"):
            last = parse_jws(signed[-1]).hash.encode()

            async def recorded_all() -> bool:
                return any(one[b"hash"] == last for one in await told(house, ONE))

            await until(recorded_all, "the last one was not recorded")
        recorded_ones = [entry for entry in await house.entries() if entry.is_recorded]
        assert sum(
            APPOINTED.encode() in parse_jws(one.jws or b"").payload for one in recorded_ones
        ) == len(signed)


async def test_receipts_are_the_latest_thousand(direct: House) -> None:
    async with direct.redis.pipeline(transaction=False) as many:
        for number in range(1500):
            many.xadd(NAMES.incoming(TWO), {"e": f"rác {number}"})
        await many.execute()

    async def drained() -> bool:
        return await direct.redis.xlen(NAMES.incoming(TWO)) == 0

    await until(drained, "not drained")
    assert 1000 <= await direct.redis.xlen(NAMES.receipts(TWO)) <= 1100


async def test_revoked_a_stream_is_drained_no_more_and_granted_again_it_is(direct: House) -> None:
    await say(direct, REVOKED, {"unit": TWO, "reason": "Đổi hệ thống"})
    with pytest.raises(NotGrantedError):
        await Access(direct.redis).grant(TWO, DIGEST)
    draining = direct.app.state.draining

    async def left() -> bool:
        return not draining.followers[TWO].subscriber.running

    await until(left, "it is still followed")
    jws = appointed(direct, TWO)
    await add(direct, TWO, jws)
    await direct.goes_on()
    assert await direct.redis.xlen(NAMES.incoming(TWO)) == 1
    assert await direct.entry_of(jws) is None
    await say(direct, GRANTED, {"unit": TWO, "basis": "QĐ 4"})
    await recorded(direct, TWO, jws)


async def test_a_unit_without_access_is_not_followed(direct: House) -> None:
    await add(direct, "SOC", "rác")
    await direct.goes_on()
    assert set(direct.app.state.draining.followers) == {ONE, TWO}
    assert await direct.redis.xlen(NAMES.incoming("SOC")) == 1
