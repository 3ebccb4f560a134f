"""Departments: they enter, are renamed, merge, split and end; an identity never returns."""

from __future__ import annotations

from datetime import date

from services.units.domain.case import RegistryCase, duplicate, unit_fault
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code
from thidua.standing import Registry


def unit_registered(data: u.UnitRegistered, case: RegistryCase) -> Judgement:
    """A code is used once in the whole log, since it names who signs."""
    if any(data.unit in registry.units for registry in case.all):
        return Refused(Code.ALREADY_DONE, {"what": f"unit {data.unit}"})
    return Recorded()


def unit_renamed(data: u.UnitRenamed, case: RegistryCase) -> Judgement:
    """Another name from a day on which the unit exists."""
    if fault := standing_fault(case.registry, data.unit, data.valid_from):
        return fault
    given = (data.name_vi, data.short_vi, data.name_en, data.valid_from)
    names = case.registry.units[data.unit].names
    if any((name.name_vi, name.short_vi, name.name_en, name.valid_from) == given for name in names):
        return Refused(Code.ALREADY_DONE, {"what": f"name of {data.unit} from {data.valid_from}"})
    return Recorded()


def unit_merged(data: u.UnitMerged, case: RegistryCase) -> Judgement:
    """Each of the units ends on that day and goes over into another that exists then."""
    return _change_fault(case.registry, data.units, (data.into,), data.on) or Recorded()


def unit_split(data: u.UnitSplit, case: RegistryCase) -> Judgement:
    """The units that come of it were registered before and exist on that day."""
    ending = () if data.continues else (data.unit,)
    return _change_fault(case.registry, ending, data.into, data.on, parent=data.unit) or Recorded()


def unit_dissolved(data: u.UnitDissolved, case: RegistryCase) -> Judgement:
    """The unit ends; who receives its tasks is another unit that exists then."""
    receiving = () if data.receiving is None else (data.receiving,)
    return _change_fault(case.registry, (data.unit,), receiving, data.on) or Recorded()


def standing_fault(registry: Registry, unit: str, day: date) -> Refused | None:
    """Why *unit* can take no change on *day*: unknown, ended for good, or not begun by then."""
    found = registry.units.get(unit)
    if found is None:
        return unit_fault(registry, unit, day)
    if found.ended is not None:
        return unit_fault(registry, unit, max(found.ended, found.valid_from))
    if day < found.valid_from:
        return Refused(
            Code.DATE_INVALID,
            {"given": str(day), "expected": f"from {found.valid_from}, when {unit} begins"},
        )
    return None


def _change_fault(
    registry: Registry,
    ending: tuple[str, ...],
    heirs: tuple[str, ...],
    day: date,
    *,
    parent: str | None = None,
) -> Refused | None:
    involved = (*ending, *heirs) if parent is None or parent in ending else (parent, *heirs)
    if twice := duplicate(involved):
        return Refused(Code.OVERLAP, {"what": "the other units of this change", "given": twice})
    for unit in involved:
        if fault := standing_fault(registry, unit, day):
            return fault
    for unit in ending:
        begun = registry.units[unit].valid_from
        if day <= begun:
            return Refused(
                Code.DATE_INVALID,
                {"given": str(day), "expected": f"after {begun}, when {unit} begins"},
            )
    return None
