"""``thidua vault backup`` and ``restore``: the vault's rows in a file of their own, and what was erased stays erased."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from services.backup.draft import Draft
from services.backup.manifest import (
    MOST_BYTES,
    BackupFaultError,
    KeysManifest,
    check_files,
    read_keys_manifest,
)
from services.operator_redis import ask_redis
from services.vault.store import Erasure, Vault
from thidua.clock import WallClock, format_instant
from thidua.contracts.units import PersonalDataErased
from thidua.knowledge import recorded_event
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.tlog.tiles import read_inside
from thidua.vault import DisclosedRow

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = "vault.json"
PAGE: Final = 1000


class VaultCopy(BaseModel):
    """The rows that were kept, and what stays of those that were erased."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: list[DisclosedRow]
    erased: list[Erasure]


def backup(
    folder: Annotated[Path, typer.Argument(help="New folder, apart from every other backup.")],
    vault: Annotated[
        str,
        typer.Option("--vault", help="sqlite:///FILE or postgresql://…", envvar="THIDUA_VAULT_URL"),
    ],
) -> None:
    """Sao lưu kho dữ liệu cá nhân. / Back the vault up: on an encrypted disk, for 30 days at most."""
    kept = Vault(vault)
    try:
        copy = VaultCopy(rows=kept.kept(), erased=kept.erased())
    finally:
        kept.close()
    with Draft(folder) as draft:
        draft.write(FILE, copy.model_dump_json().encode())
        made = format_instant(WallClock().now())
        draft.finish(KeysManifest(origin="vault", made=made, files=draft.files))
    typer.echo(f"{folder}: {len(copy.rows)} giữ / kept, {len(copy.erased)} đã xóa / erased")


def restore(
    folder: Annotated[Path, typer.Argument(help="What vault backup made.")],
    redis_url_file: Annotated[
        Path,
        typer.Option(
            help="File with the operator's URL of Redis: the log says what was erased since.",
            envvar="THIDUA_OPERATOR_URL_FILE",
        ),
    ],
    vault: Annotated[
        str,
        typer.Option("--vault", help="An empty vault.", envvar="THIDUA_VAULT_URL"),
    ],
) -> None:
    """Khôi phục vào kho trống; đã xóa thì không trở lại. / Bring rows back into an empty vault; what the log says is erased stays so."""
    copy = read_copy(folder)
    erased = ask_redis(redis_url_file, lambda client: _erased_in(RedisLog(client, Names())))
    rows = [row for row in copy.rows if row.commitment not in erased]
    since = [
        _erasure(row, *erased[row.commitment]) for row in copy.rows if row.commitment in erased
    ]
    kept = Vault(vault)
    try:
        kept.bring(rows, [*copy.erased, *since])
    finally:
        kept.close()
    typer.echo(
        f"{len(rows)} giữ / kept, {len(copy.erased)} đã xóa / erased, {len(since)} xóa sau bản sao lưu / erased since"
    )


def read_copy(folder: Path) -> VaultCopy:
    """A backup of the vault; raises :class:`BackupFaultError` naming the file, and never a value in it."""
    check_files(folder, read_keys_manifest(folder).files)
    try:
        return VaultCopy.model_validate_json(read_inside(folder, FILE, MOST_BYTES))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BackupFaultError(f"{FILE} {place}", "a copy of the vault", first["type"]) from None


def _erasure(row: DisclosedRow, position: int, said: PersonalDataErased) -> Erasure:
    return Erasure(
        row.ref, row.unit, row.subject, row.commitment, said.ground, said.basis, position
    )


async def _erased_in(log: RedisLog) -> Mapping[str, tuple[int, PersonalDataErased]]:
    """What the log says is erased, by commitment."""
    found: dict[str, tuple[int, PersonalDataErased]] = {}
    position = 0
    while page := await log.read(position, PAGE):
        for entry in page:
            if entry.is_recorded and isinstance(
                data := recorded_event(entry).data, PersonalDataErased
            ):
                found[data.commitment] = (entry.position, data)
        position = page[-1].position
    return found
