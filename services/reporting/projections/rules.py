"""The rules in force: calendars, base salary, the authority's regulation, the cluster's rulebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.reporting.columns import document, event_hash, number, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows

calendars = read_model(
    "calendars",
    text("authority", key=True),
    number("year", key=True),
    document("holidays"),
    text("basis"),
    position(),
)
salaries = read_model(
    "salaries",
    text("authority", key=True),
    text("valid_from", key=True),
    number("amount"),
    text("basis"),
    position(),
)
regulations = read_model(
    "regulations",
    text("authority", key=True),
    number("year", key=True),
    text("body"),
    text("rx"),
    event_hash(),
    position(),
)
rulebooks = read_model(
    "rulebooks",
    text("cycle", key=True),
    number("version", key=True),
    text("body"),
    text("rx"),
    event_hash(),
    position(),
)
exceptions = read_model(
    "exceptions",
    text("cycle", key=True),
    text("unit", key=True),
    text("rule", key=True),
    text("reason"),
    text("basis"),
    position(),
)
quotas = read_model(
    "quotas",
    text("cycle", key=True),
    text("title", key=True),
    number("quota"),
    text("basis"),
    position(),
)
movements = read_model(
    "movements",
    text("authority", key=True),
    number("year", key=True),
    text("theme"),
    document("contents"),
    text("basis"),
    text("decided_on"),
    position(),
)

RULES = Projection(
    "rules", 1, calendars, salaries, regulations, rulebooks, exceptions, quotas, movements
)


@RULES.on(u.CalendarPublished)
def _calendar(entry: ProjectedEntry, data: u.CalendarPublished, rows: Rows) -> None:
    rows.put(
        calendars,
        authority=entry.subject,
        year=data.year,
        holidays=[as_text(day) for day in data.holidays],
        basis=data.basis,
        position=entry.position,
    )


@RULES.on(u.BaseSalarySet)
def _salary(entry: ProjectedEntry, data: u.BaseSalarySet, rows: Rows) -> None:
    rows.put(
        salaries,
        authority=entry.subject,
        valid_from=as_text(data.valid_from),
        amount=data.amount,
        basis=data.basis,
        position=entry.position,
    )


@RULES.on(u.RegulationIssued)
def _regulation(entry: ProjectedEntry, data: u.RegulationIssued, rows: Rows) -> None:
    rows.put(
        regulations,
        authority=entry.subject,
        year=data.year,
        body=data.model_dump_json(),
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@RULES.on(u.RulebookAdopted)
def _rulebook(entry: ProjectedEntry, data: u.RulebookAdopted, rows: Rows) -> None:
    rows.put(
        rulebooks,
        cycle=entry.subject,
        version=data.version,
        body=data.model_dump_json(),
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@RULES.on(u.ExceptionGranted)
def _exception(entry: ProjectedEntry, data: u.ExceptionGranted, rows: Rows) -> None:
    rows.put(
        exceptions,
        cycle=entry.subject,
        unit=data.unit,
        rule=data.rule,
        reason=data.reason,
        basis=data.basis,
        position=entry.position,
    )


@RULES.on(b.QuotaSet)
def _quota(entry: ProjectedEntry, data: b.QuotaSet, rows: Rows) -> None:
    rows.put(
        quotas,
        cycle=entry.subject,
        title=data.title,
        quota=data.quota,
        basis=data.basis,
        position=entry.position,
    )


@RULES.on(p.MovementApproved)
def _movement(entry: ProjectedEntry, data: p.MovementApproved, rows: Rows) -> None:
    rows.put(
        movements,
        authority=entry.subject,
        year=data.year,
        theme=data.theme,
        contents=list(data.contents),
        basis=data.basis,
        decided_on=as_text(data.decided_on),
        position=entry.position,
    )


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A version of the cluster's rulebook and where it stands."""

    version: int
    rules: u.RulebookAdopted
    rx: str
    hash: str
    position: int


def regulation(read: Reading, authority: str, year: int) -> u.RegulationIssued | None:
    """The authority's rules for a year."""
    row = read.one(regulations, authority=authority, year=year)
    return None if row is None else u.RegulationIssued.model_validate_json(row["body"])


def rulebook(read: Reading, cycle: str, version: int | None = None) -> Rulebook | None:
    """The rulebook of a cycle, the newest when no version is asked for."""
    found = read.rows(rulebooks, cycle=cycle)
    if version is not None:
        found = [row for row in found if row["version"] == version]
    if not found:
        return None
    row = found[-1]
    rules = u.RulebookAdopted.model_validate_json(row["body"])
    return Rulebook(row["version"], rules, row["rx"], row["hash"], row["position"])


def rulebook_versions(read: Reading, cycle: str) -> list[int]:
    """The versions of a cycle's rulebook."""
    return [row["version"] for row in read.rows(rulebooks, cycle=cycle)]


def holidays(read: Reading, authority: str) -> frozenset[date]:
    """All published holidays."""
    return frozenset(
        date.fromisoformat(day)
        for row in read.rows(calendars, authority=authority)
        for day in row["holidays"]
    )


def title_names(read: Reading, cycle: str, *, english: bool = False) -> dict[str, str]:
    """What the year's titles are called, by code."""
    authority, _, year = cycle.split("/")
    rules = regulation(read, authority, int(year))
    titles = rules.titles if rules else ()
    return {title.code: title.name_en if english else title.name_vi for title in titles}
