"""
Signed receipts: what the door vouches for about one entry, and how anybody checks it later.

A receipt is a compact JWS over ``{origin, hash, position, entry_hash, outcome, code, rx}``, by a key of
the door; that of an encrypted vote also names its ``tracker``. ``check_receipt`` wants that key from outside; ``door_key`` finds it in the log's own entries;
``Receipt.names`` compares a receipt with the entry that stands at its position.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from thidua.base64url import encode_base64url
from thidua.clock import format_ms
from thidua.contracts.envelope import EnvelopeError, EventHash, FormError
from thidua.contracts.secret_ballots import Digest, SecretVoteCast
from thidua.errors import MalformedError, SignatureError
from thidua.evolving import evolve_registry
from thidua.folding import registry_of, touched
from thidua.knowledge import own_kid, own_source, recorded_event
from thidua.refusals import Code
from thidua.signing import Algorithm, VerifyingKey, parse_jws, parse_payload, sign
from thidua.standing import Registry

if TYPE_CHECKING:
    from thidua.log.entry import Entry
    from thidua.signing import ParsedJws, SigningKey

RECEIPT_TYP: Final = "thidua-receipt+jws"
_VOTE: Final = f'"{SecretVoteCast.TYPE}"'.encode()
DOOR: Final = "door"
DOOR_KID: Final = own_kid(DOOR)
"""The name of the door's first key."""


class Receipt(BaseModel):
    """
    What became of one event: where it stands, the SHA-256 of its entry, and the code when it was refused.

    ``tracker`` is that of a recorded vote in a secret ballot; no other event has one, nor has a receipt of before there were any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    origin: Annotated[str, StringConstraints(min_length=3, max_length=128)]
    hash: EventHash
    position: Annotated[int, Field(ge=1, le=2**53)]
    entry_hash: EventHash
    outcome: Literal["recorded", "refused"]
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,40}$")] | None
    rx: Annotated[str, StringConstraints(pattern=r"^[0-9TZ:.-]{24}$")]
    tracker: Digest | None = None

    @classmethod
    def of(cls, origin: str, event_hash: str, entry: Entry) -> Receipt:
        """The receipt of the event that stands in *entry*."""
        return cls(
            origin=origin,
            hash=event_hash,
            position=entry.position,
            entry_hash=entry_hash(entry),
            outcome="recorded" if entry.is_recorded else "refused",
            code=None if entry.refused is None else str(entry.refused["code"]),
            rx=format_ms(entry.rx_ms),
            tracker=tracker_in(entry),
        )

    def document(self) -> dict[str, Any]:
        """Its members as they are signed: a ``tracker`` only where there is one."""
        return self.model_dump(exclude={"tracker"} if self.tracker is None else None)

    def names(self, entry: Entry) -> bool:
        """Whether *entry*, read from the log, is the very one this receipt was given for."""
        there = Receipt.of(self.origin, self.hash, entry).document()
        if self.tracker is None:
            there.pop("tracker", None)
        return self.document() == there and self.hash == hash_in(entry)


class SignedReceipt(NamedTuple):
    """A well-formed receipt and the token it stood in; nobody has vouched for it until it is verified."""

    receipt: Receipt
    jws: ParsedJws


def entry_hash(entry: Entry) -> str:
    """The base64url SHA-256 of an entry's exact bytes."""
    return encode_base64url(sha256(entry.raw).digest())


def tracker_in(entry: Entry) -> str | None:
    """The tracker of the encrypted vote that is recorded in an entry; None for everything else."""
    if not entry.is_recorded:
        return None
    payload = parse_jws(entry.jws or b"").payload
    if _VOTE not in payload:
        return None
    event = json.loads(payload)
    return str(event["data"]["tracker"]) if event["type"] == SecretVoteCast.TYPE else None


def hash_in(entry: Entry) -> str:
    """The event hash of what stands in an entry."""
    if entry.said is not None:
        return str(entry.said["hash"])
    return parse_jws(entry.jws or b"").hash


def sign_receipt(receipt: Receipt, key: SigningKey, kid: str = DOOR_KID) -> str:
    """*receipt* as compact JWS, signed by the door's *key*."""
    payload = json.dumps(receipt.document(), ensure_ascii=False, separators=(",", ":"))
    return sign(payload.encode(), key, kid, RECEIPT_TYP)


def parse_receipt(token: bytes | str) -> SignedReceipt:
    """
    The receipt in a token; ``jws.kid`` names the key that should have signed it.

    Raises MalformedError, and nothing else, for anything that is no receipt.
    """
    jws = parse_jws(token, RECEIPT_TYP)
    parse_payload(jws.payload)
    try:
        return SignedReceipt(Receipt.model_validate_json(jws.payload), jws)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise MalformedError(
            Code.JSON_INVALID,
            "/" + "/".join(str(step) for step in first["loc"]),
            given=type(first["input"]).__name__,
            expected=first["msg"],
        ) from None


def check_receipt(token: bytes | str, key: VerifyingKey, *, origin: str | None = None) -> Receipt:
    """
    The receipt in a token that *key* has signed, for the log *origin* when one is given.

    Raises MalformedError when it is no receipt; SignatureError when another key signed it, its bytes were
    changed, or it is about another log. Make *key* of a given SPKI by ``VerifyingKey.from_spki(spki, "EdDSA")``.
    """
    receipt, jws = parse_receipt(token)
    jws.verify(key)
    if origin is not None and receipt.origin != origin:
        raise SignatureError(given=f"a receipt of {receipt.origin}", expected=f"one of {origin}")
    return receipt


def door_key(entries: Iterable[Entry], kid: str = DOOR_KID) -> VerifyingKey:
    """
    The door's key *kid* as the log's *entries* register it, read from the first on.

    A rotated key still vouches for what it signed; a revoked one does not. Raises SignatureError when the
    log has no such key of the door.
    """
    registries: dict[str, Registry] = {}
    for entry in entries:
        if not entry.is_recorded:
            continue
        try:
            event = recorded_event(entry)
        except (EnvelopeError, FormError):
            continue
        for subject in (one for one in touched(event) if "/" not in one):
            before = registries.get(subject, Registry(registry_of(subject)))
            registries[subject] = evolve_registry(before, event)
    for registry in registries.values():
        key = registry.keys.get(kid)
        if key is not None and key.owner == own_source(DOOR) and key.status != "revoked":
            return VerifyingKey.from_spki(key.spki, Algorithm(key.alg))
    raise SignatureError(given=f"key {kid}", expected="a key of the door that the log registers")
