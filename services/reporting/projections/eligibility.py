"""Eligibility: who may be considered for which title, with every rule, fact and event behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.columns import event_hash, flag, number, position, read_model, text
from services.reporting.projection import Projection
from thidua.contracts import ballots as b

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows

eligibilities = read_model(
    "eligibilities",
    text("cycle", key=True),
    text("title", key=True),
    text("unit", key=True),
    number("version"),
    number("ranking"),
    flag("eligible"),
    text("rx"),
    event_hash(),
    position(),
)
eligibility_findings = read_model(
    "eligibility_findings",
    text("cycle", key=True),
    text("title", key=True),
    text("unit", key=True),
    text("rule", key=True),
    flag("holds"),
    text("fact"),
    event_hash("event"),
)

ELIGIBILITY = Projection("eligibility", 1, eligibilities, eligibility_findings)


@ELIGIBILITY.on(b.EligibilityDetermined)
def _determined(entry: ProjectedEntry, data: b.EligibilityDetermined, rows: Rows) -> None:
    for old in rows.where(eligibilities, cycle=entry.subject):
        rows.delete(eligibilities, entry.subject, old["title"], old["unit"])
    for old in rows.where(eligibility_findings, cycle=entry.subject):
        rows.delete(eligibility_findings, entry.subject, old["title"], old["unit"], old["rule"])
    for line in data.rows:
        rows.put(
            eligibilities,
            cycle=entry.subject,
            title=line.title,
            unit=line.unit,
            version=data.version,
            ranking=data.ranking,
            eligible=line.eligible,
            rx=entry.rx,
            hash=entry.hash,
            position=entry.position,
        )
        for finding in line.findings:
            rows.put(
                eligibility_findings,
                cycle=entry.subject,
                title=line.title,
                unit=line.unit,
                rule=finding.rule,
                holds=finding.holds,
                fact=finding.fact,
                event=finding.event,
            )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a unit may be considered for a title, and why: rule, holds, fact, event (hash)."""

    title: str
    unit: str
    eligible: bool
    version: int
    ranking: int
    findings: list[dict[str, Any]]
    rx: str
    hash: str
    position: int


def eligibility(read: Reading, cycle: str) -> list[Verdict]:
    """The newest determination of a cycle, by title and unit."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in read.rows(eligibility_findings, cycle=cycle):
        line = {name: row[name] for name in ("rule", "holds", "fact", "event")}
        found.setdefault((row["title"], row["unit"]), []).append(line)
    return [
        Verdict(
            title=row["title"],
            unit=row["unit"],
            eligible=row["eligible"],
            version=row["version"],
            ranking=row["ranking"],
            findings=found.get((row["title"], row["unit"]), []),
            rx=row["rx"],
            hash=row["hash"],
            position=row["position"],
        )
        for row in read.rows(eligibilities, cycle=cycle)
    ]
