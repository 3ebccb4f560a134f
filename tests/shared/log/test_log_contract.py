"""One suite for every log: memory, and each server of the support matrix."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from thidua.embedded import RedisServer
from thidua.log import (
    Admission,
    Admitted,
    Appended,
    Behind,
    EventLog,
    GateClosed,
    Names,
    Shrunk,
)
from thidua.log.memory import MemoryLog
from thidua.log.redis_log import RedisLog
from thidua.stream import new_client
from thidua.testing.log_contract import SUBJECT, TRACE, Dump, LogContract, entry, request
from thidua.testing.servers import redis_binary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class TestMemory(LogContract):
    @pytest.fixture
    def log(self) -> MemoryLog:
        return MemoryLog()

    @pytest.fixture
    def dump(self, log: MemoryLog) -> Dump:
        async def everything() -> str:
            return repr(log)

        return everything


async def keys_and_values(client: Any) -> dict[bytes, bytes]:
    """Every key with its serialised value, but for what a failed call may touch: nothing."""
    return {key: await client.dump(key) for key in sorted(await client.keys("*"))}


@pytest.fixture(
    scope="module",
    params=["valkey-9", "redis-6.2", pytest.param("redis-7.0", marks=pytest.mark.debian)],
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    binary = redis_binary(request.param)
    server = RedisServer(tmp_path_factory.mktemp("redis"), binary)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Any]:
    client = new_client(server.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def redis_log(client: Any) -> RedisLog:
    return RedisLog(client, Names())


class TestRedis(LogContract):
    @pytest.fixture
    def log(self, redis_log: RedisLog) -> RedisLog:
        return redis_log

    @pytest.fixture
    def dump(self, client: Any) -> Dump:
        async def everything() -> dict[bytes, bytes]:
            return await keys_and_values(client)

        return everything

    async def test_a_real_logs_arrival_is_the_servers_time_and_never_goes_back(
        self, log: RedisLog, client: Any
    ) -> None:
        await self.founded(log)
        item = Admission("units", SUBJECT, "jws", b"x", 5)
        assert await log.admit([item, item], sandbox=False) == Admitted(["1-0", "2-0"])
        seconds, micro = await client.time()
        await client.hset(log.names.clock, "units", str((seconds + 3600) * 1000))
        await log.admit([item], sandbox=False)
        arrivals = [
            int(fields[b"rx"]) for _, fields in await client.xrange(log.names.inbox("units"))
        ]
        assert arrivals == sorted(arrivals)
        assert arrivals[1] <= seconds * 1000 + micro // 1000
        assert arrivals[2] == (seconds + 3600) * 1000

    async def test_a_trace_stands_beside_its_own_inbox_entry_alone(
        self, log: RedisLog, client: Any
    ) -> None:
        await self.founded(log)
        plain = Admission("units", SUBJECT, "jws", b"x", 9)
        traced = Admission("units", SUBJECT, "jws", b"x", 9, TRACE)
        await log.admit([plain, traced, plain], sandbox=True)
        await log.admit([plain], sandbox=True)
        held = [fields for _, fields in await client.xrange(log.names.inbox("units"))]
        beside = [fields.pop(b"traceparent", None) for fields in held]
        assert beside == [None, TRACE.encode(), None, None]
        assert held == [{b"rx": b"9", b"jws": b"x"}] * 4

    async def test_an_append_that_may_not_keep_its_traces_is_whole_without_them(
        self, log: RedisLog, client: Any
    ) -> None:
        await self.founded(log)
        await client.set(log.names.traces, "no ring")
        answer = await log.append(request(entries=[entry(1)], traces={0: TRACE}))
        assert answer == Appended(3, 3)
        assert await log.offset("units") == "1-0"

    async def test_two_writers_on_one_state_are_recorded_once(self, log: RedisLog) -> None:
        await self.founded(log)
        same = [
            request(service=service, entries=[entry(n, SUBJECT)], heads={SUBJECT: 0})
            for n, service in enumerate(("units", "ballots", "pledges"))
        ]
        answers = await asyncio.gather(*(log.append(one) for one in same))
        assert sorted(type(answer).__name__ for answer in answers) == [
            "Appended",
            "Behind",
            "Behind",
        ]
        assert await log.tail() == 3

    async def test_a_restarted_server_is_closed_until_it_is_opened_again(
        self, log: RedisLog, server: RedisServer
    ) -> None:
        await self.founded(log)
        await log.append(request(entries=[entry(1, SUBJECT)]))
        await log.client.connection_pool.disconnect()
        server.kill()
        server.start()
        gate = await log.gate()
        assert not gate.is_open
        assert await log.tail() == 3
        again = request(entries=[entry(2)], expected_offset="1-0", new_offset="2-0")
        assert await log.append(again) == GateClosed()
        await log.open_gate(gate.run_id)
        assert await log.append(again) == Appended(4, 4)

    async def test_an_emptied_server_is_closed_and_a_shortened_log_refused(
        self, log: RedisLog, client: Any
    ) -> None:
        await self.founded(log)
        await client.flushall()
        assert await log.append(request(entries=[entry(1)])) == GateClosed()
        await log.open_gate((await log.gate()).run_id)
        assert await log.append(request(entries=[entry(1)])) == Shrunk(0)

    async def test_scripts_are_sent_again_to_a_server_that_does_not_know_them(
        self, log: RedisLog, client: Any
    ) -> None:
        await self.founded(log)
        await client.script_flush()
        assert await log.append(request(entries=[entry(1, SUBJECT)])) == Appended(3, 3)

    async def test_a_trimmed_log_goes_on_at_the_next_position(
        self, log: RedisLog, client: Any
    ) -> None:
        await self.founded(log)
        await client.xtrim(log.names.log, minid="3-0", approximate=False)
        assert await log.append(request(entries=[entry(1, SUBJECT)])) == Appended(3, 3)

    async def test_consumed_inbox_entries_are_trimmed(self, log: RedisLog, client: Any) -> None:
        await self.founded(log)
        item = Admission("units", SUBJECT, "jws", b"x", 5)
        await log.admit([item] * 3, sandbox=True)
        await log.append(request(new_offset="2-0"))
        assert [name for name, _ in await client.xrange(log.names.inbox("units"))] == [b"3-0"]


async def test_memory_and_a_real_server_answer_alike(redis_log: RedisLog) -> None:
    """The same calls in the same order, good and bad ones, get the same answers."""
    memory: EventLog = MemoryLog()
    asked = [
        request(entries=[entry(1, SUBJECT)], heads={SUBJECT: 0}),
        request(entries=[entry(2, SUBJECT)], heads={SUBJECT: 0}, expected_offset="1-0"),
        request(
            entries=[entry(2, SUBJECT)], heads={SUBJECT: 3}, expected_offset="1-0", new_offset="2-0"
        ),
        request(entries=[entry(2)], expected_offset="2-0", new_offset="3-0"),
        request(expected_offset="2-0", new_offset="3-0", chains={"units/x": ("1 y", "2 z")}),
    ]
    answers = []
    for log in (memory, redis_log):
        await LogContract().founded(log)
        answers.append([await log.append(one) for one in asked])
    assert answers[0] == answers[1]
    assert [type(one) for one in answers[0][:2]] == [Appended, Behind]
