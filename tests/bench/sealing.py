"""Sealing: how fast entries become tiles, read back, under signed checkpoints; with how much of each entry checked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from services.reporting.archive import Archive
from tests.bench.load import ORIGIN
from thidua.audit.authentic import Authenticity
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from thidua.knowledge import Opened
    from thidua.log import Entry

BATCH: Final = 1000


class Unchecked(Authenticity):
    """Takes every entry as it is: what tree and disk alone cost."""

    def take(self, entry: Entry, *, signatures: bool = True) -> Opened | None:
        """Take the entry."""
        self.position = entry.position
        return None


class Unsigned(Authenticity):
    """Holds every entry to everything but its signature."""

    def take(self, entry: Entry, *, signatures: bool = True) -> Opened | None:
        """Take the entry."""
        return super().take(entry, signatures=False)


WAYS: Final[dict[str, Callable[[str], Authenticity]]] = {
    "sealed with fsync and read back, batches of 1,000": Unchecked,
    "… held to keys, chains and arrival": Unsigned,
    "… and to every signature, as in service": Authenticity,
}


def sealed(
    folder: Path, entries: Sequence[tuple[int, bytes]], how: Callable[[str], Authenticity]
) -> float:
    """Seconds to seal *entries*, a log from its first on, into an empty folder."""
    signer = NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA))
    archive = Archive(folder, signer, lambda: how(ORIGIN))
    archive.start()
    began = time.perf_counter()
    for at in range(0, len(entries), BATCH):
        archive.seal(entries[at : at + BATCH])
    seconds = time.perf_counter() - began
    archive.stop()
    return seconds
