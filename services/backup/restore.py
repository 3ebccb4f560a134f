"""``thidua restore``: a backup checked, held to the witnesses, and brought back into an empty system."""

from __future__ import annotations

import asyncio
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.backup.bringing_back import (
    Place,
    bring_back,
    founding_in,
    hold_empty,
    hold_keys,
    put_keys,
)
from services.backup.checking import Checked, check
from services.backup.commands import ArchiveDir, BackupSettings, DatabaseUrl, EvidenceDir, Target
from services.backup.witnesses import (
    EntriesLostError,
    Heard,
    WitnessesSilentError,
    ask_witnesses,
    hold_to,
)
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
from thidua.stream import new_client, wait_for_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thidua.signing import SigningKey
    from thidua.tlog.policy import Policy


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
        plan = _Restoring(
            folder, checked, known, settings, home, keys, root, reason, accept_loss, verify
        )
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
    verify: bool

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
            brought = await bring_back(self.folder, self.checked, place, now_ms, verify=self.verify)
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
        yield "  ! cơ quan tổ chức phải gửi log-restored trước tiên / the authority must publish it first of all"
    yield "Khởi động các tiến trình; reporting so lại rồi mở sổ. / Start the processes; reporting compares and opens the log."
