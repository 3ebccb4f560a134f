"""What the authority sets for a year: holidays, the base salary, and its regulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.units.domain.case import RegistryCase, duplicate
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused, View
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.domain.state import Cycle


def calendar_published(data: u.CalendarPublished, case: RegistryCase) -> Judgement:
    """The holidays of one year; published again, they replace what stood."""
    if case.registry.calendars.get(data.year) == frozenset(data.holidays):
        return Refused(Code.ALREADY_DONE, {"what": f"calendar {data.year}"})
    for day in data.holidays:
        if day.year != data.year:
            return Refused(
                Code.DATE_INVALID, {"given": str(day), "expected": f"a day of {data.year}"}
            )
    if twice := duplicate(data.holidays):
        return Refused(Code.OVERLAP, {"what": "another holiday", "given": str(twice)})
    return Recorded()


def base_salary_set(data: u.BaseSalarySet, case: RegistryCase) -> Judgement:
    """The base salary from a day on; set again for the same day, it is corrected."""
    if (data.valid_from, data.amount) in case.registry.salaries:
        return Refused(Code.ALREADY_DONE, {"what": f"base salary from {data.valid_from}"})
    return Recorded()


def regulation_issued(data: u.RegulationIssued, case: RegistryCase, view: View[Cycle]) -> Judgement:
    """A regulation may be amended until a ranking of its year stands on it."""
    if case.registry.regulations.get(data.year) == data:
        return Refused(Code.ALREADY_DONE, {"what": f"regulation {data.year}"})
    if fault := _fault(data):
        return Refused(Code.RULEBOOK_INVALID, {"fault": fault})
    for cluster in sorted(case.registry.clusters):
        subject = f"{case.registry.authority}/{cluster}/{data.year}"
        if view.cycle(subject).ranking is not None:
            return Refused(
                Code.STATE_FORBIDS,
                {"state": f"ranking of {subject}", "needed": "no ranking of the year"},
            )
    return Recorded()


def _fault(data: u.RegulationIssued) -> str | None:
    codes = tuple(title.code for title in data.titles)
    if twice := duplicate(codes):
        return f"title {twice} stands twice"
    for title in data.titles:
        if strange := sorted(set(title.excludes) - set(codes)):
            return f"title {title.code} excludes {strange[0]}, which is no title"
        if title.multiple < 0:
            return f"title {title.code}: multiple below zero"
    for name in ("quorum", "threshold"):
        share = getattr(data.council, name)
        if share.needed(data.council.members) > data.council.members:
            return f"council {name}: more than all members"
    return _deadline_fault(data)


def _deadline_fault(data: u.RegulationIssued) -> str | None:
    for name, deadline in data.deadlines:
        if deadline is None:
            continue
        if deadline.date.year not in {data.year - 1, data.year, data.year + 1}:
            return f"deadline {name}: {deadline.date} lies outside the year {data.year}"
        if deadline.counts == "sent" and name in {
            "registration",
            "half_year_report",
            "yearly_report",
        }:
            return f"deadline {name}: nobody attests the day of sending"
    return None
