"""
What the log's operator published of the read models: their fingerprints at a position, as a signed note.

A line is ``<name>-<version> <sha256>``. Notes made before versions were named have ``<name> <sha256>``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import read_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thidua.tlog.notes import NoteKey, NoteSigner

FOLDER: Final = "fingerprints"
_TITLE: Final = "read-models"
# A release from before versions reads such a line as a read model that it does not know, which is so.
_LINE: Final = re.compile(r"([a-z][a-z0-9_-]{0,60}?)(?:-([0-9]{1,6}-[0-9a-f]{16}))? ([0-9a-f]{64})")
_POSITION: Final = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class PublishedPrints:
    """
    The SHA-256 of every read model by name, of the first *position* entries of the log *origin*.

    ``versions`` say by which projection each is: a number that is raised with its meaning, and a digest of its
    columns, such as ``1-0f6e…``. A model without one was published before they were named.
    """

    origin: str
    position: int
    prints: Mapping[str, str]
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where it stands in the archive."""
        return f"{FOLDER}/{self.position:012d}"

    @property
    def text(self) -> str:
        """What is signed."""
        lines = "".join(
            f"{name}{self._named_version(name)} {value}\n"
            for name, value in sorted(self.prints.items())
        )
        return f"{self.origin}\n{_TITLE}\n{self.position}\n{lines}"

    def _named_version(self, name: str) -> str:
        return f"-{self.versions[name]}" if name in self.versions else ""

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
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    if (origin, title) != (key.name, _TITLE) or not _POSITION.fullmatch(position):
        raise ArchiveFaultError(FOLDER, "origin, read-models, position", ascii(text[:80]))
    if len(found) != len(lines):
        raise ArchiveFaultError(FOLDER, "a name and 64 hex digits a line", "another line")
    for name, count in Counter(match[1] for match in found).items():
        if count > 1:
            raise ArchiveFaultError(FOLDER, f"{name} once", f"{count} times")
    prints = {match[1]: match[3] for match in found}
    versions = {match[1]: match[2] for match in found if match[2] is not None}
    return PublishedPrints(origin, int(position), prints, versions)


class Words(NamedTuple):
    """Why two fingerprints cannot be compared, in both languages."""

    vi: str
    en: str


class Compared(NamedTuple):
    """Read models by what their fingerprints say: the same rows, other rows, or why they say nothing of each other."""

    equal: tuple[str, ...]
    differing: tuple[str, ...]
    unlike: Mapping[str, Words]


def compare(
    published: PublishedPrints, rebuilt: Mapping[str, str], versions: Mapping[str, str]
) -> Compared:
    """
    What was published against what was *rebuilt* by projections of these *versions*.

    Only what both project the same way can differ. Without a published version equal fingerprints still prove equal
    rows, but other ones prove nothing: the projection may have changed since.
    """
    equal: list[str] = []
    differing: list[str] = []
    unlike: dict[str, Words] = {}
    for name in sorted({*published.prints, *rebuilt}):
        said, here = published.versions.get(name), versions.get(name)
        if name not in rebuilt:
            unlike[name] = Words("chỉ bản công bố có", "published only")
        elif name not in published.prints:
            unlike[name] = Words("chỉ phiên bản này có", "in this release only")
        elif said is not None and said != here:
            unlike[name] = Words(
                f"công bố theo bản {said}, ở đây là bản {here}",
                f"published as version {said}, here it is {here}",
            )
        elif published.prints[name] == rebuilt[name]:
            equal.append(name)
        elif said is None:
            unlike[name] = Words(
                f"khác, nhưng bản công bố không nêu phiên bản, ở đây là bản {here}",
                f"differs, but was published without its version; here it is {here}",
            )
        else:
            differing.append(name)
    return Compared(tuple(equal), tuple(differing), unlike)
