"""One validator, one catalogue: whichever way an event comes in, it is answered alike."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.units.door.direct import add
from tests.units.door.house import AUTHORITY, NAMES, House, until
from tests.units.door.test_bad_input import ROWS, Row
from thidua.refusals import CATALOGUE, Code, Stage
from thidua.signing import parse_jws

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRANTED: Final = "thidua.units.access-granted.v1"

NOT_OF_AN_EVENT: Final = {
    Code.CLIENT_UNPROVEN,
    Code.CLOCK_BACKWARD,
    Code.BUSY,
    Code.RATE_LIMITED,
    Code.GATE_CLOSED,
    Code.NOT_FOUND,
    Code.METHOD_UNKNOWN,
    Code.RECEIPT_UNKNOWN,
    Code.RECEIPT_UNSIGNED,
    Code.REQUEST_INVALID,
    Code.REQUEST_TOO_SLOW,
}
"""Answers to a request, a sandbox's clock or a moment; another request, or another time, has another one."""
OF_A_BALLOT: Final = {Code.VOTE_IN_PLAIN}
"""Said by the judge of ballots about its own events; every judge stands behind the same inbox."""


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def granted(year: House) -> None:
    """Every unit of the year may publish straight into Redis."""
    followers = year.app.state.draining.followers
    for code in sorted(year.publishers.keys() - {AUTHORITY} - followers.keys()):
        data = {"unit": code, "basis": "QĐ 3"}
        event = year.sign(AUTHORITY, GRANTED, data, subject=AUTHORITY)
        assert (await year.send(AUTHORITY, event)).json()["outcome"] == "recorded"

        async def is_followed(code: str = code) -> bool:
            return code in followers

        await until(is_followed, f"{code} is followed")


async def test_every_code_about_an_event_is_provoked_through_each_way_in() -> None:
    of_events = {
        code for code, one in CATALOGUE.items() if one.stage in {Stage.ANSWERED, Stage.FORM}
    }

    assert {row.code for row in ROWS} >= of_events - NOT_OF_AN_EVENT - OF_A_BALLOT
    assert not {row.code for row in ROWS} & (NOT_OF_AN_EVENT | OF_A_BALLOT)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_stream_tells_what_a_request_is_told(year: House, row: Row) -> None:
    await year.heads_from_log()
    bad = await row.make(year)
    told = await stream_tells(year, row.publisher, bad)
    answer = await year.post(bad)
    problem = answer.json()

    assert told["code"] == problem["code"] == row.code
    if row.in_log == "no":
        words = {name: value for name, value in problem.items() if name not in {"hash", "outcome"}}
        assert told == words
    else:
        assert (told["outcome"], told["hash"]) == ("refused", problem["hash"])
        assert int(told["position"]) == problem["position"]


async def stream_tells(house: House, publisher: str, event: str) -> dict[str, Any]:
    """What comes back on a publisher's receipts after it has added an event to its own stream."""
    stream = NAMES.receipts(publisher)
    last = await house.redis.xrevrange(stream, count=1)
    after = f"({last[0][0].decode()}" if last else "-"
    await add(house, publisher, event)

    async def answered() -> bool:
        return bool(await house.redis.xrange(stream, min=after))

    await until(answered, "the publisher is told")
    [(_, fields), *_] = await house.redis.xrange(stream, min=after)
    receipt = {name.decode(): value.decode() for name, value in fields.items()}
    if "answer" in receipt:
        told: dict[str, Any] = json.loads(receipt["answer"])
        return told
    assert receipt["hash"] == parse_jws(event).hash
    return receipt
