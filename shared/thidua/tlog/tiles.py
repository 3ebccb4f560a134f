"""The files of an archive as C2SP tlog-tiles lays them out, and every proof computed from them."""

from __future__ import annotations

import os
import stat
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from thidua.log.entry import MAX_ENTRY_BYTES
from thidua.tlog.faults import ArchiveCutError, ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, root_of, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WIDTH: Final = 256
"""Hashes of a full tile, entries of a full bundle."""
LEVEL_BITS: Final = 8
MOST_LEVELS: Final = 8
CHECKPOINT: Final = "checkpoint"
KEPT: Final = "checkpoints"
_LENGTH: Final = 2


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Where the hash tile *index* of *level* stands; a partial one is named by its *width*."""
    return f"tile/{level}/{_numbered(index)}{_partial(width)}"


def bundle_path(index: int, width: int = WIDTH) -> str:
    """Where the entry bundle *index* stands."""
    return f"tile/entries/{_numbered(index)}{_partial(width)}"


def kept_path(size: int) -> str:
    """Where the checkpoint of *size* is kept."""
    return f"{KEPT}/{size:012d}"


def _numbered(index: int) -> str:
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    return "/".join(reversed(parts))


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def write_bundle(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry after its length in two bytes; no entry is longer than that allows."""
    return b"".join(len(entry).to_bytes(_LENGTH, "big") + entry for entry in entries)


def read_bundle(data: bytes, width: int, where: str) -> list[bytes]:
    """
    The *width* entries of a bundle.

    Raises :class:`ArchiveCutError` when it ends before the last of them does, and :class:`ArchiveFaultError` when
    anything stands after it.
    """
    entries: list[bytes] = []
    at = 0
    while len(entries) < width:
        end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "big")
        if at + _LENGTH > len(data) or end > len(data):
            raise ArchiveCutError(where, f"{len(entries)} / {width}", tuple(entries))
        entries.append(data[at + _LENGTH : end])
        at = end
    if at != len(data):
        raise ArchiveFaultError(where, f"{width} entries in {at} bytes", f"{len(data)} bytes")
    return entries


