"""Publishing what the read models are: their signed fingerprints beside the sealed log, whenever it rests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.reporting.fingerprint import fingerprints_of, versions
from services.reporting.projection import Plan
from services.reporting.projections import ALL
from services.reporting.reading import NothingYetError, reading
from thidua.tlog.prints import PublishedPrints
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.reporting.archive import Archive

log = structlog.get_logger(__name__)

REST_SECONDS: Final = 2.0
"""How long nothing new must have come before the figures are published."""


async def publish_at_rest(engine: Engine, archive: Archive) -> None:
    """Publish for ever, once for each position at which everything is sealed and projected and nothing more came."""
    published, last = 0, -1
    while True:
        await asyncio.sleep(REST_SECONDS)
        position = archive.position
        if archive.is_writer and position == last and position > published:
            prints = await asyncio.to_thread(prints_at, engine, position)
            if prints is not None:
                await asyncio.to_thread(publish, archive, position, prints)
                published = position
        last = position


def prints_at(engine: Engine, position: int) -> dict[str, str] | None:
    """
    The fingerprints of the live read models if they stand at *position* and can be read; else ``None``.

    Those that another release projected are not published as if this one had.
    """
    try:
        with reading(engine) as read:
            is_ours = read.version == Plan(ALL).version
            return fingerprints_of(read) if is_ours and read.position == position else None
    except (SQLAlchemyError, NothingYetError) as error:
        log.warning("figures_not_published", error=type(error).__name__)
        return None


def publish(archive: Archive, position: int, prints: dict[str, str]) -> PublishedPrints:
    """Write the signed note of fingerprints by today's projections; the archive must have sealed *position*."""
    published = PublishedPrints(archive.signer.name, position, prints, versions())
    path = archive.public / published.path
    if not path.exists():
        write_whole(path, published.signed(archive.signer).encode())
        log.info("figures_published", position=position)
    return published
