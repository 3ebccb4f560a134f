"""``thidua init``: the keys of a new log on disk, and its first entries in Redis."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from services.operator_redis import redis_is_away
from thidua.clock import WallClock, parse_rfc3339, to_ms
from thidua.contracts import SERVICES
from thidua.errors import ThiduaError
from thidua.genesis import Founding, first_entries
from thidua.knowledge import id_key
from thidua.log import FirstEntries, Names
from thidua.log.redis_log import RedisLog
from thidua.receipts import DOOR
from thidua.settings import Settings
from thidua.signing import Algorithm, SigningKey
from thidua.stream import new_client, wait_for_redis
from thidua.tlog.notes import NoteSigner

PRIVATE: Final = 0o600
SPEAKERS: Final = (*SERVICES, DOOR)
"""Who speaks in the log with a key of its own; the door of the evidence it stored."""

CHECKPOINT_KEY: Final = "reporting.pem"
"""The key that signs the archive's checkpoints; its public half is on paper, not in the log."""
RECORD: Final = "founded.json"
"""What is kept beside the keys once a log is founded: its name and its root key's public half."""


class LogLostError(ThiduaError):
    """A log was founded from this folder, and Redis holds none any more."""

    def __init__(self, origin: str, record: Path) -> None:
        super().__init__(
            f"{origin}: đã từng khởi tạo ({record}) nhưng Redis không còn gì; hãy khôi phục, không khởi tạo đè / "
            "it was founded once and Redis is empty: restore it; nothing was written"
        )


class NotASandboxError(ThiduaError):
    """Only a sandbox may be founded at another moment than now."""

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"{origin}: chỉ sổ thử (sandbox/…) được chọn thời điểm khởi tạo / "
            "only a sandbox/… log may choose its first moment"
        )


class LogInUseError(ThiduaError):
    """The log is not empty; founding writes into an empty one alone."""

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"nhật ký {origin} đã có nội dung, không khởi tạo lại / the log is not empty: nothing was written"
        )


