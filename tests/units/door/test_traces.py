"""What the door makes of a publisher's trace: it goes on with a good one, and a bad one harms nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.system.collector import Collector, Span, a_collector
from tests.units.door.house import (
    AUTHORITY,
    KEY_REGISTERED,
    REAL,
    UNIT_REGISTERED,
    House,
    a_house,
    payload_of,
    until,
)
from thidua.key_material import Algorithm
from thidua.log import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
REQUEST = "POST /v1/events"
ABOVE = "00f067aa0ba902b7"
SENT = f"00-{TRACE}-{ABOVE}-01"
GARBAGE = (
    "garbage",
    "",
    f"ff-{TRACE}-{ABOVE}-01",
    f"00-{'0' * 32}-{ABOVE}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{ABOVE}-01",
    SENT * 200,
    "vết",
)


class Traced:
    """A house whose door and units service send their spans to a collector."""

    def __init__(self, house: House, collector: Collector) -> None:
        self.house, self.collector = house, collector

    async def spans_of(self, event: str, *last: str) -> list[Span]:
        """The spans of the trace an event was admitted in, when the *last* ones have come."""
        known = payload_of(event)["id"]

        def found() -> list[Span]:
            admitted = [
                one.trace
                for one in self.collector.spans
                if one.name == "admit" and one.facts["cloudevents.event_id"] == known
            ]
            return self.collector.of(admitted[0]) if admitted else []

        async def has_come() -> bool:
            return {"append", *last} <= {one.name for one in found()}

        await until(has_come, "all of its spans")
        return found()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    with a_collector() as collector, pytest.MonkeyPatch.context() as patched:
        patched.setenv("THIDUA_OTLP_ENDPOINT", collector.url)
        patched.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        folder = tmp_path_factory.mktemp("traced")
        async with a_house(folder, origin=REAL, judges=("units",)) as house:
            yield Traced(house, collector)


async def test_a_publishers_trace_is_gone_on_with(traced: Traced) -> None:
    event = traced.house.new_unit()
    answer = await traced.house.post(event, traceparent=SENT)
    assert answer.json()["outcome"] == "recorded", answer.text
    traced.house.moved(AUTHORITY, event)

    spans = await traced.spans_of(event, REQUEST)
    assert {one.trace for one in spans} == {TRACE}
    [request] = [one for one in spans if one.name == REQUEST]
    assert request.parent == ABOVE


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_a_header_that_is_no_trace_is_passed_over(traced: Traced, garbage: str) -> None:
    event = traced.house.new_unit()
    headers = {"prefer": "wait=10", "traceparent": garbage.encode()}
    answer = await traced.house.http.post("/v1/events", content=event, headers=headers)
    assert answer.json()["outcome"] == "recorded", answer.text
    traced.house.moved(AUTHORITY, event)

    spans = await traced.spans_of(event, REQUEST)
    assert TRACE not in {one.trace for one in spans}
    [root] = [one for one in spans if not one.parent]
    assert root.name == REQUEST


async def test_each_event_of_a_batch_is_admitted_and_judged_for_itself(traced: Traced) -> None:
    batch = []
    for _ in range(3):
        batch.append(traced.house.new_unit())
        traced.house.moved(AUTHORITY, batch[-1])
    answer = await traced.house.post(json.dumps([*batch, "no.jws.here"]))
    assert answer.json()["results"][-1]["http_status"] == 400

    spans = await traced.spans_of(batch[-1], REQUEST)
    admitted = [one for one in spans if one.name == "admit"]
    judged = [one for one in spans if one.name == "judge"]
    assert {one.parent for one in judged} == {one.id for one in admitted}
    assert len(admitted) == 3
    [verify] = [one for one in spans if one.name == "verify"]
    assert verify.facts["thidua.batch"] == 4
    assert [(name, set(facts)) for name, facts in verify.events] == [
        ("turned_away", {"thidua.refusal_code"})
    ]


async def test_a_request_that_is_turned_away_whole_shows_the_code(traced: Traced) -> None:
    seen = len(traced.collector.spans)
    answer = await traced.house.post("[1]")

    async def told() -> bool:
        return any(
            one.facts.get("thidua.refusal_code") == answer.json()["code"]
            for one in traced.collector.spans[seen:]
        )

    await until(told, "the span of the request")


async def test_what_comes_by_the_publishers_own_stream_goes_on_with_the_trace_beside_it(
    traced: Traced,
) -> None:
    house = traced.house
    unit = {"unit": "SOP", "name_vi": "Sở P", "short_vi": "SOP", "kind": "other"}
    unit |= {"province": "SOP", "valid_from": "2015-01-01", "basis": "QĐ 2"}
    house.publishers["SOP"] = house.publisher("SOP", Algorithm.EDDSA)
    for kind, data in (
        (UNIT_REGISTERED, unit),
        (KEY_REGISTERED, house.registration(house.publishers["SOP"])),
        ("thidua.units.access-granted.v1", {"unit": "SOP", "basis": "QĐ 3"}),
    ):
        told = await house.send(AUTHORITY, house.sign(AUTHORITY, kind, data, subject=AUTHORITY))
        assert told.json()["outcome"] == "recorded", told.text
    for beside in ({"traceparent": SENT}, {"traceparent": b"\xff\xfe" * 40}, {}):
        event = house.signed("SOP")
        await house.redis.xadd(Names().incoming("SOP"), {"e": event, **beside})
        spans = await traced.spans_of(event)
        house.moved("SOP", event)
        [admitted] = [one for one in spans if one.name == "admit" and one.parent in ("", ABOVE)]
        assert (admitted.trace == TRACE) is (beside.get("traceparent") == SENT)
        assert [one for one in spans if one.name == "append"]


async def test_what_is_not_chosen_goes_its_way_without_a_trace(
    tmp_path: Path, traced: Traced
) -> None:
    seen = traced.collector.spans[:]
    async with a_house(tmp_path, origin=REAL, trace_share=0.0) as house:
        told = await house.post(house.new_unit(), wait=None, traceparent=SENT)
        assert told.status_code == 202
        [(_, fields)] = await house.redis.xrange(Names().inbox("units"))
        assert fields.keys() == {b"rx", b"jws"}
    assert traced.collector.spans == seen
