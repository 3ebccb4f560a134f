"""The note beside backups that says which is the last one and what was proven of it: ``thidua status`` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from thidua.clock import format_instant
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from services.backup.manifest import Manifest

FILE: Final = "last-backup.json"
Proof = Literal["tree", "whole", "fails"]
"""The archive's tree was computed from the copy; everything was checked; a check said no."""


class Marker(BaseModel):
    """The last backup: its folder's name, when it was made, what it holds of the log, and what was last proven."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    folder: str
    made: str
    position: int
    sealed: int
    sha256: str
    proof: Proof
    proved: str


def read_marker(path: Path) -> Marker | None:
    """The note in a file; ``None`` for a file that was only touched, or that is not there."""
    try:
        return Marker.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def mark_made(target: Path, manifest: Manifest, sha256: str) -> None:
    """Say that *target* is the last backup."""
    made = Marker(
        folder=target.name,
        made=manifest.made,
        position=manifest.log.position,
        sealed=manifest.log.sealed,
        sha256=sha256,
        proof="tree",
        proved=manifest.made,
    )
    _write(target.parent / FILE, made)


def mark_proven(target: Path, proof: Proof, now: datetime) -> None:
    """Say what a check of *target* came to, if it is the last backup."""
    path = target.parent / FILE
    last = read_marker(path)
    if last is not None and last.folder == target.name:
        proven = {"proof": proof, "proved": format_instant(now)}
        _write(path, last.model_copy(update=proven))


def _write(path: Path, marker: Marker) -> None:
    write_whole(path, marker.model_dump_json(indent=1).encode())
