"""Base64url without padding, canonical: one text for each byte string and no other."""

from __future__ import annotations

import binascii
import string
from typing import Final

_ALPHABET: Final = string.ascii_letters + string.digits
# Every byte outside the alphabet becomes "!", which the strict decoder refuses.
_TO_BASE64: Final = bytes(
    {ord("-"): ord("+"), ord("_"): ord("/"), **{ord(char): ord(char) for char in _ALPHABET}}.get(
        byte, ord("!")
    )
    for byte in range(256)
)
_URL_ALPHABET: Final = (_ALPHABET + "-_").encode()
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")

# The last character of an incomplete group carries 4 or 2 bits that must be zero.
_LAST_OF_TWO: Final = frozenset(b"AQgw")
_LAST_OF_THREE: Final = frozenset(b"AEIMQUYcgkosw048")


def encode_base64url(raw: bytes) -> str:
    """*raw* as base64url without padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def decode_base64url(text: bytes | str) -> bytes:
    """
    The bytes that *text* stands for.

    Raises ValueError for anything that `encode_base64url` would not have written.
    """
    segment = text.encode() if isinstance(text, str) else text
    padding = _padding(segment)
    if padding is None:
        msg = "not canonical base64url"
        raise ValueError(msg)
    return binascii.a2b_base64(segment.translate(_TO_BASE64) + padding, strict_mode=True)


def is_base64url(segment: bytes) -> bool:
    """Whether `decode_base64url` takes *segment*; a third of its cost."""
    return _padding(segment) is not None and not segment.translate(None, _URL_ALPHABET)


def _padding(segment: bytes) -> bytes | None:
    """The padding that was left out; None when no canonical text has this length and end."""
    match len(segment) % 4:
        case 0:
            return b""
        case 2 if segment[-1] in _LAST_OF_TWO:
            return b"=="
        case 3 if segment[-1] in _LAST_OF_THREE:
            return b"="
        case _:
            return None
