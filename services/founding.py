"""``thidua init``: the keys of a new log on disk, and its first entries in Redis."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from thidua.clock import WallClock
from thidua.contracts import SERVICES
from thidua.errors import ThiduaError
from thidua.genesis import Founding, first_entries
from thidua.knowledge import id_key
from thidua.log import FirstEntries, Names
from thidua.log.redis_log import RedisLog
from thidua.signing import Algorithm, SigningKey
from thidua.stream import new_client, wait_for_redis

PRIVATE: Final = 0o600


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
    return Founding(
        origin=origin,
        authority=authority,
        name_vi=name_vi,
        name_en=name_en,
        root=kept_key(keys / "root.pem", Algorithm.ES256),
        services={
            service: kept_key(keys / f"{service}.pem", Algorithm.EDDSA) for service in SERVICES
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


def init(
    origin: Annotated[
        str,
        typer.Option(
            help="Name of the log, the audience of its events; sandbox/… may play a past year."
        ),
    ],
    authority: Annotated[str, typer.Option(help="Code of the authority that runs the clusters.")],
    name: Annotated[str, typer.Option(help="The authority's name in Vietnamese.")],
    home: Annotated[Path, typer.Option(help="Folder for keys; existing keys are kept.")] = Path(
        "thidua-home"
    ),
    redis_url: Annotated[
        str, typer.Option(help="Where Redis is.", envvar="THIDUA_REDIS_URL")
    ] = "redis://127.0.0.1:6379/0",
    name_en: Annotated[str | None, typer.Option(help="The authority's name in English.")] = None,
) -> None:
    """
    Khởi tạo nhật ký: tạo khóa và ghi các mục đầu tiên. / Found a log: make keys, write the first entries.

    The root key's public half is printed: give it to auditors on paper.
    """
    founding = plan(
        home,
        origin=origin,
        authority=authority,
        name_vi=name,
        name_en=name_en,
        rx_ms=WallClock().now_ms(),
    )
    try:
        count = asyncio.run(found(founding, redis_url))
    except (ThiduaError, TimeoutError) as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(1) from None
    told = {
        "origin": origin,
        "entries": count,
        "root_kid": founding.root_kid,
        "root_spki": founding.root.verifying_key.spki,
        "keys": str(home / "keys"),
    }
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
