"""Payloads have one reading or none."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.errors import MalformedError
from thidua.refusals import Code
from thidua.signing import parse_payload

SAFE = 2**53 - 1

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def code_of(raw: bytes) -> Code:
    with pytest.raises(MalformedError) as caught:
        parse_payload(raw)
    return caught.value.code


def read_or_refused(raw: bytes) -> bool:
    try:
        document = parse_payload(raw)
    except MalformedError as refused:
        return bool(refused.expected)
    return isinstance(document, dict)


@given(st.dictionaries(texts, values, max_size=5), st.booleans())
def test_every_object_of_whole_numbers_and_texts_is_read_as_it_is(
    document: dict[str, object], ascii_only: bool
) -> None:
    raw = json.dumps(document, ensure_ascii=ascii_only).encode()

    assert parse_payload(raw) == document


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", Code.JSON_INVALID),
        (b"[]", Code.JSON_INVALID),
        (b"1", Code.JSON_INVALID),
        (b"{} {}", Code.JSON_INVALID),
        (b"\xef\xbb\xbf{}", Code.JSON_INVALID),
        (b'{"a":"\xff"}', Code.JSON_INVALID),
        (b'{"a":"\xed\xa0\x80"}', Code.JSON_INVALID),
        (b'{"a":"\\ud800"}', Code.JSON_INVALID),
        (b'{"\\uDC00":1}', Code.JSON_INVALID),
        (b'{"a":["\\u0000"]}', Code.JSON_INVALID),
        (b'{"a":"\0"}', Code.JSON_INVALID),
        (b'{"a":1.0}', Code.JSON_INVALID),
        (b'{"a":1e2}', Code.JSON_INVALID),
        (b'{"a":NaN}', Code.JSON_INVALID),
        (b'{"a":-Infinity}', Code.JSON_INVALID),
        (b'{"a":9007199254740992}', Code.JSON_INVALID),
        (b'{"a":-9007199254740992}', Code.JSON_INVALID),
        (b'{"a":' + b"9" * 5000 + b"}", Code.JSON_INVALID),
        (b'{"a":1,"a":1}', Code.DUPLICATE_MEMBER),
        (b'{"a":{"b":[{"c":1,"\\u0063":2}]}}', Code.DUPLICATE_MEMBER),
        (b" " * 64_001, Code.TOO_LARGE),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(raw: bytes, code: Code) -> None:
    assert code_of(raw) is code


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_ten_thousand_levels_are_refused_and_not_a_crash(opening: bytes) -> None:
    assert code_of(opening * (10_000 // len(opening) * 5)) is Code.NESTING_TOO_DEEP


def test_sixty_four_levels_are_read_and_one_more_is_not() -> None:
    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"1" + b"}" * levels

    assert parse_payload(nested(64))
    assert code_of(nested(65)) is Code.NESTING_TOO_DEEP


def test_many_brackets_inside_texts_are_not_depth() -> None:
    document = {"a": "[{" * 5000 + '"\\'}

    assert parse_payload(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    "raw",
    [
        b'"\\"' * 20_000,
        b'\\"' * 30_000,
        b'{"a":"' + b"[{" * 29_000,
        b'["' * 30_000,
        b"\\[" * 30_000,
    ],
)
def test_no_input_of_the_greatest_size_takes_long_to_refuse(raw: bytes) -> None:
    began = time.perf_counter()

    code_of(raw[:64_000])

    assert time.perf_counter() - began < 1


@given(st.binary(max_size=200))
def test_any_bytes_are_either_an_object_or_malformed(raw: bytes) -> None:
    assert read_or_refused(raw)


@given(st.text(alphabet='{}[]",:\\u0dDc81-.eNa', max_size=80))
def test_any_text_of_json_characters_is_either_an_object_or_malformed(text: str) -> None:
    assert read_or_refused(text.encode())


def reading_of(raw: bytes) -> str:
    try:
        # 1, true and 1.0 are equal, and written differently.
        return json.dumps(parse_payload(raw))
    except MalformedError as refused:
        return f"{refused.code} {refused.path}"


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**54), 2**54)
        | st.floats()
        | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    )
    | st.integers(60, 70).map(lambda levels: f"@{'[' * levels}{']' * levels}"),
    st.sampled_from(['"b"', '"c"', '"b":2,"b"', '"b":{"c":1,"c":[]},"d"']),
)
def test_white_space_changes_nothing_in_what_is_read_or_refused(value: object, name: str) -> None:
    text = value[1:] if str(value).startswith("@[") else json.dumps(value, ensure_ascii=False)
    raw = f'{{"a":[],{name}:{text}}}'.encode("utf-8", "surrogatepass")

    assert reading_of(raw) == reading_of(raw + b" ")


def test_a_refused_duplicate_is_named() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_payload(b'{"id":"1","id":"2"}')

    assert caught.value.path == "id"
