"""A cycle as the ballots service knows it: conferences, ballots, proposals, and what surrounds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from services.ballots.domain.decisions import Decisions, UnitTitle
from services.ballots.domain.elections import Election
from services.ballots.domain.eligibility import OFFICES, Considered
from thidua.contracts import ballots as b
from thidua.contracts.rulebook import Question, VotingRules
from thidua.standing import Frame


@dataclass(frozen=True)
class Conference:
    """A conference (*hội nghị*): its chair of the day, who is there, and its counting board."""

    name: str
    state: Literal["convened", "open", "adjourned", "closed"] = "convened"
    presiding: str | None = None
    attending: frozenset[str] = frozenset()
    board: tuple[b.BoardMember, ...] = ()
    accepted: int | None = None
    minuted_at: datetime | None = None


@dataclass(frozen=True)
class Ballot:
    """
    A matter put to the vote, with all that was frozen when it was opened.

    ``opened_by`` is the opening event's hash, ``previous`` the ballot that ordered this round. ``tie`` marks a re-vote among units that had all reached
    the threshold. ``votes`` and ``written`` are what counts now, one per unit; of a secret vote nothing but
    that it was cast. ``counts`` are those that
    stand; numbers of ``replaced`` ones are not used again, so that no old signature falls under a new count.
    """

    name: str
    opened_by: str
    conference: str | None
    about: str
    mode: b.Mode
    nominees: tuple[str, ...]
    for_year: int | None
    closes: datetime | None
    previous: str | None
    rulebook: int
    question: Question
    rules: VotingRules
    roll: frozenset[str]
    places: int
    round: int = 1
    tie: bool = False
    extensions: int = 0
    state: Literal["open", "closed", "voided"] = "open"
    closed_at: datetime | None = None
    votes: Mapping[str, b.Marks] = field(default_factory=dict)
    written: Mapping[str, b.Marks] = field(default_factory=dict)
    issued: frozenset[str] | None = None
    box: Literal["none", "sealed", "opened"] = "none"
    counts: Mapping[int, b.CountRecorded] = field(default_factory=dict)
    replaced: frozenset[int] = frozenset()
    signed: Mapping[int, frozenset[str]] = field(default_factory=dict)
    outcome: b.OutcomeDecided | None = None
    ordered: b.RevoteOrdered | None = None

    @property
    def quorum(self) -> int:
        """How many of the roll must take part."""
        return self.rules.quorum.needed(len(self.roll))

    @property
    def running(self) -> bool:
        """Whether its matter is still being decided: open, or a secret count that waits for its trustees."""
        counting = self.mode == "secret" and self.state == "closed" and self.outcome is None
        return self.state == "open" or counting

    @property
    def matter(self) -> tuple[str, int | None]:
        """What is decided: the office and its year, or the title, whose year is the cycle's."""
        return self.about, self.for_year if self.about in OFFICES else None


@dataclass(frozen=True)
class Proposal:
    """A unit proposed for a title, in the strict order of the proposals for it."""

    title: str
    unit: str
    order: int
    ballot: str


@dataclass(frozen=True)
class Cycle:
    """The service's state of one cycle."""

    frame: Frame
    considered: Considered = field(default_factory=Considered)
    decisions: Decisions = field(default_factory=Decisions)
    conferences: Mapping[str, Conference] = field(default_factory=dict)
    ballots: Mapping[str, Ballot] = field(default_factory=dict)
    elections: Mapping[str, Election] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()
    approved: int | None = None

    @property
    def proposed(self) -> frozenset[UnitTitle]:
        """Every unit proposed, with the title."""
        return frozenset((proposal.unit, proposal.title) for proposal in self.proposals)

    def standing_for(self, title: str) -> frozenset[str]:
        """Units proposed for *title* or still in the running: in an open ballot or a round to come."""
        known = [one for one in self.ballots.values() if one.about == title]
        followed = {one.previous for one in known if one.state != "voided"}
        found = {proposal.unit for proposal in self.proposals if proposal.title == title}
        for one in known:
            if one.running:
                found.update(one.nominees)
            elif one.ordered is not None and one.name not in followed:
                found.update(one.ordered.among)
        return frozenset(found)

    @property
    def boards(self) -> frozenset[str]:
        """The units of counting boards of conferences that are not over."""
        return frozenset(
            member.unit
            for conference in self.conferences.values()
            if conference.state != "closed"
            for member in conference.board
        )


def start(subject: str) -> Cycle:
    """A cycle of which nothing stands in the log."""
    return Cycle(Frame(subject))
