"""The parts of a verification that run in processes of their own, each over the folder alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from thidua.audit.authentic import Authenticity, NotAuthenticError
from thidua.audit.rejudging import NotFollowingError, Rejudged, Rejudging
from thidua.base64url import encode_base64url
from thidua.contracts.units import KeyRegistered, KeyRotated, LogOpened
from thidua.deciding import Judge
from thidua.errors import RejectError
from thidua.knowledge import recorded_event
from thidua.log.entry import Entry, EntryError, read_entry
from thidua.signing import ParsedJws, VerifyingKey, parse_jws, parse_payload
from thidua.tlog.faults import ArchiveCutError, ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.merkle import leaf_hash
from thidua.tlog.tiles import WIDTH, TileFolder, check_levels

Pages = Callable[[int, int], list[tuple[int, bytes]]]
Fingerprints = Callable[[Pages, int], Mapping[str, str]]
"""What an application registers to rebuild its read models: pages of entries and a position give fingerprints."""


class Fault(NamedTuple):
    """A check that fails: which, where, and what was found."""

    check: str
    position: int | None
    what: str


@dataclass(slots=True)
class Part:
    """What one part found: faults, what could not be read, and what was counted."""

    faults: list[Fault] = field(default_factory=list)
    unreadable: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    prints: dict[str, str] = field(default_factory=dict)


class KeyLine(NamedTuple):
    """A key as a signature is checked under it, wherever it is valid."""

    spki: str
    alg: str


_OF_AUTHENTICITY = {
    "signature": "V06",
    "key": "V07",
    "chain": "V08",
    "id": "V09",
    "arrival": "V10",
    "audience": "V12",
    "form": "V12",
}
_KEY_TYPES = (LogOpened.TYPE.encode(), KeyRegistered.TYPE.encode(), KeyRotated.TYPE.encode())


def _inside_base64(text: bytes) -> tuple[bytes, ...]:
    """How *text* looks within base64url, at each of the three places where it may begin."""
    cut = ((0, 0), (1, 2), (2, 3))
    coded = (encode_base64url(b"\0" * before + text).encode() for before, _ in cut)
    return tuple(
        one[skip : len(one) - (1 if (len(text) + before) % 3 else 0)]
        for one, (before, skip) in zip(coded, cut, strict=True)
    )


_SAYS_A_KEY = re.compile(b"|".join(piece for name in _KEY_TYPES for piece in _inside_base64(name)))
"""An event with a key, found in its JWS without decoding that."""


def tree_part(folder: Path, size: int, first: int, last: int) -> Part:
    """Entries of the bundles *first* to *last* against the leaf hashes in the tiles (V01)."""
    part, files, count = Part(), TileFolder(folder, size), 0
    with _into(part):
        for index in range(first, last):
            hashes = files.tile(0, index)
            try:
                entries = files.bundle(index)
            except ArchiveCutError as error:
                # An entry that was changed before the end says more than that the end is missing.
                _hold(part, error.entries, hashes, index * WIDTH)
                raise
            _hold(part, entries, hashes, index * WIDTH)
            if part.faults:
                return part
            count += len(entries)
    part.counts["entries"] = count
    return part


def _hold(part: Part, entries: Sequence[bytes], hashes: Sequence[bytes], after: int) -> None:
    """Note the first of a bundle's *entries* that differs from its leaf hash."""
    for offset, entry in enumerate(entries):
        if leaf_hash(entry) != hashes[offset]:
            what = "mục khác lá / the entry differs from its leaf"
            part.faults.append(Fault("V01", after + offset + 1, what))
            return


def root_part(folder: Path, size: int, root: bytes) -> Part:
    """The tiles among themselves, and their root against the signed one (V02)."""
    part, files = Part(), TileFolder(folder, size)
    try:
        check_levels(files)
        if files.root() != root:
            part.faults.append(Fault("V02", None, "gốc khác gốc đã ký / another root than signed"))
    except ArchiveFaultError as error:
        part.faults.append(Fault("V02", None, str(error)))
    except ArchiveUnreadableError as error:
        part.unreadable = str(error)
    return part


