"""
The archive: what stands in the log is sealed into tiles and signed checkpoints, in one folder with one writer.

An entry is sealed when it and every tile over it are on disk, were read back, and a signed checkpoint says so.
What is sealed is never changed. Before sealing every entry is held to its signature, its key and its chain:
whoever edits Redis ends here. A folder that was copied, published or burnt verifies without us.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from thidua.audit.authentic import NotAuthenticError
from thidua.errors import LogCorruptError, RetryError, StopError
from thidua.journal import Journal
from thidua.log.entry import read_entry
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.merkle import EMPTY_ROOT
from thidua.tlog.notes import (
    MOST_NOTE_BYTES,
    Checkpoint,
    NoteSigner,
    read_checkpoint,
    unsigned,
)
from thidua.tlog.tiles import CHECKPOINT, TileFolder, kept_path, read_inside
from thidua.tlog.writing import TileWriter, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from thidua.audit.authentic import Authenticity

log = structlog.get_logger(__name__)

PUBLIC: Final = "archive"
"""The part of the folder that anybody may have."""
ALARMS: Final = "alarms.journal"
"""Every alarm that a person lifted, and why."""
_GATE: Final = "gate.json"
_LOCK: Final = "writer.lock"


class SealedElsewhereError(RetryError):
    """Another process is the archive's writer."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another process writes the archive in {folder}")


class ArchiveForeignError(StopError):
    """The folder holds another log's archive, or one that another key signed."""

    def __init__(self, expected: str, given: str) -> None:
        super().__init__(f"the archive is not ours: expected {expected}, given {given}")

    def diagnostics(self) -> str:
        """Say what to look at."""
        return "See that THIDUA_ARCHIVE_DIR and the checkpoint key belong to this log."


@dataclass(frozen=True, slots=True)
class GateState:
    """
    For which run of the server the log was opened, or why it is not open.

    ``alarm`` is a fault that no comparison lifts: a person must look.
    """

    run_id: str | None = None
    is_open: bool = False
    reason: str | None = "not compared yet"
    alarm: str | None = None


class SealedLog:
    """An archive as anybody reads it: the newest checkpoint, the entries under it, and the gate's state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.public = folder / PUBLIC

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint; ``None`` before the first entry is sealed."""
        if not (self.public / CHECKPOINT).exists():
            return None
        return read_checkpoint(read_inside(self.public, CHECKPOINT, MOST_NOTE_BYTES))

    @property
    def position(self) -> int:
        """The last sealed position."""
        newest = self.checkpoint()
        return newest.size if newest else 0

    def files(self, size: int | None = None) -> TileFolder:
        """The files under the newest checkpoint, or of a smaller *size*."""
        newest = self.checkpoint()
        return TileFolder(self.public, (newest.size if newest else 0) if size is None else size)

    def gate(self) -> GateState:
        """What was last said about the gate."""
        try:
            return GateState(**json.loads((self.folder / _GATE).read_bytes()))
        except FileNotFoundError:
            return GateState()

    @contextmanager
    def unwritten(self) -> Iterator[None]:
        """Keep everybody from writing for a while; raises :class:`SealedElsewhereError` while another process does."""
        descriptor = _lock(self.folder)
        try:
            yield
        finally:
            os.close(descriptor)

    def lift_alarm(self, lifted: Mapping[str, object]) -> None:
        """
        A person has looked: what is compared next decides again.

        *lifted* says who found what; it is kept beside the archive for good. To be called while nobody writes.
        """
        journal = Journal(self.folder / ALARMS)
        with journal.locked():
            journal.read()
            journal.append([dict(lifted)])
        _note(self.folder, replace(self.gate(), alarm=None))


