"""``thidua access``: who may publish straight into Redis, as the log says and the operator carries out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from redis.exceptions import ResponseError

from services.operator_redis import ask_redis
from services.provisioning import (
    PUBLISHER,
    digest_of,
    new_password,
    publisher_rule,
    publishers_in,
    write_private,
)
from services.units.receipts import Receipts
from thidua.errors import RejectError, StopError
from thidua.log import Names
from thidua.log.redis_log import RedisLog

PAGE: Final = 1000
LAST_ID: Final = b"18446744073709551615-18446744073709551615"
"""A stream that has seen this id takes no entry any more."""


class NotGrantedError(RejectError):
    """The log does not say that the unit may publish straight into Redis."""

    def __init__(self, publisher: str) -> None:
        super().__init__(
            f"{publisher}: trong sổ không có quyền gửi thẳng đang hiệu lực (access-granted) / "
            "the log grants it no access now; nothing was changed"
        )

    def diagnostics(self) -> str:
        """Name the event that must come first."""
        return "Cơ quan tổ chức gửi thidua.units.access-granted.v1 trước. / The authority publishes it first."


class NotKeptError(StopError):
    """Redis did as told and will have forgotten it after its next start."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Redis không lưu được danh sách quyền, khởi động lại sẽ mất / not kept over a restart: {reason}"
        )

    def diagnostics(self) -> str:
        """Name the option that keeps it."""
        return "Chạy lại với --access-list TỆP. / Run it again with --access-list FILE, the file Redis reads at its start."


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of publishers in one Redis; ``kept`` is the ACL file that Redis itself cannot write."""

    client: Any
    kept: Path | None = None
    names: Names = field(default_factory=Names)

    async def granted(self) -> frozenset[str]:
        """The units that may publish straight into Redis, by the log."""
        event_log, receipts = RedisLog(self.client, self.names), Receipts()
        while page := await event_log.read(receipts.position, PAGE):
            for entry in page:
                receipts.take(entry)
        return receipts.direct()

    async def grant(self, publisher: str, digest: str) -> None:
        """
        Let *publisher* in with the password of this digest, and make a stream anew that takes nothing more.

        Raises :class:`NotGrantedError` unless the log says so, :class:`NotKeptError` when it lasts only
        until Redis' next start.
        """
        if publisher not in await self.granted():
            raise NotGrantedError(publisher)
        rule = publisher_rule(publisher, digest)
        await self.client.execute_command(
            "ACL", "SETUSER", PUBLISHER + publisher, "reset", *rule.split()
        )
        if await self._exhausted(publisher):
            await self._forget(publisher)
        await self._keep(publisher, digest)

    async def revoke(self, publisher: str) -> bool:
        """
        Shut *publisher* out at once and drop what was not drained; whether the log still grants it access.

        Cutting somebody off waits for no event. Its receipts stay.
        """
        await self.client.execute_command("ACL", "DELUSER", PUBLISHER + publisher)
        await self._forget(publisher)
        await self._keep(publisher, None)
        return publisher in await self.granted()

    async def open(self) -> frozenset[str]:
        """The publishers that Redis lets in now."""
        users = [name.decode() for name in await self.client.execute_command("ACL", "USERS")]
        found = (name.removeprefix(PUBLISHER) for name in users if name.startswith(PUBLISHER))
        return frozenset(found)

    async def _exhausted(self, publisher: str) -> bool:
        stream = self.names.incoming(publisher)
        if not await self.client.exists(stream):
            return False
        info = await self.client.xinfo_stream(stream)
        return bool(info["last-generated-id"] == LAST_ID)

    async def _forget(self, publisher: str) -> None:
        """Drop a stream with the offset it was drained to: the ids of the next one begin again."""
        async with self.client.pipeline(transaction=True) as both:
            both.delete(self.names.incoming(publisher))
            both.hdel(self.names.offsets, f"in:{publisher}")
            await both.execute()

    async def _keep(self, publisher: str, digest: str | None) -> None:
        if self.kept is not None:
            self._write(self.kept, publisher, digest)
            return
        try:
            await self.client.execute_command("ACL", "SAVE")
        except ResponseError as error:
            raise NotKeptError(str(error)) from None

    @staticmethod
    def _write(path: Path, publisher: str, digest: str | None) -> None:
        try:
            text = path.read_text(encoding="utf-8")
            others = {name for name in publishers_in(text) if name != publisher}
            lines = [
                line
                for line in text.splitlines()
                if not line.startswith(f"user {PUBLISHER}") or _publisher(line) in others
            ]
            if digest is not None:
                lines.append(f"user {PUBLISHER}{publisher} {publisher_rule(publisher, digest)}")
            write_private(path, "\n".join(lines) + "\n")
        except OSError as error:
            raise NotKeptError(f"{path}: {error.strerror}") from None


def _publisher(line: str) -> str:
    return line.split()[1].removeprefix(PUBLISHER)


app = typer.Typer(
    no_args_is_help=True,
    help="Quyền gửi thẳng vào Redis. / Who may publish straight into Redis.",
)

_Publisher = Annotated[
    str,
    typer.Argument(help="Code of the unit, such as LCA.", metavar="PUBLISHER"),
]
_UrlFile = Annotated[
    Path,
    typer.Option(
        "--redis-url-file",
        help="File with the operator's URL, redis://operator:…@host:6379/0.",
        envvar="THIDUA_OPERATOR_URL_FILE",
    ),
]
_Kept = Annotated[
    Path | None,
    typer.Option(
        "--access-list",
        help="The ACL file that Redis reads at its start, when it cannot write it itself.",
        envvar="THIDUA_ACCESS_LIST",
    ),
]


@app.command()
def grant(
    publisher: _Publisher,
    redis_url_file: _UrlFile,
    password_file: Annotated[
        Path | None,
        typer.Option(
            help="File for its password, made for its owner alone; one that is there is used again. "
            "Default: redis_password_<PUBLISHER>."
        ),
    ] = None,
    access_list: _Kept = None,
) -> None:
    """
    Mở quyền gửi thẳng sau khi sổ đã ghi access-granted. / Let a unit in that the log has granted access.

    Prints no secret: the password is in its file.
    """
    path = password_file or Path(f"redis_password_{publisher}")

    async def work(access: Access) -> None:
        if publisher not in await access.granted():
            raise NotGrantedError(publisher)
        if not path.exists():
            write_private(path, new_password())
        await access.grant(publisher, digest_of(path.read_text(encoding="utf-8").strip()))

    _run(redis_url_file, access_list, work)
    names = Names()
    typer.echo(
        f"{publisher}: được ghi vào {names.incoming(publisher)}, đọc {names.receipts(publisher)} / may add to the "
        f"one and read the other. Người dùng / user: {PUBLISHER}{publisher}; mật khẩu / password: {path}"
    )


@app.command()
def revoke(publisher: _Publisher, redis_url_file: _UrlFile, access_list: _Kept = None) -> None:
    """Cắt quyền gửi thẳng ngay lập tức. / Shut a unit out of Redis at once, whatever the log says."""

    async def work(access: Access) -> None:
        if await access.revoke(publisher):
            typer.echo(
                f"{publisher}: trong sổ quyền vẫn còn; cơ quan tổ chức cần gửi access-revoked / "
                "the log still grants it access: the authority publishes access-revoked",
                err=True,
            )

    _run(redis_url_file, access_list, work)
    typer.echo(f"{publisher}: đã cắt quyền / shut out")


@app.command("list")
def listed(redis_url_file: _UrlFile) -> None:
    """Ai có quyền trong sổ, ai vào được Redis. / Who has access by the log, and whom Redis lets in."""

    async def work(access: Access) -> None:
        granted, let_in = await access.granted(), await access.open()
        for publisher in sorted(granted | let_in):
            by_log = "có / yes" if publisher in granted else "không / no"
            in_redis = "có / yes" if publisher in let_in else "không / no"
            typer.echo(f"{publisher}: sổ / log {by_log}; Redis {in_redis}")

    _run(redis_url_file, None, work)


def _run(
    url_file: Path, access_list: Path | None, work: Callable[[Access], Awaitable[None]]
) -> None:
    ask_redis(url_file, lambda client: work(Access(client, access_list)))
