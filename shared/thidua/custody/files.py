"""Files that their owner alone reads: written whole or not at all, removed for good."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from thidua.errors import RejectError, RetryError
from thidua.journal import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIVATE_FOLDER: Final = 0o700
MOST_BYTES: Final = 1024 * 1024


class PrivateFileError(RetryError):
    """A file of the folder cannot be written or read: no room, no right, a broken disk."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: không ghi hoặc đọc được / cannot be written or read: {reason}")


class FileMissingError(RejectError):
    """A file that was written once is no longer there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: không còn tệp này / the file is gone")
        self.path = path

    def diagnostics(self) -> str:
        """Say where another copy may be."""
        return "Khôi phục cả thư mục từ bản sao lưu. / Restore the whole folder from its backup."


def write_private(path: Path, data: bytes) -> None:
    """
    Put *data* in *path*, mode 0600: after a crash the old bytes are there or the new ones.

    Raises :class:`PrivateFileError`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise PrivateFileError(path, error.strerror or str(error)) from None


def read_private(path: Path) -> bytes:
    """The bytes of *path*. Raises :class:`FileMissingError` and :class:`PrivateFileError`."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise FileMissingError(path) from None
    except OSError as error:
        raise PrivateFileError(path, error.strerror or str(error)) from None


def remove_private(path: Path) -> bool:
    """
    Remove *path*, and what a killed write left beside it; whether it was there.

    Its blocks are written over first. A disk that moves blocks (SSD) may keep them: the passphrase guards those.
    """
    existed = False
    try:
        for each in (path, *_leftovers(path)):
            existed |= _overwrite(each) and each == path
        if path.parent.is_dir():
            sync_folder(path.parent)
    except OSError as error:
        raise PrivateFileError(path, error.strerror or str(error)) from None
    return existed


def _leftovers(path: Path) -> Iterator[Path]:
    return path.parent.glob(f".{path.name}.*")


def _overwrite(path: Path) -> bool:
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return False
    path.unlink()
    return True
