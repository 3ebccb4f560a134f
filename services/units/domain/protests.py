"""Protests against verified points, and their resolution by somebody else."""

from __future__ import annotations

from services.units.domain.case import CycleCase, publisher_fault
from services.units.domain.verified import fixed_fault, line_fault, own_unit_fault, scoring_fault
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code


def score_protested(data: u.ScoreProtested, case: CycleCase) -> Judgement:
    """A cross-checked unit protests, once at a time on a criterion, until scoring is closed."""
    if fault := publisher_fault(case, data, data.unit) or scoring_fault(case, data.unit):
        return fault
    rulebook = case.frame.rulebook
    if data.unit not in case.cycle.checks or rulebook is None:
        return Refused(
            Code.STATE_FORBIDS,
            {"state": f"{data.unit} not cross-checked", "needed": f"{data.unit} cross-checked"},
        )
    if (data.unit, data.protest) in case.cycle.protests:
        return Refused(Code.ALREADY_DONE, {"what": f"protest {data.protest} of {data.unit}"})
    if fault := line_fault(rulebook.scoring, data.criterion, data.claimed):
        return fault
    for (unit, name), protest in case.cycle.protests.items():
        if (unit, protest.criterion, protest.open) == (data.unit, data.criterion, True):
            return Refused(Code.ALREADY_DONE, {"what": f"open protest {name} on {data.criterion}"})
    return Recorded()


def protest_resolved(data: u.ProtestResolved, case: CycleCase) -> Judgement:
    """The chair answers, or the deputy when the chair's unit protests; upheld names the points."""
    if (
        fault := publisher_fault(case, data)
        or scoring_fault(case, data.unit)
        or own_unit_fault(case, data.unit)
    ):
        return fault
    protest = case.cycle.protests.get((data.unit, data.protest))
    if protest is None:
        return Refused(
            Code.REFERENCE_UNKNOWN, {"what": f"protest of {data.unit}", "given": data.protest}
        )
    if not protest.open:
        return Refused(
            Code.ALREADY_DONE, {"what": f"answer to protest {data.protest} of {data.unit}"}
        )
    if data.outcome == "rejected":
        return (
            Recorded()
            if data.points is None
            else Refused(
                Code.STATE_FORBIDS, {"state": "rejected", "needed": "upheld, to set points"}
            )
        )
    rulebook = case.frame.rulebook
    if data.points is None or rulebook is None:
        return Refused(Code.SCORES_INCOMPLETE, {"missing": [protest.criterion]})
    criterion = rulebook.scoring.lines.get(protest.criterion)
    fault = line_fault(rulebook.scoring, protest.criterion, data.points)
    if fault is None and criterion is not None:
        fault = fixed_fault(case, data.unit, criterion, data.points)
    return fault or Recorded()
