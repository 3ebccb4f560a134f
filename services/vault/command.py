"""``thidua vault``: rows handed in, looked at, disclosed and erased by the operator; the log hears of each erasure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

import typer
from pydantic import ValidationError

from services.operator_redis import ask_redis
from services.provisioning import write_private
from services.units.receipts import Receipts
from services.vault import safekeeping
from services.vault.store import Erasure, Vault
from thidua.cli.answers import (
    AsJson,
    Exit,
    KeyFile,
    Kid,
    Origin,
    OutboxFolder,
    Source,
    Url,
    Wait,
    identity,
    note,
    show,
)
from thidua.clock import WallClock, local_day
from thidua.contracts.units import ErasureGround, PersonalDataErased
from thidua.drafting import derived_id
from thidua.errors import RejectError, RetryError
from thidua.form import checked_form
from thidua.holding import Item, State
from thidua.identity import Identity, read_key
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.signing import ParsedJws, VerifyingKey
from thidua.vault import Disclosure, DisclosureError, misformed, read_disclosure, speakers

if TYPE_CHECKING:
    from thidua.log import Entry

PAGE: Final = 1000
GROUNDS: Final[tuple[str, ...]] = get_args(ErasureGround)


class NotHandedInError(RejectError):
    """A file is not for the vault: not signed by who committed, or its rows open nothing."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: không nhận / not taken: {fault}")


class NotTheirsError(RejectError):
    """Somebody else than the unit that committed, or its authority, would say that a row is erased."""

    def __init__(self, source: str, may: tuple[str, str]) -> None:
        super().__init__(f"{source}: không được; chỉ / may not, only {' · '.join(may)}")


class NotSaidError(RejectError):
    """No entry of the log is an event refused for its form with this hash."""

    def __init__(self, event_hash: str) -> None:
        super().__init__(
            f"{event_hash}: không phải sự kiện bị trả vì sai dạng / no event refused for its form"
        )


@dataclass(frozen=True, slots=True)
class Log:
    """The log in one Redis, as far as the vault asks it: keys, and the bytes of form refusals."""

    client: Any
    names: Names

    async def receipts(self) -> Receipts:
        """The fold of the whole log."""
        receipts = Receipts()
        async for entry in self._entries():
            receipts.take(entry)
        return receipts

    async def erase_said(self, event_hash: str) -> tuple[int, bool]:
        """
        Erase the bytes of an event that was refused for its form; its position, and whether they were there.

        The log itself is not touched. Raises :class:`NotSaidError`.
        """
        async for entry in self._entries():
            if entry.said is not None and entry.said["hash"] == event_hash:
                done = await self.client.hdel(self.names.said, str(entry.position))
                return entry.position, bool(done)
        raise NotSaidError(event_hash)

    async def _entries(self) -> AsyncIterator[Entry]:
        event_log, after = RedisLog(self.client, self.names), 0
        while page := await event_log.read(after, PAGE):
            for entry in page:
                yield entry
            after = page[-1].position


def handed_in(path: Path, receipts: Receipts, origin: str) -> Disclosure:
    """
    The rows of a file that who committed has signed with a key in force.

    Raises ``DisclosureError``, ``SignatureError`` and :class:`NotHandedInError`.
    """
    try:
        disclosure, parsed = read_disclosure(path.read_bytes())
    except OSError as error:
        raise DisclosureError(str(path), error.strerror or str(error)) from None
    _vouched(path, disclosure, parsed, receipts)
    if disclosure.aud != origin:
        raise NotHandedInError(path, f"dành cho sổ khác / for another log: {disclosure.aud}")
    for row in disclosure.rows:
        if disclosure.by not in row.speakers:
            raise NotHandedInError(path, f"{row.ref}: không phải của / not of {disclosure.by}")
        if not row.holds:
            raise NotHandedInError(path, f"{row.ref}: không mở cam kết / opens no commitment")
    return disclosure


def _vouched(path: Path, disclosure: Disclosure, parsed: ParsedJws, receipts: Receipts) -> None:
    key = receipts.key(parsed.kid)
    if key is None or key.status != "active" or key.owner != disclosure.by:
        raise NotHandedInError(
            path,
            f"{parsed.kid} không phải khóa còn hiệu lực của / is no valid key of {disclosure.by}",
        )
    parsed.verify(VerifyingKey.from_spki(key.spki, key.alg))


