"""Voting in a secret ballot: credentials before the opening, the opening itself, and encrypted votes."""

from __future__ import annotations

import json
from dataclasses import replace

from services.ballots.domain.drafting import opening_of
from services.ballots.domain.elections import Election
from services.ballots.domain.matter import Matter
from services.ballots.domain.proving import GROUP, ballot_fault, credential_of
from services.ballots.domain.secret_count import close
from services.ballots.domain.state import Cycle
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.deciding import Judgement, Own, Recorded, Refused
from thidua.refusals import Code
from thidua.voting.archive import roll_text
from thidua.voting.canonical import hex_hash, short_hash
from thidua.voting.credentials import check_registration
from thidua.voting.faults import BallotFaultError
from thidua.voting.rounds import proof_in


def judge_credential_registered(
    data: s.CredentialRegistered, matter: Matter, cycle: Cycle
) -> Judgement:
    """A member's own credential, proven to be its own; none while the box is open (I2)."""
    election = cycle.elections.get(data.ballot)
    if election is None:
        return Refused(Code.BALLOT_NOT_OPEN, {"ballot": data.ballot})
    if election.voided:
        return Refused(Code.BALLOT_CLOSED, {"ballot": data.ballot, "closed": "void"})
    if election.opened is not None:
        return _state("election-opened", "election-drafted")
    unit = matter.event.unit or ""
    taken = {
        credential
        for name, other in cycle.elections.items()
        for member, credential in other.credentials.items()
        if name != data.ballot or member != unit
    }
    if data.credential in taken:
        return Refused(Code.KEY_USED, {"kid": data.credential[:16]})
    try:
        public = GROUP.element(data.credential, "credential")
        proof = proof_in(GROUP, data.proof, "credential/proof")
        check_registration(GROUP, election.draft.uuid, unit, public, proof)
    except BallotFaultError as fault:
        return ballot_fault(fault)
    return Recorded()


def open_election(
    data: b.BallotOpened, opened: Judgement, matter: Matter, cycle: Cycle
) -> Judgement:
    """
    The box opens on what was drafted and fixed, every share tried, with enough credentials to hide a vote among.

    *opened* is how it is judged as a ballot of any mode. Roll, places and round are still those in the
    fingerprint (I2); else it is drafted anew.
    """
    follows = () if isinstance(opened, Refused) else opened.follows
    frozen = next((own.data for own in follows if isinstance(own.data, b.RollFrozen)), None)
    if frozen is None:
        return opened
    election = cycle.elections.get(data.ballot)
    if election is None or election.voided:
        return _state(f"no draft of {data.ballot}", "election-drafted")
    fixed = election.fixed
    if fixed is None:
        return _state("keys incomplete", "trustee-key-confirmed")
    drafted = opening_of(election.draft, data.closes)
    for name in type(data).model_fields:
        if getattr(drafted, name) != getattr(data, name):
            facts = {"path": f"/data/{name}", "expected": str(getattr(drafted, name))}
            return Refused(Code.BALLOT_INVALID, {**facts, "given": str(getattr(data, name))})
    waiting = [
        str(seat.owner) for seat in election.keys.seats if seat.owner not in election.drilled
    ]
    if waiting:
        return _state(f"trustees {', '.join(waiting)}", "trustee-drill-passed")
    if election.keys.destroyed:
        return _state("key share destroyed", "election-drafted")
    if fault := _still_fixed(fixed, frozen):
        return fault
    credentials = _on_roll(election, frozenset(frozen.roll))
    if len(credentials) < election.draft.min_ballots:
        few = {"present": len(credentials), "needed": election.draft.min_ballots}
        return Refused(Code.NO_QUORUM, few)
    box = s.ElectionOpened(
        ballot=data.ballot,
        fingerprint=fixed.fingerprint,
        credentials=hex_hash(roll_text([int(each) for each in credentials.values()])),
        registered=len(credentials),
        timestamp=int(matter.event.rx.timestamp()),
    )
    subject = matter.frame.subject
    return Recorded((Own(frozen, subject), Own(box, subject)))


