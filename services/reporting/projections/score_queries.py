"""Questions to reports and scores: one unit's points criterion by criterion, files, teams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.projections.scores import (
    adjustments,
    evidence,
    findings,
    protests,
    reports,
    sheets,
    teams,
)

if TYPE_CHECKING:
    from services.reporting.reading import Reading


@dataclass(frozen=True, slots=True)
class ScoredCriterion:
    """
    One line of a unit's score: what it gave itself and what holds now, with reason and ground.

    ``ground`` is ``self``, ``cross-check``, ``protest`` or ``correction``.
    """

    criterion: str
    self_points: str | None
    points: str | None
    ground: str
    reason: str | None
    note: str | None
    position: int | None


@dataclass(frozen=True, slots=True)
class Scores:
    """All that is known of one unit's score in a cycle."""

    unit: str
    self_total: str | None
    submitted: str | None
    position: int | None
    criteria: list[ScoredCriterion]
    adjustments: list[dict[str, Any]]
    protests: list[dict[str, Any]]


def scores(read: Reading, cycle: str, unit: str) -> Scores:
    """A unit's scores in a cycle, criterion by criterion."""
    sheet = read.one(sheets, cycle=cycle, unit=unit)
    marks: dict[str, Any] = sheet["marks"] if sheet else {}
    found = {row["criterion"]: row for row in read.rows(findings, cycle=cycle, unit=unit)}
    lines = []
    for criterion in sorted({*marks, *found}):
        mark, finding = marks.get(criterion), found.get(criterion)
        own = mark["points"] if mark else None
        lines.append(
            ScoredCriterion(
                criterion,
                own,
                finding["points"] if finding else own,
                finding["ground"] if finding else "self",
                finding["reason"] if finding else None,
                mark["note"] if mark else None,
                finding["position"] if finding else None,
            )
        )
    return Scores(
        unit,
        sheet["total"] if sheet else None,
        sheet["rx"] if sheet else None,
        sheet["position"] if sheet else None,
        lines,
        [dict(row) for row in read.rows(adjustments, cycle=cycle, unit=unit)],
        [dict(row) for row in read.rows(protests, cycle=cycle, unit=unit)],
    )


def reports_of(read: Reading, cycle: str, unit: str | None = None) -> list[dict[str, Any]]:
    """The reports of a cycle, of one unit if it is named, with figures and evidence."""
    only = {} if unit is None else {"unit": unit}
    return [dict(row) for row in read.rows(reports, cycle=cycle, **only)]


def evidence_of(read: Reading, cycle: str, unit: str) -> list[dict[str, Any]]:
    """The stored evidence files of a unit."""
    return [dict(row) for row in read.rows(evidence, cycle=cycle, unit=unit)]


def cross_check_teams(read: Reading, cycle: str) -> list[dict[str, Any]]:
    """Who checks whom, where and when."""
    return [dict(row) for row in read.rows(teams, cycle=cycle)]
