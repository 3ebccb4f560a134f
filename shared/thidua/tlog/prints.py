"""What the log's operator published of the read models: their fingerprints at a position, as a signed note."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import read_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thidua.tlog.notes import NoteKey, NoteSigner

FOLDER: Final = "fingerprints"
_TITLE: Final = "read-models"
_LINE: Final = re.compile(r"([a-z][a-z0-9_-]{0,60}) ([0-9a-f]{64})")
_POSITION: Final = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class PublishedPrints:
    """The SHA-256 of every read model by name, of the first *position* entries of the log *origin*."""

    origin: str
    position: int
    prints: Mapping[str, str]

    @property
    def path(self) -> str:
        """Where it stands in the archive."""
        return f"{FOLDER}/{self.position:012d}"

    @property
    def text(self) -> str:
        """What is signed."""
        lines = "".join(f"{name} {value}\n" for name, value in sorted(self.prints.items()))
        return f"{self.origin}\n{_TITLE}\n{self.position}\n{lines}"

    def signed(self, signer: NoteSigner) -> str:
        """The signed note."""
        return f"{self.text}\n{signer.line(self.text)}"


def read_prints(note: bytes | str, key: NoteKey) -> PublishedPrints:
    """The published fingerprints; raises :class:`ArchiveFaultError` unless *key* signed them."""
    text, signatures = read_note(note, FOLDER)
    mine = [one for one in signatures if (one.name, one.key_id) == (key.name, key.id)]
    if not mine:
        raise ArchiveFaultError(FOLDER, f"a signature of {key.name}", "none")
    for one in mine:
        key.check(text, one.payload)
    origin, title, position, *lines = [*text[:-1].split("\n"), "", "", ""][: text.count("\n") or 3]
    found = [_LINE.fullmatch(line) for line in lines]
    if (origin, title) != (key.name, _TITLE) or not _POSITION.fullmatch(position):
        raise ArchiveFaultError(FOLDER, "origin, read-models, position", ascii(text[:80]))
    if None in found:
        raise ArchiveFaultError(FOLDER, "a name and 64 hex digits a line", "another line")
    return PublishedPrints(
        origin, int(position), {match[1]: match[2] for match in found if match is not None}
    )
