"""``thidua backup`` and ``restore``: a backup of the whole running system, made, checked and brought back into an empty one."""

from __future__ import annotations

import asyncio
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr
from sqlalchemy import make_url

from services.backup.bringing_back import (
    Place,
    bring_back,
    founding_in,
    hold_empty,
    hold_keys,
    put_keys,
)
from services.backup.checking import Checked, check
from services.backup.making import Sources, apart, make, make_keys
from services.backup.marker import mark_made, mark_proven
from services.backup.witnesses import (
    EntriesLostError,
    Heard,
    WitnessesSilentError,
    ask_witnesses,
    hold_to,
)
from services.founding import RECORD
from services.log_commands import (
    HOME,
    Home,
    PolicyFile,
    RedisUrl,
    known_policy,
    root_key_in,
    said,
)
from services.reporting.database import open_engine
from services.restoring import NotRestoredError
from services.units.domain import JUDGE as UNITS
from thidua.cli.answers import AsJson, note, show
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
    from thidua.signing import SigningKey
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
        now = WallClock().now()
        # Keys first: whoever sees the backup finds them, and they alone are no backup.
        locked = None if keys is None else make_keys(secrets or home, keys, known.log.name, now)
        engine = settings.engine()
        files = (*kept, *(configuration or ()))
        try:
            manifest, sha256 = asyncio.run(made(settings, known, folder, engine, files))
        finally:
            if engine is not None:
                engine.dispose()
        mark_made(folder, manifest, sha256)
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


def restore(
    folder: Target,
    *,
    reason: Annotated[str, typer.Option(help="Why it is restored; stands in the log.")],
    verify: Annotated[
        bool, typer.Option(help="Build every read model anew and hold it to the backup's figures.")
    ] = True,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss", help="Go on although witnesses have seen more, or may have: for ever."
        ),
    ] = False,
    keys: Annotated[
        Path | None, typer.Option(help="The folder of keys that backup --keys made; to HOME.")
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
    Khôi phục một bản sao lưu vào hệ thống trống. / Bring a backup back into an empty system.

    Everything is checked first, and the witnesses are asked; exit 4 when a proof says no, and nothing is written then.
    """
    with said():
        settings = BackupSettings.found(
            origin="unknown",
            archive_dir=archive,
            evidence_folder=evidence,
            database_url=database_url,
            redis_url=redis_url,
        )
        founding = home if keys is None else founding_in(keys)
        known = known_policy(policy, founding, folder)
        checked = check(folder, known, figures=verify)
        missing = hold_keys(founding / "keys", checked, known)
        root = root_key_in(founding / "keys" / "root.pem")
        if accept_loss and root is None:
            raise NotRestoredError(
                "chấp nhận mất thì phải ghi lý do vào sổ: cần khóa gốc root.pem",
                "a loss that is accepted must be said in the log: root.pem is needed",
            )
        plan = _Restoring(folder, checked, known, settings, home, keys, root, reason, accept_loss)
        # What the rooms of reporting log is no part of the result.
        with redirect_stdout(sys.stderr):
            told = asyncio.run(plan.run())
    document = {
        "folder": str(folder),
        "origin": known.log.name,
        "verified": verify,
        "missing_keys": missing,
        "announced": root is not None,
        **told,
    }
    show(document, _restored(document), as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Restoring:
    folder: Path
    checked: Checked
    policy: Policy
    settings: BackupSettings
    home: Path
    keys: Path | None
    root: SigningKey | None
    reason: str
    accept_loss: bool

    async def run(self) -> dict[str, Any]:
        client = new_client(self.settings.redis_url.get_secret_value())
        engine = open_engine(self.settings.database_url.get_secret_value())
        try:
            await wait_for_redis(client)
            log = RedisLog(client, Names(self.settings.partition))
            place = Place(log, self.settings.archive_dir, engine, self.settings.evidence, self.home)
            await hold_empty(place)
            heard = await self._heard()
            if self.keys is not None:
                put_keys(self.keys, self.home)
            now_ms = WallClock().now_ms()
            self._complete(now_ms)
            brought = await bring_back(self.folder, self.checked, place, now_ms)
            return {**asdict(brought), "witnesses": asdict(heard)}
        finally:
            await client.aclose()
            engine.dispose()

    async def _heard(self) -> Heard:
        ours = self.checked.restoration.kept.position
        heard = await ask_witnesses(self.folder, self.policy, ours)
        try:
            hold_to(heard, self.policy, ours)
        except (EntriesLostError, WitnessesSilentError) as error:
            if not self.accept_loss:
                raise
            note(str(error))
        return heard

    def _complete(self, now_ms: int) -> None:
        """Complete what was cut, and say that the log was restored, before what waited with earlier arrivals."""
        restoration = self.checked.restoration
        restoration.complete(self.home / "keys")
        if self.root is not None:
            waits = self.checked.beyond.waiting.get(UNITS.service)
            restoration.announce(self.reason, self.root, 0 if waits else now_ms)


def _restored(told: dict[str, Any]) -> Iterator[str]:
    yield f"ĐÃ KHÔI PHỤC / RESTORED   {told['folder']}"
    yield f"sổ / log                    {told['origin']}"
    yield f"vị trí / position           {told['position']}"
    yield f"chờ xét / waiting           {told['waiting']}"
    yield f"tệp kiểm chứng / evidence   {told['evidence']}"
    equal = "khớp / equal" if told["verified"] else "không so / not compared"
    yield f"số liệu / read models       {len(told['equal'])} {equal}"
    heard = told["witnesses"]
    for words, names in (
        ("nhân chứng xác nhận / witnesses vouch", heard["vouching"]),
        ("  ! đã thấy nhiều hơn / have seen more", heard["beyond"]),
        ("  ? không trả lời / do not answer", heard["silent"]),
        ("  ! thiếu khóa / keys missing", told["missing_keys"]),
    ):
        if names:
            yield f"{words}: {', '.join(names)}"
    if not told["announced"]:
        yield "  ! cơ quan chủ quản phải gửi log-restored trước tiên / the authority must publish it first of all"
    yield "Khởi động các tiến trình; reporting so lại rồi mở sổ. / Start the processes; reporting compares and opens the log."
