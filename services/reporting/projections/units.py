"""Units and their history: names through time, predecessors and successors, memberships, delegates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from services.reporting.columns import document, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Row, Rows

authorities = read_model(
    "authorities", text("authority", key=True), text("name_vi"), text("name_en"), position()
)
clusters = read_model(
    "clusters",
    text("authority", key=True),
    text("cluster", key=True),
    text("name_vi"),
    text("name_en"),
    text("valid_from"),
    text("basis"),
    position(),
)
units = read_model(
    "units",
    text("unit", key=True),
    text("authority"),
    text("kind"),
    text("province"),
    text("valid_from"),
    text("ended"),
    document("into"),
    document("predecessors"),
    position(),
)
unit_names = read_model(
    "unit_names",
    text("unit", key=True),
    text("valid_from", key=True),
    text("name_vi"),
    text("short_vi"),
    text("name_en"),
    text("basis"),
    position(),
)
unit_changes = read_model(
    "unit_changes",
    text("unit", key=True),
    position(key=True),
    text("change"),
    text("on"),
    text("basis"),
    document("others"),
)
memberships = read_model(
    "memberships",
    text("authority", key=True),
    text("cluster", key=True),
    text("unit", key=True),
    text("valid_from", key=True),
    text("last_day"),
    text("basis"),
    position(),
)
delegates = read_model(
    "delegates",
    text("unit", key=True),
    text("delegate", key=True),
    text("role_vi"),
    text("valid_from"),
    text("valid_to"),
    position(),
)

UNITS = Projection(
    "units",
    1,
    authorities,
    clusters,
    units,
    unit_names,
    unit_changes,
    memberships,
    delegates,
)


@UNITS.on(u.AuthorityEstablished)
def _established(entry: ProjectedEntry, data: u.AuthorityEstablished, rows: Rows) -> None:
    rows.put(
        authorities,
        authority=data.authority,
        name_vi=data.name_vi,
        name_en=data.name_en,
        position=entry.position,
    )


@UNITS.on(u.ClusterFormed)
def _formed(entry: ProjectedEntry, data: u.ClusterFormed, rows: Rows) -> None:
    rows.put(
        clusters,
        authority=entry.subject,
        cluster=data.cluster,
        name_vi=data.name_vi,
        name_en=data.name_en,
        valid_from=as_text(data.valid_from),
        basis=data.basis,
        position=entry.position,
    )


@UNITS.on(u.UnitRegistered)
def _registered(entry: ProjectedEntry, data: u.UnitRegistered, rows: Rows) -> None:
    rows.put(
        units,
        unit=data.unit,
        authority=entry.subject,
        kind=data.kind,
        province=data.province,
        valid_from=as_text(data.valid_from),
        into=[],
        predecessors=[],
        position=entry.position,
    )
    _name(entry, data, rows)
    _change(entry, rows, data.unit, "registered", data.valid_from, data.basis)


@UNITS.on(u.UnitRenamed)
def _renamed(entry: ProjectedEntry, data: u.UnitRenamed, rows: Rows) -> None:
    _name(entry, data, rows)
    _change(entry, rows, data.unit, "renamed", data.valid_from, data.basis)


@UNITS.on(u.UnitMerged)
def _merged(entry: ProjectedEntry, data: u.UnitMerged, rows: Rows) -> None:
    for code in data.units:
        rows.change(units, code, ended=as_text(data.on), into=[data.into])
        _change(entry, rows, code, "merged", data.on, data.basis, (data.into,))
    _inherit(rows, data.into, data.units)
    _change(entry, rows, data.into, "took-over", data.on, data.basis, data.units)


@UNITS.on(u.UnitSplit)
def _split(entry: ProjectedEntry, data: u.UnitSplit, rows: Rows) -> None:
    parent: dict[str, Any] = {"into": list(data.into)}
    if not data.continues:
        parent["ended"] = as_text(data.on)
    rows.change(units, data.unit, **parent)
    _change(entry, rows, data.unit, "split", data.on, data.basis, data.into)
    for code in data.into:
        _inherit(rows, code, (data.unit,))
        _change(entry, rows, code, "split-from", data.on, data.basis, (data.unit,))


@UNITS.on(u.UnitDissolved)
def _dissolved(entry: ProjectedEntry, data: u.UnitDissolved, rows: Rows) -> None:
    into = [data.receiving] if data.receiving else []
    rows.change(units, data.unit, ended=as_text(data.on), into=into)
    _change(entry, rows, data.unit, "dissolved", data.on, data.basis, tuple(into))


@UNITS.on(u.MembershipStarted)
def _joined(entry: ProjectedEntry, data: u.MembershipStarted, rows: Rows) -> None:
    rows.put(
        memberships,
        authority=entry.subject,
        cluster=data.cluster,
        unit=data.unit,
        valid_from=as_text(data.valid_from),
        basis=data.basis,
        position=entry.position,
    )


@UNITS.on(u.MembershipEnded)
def _left(entry: ProjectedEntry, data: u.MembershipEnded, rows: Rows) -> None:
    open_ones = rows.where(
        memberships, authority=entry.subject, cluster=data.cluster, unit=data.unit, last_day=None
    )
    for row in open_ones:
        rows.put(memberships, **{**row, "last_day": as_text(data.last_day)})


@UNITS.on(u.DelegateAppointed)
def _appointed(entry: ProjectedEntry, data: u.DelegateAppointed, rows: Rows) -> None:
    rows.put(
        delegates,
        unit=data.unit,
        delegate=data.delegate,
        role_vi=data.role_vi,
        valid_from=as_text(data.valid_from),
        valid_to=as_text(data.valid_to),
        position=entry.position,
    )


def _name(entry: ProjectedEntry, data: u.UnitRegistered | u.UnitRenamed, rows: Rows) -> None:
    rows.put(
        unit_names,
        unit=data.unit,
        valid_from=as_text(data.valid_from),
        name_vi=data.name_vi,
        short_vi=data.short_vi,
        name_en=data.name_en,
        basis=data.basis,
        position=entry.position,
    )


def _inherit(rows: Rows, heir: str, from_units: tuple[str, ...]) -> None:
    row = rows.get(units, heir)
    before = list(row["predecessors"] or []) if row else []
    rows.change(units, heir, predecessors=[*before, *from_units])


def _change(
    entry: ProjectedEntry,
    rows: Rows,
    unit: str,
    change: str,
    on: date,
    basis: str,
    others: tuple[str, ...] = (),
) -> None:
    rows.put(
        unit_changes,
        unit=unit,
        position=entry.position,
        change=change,
        on=as_text(on),
        basis=basis,
        others=list(others),
    )


@dataclass(frozen=True, slots=True)
class UnitName:
    """A unit's names from a day on."""

    name_vi: str
    short_vi: str
    name_en: str | None
    valid_from: str
    basis: str
    position: int


