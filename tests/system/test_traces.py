"""One trace from the door to the read models and the archive, with every process one of its own; and what it never says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from services.founding import found
from services.processes import APART, System
from services.sandbox import Sandbox, founded
from services.scenarios.format import read_scenario
from services.units.door_traces import VOTES
from tests.conftest import THREE
from tests.system.collector import Collector, Span, a_collector
from thidua.embedded import RedisServer
from thidua.log import Names
from thidua.publishing import DoorClient
from thidua.signing import parse_jws
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from thidua.log import Entry

pytestmark = pytest.mark.timeout(900)

FACTS: Final = {
    "cloudevents.event_id",
    "cloudevents.event_type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "thidua.batch",
    "thidua.outcome",
    "thidua.position",
    "thidua.refusal_code",
    "thidua.service",
    "thidua.subject_kind",
}
"""Everything that a span may say."""
NAMES: Final = {
    "POST /v1/events",
    "receive",
    "verify",
    "admit",
    "judge",
    "append",
    "project",
    "seal",
}
ORIGIN: Final = "sandbox/three-2023"
SENT: Final = "5e17{:028x}"
"""The traces of the publishers' own systems."""


@dataclass
class Traced:
    """The year of three, sent by systems that trace their own requests; ``sent`` has their spans by event id."""

    box: Sandbox
    collector: Collector
    sent: dict[str, tuple[str, str]] = field(default_factory=dict)

    def mark(self, request: httpx.Request) -> None:
        """What a publisher's instrumentation does to a request."""
        if request.method == "POST":
            trace, span = SENT.format(len(self.sent) + 1), f"{len(self.sent) + 1:016x}"
            event = json.loads(parse_jws(request.content).payload)
            self.sent[event["id"]] = trace, span
            request.headers["traceparent"] = f"00-{trace}-{span}-01"
            request.headers["tracestate"] = "nhan-vien=nguyen-van-a"

    def entries_of(self, kind: str) -> list[tuple[Entry, dict[str, Any]]]:
        """The entries of an event type, with what was signed."""
        told = [
            (one, json.loads(parse_jws(one.jws).payload)) for one in self.box.entries() if one.jws
        ]
        return [(entry, event) for entry, event in told if event["type"] == kind]

    def trace_of(self, event_id: str) -> list[Span]:
        """The spans of the trace that an event was judged in."""
        [judged] = [
            one
            for one in self.collector.spans
            if one.name == "judge" and one.facts["cloudevents.event_id"] == event_id
        ]
        return self.collector.of(judged.trace)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    folder: Path = tmp_path_factory.mktemp("traced")
    scenario = read_scenario(THREE)
    founding = founded(scenario, folder)
    with a_collector() as collector:
        valkey = RedisServer(folder / "valkey")
        valkey.start()
        environment = {
            "THIDUA_ORIGIN": founding.origin,
            "THIDUA_REDIS_URL": valkey.url,
            "THIDUA_ROOT_SPKI": founding.root.verifying_key.spki,
            "THIDUA_DATABASE_URL": f"sqlite:///{folder / 'read.sqlite3'}",
            "THIDUA_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            # What would let a library send spans of its own.
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        }
        with System(folder, environment, valkey) as system:
            asyncio.run(found(founding, valkey.url))
            system.start(*APART)
            traced = Traced(Sandbox(scenario, system, founding), collector)
            door = DoorClient(system.url("door"))
            door._http.event_hooks["request"] = [traced.mark]
            traced.box.player(door).play()
            door.close()
            last = len(traced.box.entries())
            for name in ("project", "seal"):
                collector.wait(
                    lambda spans, name=name: any(
                        one.name == name and one.facts["thidua.position"] == last for one in spans
                    ),
                    f"{name} of the last entry",
                )
            yield traced


def test_an_event_is_one_trace_from_its_publishers_request_to_read_models_and_archive(
    traced: Traced,
) -> None:
    [(entry, event), *_] = traced.entries_of("thidua.units.report-submitted.v1")
    spans = {one.name: one for one in traced.trace_of(event["id"])}
    trace, above = traced.sent[event["id"]]
    assert {one.trace for one in spans.values()} == {trace}
    parents = {name: one.parent for name, one in spans.items()}
    request = spans["POST /v1/events"]
    assert parents == {
        "POST /v1/events": above,
        "receive": request.id,
        "verify": request.id,
        "admit": request.id,
        "judge": spans["admit"].id,
        "append": spans["judge"].id,
        "project": spans["append"].id,
        "seal": spans["append"].id,
    }
    assert {name: one.service for name, one in spans.items()} == {
        "POST /v1/events": "thidua-door",
        "receive": "thidua-door",
        "verify": "thidua-door",
        "admit": "thidua-door",
        "judge": "thidua-units",
        "append": "thidua-units",
        "project": "thidua-projector",
        "seal": "thidua-archive",
    }
    for name in ("append", "project", "seal"):
        assert spans[name].facts["thidua.position"] == entry.position
    judged = spans["judge"].facts
    assert judged["cloudevents.event_type"] == event["type"]
    assert judged["thidua.outcome"] == "recorded"
    assert judged["thidua.subject_kind"] == "cycle"
    assert spans["admit"].start <= spans["judge"].start <= spans["append"].start
    assert spans["append"].start <= spans["project"].start
    assert all(one.start <= one.end for one in spans.values())
    assert request.facts["http.response.status_code"] == 200


