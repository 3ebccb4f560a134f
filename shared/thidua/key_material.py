"""Private and public keys of the four algorithms an event may be signed with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    generate_private_key as generate_rsa_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from thidua.base64url import decode_base64url, encode_base64url
from thidua.errors import MalformedError, SignatureError
from thidua.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Callable

_PrivateKey: TypeAlias = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey
_PublicKey: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey
_Check: TypeAlias = "Callable[[bytes, bytes, bytes | None], None]"


class Algorithm(StrEnum):
    """How a key signs; each key has one algorithm for life."""

    ES256 = "ES256"
    EDDSA = "EdDSA"
    RS256 = "RS256"
    PS256 = "PS256"


_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 4096
_RSA_EXPONENT: Final = 65537
_MAX_SPKI: Final = 1024

_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_BYTES: Final = 32
# Big-endian bytes of equal length compare as their numbers do.
_P256_HALF: Final = (_P256_ORDER // 2).to_bytes(_P256_BYTES, "big")

_ED25519_PRIME: Final = 2**255 - 19
# y of the points of order 8; with them every public key of small order is known, and under
# such a key a signature can be made without any private key.
_ED25519_ORDER_8: Final = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_ED25519_SMALL: Final = frozenset(
    {0, 1, _ED25519_PRIME - 1, _ED25519_ORDER_8, _ED25519_PRIME - _ED25519_ORDER_8}
)

_ECDSA: Final = ECDSA(SHA256())
_PKCS1: Final = PKCS1v15()
_PSS: Final = PSS(MGF1(SHA256()), SHA256.digest_size)
_SHA256: Final = SHA256()
_ECDSA_OF_DIGEST: Final = ECDSA(Prehashed(SHA256()))
_DIGEST: Final = Prehashed(SHA256())


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key with its one algorithm; equal keys are the same text in the log."""

    alg: Algorithm
    spki: str
    _check: _Check = field(repr=False, compare=False)

    @staticmethod
    def from_spki(spki: str, alg: Algorithm | str) -> VerifyingKey:
        """
        The key in *spki*, SubjectPublicKeyInfo in DER as base64url without padding.

        Raises MalformedError unless the key fits *alg*, is strong enough and is written in the
        one canonical way, so that no key can be registered twice in different clothes.
        """
        return _loaded(spki, alg)

    def verify(self, signature: bytes, message: bytes, digest: bytes | None = None) -> None:
        """
        Return if this key made *signature* over *message*; raise SignatureError if not.

        Who knows the SHA-256 *digest* of the message already hands it in and saves making it again.
        """
        try:
            self._check(signature, message, digest)
        except InvalidSignature:
            raise SignatureError(
                given="another signature", expected=f"a signature over these bytes, {self.alg}"
            ) from None


