"""Officers through the years: carried over, elected, recognised or refused, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.columns import event_hash, number, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import ballots as b
from thidua.contracts.base import next_year

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows

officer_steps = read_model(
    "officer_steps",
    text("cycle", key=True),
    text("office", key=True),
    position(key=True),
    text("unit"),
    text("status"),
    text("on"),
    text("basis"),
    text("ballot"),
    number("votes"),
    text("elected_in"),
    text("rx"),
    event_hash(),
)

OFFICERS = Projection("officers", 1, officer_steps)


@OFFICERS.on(b.OfficerCarriedOver)
def _carried(entry: ProjectedEntry, data: b.OfficerCarriedOver, rows: Rows) -> None:
    on, basis = as_text(data.elected_on), data.basis
    _step(entry, rows, entry.subject, data.office, data.unit, "carried-over", on=on, basis=basis)


@OFFICERS.on(b.ChairElected, b.DeputyElected)
def _elected(entry: ProjectedEntry, data: b.Elected, rows: Rows) -> None:
    office = "chair" if isinstance(data, b.ChairElected) else "deputy"
    cycle = next_year(entry.subject, data.for_year)
    more = {"ballot": data.ballot, "votes": data.votes, "elected_in": entry.subject}
    _step(entry, rows, cycle, office, data.unit, "elected", on=entry.day.isoformat(), **more)


@OFFICERS.on(b.OfficerRecognised)
def _recognised(entry: ProjectedEntry, data: b.OfficerRecognised, rows: Rows) -> None:
    on, basis = as_text(data.decided_on), data.decision
    _step(entry, rows, entry.subject, data.office, data.unit, "recognised", on=on, basis=basis)


@OFFICERS.on(b.RecognitionRefused)
def _refused(entry: ProjectedEntry, data: b.RecognitionRefused, rows: Rows) -> None:
    on, basis = as_text(data.decided_on), data.reason
    _step(entry, rows, entry.subject, data.office, data.unit, "refused", on=on, basis=basis)


def _step(
    entry: ProjectedEntry,
    rows: Rows,
    cycle: str,
    office: str,
    unit: str,
    status: str,
    **more: object,
) -> None:
    rows.put(
        officer_steps,
        cycle=cycle,
        office=office,
        position=entry.position,
        unit=unit,
        status=status,
        rx=entry.rx,
        hash=entry.hash,
        **more,
    )


@dataclass(frozen=True, slots=True)
class OfficerStep:
    """One step of an office in a year; ``basis`` is the decision, or the reason of a refusal."""

    cycle: str
    office: str
    unit: str
    status: str
    on: str | None
    basis: str | None
    ballot: str | None
    votes: int | None
    elected_in: str | None
    rx: str
    hash: str
    position: int


@dataclass(frozen=True, slots=True)
class Officers:
    """Chair and deputy of one year, and how they came to be; empty while there is none."""

    cycle: str
    year: int
    chair: OfficerStep | None
    deputy: OfficerStep | None
    history: list[OfficerStep]


def officers_of(read: Reading, cycle: str) -> Officers:
    """The officers of one cycle."""
    history = [
        OfficerStep(**{name: row[name] for name in OfficerStep.__slots__})
        for row in read.rows(officer_steps, cycle=cycle)
    ]
    history.sort(key=lambda step: step.position)
    chair, deputy = (
        next((s for s in reversed(history) if s.office == office), None)
        for office in ("chair", "deputy")
    )
    return Officers(cycle, int(cycle.rpartition("/")[2]), chair, deputy, history)


def officers_through_years(read: Reading, authority: str, cluster: str) -> list[Officers]:
    """The officers of a cluster, the newest year first."""
    prefix = f"{authority}/{cluster}/"
    cycles = {row["cycle"] for row in read.rows(officer_steps)}
    found = [officers_of(read, cycle) for cycle in cycles if cycle.startswith(prefix)]
    return sorted(found, key=lambda one: -one.year)
