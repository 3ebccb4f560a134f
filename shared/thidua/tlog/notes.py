"""Signed notes of C2SP signed-note, the checkpoints in them (tlog-checkpoint) and cosignatures (tlog-cosignature)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from thidua.base64url import decode_base64url, encode_base64url
from thidua.errors import MalformedError, SignatureError
from thidua.key_material import Algorithm, SigningKey, VerifyingKey
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.merkle import HASH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable

LOG: Final = 0x01
"""Type of a log's Ed25519 key: it signs the note's text."""
COSIGNATURE: Final = 0x04
"""Type of a witness's Ed25519 key: it signs the time and the text."""
MOST_NOTE_BYTES: Final = 65_536
MOST_SIGNATURES: Final = 64
_ED25519_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
_NAME: Final = re.compile(r"[!-*,-~]{1,200}")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_TIME_BYTES: Final = 8
_ID_BYTES: Final = 4
_DASH: Final = "— "


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _un_b64(text: str, where: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ArchiveFaultError(where, "base64", ascii(text[:40])) from None
    if _b64(raw) != text:
        raise ArchiveFaultError(where, "canonical base64", ascii(text[:40]))
    return raw


class NoteKey(NamedTuple):
    """A public key that signs notes, as its ``vkey`` line gives it: ``name+id+base64(type, key)``."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The line to print on paper."""
        return f"{self.name}+{self.id.hex()}+{_b64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> NoteKey:
        """The key of a ``vkey`` line; raises :class:`ArchiveFaultError`."""
        name, first, rest = vkey.partition("+")
        told, second, body = rest.partition("+")
        if not first or not second or not _NAME.fullmatch(name):
            raise ArchiveFaultError("vkey", "name+id+key", ascii(vkey[:80]))
        raw = _un_b64(body, "vkey")
        if len(raw) != 1 + HASH_SIZE or raw[0] not in (LOG, COSIGNATURE):
            raise ArchiveFaultError("vkey", "an Ed25519 key of type 1 or 4", ascii(vkey[:80]))
        key = cls(name, raw[0], raw[1:])
        if key.id.hex() != told:
            raise ArchiveFaultError("vkey", f"id {key.id.hex()}", ascii(told[:16]))
        return key

    def check(self, text: str, signature: bytes) -> int | None:
        """
        Return the time of a cosignature, ``None`` for a log's signature, when it holds over *text*.

        Raises :class:`ArchiveFaultError` when it does not.
        """
        message, when = text.encode(), None
        if self.kind == COSIGNATURE:
            if len(signature) <= _TIME_BYTES:
                raise ArchiveFaultError(f"signature of {self.name}", "a cosignature", "a short one")
            when = int.from_bytes(signature[:_TIME_BYTES], "big")
            signature = signature[_TIME_BYTES:]
            message = b"cosignature/v1\ntime %d\n%b" % (when, message)
        try:
            spki = encode_base64url(_ED25519_SPKI + self.public)
            VerifyingKey.from_spki(spki, Algorithm.EDDSA).verify(signature, message)
        except (SignatureError, MalformedError):
            raise ArchiveFaultError(
                f"signature of {self.name}", "a signature by its key", "another"
            ) from None
        return when


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private Ed25519 key under the name that its notes are signed with."""

    name: str
    key: SigningKey
    kind: int = LOG

    @property
    def public(self) -> NoteKey:
        """Its public half."""
        spki = decode_base64url(self.key.verifying_key.spki.encode())
        return NoteKey(self.name, self.kind, spki[len(_ED25519_SPKI) :])

    def line(self, text: str, *, time: int = 0) -> str:
        """The signature line under *text*; a witness also says the Unix *time* at which it signs."""
        message, stamp = text.encode(), b""
        if self.kind == COSIGNATURE:
            stamp = time.to_bytes(_TIME_BYTES, "big")
            message = b"cosignature/v1\ntime %d\n%b" % (time, message)
        blob = self.public.id + stamp + self.key.sign(message)
        return f"{_DASH}{self.name} {_b64(blob)}\n"


class Signature(NamedTuple):
    """One signature line of a note."""

    name: str
    key_id: bytes
    payload: bytes

    @property
    def line(self) -> str:
        """As it stands in the note."""
        return f"{_DASH}{self.name} {_b64(self.key_id + self.payload)}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """
    A tree head: the log's origin, its size and root, and the signatures under them.

    ``text`` is what was signed, to the byte.
    """

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[Signature, ...] = ()

    @property
    def note(self) -> str:
        """The whole signed note."""
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}"

    @property
    def short(self) -> str:
        """The short form for paper: size and the first ten bytes of the root."""
        return f"{self.size} · {' '.join(re.findall('.{4}', self.root[:10].hex()))}"

    def signed_by(self, key: NoteKey) -> tuple[bool, int | None]:
        """
        Whether *key* signed it, and when if it is a witness's.

        Raises :class:`ArchiveFaultError` when a line says so and its signature does not hold.
        """
        of_key = [one for one in self.signatures if (one.name, one.key_id) == (key.name, key.id)]
        times = [key.check(self.text, one.payload) for one in of_key]
        return bool(times), times[-1] if times else None

    def only(self, names: Iterable[str]) -> Checkpoint:
        """The checkpoint with the signature lines of these names alone."""
        wanted = set(names)
        kept = tuple(one for one in self.signatures if one.name in wanted)
        return Checkpoint(self.origin, self.size, self.root, self.text, kept)

    def signed(self, *lines: str) -> Checkpoint:
        """The checkpoint with more signature lines; one of a key that is there already replaces it."""
        added = [_signature(line.rstrip("\n")) for line in lines]
        new = {(one.name, one.key_id) for one in added}
        kept = [one for one in self.signatures if (one.name, one.key_id) not in new]
        return Checkpoint(self.origin, self.size, self.root, self.text, (*kept, *added))


def unsigned(origin: str, size: int, root: bytes) -> Checkpoint:
    """The checkpoint of a tree before anybody signed it."""
    return Checkpoint(origin, size, root, f"{origin}\n{size}\n{_b64(root)}\n")


def read_note(note: bytes | str, what: str = "note") -> tuple[str, tuple[Signature, ...]]:
    """
    The text of a signed note and its signature lines; no signature has been checked.

    Raises :class:`ArchiveFaultError`, and nothing else, for all other bytes; *what* names the note.
    """
    raw = note.encode() if isinstance(note, str) else note
    if len(raw) > MOST_NOTE_BYTES:
        raise ArchiveFaultError(what, f"at most {MOST_NOTE_BYTES} bytes", f"{len(raw)}")
    try:
        told = raw.decode()
    except UnicodeDecodeError:
        raise ArchiveFaultError(what, "UTF-8", "other bytes") from None
    text, blank, tail = told.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise ArchiveFaultError(what, "a text, an empty line, signatures", "none")
    signatures = tuple(_signature(line) for line in tail[:-1].split("\n"))
    if len(signatures) > MOST_SIGNATURES:
        raise ArchiveFaultError(what, f"at most {MOST_SIGNATURES} signatures", "more")
    return f"{text}\n", signatures


def read_checkpoint(note: bytes | str) -> Checkpoint:
    """The checkpoint in a signed note; as :func:`read_note`."""
    text, signatures = read_note(note, "checkpoint")
    lines = text[:-1].split("\n")
    if any(not line.isprintable() or not line for line in lines) or len(lines) < 3:  # noqa: PLR2004 - origin, size, root
        raise ArchiveFaultError("checkpoint", "origin, size and root", ascii(text[:80]))
    if not _SIZE.fullmatch(lines[1]):
        raise ArchiveFaultError("checkpoint", "a size in decimal", ascii(lines[1][:40]))
    root = _un_b64(lines[2], "checkpoint")
    if len(root) != HASH_SIZE:
        raise ArchiveFaultError("checkpoint", "a root of 32 bytes", f"{len(root)} bytes")
    return Checkpoint(lines[0], int(lines[1]), root, text, signatures)


def _signature(line: str) -> Signature:
    name, space, blob = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name):
        raise ArchiveFaultError("checkpoint", "a signature line", ascii(line[:80]))
    raw = _un_b64(blob, "checkpoint")
    if len(raw) <= _ID_BYTES:
        raise ArchiveFaultError("checkpoint", "a key id and a signature", f"{len(raw)} bytes")
    return Signature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])
