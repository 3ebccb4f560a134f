"""Checking a backup by itself: every file by hash, the archive to its checkpoint, every entry by signature and judge."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from services.backup.beyond import FILE as REDIS
from services.backup.beyond import Beyond, read_beyond
from services.backup.making import ARCHIVE, EVIDENCE, shapes
from services.backup.manifest import (
    MANIFEST,
    MOST_BYTES,
    BackupFaultError,
    HeldFigures,
    Manifest,
    check_files,
    read_manifest,
)
from services.reporting.checking import fingerprints_at
from services.restoring import Restoration, verified
from thidua.contracts.units import EvidenceStored
from thidua.log import EntryError
from thidua.signing import parse_jws
from thidua.tlog.tiles import read_inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thidua.tlog.policy import Policy


@dataclass(frozen=True, slots=True)
class Checked:
    """
    A backup that holds.

    ``equal`` are the read models whose fingerprints were built anew and are those of the backup; ``unlike`` those of
    another shape than this release's, which cannot be compared.
    """

    manifest: Manifest
    restoration: Restoration
    beyond: Beyond
    equal: tuple[str, ...]
    unlike: tuple[str, ...]


def check(folder: Path, policy: Policy, *, figures: bool = True) -> Checked:
    """
    Check a backup against a policy that was got on another way; without *figures* no read model is built anew.

    Raises :class:`BackupFaultError` and what ``verified`` raises, naming the file or position.
    """
    manifest = read_manifest(folder)
    check_files(folder, manifest.files)
    restoration = verified(folder / ARCHIVE, policy)
    if (manifest.origin, manifest.log.sealed) != (restoration.origin, restoration.sealed):
        given = f"{manifest.origin} {manifest.log.sealed}"
        expected = f"{restoration.origin} {restoration.sealed}"
        raise BackupFaultError(MANIFEST, expected, given)
    beyond = read_beyond(read_inside(folder, REDIS, MOST_BYTES))
    for position, raw in enumerate(beyond.entries, restoration.sealed + 1):
        try:
            restoration.add(raw)
        except EntryError as error:
            raise BackupFaultError(f"{REDIS} {position}", "an entry", str(error)) from None
    if restoration.kept.position != manifest.log.position:
        given = str(restoration.kept.position)
        raise BackupFaultError(REDIS, f"{manifest.log.position} entries", given)
    equal, unlike = _compared(manifest.figures if figures else None, restoration)
    _evidence(folder, manifest, restoration)
    return Checked(manifest, restoration, beyond, equal, unlike)


def pages_of(restoration: Restoration, after: int, most: int) -> list[tuple[int, bytes]]:
    """The log as rebuilding asks for it."""
    return list(islice(restoration.entries(after), most))


def _compared(
    figures: HeldFigures | None, restoration: Restoration
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if figures is None:
        return (), ()
    if figures.position > restoration.kept.position:
        given = str(figures.position)
        raise BackupFaultError("figures", f"at most position {restoration.kept.position}", given)
    here = shapes()
    built = fingerprints_at(lambda *of: pages_of(restoration, *of), figures.position)
    unlike = sorted(name for name, shape in figures.shapes.items() if here.get(name) != shape)
    equal = sorted(figures.fingerprints.keys() - set(unlike))
    for name in equal:
        if built[name] != figures.fingerprints[name]:
            raise BackupFaultError(
                f"read model {name} @ {figures.position}", figures.fingerprints[name], built[name]
            )
    return tuple(equal), tuple(unlike)


def _evidence(folder: Path, manifest: Manifest, restoration: Restoration) -> None:
    """Every file of evidence has its hash, and none is missing of which the log says that it is stored."""
    files = folder / EVIDENCE / "files"
    held = {path.name for path in files.rglob("*") if path.is_file()}
    for one in manifest.files:
        name = one.path.rpartition("/")[2]
        if one.path.startswith(f"{EVIDENCE}/files/") and name != one.sha256:
            raise BackupFaultError(one.path, f"sha256 {name}", one.sha256)
    if manifest.evidence is None:
        return
    for position, sha256 in _said_to_be_stored(restoration):
        if sha256 not in held:
            where = f"{EVIDENCE} {sha256}"
            raise BackupFaultError(where, f"stored (position {position})", "không có / is missing")


def _said_to_be_stored(restoration: Restoration) -> Iterator[tuple[int, str]]:
    for position, raw in restoration.entries(0):
        entry = json.loads(raw)
        if "jws" not in entry or "refused" in entry:
            continue
        payload = parse_jws(entry["jws"].encode()).payload
        if EvidenceStored.TYPE.encode() in payload:
            event = json.loads(payload)
            if event["type"] == EvidenceStored.TYPE:
                yield position, event["data"]["evidence"]["sha256"]
