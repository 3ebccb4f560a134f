"""What a backup says it holds, and the check that it holds just that: every file by size and SHA-256, no other file."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.tiles import read_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST: Final = "manifest.json"
SUM: Final = "manifest.sha256"
"""The manifest's own hash, for ``sha256sum --check`` too."""
MOST_BYTES: Final = 1 << 30
PIECE: Final = 1 << 20
_SUM: Final = re.compile(rf"([0-9a-f]{{64}})  {re.escape(MANIFEST)}\n")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BackupFaultError(ArchiveFaultError):
    """A backup is not what its manifest says, or not what its log says: a proof says no."""

    def diagnostics(self) -> str:
        """Say that another copy may be whole."""
        return "Dùng một bản sao lưu khác. / Use another backup."


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class HeldFile(_Said):
    """A file of the backup: its place in it, its size and its hash."""

    path: str
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class HeldLog(_Said):
    """
    The log as far as the backup holds it.

    ``sealed`` entries stand in the archive under ``checkpoint``, those up to ``position`` were not sealed yet;
    ``final``: a quorum of witnesses has cosigned that checkpoint.
    """

    position: Annotated[int, Field(ge=1)]
    sealed: Annotated[int, Field(ge=1)]
    root: Sha256
    checkpoint: str
    final: bool


class HeldFigures(_Said):
    """The fingerprint of every read model at a position, and the shape it is of; another shape cannot be compared."""

    position: Annotated[int, Field(ge=0)]
    fingerprints: dict[str, Sha256]
    shapes: dict[str, str]


class Manifest(_Said):
    """
    A backup: of which log, when and by which release it was made, and all it holds and does not hold.

    ``waiting`` events were not judged yet; ``evidence`` is the number of files, ``None`` when they are elsewhere.
    """

    v: Literal[1] = 1
    origin: str
    made: str
    release: str
    log: HeldLog
    figures: HeldFigures | None
    waiting: Annotated[int, Field(ge=0)]
    evidence: Annotated[int, Field(ge=0)] | None
    absent: list[str]
    files: list[HeldFile]

    @property
    def bytes(self) -> int:
        """All files together."""
        return sum(one.bytes for one in self.files)


class KeysManifest(_Said):
    """The keys of a log, kept apart from its backups."""

    v: Literal[1] = 1
    origin: str
    made: str
    files: list[HeldFile]


def sum_line(manifest: bytes) -> str:
    """What stands in the file beside the manifest."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup; raises :class:`BackupFaultError`, and ``ArchiveUnreadableError`` when it is missing."""
    try:
        return Manifest.model_validate_json(_manifest_bytes(folder))
    except ValidationError as error:
        raise _misformed(error) from None


def read_keys_manifest(folder: Path) -> KeysManifest:
    """The manifest of a folder of keys; raises as :func:`read_manifest` does."""
    try:
        return KeysManifest.model_validate_json(_manifest_bytes(folder))
    except ValidationError as error:
        raise _misformed(error) from None


def manifest_sha256(folder: Path) -> str:
    """The backup's one fingerprint: whoever has it on paper knows every byte."""
    return hashlib.sha256(_manifest_bytes(folder)).hexdigest()


def check_files(folder: Path, files: list[HeldFile]) -> None:
    """
    Hold every file to its size and hash, and the folder to these files.

    Raises :class:`BackupFaultError` naming the first file that differs, is missing, or is nobody's. A name that leads
    out of the folder is one that is missing.
    """
    named = {one.path for one in files}
    if len(named) != len(files):
        raise BackupFaultError(MANIFEST, "each file once", "one of them twice")
    there = set(_walk(folder)) - {MANIFEST, SUM}
    for path in sorted(named - there):
        raise BackupFaultError(path, "tệp này / this file", "không có / is missing")
    for path in sorted(there - named):
        raise BackupFaultError(path, "không có tệp này / no such file", "một tệp thừa / a file")
    for one in files:
        size, digest = size_and_sha256(folder / one.path)
        if (size, digest) != (one.bytes, one.sha256):
            raise BackupFaultError(
                one.path, f"{one.bytes} bytes, sha256 {one.sha256}", f"{size} bytes, {digest}"
            )


def size_and_sha256(path: Path) -> tuple[int, str]:
    """How many bytes a file has, and their hash."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def _manifest_bytes(folder: Path) -> bytes:
    told = read_inside(folder, SUM, 1000)
    found = _SUM.fullmatch(told.decode("ascii", "replace"))
    if found is None:
        raise BackupFaultError(SUM, f"sha256  {MANIFEST}", ascii(told[:80]))
    raw = read_inside(folder, MANIFEST, MOST_BYTES)
    given = hashlib.sha256(raw).hexdigest()
    if given != found[1]:
        raise BackupFaultError(MANIFEST, f"sha256 {found[1]} ({SUM})", given)
    return raw


def _misformed(error: ValidationError) -> BackupFaultError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return BackupFaultError(f"{MANIFEST} {place}".rstrip(), "a manifest of v 1", first["msg"])


def _walk(folder: Path) -> Iterator[str]:
    """Every file under *folder*; raises for what is neither a plain file nor a folder."""
    if not folder.is_dir():
        raise ArchiveUnreadableError(str(folder), "không có / is missing")
    for at, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(at, name)
            relative = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield relative
            elif not stat.S_ISDIR(mode):
                raise BackupFaultError(relative, "tệp / a plain file", "thứ khác / another thing")
