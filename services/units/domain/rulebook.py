"""The rulebook: adopted version by version, refused by the name of its fault."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Final

from services.units.domain.case import CycleCase, duplicate, publisher_fault
from services.units.domain.reports import report_deadline
from services.units.domain.table import ZERO
from thidua.contracts import units as u
from thidua.contracts.base import Share, format_points
from thidua.contracts.rulebook import (
    Band,
    Criterion,
    Ladder,
    Question,
    ScoringTable,
    TieRule,
    parents,
)
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code

_ALL: Final = Decimal(100)
_MOST_POINTS: Final = Decimal(10_000)
_MOST_GROUPS: Final = 12


def rulebook_adopted(data: u.RulebookAdopted, case: CycleCase) -> Judgement:
    """The next version, faultless, while no score sheet stands on the one before."""
    if fault := publisher_fault(case, data):
        return fault
    current = case.frame.rulebook.version if case.frame.rulebook else 0
    if data.version <= current:
        return Refused(Code.ALREADY_DONE, {"what": f"rulebook {data.version}"})
    if data.version > current + 1:
        return Refused(
            Code.STATE_FORBIDS,
            {"state": f"rulebook {current}", "needed": f"rulebook {data.version - 1}"},
        )
    if case.cycle.sheets:
        return Refused(
            Code.STATE_FORBIDS, {"state": "score sheets stand", "needed": "no score sheet"}
        )
    if data.adopted_on > case.day:
        return Refused(
            Code.DATE_INVALID, {"given": str(data.adopted_on), "expected": f"until {case.day}"}
        )
    if fault := sum_fault(data.scoring):
        return fault
    named = (
        table_fault(data.scoring)
        or ties_fault(data.ties, data.scoring)
        or _voting_fault(data, case)
    )
    named = named or _deadline_fault(data.scoring, case)
    return Refused(Code.RULEBOOK_INVALID, {"fault": named}) if named else Recorded()


def sum_fault(table: ScoringTable) -> Refused | None:
    """The refusal of a table whose lines do not add up to its total, or to a heading above them."""
    scored = table.lines
    for criterion in table.criteria:
        below = [line.maximum for code, line in scored.items() if criterion.code in parents(code)]
        if below and sum(below, ZERO) != criterion.maximum:
            return _sum_wrong(criterion.maximum, sum(below, ZERO), criterion.code)
    given = sum((line.maximum for line in scored.values()), ZERO)
    return None if given == table.total else _sum_wrong(table.total, given, "total")


def _sum_wrong(expected: Decimal, given: Decimal, of: str) -> Refused:
    return Refused(
        Code.TABLE_SUM_WRONG, {"expected": format_points(expected), "given": str(given), "of": of}
    )


def table_fault(table: ScoringTable) -> str | None:
    """What is wrong with the scoring table, in words; the sums aside."""
    if table.step <= ZERO:
        return "step: not above zero"
    if table.total > _MOST_POINTS or table.total <= ZERO:
        return f"total: not above zero and at most {_MOST_POINTS}"
    if table.bonus_cap is not None and table.bonus_cap < ZERO:
        return "bonus cap: below zero"
    if twice := duplicate(tuple(criterion.code for criterion in table.criteria)):
        return f"criterion {twice} stands twice"
    scored = table.lines
    for criterion in table.criteria:
        if criterion.group not in (criterion.code, *parents(criterion.code)):
            return f"criterion {criterion.code}: {criterion.group} is not its group"
        if fault := _criterion_fault(criterion, table.step, heading=criterion.code not in scored):
            return f"criterion {criterion.code}: {fault}"
    if len({criterion.group for criterion in scored.values()}) > _MOST_GROUPS:
        return f"more than {_MOST_GROUPS} groups"
    return None


def _criterion_fault(criterion: Criterion, step: Decimal, *, heading: bool) -> str | None:
    fixed = (criterion.ladder is not None) + bool(criterion.bands)
    if criterion.maximum < ZERO or criterion.maximum % step:
        return f"maximum {criterion.maximum} is below zero or between the steps of {step}"
    if heading and (fixed or criterion.evidence):
        return "a heading has no points of its own"
    if fixed > 1:
        return "ladder and bands at once"
    given = [band.points for band in criterion.bands]
    if criterion.ladder is not None:
        given += [*(rung.points for rung in criterion.ladder.steps), criterion.ladder.beyond]
    for points in given:
        if not ZERO <= points <= criterion.maximum or points % step:
            return f"{points} points are out of range or between the steps of {step}"
    return (
        _ladder_fault(criterion.ladder)
        if criterion.ladder is not None
        else bands_fault(criterion.bands)
    )


def _ladder_fault(ladder: Ladder) -> str | None:
    days = [rung.days for rung in ladder.steps]
    if any(later <= earlier for earlier, later in pairwise(days)):
        return "ladder: its days do not rise"
    points = [*(rung.points for rung in ladder.steps), ladder.beyond]
    if any(later > earlier for earlier, later in pairwise(points)):
        return "ladder: later gives more"
    return None


def bands_fault(bands: tuple[Band, ...]) -> str | None:
    """Where bands leave a gap from 0 to 100, or overlap: each value must lie in exactly one."""
    ordered = sorted(bands, key=lambda band: (band.low, band.high))
    for band in ordered:
        if band.low > band.high or (
            band.low == band.high and not (band.low_belongs and band.high_belongs)
        ):
            return f"band {band.low}-{band.high} is empty"
    for below, above in pairwise(ordered):
        meeting = below.high_belongs + above.low_belongs
        if above.low > below.high or (above.low == below.high and not meeting):
            return f"gap between {below.high} and {above.low}"
        if above.low < below.high or meeting > 1:
            return f"overlap between {above.low} and {below.high}"
    if ordered and (
        ordered[0].low > ZERO or (ordered[0].low == ZERO and not ordered[0].low_belongs)
    ):
        return f"gap between 0 and {ordered[0].low}"
    if ordered and (
        ordered[-1].high < _ALL or (ordered[-1].high == _ALL and not ordered[-1].high_belongs)
    ):
        return f"gap between {ordered[-1].high} and 100"
    return None


def ties_fault(ties: tuple[TieRule, ...], table: ScoringTable) -> str | None:
    """What is wrong with the tie-break list, in words."""
    if twice := duplicate(tuple((rule.by, rule.group) for rule in ties)):
        return f"tie step {twice[0]} stands twice"
    groups = {criterion.group for criterion in table.lines.values()}
    for place, rule in enumerate(ties, start=1):
        if (rule.by == "group") != (rule.group is not None):
            return f"tie step {rule.by}: a group belongs to the step group alone"
        if rule.group is not None and rule.group not in groups:
            return f"tie step group: {rule.group} is no group of the table"
        if rule.by == "conference" and place < len(ties):
            return "tie step conference: it must be the last"
    return None


def _voting_fault(data: u.RulebookAdopted, case: CycleCase) -> str | None:
    voting = data.voting
    if not _reachable(voting.quorum):
        return "quorum: none, or more than all members"
    if twice := duplicate(tuple(question.about for question in voting.questions)):
        return f"question {twice} stands twice"
    regulation = case.registry.regulations.get(case.frame.year)
    titles = {} if regulation is None else {title.code: title for title in regulation.titles}
    for question in voting.questions:
        if fault := _question_fault(question):
            return f"question {question.about}: {fault}"
        if question.about in {"chair", "deputy"}:
            continue
        title = titles.get(question.about)
        if title is None:
            return f"question {question.about}: no title of the year's regulation"
        if title.state_level:
            return f"question {question.about}: a state-level title is not balloted"
    minimum = data.requirements.minimum_total
    return "minimum total: below zero" if minimum is not None and minimum < ZERO else None


def _question_fault(question: Question) -> str | None:
    if not _reachable(question.threshold):
        return "threshold: none, or more than all"
    if question.form == "choose" and question.places is None:
        return "how many may be chosen is missing"
    return None


def _reachable(share: Share) -> bool:
    if share.op == "more-than":
        return share.num < share.den
    return 0 < share.num <= share.den


def _deadline_fault(table: ScoringTable, case: CycleCase) -> str | None:
    for code, criterion in table.lines.items():
        ladder = criterion.ladder
        if (
            ladder is not None
            and report_deadline(case.registry, case.frame.year, ladder.report) is None
        ):
            return f"criterion {code}: the year has no deadline for the {ladder.report} report"
    return None
