"""
Where files of evidence are kept: by the hash of their bytes, written once, never overwritten.

Whoever writes here knows nothing of units or years; *uses* stand beside the files and say which unit
put which file into which cycle, so that a store alone can tell what the log has yet to hear.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from thidua.errors import RetryError, StopError
from thidua.evidence import CHUNK, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StoreFullError(RetryError):
    """There is no room to write; nothing that was kept is touched."""

    def __init__(self, where: str) -> None:
        super().__init__(f"no room left in {where}")

    def diagnostics(self) -> str:
        """Name the remedy."""
        return "Make room on the evidence volume; what is unfinished goes on by itself."


class StoreAwayError(RetryError):
    """The store does not answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the evidence store does not answer: {reason}")

    def diagnostics(self) -> str:
        """Name the settings."""
        return "See THIDUA_EVIDENCE_BUCKET and what follows it; what was uploaded waits."


class StoreDamagedError(StopError):
    """A file's bytes no longer have the hash they are kept under."""

    def __init__(self, sha256: str, given: str) -> None:
        super().__init__(f"evidence {sha256} reads as {given}")
        self.sha256 = sha256

    def diagnostics(self) -> str:
        """Name the remedy."""
        return "Bring this file back from a copy: its name is the SHA-256 of its bytes."


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """
    A unit's file in a cycle: ``at_ms`` is when it was stored, ``kind`` what it is (``pdf``).

    ``name`` is what its owner calls it; it never leaves the store.
    """

    at_ms: int
    sha256: str
    subject: str
    unit: str
    size: int
    kind: str
    name: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is a use of: one event in the log."""
        return self.subject, self.unit, self.sha256

    @property
    def id(self) -> str:
        """The name of its upload."""
        return upload_id(*self.key)

    @property
    def place(self) -> str:
        """Its name in the store, made of checked codes alone."""
        return f"{self.sha256}/{self.subject.replace('/', '.')}.{self.unit}.json"

    def text(self) -> bytes:
        """How it is written down."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def read(cls, raw: bytes) -> Use:
        """What was written down."""
        return cls(**json.loads(raw))


def upload_id(subject: str, unit: str, sha256: str) -> str:
    """
    The name of an upload: who sends the same file of the same unit and cycle again goes on with it.

    It is no secret; every request about an upload carries the unit's statement.
    """
    return hashlib.sha256(f"{subject}\0{unit}\0{sha256}".encode()).hexdigest()[:32]


class EvidenceStore(Protocol):
    """A store of files by hash; its calls block, and any number of processes may use one."""

    def put(self, sha256: str, source: Path) -> None:
        """
        Keep the bytes of *source* under their hash; nothing happens when they are kept already.

        They are on disk, and were read back, when it returns. Raises :class:`StoreFullError`, and
        :class:`StoreDamagedError` when what was read back is something else.
        """

    def size(self, sha256: str) -> int | None:
        """How many bytes a kept file has; ``None`` when it is not kept."""

    def read(self, sha256: str) -> Iterator[bytes]:
        """
        The bytes of a kept file, a piece at a time.

        Raises :class:`StoreDamagedError` before the last piece when they do not have their hash.
        """

    def note(self, use: Use) -> None:
        """Write down a use; the first one of a unit's file in a cycle stays."""

    def uses(self) -> list[Use]:
        """All that was noted, in order of time."""


class FolderStore:
    """A store in a folder of a local disk: each file fsynced under another name and then renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("files", "uses", "writing"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def put(self, sha256: str, source: Path) -> None:
        """Keep the bytes of *source*."""
        place = self._place(sha256)
        if not place.exists():
            self._write(place, _pieces(source), sha256)
        if (given := sha256_of(place)) != sha256:
            raise StoreDamagedError(sha256, given)

    def size(self, sha256: str) -> int | None:
        """How many bytes a kept file has."""
        try:
            return self._place(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a kept file."""
        return checked(sha256, _pieces(self._place(sha256)))

    def note(self, use: Use) -> None:
        """Write down a use."""
        place = self.folder / "uses" / use.place
        if not place.exists():
            self._write(place, [use.text()], f"{use.sha256}-use")

    def uses(self) -> list[Use]:
        """All that was noted."""
        return sorted(
            Use.read(path.read_bytes()) for path in (self.folder / "uses").glob("*/*.json")
        )

    def _place(self, sha256: str) -> Path:
        return self.folder / "files" / sha256[:2] / sha256

    def _write(self, place: Path, content: Iterable[bytes], name: str) -> None:
        # The process id keeps two writers of the same bytes apart until either has renamed its own.
        draft = self.folder / "writing" / f"{name}.{os.getpid()}"
        with room(self.folder):
            write_through(draft, content)
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(place)
            for folder in (place.parent, place.parent.parent):
                sync_folder(folder)


class room:  # noqa: N801 - reads as a sentence where it is used: with room(...)
    """A block that writes: a full disk is a :class:`StoreFullError`, everything else what it is."""

    def __init__(self, where: Path | str) -> None:
        self._where = where

    def __enter__(self) -> None:
        """Nothing is asked beforehand: the disk may fill up meanwhile."""

    def __exit__(self, kind: type[BaseException] | None, error: object, where: object) -> None:
        """Name the error."""
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise StoreFullError(str(self._where)) from error


def write_through(path: Path, content: Iterable[bytes]) -> None:
    """Write a file anew and return when the disk has it."""
    with path.open("wb") as file:
        for piece in content:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Return when the disk knows what names stand in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checked(sha256: str, content: Iterable[bytes]) -> Iterator[bytes]:
    """*content* with its last piece held back until all of it has its hash."""
    digest = hashlib.sha256()
    held: bytes | None = None
    for piece in content:
        digest.update(piece)
        if held is not None:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise StoreDamagedError(sha256, digest.hexdigest())
    if held is not None:
        yield held


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece
