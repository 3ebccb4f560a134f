"""The pledge: drafts, signatures, targets with revised values and results, and the movement launched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.columns import document, event_hash, number, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import pledges as p
from thidua.contracts.base import format_points

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.rows import Rows

pledges = read_model(
    "pledges",
    text("cycle", key=True),
    text("state"),
    number("version"),
    text("chair"),
    document("members"),
    text("opened"),
    text("concluded"),
    text("sent"),
    text("document"),
    position("opened_at"),
    position("concluded_at"),
    position("sent_at"),
)
drafts = read_model(
    "drafts",
    text("cycle", key=True),
    number("version", key=True),
    text("theme"),
    text("text"),
    document("targets"),
    text("rx"),
    event_hash(),
    position(),
)
signatures = read_model(
    "signatures",
    text("cycle", key=True),
    number("version", key=True),
    text("unit", key=True),
    text("answer"),
    text("signer_role"),
    text("reason"),
    text("rx"),
    text("kid"),
    event_hash(),
    position(),
)
revisions = read_model(
    "revisions",
    text("cycle", key=True),
    text("target", key=True),
    position(key=True),
    text("value"),
    text("reason"),
    document("noticed"),
    text("rx"),
)
results = read_model(
    "results",
    text("cycle", key=True),
    text("target", key=True),
    text("unit", key=True),
    text("value"),
    text("as_of"),
    text("note"),
    text("rx"),
    position(),
)
launches = read_model(
    "launches",
    text("cycle", key=True),
    text("theme"),
    document("contents"),
    document("waves"),
    text("place"),
    text("by"),
    text("rx"),
    position(),
)

PLEDGES = Projection("pledges", 1, pledges, drafts, signatures, revisions, results, launches)


@PLEDGES.on(p.MovementLaunched)
def _launched(entry: ProjectedEntry, data: p.MovementLaunched, rows: Rows) -> None:
    rows.put(
        launches,
        cycle=entry.subject,
        theme=data.theme,
        contents=list(data.contents),
        waves=list(data.waves),
        place=data.place,
        by=entry.unit,
        rx=entry.rx,
        position=entry.position,
    )


@PLEDGES.on(p.PledgeDrafted)
def _drafted(entry: ProjectedEntry, data: p.PledgeDrafted, rows: Rows) -> None:
    rows.put(
        drafts,
        cycle=entry.subject,
        version=data.version,
        theme=data.theme,
        text=data.text,
        targets=[target.model_dump(mode="json") for target in data.targets],
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )
    if rows.get(pledges, entry.subject) is None:
        rows.put(pledges, cycle=entry.subject, state="drafted", version=data.version)


@PLEDGES.on(p.PledgeOpened)
def _opened(entry: ProjectedEntry, data: p.PledgeOpened, rows: Rows) -> None:
    rows.change(
        pledges,
        entry.subject,
        state="opened",
        version=data.version,
        chair=data.chair,
        members=list(data.members),
        opened=entry.rx,
        opened_at=entry.position,
    )


@PLEDGES.on(p.PledgeSigned)
def _signed(entry: ProjectedEntry, data: p.PledgeSigned, rows: Rows) -> None:
    rows.put(
        signatures,
        cycle=entry.subject,
        version=data.version,
        unit=data.unit,
        answer="signed",
        signer_role=data.signer_role,
        rx=entry.rx,
        kid=entry.kid,
        hash=entry.hash,
        position=entry.position,
    )


@PLEDGES.on(p.PledgeDeclined)
def _declined(entry: ProjectedEntry, data: p.PledgeDeclined, rows: Rows) -> None:
    rows.put(
        signatures,
        cycle=entry.subject,
        version=data.version,
        unit=data.unit,
        answer="declined",
        reason=data.reason,
        rx=entry.rx,
        kid=entry.kid,
        hash=entry.hash,
        position=entry.position,
    )


@PLEDGES.on(p.PledgeConcluded)
def _concluded(entry: ProjectedEntry, data: p.PledgeConcluded, rows: Rows) -> None:
    rows.change(
        pledges,
        entry.subject,
        state="concluded",
        version=data.version,
        concluded=entry.rx,
        concluded_at=entry.position,
    )


@PLEDGES.on(p.PledgeSent)
def _sent(entry: ProjectedEntry, data: p.PledgeSent, rows: Rows) -> None:
    rows.change(
        pledges,
        entry.subject,
        state="sent",
        sent=entry.rx,
        document=data.document,
        sent_at=entry.position,
    )


@PLEDGES.on(p.TargetRevised)
def _revised(entry: ProjectedEntry, data: p.TargetRevised, rows: Rows) -> None:
    rows.put(
        revisions,
        cycle=entry.subject,
        target=data.target,
        position=entry.position,
        value=format_points(data.value),
        reason=data.reason,
        noticed=list(data.noticed),
        rx=entry.rx,
    )


@PLEDGES.on(p.TargetResultReported)
def _reported(entry: ProjectedEntry, data: p.TargetResultReported, rows: Rows) -> None:
    rows.put(
        results,
        cycle=entry.subject,
        target=data.target,
        unit=data.unit,
        value=format_points(data.value),
        as_of=as_text(data.as_of),
        note=data.note,
        rx=entry.rx,
        position=entry.position,
    )
