"""``thidua log``: what an operator does to the log itself: restore it, trim what is sealed, lift an alarm."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError

from services.founding import RECORD
from services.lifting import lift
from services.operator_redis import redis_is_away
from services.reporting.archive import SealedLog
from services.restoring import NotRestoredError, look, restore, verified
from services.trimming import NotTrimmedError, bounds, trim
from thidua.audit.authentic import NotAuthenticError
from thidua.audit.rejudging import NotFollowingError
from thidua.audit.verifying import policy_in
from thidua.cli.answers import Exit, MachineFaultError
from thidua.cli.verify import EXIT_FAILS
from thidua.clock import WallClock, format_ms
from thidua.errors import RetryError, ThiduaError
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.settings import Settings
from thidua.signing import SigningKey
from thidua.stream import new_client, wait_for_redis
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import NoteKey
from thidua.tlog.policy import Policy

app = typer.Typer(
    name="log",
    help="Khôi phục, cắt bớt sổ, gỡ cảnh báo. / Restore and trim the log, lift its alarm.",
    no_args_is_help=True,
)

Archive = Annotated[Path, typer.Argument(help="The archive's folder.", show_default=False)]
RedisUrl = Annotated[
    str | None, typer.Option(help="Where Redis is; else THIDUA_REDIS_URL or its _FILE.")
]
PolicyFile = Annotated[
    Path | None, typer.Option(help="Policy with log key, witnesses and quorum, and root key.")
]
Home = Annotated[
    Path, typer.Option(help="Folder that the log was founded from: founded.json and keys.")
]
HOME = Path("thidua-home")


def known_policy(policy: Path | None, home: Path, archive: Path) -> Policy:
    """The policy in a file, or the keys that were kept when the log was founded."""
    if policy is not None:
        return policy_in(policy, archive)
    try:
        founded = json.loads((home / RECORD).read_bytes())
        return Policy(NoteKey.parse(founded["archive_vkey"]), root_spki=founded["root_spki"])
    except (OSError, ValueError, KeyError) as error:
        raise NotRestoredError(
            f"không biết khóa của sổ: cần --policy hoặc {home / RECORD} ({error})",
            f"the log's keys are not known: give --policy, or --home with {RECORD}",
        ) from None


@app.command("restore")
def restore_log(
    archive: Archive,
    reason: Annotated[str, typer.Option(help="Why the log was lost; stands in the log.")],
    redis_url: RedisUrl = None,
    policy: PolicyFile = None,
    home: Home = HOME,
    root_key: Annotated[
        Path | None,
        typer.Option(
            help="The authority's root key, to say log-restored; else HOME/keys/root.pem."
        ),
    ] = None,
) -> None:
    """
    Khôi phục sổ từ kho lưu vào Redis trống. / Restore the log from its archive into an empty Redis.

    The archive is verified first, whole. The log opens for writing when reporting has compared it.
    """
    with said():
        key = root_key_in(root_key or home / "keys" / "root.pem")
        restoration = verified(archive, known_policy(policy, home, archive))
        restoration.complete(home / "keys")
        now_ms = WallClock().now_ms()
        if key is not None:
            restoration.announce(reason, key, now_ms)

        async def run(log: RedisLog) -> dict[str, Any]:
            found = await look(log, restoration)
            written = 0
            if found.ends < restoration.sealed:
                written = await restore(log, restoration, found, now_ms)
            return {
                "origin": restoration.origin,
                "sealed": restoration.sealed,
                "found": found.ends,
                "written": written,
                "position": max(found.ends, restoration.kept.position) if written else found.ends,
                "announced": key is not None and written > 0,
                "unjudged": found.unjudged,
            }

        told = asyncio.run(with_log(redis_url, restoration.origin, run))
    typer.echo(json.dumps(told, ensure_ascii=False))
    if not told["written"]:
        typer.echo("Sổ đã đủ, không ghi gì. / The log is whole, nothing was written.", err=True)
    elif not told["announced"]:
        typer.echo(
            "Cơ quan tổ chức cần ký log-restored làm sự kiện đầu tiên. / "
            "The authority must now publish log-restored as the first event.",
            err=True,
        )


@app.command("trim")
def trim_log(
    archive: Archive,
    to: Annotated[
        int | None, typer.Option(min=1, help="Last position to trim.", show_default=False)
    ] = None,
    sealed: Annotated[bool, typer.Option("--sealed", help="Trim all that may be trimmed.")] = False,
    backup: Annotated[
        Path | None, typer.Option(help="A copy of the archive; it is verified.")
    ] = None,
    backup_position: Annotated[
        int | None, typer.Option(min=1, help="Your word that so much is backed up elsewhere.")
    ] = None,
    redis_url: RedisUrl = None,
    policy: PolicyFile = None,
    home: Home = HOME,
) -> None:
    """
    Cắt khỏi Redis phần đã niêm phong và sao lưu. / Trim from Redis what is sealed and backed up.

    Services started later need THIDUA_ARCHIVE_URL or THIDUA_ARCHIVE_DIR to read the trimmed part.
    """
    with said():
        if (to is None) != sealed:
            raise NotTrimmedError("cần --to hoặc --sealed", "give either --to or --sealed")
        known = known_policy(policy, home, archive)

        async def run(log: RedisLog) -> dict[str, Any]:
            files, found = await bounds(
                log, archive, known, copy=backup, backup_position=backup_position
            )
            least = min(found, key=lambda bound: bound.position)
            if to is not None and to > least.position:
                raise NotTrimmedError(
                    f"chỉ cắt được đến {least.position}: {least.vi}",
                    f"at most to {least.position}: {least.en}",
                )
            end = least.position if to is None else to
            return {"trimmed": await trim(log, files, end), "to": end}

        told = asyncio.run(with_log(redis_url, known.log.name, run))
    typer.echo(json.dumps(told))


@app.command("lift-alarm")
def lift_alarm(
    archive: Annotated[
        Path,
        typer.Argument(help="The archive's own folder, THIDUA_ARCHIVE_DIR.", show_default=False),
    ],
    reason: Annotated[
        str, typer.Option(help="What was found and mended; kept beside the archive for good.")
    ],
    redis_url: RedisUrl = None,
    policy: PolicyFile = None,
    home: Home = HOME,
) -> None:
    """
    Gỡ cảnh báo của kho lưu sau khi đã xem xét. / Lift the archive's alarm, once a person has looked.

    Refused while the fault stands and while a process writes the archive. The log opens when it is compared next.
    """
    with said():
        known = known_policy(policy, home, archive)
        moment = format_ms(WallClock().now_ms())

        async def run(log: RedisLog) -> dict[str, Any]:
            return await lift(SealedLog(archive), log, known, reason=reason, moment=moment)

        told = asyncio.run(with_log(redis_url, known.log.name, run))
    typer.echo(json.dumps(told, ensure_ascii=False))


@contextmanager
def said() -> Iterator[None]:
    """Say what is wrong in words; exit 4 when a proof says no, 7 when it may go well later, 1 otherwise."""
    try:
        yield
    except (ArchiveFaultError, NotAuthenticError, NotFollowingError) as error:
        typer.echo(f"{error}\n{error.diagnostics()}", err=True)
        raise typer.Exit(EXIT_FAILS) from None
    except (RedisError, TimeoutError) as error:
        typer.echo(redis_is_away(error), err=True)
        raise typer.Exit(Exit.FAILED) from None
    except (ThiduaError, OSError) as error:
        fault = MachineFaultError(error) if isinstance(error, OSError) else error
        typer.echo(f"{fault}\n{fault.diagnostics()}", err=True)
        later = isinstance(error, RetryError)
        raise typer.Exit(Exit.UNAVAILABLE if later else Exit.FAILED) from None


async def with_log(
    redis_url: str | None, origin: str, run: Callable[[RedisLog], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    given = {"origin": origin} | ({"redis_url": redis_url} if redis_url else {})
    settings = Settings.model_validate(given)
    client = new_client(settings.redis_url.get_secret_value())
    try:
        await wait_for_redis(client)
        return await run(RedisLog(client, Names(settings.partition)))
    finally:
        await client.aclose()


def root_key_in(path: Path) -> SigningKey | None:
    """The authority's key in a file; ``None`` when it is kept elsewhere."""
    return SigningKey.from_pem(path.read_bytes()) if path.exists() else None
