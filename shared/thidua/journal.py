"""
A file that only grows: every append is one line with its checksum, on the disk before it returns.

A process killed or a machine that lost power in the middle of an append leaves a last line that does
not check; it was never acknowledged and is cut at the next append. Any other line that does not check
means that somebody else wrote into the file, and nothing is done with it.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from thidua.errors import RetryError, StopError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_CHECKSUM: Final = 8


class JournalDamagedError(StopError):
    """A line before the last one does not check: the file was changed by something else."""

    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(
            f"{path}: dòng tại byte {offset} bị hỏng / the line at byte {offset} is damaged"
        )

    def diagnostics(self) -> str:
        """Say that the file is to be kept."""
        return (
            "Giữ nguyên tệp, khôi phục từ bản sao lưu. / "
            "Keep the file as it is and restore it from a backup; nothing was written."
        )


class JournalUnwritableError(RetryError):
    """The file cannot be written: no room, no right, or a broken disk."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: không ghi được / cannot be written: {reason}")

    def diagnostics(self) -> str:
        """Say that what was to be written was not taken."""
        return "Chưa có gì được ghi nhận. / Nothing was taken; make room or mend the right, then repeat."


class LockedError(RetryError):
    """Another process holds the lock that allows one holder only."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: tiến trình khác đang giữ / held by another process")


class Journal:
    """
    Records of one file, in the order of their appends; several processes may share it.

    ``read`` goes on where it last ended. ``append`` must be called while holding ``locked()``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file for a moment, waiting for whoever holds it; raises ``JournalUnwritableError``."""
        with _held(self.path.with_suffix(".lock"), wait=True):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one process that acts on the file for longer; raises ``LockedError`` when another does."""
        with _held(self.path.with_suffix(".busy"), wait=False):
            yield

    def read(self) -> list[dict[str, Any]]:
        """
        The records appended since the last time.

        Raises ``JournalDamagedError`` when a line that others follow does not check.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalUnwritableError(self.path, error.strerror or str(error)) from None
        records: list[dict[str, Any]] = []
        *lines, _torn = fresh.split(b"\n")
        for number, line in enumerate(lines):
            batch = _checked(line)
            if batch is None:
                if any(_checked(later) is not None for later in lines[number + 1 :]):
                    raise JournalDamagedError(self.path, self._offset)
                break
            records += batch
            self._offset += len(line) + 1
        return records

    def append(self, records: list[dict[str, Any]]) -> None:
        """
        Write *records* as one line, all or none; when it returns they are on the disk.

        Call it under ``locked()`` and after ``read()``. A torn last line is cut first.
        """
        text = json.dumps(records, ensure_ascii=False, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        try:
            is_new = not self.path.exists()
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT, _PRIVATE_FILE)
            try:
                os.ftruncate(file, self._offset)
                os.lseek(file, self._offset, os.SEEK_SET)
                _write(file, line, self._offset)
            finally:
                os.close(file)
            if is_new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise JournalUnwritableError(self.path, error.strerror or str(error)) from None
        self._offset += len(line)


def _write(file: int, line: bytes, offset: int) -> None:
    try:
        left = memoryview(line)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, offset)
        raise


def _checked(line: bytes) -> list[dict[str, Any]] | None:
    """The records of a line; ``None`` when it does not check."""
    checksum, text = line[:_CHECKSUM], line[_CHECKSUM + 1 :]
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    records: list[dict[str, Any]] = json.loads(text)
    return records


def sync_folder(folder: Path) -> None:
    """Make a new file's name last; where folders cannot be opened (Windows) the system does it itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _held(path: Path, *, wait: bool) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
        file = os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE)
    except OSError as error:
        raise JournalUnwritableError(path, error.strerror or str(error)) from None
    try:
        _lock(file, path, wait=wait)
        yield
    finally:
        os.close(file)  # the system lets go of the lock with it, also when the process is killed


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int, path: Path, *, wait: bool) -> None:
        while True:
            try:
                msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    raise LockedError(path) from None
            else:
                return
else:
    import fcntl

    def _lock(file: int, path: Path, *, wait: bool) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(path) from None
