"""``thidua upgrade``: a backup, the whole log judged again by the new release, its read models built beside the old ones."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.backup.checking import check, pages_of
from services.backup.commands import ArchiveDir, BackupSettings, DatabaseUrl, EvidenceDir, made
from services.backup.draft import NoRoomError
from services.backup.marker import mark_made, mark_proven
from services.log_commands import HOME, Home, PolicyFile, RedisUrl, known_policy, said
from services.reporting.rebuild import build_beside, go_back, switch_when_level
from services.restoring import OURS
from thidua.cli.answers import AsJson, show
from thidua.clock import WallClock
from thidua.errors import RejectError, StopError
from thidua.stream import new_client, wait_for_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from services.backup.checking import Checked

REPORTING: Final = {f"{OURS}reporting", f"{OURS}projector"}


class NothingToUpgradeError(StopError):
    """There are no read models yet."""

    def __init__(self) -> None:
        super().__init__("chưa có số liệu để xem / there are no read models; start reporting first")


class ReportingRunsError(RejectError):
    """A reporting process runs that would undo it."""

    def __init__(self) -> None:
        super().__init__("reporting đang chạy / is running; nothing was changed")

    def diagnostics(self) -> str:
        """Say what to stop."""
        return "Dừng reporting trước. / Stop reporting first; door and deciding services may go on."


class BackupMissingError(RejectError):
    """No folder was named for the backup that comes before everything else."""

    def __init__(self) -> None:
        super().__init__("cần thư mục cho bản sao lưu / a folder for the backup is needed")


@dataclass(frozen=True, slots=True)
class Beside:
    """What was built beside: whether anything had to be, how far and how quickly, and whether it is live."""

    changed: bool
    position: int = 0
    per_second: int = 0
    live: bool = False


def upgrade(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of the backup.", show_default=False)
    ] = None,
    *,
    back: Annotated[
        bool, typer.Option("--back", help="Serve the read models of the release before again.")
    ] = False,
    archive: ArchiveDir = None,
    evidence: EvidenceDir = None,
    database_url: DatabaseUrl = None,
    redis_url: RedisUrl = None,
    policy: PolicyFile = None,
    home: Home = HOME,
    as_json: AsJson = False,
) -> None:
    """
    Nâng cấp: sao lưu, kiểm sổ bằng bản mới, dựng số liệu bên cạnh. / Upgrade: back up, judge the log by the new release, build beside.

    Run it from the new release while the old one works; it changes nothing that the old one uses.
    """
    with said():
        settings = BackupSettings.found(
            origin="unknown",
            archive_dir=archive,
            evidence_folder=evidence,
            database_url=database_url,
            redis_url=redis_url,
        )
        engine = settings.engine()
        if engine is None:
            raise NothingToUpgradeError
        try:
            if back:
                document: dict[str, Any] = {"back": _back(settings, engine)}
                show(document, _gone_back(document), as_json=as_json)
                return
            if folder is None:
                raise BackupMissingError
            known = known_policy(policy, home, settings.archive_dir)
            manifest, sha256 = asyncio.run(made(settings, known, folder, engine))
            mark_made(folder, manifest, sha256)
            checked = check(folder, known)
            mark_proven(folder, "whole", WallClock().now())
            beside = _build(settings, engine, checked)
        finally:
            engine.dispose()
    document = {
        "backup": str(folder),
        "sha256": sha256,
        "position": manifest.log.position,
        "judged": checked.restoration.rejudging.counts.signatures,
        **asdict(beside),
    }
    show(document, _lines(document), as_json=as_json)


def _build(settings: BackupSettings, engine: Engine, checked: Checked) -> Beside:
    _hold_room(engine)
    built = build_beside(engine, lambda *of: pages_of(checked.restoration, *of))
    if built is None:
        return Beside(changed=False)
    # The old release's reporting, if it runs, would build its own anew and switch back.
    live = not _reporting_runs(settings) and switch_when_level(engine, built)
    return Beside(True, built.position, built.per_second, live)


def _hold_room(engine: Engine) -> None:
    """Raise :class:`NoRoomError` when a file of SQLite has no room for as much again."""
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        needed, free = path.stat().st_size, shutil.disk_usage(path.parent).free
        if free < needed:
            raise NoRoomError(path, needed, free)


def _back(settings: BackupSettings, engine: Engine) -> int:
    if _reporting_runs(settings):
        raise ReportingRunsError
    return go_back(engine)


def _reporting_runs(settings: BackupSettings) -> bool:
    async def ask() -> bool:
        client = new_client(settings.redis_url.get_secret_value())
        try:
            await wait_for_redis(client)
            return any(one["name"] in REPORTING for one in await client.client_list())
        finally:
            await client.aclose()

    return asyncio.run(ask())


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"sao lưu / backup            {told['backup']}  {told['sha256']}"
    yield f"bản mới xét lại / judged by the new release: {told['judged']} chữ ký / signatures, {told['position']} mục / entries"
    if not told["changed"]:
        yield "số liệu / read models       không đổi / unchanged"
    else:
        yield f"số liệu / read models       dựng bên cạnh / built beside @ {told['position']}, {told['per_second']}/s"
        yield (
            "                            đã chuyển / switched"
            if told["live"]
            else "                            bản mới khởi động sẽ chuyển / the new release switches when it starts"
        )
    yield "Tiếp theo / next: khởi động bản mới / start the new release."
    yield (
        "Đường về / the way back: dừng reporting, thidua upgrade --back, khởi động bản cũ; "
        "sổ đã có sự kiện mà bản cũ không biết thì chỉ còn bản sao lưu. / "
        "stop reporting, thidua upgrade --back, start the old release; once the log holds events that it does not "
        "know, only the backup leads back."
    )


def _gone_back(told: dict[str, Any]) -> Iterator[str]:
    yield f"Đang dùng lại số liệu cũ / the earlier read models are live again: {told['back']}"
