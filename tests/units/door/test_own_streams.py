"""What a publisher adds to its own stream enters like a request, and its garbage harms only itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.units.door_app import create_app as door_app
from services.units.door_settings import DoorSettings
from tests.units.door.house import (
    AUTHORITY,
    KEY_REGISTERED,
    REPORT,
    House,
    alive,
    until,
)
from thidua.key_material import Algorithm
from thidua.signing import event_hash, parse_jws

if TYPE_CHECKING:
    from thidua.publishing import Publisher

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAR_FUTURE = "9999999999999-0"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def two_units(house: House) -> None:
    """Two units with a key each, and access, granted when the first test asks."""
    for code in ("SOP", "SOQ"):
        if code not in house.publishers:
            data = {"unit": code, "name_vi": f"Sở {code}", "short_vi": code, "kind": "other"}
            data |= {"province": code, "valid_from": "2015-01-01", "basis": "QĐ 2"}
            unit = "thidua.units.unit-registered.v1"
            await told(house, house.sign(AUTHORITY, unit, data, subject=AUTHORITY))
            house.publishers[code] = house.publisher(code, Algorithm.EDDSA)
            key = house.registration(house.publishers[code])
            await told(house, house.sign(AUTHORITY, KEY_REGISTERED, key, subject=AUTHORITY))
            access = {"unit": code, "basis": "QĐ 3"}
            granted = "thidua.units.access-granted.v1"
            await told(house, house.sign(AUTHORITY, granted, access, subject=AUTHORITY))
            await until(lambda code=code: followed(house, code), f"{code} is followed")
    await until(lambda: judged(house), "units has judged everything")
    await house.heads_from_log()


async def test_an_event_of_the_own_stream_is_judged_recorded_once_and_its_receipt_comes_back(
    house: House,
) -> None:
    event = report(house, "SOP")

    for _ in range(2):
        await add(house, "SOP", event)
    await add(house, "SOP", event)

    receipt = await receipt_of(house, "SOP", event)
    assert (receipt["outcome"], receipt["code"]) == ("refused", "CYCLE_UNKNOWN")
    await until(lambda: drained(house, "SOP"), "the stream is taken")
    await until(lambda: judged(house), "units has judged everything")
    assert await entries_of(house, event) == [int(receipt["position"])]
    assert (await house.post(event)).json()["position"] == int(receipt["position"])


async def test_an_event_that_stands_in_the_log_is_told_its_receipt_again(house: House) -> None:
    event = report(house, "SOP")
    posted = await house.send("SOP", event)

    await add(house, "SOP", event)

    await until(lambda: drained(house, "SOP"), "the stream is taken")
    receipts = [one for one in await receipts_of(house, "SOP") if one["hash"] == hash_of(event)]
    assert [int(one["position"]) for one in receipts] == [posted.json()["position"]] * 2
    assert {(one["outcome"], one["code"]) for one in receipts} == {("refused", "CYCLE_UNKNOWN")}


async def test_another_publishers_event_in_my_stream_is_answered_to_me_and_stays_out(
    house: House,
) -> None:
    foreign = report(house, "SOQ")

    await add(house, "SOP", foreign)

    answer = await answer_of(house, "SOP", foreign)
    assert (answer["code"], answer["given"], answer["expected"]) == (
        "SOURCE_WRONG",
        "/units/SOQ",
        "/units/SOP",
    )
    assert await entries_of(house, foreign) == []
    assert (await house.send("SOQ", foreign)).json().get("position")


async def test_entry_ids_of_a_publishers_choice_do_not_move_its_arrival(house: House) -> None:
    before = await house.redis.time()

    early, late = report(house, "SOQ"), None
    await add(house, "SOQ", early, name="7-7")
    await receipt_of(house, "SOQ", early)
    house.moved("SOQ", early)
    late = report(house, "SOQ")
    await add(house, "SOQ", late, name=FAR_FUTURE)
    await receipt_of(house, "SOQ", late)
    house.moved("SOQ", late)
    afterwards = report(house, "SOQ")
    await add(house, "SOQ", afterwards, name="9999999999999-1")
    await receipt_of(house, "SOQ", afterwards)

    after = await house.redis.time()
    for event in (early, late, afterwards):
        entry = await house.entry_of(event)
        assert entry is not None
        assert before[0] * 1000 <= entry.rx_ms <= (after[0] + 1) * 1000


async def test_a_publisher_that_trims_its_stream_to_nothing_loses_only_its_own(
    house: House,
) -> None:
    events = []
    for _ in range(3):
        events.append(report(house, "SOP"))
        house.moved("SOP", events[-1])
    async with house.redis.pipeline(transaction=True) as pipe:
        for event in events:
            pipe.xadd(stream("SOP"), {"e": event}, maxlen=0, approximate=False)
        await pipe.execute()
    other = report(house, "SOQ")
    await add(house, "SOQ", other)

    assert (await receipt_of(house, "SOQ", other))["position"]
    assert [await entries_of(house, event) for event in events] == [[], [], []]
    await add(house, "SOP", events[0])
    assert (await receipt_of(house, "SOP", events[0]))["position"]
    await house.goes_on()


POISON: list[dict[str, Any]] = [
    {"x": "no event"},
    {"e": ""},
    {"e": b"\xff\x00\xfe"},
    {"e": "a" * 2_000_000},
    {"e": "a.b.c"},
    {"e": json.dumps({"data": "text", "headers": {}})},
    {"__data__": "x", "e": "eyJ9.."},
    {b"\xff": b"\xff"},
    {f"f{n}": "v" for n in range(500)},
]


@pytest.mark.parametrize("fields", POISON, ids=range(len(POISON)))
async def test_poison_is_answered_and_holds_up_nobody(house: House, fields: dict[str, Any]) -> None:
    answers = len(await receipts_of(house, "SOP"))

    await house.redis.xadd(stream("SOP"), fields)
    fine = report(house, "SOP")
    await add(house, "SOP", fine)

    assert (await receipt_of(house, "SOP", fine))["position"]
    told = [one for one in (await receipts_of(house, "SOP"))[answers:] if "answer" in one]
    assert [json.loads(one["answer"])["status"] for one in told] in ([400], [413])
    await house.goes_on()


async def test_while_the_gate_is_closed_a_stream_is_left_as_it_is_and_taken_afterwards(
    house: House,
) -> None:
    run = (await house.log.gate()).run_id
    await house.log.open_gate("another run")
    event = report(house, "SOP")
    told = len(await receipts_of(house, "SOP"))

    await house.redis.xadd(stream("SOP"), {"e": "poison"})
    await add(house, "SOP", event)

    follower = house.app.state.draining.followers["SOP"]
    await until(lambda: waits(follower), "the follower has met the closed gate")
    assert len(await receipts_of(house, "SOP")) == told, "nothing is answered twice"
    assert await house.redis.xlen(stream("SOP")) == 2
    await house.log.open_gate(run)
    assert (await receipt_of(house, "SOP", event))["position"]
    assert len(await receipts_of(house, "SOP")) == told + 2
    await house.goes_on()


async def test_two_doors_take_each_entry_once_and_answer_it_once(house: House) -> None:
    settings = DoorSettings(origin=house.founding.origin, redis_url=SecretStr(house.server.url))
    answers = len(await receipts_of(house, "SOP"))
    async with alive(door_app(settings)):
        for number in range(20):
            event = report(house, "SOP")
            await house.redis.xadd(stream("SOP"), {"e": f"poison {number}"})
            await add(house, "SOP", event)
            assert (await receipt_of(house, "SOP", event))["position"]
            house.moved("SOP", event)
        await until(lambda: drained(house, "SOP"), "the stream is taken")
        told = (await receipts_of(house, "SOP"))[answers:]

    assert sum("answer" in one for one in told) == 20
    assert sum("position" in one for one in told) == 20
    await house.goes_on()


async def test_a_gap_in_a_stream_is_answered_with_what_comes_next(house: House) -> None:
    signer: Publisher = house.publishers["SOQ"]
    event = house.signed("SOQ", seq=signer.heads["units"].seq + 9, prev=event_hash(b"x"))

    await add(house, "SOQ", event)

    answer = await answer_of(house, "SOQ", event)
    assert (answer["code"], answer["facts"]["expected_seq"]) == (
        "CHAIN_EXPECTED",
        signer.heads["units"].seq + 1,
    )


def report(house: House, code: str) -> str:
    """An event that the log takes in and refuses: nobody has opened its cycle."""
    return house.sign(code, REPORT, {"unit": code, "kind": "half-year"})


def hash_of(event: str) -> str:
    return parse_jws(event).hash


def stream(code: str) -> str:
    return f"{{p0}}:in:{code}"


async def add(house: House, code: str, event: str, *, name: str = "*") -> None:
    await house.redis.xadd(stream(code), {"e": event}, id=name)


async def told(house: House, event: str) -> None:
    answer = await house.send(AUTHORITY, event)
    assert answer.json()["outcome"] == "recorded", answer.text


async def receipts_of(house: House, code: str) -> list[dict[str, str]]:
    entries = await house.redis.xrange(f"{{p0}}:receipts:{code}")
    return [{k.decode(): v.decode() for k, v in fields.items()} for _, fields in entries]


async def receipt_of(house: House, code: str, event: str) -> dict[str, str]:
    """The receipt that comes back on the publisher's own stream of receipts."""

    async def found() -> bool:
        return any(one["hash"] == hash_of(event) for one in await receipts_of(house, code))

    await until(found, "a receipt comes back")
    return next(one for one in await receipts_of(house, code) if one["hash"] == hash_of(event))


async def answer_of(house: House, code: str, event: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((await receipt_of(house, code, event))["answer"])
    return answer


async def entries_of(house: House, event: str) -> list[int]:
    entries = await house.entries()
    return [one.position for one in entries if parse_jws(one.jws or b"").hash == hash_of(event)]


async def drained(house: House, code: str) -> bool:
    return await house.redis.xlen(stream(code)) == 0


async def judged(house: House) -> bool:
    return await house.log.pending("units") == 0


async def followed(house: House, code: str) -> bool:
    return code in house.app.state.draining.followers


async def waits(follower: Any) -> bool:
    return follower.failing is not None or follower.halted is not None
