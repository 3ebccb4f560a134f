"""The whole log for who starts cold: what was trimmed from Redis is read from the archive, the rest from Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import httpx

from thidua.errors import LogTrimmedError
from thidua.log.entry import Entry, read_entry
from thidua.log.names import Names
from thidua.log.redis_log import RedisLog
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.notes import MOST_NOTE_BYTES, read_checkpoint
from thidua.tlog.tiles import CHECKPOINT, WIDTH, TileFolder, bundle_path, read_bundle, read_inside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from redis.asyncio import Redis

    from thidua.settings import Settings

SECONDS = 10.0


class Sealed(Protocol):
    """Where sealed entries are read; what cannot be read raises ``ArchiveUnreadableError`` or ``ArchiveFaultError``."""

    async def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle, as many as are sealed."""


class SealedFolder:
    """An archive in a folder."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._given = folder
        self.origin = origin

    @property
    def folder(self) -> Path:
        """The folder itself, or the part of it that the archive's writer has made by now."""
        inside = self._given / "archive"
        return inside if inside.is_dir() else self._given

    async def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle."""
        return await asyncio.to_thread(self._bundle, index)

    def _bundle(self, index: int) -> list[bytes]:
        size = _size(read_inside(self.folder, CHECKPOINT, MOST_NOTE_BYTES), self.origin)
        return TileFolder(self.folder, size).bundle(index) if index * WIDTH < size else []


class SealedSite:
    """An archive over HTTP, as reporting or any copy serves it."""

    def __init__(
        self, url: str, origin: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.origin = origin
        self._transport = transport

    async def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle."""
        async with httpx.AsyncClient(timeout=SECONDS, transport=self._transport) as client:
            size = _size(await self._get(client, CHECKPOINT), self.origin)
            width = min(WIDTH, size - index * WIDTH)
            if width <= 0:
                return []
            where = bundle_path(index, width)
            return read_bundle(await self._get(client, where), width, where)

    async def _get(self, client: httpx.AsyncClient, path: str) -> bytes:
        try:
            answer = await client.get(f"{self.url}/{path}")
            return answer.raise_for_status().content
        except httpx.HTTPError as error:
            raise ArchiveUnreadableError(f"{self.url}/{path}", str(error)) from None


class WholeLog(RedisLog):
    """
    A log that is read from its first position, wherever that stands now.

    ``read`` raises :class:`LogTrimmedError` when the log begins later and *sealed* is not given or not readable.
    """

    def __init__(self, client: Redis, names: Names, sealed: Sealed | None) -> None:
        super().__init__(client, names)
        self.sealed = sealed
        self._held: tuple[int, list[bytes]] = (-1, [])

    async def read(self, after: int, most: int) -> list[Entry]:
        """At most *most* entries after a position, in order; fewer only at the log's end."""
        page = await super().read(after, most)
        if not page or page[0].position == after + 1:
            return page
        begins = page[0].position
        first = await super().read(0, 1)
        if first[0].position != begins:
            # A hole is no trimming: whoever takes the page says so.
            return page
        entries: list[Entry] = []
        while after + 1 < begins and len(entries) < most:
            fresh = (await self._sealed(after, begins))[: most - len(entries)]
            entries += fresh
            after = fresh[-1].position
        return [*entries, *page[: most - len(entries)]]

    async def read_at(self, positions: Sequence[int]) -> list[Entry]:
        """The entries at these positions, in their order, as far as the log has come to them."""
        found = {entry.position: entry for entry in await super().read_at(positions)}
        for position in positions:
            if position not in found:
                for entry in await self.read(position - 1, 1):
                    found[entry.position] = entry
        return [found[position] for position in positions if position in found]

    async def _sealed(self, after: int, begins: int) -> list[Entry]:
        """Sealed entries from the bundle of the next position, at least one."""
        index = after // WIDTH
        if self._held[0] != index or len(self._held[1]) <= after % WIDTH:
            self._held = (index, await self._bundle(index, begins))
        entries = self._held[1][after % WIDTH :]
        if not entries:
            raise LogTrimmedError(begins, f"the archive ends before position {after + 1}")
        return [
            read_entry(position, raw)
            for position, raw in enumerate(entries, after + 1)
            if position < begins
        ]

    async def _bundle(self, index: int, begins: int) -> list[bytes]:
        if self.sealed is None:
            raise LogTrimmedError(begins)
        try:
            return await self.sealed.bundle(index)
        except (ArchiveFaultError, ArchiveUnreadableError) as error:
            raise LogTrimmedError(begins, str(error)) from None


def whole_log(client: Redis, settings: Settings) -> WholeLog:
    """The log that *settings* name, its trimmed part where they say."""
    sealed: Sealed | None = None
    if settings.archive_dir is not None:
        sealed = SealedFolder(settings.archive_dir, settings.origin)
    elif settings.archive_url:
        sealed = SealedSite(settings.archive_url, settings.origin)
    return WholeLog(client, Names(settings.partition), sealed)


def _size(note: bytes, origin: str) -> int:
    checkpoint = read_checkpoint(note)
    if checkpoint.origin != origin:
        raise ArchiveFaultError(CHECKPOINT, f"origin {origin}", checkpoint.origin)
    return checkpoint.size
