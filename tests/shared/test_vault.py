"""Commitments bind and hide; a disclosure reads as it was signed, or is refused by one named error."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.base64url import encode_base64url
from thidua.contracts.units import DelegateAppointed
from thidua.errors import MalformedError, SignatureError
from thidua.signing import Algorithm, SigningKey, sign
from thidua.vault import (
    DISCLOSURE,
    DisclosedRow,
    Disclosure,
    DisclosureError,
    commit,
    opens,
    read_disclosure,
)

KEY = SigningKey.generate(Algorithm.EDDSA)
SALTS = st.binary(min_size=32, max_size=32)
REFS = st.binary(min_size=16, max_size=16).map(encode_base64url)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)
SALT, REF, NAME = bytes(range(32)), encode_base64url(bytes(16)), "Nguyễn Thị Sông Hương"


def row(value: str = NAME, **changed: Any) -> DisclosedRow:
    """A row that opens, unless it is changed."""
    plain = {
        "ref": REF,
        "unit": "LCA",
        "subject": "BVHTTDL",
        "field": "name",
        "salt": encode_base64url(SALT),
        "value": value,
        "commitment": commit(SALT, REF, NAME),
        "basis": "Điều 13 Luật 91/2025/QH15",
        "keep_until": date(2027, 12, 31),
    }
    return DisclosedRow.model_validate({**plain, **changed})


def disclosure(*rows: DisclosedRow) -> Disclosure:
    return Disclosure(
        v=1,
        aud="so.example.vn/p0",
        by="/units/LCA",
        to="Thanh tra tỉnh",
        basis="QĐ 12/QĐ-TTr",
        rows=rows or (row(),),
    )


def test_the_commitment_is_the_published_formula() -> None:
    padded = SALT + bytes(32)
    inner = hashlib.sha256(
        bytes(byte ^ 0x36 for byte in padded) + b"pd/v1\0" + f"{REF}\0{NAME}".encode()
    )
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner.digest())
    assert commit(SALT, REF, NAME) == outer.hexdigest()


@given(SALTS, REFS, VALUES)
def test_what_was_committed_opens_and_is_what_a_contract_takes(
    salt: bytes, ref: str, value: str
) -> None:
    made = commit(salt, ref, value)
    assert opens(made, salt, ref, value)
    assert DelegateAppointed(
        unit="LCA", delegate="d-1", role_vi="x", commitment=made, valid_from=date(2020, 1, 1)
    )


@given(SALTS, REFS, VALUES, SALTS, REFS, VALUES)
def test_another_salt_ref_or_value_never_opens_it(
    salt: bytes, ref: str, value: str, salt2: bytes, ref2: str, value2: str
) -> None:
    made = commit(salt, ref, value)
    for other in ((salt2, ref, value), (salt, ref2, value), (salt, ref, value2)):
        assert opens(made, *other) == (other == (salt, ref, value))


@given(SALTS, REFS, st.lists(VALUES, min_size=2, max_size=2, unique=True))
def test_a_commitment_shows_neither_the_length_nor_the_letters_of_what_it_hides(
    salt: bytes, ref: str, values: list[str]
) -> None:
    one, two = (commit(salt, ref, value) for value in values)
    assert len(one) == len(two) == 64
    # Half of the bits differ, give or take eight standard deviations.
    assert 64 < (int(one, 16) ^ int(two, 16)).bit_count() < 192


@pytest.mark.parametrize(
    ("salt", "ref", "value"), [(SALT[1:], REF, NAME), (SALT, "a\0b", NAME), (SALT, REF, "a\0b")]
)
def test_what_could_be_read_two_ways_is_not_committed(salt: bytes, ref: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"salt|NUL"):
        commit(salt, ref, value)


def test_a_disclosure_is_read_as_it_was_signed() -> None:
    read, parsed = read_disclosure(disclosure().signed(KEY, "LCA/1").encode() + b"\n")
    assert read == disclosure()
    assert read.rows[0].holds
    parsed.verify(KEY.verifying_key)
    with pytest.raises(SignatureError):
        parsed.verify(SigningKey.generate(Algorithm.EDDSA).verifying_key)


@pytest.mark.parametrize(
    "changed",
    [
        {"value": "Trần Văn B"},
        {"salt": encode_base64url(bytes(32))},
        {"ref": encode_base64url(bytes(15) + b"\1")},
        {"commitment": "0" * 64},
    ],
    ids=lambda one: next(iter(one)),
)
def test_an_edited_row_does_not_open(changed: dict[str, str]) -> None:
    assert not row(**changed).holds


def test_neither_name_nor_salt_is_in_what_a_message_would_show() -> None:
    assert NAME not in repr(disclosure())
    assert encode_base64url(SALT) not in repr(disclosure())


def malformed(change: dict[str, Any]) -> bytes:
    plain = json.loads(disclosure().model_dump_json())
    plain["rows"][0] |= change.pop("row", {})
    return sign(json.dumps({**plain, **change}).encode(), KEY, "LCA/1", DISCLOSURE).encode()


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"", ""),
        (b"\xff.\xff.\xff", "header"),
        (sign(b"{}", KEY, "LCA/1").encode(), "header/typ"),
        (sign(b'{"v":1,"v":1}', KEY, "LCA/1", DISCLOSURE).encode(), "v"),
        (malformed({"v": 2}), "v"),
        (malformed({"more": 1}), "more"),
        (malformed({"rows": []}), "rows"),
        (malformed({"row": {"salt": "A" * 42 + "B"}}), "rows/0/salt"),
        (malformed({"row": {"value": "Nguye\u0302\u0303n"}}), "rows/0/value"),
        (malformed({"row": {"value": "a\tb"}}), "rows/0/value"),
        (malformed({"row": {"keep_until": "2027-02-30"}}), "rows/0/keep_until"),
    ],
)
def test_what_is_no_disclosure_is_named_without_its_values(raw: bytes, path: str) -> None:
    with pytest.raises(DisclosureError) as refused:
        read_disclosure(raw)
    assert refused.value.path == path
    assert NAME not in str(refused.value)


@given(st.binary(max_size=200))
def test_no_bytes_are_read_with_another_error(raw: bytes) -> None:
    with pytest.raises(DisclosureError):
        read_disclosure(raw)


def test_more_rows_than_one_file_takes_are_refused_when_it_is_signed() -> None:
    with pytest.raises(MalformedError, match="64000"):
        disclosure(*(row(basis="B" * 300) for _ in range(100))).signed(KEY, "LCA/1")
