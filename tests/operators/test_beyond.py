"""What Redis keeps beyond the archive comes back as it was: nobody's place, receipt or arrival is another afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import redis

from services.backup.beyond import Beyond, put_beyond, put_waiting, read_beyond, take_beyond
from thidua.errors import LogCorruptError
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.stream import new_client
from thidua.tlog.faults import ArchiveFaultError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

N = Names()
BYTES = b"\x00\xff\n{"


def acting(url: str, act: Callable[[RedisLog], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        client = new_client(url)
        try:
            return await act(RedisLog(client, N))
        finally:
            await client.aclose()

    return asyncio.run(run())


def fill(client: redis.Redis) -> None:
    for position in range(1, 6):
        client.xadd(N.log, {"e": b"%d" % position}, id=f"{position}-0")
    client.xadd(N.inbox("units"), {"rx": "100", "jws": "consumed"}, id="1-0")
    client.xadd(N.inbox("units"), {"rx": "110", "jws": "first"}, id="2-0")
    client.xadd(N.inbox("units"), {"rx": "115", "wake": "BNV"}, id="3-0")
    client.xadd(N.inbox("units"), {"rx": "116", "dry": "tried"}, id="4-0")
    client.xadd(N.inbox("units"), {"rx": "120", "jws": "second"}, id="5-0")
    client.hset(N.offsets, mapping={"inbox:units": "1-0", "last:units": "5", "in:LCA": "7-0"})
    client.xadd(N.incoming("LCA"), {"e": "drained"}, id="7-0")
    client.xadd(N.incoming("LCA"), {"e": BYTES, "x": "y"}, id="18446744073709551615-3")
    client.xadd(N.receipts("LCA"), {"hash": "h", "position": "3"}, id="50-1")
    client.xadd(N.answers, {"hash": "h", "answer": "{}"}, id="51-0")
    client.hset(N.said, "4", BYTES)
    client.hset(N.clock, "units", "120")


def taken(url: str, sealed: int) -> Beyond:
    found: Beyond = acting(url, lambda log: take_beyond(log, sealed))
    return read_beyond(found.model_dump_json().encode())


def test_what_was_not_sealed_not_judged_or_not_drained_is_taken_and_nothing_else(
    redis_url: str,
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        fill(client)
    beyond = taken(redis_url, 3)
    assert beyond.entries == [b"4", b"5"]
    assert [(one.rx_ms, one.jws) for one in beyond.waiting["units"]] == [
        (110, b"first"),
        (120, b"second"),
    ]
    assert [line.fields for line in beyond.incoming["LCA"]] == [{"e": BYTES, "x": b"y"}]
    assert beyond.said == {4: BYTES}
    assert beyond.unjudged == 2


def test_it_comes_back_with_its_ids_arrivals_and_bytes(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        fill(client)
        beyond = taken(redis_url, 3)
        before = [client.xrange(name) for name in (N.receipts("LCA"), N.answers)]
        client.flushall()
        client.hset(N.offsets, mapping={"inbox:units": "900-0", "last:units": "900"})

        async def put(log: RedisLog) -> None:
            await put_beyond(log, beyond)
            await put_waiting(log, beyond)

        acting(redis_url, put)
        assert [client.xrange(name) for name in (N.receipts("LCA"), N.answers)] == before
        assert client.xrange(N.inbox("units")) == [
            (b"901-0", {b"rx": b"110", b"jws": b"first"}),
            (b"902-0", {b"rx": b"120", b"jws": b"second"}),
        ]
        assert acting(redis_url, lambda log: log.pending("units")) == 2
        assert acting(redis_url, lambda log: log.drained("LCA")) == "0-0"
        assert client.xrange(N.incoming("LCA")) == [
            (b"18446744073709551615-3", {b"e": BYTES, b"x": b"y"})
        ]
        assert (client.hgetall(N.said), client.hget(N.clock, "units")) == ({b"4": BYTES}, b"120")


def test_a_log_with_a_hole_is_not_backed_up(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        fill(client)
        client.xdel(N.log, "4-0")
    with pytest.raises(LogCorruptError, match="position 4"):
        taken(redis_url, 3)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'{"entries": 1}', b'{"entries":[],"waiting":{"nobody":[]}}', b"\xff"]
)
def test_other_bytes_are_one_named_fault(raw: bytes) -> None:
    with pytest.raises(ArchiveFaultError, match=r"redis\.json"):
        read_beyond(raw)