@dataclass(frozen=True, slots=True)
class UnitChange:
    """One step of a unit's history; *others* are the units it concerns beside this one."""

    change: str
    on: str
    basis: str
    others: list[str]
    position: int


@dataclass(frozen=True, slots=True)
class Membership:
    """A unit's belonging to a cluster; no last day while it lasts."""

    authority: str
    cluster: str
    unit: str
    valid_from: str
    last_day: str | None
    position: int

    def holds(self, day: date) -> bool:
        """Whether it is in force on *day*."""
        text_of_day = day.isoformat()
        return self.valid_from <= text_of_day and (
            self.last_day is None or text_of_day <= self.last_day
        )


@dataclass(frozen=True, slots=True)
class Unit:
    """A department with its whole history."""

    unit: str
    authority: str
    kind: str
    province: str
    valid_from: str
    ended: str | None
    into: list[str]
    predecessors: list[str]
    names: list[UnitName]
    changes: list[UnitChange]
    memberships: list[Membership]
    delegates: list[dict[str, Any]]


class Names:
    """What units, clusters and authorities are called; a code nobody registered is its own name."""

    def __init__(
        self, of_units: dict[str, list[Row]], of_others: dict[str, tuple[str, str | None]]
    ) -> None:
        self._units = of_units
        self._others = of_others

    def _on(self, code: str, day: date | None) -> Row | None:
        names = self._units.get(code)
        if not names:
            return None
        if day is None:
            return names[-1]
        known = [name for name in names if name["valid_from"] <= day.isoformat()]
        return known[-1] if known else names[0]

    def full(self, code: str, day: date | None = None, *, english: bool = False) -> str:
        """The full name, on *day* if given, else the newest."""
        found = self._on(code, day)
        if found is None:
            return self.other(code, english=english)
        return str((english and found["name_en"]) or found["name_vi"])

    def short(self, code: str, day: date | None = None) -> str:
        """The short Vietnamese name, on *day* if given, else the newest."""
        found = self._on(code, day)
        return self.other(code) if found is None else str(found["short_vi"])

    def other(self, code: str, *, english: bool = False) -> str:
        """The name of an authority or a cluster."""
        vietnamese, in_english = self._others.get(code, (code, None))
        return (english and in_english) or vietnamese


