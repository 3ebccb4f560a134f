"""Traces: what a deciding service's spans say, that nothing of them reaches what is recorded, and that nobody waits for a collector."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from redis.exceptions import ResponseError

from tests.shared.test_judging import (
    BEFORE,
    DEADLINE,
    UNITS,
    Desk,
    a_desk,
    made_of,
)
from thidua.clock import to_ms
from thidua.contracts.units import CycleClosed
from thidua.embedded import LOOPBACK, free_port
from thidua.log.memory import MemoryLog
from thidua.settings import Settings
from thidua.signing import parse_jws
from thidua.tracing import STOP_SECONDS, Followed, Tracing, stop, traced, traceparent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from thidua.drafting import InboxItem

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = f"00-{TRACE}-00f067aa0ba902b7-01"
ACTS = st.lists(
    st.tuples(st.sampled_from(UNITS), st.sampled_from(["signs", "again", "gap", "form"])),
    min_size=1,
    max_size=8,
)
HEX = st.text("0123456789abcdef", min_size=16, max_size=16)
GARBAGE = st.one_of(
    st.text(max_size=80),
    st.builds("00-{0}{1}-{2}-01".format, HEX, HEX, HEX),
    st.sampled_from([SENT, "", f"ff-{TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-{'0' * 16}-00"]),
)


class Kept:
    """A tracing whose spans are kept in memory."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = Tracing("pledges", self._exporter)

    @property
    def spans(self) -> list[ReadableSpan]:
        """Every span that has ended."""
        self.tracing._provider.force_flush()
        return list(self._exporter.get_finished_spans())

    def said(self, name: str) -> list[dict[str, Any]]:
        return [dict(one.attributes or {}) for one in self.spans if one.name == name]


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.tracing.stop()


def traced_by(desk: Desk, kept: Kept) -> Desk:
    desk.judging.tracing = kept.tracing
    return desk


async def consumed(inbox: list[InboxItem], traces: list[str] | None) -> MemoryLog:
    """The log after a desk consumed *inbox*, each entry with one of *traces* in turn beside it."""
    desk, kept = await a_desk(), Kept()
    try:
        beside = None
        if traces is not None:
            desk.judging.tracing = kept.tracing
            beside = {item.id: traces[at % len(traces)] for at, item in enumerate(inbox)}
        await desk.judging.consume(inbox, beside)
    finally:
        kept.tracing.stop()
    return desk.log


@settings(max_examples=25)
@given(acts=ACTS, traces=st.lists(GARBAGE, min_size=1, max_size=4))
async def test_the_same_bytes_are_recorded_whatever_trace_stands_beside_an_event(
    acts: list[tuple[str, str]], traces: list[str]
) -> None:
    desk = await a_desk()
    made_of([("LCA", "signs"), *acts], desk)
    desk.wakes(to_ms(DEADLINE))
    plain, beside = await consumed(desk.inbox, None), await consumed(desk.inbox, traces)
    assert len(plain.entries) > desk.founded
    assert beside.entries == plain.entries
    assert beside.answers == plain.answers
    assert beside.receipts == plain.receipts
    assert beside.erasable == plain.erasable


async def test_an_event_is_judged_and_appended_under_the_trace_it_came_with(kept: Kept) -> None:
    desk = traced_by(await a_desk(), kept)
    desk.signs("LCA")
    desk.signs("LCA")
    desk.signs("LCH")
    await desk.judging.consume(desk.inbox, {"1-0": SENT, "2-0": SENT})
    first = desk.founded + 1

    recorded, refused = kept.said("judge")
    assert (recorded["thidua.outcome"], refused["thidua.outcome"]) == ("recorded", "refused")
    assert refused["thidua.refusal_code"] == "SIGNED_ALREADY"
    assert recorded["thidua.batch"] == 3
    assert [one["thidua.position"] for one in kept.said("append")] == [first, first + 1]
    assert {one.context.trace_id for one in kept.spans if one.context} == {int(TRACE, 16)}
    beside = await desk.log.traces(range(first, first + 3))
    assert set(beside) == {first, first + 1}
    appended = {
        one.attributes["thidua.position"]: one.context.span_id
        for one in kept.spans
        if one.name == "append" and one.attributes and one.context
    }
    assert {place: int(text.split("-")[2], 16) for place, text in beside.items()} == appended


async def test_an_answer_outside_the_log_ends_its_trace_with_the_code(kept: Kept) -> None:
    desk = traced_by(await a_desk(), kept)
    made_of([("LCA", "gap"), ("LCA", "signs"), ("LCA", "again")], desk)
    await desk.judging.consume(desk.inbox, dict.fromkeys(("1-0", "3-0"), SENT))

    told = {(one["thidua.outcome"], one.get("thidua.refusal_code")) for one in kept.said("judge")}
    assert ("answered", "CHAIN_EXPECTED") in told


