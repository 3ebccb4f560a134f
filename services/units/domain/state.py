"""What the units service remembers of one cycle, and how recorded events change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from thidua.contracts import Event, EventData
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.evolving import evolve_frame
from thidua.frozen import replace
from thidua.standing import Frame

BELIEVED: Final[frozenset[type[EventData]]] = frozenset(
    {
        u.ExceptionGranted,
        u.UnitSuspended,
        u.SuspensionLifted,
        u.ParticipationRegistered,
        u.ReportSubmitted,
        u.ReportWithdrawn,
        u.EvidenceStored,
        u.ScoreSheetSubmitted,
        u.CrossCheckPlanned,
        u.CrossCheckRecorded,
        u.PointsAdjusted,
        u.ScoreProtested,
        u.ProtestResolved,
        u.ScoringClosed,
        u.RankingConsolidated,
        u.ScoreCorrected,
        u.MidYearReviewHeld,
        b.CountingBoardElected,
    }
)
"""The events whose data changes what is remembered, beside those of every service's frame."""


@dataclass(frozen=True)
class Participation:
    """A unit's registration for the year; *women* is the share of women in percent it stated."""

    women: Decimal | None
    rx: datetime


@dataclass(frozen=True)
class Checked:
    """A cross-check: the team that made it, and the points that stand, resolutions included."""

    team: str
    points: Mapping[str, Decimal]


@dataclass(frozen=True)
class Protest:
    """A protest against the points of one criterion; *open* until it is resolved."""

    criterion: str
    open: bool = True


@dataclass(frozen=True)
class Cycle:
    """
    A cluster's year as scoring needs it, keyed by unit code.

    ``reports`` hold the arrival of the report that stands, by unit and kind; ``adjustments`` and
    ``protests`` are keyed by unit and the name the publisher chose.
    """

    frame: Frame
    exceptions: frozenset[tuple[str, str]] = frozenset()
    suspended: frozenset[str] = frozenset()
    participations: Mapping[str, Participation] = field(default_factory=dict)
    reports: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    evidence: frozenset[tuple[str, str]] = frozenset()
    sheets: Mapping[str, Mapping[str, u.Mark]] = field(default_factory=dict)
    plan: u.CrossCheckPlanned | None = None
    checks: Mapping[str, Checked] = field(default_factory=dict)
    adjustments: Mapping[tuple[str, str], u.PointsAdjusted] = field(default_factory=dict)
    protests: Mapping[tuple[str, str], Protest] = field(default_factory=dict)
    scoring_closed: bool = False
    ranking: u.RankingConsolidated | None = None
    reviewed: bool = False
    committed: frozenset[tuple[str, str]] = frozenset()

    def is_considered(self, unit: str) -> bool:
        """Whether a unit takes part in scoring: it registered, or was excepted from registering."""
        return unit in self.participations or (unit, "registration") in self.exceptions

    def considered(self, members: tuple[str, ...]) -> tuple[str, ...]:
        """Those of *members* that take part in scoring."""
        return tuple(unit for unit in members if self.is_considered(unit))


def start(subject: str) -> Cycle:
    """A cycle of which nothing stands in the log."""
    return Cycle(Frame(subject))


def evolve(cycle: Cycle, event: Event) -> Cycle:
    """The cycle after *event*, of whichever service it is."""
    frame = evolve_frame(cycle.frame, event)
    if frame is not cycle.frame:
        cycle = replace(cycle, frame=frame)
    return _scored(cycle, event) if type(event.data) in BELIEVED else cycle


def _scored(cycle: Cycle, event: Event) -> Cycle:  # noqa: C901, PLR0911, PLR0912 - one return per event
    match event.data:
        case u.ExceptionGranted(unit=unit, rule=rule):
            return replace(cycle, exceptions=cycle.exceptions | {(unit, rule)})
        case u.UnitSuspended(unit=unit):
            return replace(cycle, suspended=cycle.suspended | {unit})
        case u.SuspensionLifted(unit=unit):
            return replace(cycle, suspended=cycle.suspended - {unit})
        case u.ParticipationRegistered(unit=unit, women_percent=women):
            entered = {unit: Participation(women, event.rx)}
            return replace(cycle, participations={**cycle.participations, **entered})
        case u.ReportSubmitted(unit=unit, kind=kind):
            return replace(cycle, reports={**cycle.reports, (unit, kind): event.rx})
        case u.ReportWithdrawn(unit=unit, kind=kind):
            kept = {key: rx for key, rx in cycle.reports.items() if key != (unit, kind)}
            return replace(cycle, reports=kept)
        case u.EvidenceStored(unit=unit, evidence=evidence):
            return replace(cycle, evidence=cycle.evidence | {(unit, evidence.sha256)})
        case u.ScoreSheetSubmitted(unit=unit, marks=marks):
            sheet = {mark.criterion: mark for mark in marks}
            return replace(cycle, sheets={**cycle.sheets, unit: sheet})
        case u.CrossCheckPlanned() as plan:
            return replace(cycle, plan=plan)
        case u.CrossCheckRecorded() as record:
            return _checked(cycle, record)
        case u.PointsAdjusted(unit=unit, adjustment=name) as adjusted:
            return replace(cycle, adjustments={**cycle.adjustments, (unit, name): adjusted})
        case u.ScoreProtested(unit=unit, protest=name, criterion=criterion):
            return replace(cycle, protests={**cycle.protests, (unit, name): Protest(criterion)})
        case u.ProtestResolved() as resolved:
            return _resolved(cycle, resolved)
        case u.ScoringClosed():
            return replace(cycle, scoring_closed=True)
        case u.RankingConsolidated() as ranking:
            return replace(cycle, ranking=ranking)
        case u.ScoreCorrected(unit=unit, criterion=criterion, points=points):
            return with_points(cycle, unit, criterion, points)
        case u.MidYearReviewHeld():
            return replace(cycle, reviewed=True)
        case b.CountingBoardElected(members=board):
            named = {(one.unit, one.commitment) for one in board if one.commitment is not None}
            return replace(cycle, committed=cycle.committed | named)
        case _:
            return cycle


def _checked(cycle: Cycle, record: u.CrossCheckRecorded) -> Cycle:
    own = {code: mark.points for code, mark in cycle.sheets.get(record.unit, {}).items()}
    found = {finding.criterion: finding.points for finding in record.findings}
    checked = Checked(record.team, {**own, **found})
    return replace(cycle, checks={**cycle.checks, record.unit: checked})


def _resolved(cycle: Cycle, resolved: u.ProtestResolved) -> Cycle:
    key = (resolved.unit, resolved.protest)
    protest = cycle.protests.get(key)
    if protest is None:
        return cycle
    closed = replace(cycle, protests={**cycle.protests, key: replace(protest, open=False)})
    if resolved.outcome == "rejected" or resolved.points is None:
        return closed
    return with_points(closed, resolved.unit, protest.criterion, resolved.points)


def with_points(cycle: Cycle, unit: str, criterion: str, points: Decimal) -> Cycle:
    """The cycle in which one verified criterion of *unit* stands at *points*."""
    checked = cycle.checks.get(unit)
    if checked is None:
        return cycle
    changed = replace(checked, points={**checked.points, criterion: points})
    return replace(cycle, checks={**cycle.checks, unit: changed})
