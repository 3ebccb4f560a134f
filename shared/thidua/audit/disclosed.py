"""Disclosed personal data held against the log (V19): each row opens a commitment that stands, or a proof says no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from thidua.audit.findings import Findings
from thidua.audit.parts import entries_of
from thidua.contracts import Event
from thidua.contracts.ballots import CountingBoardElected
from thidua.contracts.envelope import EnvelopeError, FormError
from thidua.contracts.units import (
    DelegateAppointed,
    KeyRegistered,
    KeyRevoked,
    KeyRotated,
    LogOpened,
    PersonalDataErased,
)
from thidua.errors import MalformedError, SignatureError, ThiduaError
from thidua.knowledge import recorded_event
from thidua.log.entry import Entry
from thidua.signing import ParsedJws, VerifyingKey, parse_jws
from thidua.vault import DisclosedRow, Disclosure, DisclosureError, read_disclosure

_CONCERNED: Final = tuple(
    data.TYPE.encode()
    for data in (
        LogOpened,
        KeyRegistered,
        KeyRotated,
        KeyRevoked,
        DelegateAppointed,
        CountingBoardElected,
        PersonalDataErased,
    )
)
Of = tuple[str, str, str]
"""Subject, unit and commitment."""


class DisclosedTo(NamedTuple):
    """A disclosure as an auditor brings it: the file's name and what is in it, not yet verified."""

    name: str
    disclosure: Disclosure
    jws: ParsedJws


class RowFound(NamedTuple):
    """A row that opens its commitment: where that stands, and which entry says it was erased since."""

    file: str
    ref: str
    unit: str
    subject: str
    field: str
    position: int
    erased: int | None


class _Key(NamedTuple):
    owner: str
    spki: str
    alg: str


@dataclass(slots=True)
class _Persons:
    """What a log says of keys, commitments and erasures."""

    keys: dict[str, _Key] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    made: dict[Of, int] = field(default_factory=dict)
    erased: dict[Of, int] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Take in the next entry."""
        if not entry.is_recorded:
            return
        payload = parse_jws(entry.jws or b"").payload
        if any(name in payload for name in _CONCERNED):
            self._believe(entry.position, recorded_event(entry))

    def _believe(self, position: int, event: Event) -> None:
        match event.data:
            case LogOpened() as data:
                self.keys[data.root_kid] = _Key(event.source, data.root_spki, data.root_alg)
            case KeyRegistered() as data:
                self.keys.setdefault(data.kid, _Key(data.owner, data.spki, data.alg))
            case KeyRotated() as data:
                self.keys.setdefault(data.new_kid, _Key(event.source, data.spki, data.alg))
            case KeyRevoked() as data:
                self.revoked.add(data.kid)
            case DelegateAppointed() as data:
                self.made.setdefault((event.subject, data.unit, data.commitment), position)
            case CountingBoardElected() as data:
                for one in data.members:
                    if one.commitment is not None:
                        self.made.setdefault((event.subject, one.unit, one.commitment), position)
            case PersonalDataErased() as data:
                of = (data.cycle or event.subject, data.unit, data.commitment)
                self.erased.setdefault(of, position)
            case _:
                pass

    def speaker_fault(self, one: DisclosedTo) -> str | None:
        """Why nobody known to the log has signed a disclosure."""
        kid = one.jws.kid
        key = self.keys.get(kid)
        if key is None or key.owner != one.disclosure.by or kid in self.revoked:
            return (
                f"{kid} không phải khóa còn hiệu lực của / is no valid key of {one.disclosure.by}"
            )
        try:
            one.jws.verify(VerifyingKey.from_spki(key.spki, key.alg))
        except (SignatureError, MalformedError) as error:
            return str(error)
        return None

    def row_fault(self, row: DisclosedRow, by: str) -> str | None:
        """Why a row proves nothing, or says something else than was committed."""
        if by not in row.speakers:
            return f"{row.ref}: {by} không được cung cấp dữ liệu của / does not disclose for {row.unit}"
        if not row.holds:
            return f"{row.ref}: không mở được cam kết, đã bị sửa / does not open its commitment: edited"
        if (row.subject, row.unit, row.commitment) not in self.made:
            return f"{row.ref}: sổ không có cam kết này / no such commitment in the log"
        return None


def bring(path: Path) -> DisclosedTo:
    """The disclosure in a file; raises ``DisclosureError``."""
    try:
        disclosure, jws = read_disclosure(path.read_bytes())
    except OSError as error:
        raise DisclosureError(str(path), error.strerror or str(error)) from None
    return DisclosedTo(path.name, disclosure, jws)


def hold(
    brought: Sequence[DisclosedTo], folder: Path, size: int, origin: str, found: Findings
) -> tuple[RowFound, ...]:
    """Every row of what was *brought* against the folder's entries; what came of it is noted in *found*."""
    if not brought:
        found.nothing("V19", "không đưa dữ liệu cá nhân nào / no personal data was disclosed")
        return ()
    persons = _Persons()
    try:
        for entry in entries_of(folder, size):
            persons.take(entry)
    except (ThiduaError, EnvelopeError, FormError) as error:
        found.not_checked("V19", f"không đọc được sổ: {error}", f"the log cannot be read: {error}")
        return ()
    rows = tuple(_rows(brought, persons, origin, found))
    found.holds("V19", len(rows))
    return rows


def _rows(
    brought: Sequence[DisclosedTo], persons: _Persons, origin: str, found: Findings
) -> Iterable[RowFound]:
    for one in brought:
        fault = (
            f"dành cho sổ khác / for another log: {one.disclosure.aud}"
            if one.disclosure.aud != origin
            else persons.speaker_fault(one)
        )
        if fault is not None:
            found.fails("V19", None, f"{one.name}: {fault}")
            continue
        for row in one.disclosure.rows:
            of = (row.subject, row.unit, row.commitment)
            if fault := persons.row_fault(row, one.disclosure.by):
                found.fails("V19", persons.made.get(of), f"{one.name}: {fault}")
                continue
            yield RowFound(
                one.name,
                row.ref,
                row.unit,
                row.subject,
                row.field,
                persons.made[of],
                persons.erased.get(of),
            )
