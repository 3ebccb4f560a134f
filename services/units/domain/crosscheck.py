"""The cross-check: teams that check the other group, and what they find."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain

from services.units.domain.case import (
    CycleCase,
    duplicate,
    member_fault,
    publisher_fault,
    unit_fault,
)
from services.units.domain.table import points_fault
from services.units.domain.verified import (
    fixed_fault,
    measured_fault,
    own_unit_fault,
    scoring_fault,
)
from thidua.contracts import units as u
from thidua.contracts.base import Role
from thidua.deciding import Judgement, Recorded, Refused, role_required
from thidua.refusals import Code


def cross_check_planned(data: u.CrossCheckPlanned, case: CycleCase) -> Judgement:
    """
    Every registered unit is checked by exactly one team, and none by its own.

    A later plan replaces an earlier one; who was checked already stays with the team that did it.
    """
    if fault := publisher_fault(case, data):
        return fault
    if case.frame.rulebook is None:
        return Refused(Code.STATE_FORBIDS, {"state": "no rulebook", "needed": "rulebook"})
    if data.ends < data.starts:
        return Refused(
            Code.DATE_INVALID, {"given": str(data.ends), "expected": f"from {data.starts}"}
        )
    if twice := duplicate(tuple(team.team for team in data.teams)):
        return Refused(Code.OVERLAP, {"what": "another team", "given": twice})
    for team in data.teams:
        if fault := _team_fault(team, case):
            return fault
    for units in ([team.members for team in data.teams], [team.checks for team in data.teams]):
        if unit := duplicate(tuple(chain.from_iterable(units))):
            return Refused(Code.TEAM_OVERLAP, {"unit": unit})
    return _coverage_fault(data, case) or Recorded()


def _coverage_fault(data: u.CrossCheckPlanned, case: CycleCase) -> Refused | None:
    checked_by = {unit: team.team for team in data.teams for unit in team.checks}
    for unit, checked in sorted(case.cycle.checks.items()):
        if unit in case.members and checked_by.get(unit) != checked.team:
            return Refused(Code.ALREADY_DONE, {"what": f"cross-check of {unit} by {checked.team}"})
    missing = [unit for unit in case.considered if unit not in checked_by]
    return Refused(Code.SCORES_INCOMPLETE, {"missing": missing}) if missing else None


def _team_fault(team: u.Team, case: CycleCase) -> Refused | None:
    for unit in (team.lead, *team.members, *team.checks):
        if fault := unit_fault(case.registry, unit, case.day) or member_fault(case, unit):
            return fault
    if team.lead not in team.members:
        return Refused(
            Code.REFERENCE_UNKNOWN, {"what": f"member of team {team.team}", "given": team.lead}
        )
    for unit in team.checks:
        if unit in team.members:
            return Refused(Code.SELF_SCORING, {"unit": unit})
        if fault := scoring_fault(case, unit):
            return fault
    return None


def cross_check_recorded(data: u.CrossCheckRecorded, case: CycleCase) -> Judgement:
    """A member of the team that the plan sends to the unit says what it found, when it is time."""
    if (
        fault := publisher_fault(case, data, data.unit)
        or scoring_fault(case, data.unit)
        or own_unit_fault(case, data.unit)
    ):
        return fault
    if fault := _sent_fault(data, case):
        return fault
    if data.unit in case.cycle.checks:
        return Refused(Code.ALREADY_DONE, {"what": f"cross-check of {data.unit}"})
    return _findings_fault(data, case) or Recorded()


def _sent_fault(data: u.CrossCheckRecorded, case: CycleCase) -> Refused | None:
    plan = case.cycle.plan
    teams = () if plan is None else plan.teams
    team = next((team for team in teams if team.team == data.team), None)
    if plan is None or team is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "team", "given": data.team})
    if case.event.unit not in team.members:
        return role_required((Role.TEAM,), frozenset({Role.MEMBER}))
    if data.unit in team.members:
        return Refused(Code.SELF_SCORING, {"unit": data.unit})
    if data.unit not in team.checks:
        return Refused(
            Code.REFERENCE_UNKNOWN, {"what": f"unit checked by {data.team}", "given": data.unit}
        )
    if case.day < plan.starts:
        facts = {
            "earliest": f"{plan.starts} 00:00",
            "opens": str(plan.starts),
            "received": str(case.day),
        }
        return Refused(Code.TOO_EARLY, facts)
    return None


def _findings_fault(data: u.CrossCheckRecorded, case: CycleCase) -> Refused | None:
    rulebook, sheet = case.frame.rulebook, case.cycle.sheets.get(data.unit)
    if rulebook is None or sheet is None:
        needed = f"score sheet of {data.unit}"
        return Refused(Code.STATE_FORBIDS, {"state": f"no {needed}", "needed": needed})
    if twice := duplicate(tuple(finding.criterion for finding in data.findings)):
        return Refused(Code.OVERLAP, {"what": "another finding", "given": twice})
    table = rulebook.scoring.lines
    points: dict[str, Decimal] = {code: mark.points for code, mark in sheet.items()}
    values: dict[str, Decimal | None] = {code: mark.value for code, mark in sheet.items()}
    for finding in data.findings:
        criterion = table.get(finding.criterion)
        if criterion is None:
            return Refused(Code.CRITERION_UNKNOWN, {"criterion": finding.criterion})
        if fault := points_fault(criterion, finding.points, rulebook.scoring.step):
            return fault
        if finding.points != points.get(finding.criterion) and finding.reason is None:
            return Refused(Code.REASON_REQUIRED, {"criterion": finding.criterion})
        points[finding.criterion] = finding.points
        values[finding.criterion] = (
            finding.value if finding.value is not None else values.get(finding.criterion)
        )
    for code, criterion in table.items():
        verified = points.get(code)
        if verified is None:
            return Refused(Code.SCORES_INCOMPLETE, {"missing": [code]})
        if fault := fixed_fault(case, data.unit, criterion, verified) or measured_fault(
            criterion, verified, values.get(code)
        ):
            return fault
    return None
