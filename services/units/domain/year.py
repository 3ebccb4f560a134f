"""The year's frame: opening, registrations, exceptions, suspensions, mid-year review, closing."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.units.domain.case import (
    CycleCase,
    cycle_fault,
    deadline_fault,
    duplicate,
    held_roles,
    member_fault,
    publisher_fault,
)
from thidua.contracts import units as u
from thidua.contracts.base import format_points
from thidua.deciding import Judgement, Recorded, Refused, role_fault
from thidua.refusals import Code

_ALL: Final = Decimal(100)


def cycle_opened(case: CycleCase) -> Judgement:
    """Opened once by the authority, for a cluster that was formed."""
    if case.frame.opened:
        return Refused(Code.ALREADY_DONE, {"what": f"cycle {case.frame.subject}"})
    if case.frame.cluster not in case.registry.clusters:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "cluster", "given": case.frame.cluster})
    return role_fault(case.event, held_roles(case), case.frame.year) or Recorded()


def cycle_closed(case: CycleCase) -> Judgement:
    """Closed once by the authority."""
    if case.frame.closed:
        return Refused(Code.ALREADY_DONE, {"what": f"end of {case.frame.subject}"})
    return (
        cycle_fault(case) or role_fault(case.event, held_roles(case), case.frame.year) or Recorded()
    )


def participation_registered(data: u.ParticipationRegistered, case: CycleCase) -> Judgement:
    """A member registers once, before the year's deadline or excepted from it."""
    if fault := publisher_fault(case, data, data.unit) or member_fault(case, data.unit):
        return fault
    regulation = case.registry.regulations.get(case.frame.year)
    if regulation is None:
        return Refused(
            Code.REFERENCE_UNKNOWN, {"what": "regulation", "given": str(case.frame.year)}
        )
    if data.unit in case.cycle.participations:
        return Refused(Code.ALREADY_DONE, {"what": f"registration of {data.unit}"})
    excepted = (data.unit, "registration") in case.cycle.exceptions
    if not excepted and (fault := deadline_fault(regulation.deadlines.registration, case.rx)):
        return fault
    if twice := duplicate(tuple((aim.title, aim.who) for aim in data.aims)):
        return Refused(Code.OVERLAP, {"what": "another aim", "given": " ".join(twice)})
    titles = {title.code for title in regulation.titles}
    for aim in data.aims:
        # Titles of divisions and persons are the province's to confer and need not stand here.
        if aim.who == "unit" and aim.title not in titles:
            return Refused(Code.REFERENCE_UNKNOWN, {"what": "title", "given": aim.title})
    if data.women_percent is not None and not 0 <= data.women_percent <= _ALL:
        facts = {
            "criterion": "women_percent",
            "min": "0",
            "max": "100",
            "given": format_points(data.women_percent),
        }
        return Refused(Code.CRITERION_OUT_OF_RANGE, facts)
    return Recorded()


def exception_granted(data: u.ExceptionGranted, case: CycleCase) -> Judgement:
    """One exception for one unit from one rule."""
    if fault := publisher_fault(case, data, data.unit) or member_fault(case, data.unit):
        return fault
    if (data.unit, data.rule) in case.cycle.exceptions:
        return Refused(Code.ALREADY_DONE, {"what": f"exception from {data.rule} for {data.unit}"})
    return Recorded()


def unit_suspended(data: u.UnitSuspended, case: CycleCase) -> Judgement:
    """A member that is not yet suspended."""
    if fault := publisher_fault(case, data, data.unit) or member_fault(case, data.unit):
        return fault
    if data.unit in case.cycle.suspended:
        return Refused(Code.ALREADY_DONE, {"what": f"suspension of {data.unit}"})
    return Recorded()


def suspension_lifted(data: u.SuspensionLifted, case: CycleCase) -> Judgement:
    """A suspension that stands."""
    if fault := publisher_fault(case, data):
        return fault
    if data.unit not in case.cycle.suspended:
        return Refused(
            Code.STATE_FORBIDS,
            {"state": f"{data.unit} not suspended", "needed": f"{data.unit} suspended"},
        )
    return Recorded()


def mid_year_review_held(data: u.MidYearReviewHeld, case: CycleCase) -> Judgement:
    """Recorded once, after it was held, with members of that day."""
    if fault := publisher_fault(case, data):
        return fault
    if case.cycle.reviewed:
        return Refused(Code.ALREADY_DONE, {"what": f"mid-year review {case.frame.year}"})
    if data.held_on > case.day:
        return Refused(
            Code.DATE_INVALID, {"given": str(data.held_on), "expected": f"until {case.day}"}
        )
    if twice := duplicate(data.present):
        return Refused(Code.OVERLAP, {"what": "another present unit", "given": twice})
    members = case.registry.members(case.frame.cluster, data.held_on)
    for unit in data.present:
        if unit not in members:
            facts = {"unit": unit, "cycle": case.frame.subject, "year": case.frame.year}
            return Refused(Code.NOT_MEMBER, facts)
    return Recorded()