class Archive(SealedLog):
    """
    The archive's one writer.

    ``start`` raises :class:`SealedElsewhereError` while another process writes; the lock goes with the process,
    however it ends.
    """

    def __init__(
        self, folder: Path, signer: NoteSigner, authenticity: Callable[[], Authenticity]
    ) -> None:
        super().__init__(folder)
        self.signer = signer
        self._authenticity = authenticity
        self._authentic = authenticity()
        self._status = Status(0, EMPTY_ROOT)
        self._gate = GateState()
        self._writer: TileWriter | None = None
        self._locked: int | None = None
        self._one = threading.Lock()

    @property
    def position(self) -> int:
        """The last sealed position."""
        return self._status.position

    @property
    def is_writer(self) -> bool:
        """Whether this process holds the archive."""
        return self._writer is not None

    def start(self) -> int:
        """Become the writer and take up what is sealed; the position that following goes on from."""
        self.public.mkdir(parents=True, exist_ok=True)
        if self._locked is None:
            self._locked = _lock(self.folder)
        try:
            with self._one:
                self._take_up()
                self._gate = self.gate()
        except Exception:
            self.stop()
            raise
        return self.position

    def stop(self) -> None:
        """Let another process write."""
        with self._one:
            self._writer = None
            if self._locked is not None:
                os.close(self._locked)
                self._locked = None

    def seal(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """
        Seal the next entries; those sealed before must be the same.

        Raises :class:`NotAuthenticError` at an entry that nobody validly said, after sealing those before it, and
        ``LogCorruptError`` when entries are missing; both are alarms that a person must lift.
        """
        with self._one:
            writer = self._writer
            if writer is None:
                raise SealedElsewhereError(self.folder)
            fresh = [(position, raw) for position, raw in entries if position > self.position]
            if not fresh:
                return
            good, fault = self._authentic_part(fresh)
            try:
                if good:
                    writer.add(good)
                    self._sign(writer)
            except (OSError, ArchiveFaultError, ArchiveUnreadableError):
                # What is in memory is no longer what is on disk: only the disk counts.
                self._take_up()
                raise
            if fault is not None:
                self._note(replace(self._gate, is_open=False, reason=str(fault), alarm=str(fault)))
                log.critical("archive_alarm", position=self.position + 1, reason=str(fault))
                raise fault

    def note(self, run_id: str, *, is_open: bool, reason: str | None) -> None:
        """Keep the result of a comparison."""
        with self._one:
            self._note(GateState(run_id, is_open, reason, self._gate.alarm))

    def alarm(self) -> str | None:
        """The fault that a person must look at before the log may be opened again."""
        return self._gate.alarm

    def cosigned(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint of ours with more signatures under it."""
        with self._one:
            raw = checkpoint.note.encode()
            write_whole(self.public / kept_path(checkpoint.size), raw)
            if checkpoint.size == self.position:
                write_whole(self.public / CHECKPOINT, raw)

    def _authentic_part(
        self, fresh: list[tuple[int, bytes]]
    ) -> tuple[list[bytes], LogCorruptError | NotAuthenticError | None]:
        """The entries before the first that may not be sealed, and what is wrong with that one."""
        good: list[bytes] = []
        for place, (position, raw) in enumerate(fresh, self.position + 1):
            if position != place:
                return good, LogCorruptError(place, "the next entry", f"position {position}")
            try:
                self._authentic.take(read_entry(position, raw))
            except NotAuthenticError as error:
                return good, error
            except StopError as error:
                return good, LogCorruptError(position, "an entry", str(error))
            good.append(raw)
        return good, None

    def _sign(self, writer: TileWriter) -> None:
        root = writer.write()
        checkpoint = unsigned(self.signer.name, writer.size, root)
        raw = checkpoint.signed(self.signer.line(checkpoint.text)).note.encode()
        write_whole(self.public / kept_path(writer.size), raw)
        write_whole(self.public / CHECKPOINT, raw)
        self._status = Status(writer.size, root)

    def _take_up(self) -> None:
        checkpoint = self.checkpoint()
        size = 0
        if checkpoint is not None:
            ours = self.signer.public
            if checkpoint.origin != ours.name or not checkpoint.signed_by(ours)[0]:
                raise ArchiveForeignError(ours.vkey, checkpoint.origin)
            size = checkpoint.size
        writer = TileWriter(self.public, size)
        if checkpoint is not None and writer.root() != checkpoint.root:
            raise ArchiveFaultError(CHECKPOINT, "the root of the tiles", "another")
        self._authentic = self._authenticity()
        for position, raw in TileFolder(self.public, size).entries():
            self._authentic.take(read_entry(position, raw), signatures=False)
        self._writer = writer
        self._status = Status(size, writer.root())

    def _note(self, gate: GateState) -> None:
        self._gate = gate
        _note(self.folder, gate)


def _note(folder: Path, gate: GateState) -> None:
    write_whole(folder / _GATE, json.dumps(asdict(gate)).encode())


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise SealedElsewhereError(folder) from None
    return descriptor


@dataclass(frozen=True, slots=True)
class Status:
    """How far the archive has sealed, and the root of the tree there."""

    position: int
    root: bytes


def sealed_pages(archive: SealedLog, page: int) -> Iterator[tuple[int, list[bytes]]]:
    """The sealed entries in pages, each with the position before its first."""
    files = archive.files()
    for after in range(0, files.size, page):
        yield after, [raw for _, raw in files.entries(after, after + page)]
