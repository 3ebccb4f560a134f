"""
Who stands where, as the log says: units, members, officers and the rules in force.

All services fold the same entries into the same :class:`Registry` (one per authority) and
:class:`Frame` (one per cycle), so that roles are checked alike everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

from thidua.clock import local_day
from thidua.contracts import Role
from thidua.contracts import pledges as p
from thidua.contracts import units as u

__all__ = [
    "Frame",
    "Key",
    "Membership",
    "Name",
    "Officer",
    "Registry",
    "Unit",
    "acting_chair",
    "acting_deputy",
    "local_day",
    "roles_held",
]


@dataclass(frozen=True)
class Name:
    """A unit's names from a day on."""

    name_vi: str
    short_vi: str
    name_en: str | None
    valid_from: date


@dataclass(frozen=True)
class Unit:
    """A department: identity is the code, names and validity are dated. ``ended`` is its first day of not existing."""

    code: str
    kind: str
    province: str
    valid_from: date
    names: tuple[Name, ...]
    ended: date | None = None
    into: tuple[str, ...] = ()
    predecessors: tuple[str, ...] = ()

    def exists(self, day: date) -> bool:
        """Whether the unit exists on *day*."""
        return self.valid_from <= day and (self.ended is None or day < self.ended)


@dataclass(frozen=True)
class Membership:
    """A unit's belonging to a cluster; ``last_day`` is its last day as a member."""

    cluster: str
    unit: str
    valid_from: date
    last_day: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it is in force on *day*."""
        return self.valid_from <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True)
class Key:
    """A public key as registered; ``status`` tells whether it may still sign."""

    kid: str
    owner: str
    alg: str
    spki: str
    status: Literal["active", "rotated", "revoked"] = "active"


@dataclass(frozen=True)
class Registry:
    """
    The registry of one authority, folded from the events under its code.

    ``genesis`` is the authority that established this one; empty for the one that founded the log,
    whose registry alone holds ``origin``, ``sandbox`` and ``authorities``. ``delegates`` are commitments by unit
    and name, ``erased`` the units' commitments that nobody can open any more, ``direct`` the units that may
    publish straight into Redis.
    """

    authority: str
    genesis: str = ""
    origin: str = ""
    sandbox: bool = False
    authorities: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()
    calendars: Mapping[int, frozenset[date]] = field(default_factory=dict)
    salaries: tuple[tuple[date, int], ...] = ()
    regulations: Mapping[int, u.RegulationIssued] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)
    delegates: Mapping[tuple[str, str], str] = field(default_factory=dict)
    erased: frozenset[tuple[str, str]] = frozenset()
    direct: frozenset[str] = frozenset()
    judges: Mapping[str, int] = field(default_factory=dict)
    movements: Mapping[int, p.MovementApproved] = field(default_factory=dict)
    clock: datetime | None = None
    _members: dict[tuple[str, date], tuple[str, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def members(self, cluster: str, day: date) -> tuple[str, ...]:
        """The units of a cluster on *day*, in order of code."""
        # Every event of a cycle asks for this, of the same registry and mostly of the same day.
        found = self._members.get((cluster, day))
        if found is None:
            found = self._members[cluster, day] = tuple(
                sorted(
                    m.unit
                    for m in self.memberships
                    if m.cluster == cluster
                    and m.holds(day)
                    and m.unit in self.units
                    and self.units[m.unit].exists(day)
                )
            )
        return found

    def salary(self, day: date) -> int | None:
        """The base salary in đồng on *day*, ``None`` when none is set."""
        in_force = [amount for since, amount in self.salaries if since <= day]
        return in_force[-1] if in_force else None

    def holidays(self) -> frozenset[date]:
        """All published holidays."""
        return frozenset().union(*self.calendars.values())


@dataclass(frozen=True)
class Officer:
    """The chair or deputy of a cycle and how far that is: elected here or carried over, recognised or refused."""

    unit: str
    status: Literal["carried-over", "elected", "recognised", "refused"]
    by: str


@dataclass(frozen=True)
class Frame:
    """What every service knows of a cycle: whether it is open, its rulebook and its officers."""

    subject: str
    opened: bool = False
    closed_on: date | None = None
    rulebook: u.RulebookAdopted | None = None
    rulebooks: Mapping[int, u.RulebookAdopted] = field(default_factory=dict)
    chair: Officer | None = None
    deputy: Officer | None = None

    @property
    def closed(self) -> bool:
        """Whether the authority has closed the cycle; only corrections follow."""
        return self.closed_on is not None

    @property
    def authority(self) -> str:
        """Code of the authority that runs the cluster."""
        return self.subject.split("/")[0]

    @property
    def cluster(self) -> str:
        """Code of the cluster."""
        return self.subject.split("/")[1]

    @property
    def year(self) -> int:
        """The emulation year."""
        return int(self.subject.split("/")[2])

    @property
    def before(self) -> str:
        """The subject of the year before in the same cluster."""
        return _year_before(self.subject)


@lru_cache(maxsize=256)
def _year_before(subject: str) -> str:
    cluster, _, year = subject.rpartition("/")
    return f"{cluster}/{int(year) - 1}"


def acting_chair(registry: Registry, frame: Frame, before: Frame, day: date) -> str | None:
    """
    The unit that acts as chair of *frame*'s cycle on *day*, ``None`` when nobody does.

    A recognised or carried-over chair acts; before recognition the year's regulation says whether
    the elected unit or the chair of the year *before* does; with no chair elected it is the latter.
    When the chair's unit no longer exists or has left the cluster, the deputy acts at once.
    """
    chair = frame.chair
    if chair is None or chair.status == "refused":
        outgoing = before.chair
        chair = outgoing if outgoing is not None and outgoing.status != "refused" else None
    elif chair.status == "elected" and before.chair is not None:
        regulation = registry.regulations.get(frame.year)
        if regulation is not None and regulation.acting == "outgoing":
            chair = before.chair
    if chair is not None and chair.unit in registry.members(frame.cluster, day):
        return chair.unit
    return acting_deputy(registry, frame, before, day) if chair is not None else None


def acting_deputy(registry: Registry, frame: Frame, before: Frame, day: date) -> str | None:
    """
    The unit that is deputy of *frame*'s cycle on *day*, ``None`` when nobody is.

    With no deputy elected, the deputy of the year *before* goes on as long as that year's chair does.
    """
    deputy, chair = frame.deputy, frame.chair
    if deputy is None or deputy.status == "refused":
        outgoing = chair is None or chair.status == "refused"
        deputy = before.deputy if outgoing else None
    if deputy is None or deputy.status == "refused":
        return None
    return deputy.unit if deputy.unit in registry.members(frame.cluster, day) else None


def roles_held(
    source: str, registry: Registry, frame: Frame | None, before: Frame | None, day: date
) -> frozenset[Role]:
    """
    The roles *source* holds on *day* by registry and frame.

    ``PRESIDING``, ``BOARD`` and ``TEAM`` are known to one service only, which adds them;
    ``OWNER`` is held by every registered owner of its own key, units and authorities alike.
    """
    if source.startswith("/services/"):
        return frozenset({Role.SERVICE})
    if source == f"/authorities/{registry.authority}":
        return frozenset({Role.AUTHORITY, Role.OWNER})
    held = {Role.OWNER}
    unit = source.removeprefix("/units/")
    if frame is not None and before is not None and source.startswith("/units/"):
        if unit in registry.members(frame.cluster, day):
            held.add(Role.MEMBER)
        if unit == acting_chair(registry, frame, before, day):
            held.add(Role.CHAIR)
        if unit == acting_deputy(registry, frame, before, day):
            held.add(Role.DEPUTY)
    return frozenset(held)
