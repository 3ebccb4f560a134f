"""
The gatekeeper: opens the log for each run of its server, after comparing it with what is sealed; never without.

Redis may start with a shorter log and say nothing. So the gate opens for one run of the server only after
everything sealed was compared, byte for byte, with what the log holds now.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from services.reporting.archive import sealed_pages
from thidua.errors import RetryError
from thidua.log import EntryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from services.reporting.archive import Archive, SealedLog
    from thidua.log import Entry, EventLog

log = structlog.get_logger(__name__)

PAGE: Final = 1000
PATROL: Final = 256
"""Sealed entries compared at one time while the server runs."""
CLOSED: Final = "closed by the archive"
"""What stands in the place of a run id when the log must not be open."""


async def compare(archive: SealedLog, event_log: EventLog) -> str | None:
    """
    Why the log may not be opened, or ``None`` when it holds what was sealed.

    The log may be longer: what is not sealed yet is sealed next. It may begin later: what is sealed may be trimmed.
    """
    try:
        first = await event_log.read(0, 1)
    except EntryError as error:
        return f"the log differs: {error}"
    begins = first[0].position if first else archive.position + 1
    if begins > archive.position + 1:
        return (
            f"the log begins at position {begins}, but only {archive.position} entries are sealed"
        )
    pages = sealed_pages(archive, PAGE)
    while (page := await asyncio.to_thread(next, pages, None)) is not None:
        after, sealed = page
        if after + len(sealed) < begins:
            continue
        try:
            entries = await event_log.read(after, len(sealed))
        except EntryError as error:
            return f"the log differs: {error}"
        if (place := _first_difference(max(after + 1, begins), after, entries, sealed)) is not None:
            return f"position {place} of the log is not what was sealed"
    return None


def _first_difference(
    begins: int, after: int, entries: Sequence[Entry], sealed: Sequence[bytes]
) -> int | None:
    held = {entry.position: entry.raw for entry in entries}
    for place, raw in enumerate(sealed, after + 1):
        if place >= begins and held.get(place) != raw:
            return place
    return None


class Gatekeeper:
    """
    Keeps the gate of a log whose archive is written here.

    ``check`` is to be called often: it costs two questions to the server while nothing has changed.
    *followers* say how far others have followed: a log that ends before what they took in would
    write other entries at positions they never look at again. *history* says why they followed another log.
    ``patrol`` looks for what is changed while the server runs, a part of the sealed entries each time.
    """

    def __init__(
        self,
        archive: Archive,
        event_log: EventLog,
        followers: Mapping[str, Callable[[], int]] | None = None,
        history: Callable[[], Awaitable[str | None]] | None = None,
    ) -> None:
        self.archive = archive
        self.log = event_log
        self.followers = dict(followers or {})
        self._history = history
        self._patrolled = 0

    async def check(self) -> bool:
        """Whether the log is open now; opens it if it may be."""
        gate = await self.log.gate()
        said = self.archive.gate()
        known = gate.is_open and said.is_open and said.run_id == gate.run_id
        # An emptied log can be opened by founding it anew, without a new run of the server.
        if known and await self._too_short() is None:
            return True
        return await self.compare_and_open(gate.run_id)

    async def compare_and_open(self, run_id: str) -> bool:
        """Compare everything, then open the log for this run of the server, or close it and say why."""
        reason = (
            self.archive.alarm()
            or await self._too_short()
            # Before the long comparison: while the database is away this is asked again and again.
            or (None if self._history is None else await self._history())
            or await compare(self.archive, self.log)
            or (await self.log.outline()).fault()
        )
        if reason is None:
            await asyncio.to_thread(self.archive.note, run_id, is_open=True, reason=None)
            await self.log.open_gate(run_id)
            log.info("gate_opened", run_id=run_id, sealed=self.archive.position)
            return True
        await self.log.open_gate(CLOSED)
        said = self.archive.gate()
        if (said.run_id, said.is_open, said.reason) != (run_id, False, reason):
            await asyncio.to_thread(self.archive.note, run_id, is_open=False, reason=reason)
            log.critical("gate_stays_closed", run_id=run_id, reason=reason)
        return False

    async def _too_short(self) -> str | None:
        ends = {name: position() for name, position in self.followers.items()}
        sealed = self.archive.position
        tail = await self.log.tail()
        if tail < sealed:
            return f"the log ends at position {tail}, but {sealed} entries are sealed"
        for name, end in ends.items():
            if tail < end:
                return f"the log ends at position {tail}, but {name} has followed to {end}"
        return None

    async def patrol(self) -> bool:
        """Whether the log still holds the next part of what is sealed, and nothing was taken out of it; shuts it if not."""
        sealed, after = self.archive.position, self._patrolled
        outline = await self.log.outline()
        after = max(after if after < sealed else 0, outline.first - 1)
        # Behind the unsealed tail the archive itself looks.
        until = min(after + PATROL, sealed)
        self._patrolled = until
        fault = outline.fault() or outline.first > sealed + 1
        if not fault and after < until:
            kept = await asyncio.to_thread(lambda: list(self.archive.files().entries(after, until)))
            try:
                held = await self.log.read(after, until - after)
                fault = [(entry.position, entry.raw) for entry in held] != kept
            except EntryError:
                fault = True
        # A comparison of everything finds it again and says where.
        return not fault or await self.compare_and_open((await self.log.gate()).run_id)

    async def keep(self, *, every: float = 0.5) -> None:
        """Check for ever; a server that does not answer is asked again."""
        while True:
            try:
                if await self.check():
                    await self.patrol()
            except (RedisError, OSError, RetryError) as error:
                log.warning("gate_check_failed", error=type(error).__name__, reason=str(error))
            await asyncio.sleep(every)
