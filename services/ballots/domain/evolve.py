"""How a cycle's state follows the recorded events; it believes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from services.ballots.domain.decisions import evolve_decisions
from services.ballots.domain.elections import evolve_elections
from services.ballots.domain.eligibility import BELIEVED as OF_ELIGIBILITY
from services.ballots.domain.eligibility import evolve_considered
from services.ballots.domain.state import Ballot, Conference, Cycle, Proposal
from thidua.contracts import Event, EventData
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.evolving import evolve_frame
from thidua.frozen import replace

BELIEVED: Final[frozenset[type[EventData]]] = OF_ELIGIBILITY | {*get_args(b.BallotsEvent)}
"""The events whose data changes a state, beside those of every service's frame."""


def evolve(cycle: Cycle, event: Event) -> Cycle:
    """The state of *cycle* after *event*."""
    frame = evolve_frame(cycle.frame, event)
    if event.subject != cycle.frame.subject:
        return cycle if frame is cycle.frame else replace(cycle, frame=frame)
    considered = evolve_considered(cycle.considered, event)
    decisions = evolve_decisions(cycle.decisions, event, frame.year)
    if not (
        frame is cycle.frame and considered is cycle.considered and decisions is cycle.decisions
    ):
        cycle = replace(cycle, frame=frame, considered=considered, decisions=decisions)
    elections = evolve_elections(cycle.elections, event)
    if elections is not cycle.elections:
        cycle = replace(cycle, elections=elections)
    return _conference(_ballot(cycle, event), event)


def _conference(cycle: Cycle, event: Event) -> Cycle:  # noqa: PLR0911 - a flat dispatch
    match event.data:
        case b.ConferenceConvened(conference=name):
            return _with_conference(cycle, Conference(name))
        case b.ConferenceOpened(conference=name):
            opened = replace(
                cycle.conferences[name],
                state="open",
                presiding=event.unit,
                attending=frozenset(),
            )
            return _with_conference(cycle, opened)
        case b.ConferenceAdjourned(conference=name):
            return _with_conference(cycle, replace(cycle.conferences[name], state="adjourned"))
        case b.AttendanceRecorded(conference=name, present=present, remote=remote):
            attending = frozenset((*present, *remote))
            return _with_conference(cycle, replace(cycle.conferences[name], attending=attending))
        case b.CountingBoardElected(conference=name, members=members):
            return _with_conference(cycle, replace(cycle.conferences[name], board=members))
        case b.ScoresAccepted(conference=name, ranking=ranking):
            return _with_conference(cycle, replace(cycle.conferences[name], accepted=ranking))
        case b.MinutesIssued(conference=name):
            return _with_conference(cycle, replace(cycle.conferences[name], minuted_at=event.rx))
        case b.ConferenceClosed(conference=name):
            return _with_conference(cycle, replace(cycle.conferences[name], state="closed"))
        case b.RankingApproved(ranking=ranking):
            return replace(cycle, approved=ranking)
        case b.ProposalRecorded(title=title, unit=unit, order=order, ballot=ballot):
            proposal = Proposal(title, unit, order, ballot)
            return replace(cycle, proposals=(*cycle.proposals, proposal))
        case _:
            return cycle


def _ballot(cycle: Cycle, event: Event) -> Cycle:  # noqa: C901, PLR0911, PLR0912 - a flat dispatch
    data = event.data
    match data:
        case b.BallotOpened():
            return _opened(cycle, event, data)
        case b.RollFrozen(ballot=name, roll=roll, places=places):
            frozen = replace(cycle.ballots[name], roll=frozenset(roll), places=places)
            return _with(cycle, frozen)
        case b.BallotExtended(ballot=name, closes=closes):
            ballot = cycle.ballots[name]
            return _with(cycle, replace(ballot, closes=closes, extensions=ballot.extensions + 1))
        case b.BallotVoided(ballot=name):
            if name not in cycle.ballots:
                return cycle
            return _with(cycle, replace(cycle.ballots[name], state="voided", closed_at=event.rx))
        case b.VoteCast(ballot=name, marks=marks) | b.VoteCorrected(ballot=name, marks=marks):
            ballot = cycle.ballots[name]
            return _with(cycle, replace(ballot, votes={**ballot.votes, event.unit or "": marks}))
        case s.SecretVoteCast(ballot=name):
            ballot = cycle.ballots[name]
            return _with(cycle, replace(ballot, votes={**ballot.votes, event.unit or "": {}}))
        case b.WrittenOpinionReceived(ballot=name, member=member, marks=marks):
            ballot = cycle.ballots[name]
            if not opinion_counts(ballot):
                return cycle
            return _with(cycle, replace(ballot, written={**ballot.written, member: marks}))
        case b.SlipsIssued(ballot=name, issued_to=issued_to):
            return _with(cycle, replace(cycle.ballots[name], issued=frozenset(issued_to)))
        case b.BoxSealed(ballot=name):
            return _with(cycle, replace(cycle.ballots[name], box="sealed"))
        case b.BoxOpened(ballot=name):
            return _with(cycle, replace(cycle.ballots[name], box="opened"))
        case b.CountRecorded(ballot=name, count=number, replaces=replaced):
            ballot = cycle.ballots[name]
            counts = {n: count for n, count in ballot.counts.items() if n != replaced}
            gone = ballot.replaced if replaced is None else ballot.replaced | {replaced}
            return _with(cycle, replace(ballot, counts={**counts, number: data}, replaced=gone))
        case b.CountSigned(ballot=name, count=number, member=member):
            ballot = cycle.ballots[name]
            signed: Mapping[int, frozenset[str]] = {
                **ballot.signed,
                number: ballot.signed.get(number, frozenset()) | {member},
            }
            return _with(cycle, replace(ballot, signed=signed))
        case b.BallotClosed(ballot=name):
            return _with(cycle, replace(cycle.ballots[name], state="closed", closed_at=event.rx))
        case b.OutcomeDecided(ballot=name):
            return _with(cycle, replace(cycle.ballots[name], outcome=data))
        case b.RevoteOrdered(ballot=name):
            return _with(cycle, replace(cycle.ballots[name], ordered=data))
        case _:
            return cycle


def opinion_counts(ballot: Ballot) -> bool:
    """Whether a written opinion that comes now is counted: before the box is opened or the call closed."""
    return ballot.rules.written_opinions and ballot.state == "open" and ballot.box != "opened"


def _opened(cycle: Cycle, event: Event, data: b.BallotOpened) -> Cycle:
    rulebook = cycle.frame.rulebook
    if rulebook is None:
        return cycle
    question = next(q for q in rulebook.voting.questions if q.about == data.about)
    previous = cycle.ballots.get(data.previous) if data.previous else None
    ordered = previous.ordered if previous is not None else None
    ballot = Ballot(
        name=data.ballot,
        opened_by=event.hash,
        conference=data.conference,
        about=data.about,
        mode=data.mode,
        nominees=data.nominees,
        for_year=data.for_year,
        closes=data.closes,
        previous=data.previous,
        rulebook=rulebook.version,
        question=question,
        rules=rulebook.voting,
        roll=frozenset(),
        places=0,
        round=ordered.round if ordered is not None else 1,
        tie=ordered is not None and ordered.reason == "tie",
    )
    return _with(cycle, ballot)


def _with(cycle: Cycle, ballot: Ballot) -> Cycle:
    return replace(cycle, ballots={**cycle.ballots, ballot.name: ballot})


def _with_conference(cycle: Cycle, conference: Conference) -> Cycle:
    return replace(cycle, conferences={**cycle.conferences, conference.name: conference})
