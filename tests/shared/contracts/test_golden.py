"""What is published stays readable: one golden example of every event type, and the shape of every contract."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from tests.shared.contracts.schemas import GOLDEN, SCHEMAS, contracts_document, document_text
from thidua.contracts import CONTRACTS, Scope
from thidua.contracts.envelope import read_envelope
from thidua.text import is_nfc

EXAMPLES = sorted(GOLDEN.glob("thidua.*.json"))


def payload(wire_type: str) -> bytes:
    return (GOLDEN / f"{wire_type}.json").read_bytes()


def values_in(value: Any) -> list[BaseModel]:
    """*value* and everything inside it that a contract names."""
    if isinstance(value, BaseModel):
        inner = [
            found for name in type(value).model_fields for found in values_in(getattr(value, name))
        ]
        return [value, *inner]
    if isinstance(value, dict):
        return [found for one in value.values() for found in values_in(one)]
    if isinstance(value, tuple):
        return [found for one in value for found in values_in(one)]
    return []


def test_every_event_type_has_one_golden_example_and_no_example_is_without_its_type() -> None:
    assert [path.stem for path in EXAMPLES] == sorted(CONTRACTS)


OF_THE_DOOR = {"thidua.units.evidence-stored.v1"}
"""Said by the evidence store with the door's key, and judged like any publisher's event."""


@pytest.mark.parametrize("wire_type", CONTRACTS)
def test_a_golden_example_reads_as_its_type_and_is_written_as_it_was(wire_type: str) -> None:
    given = payload(wire_type)
    envelope = read_envelope(given)
    assert type(envelope.data) is CONTRACTS[wire_type].data
    assert envelope.data == CONTRACTS[wire_type].parse(given)
    assert envelope.model_dump(mode="json", exclude_none=True) == json.loads(given)
    assert is_nfc(given)


@pytest.mark.parametrize("wire_type", CONTRACTS)
def test_a_golden_example_is_published_by_one_who_may(wire_type: str) -> None:
    envelope = read_envelope(payload(wire_type))
    speakers = {"authorities": {"authority", "key-owner", "trustee"}, "services": {"service"}}
    kind = envelope.source.split("/")[1]
    roles = {role.value for role in CONTRACTS[wire_type].data.ROLES}
    own = {"authority", "service"}
    assert roles & speakers[kind] if kind in speakers else roles - own
    if kind == "services":
        speaks = "door" if wire_type in OF_THE_DOOR else CONTRACTS[wire_type].service
        assert envelope.source == f"/services/{speaks}"
        assert (envelope.cause is None) == (wire_type in OF_THE_DOOR)


def test_every_member_that_a_contract_has_is_shown_by_a_golden_example() -> None:
    shown: dict[type[BaseModel], set[str]] = {}
    for wire_type in CONTRACTS:
        for value in values_in(read_envelope(payload(wire_type))):
            told = {name for name, one in value if one is not None and one not in ((), {})}
            shown.setdefault(type(value), set()).update(told & value.model_fields_set)
    unseen = {
        f"{kind.__module__}.{kind.__name__}.{name}"
        for kind, members in shown.items()
        if kind.__module__.startswith("thidua.contracts")
        for name in kind.model_fields.keys() - members - {"cause", "seen"}
    }
    assert unseen == set()


def test_no_contract_has_changed_since_it_was_published() -> None:
    assert document_text() == SCHEMAS.read_text(encoding="utf-8"), (
        "a published contract is permanent: add a new version of the type; "
        "a contract that is new is written down by `make golden`"
    )


def test_the_golden_examples_hold_for_a_validator_that_knows_only_the_schemas() -> None:
    document = contracts_document()
    for wire_type, contract in document["types"].items():
        schema = {"$defs": document["$defs"], **contract["schema"]}
        data = json.loads(payload(wire_type))["data"]
        faults = [fault.message for fault in Draft202012Validator(schema).iter_errors(data)]
        assert faults == [], wire_type


@pytest.mark.parametrize("wire_type", CONTRACTS)
def test_a_contract_says_in_words_who_may_publish_it(wire_type: str) -> None:
    data = CONTRACTS[wire_type].data
    said = (data.__doc__ or "").rsplit("\n\n", 1)[-1]
    assert said == f"Published by: {', '.join(data.ROLES)}."


def test_a_contract_stands_under_the_kind_of_subject_its_example_has() -> None:
    for wire_type, contract in CONTRACTS.items():
        in_registry = "/" not in read_envelope(payload(wire_type)).subject
        assert in_registry == (contract.scope is Scope.REGISTRY), wire_type