def test_a_refusal_shows_its_code_and_goes_on_to_the_read_models(traced: Traced) -> None:
    [refused] = [one for one in traced.box.entries() if one.refused is not None]
    spans = traced.collector.of(
        next(
            one.trace
            for one in traced.collector.spans
            if one.name == "append" and one.facts["thidua.position"] == refused.position
        )
    )
    assert refused.refused is not None
    [judged] = [one for one in spans if one.name == "judge"]
    assert judged.facts["thidua.refusal_code"] == refused.refused["code"]
    assert judged.facts["thidua.outcome"] == "refused"
    assert {"project", "seal"} <= {one.name for one in spans}


def test_what_a_service_says_because_of_an_event_is_in_that_events_trace(traced: Traced) -> None:
    own = [
        (entry.position, event)
        for entry in traced.box.entries()
        if entry.jws
        for event in [json.loads(parse_jws(entry.jws).payload)]
        if event["source"].startswith("/services/") and event.get("cause")
    ]
    projected = {
        one.facts["thidua.position"]: one for one in traced.collector.spans if one.name == "project"
    }
    followed = 0
    causes = {
        parse_jws(entry.jws).hash: json.loads(parse_jws(entry.jws).payload)["id"]
        for entry in traced.box.entries()
        if entry.jws
    }
    for position, event in own:
        if position in projected:
            spans = traced.trace_of(causes[event["cause"]])
            assert projected[position] in spans
            followed += 1
    assert followed > 0


def test_a_span_says_only_what_is_listed_and_nothing_of_who_sent_it_or_what_it_says(
    traced: Traced,
) -> None:
    told = {
        name
        for one in traced.collector.spans
        for facts in (one.facts, *(facts for _, facts in one.events))
        for name in facts
    }
    assert told <= FACTS
    assert {one.name for one in traced.collector.spans} == NAMES
    assert traced.collector.asked == {"/v1/traces"}
    bodies = b"".join(traced.collector.bodies)
    for entry in traced.box.entries():
        if entry.jws is None:
            continue
        parsed = parse_jws(entry.jws)
        event = json.loads(parsed.payload)
        assert event["source"].encode() not in bodies
        assert parsed.kid.encode() not in bodies
        assert parsed.hash.encode() not in bodies
        if "/" in event["subject"]:
            assert event["subject"].encode() not in bodies
        for word in words_in(event["data"]):
            # The log's own name is the resource of all spans.
            assert word == ORIGIN or word.encode() not in bodies, (event["type"], word)
    assert b"nguyen-van-a" not in bodies


def words_in(data: Any) -> Iterator[str]:
    """The texts of an event's data that are long enough to be nothing else."""
    if isinstance(data, dict):
        for value in data.values():
            yield from words_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from words_in(value)
    elif isinstance(data, str) and len(data) > 8:
        yield data


def test_a_vote_begins_a_trace_of_its_own_that_its_voters_system_is_no_part_of(
    traced: Traced,
) -> None:
    votes = traced.entries_of("thidua.ballots.vote-cast.v1")
    assert votes
    others = {trace for trace, _ in traced.sent.values()}
    for _, event in votes:
        spans = traced.trace_of(event["id"])
        assert {"POST /v1/events", "admit", "judge", "append", "project"} <= {
            one.name for one in spans
        }
        assert {one.trace for one in spans}.isdisjoint(others)
        said = {fact for one in spans for fact in one.facts.values() if isinstance(fact, str)}
        known = {"POST", "/v1/events", "ballots", "cycle", "recorded"}
        assert said == known | {event["id"], event["type"]}
        assert [one.name for one in spans if not one.parent] == ["POST /v1/events"]
    assert {event["type"] for _, event in votes} <= VOTES


def test_an_entry_in_redis_is_its_bytes_and_nothing_beside_them(traced: Traced) -> None:
    async def fields() -> list[dict[bytes, bytes]]:
        client = new_client(traced.box.system.redis_url)
        try:
            return [fields for _, fields in await client.xrange(Names().log)]
        finally:
            await client.aclose()

    for held in asyncio.run(fields()):
        assert held.keys() == {b"e"}
        assert SENT[:4].encode() + b"0" * 20 not in held[b"e"]
