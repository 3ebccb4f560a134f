"""The door's OpenAPI document: valid, agreed, with examples that fit, and kept by the door under made-up requests."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from services.units.door_app import create_app
from services.units.door_settings import DoorSettings
from tests.units.door.house import AUTHORITY, REAL, House, until
from thidua.embedded import LOOPBACK, free_port
from thidua.refusals import CATALOGUE, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN: Final = Path(__file__).with_name("openapi.json")
EXAMPLES: Final = int(os.environ.get("THIDUA_TEST_DOOR_EXAMPLES", "15"))
"""Requests made up for each route; `make test-input` asks for more."""
SECONDS: Final = 30.0


def document() -> dict[str, Any]:
    app = create_app(DoorSettings(origin=REAL, redis_url=SecretStr("redis://127.0.0.1:1/0")))
    whole: dict[str, Any] = app.openapi()
    return whole


def test_the_document_is_the_agreed_one() -> None:
    """After a change that is meant: `THIDUA_WRITE_GOLDEN=1 make test ARGS=tests/units/door/test_openapi.py`."""
    text = json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("THIDUA_WRITE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")

    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_document_is_valid_openapi() -> None:
    validate(document())


def examples(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media, content in body.get("content", {}).items():
                    where = f"{method} {path} {name} {media}"
                    if "example" in content:
                        yield where, content["schema"], content["example"]
                    for title, example in content.get("examples", {}).items():
                        yield f"{where} {title}", content["schema"], example["value"]


def test_every_example_fits_its_schema() -> None:
    whole = document()
    shown = list(examples(whole))
    assert len(shown) > 30
    for where, schema, example in shown:
        validator = Draft202012Validator({**schema, "components": whole["components"]})
        assert [fault.message for fault in validator.iter_errors(example)] == [], where


def test_every_answer_of_the_way_in_is_declared_with_its_status_and_an_example() -> None:
    answers = document()["paths"]["/v1/events"]["post"]["responses"]
    for code, words in CATALOGUE.items():
        if words.stage is not Stage.ANSWERED or words.status in (404, 405, 504):
            assert "422" in answers
            continue
        problems = answers[str(words.status)]["content"]["application/problem+json"]["examples"]
        assert problems[str(code)]["value"]["code"] == code


@pytest.mark.asyncio(loop_scope="module")
async def test_no_request_that_the_document_allows_or_forbids_is_unanswered_or_breaks_the_door(
    house: House,
) -> None:
    await house.heads_from_log()
    port = free_port()
    config = uvicorn.Config(
        house.app, LOOPBACK, port, http="h11", ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def up() -> bool:
        return server.started

    await until(up, "the server listens")
    try:
        asked = await asyncio.to_thread(ask_everything, f"http://{LOOPBACK}:{port}")
    finally:
        server.should_exit = True
        await serving
    assert asked >= 5 * EXAMPLES
    await house.goes_on()
    assert AUTHORITY in house.publishers


CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


def ask_everything(url: str) -> int:
    """Made-up requests to every route, right and wrong by its schema; how many there were."""
    schema = schemathesis.openapi.from_url(f"{url}/v1/openapi.json")
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case) -> None:
                nonlocal asked
                asked += 1
                answer = case.call(timeout=SECONDS)
                assert answer.status_code < 500 or answer.status_code == 503
                case.validate_response(answer, checks=CHECKS)

            # A route that takes nothing cannot be asked wrongly.
            wrong = mode is schemathesis.GenerationMode.NEGATIVE
            with suppress(Unsatisfiable) if wrong else nullcontext():
                ask()
            print(f"· {operation.label} {mode.value}: {asked}", file=sys.stderr, flush=True)
    return asked
