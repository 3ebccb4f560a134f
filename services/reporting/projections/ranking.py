"""The ranking: every version with self and verified points, bonus, minus, rank, and the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.columns import document, event_hash, number, position, read_model, text
from services.reporting.projection import Projection
from services.reporting.projections.scores import adjustments, findings
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.base import format_points

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows

rankings = read_model(
    "rankings",
    text("cycle", key=True),
    number("version", key=True),
    number("rulebook"),
    document("left_out"),
    text("rx"),
    text("accepted"),
    text("approved"),
    event_hash(),
    position(),
    position("accepted_at"),
    position("approved_at"),
)
standings = read_model(
    "standings",
    text("cycle", key=True),
    number("version", key=True),
    text("unit", key=True),
    number("rank"),
    text("self_score"),
    text("base"),
    text("bonus"),
    text("minus"),
    text("total"),
    text("tie"),
    document("groups"),
)

RANKING = Projection("ranking", 1, rankings, standings)


@RANKING.on(u.RankingConsolidated)
def _consolidated(entry: ProjectedEntry, data: u.RankingConsolidated, rows: Rows) -> None:
    rows.put(
        rankings,
        cycle=entry.subject,
        version=data.version,
        rulebook=data.rulebook,
        left_out=list(data.left_out),
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )
    for line in data.rows:
        rows.put(
            standings,
            cycle=entry.subject,
            version=data.version,
            unit=line.unit,
            rank=line.rank,
            self_score=format_points(line.self_score),
            base=format_points(line.base),
            bonus=format_points(line.bonus),
            minus=format_points(line.minus),
            total=format_points(line.total),
            tie=line.tie,
            groups={group: format_points(points) for group, points in line.groups.items()},
        )


@RANKING.on(b.ScoresAccepted)
def _accepted(entry: ProjectedEntry, data: b.ScoresAccepted, rows: Rows) -> None:
    rows.change(
        rankings, entry.subject, data.ranking, accepted=entry.rx, accepted_at=entry.position
    )


@RANKING.on(b.RankingApproved)
def _approved(entry: ProjectedEntry, data: b.RankingApproved, rows: Rows) -> None:
    rows.change(
        rankings, entry.subject, data.ranking, approved=entry.rx, approved_at=entry.position
    )


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """One line of the ranking; *reasons* are what changed its points: kind, points, reason, position."""

    unit: str
    rank: int
    self_score: str
    base: str
    bonus: str
    minus: str
    total: str
    tie: str | None
    groups: dict[str, str]
    reasons: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A version of the ranking; *newest* says whether a correction came after it."""

    cycle: str
    version: int
    newest: bool
    rulebook: int
    rx: str
    accepted: str | None
    approved: str | None
    left_out: list[str]
    rows: list[RankedUnit]
    hash: str
    position: int


def ranking(read: Reading, cycle: str, version: int | None = None) -> Ranking | None:
    """The ranking of a cycle, the newest when no version is asked for; ``None`` before there is one."""
    known = [row for row in read.rows(rankings, cycle=cycle) if row["rx"] is not None]
    wanted = [row for row in known if version is None or row["version"] == version]
    if not wanted:
        return None
    head = wanted[-1]
    lines = read.rows(standings, cycle=cycle, version=head["version"])
    reasons = _reasons(read, cycle)
    columns = ("unit", "rank", "self_score", "base", "bonus", "minus", "total", "tie", "groups")
    return Ranking(
        cycle=cycle,
        version=head["version"],
        newest=head is known[-1],
        rulebook=head["rulebook"],
        rx=head["rx"],
        accepted=head["accepted"],
        approved=head["approved"],
        left_out=head["left_out"],
        rows=[
            RankedUnit(**{c: line[c] for c in columns}, reasons=reasons.get(line["unit"], []))
            for line in sorted(lines, key=lambda line: (line["rank"], line["unit"]))
        ],
        hash=head["hash"],
        position=head["position"],
    )


def ranking_versions(read: Reading, cycle: str) -> list[int]:
    """The versions of a cycle's ranking."""
    return [row["version"] for row in read.rows(rankings, cycle=cycle) if row["rx"] is not None]


def _reasons(read: Reading, cycle: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in read.rows(adjustments, cycle=cycle):
        found.setdefault(row["unit"], []).append(
            {
                "kind": row["kind"],
                "criterion": None,
                "points": row["points"],
                "reason": row["reason"],
                "position": row["position"],
            }
        )
    for row in read.rows(findings, cycle=cycle):
        found.setdefault(row["unit"], []).append(
            {
                "kind": row["ground"],
                "criterion": row["criterion"],
                "points": row["points"],
                "reason": row["reason"],
                "position": row["position"],
            }
        )
    return found
