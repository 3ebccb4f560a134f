"""The timeline: one row per entry with the facts its sentence is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from services.reporting.columns import (
    bound,
    document,
    event_hash,
    number,
    position,
    read_model,
    text,
)
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from services.reporting.projections.keys import keys
from services.reporting.projections.rules import title_names
from services.reporting.projections.sentences import SENTENCES
from services.reporting.projections.unit_queries import Names, names
from services.reporting.projections.wording import refusal_sentence, sentence
from thidua.clock import format_instant, parse_instant
from thidua.contracts.base import format_points

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Row, Rows
    from thidua.contracts import EventData

timeline = read_model(
    "timeline",
    position(key=True),
    text("rx"),
    text("time"),
    text("outcome"),
    text("type"),
    text("subject", index=True),
    text("unit"),
    text("source"),
    text("kid"),
    bound(number("seq")),
    bound(text("id")),
    text("code"),
    document("facts"),
    event_hash(index=True),
    appended=True,
)

TIMELINE = Projection("timeline", 1, timeline)

_FACTS: Final = {kind: sentence.facts for kind, sentence in SENTENCES.items()}


@TIMELINE.on_all
def _happened(entry: ProjectedEntry, data: EventData | None, rows: Rows) -> None:
    facts: dict[str, Any] | None = None
    if entry.outcome == "recorded":
        wanted = _FACTS.get(entry.type, ())
        facts = {name: _plain(getattr(data, name)) for name in wanted} if wanted else None
    source = entry.source
    if entry.outcome == "said" and (key := rows.get(keys, entry.kid)):
        source = key["owner"]
    rows.put(
        timeline,
        position=entry.position,
        rx=entry.rx,
        time=entry.time,
        outcome=entry.outcome,
        type=entry.type,
        subject=entry.subject,
        unit=getattr(data, "unit", None) or (source[7:] if source.startswith("/units/") else None),
        source=source,
        kid=entry.kid,
        seq=entry.seq,
        id=entry.id,
        code=entry.code,
        facts=facts,
        hash=entry.hash,
    )


def _plain(fact: object) -> str | int | bool | list[str] | None:
    if fact is None or isinstance(fact, str | int):
        return fact
    if isinstance(fact, Decimal):
        return format_points(fact)
    if isinstance(fact, date):
        return as_text(fact)
    if isinstance(fact, dict):
        return list(fact)
    if isinstance(fact, tuple):
        return [one if isinstance(one, str) else str(getattr(one, "unit", one)) for one in fact]
    return str(fact)


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry in words, with what a page links to; ``facts`` are what the sentences are made of."""

    position: int
    rx: str
    time: str
    outcome: str
    type: str
    subject: str
    unit: str | None
    source: str
    kid: str
    seq: int
    id: str
    code: str | None
    hash: str
    facts: dict[str, Any]
    vi: str
    en: str


def happenings(
    read: Reading,
    *,
    subject: str | None = None,
    unit: str | None = None,
    type: str | None = None,  # noqa: A002 - the wire's own word
    most: int = 100,
    before: int | None = None,
) -> list[Happening]:
    """The last entries in words, newest first, before a position if it is given."""
    only = {"subject": subject, "unit": unit, "type": type}
    wanted = {name: value for name, value in only.items() if value is not None}
    rows = read.newest(timeline, "position", most=most, before=before, **wanted)
    return _in_words(read, rows)


def happening(
    read: Reading, *, position: int | None = None, event: str | None = None
) -> Happening | None:
    """One entry in words, by its position or its event's hash."""
    row = read.one(timeline, position=position) if event is None else read.one(timeline, hash=event)
    return None if row is None else _in_words(read, [row])[0]


def newest_moment(read: Reading) -> datetime | None:
    """The arrival of the last entry: the present of the read models."""
    row = read.newest(timeline, "position", most=1)
    return parse_instant(row[0]["rx"]) if row else None


def position_at(read: Reading, moment: datetime) -> int:
    """The last position before the first entry that arrived after *moment*."""
    here = read.table(timeline)
    later = select(func.min(here.c.position)).where(here.c.rx > format_instant(moment))
    first = read.connection.execute(later).scalar_one()
    return read.position if first is None else int(first) - 1


def entries_by_outcome(read: Reading) -> dict[str, int]:
    """How many entries were recorded, refused for a rule, and refused for their form."""
    here = read.table(timeline)
    statement = select(here.c.outcome, func.count()).group_by(here.c.outcome)
    counted = {"recorded": 0, "refused": 0, "said": 0}
    found = read.connection.execute(statement)
    return counted | {row[0]: row[1] for row in found}


def _in_words(read: Reading, rows: list[Row]) -> list[Happening]:
    called = names(read)
    titles: dict[str, dict[str, dict[str, str]]] = {}
    return [_happening(read, row, called, titles) for row in rows]


def _happening(
    read: Reading, row: Row, called: Names, titles: dict[str, dict[str, dict[str, str]]]
) -> Happening:
    subject = row["subject"]
    if "/" in subject and subject not in titles:
        titles[subject] = {
            language: title_names(read, subject, english=language == "en")
            for language in ("vi", "en")
        }
    words: dict[str, Any] = {}
    for language in ("vi", "en"):
        title = titles.get(subject, {}).get(language, {})
        if row["outcome"] == "recorded":
            words[language] = sentence(row, called, title, language)
        else:
            words[language] = refusal_sentence(row, called, language)
    given = {name: row[name] for name in Happening.__slots__ if name in row}
    return Happening(**{**given, "facts": row["facts"] or {}}, **words)
