"""Voting in an open ballot: roll call (*biểu quyết*) and written opinions."""

from __future__ import annotations

from datetime import datetime

from services.ballots.domain.drafting import presiding_fault
from services.ballots.domain.evolve import opinion_counts
from services.ballots.domain.matter import Matter
from services.ballots.domain.officers import Seat
from services.ballots.domain.outcome import conclude, participants
from services.ballots.domain.state import Ballot, Cycle
from thidua.contracts import Role
from thidua.contracts import ballots as b
from thidua.deciding import Judgement, Own, Recorded, Refused
from thidua.frozen import replace
from thidua.refusals import Code


def judge_ballot_extended(data: b.BallotExtended, matter: Matter, cycle: Cycle) -> Judgement:
    """
    The closing is put off while it lies ahead, at most as often as the rulebook allows.

    Not once the quorum has voted: nobody may wait until the count suits.
    """
    ballot = _presided(data.ballot, matter, cycle)
    if isinstance(ballot, Refused):
        return ballot
    if ballot.mode == "paper" or ballot.closes is None:
        return Refused(Code.MODE_WRONG, {"mode": ballot.mode, "needed": "roll-call, secret"})
    if ballot.extensions >= ballot.rules.extensions:
        return Refused(
            Code.ALREADY_DONE, {"what": f"{ballot.extensions} extensions of {ballot.name}"}
        )
    if participants(ballot) >= ballot.quorum:
        return _state("quorum reached", "quorum not reached")
    if data.closes <= ballot.closes:
        return _date("/data/closes", data.closes, f"> {ballot.closes.isoformat()}")
    return Recorded()


def judge_ballot_voided(data: b.BallotVoided, matter: Matter, cycle: Cycle) -> Judgement:
    """Whoever presides may void an open ballot, or a secret one at any time before its result, with a reason."""
    election = cycle.elections.get(data.ballot)
    if election is not None:
        if election.voided or election.result is not None:
            return Refused(Code.BALLOT_CLOSED, {"ballot": data.ballot, "closed": "void, counted"})
        return presiding_fault(election.draft.conference, matter, cycle) or Recorded()
    ballot = _presided(data.ballot, matter, cycle)
    return ballot if isinstance(ballot, Refused) else Recorded()


def judge_vote_cast(
    data: b.VoteCast | b.VoteCorrected, matter: Matter, cycle: Cycle, seat: Seat
) -> Judgement:
    """One counted vote per member of the roll who is there: the first or the last, by the rulebook."""
    if data.ballot in cycle.elections:
        return Refused(Code.VOTE_IN_PLAIN, {"path": "/data/marks"})
    ballot = _open(data.ballot, cycle)
    if isinstance(ballot, Refused):
        return ballot
    if ballot.mode != "roll-call":
        return Refused(Code.MODE_WRONG, {"mode": ballot.mode, "needed": "roll-call"})
    if ballot.closes is not None and matter.event.rx >= ballot.closes:
        return _closed(ballot, ballot.closes)
    unit = matter.event.unit or ""
    conference = cycle.conferences.get(ballot.conference or "")
    if unit not in ballot.roll or (conference is not None and unit not in conference.attending):
        return Refused(Code.NOT_ON_ROLL, {"unit": unit})
    if fault := marks_fault(data.marks, unit, ballot):
        return fault
    if isinstance(data, b.VoteCorrected):
        if unit not in ballot.votes:
            return _state("no vote to correct", "vote-cast")
    elif unit in ballot.written or (unit in ballot.votes and ballot.question.repeat == "first"):
        return Refused(Code.ALREADY_COUNTED, {"unit": unit})
    if ballot.question.repeat == "first" and isinstance(data, b.VoteCast):
        after = replace(ballot, votes={**ballot.votes, unit: data.marks})
        return Recorded(_when_all_voted(after, cycle, seat))
    return Recorded()