def queued(erasure: Erasure, settings: Identity, *, wait: int) -> Item:
    """
    The event that says so, through the outbox: again after a break it is the same event.

    It stays in the outbox while the door is away.
    """
    client = settings.client(wait=wait)
    seed = "\0".join((settings.need("origin"), PersonalDataErased.TYPE, erasure.ref))
    item = client.queue(
        PersonalDataErased.TYPE,
        erasure.subject.split("/")[0],
        erasure.data(),
        event_id=str(derived_id(seed)),
    )
    try:
        client.flush()
    except RetryError as error:
        note(str(error))
        client.outbox.refresh()
    finally:
        client.door.close()
    return client.outbox.item(item.n)


app = typer.Typer(
    no_args_is_help=True,
    help="Kho dữ liệu cá nhân, xóa được. / The personal data vault, from which can be erased.",
)

_VaultUrl = Annotated[
    str,
    typer.Option("--vault", help="sqlite:///FILE or postgresql://…", envvar="THIDUA_VAULT_URL"),
]
_RedisUrl = Annotated[
    Path,
    typer.Option(
        "--redis-url-file",
        help="File with the operator's URL of Redis.",
        envvar="THIDUA_OPERATOR_URL_FILE",
    ),
]
_REF_FIRST: Final = {"ignore_unknown_options": True}
"""A ref is base64url: one in sixty-four begins with a hyphen and is no option."""
_Ref = Annotated[str, typer.Argument(help="The row's ref, 22 characters.", metavar="REF")]


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="Disclosure signed by the unit or its authority.")],
    redis_url_file: _RedisUrl,
    vault: _VaultUrl,
    origin: Origin = None,
) -> None:
    """Nhận tệp do đơn vị ký. / Take rows that the unit that committed has signed; again changes nothing."""
    receipts = ask_redis(redis_url_file, lambda client: Log(client, Names()).receipts())
    taken = handed_in(file, receipts, identity(origin=origin).need("origin"))
    with _opened(vault) as kept:
        for row in taken.rows:
            word = "đã nhận / taken" if kept.put(row) else "đã có / was there"
            typer.echo(f"{row.ref}\t{row.unit}\t{row.subject}\t{row.field}\t{word}")


@app.command("list")
def listed(vault: _VaultUrl, as_json: AsJson = False) -> None:
    """Những gì kho giữ và đã xóa, không có tên ai. / What is kept and what was erased; nobody's name."""
    today = local_day(WallClock().now())
    with _opened(vault) as kept:
        rows, erased = kept.kept(), kept.erased()
    plain = [one.model_dump(mode="json", exclude={"salt", "value"}) for one in rows]
    gone = [{**one.data(), "ref": one.ref, "position": one.position} for one in erased]
    lines = [
        f"{one.ref}\t{one.unit}\t{one.subject}\t{one.field}\tđến / until {one.keep_until}"
        + ("\tQUÁ HẠN / OVER" if one.keep_until < today else "")
        for one in rows
    ]
    lines += [
        f"{one.ref}\t{one.unit}\t{one.subject}\tđã xóa theo mục / erased by entry {one.position or '?'}"
        for one in erased
    ]
    show({"kept": plain, "erased": gone}, lines, as_json=as_json)


@app.command("show", context_settings=_REF_FIRST)
def shown(ref: _Ref, vault: _VaultUrl) -> None:
    """In một dòng, có tên. / Print one row, with the name."""
    with _opened(vault) as kept:
        row = kept.get(ref)
    typer.echo(json.dumps(row.model_dump(mode="json"), ensure_ascii=False, indent=1))


@app.command(context_settings=_REF_FIRST)
def disclose(
    refs: Annotated[list[str], typer.Argument(help="The rows' refs.", metavar="REF…")],
    out: Annotated[Path, typer.Option(help="New file, readable by its owner alone.")],
    to: Annotated[str, typer.Option(help="Who receives it.")],
    basis: Annotated[str, typer.Option(help="The decision or article they may ask by.")],
    vault: _VaultUrl,
    *,
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
) -> None:
    """Ký bản cung cấp cho kiểm toán viên có căn cứ. / Sign rows for an auditor with a legal basis."""
    settings = identity(key_file=key_file, kid=kid, source=source, origin=origin)
    key = read_key(Path(settings.need("key_file")).expanduser())
    with _opened(vault) as kept:
        rows = tuple(kept.get(ref) for ref in refs)
    by = settings.need("source")
    for row in rows:
        if by not in row.speakers:
            raise NotTheirsError(by, row.speakers)
    try:
        made = Disclosure(v=1, aud=settings.need("origin"), by=by, to=to, basis=basis, rows=rows)
    except ValidationError as error:
        raise misformed(error) from None
    if out.exists():
        raise DisclosureError(str(out), "đã có, không ghi đè / exists and is not overwritten")
    write_private(out, made.signed(key, settings.need("kid")) + "\n")
    typer.echo(f"{out}: {len(rows)}")


