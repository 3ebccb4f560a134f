"""A folder written under another name and renamed when all of it is on disk: there whole, or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from services.backup.manifest import MANIFEST, PIECE, SUM, HeldFile, size_and_sha256, sum_line
from thidua.errors import RejectError, RetryError, StopError
from thidua.tlog.writing import sync_folders

if TYPE_CHECKING:
    from types import TracebackType

    from services.backup.manifest import KeysManifest, Manifest

FOLDER: Final = 0o700
FILE: Final = 0o600


class TargetThereError(RejectError):
    """Something stands where a folder is to be written; nothing was changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: đã có / exists already; nothing was written")

    def diagnostics(self) -> str:
        """Say what to choose."""
        return "Chọn tên mới, ví dụ theo ngày. / Choose a new name, such as the day."


class BeingWrittenError(RetryError):
    """Another process writes the same folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: đang được ghi / is being written by another process")


class NoRoomError(StopError):
    """The disk has less room than is needed."""

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(
            f"{folder}: cần / needs {needed} bytes, còn / has {free}; nothing was written"
        )

    def diagnostics(self) -> str:
        """Name the remedy."""
        return "Dọn chỗ hoặc chọn đĩa khác. / Make room, or choose another disk."


class NotWrittenError(StopError):
    """The disk gives other bytes than were written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: đĩa trả về byte khác / reads as other bytes than were written")


class Draft:
    """
    The folder *target* while it is written; only its owner may read it.

    A draft that a killed process left behind is begun anew; leaving the block without ``finish`` takes it away.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = target.with_name(f".{target.name}.part")
        self.files: list[HeldFile] = []
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Begin; raises :class:`TargetThereError` or :class:`BeingWrittenError`."""
        if os.path.lexists(self.target):
            raise TargetThereError(self.target)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=FOLDER, exist_ok=True)
        self._lock = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise BeingWrittenError(self.target) from None
        for left in self.folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Take away what was not finished."""
        if self._lock is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._lock)

    def room(self, needed: int) -> None:
        """Raise :class:`NoRoomError` unless so many bytes and a tenth more are free."""
        free = shutil.disk_usage(self.folder).free
        if free < needed + needed // 10:
            raise NoRoomError(self.target, needed, free)

    def copy(self, source: Path, relative: str) -> str:
        """Copy a file; its SHA-256."""
        path = self._place(relative)
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as given, path.open("xb", buffering=0) as file:
            while piece := given.read(PIECE):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        self._note(path, relative, size, digest.hexdigest())
        return digest.hexdigest()

    def drop(self, relative: str) -> None:
        """Leave out a file that was copied."""
        (self.folder / relative).unlink()
        self.files = [one for one in self.files if one.path != relative]

    def write(self, relative: str, content: bytes) -> None:
        """Write a file."""
        path = self._place(relative)
        path.write_bytes(content)
        self._note(path, relative, len(content), hashlib.sha256(content).hexdigest())

    def finish(self, manifest: Manifest | KeysManifest) -> str:
        """Bring everything to disk, read it back, and rename the folder; the manifest's SHA-256."""
        raw = manifest.model_dump_json(indent=1).encode()
        self.write(MANIFEST, raw)
        self.write(SUM, sum_line(raw).encode())
        folders = {self.folder}
        for one in self.files:
            path = self.folder / one.path
            with path.open("rb") as file:
                os.fsync(file.fileno())
            if size_and_sha256(path) != (one.bytes, one.sha256):
                raise NotWrittenError(path)
            folders.update(parent for parent in path.parents if parent.is_relative_to(self.folder))
        sync_folders(folders)
        if os.path.lexists(self.target):
            raise TargetThereError(self.target)
        self.folder.rename(self.target)
        sync_folders([self.target.parent])
        return hashlib.sha256(raw).hexdigest()

    def _place(self, relative: str) -> Path:
        path = self.folder / relative
        path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        return path

    def _note(self, path: Path, relative: str, size: int, sha256: str) -> None:
        path.chmod(FILE)
        self.files.append(HeldFile(path=relative, bytes=size, sha256=sha256))
