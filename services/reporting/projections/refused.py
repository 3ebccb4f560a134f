"""Refused events: where, whose, why, and what their publisher can do; never what they held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.columns import document, event_hash, position, read_model, text
from services.reporting.projection import Projection
from services.reporting.projections.keys import keys
from thidua.refusals import Code, problem

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Row, Rows
    from thidua.contracts import EventData

refusals = read_model(
    "refusals",
    position(key=True),
    text("outcome"),
    text("code"),
    document("facts"),
    text("source"),
    text("kid"),
    text("type"),
    text("subject"),
    text("id"),
    text("by"),
    text("rx"),
    event_hash(),
    appended=True,
)

REFUSED = Projection("refused", 1, refusals)


@REFUSED.on_all
def _refused(entry: ProjectedEntry, _: EventData | None, rows: Rows) -> None:
    if entry.outcome == "recorded":
        return
    key = rows.get(keys, entry.kid)
    rows.put(
        refusals,
        position=entry.position,
        outcome=entry.outcome,
        code=entry.code,
        facts=entry.facts,
        source=entry.source or (key["owner"] if key else None),
        kid=entry.kid,
        type=entry.type,
        subject=entry.subject,
        id=entry.id,
        by=entry.by,
        rx=entry.rx,
        hash=entry.hash,
    )


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """
    A refused event; ``said`` when its form was wrong and only its hash stands in the log.

    ``problem`` is the RFC 9457 document with title, detail and fix in Vietnamese and English.
    """

    position: int
    outcome: str
    code: str
    source: str | None
    kid: str
    type: str
    subject: str
    id: str
    by: str
    rx: str
    hash: str
    problem: dict[str, Any]


def refused_events(
    read: Reading, *, subject: str | None = None, most: int = 100, before: int | None = None
) -> list[RefusedEvent]:
    """The last refused events, newest first; of one subject if it is named."""
    only = {} if subject is None else {"subject": subject}
    return [
        _refused_event(row)
        for row in read.newest(refusals, "position", most=most, before=before, **only)
    ]


def refused_at(read: Reading, position: int) -> RefusedEvent | None:
    """The refused event at a position."""
    row = read.one(refusals, position=position)
    return None if row is None else _refused_event(row)


def _refused_event(row: Row) -> RefusedEvent:
    given = {name: row[name] for name in RefusedEvent.__slots__ if name in row}
    known = row["code"] in Code.__members__
    words = problem(Code(row["code"]), row["facts"], event=row["hash"]) if known else {}
    return RefusedEvent(**given, problem=words)
