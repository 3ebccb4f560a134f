"""Reading a payload: a typed event, a fault of form told by paths, or no envelope at all; nothing else comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared.contracts.schemas import GOLDEN
from thidua.contracts import CONTRACTS
from thidua.contracts.envelope import (
    Envelope,
    EnvelopeError,
    FormError,
    believe_envelope,
    read_envelope,
)

SIGNED = "thidua.pledges.pledge-signed.v1"
GOOD: dict[str, Any] = json.loads((GOLDEN / f"{SIGNED}.json").read_bytes())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def payload(**changed: Any) -> bytes:
    return json.dumps(GOOD | changed, ensure_ascii=False).encode()


def fault(given: bytes) -> FormError:
    with pytest.raises(FormError) as caught:
        read_envelope(given)
    return caught.value


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"id": "có dấu"}, "/id"),
        ({"source": "/units/LCA/x"}, "/source"),
        ({"type": "SIGNED"}, "/type"),
        ({"subject": "bvhttdl"}, "/subject"),
        ({"time": "2020-03-20T09:00:00"}, "/time"),
        ({"datacontenttype": "text/plain"}, "/datacontenttype"),
        ({"aud": ""}, "/aud"),
        ({"seq": 0}, "/seq"),
        ({"seq": "1"}, "/seq"),
        ({"prev": "ngắn"}, "/prev"),
        ({"cause": ""}, "/cause"),
        ({"seen": {"size": -1, "root": GOOD["prev"]}}, "/seen/size"),
        ({"more": 1}, "/more"),
    ],
)
def test_a_faulty_envelope_is_named_by_the_path_of_its_fault(
    changed: dict[str, Any], path: str
) -> None:
    with pytest.raises(EnvelopeError) as caught:
        read_envelope(payload(**changed))

    assert caught.value.path == path
    assert caught.value.expected


@pytest.mark.parametrize(
    "member", ["id", "source", "type", "subject", "time", "aud", "seq", "data"]
)
def test_a_missing_member_of_the_envelope_is_named(member: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        read_envelope(json.dumps({n: v for n, v in GOOD.items() if n != member}).encode())

    assert caught.value.path == f"/{member}"


def test_an_unknown_type_under_a_known_prefix_is_a_fault_of_form() -> None:
    found = fault(payload(type="thidua.pledges.pledge-burnt.v1"))

    assert (found.code, found.facts) == ("TYPE_UNKNOWN", {"path": "/type"})
    assert found.envelope.seq == GOOD["seq"]


def test_faults_of_the_data_are_told_by_all_their_paths_and_never_by_a_value() -> None:
    data = {"unit": "lào cai", "version": "một", "nguoi.ky": "Nguyễn Văn A", "họ và tên": "B"}
    found = fault(payload(data=data))

    assert found.code == "SCHEMA_INVALID"
    assert set(found.facts["paths"]) == {
        "/data/unit",
        "/data/version",
        "/data/signer_role",
        "/data/nguoi.ky",
        "/data/*",
    }
    for secret in ("lào cai", "một", "Nguyễn", "họ và tên"):
        assert secret not in str(found.facts)


def test_however_many_faults_there_are_a_dozen_are_told() -> None:
    found = fault(payload(data={f"m{n}": n for n in range(100)}))

    assert len(found.facts["paths"]) == len(found.facts["expected"]) == 12


@pytest.mark.parametrize("subject", ["BVHTTDL", "BVHTTDL/BGPB/1820"])
def test_a_subject_of_the_wrong_kind_is_a_fault_of_form(subject: str) -> None:
    found = fault(payload(subject=subject))

    assert (found.code, found.facts["path"]) == ("SCHEMA_INVALID", "/subject")


def test_text_that_is_not_composed_is_a_fault_of_form_and_named_by_its_path() -> None:
    found = fault(payload(data=GOOD["data"] | {"signer_role": "Gia\u0301m đốc"}))

    assert (found.code, found.facts["path"]) == ("TEXT_NOT_NFC", "/data/signer_role")


def test_the_type_that_counts_is_the_envelopes_own_and_not_one_inside_its_data() -> None:
    inside = {"data": {**GOOD["data"], "type": "thidua.pledges.pledge-sent.v1"}}
    found = fault(json.dumps(inside | GOOD | inside).encode())
    assert found.envelope.type == SIGNED

    first = {"data": GOOD["data"], **{name: one for name, one in GOOD.items() if name != "data"}}
    quoted = '\\"type\\": \\"thidua.pledges.pledge-sent.v1\\"'
    text = json.dumps(first, ensure_ascii=False).replace("Giám đốc", quoted)
    assert quoted in text
    assert type(read_envelope(text.encode()).data) is CONTRACTS[SIGNED].data


def test_what_was_read_once_is_believed_the_same() -> None:
    for path in GOLDEN.glob("thidua.*.json"):
        assert believe_envelope(path.read_bytes()) == read_envelope(path.read_bytes())


@given(member=st.sampled_from([*GOOD, "more"]), value=ANYTHING)
def test_whatever_stands_in_an_envelopes_place_is_read_or_one_of_two_errors(
    member: str, value: object
) -> None:
    try:
        envelope = read_envelope(payload(**{member: value}))
    except (EnvelopeError, FormError):
        return
    assert isinstance(envelope, Envelope)
    assert envelope.type in CONTRACTS
