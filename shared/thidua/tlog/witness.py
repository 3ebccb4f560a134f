"""
A witness: cosigns a log's checkpoint only when it continues what it has seen (C2SP tlog-witness).

It keeps one line for each log, the size and root it last signed, on disk before it answers. Whoever shows
it another history gets no signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.merkle import EMPTY_ROOT, HASH_SIZE, consistent
from thidua.tlog.notes import MOST_NOTE_BYTES, Checkpoint, read_checkpoint, unsigned
from thidua.tlog.proofs import MOST_HASHES
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thidua.tlog.notes import NoteKey, NoteSigner
    from thidua.tlog.tiles import TileFolder

MOST_REQUEST_BYTES: Final = MOST_NOTE_BYTES + 64 * 64
SIZE_TYPE: Final = "text/x.tlog.size"


class Answer(NamedTuple):
    """What a witness answers over HTTP."""

    status: HTTPStatus
    body: str = ""
    media: str = "text/plain; charset=utf-8"


class Seen(NamedTuple):
    """What a witness last signed of a log."""

    size: int = 0
    root: bytes = EMPTY_ROOT


@dataclass(slots=True)
class Witness:
    """Cosigns for the logs whose keys it was given; ``folder`` keeps what it has seen."""

    signer: NoteSigner
    logs: Mapping[str, NoteKey]
    folder: Path
    _one: threading.Lock = field(default_factory=threading.Lock)

    def seen(self, origin: str) -> Seen:
        """What it last signed of the log *origin*; raises :class:`ArchiveFaultError` when its own file is damaged."""
        path = self._path(origin)
        if not path.exists():
            return Seen()
        checkpoint = read_checkpoint(path.read_bytes())
        if not checkpoint.signed_by(self.signer.public)[0]:
            raise ArchiveFaultError(str(path), "our own cosignature", "none")
        return Seen(checkpoint.size, checkpoint.root)

    def add_checkpoint(self, request: bytes, *, now: int) -> Answer:
        """The answer to ``POST /add-checkpoint`` at Unix time *now*."""
        try:
            old, proof, checkpoint = read_request(request)
        except ArchiveFaultError as error:
            return Answer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        key = self.logs.get(checkpoint.origin)
        if key is None:
            return Answer(HTTPStatus.NOT_FOUND, "unknown log\n")
        try:
            signed, _ = checkpoint.signed_by(key)
        except ArchiveFaultError:
            signed = False
        if not signed:
            return Answer(HTTPStatus.FORBIDDEN, "no signature of the log\n")
        if old > checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST, "old size beyond the checkpoint\n")
        with self._one:
            return self._judge(old, proof, checkpoint, now)

    def _judge(self, old: int, proof: Sequence[bytes], given: Checkpoint, now: int) -> Answer:
        seen = self.seen(given.origin)
        same = given.size == seen.size and given.root != seen.root
        if old != seen.size or same:
            return Answer(HTTPStatus.CONFLICT, f"{seen.size}\n", SIZE_TYPE)
        if not consistent(seen.size, given.size, seen.root, given.root, proof):
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "another history than was seen\n")
        line = self.signer.line(given.text, time=now)
        mine = unsigned(given.origin, given.size, given.root)
        kept = Checkpoint(mine.origin, mine.size, mine.root, given.text).signed(line)
        write_whole(self._path(given.origin), kept.note.encode())
        return Answer(HTTPStatus.OK, line)

    def _path(self, origin: str) -> Path:
        return self.folder / hashlib.sha256(origin.encode()).hexdigest()


def write_request(files: TileFolder, checkpoint: Checkpoint, old: int) -> bytes:
    """What a log sends a witness that has seen *old* entries."""
    proof = files.consistency(old, checkpoint.size) if old else []
    lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in proof)
    return f"old {old}\n{lines}\n{checkpoint.note}".encode()


def read_request(raw: bytes) -> tuple[int, tuple[bytes, ...], Checkpoint]:
    """The old size, the proof and the checkpoint; raises :class:`ArchiveFaultError` for all other bytes."""
    if len(raw) > MOST_REQUEST_BYTES:
        raise ArchiveFaultError("request", f"at most {MOST_REQUEST_BYTES} bytes", f"{len(raw)}")
    head, blank, note = raw.partition(b"\n\n")
    first, *lines = head.decode("ascii", "replace").split("\n")
    old = first.removeprefix("old ")
    if not blank or first == old or not old.isdecimal() or str(int(old[:16])) != old:
        raise ArchiveFaultError("request", "old N", ascii(first[:40]))
    if len(lines) > MOST_HASHES:
        raise ArchiveFaultError("request", f"at most {MOST_HASHES} hashes", f"{len(lines)}")
    try:
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except (binascii.Error, ValueError):
        raise ArchiveFaultError("request", "hashes in base64", ascii(head[:60])) from None
    if any(len(one) != HASH_SIZE for one in proof):
        raise ArchiveFaultError("request", "hashes of 32 bytes", "others")
    return int(old), proof, read_checkpoint(note)
