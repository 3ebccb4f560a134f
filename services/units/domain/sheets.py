"""What units and the secretariat put in: score sheets, and bonus and minus points."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.units.domain.case import CycleCase, duplicate, publisher_fault
from services.units.domain.ranking import adjusted
from services.units.domain.table import points_fault
from services.units.domain.verified import scoring_fault
from thidua.contracts import units as u
from thidua.contracts.base import format_points
from thidua.contracts.rulebook import Criterion
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code

_MOST_POINTS: Final = Decimal(10_000)


def score_sheet_submitted(data: u.ScoreSheetSubmitted, case: CycleCase) -> Judgement:
    """Every line once, with its evidence; a later sheet replaces it until it is cross-checked."""
    if fault := publisher_fault(case, data, data.unit) or scoring_fault(case, data.unit):
        return fault
    if data.unit in case.cycle.checks:
        return Refused(
            Code.STATE_FORBIDS,
            {"state": f"{data.unit} cross-checked", "needed": f"{data.unit} not cross-checked"},
        )
    rulebook = case.frame.rulebook
    if rulebook is None or data.rulebook != rulebook.version:
        return Refused(
            Code.REFERENCE_UNKNOWN, {"what": "rulebook in force", "given": str(data.rulebook)}
        )
    if twice := duplicate(tuple(mark.criterion for mark in data.marks)):
        return Refused(Code.OVERLAP, {"what": "another mark", "given": twice})
    table = rulebook.scoring.lines
    for mark in data.marks:
        criterion = table.get(mark.criterion)
        if criterion is None:
            return Refused(Code.CRITERION_UNKNOWN, {"criterion": mark.criterion})
        if fault := points_fault(criterion, mark.points, rulebook.scoring.step) or _evidence_fault(
            criterion, mark
        ):
            return fault
    missing = sorted(table.keys() - {mark.criterion for mark in data.marks})
    return Refused(Code.SCORES_INCOMPLETE, {"missing": missing}) if missing else Recorded()


def _evidence_fault(criterion: Criterion, mark: u.Mark) -> Refused | None:
    """Whether the store holds what is named is shown to who cross-checks, and refuses nobody here."""
    if not criterion.evidence or mark.note is not None or mark.evidence:
        return None
    return Refused(Code.EVIDENCE_MISSING, {"criterion": criterion.code})


def points_adjusted(data: u.PointsAdjusted, case: CycleCase) -> Judgement:
    """Bonus or minus in whole steps, under a name not used for the unit before."""
    if fault := publisher_fault(case, data, data.unit) or scoring_fault(case, data.unit):
        return fault
    rulebook = case.frame.rulebook
    if rulebook is None:
        return Refused(Code.STATE_FORBIDS, {"state": "no rulebook", "needed": "rulebook"})
    if (data.unit, data.adjustment) in case.cycle.adjustments:
        return Refused(Code.ALREADY_DONE, {"what": f"adjustment {data.adjustment} of {data.unit}"})
    step = rulebook.scoring.step
    others = adjusted(case.cycle.adjustments.values(), data.unit, data.kind)
    if not step <= data.points <= _MOST_POINTS - others:
        bounds = {"min": format_points(step), "max": format_points(_MOST_POINTS - others)}
        return Refused(
            Code.CRITERION_OUT_OF_RANGE,
            {"criterion": data.kind, **bounds, "given": format_points(data.points)},
        )
    if data.points % step:
        facts = {
            "criterion": data.kind,
            "step": format_points(step),
            "given": format_points(data.points),
        }
        return Refused(Code.SCORE_STEP_WRONG, facts)
    return Recorded()
