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
    from collections.abc import Callable, Mapping, Sequence

    from services.reporting.archive import Archive
    from thidua.log import Entry, EventLog

log = structlog.get_logger(__name__)

PAGE: Final = 1000
CLOSED: Final = "closed by the archive"
"""What stands in the place of a run id when the log must not be open."""


async def compare(archive: Archive, event_log: EventLog) -> str | None:
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
    write other entries at positions they never look at again.
    """

    def __init__(
        self,
        archive: Archive,
        event_log: EventLog,
        followers: Mapping[str, Callable[[], int]] | None = None,
    ) -> None:
        self.archive = archive
        self.log = event_log
        self.followers = dict(followers or {})

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
            self.archive.alarm() or await self._too_short() or await compare(self.archive, self.log)
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

    async def keep(self, *, every: float = 0.5) -> None:
        """Check for ever; a server that does not answer is asked again."""
        while True:
            try:
                await self.check()
            except (RedisError, OSError, RetryError) as error:
                log.warning("gate_check_failed", error=type(error).__name__, reason=str(error))
            await asyncio.sleep(every)
