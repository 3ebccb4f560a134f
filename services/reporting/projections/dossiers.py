"""Dossiers: sent, received, returned, completed, appraised, and the limits in working days on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from services.reporting.columns import document, event_hash, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from services.reporting.projections.awards import awards_of
from services.reporting.projections.board import last_valid_day
from services.reporting.projections.rules import holidays, regulation
from services.reporting.projections.timeline import newest_moment
from thidua.clock import local_day, parse_instant
from thidua.contracts import ballots as b
from thidua.working_days import add_working_days

if TYPE_CHECKING:
    from datetime import datetime

    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Row, Rows
    from thidua.contracts.rulebook import WorkingDays

dossiers = read_model(
    "dossiers",
    text("cycle", key=True),
    text("unit", key=True),
    text("state"),
    document("titles"),
    document("documents"),
    text("submitted"),
    text("postmark"),
    text("received_on"),
    text("received"),
    text("returned"),
    document("missing"),
    text("return_reason"),
    text("completed"),
    document("added"),
    text("appraised"),
    text("appraisal"),
    text("appraisal_reason"),
    event_hash(),
    position(),
    position("last_at"),
)

DOSSIERS = Projection("dossiers", 1, dossiers)


def _documents(found: tuple[b.Document, ...]) -> list[dict[str, Any]]:
    return [{"kind": one.kind, "name": one.name, "sha256": one.sha256} for one in found]


@DOSSIERS.on(b.DossierSubmitted)
def _submitted(entry: ProjectedEntry, data: b.DossierSubmitted, rows: Rows) -> None:
    rows.change(
        dossiers,
        entry.subject,
        data.unit,
        state="submitted",
        titles=list(data.titles),
        documents=_documents(data.documents),
        submitted=entry.rx,
        hash=entry.hash,
        position=entry.position,
        last_at=entry.position,
    )


@DOSSIERS.on(b.DossierReceived)
def _received(entry: ProjectedEntry, data: b.DossierReceived, rows: Rows) -> None:
    rows.change(
        dossiers,
        entry.subject,
        data.unit,
        state="received",
        postmark=as_text(data.postmark),
        received_on=as_text(data.received_on),
        received=entry.rx,
        last_at=entry.position,
    )


@DOSSIERS.on(b.DossierReturned)
def _returned(entry: ProjectedEntry, data: b.DossierReturned, rows: Rows) -> None:
    rows.change(
        dossiers,
        entry.subject,
        data.unit,
        state="returned",
        returned=entry.rx,
        missing=list(data.missing),
        return_reason=data.reason,
        last_at=entry.position,
    )


@DOSSIERS.on(b.DossierCompleted)
def _completed(entry: ProjectedEntry, data: b.DossierCompleted, rows: Rows) -> None:
    rows.change(
        dossiers,
        entry.subject,
        data.unit,
        state="completed",
        completed=entry.rx,
        added=_documents(data.documents),
        last_at=entry.position,
    )


@DOSSIERS.on(b.DossierAppraised)
def _appraised(entry: ProjectedEntry, data: b.DossierAppraised, rows: Rows) -> None:
    rows.change(
        dossiers,
        entry.subject,
        data.unit,
        state="appraised",
        appraised=entry.rx,
        appraisal=data.result,
        appraisal_reason=data.reason,
        last_at=entry.position,
    )


@dataclass(frozen=True, slots=True)
class Limit:
    """
    One limit: who is to act, by which day, on which day it was done.

    ``late`` is also true while it is not done though the day is over.
    """

    step: str
    by: str
    until: str
    done: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class Dossier:
    """A unit's dossier: its state, whether it was in time, and the limits of unit and authority."""

    unit: str
    state: str
    titles: list[str]
    documents: list[dict[str, Any]]
    added: list[dict[str, Any]]
    submitted: str | None
    postmark: str | None
    received_on: str | None
    until: str | None
    on_time: bool | None
    returned: str | None
    missing: list[str]
    return_reason: str | None
    completed: str | None
    appraised: str | None
    appraisal: str | None
    appraisal_reason: str | None
    limits: list[Limit]
    hash: str | None
    position: int | None
    last_at: int

    @property
    def authority_late(self) -> list[Limit]:
        """The limits that the authority has missed."""
        return [one for one in self.limits if one.by == "authority" and one.late]


def dossiers_of(read: Reading, cycle: str, now: datetime | None = None) -> list[Dossier]:
    """The dossiers of a cycle *now*, by default at the log's last entry."""
    authority, _, year = cycle.split("/")
    rules = regulation(read, authority, int(year))
    free = holidays(read, authority)
    moment = now or newest_moment(read)
    today = local_day(moment) if moment else date(int(year), 1, 1)
    decisions: dict[str, str] = {}
    told: dict[str, str] = {}
    awards = awards_of(read, cycle)
    for award in awards.rows:
        if award.decided_on:
            decisions[award.unit] = min(decisions.get(award.unit, "9999"), award.decided_on)
        if award.notified_on:
            told[award.unit] = award.notified_on
    council = min((one["held_on"] for one in awards.council), default=None)
    deadline = rules.deadlines.dossier if rules else None
    counts = deadline.counts if deadline else "received"
    found = []
    for row in read.rows(dossiers, cycle=cycle):
        clock = _Clock(today, free)
        if rules is not None:
            clock.examine(row, rules.working_days)
            decided, notified = decisions.get(row["unit"]), told.get(row["unit"])
            clock.decide(council, decided, notified, rules.working_days)
        found.append(_dossier(row, last_valid_day(deadline), counts, clock.limits))
    return found


class _Clock:
    """Counts limits in working days."""

    def __init__(self, today: date, free: frozenset[date]) -> None:
        self.today = today
        self.free = free
        self.limits: list[Limit] = []

    def examine(self, row: Row, days: WorkingDays) -> None:
        """The limits from the dossier's arrival to its appraisal."""
        received, back = row["received_on"], _day(row["returned"])
        if received is None:
            return
        if back:
            self.limit("return", "authority", received, days.return_within, back)
            self.limit("complete", "unit", back, days.complete_within, _day(row["completed"]))
        complete = _day(row["completed"]) if back else received
        if complete:
            appraised = _day(row["appraised"])
            self.limit("appraise", "authority", complete, days.appraise_within, appraised)

    def decide(
        self, council: str | None, decided: str | None, notified: str | None, days: WorkingDays
    ) -> None:
        """The limits from the council's vote to telling the unit."""
        if council:
            self.limit("decide", "authority", council, days.decide_within, decided)
        if decided:
            self.limit("notify", "authority", decided, days.notify_within, notified)

    def limit(self, step: str, by: str, since: str, within: int, done: str | None) -> None:
        """One limit of *within* working days after a day."""
        until = add_working_days(date.fromisoformat(since), within, self.free).isoformat()
        late = (done or self.today.isoformat()) > until
        self.limits.append(Limit(step, by, until, done, late))


def _day(rx: str | None) -> str | None:
    return local_day(parse_instant(rx)).isoformat() if rx else None


def _dossier(row: Row, last: date | None, counts: str, limits: list[Limit]) -> Dossier:
    judged = row["postmark"] if counts == "sent" else row["received_on"] or _day(row["submitted"])
    on_time = None if last is None or judged is None else judged <= last.isoformat()
    given = {name: row[name] for name in Dossier.__slots__ if name in row}
    for name in ("titles", "documents", "added", "missing"):
        given[name] = given[name] or []
    until = last.isoformat() if last else None
    return Dossier(**given, until=until, on_time=on_time, limits=limits)
