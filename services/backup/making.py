"""
Making a backup while everything runs: what cannot be made again, each part read after all that it must not be behind.

The archive's checkpoint first, the read models' fingerprints next, then Redis at one moment, then the archive's
files, which never change, and evidence last: a file is stored before the log hears of it. Read models are not copied:
they follow from the log on any database, and their fingerprints prove that they do.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from services.backup.beyond import FILE as REDIS
from services.backup.beyond import Beyond, take_beyond
from services.backup.draft import Draft
from services.backup.manifest import HeldFigures, HeldLog, KeysManifest, Manifest
from services.doctor import without_secrets
from services.reporting.database import all_generations, looking
from services.reporting.fingerprint import fingerprints_of
from services.reporting.projection import Plan
from services.reporting.projections import ALL
from services.reporting.reading import Reading
from services.restoring import archive_folder, check_tree
from services.trimming import NotTrimmedError, newest_final
from thidua.clock import WallClock, format_instant
from thidua.errors import RejectError, StopError
from thidua.tlog.notes import MOST_NOTE_BYTES, read_checkpoint
from thidua.tlog.prints import FOLDER as PRINTS
from thidua.tlog.tiles import (
    CHECKPOINT,
    KEPT,
    LEVEL_BITS,
    WIDTH,
    bundle_path,
    read_inside,
    tile_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from thidua.log.redis_log import RedisLog
    from thidua.tlog.notes import Checkpoint
    from thidua.tlog.policy import Policy

ARCHIVE: Final = "archive"
EVIDENCE: Final = "evidence"
CONFIGURATION: Final = "configuration"


class OtherLogError(StopError):
    """Redis holds another log than the archive, or none."""

    def __init__(self, expected: str, given: str | None) -> None:
        super().__init__(f"Redis: cần / expected {expected}, có / holds {given or '–'}")


class SecretInsideError(RejectError):
    """A file of configuration holds what belongs to the keys."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: có khóa hay mật khẩu, không được nằm trong bản sao lưu / "
            "holds a key or a password, which no backup may"
        )

    def diagnostics(self) -> str:
        """Name the option for secrets."""
        return "Dùng --secrets và --keys. / Use --secrets with --keys."


class SamePlaceError(RejectError):
    """Keys were to be written into the backup, or the backup among the keys."""

    def __init__(self, keys: Path) -> None:
        super().__init__(
            f"{keys}: khóa phải nằm nơi khác bản sao lưu / keys must lie elsewhere than the backup"
        )


@dataclass(frozen=True, slots=True)
class Sources:
    """
    What is backed up: the log and its archive, held to *policy*; the read models' *engine* for their fingerprints.

    *evidence* is the store's folder, *bucket* where it is instead; *configuration* are files without secrets.
    """

    log: RedisLog
    archive: Path
    policy: Policy
    engine: Engine | None = None
    evidence: Path | None = None
    bucket: str = ""
    vault: bool = False
    configuration: tuple[Path, ...] = ()


async def make(sources: Sources, target: Path, now: datetime) -> tuple[Manifest, str]:
    """
    Write a backup to *target*, which appears when all of it is on disk; its manifest, and the manifest's SHA-256.

    Raises ``TargetThereError``, ``BeingWrittenError``, ``NoRoomError`` and ``ArchiveFaultError``; nothing is there then.
    """
    for path in sources.configuration:
        if without_secrets(text := path.read_text(encoding="utf-8")) != text:
            raise SecretInsideError(path)
    held = (await sources.log.meta()).get("origin")
    if held != sources.policy.log.name:
        raise OtherLogError(sources.policy.log.name, held)
    with Draft(target) as draft:
        public = archive_folder(sources.archive)
        checkpoint, final = await asyncio.to_thread(_newest, public, sources.policy)
        figures = await asyncio.to_thread(_figures, sources.engine)
        beyond = await take_beyond(sources.log, checkpoint.size)
        return await asyncio.to_thread(
            _write, draft, sources, (checkpoint, final), figures, beyond, now
        )


