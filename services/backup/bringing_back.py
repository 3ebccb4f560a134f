"""
Bringing a backup back into an empty system: nothing is written before all of it is proven, Redis last.

Whoever looks meanwhile sees no log, so nothing is judged, sealed or signed; the gate stays shut until the archive
has compared.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect

from services.backup.beyond import put_beyond, put_waiting
from services.backup.checking import pages_of
from services.backup.making import ARCHIVE, EVIDENCE
from services.backup.manifest import BackupFaultError, check_files, read_keys_manifest
from services.founding import CHECKPOINT_KEY, PRIVATE, RECORD, SPEAKERS
from services.reporting.archive import PUBLIC
from services.reporting.checking import fingerprints_at
from services.reporting.database import all_generations, looking
from services.reporting.database import generations as generations_table
from services.reporting.fingerprint import fingerprints
from services.reporting.rebuild import rebuild
from services.restoring import look, restore
from thidua.errors import RejectError, StopError
from thidua.knowledge import own_kid
from thidua.signing import SigningKey
from thidua.tlog.notes import NoteSigner
from thidua.tlog.writing import sync_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from services.backup.checking import Checked
    from thidua.log.redis_log import RedisLog
    from thidua.tlog.policy import Policy


PUBLISHED: Final = 0o644


class NotEmptyError(RejectError):
    """Something is there already; a backup is brought back into an empty system alone, and nothing was written."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: không trống / is not empty; nothing was written")

    def diagnostics(self) -> str:
        """Say how a backup is brought back over a broken system."""
        return (
            "Khôi phục vào nơi trống; giữ lại dữ liệu cũ để so sánh. / "
            "Restore into an empty place, and keep what is there to compare with."
        )


class KeyForeignError(StopError):
    """A key is not the one that the log knows."""

    def __init__(self, path: Path, expected: str) -> None:
        super().__init__(f"{path}: không phải khóa của sổ / is not the log's key of {expected}")

    def diagnostics(self) -> str:
        """Say which keys belong to it."""
        return "Dùng thư mục khóa của chính sổ này. / Use the folder of this very log's keys."


@dataclass(frozen=True, slots=True)
class Place:
    """An empty system: where its log, archive, read models and files of evidence go, and its folder of keys."""

    log: RedisLog
    archive: Path
    engine: Engine
    evidence: Path | None
    home: Path


@dataclass(frozen=True, slots=True)
class Brought:
    """What was brought back: the log's last position, how many events wait, files of evidence, equal read models."""

    position: int
    waiting: int
    evidence: int
    equal: tuple[str, ...]


async def hold_empty(place: Place) -> None:
    """Raise :class:`NotEmptyError` naming the first thing that is there."""
    names = place.log.names
    async for name in place.log.client.scan_iter(match=f"{names.prefix}*", count=1000):
        raise NotEmptyError(f"Redis {name.decode()}")
    for path in (place.archive / PUBLIC, *_kept_in(place.evidence)):
        if path.is_dir() and any(path.iterdir()):
            raise NotEmptyError(str(path))
    if inspect(place.engine).has_table(generations_table.name):
        with looking(place.engine) as connection:
            if all_generations(connection):
                raise NotEmptyError(place.engine.url.render_as_string())


def founding_in(keys: Path) -> Path:
    """Where in a folder of kept keys the record of the founding lies: in it, or in its part ``founding/``."""
    inside = keys / "founding"
    return inside if (inside / RECORD).exists() else keys


def hold_keys(folder: Path, checked: Checked, policy: Policy) -> tuple[str, ...]:
    """
    Hold the private keys under *folder* to the log; the names of those that are not there.

    Raises :class:`KeyForeignError`.
    """
    authentic = checked.restoration.rejudging.authentic
    missing = []
    for service in SPEAKERS:
        path, known = folder / f"{service}.pem", authentic.key(own_kid(service))
        if not path.exists():
            missing.append(path.name)
        elif (
            known is None or SigningKey.from_pem(path.read_bytes()).verifying_key.spki != known.spki
        ):
            raise KeyForeignError(path, own_kid(service))
    path = folder / CHECKPOINT_KEY
    if not path.exists():
        missing.append(path.name)
    elif NoteSigner(policy.log.name, SigningKey.from_pem(path.read_bytes())).public != policy.log:
        raise KeyForeignError(path, policy.log.vkey)
    return tuple(missing)