def judge_secret_vote_cast(data: s.SecretVoteCast, matter: Matter, cycle: Cycle) -> Judgement:
    """
    One encrypted vote under the member's own credential, every proof in it checked.

    A member's votes are numbered (I8); the last counts, or the first alone is taken (I1), by the rulebook.
    """
    ballot, election = cycle.ballots.get(data.ballot), cycle.elections.get(data.ballot)
    if ballot is None or (ballot.mode == "secret" and election is None):
        return Refused(Code.BALLOT_NOT_OPEN, {"ballot": data.ballot})
    if ballot.state != "open" or (ballot.closes is not None and matter.event.rx >= ballot.closes):
        when = ballot.closed_at or ballot.closes
        closed = when.isoformat() if when is not None else ""
        return Refused(Code.BALLOT_CLOSED, {"ballot": ballot.name, "closed": closed})
    if election is None or election.fixed is None:
        return Refused(Code.MODE_WRONG, {"mode": ballot.mode, "needed": "secret"})
    unit = matter.event.unit or ""
    credential = election.credentials.get(unit)
    if unit not in ballot.roll or credential is None:
        return Refused(Code.NOT_ON_ROLL, {"unit": unit})
    earlier = election.votes.get(unit, ())
    if earlier and ballot.question.repeat == "first":
        return Refused(Code.ALREADY_COUNTED, {"unit": unit})
    if data.sequence != len(earlier) + 1:
        facts = {"path": "/data/sequence", "expected": str(len(earlier) + 1)}
        return Refused(Code.BALLOT_INVALID, {**facts, "given": str(data.sequence)})
    try:
        _check(data, election.fixed, credential, election)
    except BallotFaultError as fault:
        return ballot_fault(fault)
    if ballot.question.repeat == "last":
        return Recorded()
    votes = {**election.votes, unit: (data,)}
    after = replace(ballot, votes={**ballot.votes, unit: {}})
    if not _on_roll(election, ballot.roll).keys() <= votes.keys():
        return Recorded()
    return Recorded(close(after, replace(election, votes=votes), cycle, "all-voted"))


def judge_tracker_checked(data: s.TrackerChecked, matter: Matter, cycle: Cycle) -> Judgement:
    """A member's word that it has found its own vote, once for each."""
    election = cycle.elections.get(data.ballot)
    if election is None:
        return Refused(Code.BALLOT_NOT_OPEN, {"ballot": data.ballot})
    own = election.votes.get(matter.event.unit or "", ())
    if all(vote.tracker != data.tracker for vote in own):
        facts = {"what": "phiếu của đơn vị / vote of the unit", "given": data.tracker}
        return Refused(Code.REFERENCE_UNKNOWN, facts)
    if data.tracker in election.checked:
        return Refused(Code.ALREADY_DONE, {"what": f"tracker-checked {data.tracker}"})
    return Recorded()


def _check(
    data: s.SecretVoteCast, fixed: s.ElectionFixed, credential: str, election: Election
) -> None:
    """Raise BallotFaultError unless *data* holds a vote of this election that is new; the dearest checks last."""
    tracker = short_hash(data.vote)
    if data.tracker != tracker:
        raise BallotFaultError("/data/tracker", tracker, data.tracker)
    known = [vote for votes in election.votes.values() for vote in votes]
    if any(vote.tracker == tracker for vote in known):
        raise BallotFaultError("/data/vote", "a vote that is new", "a copy of an earlier one")
    if credential_of(fixed.election, data.vote) != credential:
        raise BallotFaultError("ballot/credential", "this member's", "another")


def _still_fixed(fixed: s.ElectionFixed, frozen: b.RollFrozen) -> Refused | None:
    bound = json.loads(fixed.election)
    stands = {
        "roll": (bound["x_roll"], list(frozen.roll)),
        "places": (bound["x_rule"]["seats"], frozen.places),
        "round": (bound["x_round"], frozen.round),
        "rulebook": (bound["x_rulebook"], frozen.rulebook),
    }
    for name, (drafted, now) in stands.items():
        if drafted != now:
            return _state(f"{name} changed since the draft", "election-drafted")
    return None


def _on_roll(election: Election, roll: frozenset[str]) -> dict[str, str]:
    return {unit: one for unit, one in election.credentials.items() if unit in roll}


def _state(state: str, needed: str) -> Refused:
    return Refused(Code.STATE_FORBIDS, {"state": state, "needed": needed})
