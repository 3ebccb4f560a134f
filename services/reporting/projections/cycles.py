"""Cycles: who has done which step of the year, and the milestones of the cluster itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.reporting.columns import document, event_hash, number, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.contracts.base import next_year

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows
    from thidua.contracts import EventData

cycles = read_model(
    "cycles",
    text("cycle", key=True),
    text("authority"),
    text("cluster"),
    number("year"),
    text("opened"),
    position("opened_at"),
    text("closed"),
    position("closed_at"),
    text("closed_reason"),
)
steps = read_model(
    "steps",
    text("cycle", key=True),
    text("unit", key=True),
    text("step", key=True),
    text("rx"),
    text("sent_on"),
    document("said"),
    event_hash(),
    position(),
)
suspensions = read_model(
    "suspensions",
    text("cycle", key=True),
    text("unit", key=True),
    text("state"),
    text("reason"),
    text("basis"),
    text("rx"),
    position(),
)
milestones = read_model(
    "milestones",
    text("cycle", key=True),
    text("milestone", key=True),
    text("first"),
    text("last"),
    number("times"),
    position("first_at"),
    position("last_at"),
)

CYCLES = Projection("cycles", 1, cycles, steps, suspensions, milestones)

MILESTONES: Final[dict[type[EventData], str]] = {
    u.RulebookAdopted: "rulebook",
    p.PledgeOpened: "pledge-opened",
    p.PledgeConcluded: "pledge-concluded",
    p.PledgeSent: "pledge-sent",
    p.MovementLaunched: "movement-launched",
    u.MidYearReviewHeld: "mid-year-review",
    u.CrossCheckPlanned: "cross-check-planned",
    u.ScoringClosed: "scoring-closed",
    u.RankingConsolidated: "ranking",
    b.EligibilityDetermined: "eligibility",
    b.ConferenceConvened: "conference-convened",
    b.ConferenceOpened: "conference-opened",
    b.RankingApproved: "ranking-approved",
    b.MinutesIssued: "minutes",
    b.ConferenceClosed: "conference-closed",
    b.ClusterReportSubmitted: "cluster-report",
    b.CouncilVoted: "council",
    b.AwardDecided: "award",
    b.ResultNotified: "notified",
    b.OfficerRecognised: "officer-recognised",
}
"""What the cluster as a whole passes in a year, in the usual order."""


@CYCLES.on(u.CycleOpened)
def _opened(entry: ProjectedEntry, _: u.CycleOpened, rows: Rows) -> None:
    rows.change(
        cycles,
        entry.subject,
        authority=entry.authority,
        cluster=entry.cluster,
        year=entry.year,
        opened=entry.rx,
        opened_at=entry.position,
    )


@CYCLES.on(u.CycleClosed)
def _closed(entry: ProjectedEntry, data: u.CycleClosed, rows: Rows) -> None:
    rows.change(
        cycles,
        entry.subject,
        closed=entry.rx,
        closed_at=entry.position,
        closed_reason=data.reason,
    )


@CYCLES.on(*MILESTONES)
def _passed(entry: ProjectedEntry, data: EventData, rows: Rows) -> None:
    milestone = MILESTONES[type(data)]
    before = rows.get(milestones, entry.subject, milestone)
    rows.put(
        milestones,
        cycle=entry.subject,
        milestone=milestone,
        first=before["first"] if before else entry.rx,
        first_at=before["first_at"] if before else entry.position,
        last=entry.rx,
        last_at=entry.position,
        times=1 + (before["times"] if before else 0),
    )


@CYCLES.on(u.ParticipationRegistered)
def _took_part(entry: ProjectedEntry, data: u.ParticipationRegistered, rows: Rows) -> None:
    aims = [{"title": aim.title, "who": aim.who, "number": aim.number} for aim in data.aims]
    women = None if data.women_percent is None else str(data.women_percent)
    said = {"aims": aims, "goals": list(data.goals), "women_percent": women}
    _step(entry, rows, data.unit, "registration", said)


@CYCLES.on(p.PledgeSigned)
def _signed(entry: ProjectedEntry, data: p.PledgeSigned, rows: Rows) -> None:
    _step(entry, rows, data.unit, "pledge", {"version": data.version, "signed": True})


@CYCLES.on(p.PledgeDeclined)
def _declined(entry: ProjectedEntry, data: p.PledgeDeclined, rows: Rows) -> None:
    _step(entry, rows, data.unit, "pledge", {"version": data.version, "signed": False})


@CYCLES.on(u.ReportSubmitted)
def _reported(entry: ProjectedEntry, data: u.ReportSubmitted, rows: Rows) -> None:
    _step(entry, rows, data.unit, _report(data.kind))


@CYCLES.on(u.ReportWithdrawn)
def _withdrew(entry: ProjectedEntry, data: u.ReportWithdrawn, rows: Rows) -> None:
    rows.delete(steps, entry.subject, data.unit, _report(data.kind))


@CYCLES.on(u.ScoreSheetSubmitted)
def _scored(entry: ProjectedEntry, data: u.ScoreSheetSubmitted, rows: Rows) -> None:
    _step(entry, rows, data.unit, "self-score")


@CYCLES.on(u.CrossCheckRecorded)
def _checked(entry: ProjectedEntry, data: u.CrossCheckRecorded, rows: Rows) -> None:
    _step(entry, rows, data.unit, "cross-check", {"team": data.team})


@CYCLES.on(b.DossierSubmitted)
def _sent(entry: ProjectedEntry, data: b.DossierSubmitted, rows: Rows) -> None:
    _step(entry, rows, data.unit, "dossier")


@CYCLES.on(b.DossierReceived)
def _postmarked(entry: ProjectedEntry, data: b.DossierReceived, rows: Rows) -> None:
    row = rows.get(steps, entry.subject, data.unit, "dossier")
    if row is None:
        _step(entry, rows, data.unit, "dossier")
    rows.change(steps, entry.subject, data.unit, "dossier", sent_on=as_text(data.postmark))


@CYCLES.on(u.UnitSuspended)
def _suspended(entry: ProjectedEntry, data: u.UnitSuspended, rows: Rows) -> None:
    _suspension(entry, rows, data, "suspended")


@CYCLES.on(u.SuspensionLifted)
def _lifted(entry: ProjectedEntry, data: u.SuspensionLifted, rows: Rows) -> None:
    _suspension(entry, rows, data, "lifted")


@CYCLES.on(b.ChairElected, b.DeputyElected)
def _elected(entry: ProjectedEntry, data: b.Elected, rows: Rows) -> None:
    cycle = next_year(entry.subject, data.for_year)
    if rows.get(cycles, cycle) is None:
        authority, cluster, year = cycle.split("/")
        rows.put(cycles, cycle=cycle, authority=authority, cluster=cluster, year=int(year))


def _report(kind: str) -> str:
    return "report" if kind == "yearly" else "half-year-report"


def _step(
    entry: ProjectedEntry, rows: Rows, unit: str, step: str, said: dict[str, Any] | None = None
) -> None:
    rows.put(
        steps,
        cycle=entry.subject,
        unit=unit,
        step=step,
        rx=entry.rx,
        said=said,
        hash=entry.hash,
        position=entry.position,
    )


def _suspension(
    entry: ProjectedEntry, rows: Rows, data: u.UnitSuspended | u.SuspensionLifted, state: str
) -> None:
    rows.put(
        suspensions,
        cycle=entry.subject,
        unit=data.unit,
        state=state,
        reason=data.reason,
        basis=data.basis,
        rx=entry.rx,
        position=entry.position,
    )


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cluster in one year; ``opened`` is empty while only its officers are known."""

    cycle: str
    authority: str
    cluster: str
    year: int
    opened: str | None
    closed: str | None
    closed_reason: str | None


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone the cluster has passed: when first and last, and how often."""

    milestone: str
    first: str
    last: str
    times: int
    first_at: int
    last_at: int


def all_cycles(read: Reading) -> list[Cycle]:
    """Every cycle, the newest first."""
    found = [_cycle(row) for row in read.rows(cycles)]
    return sorted(found, key=lambda one: (-one.year, one.cycle))


def cycle_of(read: Reading, cycle: str) -> Cycle | None:
    """One cycle, ``None`` when it was never opened nor given an officer."""
    row = read.one(cycles, cycle=cycle)
    return None if row is None else _cycle(row)


def milestones_of(read: Reading, cycle: str) -> list[Milestone]:
    """The milestones a cycle has passed, in the usual order of a year."""
    found = {row["milestone"]: row for row in read.rows(milestones, cycle=cycle)}
    columns = ("milestone", "first", "last", "times", "first_at", "last_at")
    return [
        Milestone(*(found[name][column] for column in columns))
        for name in MILESTONES.values()
        if name in found
    ]


def suspended_units(read: Reading, cycle: str) -> dict[str, dict[str, Any]]:
    """The units under inspection or cleared again, by code."""
    return {row["unit"]: dict(row) for row in read.rows(suspensions, cycle=cycle)}


def _cycle(row: Any) -> Cycle:
    columns = ("cycle", "authority", "cluster", "year", "opened", "closed", "closed_reason")
    return Cycle(*(row[column] for column in columns))
