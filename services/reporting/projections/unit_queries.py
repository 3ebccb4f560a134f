"""Questions to the registry: one unit with its history, names on a day, members of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from services.reporting.projections.units import (
    authorities,
    clusters,
    delegates,
    memberships,
    unit_changes,
    unit_names,
    units,
)

if TYPE_CHECKING:
    from services.reporting.reading import Reading
    from services.reporting.rows import Row


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
