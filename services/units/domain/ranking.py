"""The ranking: totals, the tie-break list, and what closes or corrects it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from services.units.domain.case import CycleCase, publisher_fault
from services.units.domain.state import Cycle, with_points
from services.units.domain.table import ZERO, group_sums
from services.units.domain.verified import fixed_fault, line_fault, own_unit_fault
from thidua.clock import to_ms
from thidua.contracts import units as u
from thidua.contracts.rulebook import TieRule
from thidua.deciding import Judgement, Own, Recorded, Refused
from thidua.refusals import Code

WOMEN_SHARE: Final = Decimal(70)
"""Percent of women that sets a collective before its equals: NĐ 91/2017 Art 3(2)."""

_Key = tuple[Decimal, ...]


def scoring_closed(data: u.ScoringClosed, case: CycleCase) -> Judgement:
    """All who take part are cross-checked and no protest is open; the ranking follows at once."""
    if fault := publisher_fault(case, data):
        return fault
    rulebook = case.frame.rulebook
    if rulebook is None:
        return Refused(Code.STATE_FORBIDS, {"state": "no rulebook", "needed": "rulebook"})
    if case.cycle.scoring_closed:
        return Refused(Code.ALREADY_DONE, {"what": f"end of scoring {case.frame.year}"})
    considered = case.considered
    missing = [unit for unit in considered or case.members if unit not in case.cycle.checks]
    if missing or not considered:
        return Refused(Code.SCORES_INCOMPLETE, {"missing": missing})
    waiting = sorted(
        f"{unit} {name}"
        for (unit, name), protest in case.cycle.protests.items()
        if protest.open and unit in considered
    )
    if waiting:
        return Refused(
            Code.STATE_FORBIDS,
            {"state": f"open protests: {', '.join(waiting)}", "needed": "all protests answered"},
        )
    left_out = tuple(unit for unit in case.members if unit not in considered)
    return _followed_by(
        ranked(case.cycle, rulebook, considered, version=1, left_out=left_out), case
    )


def score_corrected(data: u.ScoreCorrected, case: CycleCase) -> Judgement:
    """After the ranking, not by the unit itself; the ranking's next version follows at once."""
    if fault := publisher_fault(case, data) or own_unit_fault(case, data.unit):
        return fault
    ranking = case.cycle.ranking
    rulebook = None if ranking is None else case.frame.rulebooks.get(ranking.rulebook)
    if ranking is None or rulebook is None:
        return Refused(Code.STATE_FORBIDS, {"state": "no ranking", "needed": "ranking"})
    units = tuple(row.unit for row in ranking.rows)
    checked = case.cycle.checks.get(data.unit)
    if data.unit not in units or checked is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "unit in the ranking", "given": data.unit})
    if fault := line_fault(rulebook.scoring, data.criterion, data.points):
        return fault
    criterion = rulebook.scoring.lines[data.criterion]
    if fault := fixed_fault(case, data.unit, criterion, data.points):
        return fault
    if checked.points.get(data.criterion) == data.points:
        return Refused(Code.ALREADY_DONE, {"what": f"{data.unit} {data.criterion}"})
    corrected = with_points(case.cycle, data.unit, data.criterion, data.points)
    return _followed_by(
        ranked(corrected, rulebook, units, version=ranking.version + 1, left_out=ranking.left_out),
        case,
    )


def _followed_by(ranking: u.RankingConsolidated, case: CycleCase) -> Recorded:
    return Recorded(follows=(Own(ranking, case.frame.subject),))


def ranked(
    cycle: Cycle,
    rulebook: u.RulebookAdopted,
    units: Iterable[str],
    *,
    version: int,
    left_out: tuple[str, ...],
) -> u.RankingConsolidated:
    """The ranking of *units* by what was verified, the whole tie-break list applied."""
    lines_of = {unit: _line(cycle, rulebook, unit) for unit in units}
    keys = {unit: _key(cycle, rulebook.ties, line) for unit, line in lines_of.items()}
    rows: list[u.Standing] = []
    previous: u.Standing | None = None
    for place, unit in enumerate(sorted(lines_of, key=lambda code: (keys[code], code)), start=1):
        line = lines_of[unit]
        if previous is not None:
            tie = _separating(rulebook.ties, keys[previous.unit], keys[unit])
            rank = previous.rank if keys[previous.unit] == keys[unit] else place
            line = line.model_copy(update={"rank": rank, "tie": tie})
        rows.append(line)
        previous = line
    return u.RankingConsolidated(
        version=version, rulebook=rulebook.version, rows=tuple(rows), left_out=left_out
    )


def adjusted(adjustments: Iterable[u.PointsAdjusted], unit: str, kind: str) -> Decimal:
    """The sum of a unit's bonus or minus points."""
    return sum(
        (given.points for given in adjustments if (given.unit, given.kind) == (unit, kind)), ZERO
    )


def _line(cycle: Cycle, rulebook: u.RulebookAdopted, unit: str) -> u.Standing:
    groups = group_sums(rulebook.scoring, _verified(cycle, unit))
    base = sum(groups.values(), ZERO)
    bonus = adjusted(cycle.adjustments.values(), unit, "bonus")
    if rulebook.scoring.bonus_cap is not None:
        bonus = min(bonus, rulebook.scoring.bonus_cap)
    minus = adjusted(cycle.adjustments.values(), unit, "minus")
    own = sum((mark.points for mark in cycle.sheets.get(unit, {}).values()), ZERO)
    total = max(ZERO, base + bonus - minus)
    return u.Standing(
        unit=unit,
        self_score=own,
        base=base,
        bonus=bonus,
        minus=minus,
        total=total,
        rank=1,
        groups=groups,
    )


def _verified(cycle: Cycle, unit: str) -> dict[str, Decimal]:
    checked = cycle.checks.get(unit)
    return {} if checked is None else dict(checked.points)


def _key(cycle: Cycle, ties: tuple[TieRule, ...], line: u.Standing) -> _Key:
    """What a unit is ordered by: total, then each step of the list; less comes first."""
    return (-line.total, *(_step(cycle, rule, line) for rule in ties))


def _step(cycle: Cycle, rule: TieRule, line: u.Standing) -> Decimal:
    match rule.by:
        case "base":
            return -line.base
        case "group":
            return -line.groups.get(rule.group or "", ZERO)
        case "minus":
            return line.minus
        case "women-share":
            participation = cycle.participations.get(line.unit)
            women = participation.women if participation is not None else None
            return Decimal(0 if women is not None and women >= WOMEN_SHARE else 1)
        case "report-date":
            arrived = cycle.reports.get((line.unit, "yearly"))
            return Decimal("Infinity") if arrived is None else Decimal(to_ms(arrived))
        case "conference":
            return ZERO


def _separating(ties: tuple[TieRule, ...], before: _Key, after: _Key) -> str | None:
    """The step that set one unit after the one before it; none where the totals did."""
    if before[0] != after[0]:
        return None
    for rule, first, second in zip(ties, before[1:], after[1:], strict=True):
        if first != second:
            return rule.by
    return "conference" if any(rule.by == "conference" for rule in ties) else "equal"
