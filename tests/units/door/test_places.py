"""The door finds every event of the log by its hash, however old, and remembers only the latest itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from services.units import receipts
from services.units.places import Placed, Places
from services.units.reading import PAGE, Reading
from tests.audit.signed_log import ORIGIN, SignedLog, signed_log
from tests.units.door.house import AUTHORITY, NAMES, House, until
from thidua.log import read_entry
from thidua.log.redis_log import RedisLog
from thidua.receipts import hash_in
from thidua.signing import parse_jws
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

BELONGS = f"{NAMES.prefix}[pe][ln]*"
"""What the doors note: ``placed``, ``places:…`` and ``entries:…``."""


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SignedLog:
    """A log of a little more than a page."""
    return signed_log(tmp_path_factory.mktemp("signed"), PAGE + 10)


@pytest_asyncio.fixture(loop_scope="module")
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = new_client(redis_url)
    yield client
    await client.aclose()


async def put(client: Any, entries: list[bytes], after: int = 0) -> None:
    async with client.pipeline() as pipe:
        for position, raw in enumerate(entries, after + 1):
            pipe.xadd(NAMES.log, {"e": raw}, id=f"{position}-0")
        await pipe.execute()


def reading(client: Any) -> Reading:
    return Reading(RedisLog(client, NAMES), origin=ORIGIN, sandbox=True)


def hashes(entries: list[bytes]) -> list[str]:
    return [hash_in(read_entry(at, raw)) for at, raw in enumerate(entries, 1)]


async def noted(client: Any) -> dict[bytes, bytes]:
    return {name: await client.dump(name) for name in sorted(await client.keys(BELONGS))}


async def test_every_event_is_found_where_it_stands_and_only_the_latest_are_remembered(
    client: Any, signed: SignedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "LATEST", 100)
    await put(client, signed.entries)
    door = reading(client)

    await door.catch_up()

    said = hashes(signed.entries)
    places = {one: at for at, one in enumerate(said, 1)}
    assert await door.find(said) == places
    remembered = [one for one in said if door.receipts.latest(one) is not None]
    assert said[-len(remembered) :] == remembered
    assert 100 <= len(remembered) <= 200
    standing = await door.standing([said[0], said[-1], "A" * 43, "no hash"])
    assert {one: entry.raw for one, entry in standing.items()} == {
        said[0]: signed.entries[0],
        said[-1]: signed.entries[-1],
    }


async def test_a_publishers_entries_are_found_page_by_page_and_a_services_are_nobodys(
    client: Any, signed: SignedLog
) -> None:
    await put(client, signed.entries)
    door = reading(client)
    await door.catch_up()

    authority, after, mine = signed.founding.authority, 0, []
    while page := await door.places.of(authority, after, 400):
        mine += page
        after = page[-1]

    assert mine == list(range(1, len(signed.entries) + 1))
    places = Places(client, NAMES)
    end = len(signed.entries)
    assert await places.note(end, [Placed("B" * 43, ""), Placed("C" * 43, "LCA")]) == end + 2
    assert await places.of("LCA", 0, 9) == [end + 2]
    assert set(await client.keys(NAMES.entries("*"))) == {
        NAMES.entries(one).encode() for one in (authority, "LCA")
    }


async def test_several_doors_note_every_entry_once(client: Any, signed: SignedLog) -> None:
    doors = [reading(client) for _ in range(3)]
    begins = 0
    for ends in (20, 21, 30, len(signed.entries)):
        await put(client, signed.entries[begins:ends], begins)
        await asyncio.gather(*(door.catch_up() for door in doors))
        begins = ends

    together = await noted(client)
    await client.delete(*together)
    await reading(client).catch_up()
    assert await noted(client) == together


@pytest.mark.parametrize("kept", [0, 7, PAGE + 1])
async def test_what_the_store_has_lost_of_it_is_noted_again_by_a_running_door(
    client: Any, signed: SignedLog, kept: int
) -> None:
    """A file cut at its end may hold an entry and not what was noted of it."""
    last = len(signed.entries) - 1
    await put(client, signed.entries[:kept])
    if kept:
        await reading(client).catch_up()
    before = await noted(client)
    await put(client, signed.entries[kept:last], kept)
    door = reading(client)
    await door.catch_up()
    await client.delete(*await noted(client))
    for name, value in before.items():
        await client.restore(name, 0, value)

    await put(client, signed.entries[last:], last)
    await door.catch_up()

    whole = await noted(client)
    await client.delete(*whole)
    await reading(client).catch_up()
    assert await noted(client) == whole


async def test_a_door_that_has_read_more_than_there_is_any_more_does_not_wait_for_it(
    client: Any, signed: SignedLog
) -> None:
    await put(client, signed.entries[:30])
    door = reading(client)
    await door.catch_up()
    await client.flushall()

    async with asyncio.timeout(5):
        await door.from_log([("31-0", {b"e": signed.entries[30]})])

    assert await noted(client) == {}


async def test_a_place_that_another_event_took_answers_for_nobody_and_keeps_nobody_out(
    house: House,
) -> None:
    event = house.new_unit()
    event_hash = parse_jws(event).hash
    await house.redis.hset(NAMES.places(event_hash[:2]), event_hash[2:22], 1)

    unknown = await house.http.get(f"/v1/receipts/{event_hash}")
    told = await house.send(AUTHORITY, event)

    assert (unknown.status_code, unknown.json()["code"]) == (404, "RECEIPT_UNKNOWN")
    assert told.json()["outcome"] == "recorded"


async def test_an_event_from_long_ago_has_the_same_answer_and_no_second_entry(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "LATEST", 1)
    first = house.new_unit()
    answer = await house.send(AUTHORITY, first)
    refused = house.sign(AUTHORITY, "thidua.units.report-burnt.v1", {}, subject="BNV/KHOI-3/2023")
    refusal = await house.send(AUTHORITY, refused)
    for _ in range(4):
        assert (await house.send(AUTHORITY, house.new_unit())).json()["outcome"] == "recorded"
    ends = await house.log.tail()

    for wait in (10, None):
        for event, told in ((first, answer), (refused, refusal)):
            again = await house.post(event, wait=wait)
            assert (again.status_code, again.json()) == (told.status_code, told.json())
            asked = await house.http.get(f"/v1/receipts/{told.json()['hash']}")
            assert asked.json() == told.json()

    await until(lambda: judged(house), "units has judged everything")
    assert await house.log.tail() == ends


async def judged(house: House) -> bool:
    return await house.log.pending("units") == 0


async def test_nobody_is_asked_about_the_next_event_of_a_chain(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    find = Places.find

    async def counted(places: Places, wanted: Any) -> dict[str, int]:
        wanted = list(wanted)
        asked.extend(wanted)
        return await find(places, wanted)

    monkeypatch.setattr(Places, "find", counted)
    event = house.new_unit()

    told = await house.send(AUTHORITY, event)

    assert told.json()["outcome"] == "recorded"
    assert asked == []
