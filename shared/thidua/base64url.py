"""Base64url without padding, canonical: one text for each byte string and no other."""

from __future__ import annotations

import string
from typing import Final

from pybase64 import b64decode, b64encode

_ALPHABET: Final = string.ascii_letters + string.digits
# Every byte outside the alphabet becomes "!", which the strict decoder refuses.
_TO_BASE64: Final = bytes(
    {ord("-"): ord("+"), ord("_"): ord("/"), **{ord(char): ord(char) for char in _ALPHABET}}.get(
        byte, ord("!")
    )
    for byte in range(256)
)
_URL_ALPHABET: Final = (_ALPHABET + "-_").encode()

# By the characters over the last whole group: what the last one may be, for it carries 4 or 2 bits that
# must be zero (one character alone is never canonical), and the padding that was left out.
_LAST: Final[tuple[frozenset[int], ...]] = (
    frozenset(),
    frozenset(),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)
_PADDING: Final = (b"", b"", b"==", b"=")


def encode_base64url(raw: bytes) -> str:
    """*raw* as base64url without padding."""
    return b64encode(raw, b"-_").rstrip(b"=").decode()


def decode_base64url(text: bytes | str) -> bytes:
    """
    The bytes that *text* stands for.

    Raises ValueError for anything that `encode_base64url` would not have written.
    """
    segment = text.encode() if isinstance(text, str) else text
    over = len(segment) % 4
    if not over:
        return b64decode(segment.translate(_TO_BASE64), validate=True)
    if segment[-1] not in _LAST[over]:
        msg = "not canonical base64url"
        raise ValueError(msg)
    return b64decode(segment.translate(_TO_BASE64) + _PADDING[over], validate=True)


def is_base64url(segment: bytes) -> bool:
    """Whether `decode_base64url` takes *segment*; a third of its cost."""
    over = len(segment) % 4
    return (not over or segment[-1] in _LAST[over]) and not segment.translate(None, _URL_ALPHABET)