@dataclass(frozen=True)
class SigningKey:
    """A private key with its one algorithm; it never shows itself when printed."""

    alg: Algorithm
    _private: _PrivateKey = field(repr=False, compare=False)

    @classmethod
    def generate(cls, alg: Algorithm) -> SigningKey:
        """Make a new key from the system's randomness."""
        match alg:
            case Algorithm.ES256:
                return cls(alg, generate_private_key(SECP256R1()))
            case Algorithm.EDDSA:
                return cls(alg, Ed25519PrivateKey.generate())
            case Algorithm.RS256 | Algorithm.PS256:
                return cls(alg, generate_rsa_key(_RSA_EXPONENT, _MIN_RSA_BITS))
            case _:
                assert_never(alg)

    @classmethod
    def from_pem(cls, pem: bytes, alg: Algorithm | None = None) -> SigningKey:
        """
        The key in an unencrypted PKCS #8 file.

        *alg* need only be given for RSA keys that sign PS256; without it they sign RS256.
        Raises MalformedError if the file holds no key for *alg*.
        """
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise _unfit(
                given="another file", expected="an unencrypted private key in PEM"
            ) from None
        match private:
            case EllipticCurvePrivateKey():
                fitting = [Algorithm.ES256]
            case Ed25519PrivateKey():
                fitting = [Algorithm.EDDSA]
            case RSAPrivateKey():
                fitting = [Algorithm.RS256, Algorithm.PS256]
            case _:
                raise _unfit(given="another kind of key", expected="P-256, Ed25519 or RSA")
        alg = alg or fitting[0]
        if alg not in fitting:
            raise _unfit(given=f"a key for {fitting[0]}", expected=f"a key for {alg}")
        key = cls(alg, private)
        _ = key.verifying_key  # the public half is checked for strength
        return key

    def to_pem(self) -> bytes:
        """The key as an unencrypted PKCS #8 file; keep it readable by its owner alone."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @cached_property
    def verifying_key(self) -> VerifyingKey:
        """The public half."""
        return VerifyingKey.from_spki(encode_base64url(_der(self._private.public_key())), self.alg)

    def sign(self, message: bytes) -> bytes:
        """The signature over *message* as JWS wants it: for ES256 ``r || s`` with low ``s``."""
        match self._private:
            case EllipticCurvePrivateKey() as private:
                r, s = decode_dss_signature(private.sign(message, _ECDSA))
                s = min(s, _P256_ORDER - s)
                return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")
            case Ed25519PrivateKey() as private:
                return private.sign(message)
            case RSAPrivateKey() as private:
                padding = _PKCS1 if self.alg is Algorithm.RS256 else _PSS
                return private.sign(message, padding, _SHA256)
            case _:
                assert_never(self._private)


def _der(public: _PublicKey) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _unfit(given: str, expected: str) -> MalformedError:
    return MalformedError(Code.KEY_INVALID, "spki", given=given, expected=expected)


@lru_cache(maxsize=4096)
def _loaded(spki: str, alg: Algorithm | str) -> VerifyingKey:
    try:
        alg = Algorithm(alg)
    except ValueError:
        raise MalformedError(
            Code.KEY_INVALID, "alg", given=ascii(alg)[:40], expected=", ".join(Algorithm)
        ) from None
    if len(spki) > _MAX_SPKI:
        raise _unfit(given=f"{len(spki)} characters", expected=f"at most {_MAX_SPKI} characters")
    try:
        der = decode_base64url(spki)
        public = load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unfit(
            given="other text", expected="a public key (SPKI) in base64url without padding"
        ) from None
    check = _checker(public, alg)
    if public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise _unfit(given="another encoding of the key", expected="its canonical DER encoding")
    return VerifyingKey(alg, spki, check)


def _checker(public: object, alg: Algorithm) -> _Check:
    match public, alg:
        case EllipticCurvePublicKey() as key, Algorithm.ES256 if isinstance(key.curve, SECP256R1):
            return _es256(key)
        case Ed25519PublicKey() as key, Algorithm.EDDSA:
            y = int.from_bytes(key.public_bytes_raw(), "little") & (2**255 - 1)
            if y in _ED25519_SMALL or y >= _ED25519_PRIME:
                raise _unfit(
                    given="an Ed25519 point of small order", expected="an honestly made key"
                )
            return _eddsa(key)
        case RSAPublicKey() as key, Algorithm.RS256 | Algorithm.PS256:
            if not _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS:
                raise _unfit(
                    given=f"RSA with {key.key_size} bits",
                    expected=f"{_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits",
                )
            if key.public_numbers().e != _RSA_EXPONENT:
                raise _unfit(given="another RSA exponent", expected=str(_RSA_EXPONENT))
            return _rsa(key, _PKCS1 if alg is Algorithm.RS256 else _PSS)
        case _:
            raise _unfit(given="another kind of key", expected=f"a key for {alg}")


def _es256(key: EllipticCurvePublicKey) -> _Check:
    def check(signature: bytes, message: bytes, digest: bytes | None) -> None:
        if len(signature) != 2 * _P256_BYTES:
            raise SignatureError(given=f"{len(signature)} bytes", expected="64 bytes, r and s")
        r, s = signature[:_P256_BYTES], signature[_P256_BYTES:]
        if s > _P256_HALF:
            raise SignatureError(
                given="s in the upper half", expected="the low s: if s > n/2 write n - s"
            )
        key.verify(_der_of(r, s), digest or sha256(message).digest(), _ECDSA_OF_DIGEST)

    return check


def _der_of(r: bytes, s: bytes) -> bytes:
    """A signature as ASN.1, for r and a low s."""
    if not (r[0] and s[0]):
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    # Nearly always there is nothing to shorten; a first bit that is set would mean a negative number.
    if r[0] < 0x80:  # noqa: PLR2004 - that bit
        return b"0D\x02 %b\x02 %b" % (r, s)
    return b"0E\x02!\0%b\x02 %b" % (r, s)


def _eddsa(key: Ed25519PublicKey) -> _Check:
    def check(signature: bytes, message: bytes, _digest: bytes | None) -> None:
        key.verify(signature, message)

    return check


def _rsa(key: RSAPublicKey, padding: PKCS1v15 | PSS) -> _Check:
    def check(signature: bytes, message: bytes, digest: bytes | None) -> None:
        key.verify(signature, digest or sha256(message).digest(), padding, _DIGEST)

    return check
