"""The parts of a verification that run in processes of their own, each over the folder alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from thidua.audit.authentic import Authenticity, NotAuthenticError
from thidua.audit.registered import KeyLine
from thidua.audit.rejudging import NotFollowingError, Rejudging
from thidua.base64url import encode_base64url
from thidua.deciding import Judge
from thidua.errors import RejectError, StopError
from thidua.knowledge import Opened
from thidua.log.entry import Entry, EntryError, read_entry
from thidua.signing import VerifyingKey, parse_jws
from thidua.tlog.faults import ArchiveCutError, ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.merkle import leaf_hash
from thidua.tlog.tiles import WIDTH, TileFolder, check_levels

AUTHENTIC = ("V07", "V08", "V09", "V10", "V12")
JUDGED = (*AUTHENTIC, "V13", "V14")


class Rebuild(Protocol):
    """The application's read models being built anew, entry by entry; ``versions`` name the projection of each."""

    @property
    def versions(self) -> Mapping[str, str]:
        """By which projection each read model is."""

    def take(self, entry: Entry, opened: Opened | None = None) -> None:
        """The next entry, with its event where that was *opened* before."""

    def prints(self) -> Mapping[str, str]:
        """The fingerprint of every read model as the entries until here give it."""


Rebuilding = Callable[[], AbstractContextManager[Rebuild]]
"""What an application registers; it is called in the process that rebuilds."""


class Fault(NamedTuple):
    """A check that fails: which, where, and what was found."""

    check: str
    position: int | None
    what: str


