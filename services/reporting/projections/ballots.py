"""Ballots: what was put to the vote, what came back, and what it decided against the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.columns import (
    document,
    event_hash,
    flag,
    number,
    position,
    read_model,
    text,
)
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import ballots as b

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.rows import Rows

ballots = read_model(
    "ballots",
    text("cycle", key=True),
    text("ballot", key=True),
    text("state"),
    text("about"),
    text("mode"),
    text("conference"),
    number("for_year"),
    number("round"),
    text("previous"),
    document("nominees"),
    document("roll"),
    text("closes"),
    text("opened"),
    text("closed"),
    text("closed_by"),
    text("void_reason"),
    text("box"),
    text("seal_set"),
    text("seal_broken"),
    document("slips"),
    number("issued"),
    number("returned"),
    number("valid"),
    document("invalid"),
    number("written"),
    document("marks"),
    number("rulebook"),
    number("members"),
    number("participants"),
    number("quorum"),
    text("base_of"),
    number("base"),
    text("share"),
    number("needed"),
    number("places"),
    document("votes"),
    document("reached"),
    document("passed"),
    text("tie_by"),
    text("next"),
    document("revote"),
    text("decided"),
    event_hash(),
    position(),
    position("decided_at"),
)
votes = read_model(
    "votes",
    text("cycle", key=True),
    text("ballot", key=True),
    text("unit", key=True),
    text("kind", key=True),
    document("marks"),
    text("reason"),
    text("document"),
    flag("after_opening"),
    number("times"),
    text("rx"),
    event_hash(),
    position(),
)
counts = read_model(
    "counts",
    text("cycle", key=True),
    text("ballot", key=True),
    number("count", key=True),
    document("counters"),
    number("issued"),
    number("returned"),
    number("valid"),
    document("invalid"),
    document("marks"),
    number("replaces"),
    document("signed_by"),
    document("disputed_by"),
    text("rx"),
    position(),
)
nominations = read_model(
    "nominations",
    text("cycle", key=True),
    text("about", key=True),
    number("for_year", key=True),
    text("nominee", key=True),
    text("by", key=True),
    text("reason"),
    text("rx"),
    position(),
)

BALLOTS = Projection("ballots", 1, ballots, votes, counts, nominations)


@BALLOTS.on(b.NominationSubmitted)
def _nominated(entry: ProjectedEntry, data: b.NominationSubmitted, rows: Rows) -> None:
    rows.put(
        nominations,
        cycle=entry.subject,
        about=data.about,
        for_year=data.for_year or entry.year,
        nominee=data.nominee,
        by=entry.unit or entry.source,
        reason=data.reason,
        rx=entry.rx,
        position=entry.position,
    )


@BALLOTS.on(b.BallotOpened)
def _opened(entry: ProjectedEntry, data: b.BallotOpened, rows: Rows) -> None:
    before = rows.get(ballots, entry.subject, data.previous) if data.previous else None
    rows.put(
        ballots,
        cycle=entry.subject,
        ballot=data.ballot,
        state="open",
        about=data.about,
        mode=data.mode,
        conference=data.conference,
        for_year=data.for_year,
        round=1 + (before["round"] or 1) if before else 1,
        previous=data.previous,
        nominees=list(data.nominees),
        closes=as_text(data.closes),
        opened=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@BALLOTS.on(b.RollFrozen)
def _frozen(entry: ProjectedEntry, data: b.RollFrozen, rows: Rows) -> None:
    rows.change(
        ballots,
        entry.subject,
        data.ballot,
        roll=list(data.roll),
        members=len(data.roll),
        quorum=data.quorum,
        places=data.places,
        rulebook=data.rulebook,
        round=data.round,
    )


@BALLOTS.on(b.BallotExtended)
def _extended(entry: ProjectedEntry, data: b.BallotExtended, rows: Rows) -> None:
    rows.change(ballots, entry.subject, data.ballot, closes=as_text(data.closes))


@BALLOTS.on(b.BallotVoided)
def _voided(entry: ProjectedEntry, data: b.BallotVoided, rows: Rows) -> None:
    if rows.get(ballots, entry.subject, data.ballot) is None:
        return
    rows.change(
        ballots,
        entry.subject,
        data.ballot,
        state="void",
        void_reason=data.reason,
        closed=entry.rx,
    )


@BALLOTS.on(b.VoteCast)
def _cast(entry: ProjectedEntry, data: b.VoteCast, rows: Rows) -> None:
    _vote(entry, rows, data, "cast", entry.unit or entry.source)


@BALLOTS.on(b.VoteCorrected)
def _corrected(entry: ProjectedEntry, data: b.VoteCorrected, rows: Rows) -> None:
    _vote(entry, rows, data, "corrected", entry.unit or entry.source)


@BALLOTS.on(b.WrittenOpinionReceived)
def _written(entry: ProjectedEntry, data: b.WrittenOpinionReceived, rows: Rows) -> None:
    _vote(entry, rows, data, "written", data.member)


@BALLOTS.on(b.SlipsIssued)
def _issued(entry: ProjectedEntry, data: b.SlipsIssued, rows: Rows) -> None:
    slips = {"prepared": data.prepared, "issued_to": list(data.issued_to), "unused": data.unused}
    rows.change(ballots, entry.subject, data.ballot, slips=slips, issued=len(data.issued_to))


@BALLOTS.on(b.BoxSealed)
def _sealed(entry: ProjectedEntry, data: b.BoxSealed, rows: Rows) -> None:
    rows.change(ballots, entry.subject, data.ballot, box="sealed", seal_set=entry.rx)


@BALLOTS.on(b.BoxOpened)
def _unsealed(entry: ProjectedEntry, data: b.BoxOpened, rows: Rows) -> None:
    rows.change(ballots, entry.subject, data.ballot, box="opened", seal_broken=entry.rx)


@BALLOTS.on(b.CountRecorded)
def _counted(entry: ProjectedEntry, data: b.CountRecorded, rows: Rows) -> None:
    rows.put(
        counts,
        cycle=entry.subject,
        ballot=data.ballot,
        count=data.count,
        counters=list(data.counters),
        issued=data.issued,
        returned=data.returned,
        valid=data.valid,
        invalid=dict(data.invalid),
        marks={code: answers.model_dump() for code, answers in data.marks.items()},
        replaces=data.replaces,
        signed_by=[],
        disputed_by=[],
        rx=entry.rx,
        position=entry.position,
    )


@BALLOTS.on(b.CountSigned)
def _signed(entry: ProjectedEntry, data: b.CountSigned, rows: Rows) -> None:
    row = rows.get(counts, entry.subject, data.ballot, data.count)
    signed = [*((row and row["signed_by"]) or []), data.member]
    rows.change(counts, entry.subject, data.ballot, data.count, signed_by=signed)


@BALLOTS.on(b.CountDisputed)
def _disputed(entry: ProjectedEntry, data: b.CountDisputed, rows: Rows) -> None:
    row = rows.get(counts, entry.subject, data.ballot, data.count)
    said = {"member": data.member, "reason": data.reason}
    disputed = [*((row and row["disputed_by"]) or []), said]
    rows.change(counts, entry.subject, data.ballot, data.count, disputed_by=disputed)


@BALLOTS.on(b.BallotClosed)
def _closed(entry: ProjectedEntry, data: b.BallotClosed, rows: Rows) -> None:
    rows.change(
        ballots,
        entry.subject,
        data.ballot,
        state="closed",
        closed=entry.rx,
        closed_by=data.reason,
    )


@BALLOTS.on(b.TallyPublished)
def _tallied(entry: ProjectedEntry, data: b.TallyPublished, rows: Rows) -> None:
    rows.change(
        ballots,
        entry.subject,
        data.ballot,
        state="tallied",
        issued=data.issued,
        returned=data.returned,
        valid=data.valid,
        invalid=dict(data.invalid),
        written=data.written,
        marks={code: answers.model_dump() for code, answers in data.marks.items()},
    )


@BALLOTS.on(b.OutcomeDecided)
def _decided(entry: ProjectedEntry, data: b.OutcomeDecided, rows: Rows) -> None:
    rows.change(
        ballots,
        entry.subject,
        data.ballot,
        state="decided",
        round=data.round,
        rulebook=data.rulebook,
        members=data.members,
        participants=data.participants,
        quorum=data.quorum,
        base_of=data.base_of,
        base=data.base,
        share=f"{'>' if data.share.op == 'more-than' else '≥'} {data.share.num}/{data.share.den}",
        needed=data.needed,
        places=data.places,
        votes=dict(data.votes),
        reached=list(data.reached),
        passed=list(data.passed),
        tie_by=data.tie_by,
        next=data.next,
        decided=entry.rx,
        decided_at=entry.position,
    )


@BALLOTS.on(b.RevoteOrdered)
def _revote(entry: ProjectedEntry, data: b.RevoteOrdered, rows: Rows) -> None:
    revote = {
        "among": list(data.among),
        "places": data.places,
        "round": data.round,
        "reason": data.reason,
    }
    rows.change(ballots, entry.subject, data.ballot, revote=revote)


def _vote(
    entry: ProjectedEntry,
    rows: Rows,
    data: b.VoteCast | b.VoteCorrected | b.WrittenOpinionReceived,
    kind: str,
    unit: str,
) -> None:
    before = rows.get(votes, entry.subject, data.ballot, unit, kind)
    ballot = rows.get(ballots, entry.subject, data.ballot)
    rows.put(
        votes,
        cycle=entry.subject,
        ballot=data.ballot,
        unit=unit,
        kind=kind,
        marks=dict(data.marks),
        reason=getattr(data, "reason", None),
        document=getattr(data, "document", None),
        after_opening=bool(ballot and (ballot["box"] == "opened" or ballot["closed"])),
        times=1 + (before["times"] if before else 0),
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )
