"""
Signed events as compact JWS: what a publisher signs, and what may be trusted of what arrives.

Bytes from outside become a `ParsedJws` by `parse_jws`, which trusts nothing. Only
`ParsedJws.verify`, with a key of the registry, makes its payload something that somebody said.
The algorithm always comes from the registered key, never from the message.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from typing import Final, NamedTuple

from thidua.base64url import decode_base64url, encode_base64url
from thidua.errors import MalformedError, SignatureError
from thidua.key_material import Algorithm, SigningKey, VerifyingKey
from thidua.refusals import Code
from thidua.strict_json import MAX_BYTES as MAX_TOKEN_BYTES
from thidua.strict_json import parse_payload

__all__ = [
    "EMPTY_HASH",
    "MAX_TOKEN_BYTES",
    "TYP",
    "Algorithm",
    "ParsedJws",
    "SigningKey",
    "VerifyingKey",
    "check_possession",
    "event_hash",
    "parse_jws",
    "parse_payload",
    "possession_message",
    "possession_proof",
    "sign",
]

TYP: Final = "thidua-event+jws"

_PARTS: Final = 3
_MAX_HEADER: Final = 512
_MAX_QUOTE: Final = 80
_MEMBERS: Final = frozenset({"alg", "kid", "typ"})
_KID: Final = re.compile(r"[A-Za-z0-9._/-]{1,64}")


def event_hash(signing_input: bytes) -> str:
    """
    The name of an event: base64url SHA-256 of its ASCII ``header.payload``.

    The signature is left out because one event can have many valid ones.
    """
    return encode_base64url(hashlib.sha256(signing_input).digest())


EMPTY_HASH: Final = event_hash(b"")
"""``prev`` of the first event of a chain."""


class _Header(NamedTuple):
    alg: Algorithm
    kid: str


class ParsedJws(NamedTuple):
    """A well-formed signed event; nobody has vouched for it until `verify` returns."""

    alg: Algorithm
    kid: str
    payload: bytes
    signing_input: bytes
    signature: bytes
    digest: bytes
    hash: str

    def verify(self, key: VerifyingKey) -> None:
        """Return if *key* signed this event with its own algorithm; raise SignatureError if not."""
        if self.alg is not key.alg:
            raise SignatureError(
                given=f"alg {self.alg}", expected=f"alg {key.alg}, as the key is registered"
            )
        key.verify(self.signature, self.signing_input, self.digest)


def sign(payload: bytes, key: SigningKey, kid: str, typ: str = TYP) -> str:
    """
    *payload* signed as compact JWS under the name *kid*; its bytes are kept as they are.

    *typ* keeps what is signed for one purpose from being used for another (RFC 8725 section 3.11).
    """
    if not _KID.fullmatch(kid):
        raise MalformedError(
            Code.HEADER_INVALID, "header/kid", given=_quoted(kid), expected=_KID.pattern
        )
    signing_input = f"{header_of(key.alg, kid, typ)}.{encode_base64url(payload)}"
    token = f"{signing_input}.{encode_base64url(key.sign(signing_input.encode()))}"
    _bound(len(token))
    return token


def header_of(alg: str, kid: str, typ: str = TYP) -> str:
    """What every token that :func:`sign` makes with this key begins with."""
    header = json.dumps({"alg": alg, "kid": kid, "typ": typ}, separators=(",", ":"))
    return encode_base64url(header.encode())


def parse_jws(token: bytes | str, typ: str = TYP) -> ParsedJws:
    """
    The parts of a compact JWS whose header says that it is a *typ*.

    Raises MalformedError, and nothing else, for anything but three canonical base64url parts of
    at most 64,000 bytes whose header has exactly ``alg``, ``kid`` and ``typ``.
    """
    _bound(len(token))
    raw = token.encode("ascii", "replace") if isinstance(token, str) else bytes(token)
    parts = raw.split(b".")
    if len(parts) != _PARTS:
        raise MalformedError(
            Code.JWS_MALFORMED,
            "",
            given=f"{len(parts) - 1} dots",
            expected="three parts and two dots",
        )
    header, payload, signature = parts
    alg, kid = _header(header, typ)
    signing_input = raw[: -len(signature) - 1]
    digest = hashlib.sha256(signing_input).digest()
    return ParsedJws(
        alg,
        kid,
        _decoded(payload, "payload"),
        signing_input,
        _decoded(signature, "signature"),
        digest,
        encode_base64url(digest),
    )


def possession_message(origin: str, kid: str, spki: str) -> bytes:
    """The bytes a new key signs to prove that its owner holds it, for this log and name only."""
    return f"thidua-key-possession\n{origin}\n{kid}\n{spki}".encode()


def possession_proof(key: SigningKey, origin: str, kid: str) -> str:
    """The proof of possession (base64url) that goes into ``key-registered`` and ``key-rotated``."""
    message = possession_message(origin, kid, key.verifying_key.spki)
    return encode_base64url(key.sign(message))


def check_possession(proof: str, key: VerifyingKey, origin: str, kid: str) -> None:
    """Return if *proof* was made by *key* for *origin* and *kid*; raise SignatureError if not."""
    try:
        signature = decode_base64url(proof)
    except ValueError:
        raise SignatureError(given="other text", expected="canonical base64url") from None
    key.verify(signature, possession_message(origin, kid, key.spki))


def _bound(size: int) -> None:
    if size > MAX_TOKEN_BYTES:
        raise MalformedError(
            Code.TOO_LARGE, "", given=f"{size} bytes", expected=f"at most {MAX_TOKEN_BYTES} bytes"
        )


def _decoded(segment: bytes, path: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise _malformed(path) from None


def _malformed(path: str) -> MalformedError:
    return MalformedError(
        Code.JWS_MALFORMED, path, given="other text", expected="base64url without padding"
    )


# A publisher's key writes the same header every time; a hostile one is not remembered.
@lru_cache(maxsize=4096)
def _header(segment: bytes, wanted: str) -> _Header:
    if len(segment) > _MAX_HEADER:
        raise _bad_header(
            member="",
            given=f"{len(segment)} characters",
            expected=f"at most {_MAX_HEADER} characters",
        )
    text = _decoded(segment, "header")
    try:
        members = parse_payload(text)
    except MalformedError as error:
        if error.code is Code.JSON_INVALID:
            raise _bad_header(member="", given=error.given, expected=error.expected) from None
        raise MalformedError(
            error.code,
            f"header/{error.path}".rstrip("/"),
            given=error.given,
            expected=error.expected,
        ) from None
    if members.keys() != _MEMBERS:
        raise _bad_header(
            member="", given=_quoted(", ".join(sorted(members))), expected="exactly alg, kid, typ"
        )
    alg, kid, typ = members["alg"], members["kid"], members["typ"]
    if typ != wanted:
        raise _bad_header(member="typ", given=_quoted(typ), expected=wanted)
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise _bad_header(member="kid", given=_quoted(kid), expected=_KID.pattern)
    if not isinstance(alg, str) or alg not in _ALGORITHMS:
        raise _bad_header(member="alg", given=_quoted(alg), expected=", ".join(_ALGORITHMS))
    return _Header(_ALGORITHMS[alg], kid)


_ALGORITHMS: Final = {str(alg): alg for alg in Algorithm}


def _bad_header(member: str, given: str, expected: str) -> MalformedError:
    return MalformedError(
        Code.HEADER_INVALID, f"header/{member}".rstrip("/"), given=given, expected=expected
    )


def _quoted(value: object) -> str:
    """What a stranger wrote, harmless and short enough for a message."""
    shown = ascii(value)
    return shown if len(shown) <= _MAX_QUOTE else f"{shown[: _MAX_QUOTE - 1]}…"