def names(read: Reading) -> Names:
    """All names, read once for a page."""
    of_units: dict[str, list[Row]] = {}
    for row in read.rows(unit_names):
        of_units.setdefault(row["unit"], []).append(row)
    others = {r["cluster"]: (r["name_vi"], r["name_en"]) for r in read.rows(clusters)}
    others |= {r["authority"]: (r["name_vi"], r["name_en"]) for r in read.rows(authorities)}
    return Names(of_units, others)


def unit(read: Reading, code: str) -> Unit | None:
    """A unit with its history, ``None`` when no such unit was ever registered."""
    row = read.one(units, unit=code)
    if row is None:
        return None
    columns = ("name_vi", "short_vi", "name_en", "valid_from", "basis", "position")
    return Unit(
        unit=code,
        authority=row["authority"],
        kind=row["kind"],
        province=row["province"],
        valid_from=row["valid_from"],
        ended=row["ended"],
        into=row["into"] or [],
        predecessors=row["predecessors"] or [],
        names=[UnitName(*(n[c] for c in columns)) for n in read.rows(unit_names, unit=code)],
        changes=[
            UnitChange(c["change"], c["on"], c["basis"], c["others"], c["position"])
            for c in read.rows(unit_changes, unit=code)
        ],
        memberships=_memberships(read, unit=code),
        delegates=[dict(row) for row in read.rows(delegates, unit=code)],
    )


def all_units(read: Reading) -> list[Unit]:
    """Every unit ever registered, in order of code."""
    found = [unit(read, row["unit"]) for row in read.rows(units)]
    return [one for one in found if one is not None]


def members(read: Reading, authority: str, cluster: str, day: date) -> list[str]:
    """The units of a cluster on *day* that exist then, in order of code."""
    ended = {row["unit"]: row["ended"] for row in read.rows(units)}
    return sorted(
        m.unit
        for m in _memberships(read, authority=authority, cluster=cluster)
        if m.holds(day) and (ended.get(m.unit) is None or day.isoformat() < ended[m.unit])
    )


def all_clusters(read: Reading) -> list[dict[str, Any]]:
    """Every cluster with its names and memberships."""
    return [
        {
            **row,
            "memberships": _memberships(read, authority=row["authority"], cluster=row["cluster"]),
        }
        for row in read.rows(clusters)
    ]


def _memberships(read: Reading, **equals: str) -> list[Membership]:
    columns = ("authority", "cluster", "unit", "valid_from", "last_day", "position")
    return [Membership(*(row[c] for c in columns)) for row in read.rows(memberships, **equals)]
