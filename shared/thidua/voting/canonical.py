"""Canonical JSON, decimal numbers and hashes of Belenios 2.0 (specification 4.1, 4.2, 4.15), read strictly."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NoReturn

from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_DIGITS: Final = 617
"""Of the largest number that is written: an element of a 2048-bit group."""
MOST_TEXT: Final = 64 * 1024 * 1024
_SHOWN: Final = 40
_INTEGER_DIGITS: Final = 10


def written(document: object) -> str:
    """*document* without spaces, in the order of its members, letters as they are."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def hex_hash(text: str | bytes) -> str:
    """SHA-256 in 64 lower-case hexadecimal digits."""
    return sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def short_hash(text: str) -> str:
    """SHA-256 in 43 characters of standard base64 without padding: fingerprints and trackers."""
    return b64encode(sha256(text.encode()).digest()).decode().rstrip("=")


def parse(text: str, path: str) -> Any:
    """
    The JSON value in *text*.

    Raises BallotFaultError for other text, a member named twice, fractions, and numbers beyond ten digits.
    """
    if len(string(text, path)) > MOST_TEXT:
        raise BallotFaultError(path, f"at most {MOST_TEXT} characters", f"{len(text)}")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise BallotFaultError(path, "unique member names", "a name twice")
        return members

    def whole(digits: str) -> int:
        if len(digits) > _INTEGER_DIGITS:
            raise BallotFaultError(path, f"at most {_INTEGER_DIGITS} digits", f"{len(digits)}")
        return int(digits)

    def no_fraction(_: str) -> NoReturn:
        raise BallotFaultError(path, "whole numbers", "a fraction or infinity")

    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_int=whole,
            parse_float=no_fraction,
            parse_constant=no_fraction,
        )
    except (json.JSONDecodeError, RecursionError):
        raise BallotFaultError(path, "JSON", shown(text)) from None


def require_canonical(text: str, document: object, path: str) -> None:
    """Raise BallotFaultError unless *text* is exactly how *document* is written."""
    if text != written(document):
        raise BallotFaultError(path, "the canonical text", "the same content written otherwise")


def members(
    value: object, path: str, *required: str, optional: Sequence[str] = ()
) -> dict[str, Any]:
    """*value* when it is an object with the *required* members and none but the *optional* besides."""
    if not isinstance(value, dict):
        raise BallotFaultError(path, "an object", kind_of(value))
    for name in required:
        if name not in value:
            raise BallotFaultError(f"{path}/{name}", "a member", "none")
    for name in value:
        if name not in required and name not in optional:
            raise BallotFaultError(path, "no other members", shown(name))
    return value


def items(value: object, path: str, count: int | None = None) -> list[Any]:
    """*value* when it is a list, of *count* items where that is said."""
    if not isinstance(value, list):
        raise BallotFaultError(path, "a list", kind_of(value))
    if count is not None and len(value) != count:
        raise BallotFaultError(path, f"{count} items", f"{len(value)}")
    return value


def string(value: object, path: str) -> str:
    """*value* when it is text that UTF-8 can hold."""
    if not isinstance(value, str):
        raise BallotFaultError(path, "text", kind_of(value))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BallotFaultError(path, "text that UTF-8 can hold", "a lone surrogate") from None
    return value


def integer(value: object, path: str, least: int, most: int) -> int:
    """*value* when it is a whole JSON number from *least* to *most*."""
    if type(value) is not int or not least <= value <= most:
        raise BallotFaultError(path, f"a number from {least} to {most}", shown(repr(value)))
    return value


def decimal(value: object, path: str) -> int:
    """The number that the decimal string *value* stands for; no sign, no leading zero."""
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= MOST_DIGITS
        or not (value.isascii() and value.isdigit())
        or (value[0] == "0" and value != "0")
    ):
        raise BallotFaultError(path, "a decimal string without leading zero", kind_of(value))
    return int(value)


def shown(text: str) -> str:
    """*text* as ASCII, cut to what fits a message."""
    quoted = ascii(text[: _SHOWN + 1])
    return quoted if len(text) <= _SHOWN else f"{quoted[:_SHOWN]}…"


def kind_of(value: object) -> str:
    """What sort of JSON value *value* is, never its content."""
    return {
        str: "text",
        int: "a number",
        bool: "a truth value",
        list: "a list",
        dict: "an object",
    }.get(type(value), "null")