@dataclass(slots=True)
class Part:
    """
    What one part found of its *checks*: those that hold, with how many did, faults, and what could not be read.

    A check that is in none of these was not brought to its end.
    """

    checks: tuple[str, ...]
    held: dict[str, int | None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unreadable: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    prints: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults and self.unreadable is None


class Held(NamedTuple):
    """What entries are held to: the log's judges and origin, the root key from outside, the published position."""

    judges: Sequence[Judge[Any]]
    origin: str
    root_spki: str | None = None
    published: int = 0


_OF_AUTHENTICITY = {
    "signature": "V06",
    "key": "V07",
    "chain": "V08",
    "id": "V09",
    "arrival": "V10",
    "audience": "V12",
    "form": "V12",
}


def share_part(
    folder: Path, size: int, first: int, last: int, keys: Mapping[str, KeyLine] | None
) -> Part:
    """Entries of the bundles *first* to *last* against their leaves (V01) and, with *keys*, their signatures (V06)."""
    part, files = Part(("V01",) if keys is None else ("V01", "V06")), TileFolder(folder, size)
    count = signatures = 0
    with _into(part):
        for index in range(first, last):
            hashes, before = files.tile(0, index), index * WIDTH
            try:
                entries = files.bundle(index)
            except ArchiveCutError as error:
                # An entry that was changed before the end says more than that the end is missing.
                _hold(part, error.entries, hashes, before)
                raise
            _hold(part, entries, hashes, before)
            count += len(entries)
            if keys is not None:
                signatures += _signatures(part, entries, before, keys)
            if part.faults:
                return part
    if part.is_whole:
        part.held = {"V01": count, "V06": signatures}
        part.counts = {"entries": count, "signatures": signatures}
        if keys is None:
            del part.held["V06"], part.counts["signatures"]
    return part


def _hold(part: Part, entries: Sequence[bytes], hashes: Sequence[bytes], after: int) -> None:
    """Note the first of a bundle's *entries* that differs from its leaf hash."""
    for offset, entry in enumerate(entries):
        if leaf_hash(entry) != hashes[offset]:
            what = "mục khác lá / the entry differs from its leaf"
            part.faults.append(Fault("V01", after + offset + 1, what))
            return


def _signatures(
    part: Part, entries: Sequence[bytes], after: int, keys: Mapping[str, KeyLine]
) -> int:
    """Check a bundle's signatures up to the first that is wrong; how many are right."""
    count = 0
    for position, raw in enumerate(entries, after + 1):
        token = read_entry(position, raw).jws
        if token is None:
            continue
        try:
            parsed = parse_jws(token)
        except RejectError as error:
            part.faults.append(Fault("V12", position, str(error)))
            break
        key = keys.get(parsed.kid)
        if key is None:
            part.faults.append(Fault("V06", position, f"khóa lạ / unknown key {parsed.kid}"))
            break
        try:
            parsed.verify(VerifyingKey.from_spki(key.spki, key.alg))
        except RejectError as error:
            part.faults.append(Fault("V06", position, str(error)))
            break
        count += 1
    return count


def root_part(folder: Path, size: int, root: bytes) -> Part:
    """The tiles among themselves, and their root against the signed one (V02)."""
    part, files = Part(("V02",)), TileFolder(folder, size)
    try:
        check_levels(files)
        if files.root() != root:
            part.faults.append(Fault("V02", None, "gốc khác gốc đã ký / another root than signed"))
        else:
            part.held["V02"] = None
    except ArchiveFaultError as error:
        part.faults.append(Fault("V02", None, str(error)))
    except ArchiveUnreadableError as error:
        part.unreadable = str(error)
    return part


def judged_part(folder: Path, size: int, to: Held) -> Part:
    """Chains, keys, arrival, ids, and every judgement again (V07-V14)."""
    return _judged(folder, size, to, lambda *_: None)


def judged_and_rebuilt_parts(
    folder: Path, size: int, to: Held, rebuilding: Rebuilding
) -> tuple[Part, Part]:
    """What :func:`judged_part` and :func:`rebuilt_part` find, with every event read once for both."""
    rebuilt = Part(("V15",))
    with _into(rebuilt), rebuilding() as rebuild:

        def tell(entry: Entry, opened: Opened | None) -> None:
            if entry.position <= to.published and rebuilt.is_whole:
                try:
                    rebuild.take(entry, opened)
                except StopError as error:
                    rebuilt.unreadable = str(error)

        judged = _judged(folder, size, to, tell)
        if judged.is_whole and rebuilt.is_whole:
            rebuilt.prints, rebuilt.versions = dict(rebuild.prints()), dict(rebuild.versions)
    # What a judge ended at may be no matter to the read models.
    return judged, rebuilt if judged.is_whole else rebuilt_part(folder, size, to, rebuilding)


def _judged(
    folder: Path, size: int, to: Held, tell: Callable[[Entry, Opened | None], None]
) -> Part:
    rejudging = Rejudging(
        to.judges, origin=to.origin, root_spki=to.root_spki, signatures=False, one_reading=True
    )
    authentic, part = rejudging.authentic, Part((*JUDGED, "V11"))
    with _into(part):
        for entry in entries_of(folder, size):
            try:
                opened = rejudging.take(entry)
            except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
                # Judges believe what is recorded; what they cannot fold was never judged by them.
                what = f"bộ xét không nhận / the judges cannot take it: {type(error).__name__}"
                part.faults.append(Fault("V13", authentic.position, what))
                break
            tell(entry, opened)
        else:
            rejudging.finish()
    counts = rejudging.counts
    _conclude(part, JUDGED, authentic.position - counts.said)
    _seen(part, authentic, TileFolder(folder, size))
    part.counts = {
        "reached": authentic.position,
        "recorded": counts.recorded,
        "refused": counts.refused,
        "own": counts.own,
        "said": counts.said,
    }
    return part


def authentic_part(folder: Path, size: int, origin: str, root_spki: str | None) -> Part:
    """Chains, keys, arrival and ids alone, where no judges are installed (V07-V12)."""
    part, said = Part((*AUTHENTIC, "V11")), 0
    authentic = Authenticity(origin, root_spki, one_reading=True)
    with _into(part):
        for entry in entries_of(folder, size):
            said += authentic.take(entry, signatures=False) is None
    _conclude(part, AUTHENTIC, authentic.position - said)
    _seen(part, authentic, TileFolder(folder, size))
    part.counts = {"reached": authentic.position}
    return part


def _conclude(part: Part, checks: Sequence[str], events: int) -> None:
    """All *checks* hold when the part came to its end; of the form it is said for how many *events*."""
    if part.is_whole:
        part.held = {**dict.fromkeys(checks), "V12": events}


def _seen(part: Part, authentic: Authenticity, files: TileFolder) -> None:
    """Checkpoints that publishers named as seen are beginnings of this log (V11)."""
    whole = part.is_whole
    with _into(part):
        for (size, root), position in authentic.seen.items():
            if size >= position or encode_base64url(files.root(size)) != root:
                what = (
                    f"điểm niêm {size} mà bên gửi đã thấy thuộc sổ khác / seen of another history"
                )
                part.faults.append(Fault("V11", position, what))
                return
        if whole:
            part.held["V11"] = None


@contextmanager
def _into(part: Part) -> Iterator[None]:
    """Turn what reading and holding entries raises into what *part* found."""
    try:
        yield
    except NotAuthenticError as error:
        part.faults.append(Fault(_OF_AUTHENTICITY[error.check], error.position, error.what))
    except NotFollowingError as error:
        part.faults.append(Fault("V14" if error.left_out else "V13", error.position, error.what))
    except EntryError as error:
        part.faults.append(Fault("V12", error.position, str(error)))
    except ArchiveFaultError as error:
        part.faults.append(Fault("V01", None, str(error)))
    except StopError as error:
        part.unreadable = str(error)


def rebuilt_part(folder: Path, size: int, to: Held, rebuilding: Rebuilding) -> Part:
    """The read models of the first entries, up to the published position, built anew (V15)."""
    part = Part(("V15",))
    with _into(part), rebuilding() as rebuild:
        for entry in entries_of(folder, size, until=to.published):
            rebuild.take(entry)
        part.prints, part.versions = dict(rebuild.prints()), dict(rebuild.versions)
    return part


def entries_of(
    folder: Path, size: int, after: int = 0, until: int | None = None
) -> Iterator[Entry]:
    """The entries of a folder, read."""
    for position, raw in TileFolder(folder, size).entries(after, until):
        yield read_entry(position, raw)
