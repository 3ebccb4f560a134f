"""``thidua backup``: a backup of the whole system made while it runs, or checked."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr
from sqlalchemy import make_url

from services.backup.checking import Checked, check
from services.backup.draft import TargetThereError
from services.backup.making import Sources, apart, make, make_keys
from services.backup.marker import mark_made, mark_proven
from services.founding import RECORD
from services.log_commands import (
    HOME,
    Home,
    PolicyFile,
    RedisUrl,
    known_policy,
    said,
)
from services.reporting.database import open_engine
from thidua.cli.answers import AsJson, show
from thidua.clock import WallClock
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.settings import Settings
from thidua.stream import new_client, wait_for_redis
from thidua.tlog.faults import ArchiveFaultError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from services.backup.manifest import KeysManifest, Manifest
    from thidua.tlog.policy import Policy

MIB = 1 << 20

Target = Annotated[Path, typer.Argument(help="Folder of the backup.", show_default=False)]
ArchiveDir = Annotated[
    Path | None, typer.Option(help="The archive's folder; else THIDUA_ARCHIVE_DIR.")
]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="The read models; else THIDUA_DATABASE_URL or its _FILE.")
]
EvidenceDir = Annotated[
    Path | None, typer.Option(help="The folder of evidence; else THIDUA_EVIDENCE_FOLDER.")
]


class BackupSettings(Settings):
    """Where the parts of a running system are."""

    archive_dir: Path = Path("thidua-archive")
    evidence_folder: Path | None = None
    evidence_bucket: str = ""
    vault_url: SecretStr | None = None

    @classmethod
    def found(cls, **given: object) -> BackupSettings:
        """Those given, and the environment's where nothing is given."""
        return cls.model_validate({name: value for name, value in given.items() if value})

    @property
    def evidence(self) -> Path | None:
        """The folder in which files of evidence are kept; none when they are in a bucket."""
        return None if self.evidence_bucket else self.evidence_folder

    def engine(self) -> Engine | None:
        """The database of the read models; ``None`` for a file of SQLite that is not there."""
        url = make_url(self.database_url.get_secret_value())
        is_file = url.get_backend_name() == "sqlite"
        if is_file and not Path(url.database or "").exists():
            return None
        return open_engine(self.database_url.get_secret_value())


def backup(
    folder: Target,
    *,
    check_only: Annotated[
        bool, typer.Option("--check", help="Check the backup that is there; nothing is written.")
    ] = False,
    keys: Annotated[
        Path | None,
        typer.Option(help="Copy the keys here: another place than the backup's, a new folder."),
    ] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(help="Where keys and passwords are: deploy/secrets; else HOME."),
    ] = None,
    configuration: Annotated[
        list[Path] | None,
        typer.Option(help="A file of settings without secrets, such as .env; any number of them."),
    ] = None,
    archive: ArchiveDir = None,
    evidence: EvidenceDir = None,
    database_url: DatabaseUrl = None,
    redis_url: RedisUrl = None,
    policy: PolicyFile = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """
    Sao lưu cả hệ thống khi đang chạy, hoặc kiểm một bản. / Back up the whole running system, or check a backup.

    The folder must be new; it is there whole or not at all. Keys never go into it: --keys names another place.
    """
    with said():
        if check_only:
            _check(folder, policy, home, as_json=as_json)
            return
        for target in (folder, keys):
            if target is not None and os.path.lexists(target):
                raise TargetThereError(target)
        if keys is not None:
            apart(folder, keys)
        settings = BackupSettings.found(
            origin="unknown",
            archive_dir=archive,
            evidence_folder=evidence,
            database_url=database_url,
            redis_url=redis_url,
        )
        known = known_policy(policy, home, settings.archive_dir)
        kept = [path for path in (home / RECORD, policy) if path is not None and path.exists()]
        engine = settings.engine()
        files = (*kept, *(configuration or ()))
        try:
            manifest, sha256 = asyncio.run(made(settings, known, folder, engine, files))
        finally:
            if engine is not None:
                engine.dispose()
        mark_made(folder, manifest, sha256)
        locked = None if keys is None else make_keys(secrets or home, keys, known.log.name)
    document = {"folder": str(folder), "sha256": sha256, **manifest.model_dump(exclude={"files"})}
    show(document, _lines(folder, manifest, sha256, keys, locked), as_json=as_json)


async def made(
    settings: BackupSettings,
    policy: Policy,
    folder: Path,
    engine: Engine | None,
    configuration: tuple[Path, ...] = (),
) -> tuple[Manifest, str]:
    """A backup of what *settings* name, written to a folder; its manifest, and that one's SHA-256."""
    client = new_client(settings.redis_url.get_secret_value())
    try:
        await wait_for_redis(client)
        sources = Sources(
            log=RedisLog(client, Names(settings.partition)),
            archive=settings.archive_dir,
            policy=policy,
            engine=engine,
            evidence=settings.evidence,
            bucket=settings.evidence_bucket,
            vault=settings.vault_url is not None,
            configuration=configuration,
        )
        return await make(sources, folder, WallClock().now())
    finally:
        await client.aclose()


def _check(folder: Path, policy: Path | None, home: Path, *, as_json: bool) -> None:
    known = known_policy(policy, home, folder)
    try:
        checked = check(folder, known)
    except ArchiveFaultError:
        mark_proven(folder, "fails", WallClock().now())
        raise
    mark_proven(folder, "whole", WallClock().now())
    manifest = checked.manifest
    document = {
        "folder": str(folder),
        "holds": True,
        **manifest.model_dump(exclude={"files"}),
        "equal": checked.equal,
        "unlike": checked.unlike,
    }
    show(document, _found(folder, checked), as_json=as_json)


def _found(folder: Path, checked: Checked) -> Iterator[str]:
    manifest, counts = checked.manifest, checked.restoration.rejudging.counts
    yield f"ĐÚNG / HOLDS   {folder}"
    yield from _held(manifest)
    yield f"chữ ký / signatures         {counts.signatures}"
    yield f"số liệu khớp / equal        {len(checked.equal)}"
    for name in checked.unlike:
        yield f"  ? {name}: bản khác, không so được / of another release, not compared"


def _lines(
    folder: Path,
    manifest: Manifest,
    sha256: str,
    keys: Path | None,
    locked: KeysManifest | None,
) -> Iterator[str]:
    yield f"ĐÃ SAO LƯU / BACKED UP   {folder}"
    yield from _held(manifest)
    if locked is None:
        yield "khóa / keys                 KHÔNG SAO / NOT COPIED: --keys"
    else:
        names = ", ".join(one.path for one in locked.files)
        yield f"khóa / keys                 {keys}: {names}"
    yield f"dấu vân, ghi ra giấy / fingerprint, write it down: {sha256}"


def _held(manifest: Manifest) -> Iterator[str]:
    log, figures = manifest.log, manifest.figures
    yield f"sổ / log                    {manifest.origin}"
    yield f"vị trí / position           {log.position} (đã niêm / sealed {log.sealed})"
    yield f"gốc / root                  {log.root}"
    if not log.final:
        yield "  ! chưa đủ nhân chứng / no quorum of witnesses has cosigned it"
    yield f"chờ xét / waiting           {manifest.waiting}"
    if figures is not None:
        yield f"số liệu / read models       {len(figures.fingerprints)} @ {figures.position}"
    if manifest.evidence is not None:
        yield f"tệp kiểm chứng / evidence   {manifest.evidence}"
    yield f"tệp / files                 {len(manifest.files)}, {manifest.bytes / MIB:.1f} MiB"
    for what in manifest.absent:
        yield f"  – {what}"
