"""
Traces for OpenTelemetry: what happens to an event from the door to the read models, as spans sent to the operator's collector.

The context travels beside the event: a field of its inbox entry, then a ring of the latest positions beside the
log. It is no part of what is signed, judged, hashed or sealed. A span says which event, of what type, where it went
and why it was refused; never who sent it or what it says. Without a collector no span is made and no exporter is loaded.
"""

from __future__ import annotations

import logging
import threading
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Final, Self

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from redis.exceptions import RedisError

from thidua.clock import WallClock
from thidua.contracts.envelope import Envelope, FormError
from thidua.log import Appended
from thidua.observe import in_trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from fastapi.telemetry import TelemetryConfig
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.sampling import Sampler

    from thidua.drafting import Draft, ReadItem
    from thidua.log import AppendAnswer, EventLog
    from thidua.settings import Settings

Facts = dict[str, str | int]
"""What a span says."""
SERVICE: Final = "thidua.service"
CODE: Final = "thidua.refusal_code"
POSITION: Final = "thidua.position"
OUTCOME: Final = "thidua.outcome"
BATCH: Final = "thidua.batch"
"""How many were taken in one step, and share its times."""
STOP_SECONDS: Final = 1.0
"""So long a process that stops waits for its last spans to be sent."""
SEND_SECONDS: Final = 5.0
FASTAPI: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""What FastAPI is told of spans of its own: they would say who asks, and what was wrong with what was sent."""
_W3C: Final = TraceContextTextMapPropagator()


class Tracing:
    """
    The spans of one process, sent by *exporter* in the background; nobody waits for the collector.

    *sampler* chooses among those that begin or come from outside: the door has one, all others follow its choice.
    """

    def __init__(
        self, service: str, exporter: SpanExporter, *, log: str = "", sampler: Sampler | None = None
    ) -> None:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - loaded by who traces
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - loaded by who traces
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - by who traces
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415 - by who traces

        named = {
            "service.namespace": "thidua",
            "service.name": f"thidua-{service}",
            "thidua.log": log,
        }
        self._provider = TracerProvider(
            sampler or ALWAYS_ON, Resource.create(named), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("thidua")
        self._clock = WallClock()

    @classmethod
    def of(cls, settings: Settings, service: str, *, share: float | None = None) -> Self | None:
        """
        The tracing that *settings* ask for, ``None`` when they name no collector.

        With *share* this process chooses that share of the traces by their ids, whatever who sent them chose.
        """
        if settings.otlp_endpoint is None:
            return None
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - loaded by who traces
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415 - by who traces

        # One line for a batch that could not be sent is enough.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)
        exporter = OTLPSpanExporter(
            f"{settings.otlp_endpoint.rstrip('/')}/v1/traces", timeout=SEND_SECONDS
        )
        sampler = None if share is None else TraceIdRatioBased(share)
        return cls(service, exporter, log=settings.origin, sampler=sampler)

    def now(self) -> int:
        """The present moment as spans are timed."""
        return self._clock.now_ns()

    def begin(
        self,
        name: str,
        after: Span | str | None,
        at: int,
        facts: Facts | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> Span:
        """
        A span since *at*, to be ended by the caller, under a span or a ``traceparent``.

        A text that is no ``traceparent`` begins a trace, as none does.
        """
        return self._tracer.start_span(name, _context(after), kind, facts, start_time=at)

    def stop(self) -> None:
        """Send what is left, for a moment: a collector that is away holds up nobody."""
        # A daemon, so that the process may end while it still waits for the collector.
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(STOP_SECONDS)


def stop(tracing: Tracing | None) -> None:
    """End the tracing of a process, if it has one."""
    if tracing is not None:
        tracing.stop()


def traceparent(span: Span) -> str:
    """How a span is named to who goes on under it (W3C Trace Context section 3.2); empty when it is not recorded."""
    if not span.is_recording():
        return ""
    named = span.get_span_context()
    return f"00-{named.trace_id:032x}-{named.span_id:016x}-{named.trace_flags:02x}"


def about(event_id: str, kind: str, subject: str, service: str) -> Facts:
    """What every span of an event says of it; neither who sent it nor what is in it."""
    return {
        "cloudevents.event_id": event_id,
        "cloudevents.event_type": kind,
        "thidua.subject_kind": "cycle" if "/" in subject else "registry",
        SERVICE: service,
    }


class Judged:
    """The spans of one batch of a deciding service: each traced event judged, and appended."""

    def __init__(
        self, tracing: Tracing, service: str, chunk: Sequence[ReadItem], traces: Mapping[str, str]
    ) -> None:
        self._tracing, self._service, self._size = tracing, service, len(chunk)
        self._traced = {
            read.parsed.hash: (read, traces[read.item.id])
            for read in chunk
            if read.parsed is not None and read.item.id in traces
        }
        self._began = tracing.now()
        self._appending: dict[int, Span] = {}

    def drafted(self, draft: Draft[Any]) -> dict[int, str]:
        """
        Everything was judged; per number of an entry the ``traceparent`` that goes beside it.

        What a service says itself because of an event is in that event's trace.
        """
        now = self._tracing.now()
        codes = {told.hash: told.code for told in draft.answers if told.trial is None}
        under: dict[str, str] = {}
        beside: dict[int, str] = {}
        for number, entry in enumerate(draft.entries):
            if entry.hash in self._traced:
                code = None if entry.new.receipt is None else entry.new.receipt.code
                judged = self._judged(entry.hash, "refused" if code else "recorded", code, now)
                append = self._tracing.begin("append", judged, now, {SERVICE: self._service})
                self._appending[number] = append
                under[entry.hash] = traceparent(append)
            elif entry.event is not None and entry.event.cause in under:
                under[entry.hash] = under[entry.event.cause]
            if entry.hash in under:
                beside[number] = under[entry.hash]
        for known in self._traced.keys() - under.keys():
            code = codes.get(known)
            self._judged(known, "answered" if code else "known", code, now)
        return beside

    def answered(self, answer: AppendAnswer) -> None:
        """What became of the append; one that was not written is judged and appended again, in spans of its own."""
        now = self._tracing.now()
        for number, span in self._appending.items():
            if isinstance(answer, Appended):
                span.set_attribute(POSITION, answer.first + number)
            else:
                span.set_attribute("error.type", type(answer).__name__)
            span.end(now)

    def _judged(self, event_hash: str, outcome: str, code: str | None, now: int) -> Span:
        read, after = self._traced[event_hash]
        facts: Facts = {SERVICE: self._service}
        envelope = read.read.envelope if isinstance(read.read, FormError) else read.read
        if isinstance(envelope, Envelope):
            facts = about(envelope.id, envelope.type, envelope.subject, self._service)
        facts |= {OUTCOME: outcome, BATCH: self._size, **({CODE: code} if code else {})}
        span = self._tracing.begin("judge", after, self._began, facts, SpanKind.CONSUMER)
        span.end(now)
        return span


class Followed:
    """The spans of who follows the log: each traced entry that is *done* with by it."""

    def __init__(self, tracing: Tracing, event_log: EventLog, done: str) -> None:
        self._tracing, self._log, self._done = tracing, event_log, done

    @asynccontextmanager
    async def over(self, positions: Sequence[int]) -> AsyncIterator[None]:
        """What is done inside is done to the entries at *positions*, if it ends well."""
        traces: dict[int, str] = {}
        # Who follows the log goes on without its traces.
        with suppress(RedisError, OSError, ValueError):
            traces = await self._log.traces(positions)
        began = self._tracing.now()
        with in_trace(traces.get(positions[0]) if len(positions) == 1 else None):
            yield
        now = self._tracing.now()
        for position, trace in traces.items():
            facts: Facts = {POSITION: position, BATCH: len(positions)}
            self._tracing.begin(self._done, trace, began, facts, SpanKind.CONSUMER).end(now)


def traced(
    spans: Followed | None, batch: Sequence[tuple[int, bytes]]
) -> AbstractAsyncContextManager[None]:
    """What is done inside is done to the entries of *batch*; nothing is noted without *spans*."""
    return nullcontext() if spans is None else spans.over([position for position, _ in batch])


def _context(after: Span | str | None) -> Context:
    if isinstance(after, Span):
        return set_span_in_context(after, Context())
    return _W3C.extract({"traceparent": after or ""}, Context())
