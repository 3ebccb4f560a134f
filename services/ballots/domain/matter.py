"""What nominations, officers, dossiers and decisions are judged on, and refusals they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.ballots.domain.decisions import Decisions, UnitTitle
from services.ballots.domain.eligibility import Considered
from thidua.contracts import Event, Role
from thidua.contracts import units as u
from thidua.contracts.base import Deadline
from thidua.contracts.rulebook import Title
from thidua.deciding import Refused
from thidua.refusals import Code
from thidua.standing import Frame, Registry


@dataclass(frozen=True)
class Matter:
    """
    One event's surroundings on the local day of its arrival.

    ``proposals`` are the conference's, ``approved`` is the ranking last approved, ``board`` are the
    units of counting boards at work, ``roles`` what the publisher may speak as.
    """

    event: Event
    day: date
    registry: Registry
    frame: Frame
    roles: frozenset[Role]
    considered: Considered
    decisions: Decisions
    proposals: frozenset[UnitTitle]
    approved: int | None
    board: frozenset[str]

    @property
    def regulation(self) -> u.RegulationIssued | None:
        """The authority's rules of the year."""
        return self.registry.regulations.get(self.frame.year)

    @property
    def titles(self) -> Mapping[str, Title]:
        """The year's titles by code."""
        regulation = self.regulation
        return {title.code: title for title in regulation.titles} if regulation is not None else {}

    def awarded(self, title: str) -> int:
        """How many awards of *title* are in force."""
        return sum(held == title for _, held in self.decisions.awards)


def title_of(matter: Matter, code: str, *, state_level: bool = False) -> Title | Refused:
    """The year's title of that code and level."""
    title = matter.titles.get(code)
    if title is None or title.state_level is not state_level:
        what = "State-level title" if state_level else "title"
        return Refused(Code.REFERENCE_UNKNOWN, {"what": what, "given": code})
    return title


def day_fault(matter: Matter, day: date) -> Refused | None:
    """The refusal of a day that has not come when it is said to be past."""
    if day <= matter.day:
        return None
    return Refused(Code.DATE_INVALID, {"given": str(day), "expected": f"<= {matter.day}"})


def member_fault(matter: Matter, unit: str) -> Refused | None:
    """The refusal of a unit that does not exist or is not a member of the cluster today."""
    found = matter.registry.units.get(unit)
    if found is None or matter.day < found.valid_from:
        return Refused(Code.UNIT_UNKNOWN, {"given": unit, "date": str(matter.day)})
    if not found.exists(matter.day) and found.into:
        facts = {"given": unit, "into": ", ".join(found.into), "date": str(found.ended)}
        return Refused(Code.UNIT_MERGED, facts)
    if unit in matter.registry.members(matter.frame.cluster, matter.day):
        return None
    facts = {"unit": unit, "cycle": matter.frame.subject, "year": str(matter.frame.year)}
    return Refused(Code.NOT_MEMBER, facts)


def unfounded(unit: str, title: str, *missing: str) -> Refused:
    """The refusal of a decision whose ground does not stand in the log."""
    facts = {"unit": unit, "title": title, "missing": list(missing)}
    return Refused(Code.DECISION_UNFOUNDED, facts)


def deadline_fault(deadline: Deadline | None, day: date | None) -> Refused | None:
    """The refusal of what came on *day* after *deadline*, with the rule that was applied."""
    if deadline is None or day is None or not deadline.days_late(day):
        return None
    return Refused(Code.DEADLINE_PASSED, deadline.passed(str(day)))
