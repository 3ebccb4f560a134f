"""Base64url without padding, canonical: one text for each byte string and no other."""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Final, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

# Twice as quick as strict decoders of the other alphabet, and as strict about the last character's unused bits.
_READER: Final = TypeAdapter(bytes, config=ConfigDict(val_json_bytes="base64"))
_READ: Final = cast("Callable[[str], bytes]", _READER.validator.validate_strings)
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_NOT_CANONICAL: Final = "not canonical base64url"


def encode_base64url(raw: bytes) -> str:
    """*raw* as base64url without padding."""
    return b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def decode_base64url(text: bytes | str) -> bytes:
    """
    The bytes that *text* stands for.

    Raises ValueError for anything that `encode_base64url` would not have written.
    """
    segment = text if isinstance(text, str) else text.decode("ascii")
    # Pydantic would also read padding and the other alphabet.
    if "=" in segment or "+" in segment or "/" in segment:
        raise ValueError(_NOT_CANONICAL)
    try:
        return _READ(segment)
    except ValidationError:
        raise ValueError(_NOT_CANONICAL) from None
