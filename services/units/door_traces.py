"""The door's spans: a request received, verified and admitted, and under which trace each of its events goes on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, Self

from opentelemetry.trace import SpanKind

from services.units.admission import Admissible, NotAdmittedError
from thidua.contracts.ballots import VoteCast, VoteCorrected, WrittenOpinionReceived
from thidua.contracts.secret_ballots import CredentialRegistered, SecretVoteCast, TrackerChecked
from thidua.observe import in_trace
from thidua.tracing import CODE, about, traceparent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from opentelemetry.trace import Span

    from thidua.tracing import Tracing

VOTES: Final = frozenset(
    kind.TYPE
    for kind in (
        VoteCast,
        VoteCorrected,
        WrittenOpinionReceived,
        CredentialRegistered,
        SecretVoteCast,
        TrackerChecked,
    )
)
"""Their traces begin at the door: the system they come from may know who sat there, and its trace would say so."""
Arriving = Sequence[tuple[Admissible, int]]
"""Events that may enter, with their arrivals."""


class Visit:
    """
    One request to the door; its spans are made when it is known what it brought.

    *sent* is the ``traceparent`` that came with it, which is gone on with where it is one.
    """

    def __init__(self, tracing: Tracing, sent: str | None) -> None:
        self._tracing, self._sent = tracing, sent
        self._began = self._received = tracing.now()
        self._span: Span | None = None
        self._lines = ExitStack()
        self.status = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def received(self) -> None:
        """The body is there."""
        self._received = self._tracing.now()

    def verified(self, found: Sequence[tuple[Admissible, int] | NotAdmittedError]) -> None:
        """It is known which events may enter, and why others may not."""
        now = self._tracing.now()
        voted = any(isinstance(one, tuple) and one[0].type in VOTES for one in found)
        span = self._request(None if voted else self._sent)
        self._tracing.begin("receive", span, self._began).end(self._received)
        verify = self._tracing.begin("verify", span, self._received, {"thidua.batch": len(found)})
        for one in found:
            if isinstance(one, NotAdmittedError):
                verify.add_event("turned_away", {CODE: str(one.code)}, now)
        verify.end(now)

    def admitting(self, events: Arriving) -> AbstractContextManager[Arriving]:
        """*events* with their traces, while they go to their inboxes."""
        return admitting(self._tracing, events, [self._request(self._sent)] * len(events))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """End, with the code of what was raised."""
        span = self._request(self._sent)
        if isinstance(error, NotAdmittedError):
            span.set_attribute(CODE, str(error.code))
        elif error is not None:
            span.set_attribute("error.type", type(error).__name__)
        if self.status:
            span.set_attribute("http.response.status_code", self.status)
        span.end(self._tracing.now())
        self._lines.close()

    def _request(self, after: str | None) -> Span:
        if self._span is None:
            facts: dict[str, str | int] = {
                "http.request.method": "POST",
                "http.route": "/v1/events",
            }
            self._span = self._tracing.begin(
                "POST /v1/events", after, self._began, facts, SpanKind.SERVER
            )
            self._lines.enter_context(in_trace(traceparent(self._span)))
        return self._span


@contextmanager
def admitting(
    tracing: Tracing, events: Arriving, under: Sequence[Span | str | None]
) -> Iterator[Arriving]:
    """*events* with their traces, each under a span or the ``traceparent`` it came with, while they go to their inboxes."""
    began = tracing.now()
    spans = [
        tracing.begin(
            "admit",
            None if event.type in VOTES and isinstance(after, str) else after,
            began,
            about(event.id, event.type, event.subject, event.service),
            SpanKind.PRODUCER,
        )
        for (event, _), after in zip(events, under, strict=True)
    ]
    fault = None
    try:
        yield [
            (event._replace(trace=traceparent(span)), rx_ms)
            for (event, rx_ms), span in zip(events, spans, strict=True)
        ]
    except NotAdmittedError as error:
        fault = str(error.code)
        raise
    finally:
        now = tracing.now()
        for span in spans:
            if fault is not None:
                span.set_attribute(CODE, fault)
            span.end(now)
