"""Reports and scores: what each unit reported and gave itself, and what was made of it, with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.columns import document, event_hash, number, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import units as u
from thidua.contracts.base import format_points

if TYPE_CHECKING:
    from decimal import Decimal

    from services.reporting.projected import ProjectedEntry
    from services.reporting.rows import Rows

reports = read_model(
    "reports",
    text("cycle", key=True),
    text("unit", key=True),
    text("kind", key=True),
    text("state"),
    text("summary"),
    document("figures"),
    document("evidence"),
    text("reason"),
    text("rx"),
    event_hash(),
    position(),
)
evidence = read_model(
    "evidence",
    text("cycle", key=True),
    text("unit", key=True),
    text("sha256", key=True),
    text("name"),
    number("bytes"),
    text("criterion"),
    text("rx"),
    position(),
)
sheets = read_model(
    "sheets",
    text("cycle", key=True),
    text("unit", key=True),
    number("rulebook"),
    text("total"),
    document("marks"),
    text("rx"),
    event_hash(),
    position(),
)
findings = read_model(
    "findings",
    text("cycle", key=True),
    text("unit", key=True),
    text("criterion", key=True),
    text("points"),
    text("value"),
    text("reason"),
    text("ground"),
    text("reference"),
    text("rx"),
    position(),
)
adjustments = read_model(
    "adjustments",
    text("cycle", key=True),
    text("unit", key=True),
    text("adjustment", key=True),
    text("kind"),
    text("points"),
    text("reason"),
    document("evidence"),
    text("rx"),
    position(),
)
protests = read_model(
    "protests",
    text("cycle", key=True),
    text("unit", key=True),
    text("protest", key=True),
    text("criterion"),
    text("claimed"),
    text("reason"),
    text("outcome"),
    text("points"),
    text("answer"),
    text("rx"),
    text("answered"),
    position(),
    position("answered_at"),
)
teams = read_model(
    "teams",
    text("cycle", key=True),
    text("team", key=True),
    text("lead"),
    document("members"),
    document("checks"),
    text("starts"),
    text("ends"),
    text("place"),
    position(),
)

SCORES = Projection("scores", 2, reports, evidence, sheets, findings, adjustments, protests, teams)


def _points(points: Decimal | None) -> str | None:
    return None if points is None else format_points(points)


@SCORES.on(u.ReportSubmitted)
def _reported(entry: ProjectedEntry, data: u.ReportSubmitted, rows: Rows) -> None:
    rows.put(
        reports,
        cycle=entry.subject,
        unit=data.unit,
        kind=data.kind,
        state="submitted",
        summary=data.summary,
        figures={name: format_points(value) for name, value in data.figures.items()},
        evidence=[
            {"sha256": f.sha256, "bytes": f.bytes, "name": f.name, "criterion": f.criterion}
            for f in data.evidence
        ],
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@SCORES.on(u.ReportWithdrawn)
def _withdrew(entry: ProjectedEntry, data: u.ReportWithdrawn, rows: Rows) -> None:
    rows.change(
        reports,
        entry.subject,
        data.unit,
        data.kind,
        state="withdrawn",
        reason=data.reason,
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@SCORES.on(u.EvidenceStored)
def _stored(entry: ProjectedEntry, data: u.EvidenceStored, rows: Rows) -> None:
    file = data.evidence
    rows.put(
        evidence,
        cycle=entry.subject,
        unit=data.unit,
        sha256=file.sha256,
        name=file.name,
        bytes=file.bytes,
        criterion=file.criterion,
        rx=entry.rx,
        position=entry.position,
    )


@SCORES.on(u.ScoreSheetSubmitted)
def _scored(entry: ProjectedEntry, data: u.ScoreSheetSubmitted, rows: Rows) -> None:
    marks = {
        mark.criterion: {
            "points": format_points(mark.points),
            "value": _points(mark.value),
            "note": mark.note,
            "evidence": list(mark.evidence),
        }
        for mark in data.marks
    }
    rows.put(
        sheets,
        cycle=entry.subject,
        unit=data.unit,
        rulebook=data.rulebook,
        total=format_points(sum((mark.points for mark in data.marks[1:]), data.marks[0].points)),
        marks=marks,
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@SCORES.on(u.CrossCheckPlanned)
def _planned(entry: ProjectedEntry, data: u.CrossCheckPlanned, rows: Rows) -> None:
    for old in rows.where(teams, cycle=entry.subject):
        rows.delete(teams, entry.subject, old["team"])
    for team in data.teams:
        rows.put(
            teams,
            cycle=entry.subject,
            team=team.team,
            lead=team.lead,
            members=list(team.members),
            checks=list(team.checks),
            starts=as_text(data.starts),
            ends=as_text(data.ends),
            place=data.place,
            position=entry.position,
        )


@SCORES.on(u.CrossCheckRecorded)
def _checked(entry: ProjectedEntry, data: u.CrossCheckRecorded, rows: Rows) -> None:
    for old in rows.where(findings, cycle=entry.subject, unit=data.unit, ground="cross-check"):
        rows.delete(findings, entry.subject, data.unit, old["criterion"])
    for found in data.findings:
        _finding(entry, rows, data.unit, found.criterion, "cross-check", found)


@SCORES.on(u.PointsAdjusted)
def _adjusted(entry: ProjectedEntry, data: u.PointsAdjusted, rows: Rows) -> None:
    rows.put(
        adjustments,
        cycle=entry.subject,
        unit=data.unit,
        adjustment=data.adjustment,
        kind=data.kind,
        points=format_points(data.points),
        reason=data.reason,
        evidence=list(data.evidence),
        rx=entry.rx,
        position=entry.position,
    )


@SCORES.on(u.ScoreProtested)
def _protested(entry: ProjectedEntry, data: u.ScoreProtested, rows: Rows) -> None:
    rows.put(
        protests,
        cycle=entry.subject,
        unit=data.unit,
        protest=data.protest,
        criterion=data.criterion,
        claimed=format_points(data.claimed),
        reason=data.reason,
        rx=entry.rx,
        position=entry.position,
    )


@SCORES.on(u.ProtestResolved)
def _resolved(entry: ProjectedEntry, data: u.ProtestResolved, rows: Rows) -> None:
    protest = rows.get(protests, entry.subject, data.unit, data.protest)
    rows.change(
        protests,
        entry.subject,
        data.unit,
        data.protest,
        outcome=data.outcome,
        points=_points(data.points),
        answer=data.reason,
        answered=entry.rx,
        answered_at=entry.position,
    )
    points = data.points if data.points is not None or protest is None else None
    if data.outcome == "upheld" and protest is not None:
        rows.put(
            findings,
            cycle=entry.subject,
            unit=data.unit,
            criterion=protest["criterion"],
            points=_points(points) or protest["claimed"],
            reason=data.reason,
            ground="protest",
            rx=entry.rx,
            position=entry.position,
        )


@SCORES.on(u.ScoreCorrected)
def _corrected(entry: ProjectedEntry, data: u.ScoreCorrected, rows: Rows) -> None:
    rows.put(
        findings,
        cycle=entry.subject,
        unit=data.unit,
        criterion=data.criterion,
        points=format_points(data.points),
        reason=data.reason,
        reference=data.reference,
        ground="correction",
        rx=entry.rx,
        position=entry.position,
    )


def _finding(
    entry: ProjectedEntry, rows: Rows, unit: str, criterion: str, ground: str, found: u.Finding
) -> None:
    rows.put(
        findings,
        cycle=entry.subject,
        unit=unit,
        criterion=criterion,
        points=format_points(found.points),
        value=_points(found.value),
        reason=found.reason,
        ground=ground,
        rx=entry.rx,
        position=entry.position,
    )
