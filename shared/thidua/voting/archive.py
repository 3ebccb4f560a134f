"""The file of an election, ``.bel``: a pure function of a time and of the texts in the box, read strictly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from thidua.voting.canonical import hex_hash, members, parse, shown, written
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.voting.tally import EncryptedTally, PartialDecryption, Result

from thidua.voting.tally import owned_text, result_text

BLOCK: Final = 512
MOST_BYTES: Final = 512 * 1024 * 1024
_MOST_SECONDS: Final = 8**11 - 1
_NAME: Final = "BELENIOS"
_FIELDS: Final = (
    (100, "0000644"),
    (108, "0000000"),
    (116, "0000000"),
    (148, " " * 8),
    (156, "0"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: a piece of data, or an event that refers to data by their hashes."""

    kind: Literal["data", "event"]
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was read: *timestamp* in seconds since 1970, records in order."""

    timestamp: int
    records: tuple[Record, ...]


class ArchiveWriter:
    """
    Writes the archive of an election from its texts, in the order in which they entered the log.

    ``bytes(writer)`` is the archive so far; what is added later only lengthens it.
    """

    def __init__(self, timestamp: int) -> None:
        if not 0 <= timestamp <= _MOST_SECONDS:
            raise BallotFaultError("timestamp", f"0 to {_MOST_SECONDS} seconds", f"{timestamp}")
        self._timestamp = timestamp
        self._parent: str | None = None
        self._height = 0
        self._bytes = bytearray(_entry(_NAME, _header(timestamp).encode(), timestamp))

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)

    @property
    def last_event(self) -> str | None:
        """The hash of the last event, by which two copies are compared."""
        return self._parent

    def setup(self, election: str, trustees: str, credentials: str) -> None:
        """The beginning: the texts of the election, of its trustees and of the roll."""
        named = {"election": election, "trustees": trustees, "credentials": credentials}
        hashes = {name: self._data(text) for name, text in named.items()}
        self._event("Setup", self._data(written(hashes)))

    def ballot(self, text: str) -> None:
        """One ballot that was accepted."""
        self._event("Ballot", self._data(text))

    def end_ballots(self) -> None:
        """The box is closed."""
        self._event("EndBallots", None)

    def encrypted_tally(self, tally: EncryptedTally) -> None:
        """The sum that is decrypted."""
        self._data(tally.text)
        self._event("EncryptedTally", self._data(tally.sized_text))

    def partial_decryption(self, owner: int, decryption: PartialDecryption) -> None:
        """What trustee *owner* contributed."""
        self._data(decryption.text)
        self._event("PartialDecryption", self._data(owned_text(owner, decryption)))

    def result(self, result: Result) -> None:
        """The end: the sums."""
        self._event("Result", self._data(result_text(result)))

    def _data(self, text: str) -> str:
        digest = hex_hash(text)
        self._bytes += _entry(f"{digest}.data.json", text.encode(), self._timestamp)
        return digest

    def _event(self, kind: str, payload: str | None) -> None:
        event: dict[str, object] = {} if self._parent is None else {"parent": self._parent}
        event |= {"height": self._height, "type": kind}
        if payload is not None:
            event["payload"] = payload
        text = written(event)
        self._parent, self._height = hex_hash(text), self._height + 1
        self._bytes += _entry(f"{self._parent}.event.json", text.encode(), self._timestamp)


def roll_text(credentials: Sequence[int]) -> str:
    """The roll as it is written: public credentials in the order of their texts, which says nothing of voters."""
    return written(sorted(str(each) for each in credentials))


def read_archive(raw: bytes) -> Archive:
    """
    The records of an archive.

    Raises BallotFaultError for every byte that `ArchiveWriter` would have written otherwise.
    """
    if not raw or len(raw) % BLOCK or len(raw) > MOST_BYTES:
        raise BallotFaultError("archive", f"whole blocks of {BLOCK} bytes", f"{len(raw)} bytes")
    body, position = _body(raw, 0, "archive/0")
    timestamp = _timestamp(_text(body, "archive/0"))
    if raw[:position] != _entry(_NAME, body, timestamp):
        raise BallotFaultError("archive/0", "the header of an archive", "other bytes")
    records: list[Record] = []
    while position < len(raw):
        path = f"archive/{len(records) + 1}"
        body, following = _body(raw, position, path)
        record = Record(_kind(raw, position, path), hex_hash(body), _text(body, path))
        name = f"{record.digest}.{record.kind}.json"
        if raw[position:following] != _entry(name, body, timestamp):
            raise BallotFaultError(path, "a record in canonical form", "other bytes")
        records.append(record)
        position = following
    return Archive(timestamp, tuple(records))


def _entry(name: str, body: bytes, timestamp: int) -> bytes:
    """A header of the old tar kind, the content, zeros up to a whole block."""
    head = bytearray(BLOCK)
    lengths = ((0, name), (124, f"{len(body):011o}"), (136, f"{timestamp:011o}"))
    for offset, text in (*_FIELDS, *lengths):
        head[offset : offset + len(text)] = text.encode()
    head[148:156] = f"{sum(head):06o}\0 ".encode()
    return bytes(head) + body + bytes(-len(body) % BLOCK)


def _header(timestamp: int) -> str:
    return written({"version": 1, "timestamp": str(timestamp)})


def _timestamp(text: str) -> int:
    read: dict[str, Any] = members(parse(text, "archive/0"), "archive/0", "version", "timestamp")
    value = read["timestamp"]
    digits = value if isinstance(value, str) and value.isascii() and value.isdigit() else ""
    if not 0 < len(digits) <= len(str(_MOST_SECONDS)) or text != _header(int(digits)):
        raise BallotFaultError("archive/0", "version 1 and a timestamp", shown(text))
    if int(digits) > _MOST_SECONDS:
        raise BallotFaultError("archive/0/timestamp", f"at most {_MOST_SECONDS}", digits)
    return int(digits)


def _body(raw: bytes, position: int, path: str) -> tuple[bytes, int]:
    """The content of the record at *position*, and where the next one begins."""
    digits = raw[position + 124 : position + 135]
    if any(digit not in b"01234567" for digit in digits):
        raise BallotFaultError(path, "a length in octal digits", "other bytes")
    size = int(digits, 8)
    start = position + BLOCK
    following = start + size + -size % BLOCK
    if following > len(raw):
        raise BallotFaultError(path, "a whole record", "a cut one")
    return raw[start : start + size], following


def _kind(raw: bytes, position: int, path: str) -> Literal["data", "event"]:
    name = raw[position + 64 : position + 76]
    if name.startswith(b".data.json\0"):
        return "data"
    if name.startswith(b".event.json\0"):
        return "event"
    raise BallotFaultError(path, "HASH.data.json or HASH.event.json", "another name")


def _text(body: bytes, path: str) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BallotFaultError(path, "UTF-8", "other bytes") from None
