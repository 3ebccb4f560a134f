"""Clients that dribble or say nothing are let go, and nobody else waits for them; the door here is a real server."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
import pytest_asyncio
import uvicorn

from services.heads_in_time import HeadsInTime
from tests.units.door.house import AUTHORITY, REAL, House, a_house, until
from thidua.embedded import LOOPBACK, free_port
from thidua.refusals import Code
from thidua.refusals import problem as known_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


SECONDS = 1.5
"""What a slow client has; whoever is not slow must have said everything by then on a busy machine too."""


class Hasty(HeadsInTime):
    seconds = SECONDS


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path, origin=REAL, judges=("units",), body_seconds=SECONDS) as house:
        yield house


@asynccontextmanager
async def listening(house: House) -> AsyncIterator[int]:
    port = free_port()
    config = uvicorn.Config(
        house.app, LOOPBACK, port, http=Hasty, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: up(server), "the server listens")
    try:
        yield port
    finally:
        server.should_exit = True
        await serving


async def up(server: uvicorn.Server) -> bool:
    return server.started


async def said_to(port: int, *pieces: bytes) -> bytes:
    """What the door says until it hangs up, to a client that sends *pieces* and then nothing more."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    told = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return told


HEAD = b"POST /v1/events HTTP/1.1\r\nhost: door\r\ncontent-length: 100\r\n"


async def test_who_says_nothing_or_half_a_head_is_let_go(house: House) -> None:
    async with listening(house) as port:
        for pieces in ((), (HEAD,), (b"GET /v1/sta", b"tus HT")):
            assert (await said_to(port, *pieces)).startswith(b"HTTP/1.1 408 ")


async def test_who_is_let_go_is_told_why_in_the_words_of_every_other_fault(house: House) -> None:
    async with listening(house) as port:
        told = {
            "REQUEST_TOO_SLOW": await said_to(port, HEAD),
            "REQUEST_INVALID": await said_to(port, b"\x16\x03\x01" + bytes(80)),
        }

    for code, answer in told.items():
        head, _, body = answer.partition(b"\r\n\r\n")
        problem = json.loads(body)
        assert problem == {
            **known_problem(Code(code), problem["facts"]),
            "outcome": "answered",
        }
        assert f"content-length: {len(body)}".encode() in head.split(b"\r\n")
        assert b"content-type: application/problem+json" in head.split(b"\r\n")


NO_HTTP = [
    b"GET /v1/status\r\n\r\n",
    HEAD.replace(b"100", b"-5") + b"\r\n",
    HEAD.replace(b"100", b"5\r\ncontent-length: 6") + b"\r\nabcdef",
    HEAD + b"no colon\r\n\r\n",
    HEAD + b"x-big: " + b"a" * 200_000,
    HEAD.replace(b"content-length: 100", b"transfer-encoding: chunked") + b"\r\nzz\r\n",
    b"GET /v1/\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
]


@pytest.mark.parametrize("pieces", NO_HTTP, ids=range(len(NO_HTTP)))
async def test_what_is_no_http_has_one_named_answer(house: House, pieces: bytes) -> None:
    async with listening(house) as port:
        told = await said_to(port, pieces)

    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "REQUEST_INVALID"


async def test_who_announces_too_much_is_not_waited_for(house: House) -> None:
    async with listening(house) as port:
        told = await said_to(
            port, HEAD.replace(b"100", b"99999999999") + b"connection: close\r\n\r\nabc"
        )

    assert told.startswith(b"HTTP/1.1 413 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "TOO_LARGE"


async def test_who_dribbles_a_body_is_answered_and_nothing_is_stored(house: House) -> None:
    async with listening(house) as port:
        told = await said_to(port, HEAD + b"\r\n", b"eyJ")

    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TOO_SLOW" in told
    assert await house.log.pending("units") == 0


async def test_a_second_request_on_a_connection_has_its_own_time(house: House) -> None:
    whole = b"GET /v1/refusals/BUSY HTTP/1.1\r\nhost: door\r\n\r\n"
    async with listening(house) as port:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(whole)
        first = await reader.readuntil(b'"facts":{}}')
        writer.write(HEAD)
        second = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()

    assert first.startswith(b"HTTP/1.1 200 OK")
    assert second.startswith(b"HTTP/1.1 408 ")


async def test_two_hundred_slow_clients_keep_nobody_waiting(house: House) -> None:
    async with listening(house) as port:
        slow = [asyncio.create_task(said_to(port, HEAD + b"\r\n", b"e")) for _ in range(100)]
        slow += [asyncio.create_task(said_to(port, HEAD)) for _ in range(100)]
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client:
            event = house.new_unit()
            told = await client.post("/v1/events", content=event, headers={"prefer": "wait=10"})

        assert told.json()["outcome"] == "recorded"
        assert all(one.startswith(b"HTTP/1.1 408 ") for one in await asyncio.gather(*slow))
        house.moved(AUTHORITY, event)
