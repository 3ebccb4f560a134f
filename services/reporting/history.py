"""Whether the read models stand on this log: its trimmed beginning projected, and the last entry they know still there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from services.reporting.database import is_prepared
from services.reporting.following import MOST
from services.reporting.projections.timeline import timeline
from services.reporting.reading import NothingYetError, reading
from thidua.errors import LogTrimmedError
from thidua.log import read_entry
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.reporting.archive import SealedLog
    from services.reporting.following import Projector
    from thidua.log import EventLog


async def other_history(engine: Engine, event_log: EventLog, archive: SealedLog) -> str | None:
    """
    Why the read models are not of this log; ``None`` when they are.

    A log restored after a loss may hold another entry where the read models hold one that was never sealed.
    """
    try:
        last = await asyncio.to_thread(_last, engine)
    except SQLAlchemyError:
        # Opened unasked, the log could grow at positions that the read models have passed already.
        return "the database of the read models does not answer"
    if last is None:
        return None
    position, known = last
    found = await event_log.read(position - 1, 1)
    if not found or found[0].position != position:
        # Trimmed, and then it is sealed.
        files = archive.files()
        found = [read_entry(at, raw) for at, raw in files.entries(position - 1, position)]
    if not found:
        return f"position {position}, which the read models hold, is not in the log"
    entry = found[0]
    held = parse_jws(entry.jws).hash if entry.jws is not None else (entry.said or {}).get("hash")
    if held == known:
        return None
    return (
        f"position {position} of the read models is another entry than the log's: build them anew"
    )


async def take_trimmed(event_log: EventLog, archive: SealedLog, projector: Projector) -> None:
    """Project from the archive what was trimmed from the log; raises ``LogTrimmedError`` when it ends before."""
    begins = (await event_log.outline()).first
    while projector.position + 1 < begins:
        files, after = archive.files(), projector.position
        page = list(files.entries(after, min(after + MOST, begins - 1)))
        if not page:
            raise LogTrimmedError(begins, f"the archive ends at position {files.size}")
        await asyncio.to_thread(projector.apply, page)


def _last(engine: Engine) -> tuple[int, str] | None:
    if not is_prepared(engine):
        return None
    try:
        with reading(engine) as read:
            rows = read.newest(timeline, "position", most=1)
    except NothingYetError:
        return None
    return (rows[0]["position"], rows[0]["hash"]) if rows else None
