"""
Uploads on disk until they are whole and clean: what arrived survives a kill, and is gone on from there.

``<id>.json`` says what is to come, ``<id>.part`` is what has come; ``<id>.whole`` is a file whose hash
and type hold and that waits for the scanner; ``<id>.refused`` says why there is no file any more.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from services.units.admission import NotAdmittedError
from services.units.evidence.kinds import fits, kind_of
from services.units.evidence.store import room, sync_folder, upload_id, write_through
from thidua.evidence import sha256_of
from thidua.refusals import Code

if TYPE_CHECKING:
    from thidua.evidence import UploadStatement

State = Literal["uploading", "scanning", "stored", "refused"]
_SHOWN: Final = 16


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is on its way: what its unit said of it, and until when it is waited for."""

    subject: str
    unit: str
    sha256: str
    size: int
    name: str
    until_ms: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is to be a use of."""
        return self.subject, self.unit, self.sha256

    @property
    def id(self) -> str:
        """Its name in addresses and on disk."""
        return upload_id(*self.key)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an upload came to nothing."""

    code: Code
    facts: dict[str, object]


class Spool:
    """One folder of uploads; any number of processes may share it."""

    def __init__(self, folder: Path, kinds: tuple[str, ...]) -> None:
        self.folder = folder
        self.kinds = kinds
        folder.mkdir(parents=True, exist_ok=True)

    def open(self, statement: UploadStatement, until_ms: int) -> Upload:
        """The upload a statement is about, begun when it was not; what was refused begins anew."""
        upload = Upload(
            statement.subject,
            statement.unit,
            statement.hash,
            statement.size,
            statement.name,
            until_ms,
        )
        before = self.find(upload.id)
        if before is not None and before.size == upload.size:
            return before
        with self.locked(upload.id):
            self._write(upload.id, "json", asdict(upload))
            for kind in ("part", "whole", "refused"):
                self._path(upload.id, kind).unlink(missing_ok=True)
        return upload

    def find(self, name: str) -> Upload | None:
        """An upload that is on its way."""
        try:
            return Upload(**json.loads(self._path(name, "json").read_bytes()))
        except FileNotFoundError:
            return None

    def all(self) -> list[Upload]:
        """Every upload that is on its way."""
        found = (self.find(path.stem) for path in sorted(self.folder.glob("*.json")))
        return [upload for upload in found if upload is not None]

    def offset(self, upload: Upload) -> int:
        """How many bytes have come."""
        for kind in ("part", "whole"):
            try:
                return self._path(upload.id, kind).stat().st_size
            except FileNotFoundError:
                continue
        return 0

    def whole(self, upload: Upload) -> Path | None:
        """The file that waits for the scanner."""
        path = self._path(upload.id, "whole")
        return path if path.exists() else None

    def fault(self, name: str) -> Fault | None:
        """Why an upload came to nothing, for as long as that is remembered."""
        try:
            told = json.loads(self._path(name, "refused").read_bytes())
        except FileNotFoundError:
            return None
        return Fault(Code(told["code"]), told["facts"])

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Nobody else writes to the upload meanwhile; raises ``UPLOAD_BUSY`` when somebody does."""
        descriptor = self._lock(name)
        try:
            yield
        finally:
            os.close(descriptor)

    def _lock(self, name: str) -> int:
        path = self._path(name, "lock")
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise NotAdmittedError(Code.UPLOAD_BUSY) from None
            # Whoever held it before may have taken the file away; then it locks nothing.
            if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
            os.close(descriptor)

    def part(self, upload: Upload) -> BinaryIO:
        """Where the next bytes of an upload go."""
        return self._path(upload.id, "part").open("ab", buffering=0)

    def settle(self, part: BinaryIO) -> None:
        """Return when the disk has what was written."""
        os.fsync(part.fileno())

    def write(self, part: BinaryIO, piece: bytes) -> None:
        """Put a piece behind what has come; raises :class:`StoreFullError` when there is no room."""
        with room(self.folder):
            view = memoryview(piece)
            while view:
                view = view[part.write(view) or 0 :]

    def complete(self, upload: Upload) -> None:
        """
        Take an upload whose last byte has come for a file that may be scanned.

        Raises :class:`NotAdmittedError` when it is not what its unit said, or of no type that is taken;
        its bytes are then gone, and it is remembered why.
        """
        part = self._path(upload.id, "part")
        if (given := sha256_of(part)) != upload.sha256:
            facts: dict[str, object] = {
                "file": upload.name,
                "expected": upload.sha256[:_SHOWN],
                "given": given[:_SHOWN],
            }
            raise self.refuse(upload, Code.EVIDENCE_HASH_MISMATCH, facts)
        kind = kind_of(part)
        if kind not in self.kinds or not fits(upload.name, kind):
            facts = {"given": kind or "?", "expected": list(self.kinds)}
            raise self.refuse(upload, Code.EVIDENCE_TYPE, facts)
        part.rename(self._path(upload.id, "whole"))
        sync_folder(self.folder)

    def refuse(self, upload: Upload, code: Code, facts: dict[str, object]) -> NotAdmittedError:
        """Forget the bytes of an upload and remember why."""
        self._write(upload.id, "refused", {"code": code, "facts": facts})
        self.forget(upload)
        return NotAdmittedError(code, facts)

    def forget(self, upload: Upload) -> None:
        """An upload is at its end: kept elsewhere, refused, given up or no longer waited for."""
        for kind in ("part", "whole", "json", "lock"):
            self._path(upload.id, kind).unlink(missing_ok=True)

    def forget_faults(self, before_ms: int) -> None:
        """Forget why uploads came to nothing that did so before a moment."""
        for path in self.folder.glob("*.refused"):
            if path.stat().st_mtime_ns // 1_000_000 < before_ms:
                path.unlink(missing_ok=True)

    def _path(self, name: str, kind: str) -> Path:
        return self.folder / f"{name}.{kind}"

    def _write(self, name: str, kind: str, content: object) -> None:
        draft = self.folder / f"{name}.{kind}.{os.getpid()}"
        with room(self.folder):
            write_through(draft, [json.dumps(content, ensure_ascii=False).encode()])
            draft.replace(self._path(name, kind))
            sync_folder(self.folder)