def judge_written_opinion(
    data: b.WrittenOpinionReceived, matter: Matter, cycle: Cycle, seat: Seat
) -> Judgement:
    """An absent member's opinion: recorded whenever it comes, counted only in time."""
    if data.ballot in cycle.elections:
        return Refused(Code.VOTE_IN_PLAIN, {"path": "/data/marks"})
    ballot = cycle.ballots.get(data.ballot)
    if ballot is None or ballot.state == "voided":
        return Refused(Code.BALLOT_NOT_OPEN, {"ballot": data.ballot})
    officers = {Role.PRESIDING, Role.CHAIR, Role.DEPUTY}
    if not officers & matter.roles and matter.event.unit != data.member:
        return Refused(
            Code.ROLE_REQUIRED,
            {"required": ["presiding", data.member], "held": sorted(matter.roles)},
        )
    if data.member not in ballot.roll:
        return Refused(Code.NOT_ON_ROLL, {"unit": data.member})
    conference = cycle.conferences.get(ballot.conference or "")
    if conference is not None and data.member in conference.attending:
        return _state(f"{data.member} attends", "absent")
    if data.member in {*ballot.written, *ballot.votes, *(ballot.issued or ())}:
        return Refused(Code.ALREADY_COUNTED, {"unit": data.member})
    if fault := marks_fault(data.marks, data.member, ballot):
        return fault
    if opinion_counts(ballot) and ballot.mode == "roll-call" and ballot.question.repeat == "first":
        after = replace(ballot, written={**ballot.written, data.member: data.marks})
        return Recorded(_when_all_voted(after, cycle, seat))
    return Recorded()


def marks_fault(marks: b.Marks, voter: str, ballot: Ballot) -> Refused | None:
    """Why these marks are no valid vote, if they are not."""
    for nominee in marks:
        if nominee not in ballot.nominees:
            return Refused(Code.NOT_A_NOMINEE, {"given": nominee})
    chosen = [nominee for nominee, answer in marks.items() if answer == "yes"]
    if not ballot.rules.self_vote and voter in chosen:
        return Refused(Code.NOT_A_NOMINEE, {"given": voter})
    if ballot.question.form == "choose" and len(chosen) > ballot.places:
        return Refused(Code.TOO_MANY_CHOICES, {"allowed": ballot.places, "given": len(chosen)})
    return None


def _when_all_voted(ballot: Ballot, cycle: Cycle, seat: Seat) -> tuple[Own, ...]:
    """Nothing can change any more once all who may vote have, where the first vote counts."""
    conference = cycle.conferences.get(ballot.conference or "")
    expected = ballot.roll if conference is None else ballot.roll & conference.attending
    if not expected <= ballot.votes.keys() | ballot.written.keys():
        return ()
    return conclude(ballot, cycle, seat, "all-voted")


def _presided(name: str, matter: Matter, cycle: Cycle) -> Ballot | Refused:
    """The open ballot when the publisher presides over it: chair or deputy where there is no conference."""
    ballot = _open(name, cycle)
    if isinstance(ballot, Refused) or ballot.conference is None:
        return ballot
    if matter.event.unit == cycle.conferences[ballot.conference].presiding:
        return ballot
    return Refused(Code.ROLE_REQUIRED, {"required": ["presiding"], "held": sorted(matter.roles)})


def _open(name: str, cycle: Cycle) -> Ballot | Refused:
    ballot = cycle.ballots.get(name)
    if ballot is None:
        return Refused(Code.BALLOT_NOT_OPEN, {"ballot": name})
    if ballot.state != "open":
        return _closed(ballot, ballot.closed_at)
    return ballot


def _closed(ballot: Ballot, when: datetime | None) -> Refused:
    facts = {"ballot": ballot.name, "closed": when.isoformat() if when is not None else ""}
    return Refused(Code.BALLOT_CLOSED, facts)


def _state(state: str, needed: str) -> Refused:
    return Refused(Code.STATE_FORBIDS, {"state": state, "needed": needed})


def _date(path: str, given: datetime | None, expected: str) -> Refused:
    text = given.isoformat() if given is not None else ""
    return Refused(Code.DATE_INVALID, {"path": path, "given": text, "expected": expected})