async def test_own_events_go_on_in_the_trace_of_their_cause(kept: Kept) -> None:
    desk = traced_by(await a_desk(), kept)
    last = [desk.signs(unit) for unit in UNITS][-1]
    await desk.judging.consume(desk.inbox, {"3-0": SENT})

    end = await desk.log.tail()
    beside = await desk.log.traces([end - 3, end - 2, end - 1, end])
    assert set(beside) == {end - 1, end}
    assert beside[end] == beside[end - 1]
    assert parse_jws(last).hash not in str(kept.said("judge"))


async def test_what_was_judged_before_its_subject_moved_is_seen_to_be_judged_again(
    kept: Kept,
) -> None:
    desk = traced_by(await a_desk(closed=False), kept)
    desk.signs("LSN")
    desk.log.before.append(lambda: desk.root_says(CycleClosed(), BEFORE))
    await desk.judging.consume(desk.inbox, {"1-0": SENT})

    outcomes = [one["thidua.outcome"] for one in kept.said("judge")]
    assert outcomes == ["refused", "recorded"]
    behind, appended = kept.said("append")
    assert behind["error.type"] == "Behind"
    assert appended["thidua.position"] == await desk.log.tail()


async def test_a_batch_without_traces_leaves_no_span_and_no_trace(kept: Kept) -> None:
    desk = traced_by(await a_desk(), kept)
    desk.signs("LCA")
    await desk.judging.consume(desk.inbox, {})
    assert kept.spans == []
    assert await desk.log.traces(range(1, 100)) == {}


@given(text=GARBAGE)
@settings(max_examples=200)
def test_a_text_that_is_no_traceparent_begins_a_trace_as_none_does(text: str) -> None:
    span = TRACING.begin("receive", text, 1)
    named = traceparent(span).split("-")
    assert [len(part) for part in named] == [2, 32, 16, 2]
    parent = getattr(span, "parent", None)
    assert (parent is None) == (named[1] not in text)
    assert parent is None or named[2] not in text


TRACING = Tracing("door", InMemorySpanExporter())


def test_the_door_chooses_by_the_traces_id_whatever_its_sender_chose() -> None:
    told = Settings(origin="so.example.vn/p0", otlp_endpoint=f"http://{LOOPBACK}:{free_port()}")
    nobody, all_of_them = Tracing.of(told, "door", share=0.0), Tracing.of(told, "door", share=1.0)
    assert nobody is not None
    assert all_of_them is not None
    try:
        assert traceparent(nobody.begin("receive", SENT, 1)) == ""
        unsampled = SENT[:-2] + "00"
        assert traceparent(all_of_them.begin("receive", unsampled, 1)).startswith(f"00-{TRACE}-")
    finally:
        nobody.stop()
        all_of_them.stop()


def test_a_collector_that_is_away_holds_up_nobody() -> None:
    told = Settings(origin="so.example.vn/p0", otlp_endpoint=f"http://{LOOPBACK}:{free_port()}")
    tracing = Tracing.of(told, "units")
    assert tracing is not None
    began = time.monotonic()
    for _ in range(5000):
        tracing.begin("judge", SENT, tracing.now()).end()
    stop(tracing)
    assert time.monotonic() - began < STOP_SECONDS + 5


class Away(MemoryLog):
    """A log that does not say where traces go on."""

    async def traces(self, positions: object) -> dict[int, str]:
        raise ResponseError("NOPERM")


async def test_who_follows_the_log_goes_on_when_it_cannot_learn_of_the_traces(kept: Kept) -> None:
    done = []
    async with traced(Followed(kept.tracing, Away(), "project"), [(1, b"")]):
        done.append(1)
    async with traced(None, [(2, b"")]):
        done.append(2)
    assert done == [1, 2]
    assert kept.spans == []


async def test_what_was_not_done_with_entries_leaves_no_span(kept: Kept) -> None:
    log = MemoryLog()
    log._traces[1] = 1, SENT
    followed = Followed(kept.tracing, log, "project")
    with pytest.raises(RuntimeError):
        async with followed.over([1]):
            raise RuntimeError
    assert kept.spans == []
    async with followed.over([1]):
        pass
    assert kept.said("project") == [{"thidua.position": 1, "thidua.batch": 1}]


def test_without_a_collector_no_exporter_is_loaded() -> None:
    program = (
        "import sys, services.units.door_app, services.units.app, services.reporting.app; "
        "from thidua.settings import Settings; from thidua.tracing import Tracing; "
        "assert Tracing.of(Settings(origin='so.example.vn/p0'), 'door') is None; "
        "sys.exit(any(name.startswith('opentelemetry.exporter') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
