"""JSON that has one reading only: UTF-8, no duplicate names, whole numbers, bounded depth."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic_core import from_json, to_json

from thidua.errors import MalformedError
from thidua.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_BYTES: Final = 64_000
MAX_DEPTH: Final = 64
MAX_INTEGER: Final = 2**53 - 1
"""The greatest whole number that every JSON reader keeps exactly (RFC 7493)."""

_MAX_DIGITS: Final = len(str(MAX_INTEGER)) + 1

# An unterminated string runs to the end, so that the pattern stays linear on any input.
_STRINGS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_OPENING: Final = frozenset(b"[{")
_BACKSLASH: Final = ord("\\")

# Escapes that can make a string no database or encoder will take: surrogates and U+0000.
_DOUBTFUL_ESCAPE: Final = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")


def parse_payload(raw: bytes) -> dict[str, Any]:
    """
    The JSON object in *raw*.

    Raises MalformedError, and nothing else, for everything that is not one object in UTF-8
    with unique names at every depth, whole numbers within ±(2^53 - 1) and at most 64 levels.
    """
    if len(raw) > MAX_BYTES:
        raise MalformedError(
            Code.TOO_LARGE, "", given=f"{len(raw)} bytes", expected=f"at most {MAX_BYTES} bytes"
        )
    document = _read_plain(raw)
    if document is not None:
        return document
    # Counting brackets bounds the depth from above; only doubtful input is looked at closely.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise MalformedError(
            Code.NESTING_TOO_DEEP, "", given="more levels", expected=f"at most {MAX_DEPTH} levels"
        )
    try:
        document = _DECODER.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise _invalid(given=f"other bytes at offset {error.start}", expected="UTF-8") from None
    except json.JSONDecodeError as error:
        raise _invalid(given=f"{error.msg} at character {error.pos}", expected="JSON") from None
    if not isinstance(document, dict):
        raise _invalid(given="another value", expected="a JSON object")
    if _DOUBTFUL_ESCAPE.search(raw) and not all(map(_is_storable, _strings(document))):
        raise _invalid(
            given="a lone surrogate or U+0000", expected="text that UTF-8 and databases can hold"
        )
    return document


def _read_plain(raw: bytes) -> dict[str, Any] | None:
    """
    The object in *raw* when those are the very bytes that would be written for it again.

    They have no second reading then: no name twice, no escape, no white space. Most publishers write so;
    ``None`` means look closer, at three times the cost.
    """
    if _BACKSLASH in raw:
        return None
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError:
        return None
    if type(document) is dict and _is_small_and_whole(document) and to_json(document) == raw:
        return document
    return None


def _is_small_and_whole(document: dict[str, Any]) -> bool:
    """Whether every number is whole and in bounds, and no more objects and lists than there may be levels."""
    inside: list[Iterable[Any]] = [document.values()]
    for values in inside:
        for value in values:
            # Not isinstance: most values are texts, and this is asked of every one of them.
            kind = type(value)
            if kind is str:
                continue
            if kind is dict:
                inside.append(value.values())
            elif kind is list:
                inside.append(value)
            elif kind is float or (kind is int and not -MAX_INTEGER <= value <= MAX_INTEGER):
                return False
    return len(inside) <= MAX_DEPTH


def _invalid(given: str, expected: str) -> MalformedError:
    return MalformedError(Code.JSON_INVALID, "", given=given, expected=expected)


def _depth(raw: bytes) -> int:
    brackets = _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS)
    return max(accumulate(1 if bracket in _OPENING else -1 for bracket in brackets), default=0)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        shown = ascii(twice)[1:-1][:80]
        raise MalformedError(
            Code.DUPLICATE_MEMBER, shown, given="the same name twice", expected="unique names"
        )
    return members


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or not -MAX_INTEGER <= (number := int(digits)) <= MAX_INTEGER:
        raise _invalid(
            given="a number beyond 2^53 - 1", expected="whole numbers within ±(2^53 - 1)"
        )
    return number


def _no_decimal(_: str) -> NoReturn:
    raise _invalid(
        given="a decimal or infinite number", expected="whole numbers; decimals are strings"
    )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _strings(item)


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_whole,
    parse_float=_no_decimal,
    parse_constant=_no_decimal,
)
