"""The cycle board: per unit and step done, late or open, and what comes next until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from services.reporting.projections.cycles import milestones_of, steps, suspended_units
from services.reporting.projections.rules import regulation
from services.reporting.projections.timeline import newest_moment
from services.reporting.projections.unit_queries import members
from thidua.clock import local_day, parse_instant

if TYPE_CHECKING:
    from datetime import datetime

    from services.reporting.reading import Reading
    from services.reporting.rows import Row
    from thidua.contracts.base import Deadline
    from thidua.contracts.rulebook import Deadlines

State = Literal["done", "late", "open", "missed", "declined"]

STEPS: Final = (
    "registration",
    "pledge",
    "half-year-report",
    "report",
    "self-score",
    "cross-check",
    "dossier",
)
"""The steps of a unit through a year, in order."""

_CLUSTER_STEPS: Final = (
    ("pledge-sent", "pledge_sent"),
    ("cluster-report", "cluster_report"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """
    One step of one unit.

    ``late`` is done after its deadline, ``missed`` is not done though the deadline is over.
    """

    step: str
    state: State
    rx: str | None
    sent_on: str | None
    until: str | None
    position: int | None
    said: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One unit through the year."""

    unit: str
    suspended: bool
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Next:
    """
    What is still to be done: the step, its last day if one is set, and by which units.

    No units: the cluster's chair is to act.
    """

    step: str
    until: str | None
    units: list[str]
    overdue: bool


@dataclass(frozen=True, slots=True)
class Board:
    """A cycle at a moment: all units with all steps, and what comes next, the most urgent first."""

    cycle: str
    today: str
    rows: list[BoardRow]
    next: list[Next]


def last_valid_day(deadline: Deadline | None) -> date | None:
    """The last day on which a step is in time; ``None`` when no limit is set."""
    if deadline is None:
        return None
    return deadline.date - timedelta(days=1) if deadline.kind == "before" else deadline.date


def board(read: Reading, cycle: str, now: datetime | None = None) -> Board:
    """The board of a cycle *now*, by default at the log's last entry."""
    authority, cluster, year = cycle.split("/")
    moment = now or newest_moment(read)
    today = local_day(moment) if moment else date(int(year), 1, 1)
    rules = regulation(read, authority, int(year))
    deadlines = rules.deadlines if rules else None
    done = {(row["unit"], row["step"]): row for row in read.rows(steps, cycle=cycle)}
    in_year = min(max(today, date(int(year), 1, 1)), date(int(year), 12, 31))
    units = sorted({*members(read, authority, cluster, in_year), *(unit for unit, _ in done)})
    stopped = suspended_units(read, cycle)
    rows = [
        BoardRow(
            unit,
            stopped.get(unit, {}).get("state") == "suspended",
            [
                _cell(step, done.get((unit, step)), _deadline(deadlines, step), today)
                for step in STEPS
            ],
        )
        for unit in units
    ]
    passed = {one.milestone for one in milestones_of(read, cycle)}
    return Board(cycle, today.isoformat(), rows, _next(rows, deadlines, passed, today))


def _deadline(deadlines: Deadlines | None, step: str) -> Deadline | None:
    if deadlines is None:
        return None
    by_step = {
        "registration": deadlines.registration,
        "half-year-report": deadlines.half_year_report,
        "report": deadlines.yearly_report,
        "self-score": deadlines.yearly_report,
        "dossier": deadlines.dossier,
    }
    return by_step.get(step)


def _cell(step: str, row: Row | None, deadline: Deadline | None, today: date) -> Cell:
    last = last_valid_day(deadline)
    until = last.isoformat() if last else None
    if row is None:
        state: State = "missed" if last is not None and today > last else "open"
        return Cell(step, state, None, None, until, None, None)
    on = local_day(parse_instant(row["rx"]))
    if deadline is not None and deadline.counts == "sent" and row["sent_on"]:
        on = date.fromisoformat(row["sent_on"])
    said = row["said"]
    state = "late" if last is not None and on > last else "done"
    if step == "pledge" and said and not said["signed"]:
        state = "declined"
    return Cell(step, state, row["rx"], row["sent_on"], until, row["position"], said)


def _next(
    rows: list[BoardRow], deadlines: Deadlines | None, passed: set[str], today: date
) -> list[Next]:
    waiting: list[Next] = []
    for index, step in enumerate(STEPS):
        cells = [(row.unit, row.cells[index]) for row in rows]
        units = [unit for unit, cell in cells if cell.state in {"open", "missed"}]
        if units:
            until = cells[0][1].until
            overdue = until is not None and today.isoformat() > until
            waiting.append(Next(step, until, units, overdue))
    for milestone, name in _CLUSTER_STEPS:
        if milestone not in passed:
            last = last_valid_day(getattr(deadlines, name)) if deadlines else None
            until = last.isoformat() if last else None
            waiting.append(Next(milestone, until, [], last is not None and today > last))
    return sorted(waiting, key=lambda one: (one.until is None, one.until or ""))