def put_keys(keys: Path, home: Path) -> None:
    """Copy kept keys to *home*, where there may be the same; raises :class:`NotEmptyError` for another."""
    manifest = read_keys_manifest(keys)
    check_files(keys, manifest.files)
    source = founding_in(keys)
    wanted = [path for path in source.rglob("*") if path.suffix == ".pem" or path.name == RECORD]
    for path in wanted:
        there = home / path.relative_to(source)
        if there.exists() and there.read_bytes() != path.read_bytes():
            raise NotEmptyError(str(there))
    for path in wanted:
        there = home / path.relative_to(source)
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not there.exists():
            _copy(path, there, PRIVATE)
    if wanted:
        _hand_over(home)


async def bring_back(
    backup: Path, checked: Checked, place: Place, now_ms: int, *, verify: bool = True
) -> Brought:
    """
    Write everything: evidence, archive, read models, and Redis last of all.

    Raises :class:`BackupFaultError` when the read models that were built are others than the log gives, unless they are
    not to be verified; then there is no log in Redis yet.
    """
    restoration = checked.restoration
    found = await look(place.log, restoration)
    evidence = 0
    if place.evidence is not None:
        place.evidence.mkdir(parents=True, exist_ok=True)
        # A use is noted of a file that is there.
        evidence = _copy_tree(backup / EVIDENCE / "files", place.evidence / "files", PRIVATE)
        _copy_tree(backup / EVIDENCE / "uses", place.evidence / "uses", PRIVATE)
        _hand_over(place.evidence)
    place.archive.mkdir(parents=True, exist_ok=True)
    draft = place.archive / f".{PUBLIC}.part"
    shutil.rmtree(draft, ignore_errors=True)
    _copy_tree(backup / ARCHIVE, draft, PUBLISHED)
    if (place.archive / PUBLIC).exists():
        (place.archive / PUBLIC).rmdir()
    draft.rename(place.archive / PUBLIC)
    sync_folders([place.archive])
    _hand_over(place.archive)
    equal = _build(place.engine, checked, verify=verify)
    await put_beyond(place.log, checked.beyond)
    await restore(place.log, restoration, found, now_ms)
    await put_waiting(place.log, checked.beyond)
    return Brought(restoration.kept.position, checked.beyond.unjudged, evidence, equal)


def _build(engine: Engine, checked: Checked, *, verify: bool) -> tuple[str, ...]:
    restoration = checked.restoration

    def pages(after: int, most: int) -> list[tuple[int, bytes]]:
        return pages_of(restoration, after, most)

    rebuild(engine, pages)
    if not verify:
        return ()
    served, wanted = fingerprints(engine), fingerprints_at(pages, restoration.kept.position)
    for name, given in served.items():
        if given != wanted[name]:
            raise BackupFaultError(f"read model {name}", wanted[name], given)
    return tuple(sorted(served))


def _kept_in(evidence: Path | None) -> Iterator[Path]:
    if evidence is not None:
        yield from (evidence / "files", evidence / "uses")


def _copy_tree(source: Path, target: Path, mode: int) -> int:
    """Copy a folder's files, each on disk when it returns; how many there were."""
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    for path in files:
        there = target / path.relative_to(source)
        there.parent.mkdir(parents=True, exist_ok=True)
        _copy(path, there, mode)
    sync_folders({(target / path.relative_to(source)).parent for path in files})
    return len(files)


def _copy(source: Path, target: Path, mode: int) -> None:
    """Copy a file, by another name first."""
    draft = target.with_name(f"{target.name}.part")
    draft.touch(mode=PRIVATE)
    shutil.copyfile(source, draft)
    draft.chmod(mode)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)


def _hand_over(folder: Path) -> None:
    """Give all in a folder to its owner, who may be another when root brings it back."""
    if os.geteuid() == 0:
        owner = folder.stat()
        for path in folder.rglob("*"):
            os.chown(path, owner.st_uid, owner.st_gid)
