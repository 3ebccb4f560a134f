"""
A trustee's private share on its way to another trustee, sealed for that one alone.

ElGamal in the election's own group gives the key (HKDF-SHA-256), ChaCha20-Poly1305 closes the box: who could
open it by breaking the group could break the election's key itself. Who sent it says the event it travels in.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from thidua.voting.group import Chance, Group

_SHARE_BYTES: Final = 32
_NONCE: Final = bytes(12)
"""Each key closes one box only."""


@dataclass(frozen=True, slots=True)
class SealedShare:
    """One share as it is sent: *ephemeral* is an element, *box* 48 bytes in base64."""

    ephemeral: int
    box: str


def seal_share(
    group: Group, uuid: str, route: tuple[int, int], reading_key: int, share: int, chance: Chance
) -> SealedShare:
    """*share* on its *route* (from owner, to owner) in the election *uuid*, for the holder of *reading_key*."""
    secret = chance(group.q)
    ephemeral = group.secret_power(group.g, secret)
    key = _key(group, uuid, route, ephemeral, group.secret_power(reading_key, secret))
    box = ChaCha20Poly1305(key).encrypt(_NONCE, share.to_bytes(_SHARE_BYTES, "big"), None)
    return SealedShare(ephemeral, b64encode(box).decode())


def open_share(
    group: Group, uuid: str, route: tuple[int, int], reading_secret: int, sealed: SealedShare
) -> int:
    """
    The share in *sealed*, by the holder of *reading_secret* (`Party.reading_secret`).

    Raises BallotFaultError for a box that was closed for another election, route or key, or was changed; whether
    the share belongs to the sender's polynomial is for `Party.secret_key` to say.
    """
    shared = group.secret_power(sealed.ephemeral, reading_secret)
    key = _key(group, uuid, route, sealed.ephemeral, shared)
    try:
        share = ChaCha20Poly1305(key).decrypt(_NONCE, b64decode(sealed.box, validate=True), None)
    except (InvalidTag, ValueError):
        raise BallotFaultError(
            f"shares/{route[0]}", "a box closed for this trustee", "another"
        ) from None
    return int.from_bytes(share, "big")


def _key(group: Group, uuid: str, route: tuple[int, int], ephemeral: int, shared: int) -> bytes:
    info = f"thidua share|{group.name}|{uuid}|{route[0]}|{route[1]}|{ephemeral}".encode()
    size = (group.p.bit_length() + 7) // 8
    return HKDF(SHA256(), 32, None, info).derive(shared.to_bytes(size, "big"))
