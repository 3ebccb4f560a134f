"""Archives for tests: made-up entries are believed to be signed by whom they say."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from services.reporting.archive import Archive
from thidua.audit.authentic import Authenticity
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner

if TYPE_CHECKING:
    from pathlib import Path

    from thidua.log import Entry

ORIGIN = "sandbox/test/p0"


class Believing(Authenticity):
    """Believes every entry: the tests' entries carry signatures that are made up."""

    def take(self, entry: Entry, *, signatures: bool = True) -> None:
        """Take the entry as it is."""
        self.position = entry.position


@cache
def signer() -> NoteSigner:
    """The key under the checkpoints of this test run."""
    return NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA))


def archive_in(folder: Path) -> Archive:
    """An archive that is its folder's writer."""
    archive = Archive(folder, signer(), lambda: Believing(ORIGIN))
    archive.start()
    return archive
