"""From proposals to awards: what the cluster proposed, what the authority decided, and the money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows

proposals = read_model(
    "proposals",
    text("cycle", key=True),
    text("title", key=True),
    text("unit", key=True),
    number("order"),
    text("ballot"),
    number("votes"),
    flag("against_ranking"),
    text("rx"),
    event_hash(),
    position(),
)
awards = read_model(
    "awards",
    text("cycle", key=True),
    text("unit", key=True),
    text("award", key=True),
    text("state"),
    number("reward"),
    text("decision"),
    text("decided_on"),
    text("reason"),
    text("replaced_by"),
    text("replaces"),
    text("rx"),
    event_hash(),
    position(),
)
state_titles = read_model(
    "state_titles",
    text("cycle", key=True),
    text("unit", key=True),
    text("title", key=True),
    text("basis"),
    text("rx"),
    position(),
)
council_votes = read_model(
    "council_votes",
    text("cycle", key=True),
    text("title", key=True),
    text("held_on"),
    number("present"),
    document("votes"),
    document("chair_agrees"),
    text("rx"),
    position(),
)
notices = read_model(
    "notices",
    text("cycle", key=True),
    text("unit", key=True),
    text("notified_on"),
    text("rx"),
    position(),
)

AWARDS = Projection("awards", 1, proposals, awards, state_titles, council_votes, notices)


@AWARDS.on(b.ProposalRecorded)
def _proposed(entry: ProjectedEntry, data: b.ProposalRecorded, rows: Rows) -> None:
    rows.put(
        proposals,
        cycle=entry.subject,
        title=data.title,
        unit=data.unit,
        order=data.order,
        ballot=data.ballot,
        votes=data.votes,
        against_ranking=data.against_ranking,
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
    )


@AWARDS.on(b.StateTitleProposed)
def _state_title(entry: ProjectedEntry, data: b.StateTitleProposed, rows: Rows) -> None:
    rows.put(
        state_titles,
        cycle=entry.subject,
        unit=data.unit,
        title=data.title,
        basis=data.basis,
        rx=entry.rx,
        position=entry.position,
    )


@AWARDS.on(b.CouncilVoted)
def _voted(entry: ProjectedEntry, data: b.CouncilVoted, rows: Rows) -> None:
    rows.put(
        council_votes,
        cycle=entry.subject,
        title=data.title,
        held_on=as_text(data.held_on),
        present=data.present,
        votes=dict(data.votes),
        chair_agrees=list(data.chair_agrees),
        rx=entry.rx,
        position=entry.position,
    )


@AWARDS.on(b.AwardDecided)
def _decided(entry: ProjectedEntry, data: b.AwardDecided, rows: Rows) -> None:
    decided_on = as_text(data.decided_on)
    more = {"reward": data.reward, "decision": data.decision, "decided_on": decided_on}
    _award(entry, rows, data.unit, data.award, "decided", **more)


@AWARDS.on(b.AwardRefused)
def _refused(entry: ProjectedEntry, data: b.AwardRefused, rows: Rows) -> None:
    _award(entry, rows, data.unit, data.title, "refused", reward=0, reason=data.reason)


@AWARDS.on(b.AwardRevoked)
def _revoked(entry: ProjectedEntry, data: b.AwardRevoked, rows: Rows) -> None:
    more = {"decision": data.decision, "decided_on": as_text(data.decided_on)}
    _award(entry, rows, data.unit, data.award, "revoked", reason=data.reason, **more)


@AWARDS.on(b.AwardDowngraded)
def _downgraded(entry: ProjectedEntry, data: b.AwardDowngraded, rows: Rows) -> None:
    decided_on = as_text(data.decided_on)
    more = {"decision": data.decision, "decided_on": decided_on, "reason": data.reason}
    _award(entry, rows, data.unit, data.award, "downgraded", replaced_by=data.to, **more)
    new = {"reward": data.reward, "replaces": data.award}
    _award(entry, rows, data.unit, data.to, "decided", **more, **new)


@AWARDS.on(b.ResultNotified)
def _notified(entry: ProjectedEntry, data: b.ResultNotified, rows: Rows) -> None:
    for unit in data.units:
        rows.put(
            notices,
            cycle=entry.subject,
            unit=unit,
            notified_on=as_text(data.notified_on),
            rx=entry.rx,
            position=entry.position,
        )


def _award(
    entry: ProjectedEntry, rows: Rows, unit: str, award: str, state: str, **more: object
) -> None:
    rows.change(
        awards,
        entry.subject,
        unit,
        award,
        state=state,
        rx=entry.rx,
        hash=entry.hash,
        position=entry.position,
        **more,
    )


@dataclass(frozen=True, slots=True)
class Award:
    """
    A unit and a title, from proposal to decision.

    ``state`` is ``proposed``, ``decided``, ``refused``, ``revoked`` or ``downgraded``; ``reward`` in đồng is
    what was granted and ``paid`` whether it still stands. ``order`` and ``votes`` are empty when the
    authority decided without a proposal.
    """

    unit: str
    award: str
    state: str
    order: int | None
    votes: int | None
    ballot: str | None
    against_ranking: bool | None
    proposed: str | None
    reward: int | None
    paid: bool
    decision: str | None
    decided_on: str | None
    reason: str | None
    replaced_by: str | None
    replaces: str | None
    notified_on: str | None
    proposal_position: int | None
    decision_position: int | None


@dataclass(frozen=True, slots=True)
class Awards:
    """All proposals and awards of a cycle, with the reward money that stands."""

    cycle: str
    rows: list[Award]
    reward_total: int
    council: list[dict[str, Any]]
    state_titles: list[dict[str, Any]]


def awards_of(read: Reading, cycle: str) -> Awards:
    """Proposals and awards of a cycle, by title, in the order of proposal."""
    proposed = {(row["unit"], row["title"]): row for row in read.rows(proposals, cycle=cycle)}
    decided = {(row["unit"], row["award"]): row for row in read.rows(awards, cycle=cycle)}
    told = {row["unit"]: row["notified_on"] for row in read.rows(notices, cycle=cycle)}
    found = []
    for unit, title in {*proposed, *decided}:
        proposal, award = proposed.get((unit, title)), decided.get((unit, title))
        state = award["state"] if award else "proposed"
        found.append(
            Award(
                unit=unit,
                award=title,
                state=state,
                order=proposal["order"] if proposal else None,
                votes=proposal["votes"] if proposal else None,
                ballot=proposal["ballot"] if proposal else None,
                against_ranking=proposal["against_ranking"] if proposal else None,
                proposed=proposal["rx"] if proposal else None,
                reward=award["reward"] if award else None,
                paid=state == "decided",
                decision=award["decision"] if award else None,
                decided_on=award["decided_on"] if award else None,
                reason=award["reason"] if award else None,
                replaced_by=award["replaced_by"] if award else None,
                replaces=award["replaces"] if award else None,
                notified_on=told.get(unit),
                proposal_position=proposal["position"] if proposal else None,
                decision_position=award["position"] if award else None,
            )
        )
    return Awards(
        cycle=cycle,
        rows=sorted(found, key=_in_order),
        reward_total=sum(one.reward or 0 for one in found if one.paid),
        council=[dict(row) for row in read.rows(council_votes, cycle=cycle)],
        state_titles=[dict(row) for row in read.rows(state_titles, cycle=cycle)],
    )


def _in_order(award: Award) -> tuple[bool, int, str, str]:
    place = award.proposal_position or award.decision_position or 0
    return (award.order is None, place, award.award, award.unit)
