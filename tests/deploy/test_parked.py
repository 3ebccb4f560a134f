"""The list of parked entries: what is left out and why, by exit code too."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from services.status import ReportingAwayError, parked
from tests.loopback import listening
from thidua.embedded import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def reporting_that_says(document: Any) -> Iterator[str]:
    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/v1/parked" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

    with listening(Says) as url:
        yield url


def test_what_is_parked_is_listed_with_its_reason_and_asks_for_a_person() -> None:
    entry = {"position": 7, "reason": "KeyError: 'unit'"}
    with reporting_that_says({"data": [entry]}) as url:
        people = CliRunner().invoke(parked, ["list", "--reporting", url])
        machines = CliRunner().invoke(parked, ["list", "--json", "--reporting", f"{url}/"])
    assert (people.exit_code, people.stdout) == (1, "7\tKeyError: 'unit'\n")
    assert (machines.exit_code, json.loads(machines.stdout)["parked"]) == (1, [entry])


def test_when_nothing_is_parked_nobody_is_needed() -> None:
    with reporting_that_says({"data": []}) as url:
        done = CliRunner().invoke(parked, ["list", "--reporting", url])
    assert done.exit_code == 0


@pytest.mark.parametrize("document", [{"no": "data"}, [], "xin chào"])
def test_what_answers_and_is_not_reporting_is_told_from_an_empty_list(document: Any) -> None:
    with reporting_that_says(document) as url:
        done = CliRunner().invoke(parked, ["list", "--reporting", url])
    assert isinstance(done.exception, ReportingAwayError)


def test_a_reporting_that_does_not_answer_is_said_in_words() -> None:
    done = CliRunner().invoke(parked, ["list", "--reporting", f"http://{LOOPBACK}:{free_port()}"])
    assert isinstance(done.exception, ReportingAwayError)
    assert "không trả lời" in str(done.exception)
