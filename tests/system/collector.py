"""A collector of traces on loopback: takes OTLP over HTTP as any other does, and keeps every span."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.loopback import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

SECONDS = 30.0


@dataclass(frozen=True)
class Span:
    """A span as it came over the wire; ids in lower-case hex, ``parent`` empty at the root."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    kind: int
    start: int
    end: int
    facts: dict[str, Any]
    events: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass
class Collector:
    """What was sent so far; ``bodies`` are the requests to the byte, ``asked`` their paths."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def wait(self, holds: Callable[[list[Span]], Any], what: str) -> None:
        """Return when *holds* is true of the spans; fails after a while."""
        deadline = time.monotonic() + SECONDS
        while not holds(list(self.spans)):
            assert time.monotonic() < deadline, (what, [one.name for one in self.spans])
            time.sleep(0.05)

    def of(self, trace: str) -> list[Span]:
        """The spans of one trace, in the order of their beginnings."""
        return sorted((one for one in self.spans if one.trace == trace), key=lambda one: one.start)

    def take(self, body: bytes) -> None:
        """Keep one request's spans."""
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = facts_of(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [
                    Span(
                        service,
                        one.name,
                        one.trace_id.hex(),
                        one.span_id.hex(),
                        one.parent_span_id.hex(),
                        one.kind,
                        one.start_time_unix_nano,
                        one.end_time_unix_nano,
                        facts_of(one.attributes),
                        tuple((event.name, facts_of(event.attributes)) for event in one.events),
                    )
                    for one in scope.spans
                ]


def facts_of(attributes: Any) -> dict[str, Any]:
    def value(one: KeyValue) -> Any:
        return getattr(one.value, one.value.WhichOneof("value") or "string_value")

    return {one.key: value(one) for one in attributes}


@contextmanager
def a_collector() -> Iterator[Collector]:
    """A collector that listens until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.asked.add(self.path)
            if self.path == "/v1/traces":
                collector.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    collector = Collector()
    with listening(Handler) as collector.url:
        yield collector