def kept_key(path: Path, algorithm: Algorithm) -> SigningKey:
    """The private key in *path*; made, readable by its owner alone, when there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
            file.write(SigningKey.generate(algorithm).to_pem())
    return SigningKey.from_pem(path.read_bytes())


def plan(
    home: Path, *, origin: str, authority: str, name_vi: str, name_en: str | None, rx_ms: int
) -> Founding:
    """A founding with the keys under ``home/keys``, made where they are missing and never overwritten."""
    keys = home / "keys"
    kept_key(keys / CHECKPOINT_KEY, Algorithm.EDDSA)
    return Founding(
        origin=origin,
        authority=authority,
        name_vi=name_vi,
        name_en=name_en,
        root=kept_key(keys / "root.pem", Algorithm.ES256),
        services={
            service: kept_key(keys / f"{service}.pem", Algorithm.EDDSA) for service in SPEAKERS
        },
        rx_ms=rx_ms,
    )


async def found(founding: Founding, redis_url: str) -> int:
    """Write the first entries into an empty log; how many there are. Raises :class:`LogInUseError`."""
    client = new_client(redis_url)
    try:
        await wait_for_redis(client)
        entries, head = first_entries(founding)
        first = FirstEntries(
            origin=founding.origin,
            sandbox=founding.is_sandbox,
            entries=[
                (entry.raw, id_key(entry.source, entry.event_id), entry.subject)
                for entry in entries
            ],
            chain=f"units/{founding.root_kid}",
            chain_head=head.text(),
        )
        if not await RedisLog(client, Names(founding.partition)).found(first):
            raise LogInUseError(founding.origin)
    finally:
        await client.aclose()
    return len(entries)


async def founded_origin(redis_url: str) -> str | None:
    """The name of the log that is founded in Redis; ``None`` before."""
    client = new_client(redis_url)
    try:
        await wait_for_redis(client)
        return (await RedisLog(client, Names()).meta()).get("origin")
    finally:
        await client.aclose()


def init(
    origin: Annotated[
        str,
        typer.Option(
            help="Name of the log, the audience of its events; sandbox/… may play a past year.",
            envvar="THIDUA_ORIGIN",
        ),
    ],
    authority: Annotated[
        str,
        typer.Option(
            help="Code of the authority that runs the clusters.", envvar="THIDUA_AUTHORITY"
        ),
    ],
    name: Annotated[
        str,
        typer.Option(help="The authority's name in Vietnamese.", envvar="THIDUA_AUTHORITY_NAME"),
    ],
    home: Annotated[Path, typer.Option(help="Folder for keys; existing keys are kept.")] = Path(
        "thidua-home"
    ),
    redis_url: Annotated[
        str | None, typer.Option(help="Where Redis is; else THIDUA_REDIS_URL or its _FILE.")
    ] = None,
    name_en: Annotated[
        str | None,
        typer.Option(help="The authority's name in English.", envvar="THIDUA_AUTHORITY_NAME_EN"),
    ] = None,
    founded_at: Annotated[
        str | None,
        typer.Option(
            help="Sandbox only: the moment of the first entries, 2020-01-01T00:00:00+07:00.",
            envvar="THIDUA_FOUNDED_AT",
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Be content when this very log is founded already.")
    ] = False,
) -> None:
    """
    Khởi tạo nhật ký: tạo khóa và ghi các mục đầu tiên. / Found a log: make keys, write the first entries.

    The root key's public half is printed and kept in founded.json: give it to auditors on paper.
    """
    try:
        given = {"origin": origin, "redis_url": redis_url}
        settings = Settings.model_validate({key: at for key, at in given.items() if at})
        rx_ms = _first_moment(founded_at, settings)
        url = settings.redis_url.get_secret_value()
        if once and _is_founded(origin, url, home / RECORD):
            typer.echo(f"{origin}: đã khởi tạo từ trước / founded before, nothing was written")
            return
        founding = plan(
            home, origin=origin, authority=authority, name_vi=name, name_en=name_en, rx_ms=rx_ms
        )
        count = asyncio.run(found(founding, url))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        typer.echo(f"không dùng được / not usable: {faults}", err=True)
        raise typer.Exit(1) from None
    except TimeoutError as error:
        typer.echo(redis_is_away(error), err=True)
        raise typer.Exit(1) from None
    except (ThiduaError, ValueError) as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(1) from None
    archive_key = kept_key(home / "keys" / CHECKPOINT_KEY, Algorithm.EDDSA)
    record = json.dumps(
        {
            "origin": origin,
            "entries": count,
            "root_kid": founding.root_kid,
            "root_spki": founding.root.verifying_key.spki,
            "archive_vkey": NoteSigner(founding.origin, archive_key).public.vkey,
            "keys": str(home / "keys"),
        },
        ensure_ascii=False,
        indent=1,
    )
    (home / RECORD).write_text(f"{record}\n", encoding="utf-8")
    typer.echo(record)


def _is_founded(origin: str, redis_url: str, record: Path) -> bool:
    """Whether the log is there; raises when another one is, or when it was and is no longer."""
    held = asyncio.run(founded_origin(redis_url))
    if held == origin:
        return True
    if held is not None:
        raise LogInUseError(held)
    if record.exists():
        raise LogLostError(origin, record)
    return False


def _first_moment(given: str | None, settings: Settings) -> int:
    """The moment of the first entries: now, or in a sandbox when it is said to be."""
    if not given:
        return WallClock().now_ms()
    if not settings.is_sandbox:
        raise NotASandboxError(settings.origin)
    try:
        return to_ms(parse_rfc3339(given))
    except ValueError:
        raise typer.BadParameter(
            "--founded-at: cần thời điểm / a moment is needed, such as 2020-01-01T00:00:00+07:00"
        ) from None