class TileFolder:
    """
    The archive in a folder, up to *size*; every hash and proof comes from its files, nothing else is believed.

    Raises :class:`ArchiveUnreadableError` for files that are missing or end too soon, and :class:`ArchiveFaultError`
    for those that are links, no plain files or larger than they may be, and for what they should not say.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def read(self, relative: str, most: int) -> bytes:
        """A file's bytes, at most *most* of them."""
        return read_inside(self.folder, relative, most)

    def tile(self, level: int, index: int) -> list[bytes]:
        """The hashes of a tile that the tree of this size has."""
        key = (level, index)
        found = self._tiles.get(key)
        if found is None:
            count = self.size >> (LEVEL_BITS * level)
            width = min(WIDTH, count - index * WIDTH)
            if width <= 0:
                raise ArchiveFaultError(tile_path(level, index), f"a tree of {self.size}", "beyond")
            relative, data, holds = self._either(tile_path(level, index), width, WIDTH * HASH_SIZE)
            if len(data) < holds * HASH_SIZE:
                raise ArchiveCutError(relative, f"{len(data)} bytes / {holds} hashes")
            if len(data) > holds * HASH_SIZE:
                raise ArchiveFaultError(relative, f"{holds} hashes", f"{len(data)} bytes")
            hashes = [data[at : at + HASH_SIZE] for at in range(0, width * HASH_SIZE, HASH_SIZE)]
            if len(self._tiles) > WIDTH:
                self._tiles.pop(next(iter(self._tiles)))
            found = self._tiles[key] = hashes
        return found

    def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle that the tree of this size has."""
        width = min(WIDTH, self.size - index * WIDTH)
        most = WIDTH * (_LENGTH + MAX_ENTRY_BYTES)
        relative, data, holds = self._either(bundle_path(index), width, most)
        return read_bundle(data, holds, relative)[:width]

    def bundles(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, list[bytes]]]:
        """The bundles *first* to before *last*, each with the position before its first entry."""
        for index in range(first, -(-self.size // WIDTH) if last is None else last):
            yield index * WIDTH, self.bundle(index)

    def entries(self, after: int = 0, until: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Positions (from 1) and bytes of the entries after a position, up to *until*."""
        end = self.size if until is None else min(until, self.size)
        for before, bundle in self.bundles(after // WIDTH, -(-end // WIDTH)):
            for position, entry in enumerate(bundle, before + 1):
                if after < position <= end:
                    yield position, entry

    def leaf(self, position: int) -> bytes:
        """The leaf hash at a position as the tiles have it."""
        index = position - 1
        return self.tile(0, index // WIDTH)[index % WIDTH]

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree of *size*."""
        size = self.size if size is None else size
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, position: int, size: int | None = None) -> list[bytes]:
        """The proof that a position stands in the tree of *size* (RFC 9162 section 2.1.3.1)."""
        index, low, high = position - 1, 0, self.size if size is None else size
        proof: list[bytes] = []
        while high - low > 1:
            middle = low + split(high - low)
            if index < middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low = middle
        return proof[::-1]

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the tree of size *old* begins that of *new* (RFC 9162 section 2.1.4.1)."""
        new = self.size if new is None else new
        if old in (0, new):
            return []
        low, high, whole = 0, new, True
        proof: list[bytes] = []
        while high != old:
            middle = low + split(high - low)
            if old <= middle:
                proof.append(self._range(middle, high))
                high = middle
            else:
                proof.append(self._range(low, middle))
                low, whole = middle, False
        if not whole:
            proof.append(self._range(low, high))
        return proof[::-1]

    def _range(self, start: int, end: int) -> bytes:
        """The root over leaves *start* to *end* of a range that the split rule yields."""
        width = end - start
        if width & (width - 1) == 0 and start % width == 0:
            level, rest = divmod(width.bit_length() - 1, LEVEL_BITS)
            if end >> (LEVEL_BITS * level) <= self.size >> (LEVEL_BITS * level):
                first = start >> (LEVEL_BITS * level)
                at = first % WIDTH
                return root_of(self.tile(level, first // WIDTH)[at : at + (1 << rest)])
        middle = start + split(width)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def _either(self, full: str, width: int, most: int) -> tuple[str, bytes, int]:
        """The full file if it is there, else the partial one of just this width; and how many it holds."""
        if width != WIDTH and not os.path.lexists(self.folder / full):
            return full + _partial(width), self.read(full + _partial(width), most), width
        return full, self.read(full, most), WIDTH


def check_levels(folder: TileFolder) -> None:
    """Hold every hash tile to the tiles below it; :class:`ArchiveFaultError` names the first that differs."""
    for level, above in pairwise(range(MOST_LEVELS)):
        for index in range(folder.size >> (LEVEL_BITS * above)):
            said = folder.tile(above, index // WIDTH)[index % WIDTH]
            if root_of(folder.tile(level, index)) != said:
                raise ArchiveFaultError(
                    tile_path(above, index // WIDTH), "the roots of the tiles below", "others"
                )


def read_inside(folder: Path, relative: str, most: int) -> bytes:
    """
    The bytes of a plain file inside *folder*, at most *most* of them.

    An archive from a stranger may hold links, pipes and endless files: no archive does that was written as one, so
    they raise :class:`ArchiveFaultError`; what is missing or may not be read raises :class:`ArchiveUnreadableError`.
    """
    root = os.path.realpath(folder)
    path = Path(root) / relative
    if os.path.realpath(path) != str(path):
        raise ArchiveFaultError(relative, "tệp trong kho / a file inside", "liên kết / a link")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            told = os.fstat(descriptor)
            if not stat.S_ISREG(told.st_mode):
                raise ArchiveFaultError(relative, "tệp / a plain file", "thứ khác / another thing")
            if told.st_size > most:
                raise ArchiveFaultError(relative, f"at most {most} bytes", f"{told.st_size}")
            return file.read(most + 1)
    except FileNotFoundError:
        raise ArchiveUnreadableError(relative, "không có / is missing") from None
    except OSError as error:
        raise ArchiveUnreadableError(relative, error.strerror or str(error)) from None
