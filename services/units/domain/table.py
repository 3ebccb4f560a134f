"""Reading the scoring table: its lines, and what points a line allows."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from thidua.contracts.base import format_points
from thidua.contracts.rulebook import Band, Criterion, Ladder, ScoringTable
from thidua.deciding import Refused
from thidua.refusals import Code

ZERO: Final = Decimal(0)


def group_sums(table: ScoringTable, points: dict[str, Decimal]) -> dict[str, Decimal]:
    """What *points* by criterion add up to in each group, in the table's order."""
    sums: dict[str, Decimal] = {}
    for code, criterion in table.lines.items():
        sums[criterion.group] = sums.get(criterion.group, ZERO) + points.get(code, ZERO)
    return sums


def points_fault(criterion: Criterion, points: Decimal, step: Decimal) -> Refused | None:
    """Why a line cannot have *points*: outside its range or between its steps."""
    if not ZERO <= points <= criterion.maximum:
        facts = {
            "min": "0",
            "max": format_points(criterion.maximum),
            "given": format_points(points),
        }
        return Refused(Code.CRITERION_OUT_OF_RANGE, {"criterion": criterion.code, **facts})
    if points % step:
        facts = {"step": format_points(step), "given": format_points(points)}
        return Refused(Code.SCORE_STEP_WRONG, {"criterion": criterion.code, **facts})
    return None


def points_for(ladder: Ladder, days: int) -> Decimal:
    """What a ladder gives for a report *days* late."""
    return next((step.points for step in ladder.steps if days <= step.days), ladder.beyond)


def band_of(bands: tuple[Band, ...], value: Decimal) -> Band | None:
    """The band a measured value lies in."""
    return next((band for band in bands if _holds(band, value)), None)


def _holds(band: Band, value: Decimal) -> bool:
    above = band.low < value or (band.low_belongs and band.low == value)
    below = value < band.high or (band.high_belongs and band.high == value)
    return above and below
