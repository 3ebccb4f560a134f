"""The case: an event with what it is judged on, and the questions asked of every event first."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple, TypeVar

from services.units.domain.state import Cycle
from thidua.clock import LOCAL
from thidua.contracts import Event, EventData
from thidua.contracts.base import Deadline, Role
from thidua.deciding import Refused, View, role_fault
from thidua.refusals import Code
from thidua.standing import Frame, Registry, local_day, roles_held

T = TypeVar("T")


class RegistryCase(NamedTuple):
    """An event of the registry; ``root`` is the log's first registry, ``all`` are everybody's."""

    event: Event
    registry: Registry
    root: Registry
    all: tuple[Registry, ...]
    rx: datetime
    day: date

    @property
    def by_genesis(self) -> bool:
        """Whether the subject is the authority that founded the log."""
        return self.registry.authority == self.root.authority


class CycleCase(NamedTuple):
    """An event of a cycle, with the registry and the frame of the year before."""

    event: Event
    registry: Registry
    cycle: Cycle
    before: Frame
    rx: datetime
    day: date

    @property
    def frame(self) -> Frame:
        """The cycle's frame."""
        return self.cycle.frame

    @property
    def members(self) -> tuple[str, ...]:
        """The cluster's members today."""
        return self.registry.members(self.frame.cluster, self.day)

    @property
    def considered(self) -> tuple[str, ...]:
        """The members that take part in scoring."""
        return self.cycle.considered(self.members)


def registry_case(event: Event, view: View[Cycle], rx: datetime) -> RegistryCase:
    """The case of a registry event; all registries are read, since codes and keys are used once."""
    registry = view.registry(event.subject)
    root = view.registry(registry.genesis) if registry.genesis else registry
    others = sorted(set(root.authorities) - {registry.authority, root.authority})
    every = {
        item.authority: item for item in (registry, root, *(view.registry(code) for code in others))
    }
    return RegistryCase(event, registry, root, tuple(every.values()), rx, local_day(rx))


def cycle_case(event: Event, view: View[Cycle], rx: datetime) -> CycleCase:
    """The case of a cycle's event."""
    cycle = view.cycle(event.subject)
    before = view.cycle(cycle.frame.before).frame
    return CycleCase(event, view.registry(event.subject), cycle, before, rx, local_day(rx))


def unit_fault(registry: Registry, unit: str, day: date) -> Refused | None:
    """Why *unit* does not exist on *day*: never registered, not yet, or gone over into another."""
    found = registry.units.get(unit)
    if found is not None and found.exists(day):
        return None
    if found is None or found.ended is None or day < found.valid_from or not found.into:
        return Refused(Code.UNIT_UNKNOWN, {"given": unit, "date": str(day)})
    into = ", ".join(found.into)
    return Refused(Code.UNIT_MERGED, {"given": unit, "into": into, "date": str(found.ended)})


def registry_fault(case: RegistryCase) -> Refused | None:
    """What is wrong with a registry event's publisher, before its own rules are asked."""
    if case.event.unit is not None and (
        fault := unit_fault(case.registry, case.event.unit, case.day)
    ):
        return fault
    return role_fault(
        case.event, roles_held(case.event.source, case.registry, None, None, case.day), None
    )


def genesis_fault(case: RegistryCase) -> Refused | None:
    """The refusal of what only the authority that founded the log may say."""
    if case.by_genesis:
        return None
    held = [str(Role.AUTHORITY)]
    return Refused(
        Code.ROLE_REQUIRED, {"required": [f"authority {case.root.authority}"], "held": held}
    )


def cycle_fault(case: CycleCase) -> Refused | None:
    """Whether the cycle takes events: it was opened and is not closed."""
    subject = case.frame.subject
    if not case.frame.opened:
        return Refused(Code.CYCLE_UNKNOWN, {"given": subject, "subject": subject})
    if case.frame.closed:
        return Refused(Code.CYCLE_CLOSED, {"given": subject, "date": str(case.frame.closed_on)})
    return None


def publisher_fault(case: CycleCase, data: EventData, *units: str) -> Refused | None:
    """
    What is wrong with a cycle event before its own rules are asked.

    The cycle takes events, the publisher's unit and *units* exist, and the publisher holds a role
    the event asks for. A member speaks for its own unit alone.
    """
    if fault := cycle_fault(case):
        return fault
    source = (case.event.unit,) if case.event.unit is not None else ()
    for unit in source if units == source else (*source, *units):
        if fault := unit_fault(case.registry, unit, case.day):
            return fault
    # A member needs no look at who acts as chair or deputy.
    speaks_as_member = Role.MEMBER in data.ROLES and case.event.unit in case.members
    if not speaks_as_member and (
        fault := role_fault(case.event, held_roles(case), case.frame.year)
    ):
        return fault
    if data.ROLES == (Role.MEMBER,) and units != source:
        return Refused(
            Code.ROLE_REQUIRED,
            {
                "required": [f"{Role.MEMBER} {unit}" for unit in units],
                "held": sorted(map(str, held_roles(case))),
            },
        )
    return None


def held_roles(case: CycleCase) -> frozenset[Role]:
    """The publisher's roles; whoever is in a team of the cross-check plan holds that role too."""
    held = roles_held(case.event.source, case.registry, case.frame, case.before, case.day)
    plan = case.cycle.plan
    if (
        plan is not None
        and Role.MEMBER in held
        and any(case.event.unit in team.members for team in plan.teams)
    ):
        held |= {Role.TEAM}
    return held


def member_fault(case: CycleCase, unit: str) -> Refused | None:
    """The refusal of a unit that is not a member of the cluster today."""
    if unit in case.members:
        return None
    facts = {"unit": unit, "cycle": case.frame.subject, "year": case.frame.year}
    return Refused(Code.NOT_MEMBER, facts)


def considered_fault(case: CycleCase, unit: str) -> Refused | None:
    """The refusal of a unit that did not register and was not excepted."""
    return None if case.cycle.is_considered(unit) else Refused(Code.NOT_REGISTERED, {"unit": unit})


def deadline_fault(deadline: Deadline | None, rx: datetime) -> Refused | None:
    """The refusal of what arrived after *deadline*, with the rule that was applied."""
    if deadline is None or not deadline.days_late(local_day(rx)):
        return None
    return Refused(Code.DEADLINE_PASSED, deadline.passed(local_text(rx)))


def local_text(moment: datetime) -> str:
    """A moment as people in Vietnam read it: ``2020-03-25 00:10:00``."""
    return moment.astimezone(LOCAL).replace(tzinfo=None).isoformat(" ", "seconds")


def duplicate(items: tuple[T, ...]) -> T | None:
    """The first item that stands twice."""
    seen: set[T] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None
