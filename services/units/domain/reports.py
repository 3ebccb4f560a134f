"""Reports and the evidence beside the log, and how late a report counts as."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.units.domain.case import CycleCase, duplicate, member_fault, publisher_fault
from services.units.domain.table import points_for
from thidua.clock import local_day
from thidua.contracts import units as u
from thidua.contracts.base import Deadline, Evidence
from thidua.contracts.rulebook import Deadlines, Ladder
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code
from thidua.standing import Registry

STORE: Final = "/services/door"
"""Who speaks for the evidence store."""


def report_submitted(data: u.ReportSubmitted, case: CycleCase) -> Judgement:
    """In time or late, which the ladder counts; it replaces the one before until cross-checked."""
    if fault := publisher_fault(case, data, data.unit) or _checked_fault(case, data.unit):
        return fault
    if twice := duplicate(tuple(evidence.sha256 for evidence in data.evidence)):
        return Refused(Code.OVERLAP, {"what": "other evidence", "given": twice})
    for evidence in data.evidence:
        if fault := _criterion_fault(case, evidence):
            return fault
    return Recorded()


def report_withdrawn(data: u.ReportWithdrawn, case: CycleCase) -> Judgement:
    """A report that stands and is not cross-checked yet."""
    if fault := publisher_fault(case, data, data.unit) or _checked_fault(case, data.unit):
        return fault
    if (data.unit, data.kind) not in case.cycle.reports:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": f"{data.kind} report", "given": data.unit})
    return Recorded()


def evidence_stored(data: u.EvidenceStored, case: CycleCase) -> Judgement:
    """The store at the door says it, once for each unit and cycle; nobody says it of a file they sent."""
    if fault := publisher_fault(case, data, data.unit) or member_fault(case, data.unit):
        return fault
    if case.event.source != STORE:
        return Refused(Code.ROLE_REQUIRED, {"required": [STORE], "held": [case.event.source]})
    if (data.unit, data.evidence.sha256) in case.cycle.evidence:
        return Refused(Code.ALREADY_DONE, {"what": f"evidence {data.evidence.sha256}"})
    return _criterion_fault(case, data.evidence) or Recorded()


def ladder_points(case: CycleCase, unit: str, ladder: Ladder) -> Decimal:
    """What a ladder gives *unit* for the report that stands; without a report, the least it has."""
    arrived = case.cycle.reports.get((unit, ladder.report))
    if arrived is None:
        return ladder.beyond
    deadline = report_deadline(case.registry, case.frame.year, ladder.report)
    return points_for(ladder, 0 if deadline is None else deadline.days_late(local_day(arrived)))


def report_deadline(registry: Registry, year: int, kind: str) -> Deadline | None:
    """The year's deadline for reports of *kind*, if the regulation sets one."""
    regulation = registry.regulations.get(year)
    deadlines = Deadlines() if regulation is None else regulation.deadlines
    return deadlines.yearly_report if kind == "yearly" else deadlines.half_year_report


def _checked_fault(case: CycleCase, unit: str) -> Refused | None:
    if unit in case.cycle.checks:
        return Refused(
            Code.STATE_FORBIDS,
            {"state": f"{unit} cross-checked", "needed": f"{unit} not cross-checked"},
        )
    if case.cycle.scoring_closed:
        return Refused(Code.STATE_FORBIDS, {"state": "scoring closed", "needed": "scoring open"})
    return None


def _criterion_fault(case: CycleCase, evidence: Evidence) -> Refused | None:
    rulebook = case.frame.rulebook
    if (
        evidence.criterion is None
        or rulebook is None
        or evidence.criterion in rulebook.scoring.lines
    ):
        return None
    return Refused(Code.CRITERION_UNKNOWN, {"criterion": evidence.criterion})