@app.command(context_settings=_REF_FIRST)
def erase(
    *,
    ref: Annotated[str | None, typer.Argument(help="The row's ref.", metavar="[REF]")] = None,
    said: Annotated[
        str | None, typer.Option(help="Instead of a row: hash of an event refused for its form.")
    ] = None,
    ground: Annotated[str, typer.Option(help=", ".join(GROUNDS))] = "request",
    basis: Annotated[str | None, typer.Option(help="The article or decision.")] = None,
    vault: Annotated[
        str | None, typer.Option("--vault", envvar="THIDUA_VAULT_URL", help="As for the others.")
    ] = None,
    redis_url_file: Annotated[
        Path | None,
        typer.Option(envvar="THIDUA_OPERATOR_URL_FILE", help="Needed for --said."),
    ] = None,
    key_file: KeyFile = None,
    kid: Kid = None,
    source: Source = None,
    origin: Origin = None,
    url: Url = None,
    outbox: OutboxFolder = None,
    wait: Wait = 10,
) -> None:
    """
    Xóa hẳn một dòng và ghi vào sổ. / Delete a row for good and have the log say so.

    Exit 0: deleted and recorded; 3: deleted, and the log refused to say so; 7: deleted, the event waits in the
    outbox (run it again). With --said the bytes of a form refusal are erased; no entry of the log changes.
    """
    if said is not None and ref is None:
        if redis_url_file is None:
            raise typer.BadParameter("--redis-url-file")
        position, there = ask_redis(
            redis_url_file, lambda client: Log(client, Names()).erase_said(said)
        )
        word = "đã xóa / erased" if there else "đã xóa từ trước / erased before"
        typer.echo(f"mục / entry {position}: {word}")
        return
    if ref is None or said is not None or vault is None or basis is None or ground not in GROUNDS:
        raise typer.BadParameter("REF --basis --vault [--ground], hoặc / or --said HASH")
    settings = identity(
        key_file=key_file, kid=kid, source=source, origin=origin, url=url, outbox=outbox
    )
    settings.publisher()
    with _opened(vault) as kept:
        told = _erased(kept, ref, settings, ground=ground, basis=basis, wait=wait)
    at = (told.answer or {}).get("position")
    typer.echo(f"{ref}: đã xóa / erased; mục / entry {at or '?'}: {told.state}")
    if told.state is not State.RECORDED:
        raise typer.Exit(Exit.UNAVAILABLE if told.state in _WAITS else Exit.REFUSED)


app.command("backup")(safekeeping.backup)
app.command("restore")(safekeeping.restore)

_WAITS: Final = (State.QUEUED, State.SIGNED)


def _erased(
    kept: Vault, ref: str, settings: Identity, *, ground: str, basis: str, wait: int
) -> Item:
    known = {one.ref: one for one in kept.erased()}
    row = known.get(ref) or kept.get(ref)
    may = speakers(row.unit, row.subject)
    if (by := settings.need("source")) not in may:
        raise NotTheirsError(by, may)
    said = Erasure(ref, row.unit, row.subject, row.commitment, ground, basis)
    # What the log could not even read is refused before anything is deleted.
    checked_form(PersonalDataErased.TYPE, row.subject.split("/")[0], said.data())
    made = kept.erase(ref, ground=ground, basis=basis, today=local_day(WallClock().now()))
    told = queued(made, settings, wait=wait)
    if told.state is State.RECORDED and told.answer is not None:
        kept.said(ref, int(told.answer["position"]))
    return told


@contextmanager
def _opened(url: str) -> Iterator[Vault]:
    kept = Vault(url)
    try:
        yield kept
    finally:
        kept.close()
