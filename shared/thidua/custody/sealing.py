"""A secret under a passphrase: Argon2id (RFC 9106) gives the key, ChaCha20-Poly1305 (RFC 8439) seals the text."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from thidua.base64url import decode_base64url, encode_base64url
from thidua.errors import MalformedError, RejectError
from thidua.strict_json import parse_payload

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST: Final = 12
"""Characters of a passphrase: four words of a sentence nobody else says."""
_KEY: Final = 32
_SALT: Final = 16
_NONCE: Final = 12
_MOST_MEMORY_KIB: Final = 1024 * 1024
_MOST_ROUNDS: Final = 64
_MEMBERS: Final = ("v", "what", "kdf", "memory_kib", "rounds", "lanes", "salt", "nonce", "sealed")


class WrongPassphraseError(RejectError):
    """The passphrase does not open the file, or the file was changed: nothing tells the two apart."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: sai câu mật khẩu, hoặc tệp đã bị sửa / wrong passphrase, or the file was changed"
        )

    def diagnostics(self) -> str:
        """Say that nobody else can open it."""
        return (
            "Gõ lại câu mật khẩu; không ai lấy lại được nó. Nếu đã mất, dùng bản giấy trong phong bì niêm. / "
            "Type it again; nobody can recover it. If it is lost, use the sealed paper copy."
        )


class ShortPassphraseError(RejectError):
    """A new passphrase is too short to keep a secret for years."""

    def __init__(self) -> None:
        super().__init__(
            f"câu mật khẩu phải có ít nhất {SHORTEST} ký tự / a passphrase has at least {SHORTEST} characters"
        )

    def diagnostics(self) -> str:
        """Say what a good one is."""
        return "Nên dùng bốn từ trở lên, không phải tên hay ngày sinh. / Four words or more, no name or birthday."


class SealedFormError(RejectError):
    """The bytes are no sealed secret, or one of another kind than was asked for."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: cần / expected {expected}")
        self.path = path

    def diagnostics(self) -> str:
        """Say that it was not sealed by this program."""
        return "Tệp này không do lệnh thidua tạo ra, hoặc đã hỏng. / Not a file of this program, or a damaged one."


@dataclass(frozen=True, slots=True)
class Cost:
    """
    How much work one guess of the passphrase takes.

    ``argon2id`` with 64 MiB and three passes is the second recommendation of RFC 9106 section 4; ``scrypt`` (RFC
    7914), with as much memory, stands in where the machine's OpenSSL is older than 3.2 and has no Argon2.
    """

    kdf: Literal["argon2id", "scrypt"] = "argon2id"
    memory_kib: int = 64 * 1024
    rounds: int = 3
    lanes: int = 4

    def key(self, passphrase: str, salt: bytes) -> bytes:
        """The key that *passphrase* gives. Raises ``UnsupportedAlgorithm`` where the machine has no Argon2id."""
        raw = unicodedata.normalize("NFC", passphrase).encode()
        if self.kdf == "argon2id":
            argon = Argon2id(
                salt=salt,
                length=_KEY,
                iterations=self.rounds,
                lanes=self.lanes,
                memory_cost=self.memory_kib,
            )
            return argon.derive(raw)
        # scrypt with r = 8 works on n KiB.
        return Scrypt(salt=salt, length=_KEY, n=self.memory_kib, r=8, p=self.rounds).derive(raw)


STRONG: Final = Cost()


def seal(
    secret: bytes,
    passphrase: str,
    what: str,
    draw: Callable[[int], bytes],
    cost: Cost = STRONG,
) -> bytes:
    """
    *secret* as the bytes of a file that only *passphrase* opens; *what* says what it is, and is not secret.

    *draw* gives that many random bytes (``secrets.token_bytes``). Raises :class:`ShortPassphraseError`.
    """
    if len(unicodedata.normalize("NFC", passphrase)) < SHORTEST:
        raise ShortPassphraseError
    salt, nonce = draw(_SALT), draw(_NONCE)
    try:
        key = cost.key(passphrase, salt)
    except UnsupportedAlgorithm:
        cost = Cost("scrypt", cost.memory_kib, 1, 1)
        key = cost.key(passphrase, salt)
    head = {
        "v": 1,
        "what": what,
        "kdf": cost.kdf,
        "memory_kib": cost.memory_kib,
        "rounds": cost.rounds,
        "lanes": cost.lanes,
        "salt": encode_base64url(salt),
        "nonce": encode_base64url(nonce),
    }
    sealed = ChaCha20Poly1305(key).encrypt(nonce, secret, _written(head))
    return _written({**head, "sealed": encode_base64url(sealed)}) + b"\n"


def unseal(raw: bytes, passphrase: str, what: str) -> bytes:
    """
    The secret in the bytes of a file that :func:`seal` made of the kind *what*.

    Raises :class:`SealedFormError` for other bytes, and :class:`WrongPassphraseError`.
    """
    head, sealed = _read(raw, what)
    cost = Cost(
        cast("Literal['argon2id', 'scrypt']", head["kdf"]),
        head["memory_kib"],
        head["rounds"],
        head["lanes"],
    )
    try:
        key = cost.key(passphrase, decode_base64url(head["salt"]))
        nonce = decode_base64url(head["nonce"])
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, _written(head))
    except InvalidTag:
        raise WrongPassphraseError(what) from None
    except UnsupportedAlgorithm:
        raise SealedFormError(
            "kdf", "máy có Argon2id (OpenSSL từ 3.2) / a machine with Argon2id"
        ) from None


def _read(raw: bytes, what: str) -> tuple[dict[str, Any], bytes]:
    try:
        document = parse_payload(raw.strip())
    except MalformedError as error:
        raise SealedFormError(what, f"JSON; {error.expected}") from None
    if tuple(document) != _MEMBERS or document["v"] != 1:
        raise SealedFormError(what, f"v = 1, {', '.join(_MEMBERS[1:])}")
    if document["what"] != what:
        raise SealedFormError("what", what)
    if document["kdf"] not in ("argon2id", "scrypt"):
        raise SealedFormError("kdf", "argon2id | scrypt")
    lanes = _bounded(document, "lanes", 1, _MOST_ROUNDS)
    _bounded(document, "rounds", 1, _MOST_ROUNDS)
    memory = _bounded(document, "memory_kib", 8 * lanes, _MOST_MEMORY_KIB)
    if document["kdf"] == "scrypt" and memory & (memory - 1):
        raise SealedFormError("memory_kib", "a power of two")
    for name, length in (("salt", _SALT), ("nonce", _NONCE), ("sealed", None)):
        _sized(document, name, length)
    return {name: document[name] for name in _MEMBERS[:-1]}, decode_base64url(document["sealed"])


def _bounded(document: dict[str, Any], name: str, least: int, most: int) -> int:
    value = document[name]
    if type(value) is not int or not least <= value <= most:
        raise SealedFormError(name, f"{least} to {most}")
    return value


def _sized(document: dict[str, Any], name: str, length: int | None) -> None:
    try:
        found = decode_base64url(document[name])
    except (ValueError, TypeError, AttributeError):
        raise SealedFormError(name, "base64url") from None
    if length is not None and len(found) != length:
        raise SealedFormError(name, f"{length} bytes")


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