def event_part(
    folder: Path, size: int, after: int, until: int, keys: Mapping[str, KeyLine] | None
) -> Part:
    """The events after a position: one reading each (V12), and with *keys* their signatures (V06)."""
    part, count = Part(), 0
    with _into(part):
        for entry in entries_of(folder, size, after, until):
            if entry.jws is None:
                continue
            try:
                parsed = parse_jws(entry.jws)
                parse_payload(parsed.payload)
            except RejectError as error:
                part.faults.append(Fault("V12", entry.position, str(error)))
                break
            if keys is not None:
                fault = _unsigned(entry.position, parsed, keys.get(parsed.kid))
                if fault is not None:
                    part.faults.append(fault)
                    break
                count += 1
    if keys is not None:
        part.counts["signatures"] = count
    return part


def _unsigned(position: int, parsed: ParsedJws, key: KeyLine | None) -> Fault | None:
    """What is wrong with a signature."""
    if key is None:
        return Fault("V06", position, f"khóa lạ / unknown key {parsed.kid}")
    try:
        parsed.verify(VerifyingKey.from_spki(key.spki, key.alg))
    except RejectError as error:
        return Fault("V06", position, str(error))
    return None


def judged_part(
    folder: Path, size: int, judges: Sequence[Judge[Any]], origin: str, root_spki: str | None
) -> Part:
    """Chains, keys, arrival, ids, and every judgement again (V07-V14)."""
    part = Part()
    rejudging = Rejudging(judges, origin=origin, root_spki=root_spki, signatures=False)
    with _into(part):
        try:
            rejudging.run(entries_of(folder, size))
        except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            # Judges believe what is recorded; what they cannot fold was never judged by them.
            what = f"bộ xét không nhận / the judges cannot take it: {type(error).__name__}"
            part.faults.append(Fault("V13", rejudging.authentic.position, what))
    _seen(part, rejudging.authentic, TileFolder(folder, size))
    counts: Rejudged = rejudging.counts
    part.counts = {
        "reached": rejudging.authentic.position,
        "recorded": counts.recorded,
        "refused": counts.refused,
        "own": counts.own,
        "said": counts.said,
    }
    return part


def authentic_part(folder: Path, size: int, origin: str, root_spki: str | None) -> Part:
    """Chains, keys, arrival and ids alone, where no judges are installed (V07-V12)."""
    part, authentic = Part(), Authenticity(origin, root_spki)
    with _into(part):
        for entry in entries_of(folder, size):
            authentic.take(entry, signatures=False)
    _seen(part, authentic, TileFolder(folder, size))
    part.counts = {"reached": authentic.position}
    return part


def _seen(part: Part, authentic: Authenticity, files: TileFolder) -> None:
    """Checkpoints that publishers named as seen are beginnings of this log (V11)."""
    with _into(part):
        for (size, root), position in authentic.seen.items():
            if size >= position or encode_base64url(files.root(size)) != root:
                what = (
                    f"điểm niêm {size} mà bên gửi đã thấy thuộc sổ khác / seen of another history"
                )
                part.faults.append(Fault("V11", position, what))
                return


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
    except ArchiveUnreadableError as error:
        part.unreadable = str(error)


def rebuilt_part(folder: Path, size: int, fingerprints: Fingerprints, position: int) -> Part:
    """The read models of the first *position* entries built anew (V15)."""
    part, files = Part(), TileFolder(folder, size)

    def pages(after: int, most: int) -> list[tuple[int, bytes]]:
        return list(files.entries(after, after + most))

    with _into(part):
        part.prints = dict(fingerprints(pages, position))
    return part


def entries_of(
    folder: Path, size: int, after: int = 0, until: int | None = None
) -> Iterator[Entry]:
    """The entries of a folder, read."""
    for position, raw in TileFolder(folder, size).entries(after, until):
        yield read_entry(position, raw)


def keys_of(folder: Path, size: int) -> dict[str, KeyLine]:
    """Every key that was ever registered, by name; whether it was valid where it signed is another check."""
    keys: dict[str, KeyLine] = {}
    for entry in entries_of(folder, size):
        if not entry.is_recorded:
            continue
        if _SAYS_A_KEY.search(entry.jws or b"") is None:
            continue
        data = recorded_event(entry).data
        match data:
            case LogOpened():
                keys[data.root_kid] = KeyLine(data.root_spki, data.root_alg)
            case KeyRegistered():
                keys.setdefault(data.kid, KeyLine(data.spki, data.alg))
            case KeyRotated():
                keys.setdefault(data.new_kid, KeyLine(data.spki, data.alg))
            case _:
                pass
    return keys
