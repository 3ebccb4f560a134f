"""The AsyncAPI document says what the processes do, and its examples are real."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.asyncapi import KEPT, KEY, document, document_text
from thidua.contracts import CONTRACTS, SERVICES
from thidua.contracts.envelope import read_envelope
from thidua.log import Names, read_entry
from thidua.refusals import CATALOGUE
from thidua.signing import parse_jws

SAID: dict[str, Any] = document()
ADDRESSES = {
    channel["address"].replace("{partition}", "{p0}") for channel in SAID["channels"].values()
}
EXAMPLES = [
    (name, example["payload"])
    for name, message in SAID["components"]["messages"].items()
    for example in message["examples"]
]
FOLLOWS = {name for name, one in SAID["operations"].items() if one["action"] == "receive"}


def schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": SAID["components"]}


def faults(schema: dict[str, Any], given: object) -> list[str]:
    return [fault.message for fault in Draft202012Validator(schema).iter_errors(given)]


def refs(node: Any) -> list[str]:
    if isinstance(node, list):
        return [ref for one in node for ref in refs(one)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [ref for one in node.values() for ref in refs(one)]


def test_the_kept_document_is_what_the_apps_say_today() -> None:
    assert KEPT.read_text(encoding="utf-8") == document_text(), "make golden"


def test_every_stream_of_the_log_is_a_channel() -> None:
    names = Names()
    inboxes = {names.inbox(service) for service in SERVICES}
    own = {names.incoming("{publisher}"), names.receipts("{publisher}")}
    assert {names.log, names.answers, *inboxes, *own} == ADDRESSES


def test_every_process_follows_what_it_must() -> None:
    assert {
        *(f"{service}-receive-inbox-{service}" for service in SERVICES),
        *(f"{who}-receive-log" for who in (*SERVICES, "door", "projector", "archive")),
        "door-receive-in",
        "door-receive-answers",
    } == FOLLOWS


def test_every_reference_and_every_parameter_of_an_address_is_there() -> None:
    for ref in refs(SAID):
        node: Any = SAID
        for step in ref.removeprefix("#/").split("/"):
            node = node[step]
    for channel in SAID["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == channel["parameters"].keys()


@pytest.mark.parametrize(("name", "payload"), EXAMPLES)
def test_an_example_is_of_its_message(name: str, payload: dict[str, str]) -> None:
    message = {**SAID["components"]["messages"][name]["payload"], "components": SAID["components"]}
    assert faults(message, payload) == []


def test_the_example_event_is_signed_and_of_its_contract() -> None:
    [token] = [payload["e"] for name, payload in EXAMPLES if name == "event"]
    jws = parse_jws(token)
    jws.verify(KEY.verifying_key)
    assert read_envelope(jws.payload).type in CONTRACTS
    assert faults(schema("Event"), json.loads(jws.payload)) == []


def test_the_example_entries_are_one_of_each_kind() -> None:
    raw = [payload["e"] for name, payload in EXAMPLES if name == "entry"]
    entries = [read_entry(1, one.encode()) for one in raw]
    assert [(one.jws is None, one.refused is None, one.said is None) for one in entries] == [
        (False, True, True),
        (False, False, True),
        (True, False, False),
    ]
    for one in raw:
        assert faults(schema("Entry"), json.loads(one)) == []


def test_the_example_answer_names_a_code_of_the_catalogue() -> None:
    [answer] = [json.loads(payload["answer"]) for name, payload in EXAMPLES if name == "answer"]
    assert answer["code"] in CATALOGUE


def test_the_document_names_every_event_type_and_who_may_publish_it() -> None:
    told = SAID["components"]["schemas"]["Event"]["x-published-by"]
    assert told == {name: list(one.data.ROLES) for name, one in CONTRACTS.items()}
