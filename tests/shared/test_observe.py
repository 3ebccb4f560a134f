"""Log lines: JSON, with constant names, and without what must not be said."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from thidua.observe import correlated, in_trace, logger, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    set_up("door", stream=written)
    yield written
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_and_names_its_service_and_what_it_belongs_to(stream: io.StringIO) -> None:
    with correlated(hash="abc"):
        logger().info("event_taken", position=7)
    logger().info("idle")

    taken, idle = lines(stream)
    assert taken["event"] == "event_taken"
    assert (taken["service"], taken["hash"], taken["position"]) == ("door", "abc", 7)
    assert "hash" not in idle


def test_libraries_write_the_same_lines(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn").warning("started on %s", 8080)

    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == (
        "started on 8080", "warning", "uvicorn",
    )  # fmt: skip


@pytest.mark.parametrize("key", ["choice", "payload", "jws", "password", "voter"])
def test_what_could_carry_a_secret_or_a_vote_is_struck_out(stream: io.StringIO, key: str) -> None:
    logger(**{key: "SLA"}).info("vote_taken")

    assert "SLA" not in stream.getvalue()
    assert lines(stream)[0][key] == "…"


def test_a_traceback_never_shows_local_variables(stream: io.StringIO) -> None:
    secret = "k" + "e" * 30
    try:
        _ = len(secret) // 0
    except ZeroDivisionError:
        logger().exception("stopped")

    assert secret not in stream.getvalue()
    assert lines(stream)[0]["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    logger().debug("detail")

    assert stream.getvalue() == ""


def test_a_line_written_while_a_trace_is_at_work_names_the_trace(stream: io.StringIO) -> None:
    with in_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
        logger().info("redis_away")
        logging.getLogger("uvicorn").warning("late")
    for none in (None, "", "garbage", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"):
        with in_trace(none):
            logger().info("idle")

    first, second, *others = lines(stream)
    assert first["trace_id"] == second["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert all("trace_id" not in line for line in others)
