"""A dry run is answered as the event would be, by the same judge, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.units.door.house import AUTHORITY, REAL, House, a_house, deciding
from tests.units.door.test_bad_input import ROWS, SECRET, Row, keys_with, opened
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLACE = {"position", "entry_hash"}
MOMENT = {"rx", "received", "hash", "dry_run"}


async def rehearse(house: House, body: str, **headers: str) -> Any:
    house.http.params = {"dry_run": "true"}
    try:
        return await house.post(body, **headers)
    finally:
        house.http.params = {}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_dry_run_is_refused_in_the_very_words_of_the_real_way(
    year: House, row: Row
) -> None:
    await year.heads_from_log()
    bad = await row.make(year)
    tail, chains = await year.log.tail(), await year.log.chains()

    tried = await rehearse(year, bad)

    assert (await year.log.tail(), await year.log.chains()) == (tail, chains)
    real = await year.post(bad)
    assert tried.status_code == real.status_code
    assert tried.headers["content-type"] == real.headers["content-type"]
    assert told_of(tried.json()) == told_of(real.json())
    assert tried.json()["dry_run"] is True
    assert not PLACE & tried.json().keys()
    await year.goes_on()


async def test_a_good_event_would_be_recorded_and_is_not(year: House) -> None:
    await year.heads_from_log()
    event = year.new_unit()
    before = await year.log.tail(), await year.log.chains(), await year.log.heads()

    tried = [await rehearse(year, event) for _ in range(2)]

    for one in tried:
        assert (one.status_code, one.json()["outcome"], one.json()["by"]) == (
            200,
            "recorded",
            "units/1",
        )
        assert one.json()["dry_run"] is True
        assert not PLACE & one.json().keys()
    assert (await year.log.tail(), await year.log.chains(), await year.log.heads()) == before
    asked = await year.http.get(f"/v1/receipts/{parse_jws(event).hash}")
    assert (asked.status_code, asked.json()["code"]) == (404, "RECEIPT_UNKNOWN")
    assert (await year.send(AUTHORITY, event)).json()["outcome"] == "recorded"


async def test_what_stands_in_the_log_is_told_by_its_receipt(year: House) -> None:
    await year.heads_from_log()
    event = year.new_unit()
    real = await year.send(AUTHORITY, event)

    tried = await rehearse(year, event)

    assert tried.json() == {**real.json(), "dry_run": True}


async def test_each_event_of_a_batch_is_tried_on_the_state_as_it_is(year: House) -> None:
    await year.heads_from_log()
    first = year.new_unit()
    year.moved(AUTHORITY, first)
    second = year.new_unit()

    tried = await rehearse(year, json.dumps([first, "xin-chao", second, first]))

    told = tried.json()["results"]
    assert tried.status_code == 200
    assert [one["http_status"] for one in told] == [200, 400, 409, 200]
    assert [one.get("code") for one in told] == [None, "JWS_MALFORMED", "CHAIN_EXPECTED", None]
    assert all(one["dry_run"] for one in told)
    await year.heads_from_log()
    await year.goes_on()


async def test_an_event_that_was_tried_leaves_no_value_in_any_store(year: House) -> None:
    await year.heads_from_log()
    event = year.signed("SOC", data={"unit": "SOC", "kind": "yearly", "nguoi_ky": SECRET})

    tried = await rehearse(year, event)

    assert (tried.status_code, tried.json()["code"]) == (422, "SCHEMA_INVALID")
    await year.goes_on()
    assert SECRET.encode() in opened(event.encode())
    assert await keys_with(year, SECRET) == set()
    assert await year.redis.exists("{p0}:said") == 1


async def test_while_a_service_is_away_its_dry_runs_are_busy_and_others_are_answered(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, origin=REAL) as house:
        event = house.new_unit()

        tried = await rehearse(house, event, prefer="wait=1")

        assert (tried.status_code, tried.json()["code"]) == (503, "BUSY")
        assert int(tried.headers["retry-after"]) > 0
        async with deciding(house, "units"):
            assert (await rehearse(house, event)).json()["outcome"] == "recorded"
            assert (await house.send(AUTHORITY, event)).json()["outcome"] == "recorded"


async def test_a_dry_run_on_a_closed_log_is_answered_so(tmp_path: Path) -> None:
    async with a_house(tmp_path, origin=REAL) as house:
        await house.log.open_gate("another run")

        tried = await rehearse(house, house.new_unit())

        assert (tried.status_code, tried.json()["code"]) == (503, "GATE_CLOSED")


def told_of(document: dict[str, Any]) -> dict[str, Any]:
    """What two answers to one event must have in common: all but place and moment."""
    told = {name: value for name, value in document.items() if name not in PLACE | MOMENT}
    told["facts"] = {name: value for name, value in told["facts"].items() if name not in MOMENT}
    for words in ("detail", "detail_vi", "detail_en"):
        told.pop(words)
    return told
