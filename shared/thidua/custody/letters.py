"""
A share of the key generation on its way from one trustee to another: nobody else reads it, on whatever way it goes.

The sender draws r and hides the share under a key made of ``E^r``, where E is the encryption key in the reader's
certificate (ElGamal as a key encapsulation, HKDF-SHA256, ChaCha20-Poly1305). Whether the share is the right one its
reader sees from the polynomial that the sender has published; a letter needs no signature for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from thidua.base64url import decode_base64url, encode_base64url
from thidua.voting.canonical import members, parse, string, written
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from thidua.voting.group import Chance, Group

_KEY: Final = 32
_NONCE: Final = bytes(12)
"""A key seals one letter only."""


def write_letter(group: Group, context: str, reader: int, share: int, chance: Chance) -> str:
    """
    *share* for who holds the secret behind the encryption key *reader*; *context* names election, sender and reader.

    The same share written twice makes two letters that are not alike.
    """
    drawn = chance(group.q)
    alpha = group.secret_power(group.g, drawn)
    key = _key(context, alpha, reader, group.secret_power(reader, drawn))
    sealed = ChaCha20Poly1305(key).encrypt(_NONCE, str(share).encode(), None)
    return written({"alpha": str(alpha), "sealed": encode_base64url(sealed)})


def read_letter(group: Group, context: str, secret: int, text: str, path: str) -> int:
    """
    The share in the letter *text*, for the reader with *secret*.

    Raises BallotFaultError for a letter to another reader, of another *context*, or that was changed.
    """
    read = members(parse(text, path), path, "alpha", "sealed")
    alpha = group.element(read["alpha"], f"{path}/alpha")
    try:
        sealed = decode_base64url(string(read["sealed"], f"{path}/sealed"))
    except ValueError:
        raise BallotFaultError(f"{path}/sealed", "base64url", "other text") from None
    reader = group.secret_power(group.g, secret)
    key = _key(context, alpha, reader, group.secret_power(alpha, secret))
    try:
        share = ChaCha20Poly1305(key).decrypt(_NONCE, sealed, None)
    except InvalidTag:
        raise BallotFaultError(path, "a letter to this trustee", "another") from None
    return group.scalar(share.decode(errors="replace"), path)


def _key(context: str, alpha: int, reader: int, shared: int) -> bytes:
    info = f"thidua-share|{context}|{alpha}|{reader}".encode()
    return HKDF(SHA256(), _KEY, None, info).derive(str(shared).encode())