def _write(
    draft: Draft,
    sources: Sources,
    sealed: tuple[Checkpoint, bool],
    figures: HeldFigures | None,
    beyond: Beyond,
    now: datetime,
) -> tuple[Manifest, str]:
    checkpoint, final = sealed
    public = archive_folder(sources.archive)
    members = list(_members(public, checkpoint.size))
    stored = list(_stored(sources.evidence)) if sources.evidence else []
    draft.room(sum(path.stat().st_size for path in (*(public / one for one in members), *stored)))
    for relative in members:
        draft.copy(public / relative, f"{ARCHIVE}/{relative}")
    draft.write(f"{ARCHIVE}/{CHECKPOINT}", checkpoint.note.encode())
    check_tree(draft.folder / ARCHIVE, checkpoint)
    draft.write(REDIS, beyond.model_dump_json().encode())
    absent = list(_absent(sources, figures))
    evidence = 0
    for path in stored:
        relative = f"{EVIDENCE}/{path.relative_to(sources.evidence or path).as_posix()}"
        is_file = relative.startswith(f"{EVIDENCE}/files/")
        if draft.copy(path, relative) != path.name and is_file:
            draft.drop(relative)
            absent.append(f"{relative}: hỏng trong kho / damaged in the store")
        else:
            evidence += is_file
    for path in sources.configuration:
        draft.copy(path, f"{CONFIGURATION}/{path.name}")
    manifest = Manifest(
        origin=checkpoint.origin,
        made=format_instant(now),
        release=version("thidua-services"),
        log=HeldLog(
            position=checkpoint.size + len(beyond.entries),
            sealed=checkpoint.size,
            root=checkpoint.root.hex(),
            checkpoint=checkpoint.note,
            final=final,
        ),
        figures=figures,
        waiting=beyond.unjudged,
        evidence=evidence if sources.evidence else None,
        absent=absent,
        files=draft.files,
    )
    return manifest, draft.finish(manifest)


def make_keys(source: Path, target: Path, origin: str) -> KeysManifest:
    """
    Copy all files under *source* to *target*, readable by their owner alone; raises as :func:`make` does.

    The record of the founding goes with the keys: a backup is held to it, so it must come on another way.
    """
    with Draft(target) as draft:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                draft.copy(path, path.relative_to(source).as_posix())
        manifest = KeysManifest(
            origin=origin, made=format_instant(WallClock().now()), files=draft.files
        )
        draft.finish(manifest)
    return manifest


def apart(target: Path, keys: Path) -> None:
    """Raise :class:`SamePlaceError` when one folder lies in the other."""
    one, other = target.resolve(), keys.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise SamePlaceError(keys)


def shapes() -> dict[str, str]:
    """What the fingerprint of each read model is of: its version and columns, in short."""
    return {one.name: Plan((one,)).version for one in ALL}


def _newest(public: Path, policy: Policy) -> tuple[Checkpoint, bool]:
    """The newest checkpoint with a quorum; the newest of all while there is none, which is then said."""
    try:
        return newest_final(public, policy), True
    except NotTrimmedError:
        return read_checkpoint(read_inside(public, CHECKPOINT, MOST_NOTE_BYTES)), False


def _figures(engine: Engine | None) -> HeldFigures | None:
    """The fingerprints that are served, unless the database is away or of another release."""
    if engine is None:
        return None
    try:
        with looking(engine) as connection:
            live = next((g for g in all_generations(connection) if g.state == "live"), None)
            if live is None or live.version != Plan(ALL).version:
                return None
            read = Reading(connection, live)
            return HeldFigures(
                position=read.position, fingerprints=fingerprints_of(read), shapes=shapes()
            )
    except SQLAlchemyError:
        return None


def _members(public: Path, size: int) -> Iterator[str]:
    """The files that a tree of *size* and the trees before it need, with what was signed of them, but no checkpoint."""
    level = 0
    while count := size >> (LEVEL_BITS * level):
        yield from _tiles(public, partial(tile_path, level), count)
        level += 1
    yield from _tiles(public, bundle_path, size)
    for folder in (KEPT, PRINTS):
        for path in sorted((public / folder).glob("[0-9]*[0-9]")):
            if path.name.isdecimal() and int(path.name) <= size:
                yield f"{folder}/{path.name}"


def _tiles(public: Path, named: Callable[[int, int], str], count: int) -> Iterator[str]:
    """The full files of *count* hashes or entries; of the last, open one every width that was signed."""
    whole, width = divmod(count, WIDTH)
    for index in range(whole):
        yield named(index, WIDTH)
    for each in range(1, width + 1):
        if each == width or (public / named(whole, each)).exists():
            yield named(whole, each)


def _stored(folder: Path) -> Iterator[Path]:
    """What a store of evidence keeps; uses come first, whose files are there by then."""
    for kind in ("uses", "files"):
        for path in sorted((folder / kind).rglob("*")):
            if path.is_file():
                yield path


def _absent(sources: Sources, figures: HeldFigures | None) -> Iterator[str]:
    yield "khóa: cất riêng / keys: kept apart"
    yield "số liệu để xem: dựng lại từ sổ / read models: made again from the log"
    if figures is None:
        yield "dấu vân số liệu: không đọc được / fingerprints: the read models could not be read"
    if sources.bucket:
        yield f"tệp kiểm chứng: ở {sources.bucket} / evidence: is in the bucket"
    elif sources.evidence is None:
        yield "tệp kiểm chứng: không nêu thư mục / evidence: no folder was named"
    if sources.vault:
        yield "kho dữ liệu cá nhân: sao lưu riêng / the vault: apart, by thidua vault backup"
