"""
What the processes say while they run: JSON lines on stderr with constant event names.

Names of events are constants and values are keys, so that lines can be counted and searched.
Neither a person's details nor a voter beside a choice is ever logged: keys that could carry
them are struck out here as a last resort.
"""

from __future__ import annotations

import logging
import re
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_NEVER: Final = frozenset(
    {
        "choice",
        "choices",
        "credential",
        "data",
        "jws",
        "full_name",
        "password",
        "payload",
        "pem",
        "person",
        "private_key",
        "secret",
        "token",
        "vote",
        "voter",
    }
)


_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def set_up(service: str, *, level: str = "info", stream: TextIO | None = None) -> None:
    """
    Make every logger write JSON lines to *stream*, by default stderr, each naming *service*.

    Lines of libraries that use ``logging`` take the same way.
    """
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _strike_out,
    ]
    formatting: list[Any] = [
        # Local variables may hold what must not be logged.
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
    ]
    target = stream or sys.stderr
    structlog.configure(
        processors=[*shared, *formatting],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *formatting],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(_LEVELS[level], logging.INFO), force=True)


def logger(**bound: object) -> FilteringBoundLogger:
    """Give a logger with *bound* on each of its lines."""
    made: FilteringBoundLogger = structlog.get_logger(**bound)
    return made


def correlated(**bound: object) -> AbstractContextManager[None]:
    """Bind *bound* to every line written inside, across awaits."""
    return structlog.contextvars.bound_contextvars(**bound)


def in_trace(traceparent: str | None) -> AbstractContextManager[None]:
    """Bind the ``trace_id`` of a ``traceparent`` to every line written inside; nothing when it is none."""
    found = _TRACEPARENT.match(traceparent or "")
    return nullcontext() if found is None else correlated(trace_id=found[1])


def _strike_out(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key in _NEVER.intersection(event):
        event[key] = "…"
    return event
