"""Conferences: convened, opened, who was there, the counting board, what was accepted, the minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.columns import document, number, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import ballots as b
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows

conferences = read_model(
    "conferences",
    text("cycle", key=True),
    text("conference", key=True),
    text("state"),
    text("starts"),
    text("place"),
    document("agenda"),
    text("presiding"),
    text("chair_absent"),
    document("present"),
    document("remote"),
    document("absent"),
    document("board"),
    number("ranking_accepted"),
    number("ranking_approved"),
    text("minutes"),
    document("divergences"),
    text("adjourned_reason"),
    text("resumes"),
    text("convened"),
    text("opened"),
    text("closed"),
    text("minutes_issued"),
    position(),
    position("opened_at"),
    position("closed_at"),
    position("minutes_at"),
)
reviews = read_model(
    "reviews",
    text("cycle", key=True),
    text("held_on", key=True),
    text("place"),
    document("present"),
    number("reports"),
    text("document"),
    text("rx"),
    position(),
)
cluster_reports = read_model(
    "cluster_reports",
    text("cycle", key=True),
    number("ranking"),
    text("document"),
    text("by"),
    text("rx"),
    position(),
)

CONFERENCES = Projection("conferences", 1, conferences, reviews, cluster_reports)


@CONFERENCES.on(b.ConferenceConvened)
def _convened(entry: ProjectedEntry, data: b.ConferenceConvened, rows: Rows) -> None:
    rows.change(
        conferences,
        entry.subject,
        data.conference,
        state="convened",
        starts=as_text(data.starts),
        place=data.place,
        agenda=list(data.agenda),
        convened=entry.rx,
        position=entry.position,
    )


@CONFERENCES.on(b.ConferenceOpened)
def _opened(entry: ProjectedEntry, data: b.ConferenceOpened, rows: Rows) -> None:
    rows.change(
        conferences,
        entry.subject,
        data.conference,
        state="opened",
        presiding=entry.unit,
        chair_absent=data.chair_absent,
        opened=entry.rx,
        opened_at=entry.position,
    )


@CONFERENCES.on(b.ConferenceAdjourned)
def _adjourned(entry: ProjectedEntry, data: b.ConferenceAdjourned, rows: Rows) -> None:
    rows.change(
        conferences,
        entry.subject,
        data.conference,
        state="adjourned",
        adjourned_reason=data.reason,
        resumes=as_text(data.resumes),
    )


@CONFERENCES.on(b.AttendanceRecorded)
def _attended(entry: ProjectedEntry, data: b.AttendanceRecorded, rows: Rows) -> None:
    rows.change(
        conferences,
        entry.subject,
        data.conference,
        present=list(data.present),
        remote=list(data.remote),
        absent=list(data.absent),
    )


@CONFERENCES.on(b.CountingBoardElected)
def _board(entry: ProjectedEntry, data: b.CountingBoardElected, rows: Rows) -> None:
    board = [{"member": m.member, "unit": m.unit, "head": m.head} for m in data.members]
    rows.change(conferences, entry.subject, data.conference, board=board)


@CONFERENCES.on(b.ScoresAccepted)
def _accepted(entry: ProjectedEntry, data: b.ScoresAccepted, rows: Rows) -> None:
    rows.change(conferences, entry.subject, data.conference, ranking_accepted=data.ranking)


@CONFERENCES.on(b.RankingApproved)
def _approved(entry: ProjectedEntry, data: b.RankingApproved, rows: Rows) -> None:
    if data.conference is not None:
        rows.change(conferences, entry.subject, data.conference, ranking_approved=data.ranking)


@CONFERENCES.on(b.MinutesIssued)
def _minutes(entry: ProjectedEntry, data: b.MinutesIssued, rows: Rows) -> None:
    rows.change(
        conferences,
        entry.subject,
        data.conference,
        minutes=data.document,
        divergences=[one.model_dump() for one in data.divergences],
        minutes_issued=entry.rx,
        minutes_at=entry.position,
    )


@CONFERENCES.on(b.ConferenceClosed)
def _closed(entry: ProjectedEntry, data: b.ConferenceClosed, rows: Rows) -> None:
    rows.change(
        conferences,
        entry.subject,
        data.conference,
        state="closed",
        closed=entry.rx,
        closed_at=entry.position,
    )


@CONFERENCES.on(u.MidYearReviewHeld)
def _reviewed(entry: ProjectedEntry, data: u.MidYearReviewHeld, rows: Rows) -> None:
    rows.put(
        reviews,
        cycle=entry.subject,
        held_on=as_text(data.held_on),
        place=data.place,
        present=list(data.present),
        reports=data.reports,
        document=data.document,
        rx=entry.rx,
        position=entry.position,
    )


@CONFERENCES.on(b.ClusterReportSubmitted)
def _cluster_report(entry: ProjectedEntry, data: b.ClusterReportSubmitted, rows: Rows) -> None:
    rows.put(
        cluster_reports,
        cycle=entry.subject,
        ranking=data.ranking,
        document=data.document,
        by=entry.unit,
        rx=entry.rx,
        position=entry.position,
    )


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference as it stands; ``minutes`` is the hash of the document."""

    conference: str
    state: str
    starts: str | None
    place: str | None
    agenda: list[str]
    presiding: str | None
    chair_absent: str | None
    present: list[str]
    remote: list[str]
    absent: list[str]
    board: list[dict[str, Any]]
    ranking_accepted: int | None
    ranking_approved: int | None
    minutes: str | None
    minutes_issued: str | None
    divergences: list[dict[str, str]]
    adjourned_reason: str | None
    resumes: str | None
    opened: str | None
    closed: str | None
    position: int | None


_LISTS = frozenset({"agenda", "present", "remote", "absent", "board", "divergences"})


def conferences_of(read: Reading, cycle: str) -> list[Conference]:
    """The conferences of a cycle."""
    found = []
    for row in read.rows(conferences, cycle=cycle):
        given: dict[str, Any] = {name: row[name] for name in Conference.__slots__}
        for name in _LISTS:
            given[name] = given[name] or []
        found.append(Conference(**given))
    return found


def reviews_of(read: Reading, cycle: str) -> list[dict[str, Any]]:
    """The half-year reviews that were held."""
    return [dict(row) for row in read.rows(reviews, cycle=cycle)]


def cluster_report(read: Reading, cycle: str) -> dict[str, Any] | None:
    """The cluster's report to the authority: by whom, when, on which ranking."""
    row = read.one(cluster_reports, cycle=cycle)
    return None if row is None else dict(row)
