"""
Persons stand in the log as salted commitments; what opens one is handed on in a signed file and held against it.

The publisher draws ``ref`` and salt and commits; whoever keeps the value later can neither swap it (another
value opens nothing) nor be asked to prove what it has erased. Source: RFC 2104, Luật 91/2025/QH15 Điều 14.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from thidua.base64url import decode_base64url
from thidua.contracts.base import (
    Code,
    Commitment,
    CycleSubject,
    LegalBasis,
    Name,
    Slug,
    Source,
    Value,
)
from thidua.errors import MalformedError, RejectError
from thidua.signing import ParsedJws, SigningKey, parse_jws, parse_payload, sign

DISCLOSURE: Final = "thidua-disclosure+jws"
SALT_BYTES: Final = 32
REF_BYTES: Final = 16
MOST_ROWS: Final = 100
_LABEL: Final = b"pd/v1\0"


def commit(salt: bytes, ref: str, value: str) -> str:
    """
    The commitment to *value* that may stand in the log: HMAC-SHA256 under the salt, 64 hex digits.

    *salt* is 32 random bytes, *ref* a random name that is not derived from the person. Raises ``ValueError``
    for a salt of another length, and for a *ref* or *value* with a NUL in it: it parts the two.
    """
    if len(salt) != SALT_BYTES:
        msg = f"a salt has {SALT_BYTES} bytes, not {len(salt)}"
        raise ValueError(msg)
    if "\0" in ref or "\0" in value:
        msg = "no NUL stands in a ref or a value"
        raise ValueError(msg)
    return hmac.new(
        salt, _LABEL + ref.encode() + b"\0" + value.encode(), hashlib.sha256
    ).hexdigest()


def opens(commitment: str, salt: bytes, ref: str, value: str) -> bool:
    """Whether *value* is what *commitment* was made of."""
    return hmac.compare_digest(commitment.encode(), commit(salt, ref, value).encode())


def _canonical(text: str) -> str:
    decode_base64url(text)
    return text


def _plain(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text) or not text.isprintable():
        msg = "NFC, printable"
        raise ValueError(msg)
    return text


Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$"), AfterValidator(_canonical)]
"""128 random bits, base64url."""
Salt = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$"), AfterValidator(_canonical)]
"""32 random bytes, base64url."""


class DisclosedRow(Value):
    """
    What opens one commitment of *unit* that stands under *subject*: a registry or a cycle.

    *basis* is the legal ground on which the value is kept, *keep_until* the last day of keeping it. What
    identifies the person is left out of ``repr``, so that no message holds it by mistake.
    """

    ref: Ref
    unit: Code
    subject: Code | CycleSubject
    field: Slug
    salt: Salt = Field(repr=False)
    value: Annotated[Name, AfterValidator(_plain)] = Field(repr=False)
    commitment: Commitment
    basis: LegalBasis
    keep_until: date

    @property
    def holds(self) -> bool:
        """Whether the value opens the commitment that the row itself names."""
        return opens(self.commitment, decode_base64url(self.salt), self.ref, self.value)

    @property
    def speakers(self) -> tuple[str, str]:
        """Who may disclose it and say that it is erased."""
        return speakers(self.unit, self.subject)


def speakers(unit: str, subject: str) -> tuple[str, str]:
    """Who speaks for a commitment of *unit* under *subject*: the unit, and the authority."""
    return f"/units/{unit}", f"/authorities/{subject.split('/', maxsplit=1)[0]}"


class Disclosure(Value):
    """
    Rows that *by* discloses to somebody, on a legal basis: a unit to the vault, the vault's keeper to an auditor.

    *aud* is the log whose commitments they open.
    """

    v: Literal[1]
    aud: Annotated[str, StringConstraints(min_length=3, max_length=128)]
    by: Source
    to: Name
    basis: LegalBasis
    rows: Annotated[tuple[DisclosedRow, ...], Field(min_length=1, max_length=MOST_ROWS)]

    def signed(self, key: SigningKey, kid: str) -> str:
        """The file's one line; raises ``MalformedError`` when the rows are more than one file takes."""
        payload = json.dumps(
            self.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")
        )
        return sign(payload.encode(), key, kid, DISCLOSURE)


class DisclosureError(RejectError):
    """A file is no disclosure; ``path`` is where, and nothing of its values is repeated."""

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(
            f"tệp không phải bản cung cấp dữ liệu cá nhân / no disclosure at {path or '/'}: {fault}"
        )
        self.path = path
        self.fault = fault


def read_disclosure(raw: bytes) -> tuple[Disclosure, ParsedJws]:
    """
    The disclosure in a file's bytes; nobody has verified its signature yet.

    Raises :class:`DisclosureError`, and nothing else, for anything that :meth:`Disclosure.signed` does not write.
    """
    try:
        parsed = parse_jws(raw.strip(), DISCLOSURE)
        parse_payload(parsed.payload)
    except MalformedError as error:
        raise DisclosureError(error.path, f"expected {error.expected}") from None
    try:
        return Disclosure.model_validate_json(parsed.payload), parsed
    except ValidationError as error:
        raise misformed(error) from None


def misformed(error: ValidationError) -> DisclosureError:
    """The first fault of what would be a disclosure, without its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return DisclosureError("/".join(str(part) for part in first["loc"]), first["msg"])
