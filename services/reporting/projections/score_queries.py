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


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """
    One file a unit put forward in a cycle, or that the store holds for it.

    ``position`` is where the store said that it holds the file, ``None`` while it has not; ``criteria``
    are those it was named for; ``also`` are the other cycles and units the same bytes stand for.
    """

    sha256: str
    name: str | None
    bytes: int | None
    criteria: list[str]
    position: int | None
    also: list[tuple[str, str]]


def evidence_of(read: Reading, cycle: str, unit: str) -> list[EvidenceFile]:
    """Every file a unit named in reports and score sheet or stored, by hash, and where else it is used."""
    stored = {row["sha256"]: row for row in read.rows(evidence, cycle=cycle, unit=unit)}
    named: dict[str, dict[str, Any]] = {}
    criteria: dict[str, set[str]] = {}
    for report in read.rows(reports, cycle=cycle, unit=unit):
        for one in report["evidence"] if report["state"] == "submitted" else ():
            named[one["sha256"]] = one
            if one["criterion"] is not None:
                criteria.setdefault(one["sha256"], set()).add(one["criterion"])
    sheet = read.one(sheets, cycle=cycle, unit=unit)
    for criterion, mark in (sheet["marks"] if sheet else {}).items():
        for sha256 in mark["evidence"]:
            criteria.setdefault(sha256, set()).add(criterion)
    files = []
    for sha256 in sorted({*stored, *named, *criteria}):
        row = stored.get(sha256)
        told: dict[str, Any] = named.get(sha256) or dict(row or {})
        uses = [(one["cycle"], one["unit"]) for one in read.rows(evidence, sha256=sha256)]
        files.append(
            EvidenceFile(
                sha256,
                told.get("name"),
                row["bytes"] if row else told.get("bytes"),
                sorted(criteria.get(sha256, ())),
                row["position"] if row else None,
                [use for use in uses if use != (cycle, unit)],
            )
        )
    return files


def cross_check_teams(read: Reading, cycle: str) -> list[dict[str, Any]]:
    """Who checks whom, where and when."""
    return [dict(row) for row in read.rows(teams, cycle=cycle)]
