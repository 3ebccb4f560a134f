"""Writing an archive's files: whole or not at all, on disk before anything else says so, never changed afterwards."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.merkle import EMPTY_ROOT, leaf_hash, root_of
from thidua.tlog.tiles import (
    LEVEL_BITS,
    WIDTH,
    TileFolder,
    bundle_path,
    tile_path,
    write_bundle,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def write_whole(path: Path, data: bytes, *, folders: set[Path] | None = None) -> None:
    """
    Put *data* in *path* through another file: readers see the old bytes or the new ones, after a crash too.

    *folders* collects the folders to be synced later, once for many files; without it this one is synced now.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.tmp")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if folders is None:
        sync_folders({path.parent})
    else:
        folders.add(path.parent)


def sync_folders(folders: Iterable[Path]) -> None:
    """Bring new names in *folders* to disk."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class TileWriter:
    """
    The one writer of an archive's tiles, from *size* on.

    ``add`` keeps entries in memory; ``write`` brings to disk every file that a tree of the new size needs, and
    reads it back. Only a size that was written may be signed.
    """

    def __init__(self, folder: Path, size: int = 0) -> None:
        self.folder = folder
        self.size = size
        self._levels: list[list[bytes]] = []
        self._bundle: list[bytes] = []
        self._full: list[tuple[str, bytes]] = []
        self._fresh: list[bytes] = []
        self._take_up()

    def _take_up(self) -> None:
        """Read the rightmost, partial files of the tree."""
        files = TileFolder(self.folder, self.size)
        level = 0
        while count := self.size >> (LEVEL_BITS * level):
            open_tile = count % WIDTH
            self._levels.append(list(files.tile(level, count // WIDTH)) if open_tile else [])
            level += 1
        if self.size % WIDTH:
            self._bundle = files.bundle(self.size // WIDTH)

    def add(self, entries: Sequence[bytes]) -> None:
        """Take in the next entries."""
        for entry in entries:
            self._bundle.append(entry)
            if len(self._bundle) == WIDTH:
                self._full.append((bundle_path(self.size // WIDTH), write_bundle(self._bundle)))
                self._bundle = []
            self._push(0, leaf_hash(entry), self.size)
            self.size += 1
        self._fresh += entries

    def _push(self, level: int, digest: bytes, index: int) -> None:
        if level == len(self._levels):
            self._levels.append([])
        tile = self._levels[level]
        tile.append(digest)
        if len(tile) == WIDTH:
            self._full.append((tile_path(level, index // WIDTH), b"".join(tile)))
            self._levels[level] = []
            self._push(level + 1, root_of(tile), index // WIDTH)

    def root(self) -> bytes:
        """The root of the tree, from the open tiles upwards."""
        right: list[bytes] = []
        for tile in self._levels:
            if tile or right:
                right = [root_of([*tile, *right])]
        return right[0] if right else EMPTY_ROOT

    def write(self) -> bytes:
        """
        Bring the tree to disk, read it back, and give its root.

        Raises :class:`ArchiveFaultError` when the disk gives other bytes than were written: nothing may be signed then.
        """
        files = [*self._full]
        if width := self.size % WIDTH:
            files.append((bundle_path(self.size // WIDTH, width), write_bundle(self._bundle)))
        for level, tile in enumerate(self._levels):
            if tile:
                count = self.size >> (LEVEL_BITS * level)
                files.append((tile_path(level, count // WIDTH, len(tile)), b"".join(tile)))
        folders: set[Path] = set()
        for relative, data in files:
            write_whole(self.folder / relative, data, folders=folders)
        sync_folders(folders)
        root = self.root()
        self._read_back(root)
        self._full, self._fresh = [], []
        return root

    def _read_back(self, root: bytes) -> None:
        files = TileFolder(self.folder, self.size)
        if files.root() != root:
            raise ArchiveFaultError("tiles", "the root just written", "another")
        first = self.size - len(self._fresh)
        held = [entry for _, entry in files.entries(first)]
        if held != self._fresh:
            raise ArchiveFaultError("entries", "the bytes just written", "others")
        for position, entry in enumerate(self._fresh, first + 1):
            if files.leaf(position) != leaf_hash(entry):
                raise ArchiveFaultError(f"position {position}", "its leaf hash", "another")
