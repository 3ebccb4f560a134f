"""Verified points: what the table, the ladders and the bands allow once others have looked."""

from __future__ import annotations

from decimal import Decimal

from services.units.domain.case import CycleCase, considered_fault, member_fault
from services.units.domain.reports import ladder_points
from services.units.domain.table import band_of, points_fault
from thidua.contracts.base import format_points
from thidua.contracts.rulebook import Criterion, ScoringTable
from thidua.deciding import Refused
from thidua.refusals import Code


def scoring_fault(case: CycleCase, unit: str) -> Refused | None:
    """Why *unit* cannot be scored now: scoring closed, no member, or not registered."""
    if case.cycle.scoring_closed:
        return Refused(Code.STATE_FORBIDS, {"state": "scoring closed", "needed": "scoring open"})
    return member_fault(case, unit) or considered_fault(case, unit)


def own_unit_fault(case: CycleCase, unit: str) -> Refused | None:
    """The refusal of whoever decides over the points of its own unit."""
    return Refused(Code.SELF_SCORING, {"unit": unit}) if case.event.unit == unit else None


def line_fault(table: ScoringTable, code: str, points: Decimal) -> Refused | None:
    """Why a line of the table cannot have *points*, by its range and step."""
    criterion = table.lines.get(code)
    if criterion is None:
        return Refused(Code.CRITERION_UNKNOWN, {"criterion": code})
    return points_fault(criterion, points, table.step)


def fixed_fault(
    case: CycleCase, unit: str, criterion: Criterion, points: Decimal
) -> Refused | None:
    """Why *points* differ from what the criterion's ladder, or any of its bands, gives *unit*."""
    expected: tuple[Decimal, ...]
    if criterion.ladder is not None:
        expected = (ladder_points(case, unit, criterion.ladder),)
    else:
        expected = tuple(sorted({band.points for band in criterion.bands}))
    return _mismatch(criterion, expected, points) if expected and points not in expected else None


def measured_fault(criterion: Criterion, points: Decimal, value: Decimal | None) -> Refused | None:
    """Why *points* differ from what the bands give for the measured *value*."""
    if not criterion.bands:
        return None
    if value is None:
        return Refused(Code.SCORES_INCOMPLETE, {"missing": [f"{criterion.code} value"]})
    band = band_of(criterion.bands, value)
    if band is None:
        low, high = min(b.low for b in criterion.bands), max(b.high for b in criterion.bands)
        bounds = {"min": format_points(low), "max": format_points(high)}
        return Refused(
            Code.CRITERION_OUT_OF_RANGE,
            {"criterion": criterion.code, **bounds, "given": format_points(value)},
        )
    return None if band.points == points else _mismatch(criterion, (band.points,), points)


def _mismatch(criterion: Criterion, expected: tuple[Decimal, ...], given: Decimal) -> Refused:
    facts = {"expected": " / ".join(map(format_points, expected)), "given": format_points(given)}
    return Refused(Code.LADDER_MISMATCH, {"criterion": criterion.code, **facts})
