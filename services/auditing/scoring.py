"""Why a unit stands where it does: sheet, cross-check, protests, corrections, adjustments, added up again."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from services.auditing.chain import Chain, Words, cause_of, points
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.auditing.facts import Facts, Told

ZERO: Final = Decimal(0)


def explain_ranking(
    facts: Facts, chain: Chain, *, version: int | None = None, unit: str | None = None
) -> Told[u.RankingConsolidated] | None:
    """Add the chain of a ranking, the newest without *version*, of all units or one; the ranking itself."""
    told = facts.last(
        u.RankingConsolidated, lambda data: version is None or data.version == version
    )
    if told is None:
        chain.finding(None, "chưa có bảng xếp hạng như vậy", "there is no such ranking")
        return None
    chain.add(
        told, f"bảng xếp hạng, bản {told.data.version}", f"ranking, version {told.data.version}"
    )
    earlier = facts.before(told.position)
    cause_of(chain, told, facts.by_hash(told.event.cause))
    rules = earlier.last(u.RulebookAdopted, lambda data: data.version == told.data.rulebook)
    if not chain.need(
        rules,
        f"quy chế bản {told.data.rulebook}: bảng điểm và cách xếp khi bằng điểm",
        f"rulebook version {told.data.rulebook}: scoring table and ties",
    ):
        return told
    chain.figure(rules, f"căn cứ: {rules.data.basis}", f"basis: {rules.data.basis}")
    for row in told.data.rows:
        if unit in (None, row.unit):
            _row(earlier, chain, told, rules.data, row)
    _order(chain, told)
    if unit is not None and unit not in {row.unit for row in told.data.rows}:
        chain.finding(told, f"{unit} không có trong bảng xếp hạng", f"{unit} is not in the ranking")
    return told


def _row(
    earlier: Facts,
    chain: Chain,
    told: Told[u.RankingConsolidated],
    rules: u.RulebookAdopted,
    row: u.Standing,
) -> None:
    unit = row.unit
    verified = _verified(earlier, chain, unit)
    if verified is None:
        return
    own, marks = verified
    groups: dict[str, Decimal] = {}
    for code, criterion in rules.scoring.lines.items():
        groups[criterion.group] = groups.get(criterion.group, ZERO) + marks.get(code, ZERO)
    bonus, minus = _adjusted(earlier, chain, unit)
    cap = rules.scoring.bonus_cap
    counted = bonus if cap is None else min(bonus, cap)
    base = sum(groups.values(), ZERO)
    total = max(ZERO, base + counted - minus)
    for name, english, computed, recorded in (
        ("tự chấm", "self-score", own, row.self_score),
        ("điểm thẩm định", "verified points", base, row.base),
        ("điểm thưởng được tính", "bonus counted", counted, row.bonus),
        ("điểm trừ", "minus points", minus, row.minus),
        ("tổng điểm", "total", total, row.total),
    ):
        chain.equal(told, Words(f"{unit}: {name}", f"{unit}: {english}"), computed, recorded)
    chain.equal(
        told, Words(f"{unit}: điểm theo nhóm", f"{unit}: by group"), groups, dict(row.groups)
    )
    chain.figure(
        told,
        f"{unit}: {points(base)} + {points(counted)} − {points(minus)} = {points(total)}, hạng {row.rank}",
        f"{unit}: {points(base, english=True)} + {points(counted, english=True)} − "
        f"{points(minus, english=True)} = {points(total, english=True)}, rank {row.rank}",
    )


def _verified(earlier: Facts, chain: Chain, unit: str) -> tuple[Decimal, dict[str, Decimal]] | None:
    """The self-score and the verified points by criterion, built up from the entries."""
    check = earlier.last(u.CrossCheckRecorded, lambda data: data.unit == unit)
    if not chain.need(check, f"chấm điểm chéo của {unit}", f"cross-check of {unit}"):
        return None
    sheet = earlier.before(check.position).last(
        u.ScoreSheetSubmitted, lambda data: data.unit == unit
    )
    marks: dict[str, Decimal] = {}
    if sheet is not None:
        chain.add(sheet, f"tự chấm điểm của {unit}", f"self-score of {unit}")
        marks = {mark.criterion: mark.points for mark in sheet.data.marks}
    own = sum(marks.values(), ZERO)
    for finding in check.data.findings:
        before = marks.get(finding.criterion)
        if before != finding.points:
            shown = "–" if before is None else points(before)
            chain.figure(
                check,
                f"{finding.criterion}: {shown} → {points(finding.points)} ({finding.reason or '–'})",
                f"{finding.criterion}: {shown} → {points(finding.points, english=True)}",
            )
        marks[finding.criterion] = finding.points
    for change in earlier.told:
        if change.position > check.position:
            _changed(earlier, chain, change, unit, marks)
    return own, marks


def _changed(
    earlier: Facts, chain: Chain, change: Told[Any], unit: str, marks: dict[str, Decimal]
) -> None:
    data = change.data
    if isinstance(data, u.ProtestResolved) and data.unit == unit:
        protest = earlier.last(
            u.ScoreProtested, lambda one: (one.unit, one.protest) == (unit, data.protest)
        )
        if chain.need(protest, f"kiến nghị {data.protest} của {unit}", f"protest {data.protest}"):
            chain.add(change, f"trả lời kiến nghị của {unit}", f"answer to the protest of {unit}")
            if data.outcome == "upheld" and data.points is not None:
                marks[protest.data.criterion] = data.points
    elif isinstance(data, u.ScoreCorrected) and data.unit == unit:
        chain.add(change, f"đính chính điểm của {unit}", f"correction of {unit}")
        marks[data.criterion] = data.points


def _adjusted(earlier: Facts, chain: Chain, unit: str) -> tuple[Decimal, Decimal]:
    sums = {"bonus": ZERO, "minus": ZERO}
    for given in earlier.all(u.PointsAdjusted, lambda data: data.unit == unit):
        chain.add(given, f"điểm thưởng, điểm trừ của {unit}", f"bonus or minus points of {unit}")
        sums[given.data.kind] += given.data.points
    return sums["bonus"], sums["minus"]


def _order(chain: Chain, told: Told[u.RankingConsolidated]) -> None:
    """Nobody with fewer points stands before one with more, and an equal rank needs equal points."""
    for place, (first, second) in enumerate(pairwise(told.data.rows), 2):
        fits = first.total >= second.total and first.rank <= second.rank
        tied = first.rank == second.rank
        if (
            not fits
            or (tied and first.total != second.total)
            or (not tied and second.rank != place)
        ):
            chain.finding(
                told,
                f"thứ tự {first.unit}, {second.unit} không theo tổng điểm",
                f"{first.unit} and {second.unit} are not in the order of totals",
            )
