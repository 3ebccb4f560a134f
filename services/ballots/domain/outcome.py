"""
What a ballot decided: one function for all modes, in whole numbers, from frozen rules and a tally.

Highest votes first and only those that reach the threshold; more than places → the highest; a tie
across the last place → one re-vote among the tied, then the ranking; too few → a second round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.ballots.domain.eligibility import OFFICES
from services.ballots.domain.officers import Seat
from services.ballots.domain.state import Ballot, Cycle
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.deciding import Own


@dataclass(frozen=True)
class Decided:
    """Who reached the threshold, who passed, and what comes next among whom."""

    reached: tuple[str, ...]
    passed: tuple[str, ...]
    next: Literal["done", "revote", "second-round", "empty"]
    among: tuple[str, ...] = ()
    tie_by: Literal["ranking"] | None = None


def decide(
    ballot: Ballot, votes: Mapping[str, int], base: int, ranks: Mapping[str, int]
) -> Decided:
    """The outcome of *votes* on *base*; units without a rank come last, by code."""
    last = len(ranks) + 1

    def order(unit: str) -> tuple[int, int, str]:
        return -votes[unit], ranks.get(unit, last), unit

    share = ballot.question.threshold
    ordered = sorted(votes, key=order)
    reached = tuple(unit for unit in ordered if ballot.tie or share.reached(votes[unit], base))
    again = ballot.round < ballot.question.rounds
    if len(reached) > ballot.places:
        return _cut(reached, votes, ballot, again=again)
    free = ballot.places - len(reached)
    competes = ballot.question.form == "choose" or ballot.about in OFFICES
    if not free or not competes:
        return Decided(reached, reached, "done")
    rest = [unit for unit in ordered if unit not in reached and votes[unit] > 0]
    if not again or not rest:
        return Decided(reached, reached, "empty")
    edge = votes[rest[min(2 * free, len(rest)) - 1]]
    among = tuple(unit for unit in rest if votes[unit] >= edge)
    return Decided(reached, reached, "second-round", among)


def _cut(
    reached: Sequence[str], votes: Mapping[str, int], ballot: Ballot, *, again: bool
) -> Decided:
    """More reached the threshold than there are places."""
    places = ballot.places
    edge = votes[reached[places - 1]] if places else 0
    if not places or votes[reached[places]] < edge:
        return Decided(tuple(reached), tuple(reached[:places]), "done")
    sure = tuple(unit for unit in reached if votes[unit] > edge)
    tied = tuple(unit for unit in reached if votes[unit] == edge)
    if again:
        return Decided(tuple(reached), sure, "revote", tied)
    if ballot.question.tie == "ranking":
        return Decided(tuple(reached), tuple(reached[:places]), "done", tie_by="ranking")
    return Decided(tuple(reached), sure, "empty")


def conclude(
    ballot: Ballot,
    cycle: Cycle,
    seat: Seat,
    reason: Literal["deadline", "all-voted", "counted"],
    count: b.CountRecorded | None = None,
) -> tuple[Own, ...]:
    """
    All that closing *ballot* comes to: closed, tally, outcome, and what follows from it; or void.

    *count* is the board's confirmed count of a paper ballot, *seat* the office that is voted on as it is
    now: whoever came into the other one meanwhile drops out, and one that was filled is not filled twice.
    """
    subject = cycle.frame.subject
    tally = _tally(ballot, cycle, count)
    took_part = participants(ballot, count)
    told: list[EventData] = [
        b.BallotClosed(ballot=ballot.name, reason=reason),
        tally,
        *decided(ballot, cycle, seat, tally, took_part),
    ]
    return tuple(Own(data, subject) for data in told)


def decided(
    ballot: Ballot, cycle: Cycle, seat: Seat, tally: b.TallyPublished, took_part: int
) -> list[EventData]:
    """What a tally of any mode comes to: its outcome and what follows, or that the ballot is void."""
    if took_part < ballot.quorum:
        few = f"Không đủ túc số khi kết thúc: {took_part} đơn vị tham gia, cần {ballot.quorum}"
        return [b.BallotVoided(ballot=ballot.name, reason=few)]
    if seat.holder is not None:
        filled = f"Chức danh đã có đơn vị đảm nhiệm: {seat.holder}"
        return [b.BallotVoided(ballot=ballot.name, reason=filled)]
    return _decided(ballot, cycle, tally, took_part, seat.barred)


def _decided(
    ballot: Ballot, cycle: Cycle, tally: b.TallyPublished, took_part: int, barred: str | None
) -> list[EventData]:
    ranking = cycle.considered.ranking
    ranks = dict(ranking.ranks) if ranking is not None else {}
    votes = {unit: tally.marks[unit].yes for unit in ballot.nominees}
    bases = {"members": len(ballot.roll), "present": _present(ballot, cycle), "valid": tally.valid}
    base = bases[ballot.question.base]
    standing = {unit: number for unit, number in votes.items() if unit != barred}
    found = decide(ballot, standing, base, ranks)
    told: list[EventData] = [
        b.OutcomeDecided(
            ballot=ballot.name,
            about=ballot.about,
            rulebook=ballot.rulebook,
            round=ballot.round,
            members=len(ballot.roll),
            participants=took_part,
            quorum=ballot.quorum,
            base_of=ballot.question.base,
            base=base,
            share=ballot.question.threshold,
            needed=ballot.question.threshold.needed(base),
            places=ballot.places,
            votes=votes,
            reached=found.reached,
            passed=found.passed,
            tie_by=found.tie_by,
            next=found.next,
        )
    ]
    told += _passed(ballot, cycle, found, votes, ranks)
    if found.next in ("revote", "second-round"):
        told.append(
            b.RevoteOrdered(
                ballot=ballot.name,
                among=found.among,
                places=ballot.places - len(found.passed),
                round=ballot.round + 1,
                reason="tie" if found.next == "revote" else "too-few",
            )
        )
    return told


def _passed(
    ballot: Ballot, cycle: Cycle, found: Decided, votes: Mapping[str, int], ranks: Mapping[str, int]
) -> list[EventData]:
    if ballot.about in OFFICES:
        elected = b.ChairElected if ballot.about == "chair" else b.DeputyElected
        year = ballot.for_year if ballot.for_year is not None else cycle.frame.year
        return [
            elected(unit=unit, for_year=year, ballot=ballot.name, votes=votes[unit])
            for unit in found.passed
        ]
    before = sum(proposal.title == ballot.about for proposal in cycle.proposals)
    left = [
        unit for unit in ballot.nominees if unit not in found.passed and unit not in found.among
    ]
    return [
        b.ProposalRecorded(
            title=ballot.about,
            unit=unit,
            order=before + number,
            ballot=ballot.name,
            votes=votes[unit],
            against_ranking=any(
                ranks.get(other, len(ranks) + 1) < ranks.get(unit, len(ranks) + 1) for other in left
            ),
        )
        for number, unit in enumerate(found.passed, 1)
    ]


def _tally(ballot: Ballot, cycle: Cycle, count: b.CountRecorded | None) -> b.TallyPublished:
    """The figures of all voters; written opinions are part of them and shown apart too."""
    written = len(ballot.written)
    opinions = tuple(ballot.written.values())
    if count is None:
        votes = (*ballot.votes.values(), *opinions)
        return b.TallyPublished(
            ballot=ballot.name,
            mode=ballot.mode,
            issued=_present(ballot, cycle),
            returned=len(votes),
            valid=len(votes),
            written=written,
            marks={unit: _answers(unit, votes) for unit in ballot.nominees},
        )
    marks = {}
    for unit in ballot.nominees:
        box, own = count.marks[unit], _answers(unit, opinions)
        marks[unit] = b.Answers(yes=box.yes + own.yes, no=box.no + own.no, none=box.none + own.none)
    return b.TallyPublished(
        ballot=ballot.name,
        mode=ballot.mode,
        issued=count.issued + written,
        returned=count.returned + written,
        valid=count.valid + written,
        invalid=count.invalid,
        written=written,
        marks=marks,
    )


def _answers(unit: str, votes: Sequence[b.Marks]) -> b.Answers:
    given = [marks.get(unit, "none") for marks in votes]
    return b.Answers(yes=given.count("yes"), no=given.count("no"), none=given.count("none"))


def _present(ballot: Ballot, cycle: Cycle) -> int:
    """Who could vote: those there, those who voted and left, and those whose written opinion counts."""
    conference = cycle.conferences.get(ballot.conference or "")
    there = ballot.roll if conference is None else ballot.roll & conference.attending
    voted = ballot.votes.keys() | ballot.written.keys() | (ballot.issued or frozenset())
    return len(there | voted)


def participants(ballot: Ballot, count: b.CountRecorded | None = None) -> int:
    """How many took part: votes or slips handed out, and written opinions."""
    if count is None:
        return len(ballot.votes.keys() | ballot.written.keys())
    return count.issued + len(ballot.written)
