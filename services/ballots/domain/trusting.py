"""Trustees of a secret ballot: the rounds of their keys, the drill, their part in the count, the end of their shares."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.ballots.domain.drafting import fixing
from services.ballots.domain.elections import Election
from services.ballots.domain.matter import Matter
from services.ballots.domain.officers import Seat
from services.ballots.domain.proving import GROUP, ballot_fault, election_in, trustees_in
from services.ballots.domain.secret_count import enough, published_result
from services.ballots.domain.state import Cycle
from thidua.clock import local_day
from thidua.contracts import secret_ballots as s
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code
from thidua.voting.canonical import written
from thidua.voting.drill import read_drill
from thidua.voting.faults import BallotFaultError
from thidua.voting.rounds import (
    Place,
    Published,
    check_confirmed,
    check_published,
    check_shares,
    published,
)
from thidua.voting.tally import read_partial_decryption, tally_in

_KeyEvent = s.TrusteeCommitted | s.TrusteePublished | s.TrusteeSharesSealed | s.TrusteeKeyConfirmed


def judge_trustee_event(
    data: s.TrusteeEvent, matter: Matter, cycle: Cycle, seat: Seat
) -> Judgement:
    """What a trustee says, if it holds that share; every proof is checked before it stands."""
    election = cycle.elections.get(data.ballot)
    if election is None:
        return Refused(Code.BALLOT_NOT_OPEN, {"ballot": data.ballot})
    place = election.holder(data.owner)
    if place is None or place.source != matter.event.source:
        holder = f"trustee {data.owner}" if place is None else place.source
        return Refused(Code.ROLE_REQUIRED, {"required": [holder], "held": [matter.event.source]})
    if isinstance(data, s.KeyShareDestroyed):
        return _destroyed(data, matter, cycle, election)
    if election.voided:
        return Refused(Code.BALLOT_CLOSED, {"ballot": data.ballot, "closed": "void"})
    try:
        match data:
            case s.TrusteeDrillPassed():
                return _drill(data, election)
            case s.PartiallyDecrypted():
                return _decrypted(data, cycle, election, seat)
            case _:
                return _generated(data, place, matter, cycle, election)
    except BallotFaultError as fault:
        return ballot_fault(fault)


def _generated(
    data: _KeyEvent, place: Place, matter: Matter, cycle: Cycle, election: Election
) -> Judgement:
    """One message of each round from each; a round begins when all trustees have ended the one before."""
    keys = election.keys
    if election.draft.keys_of is not None:
        return _state(f"keys of {election.draft.keys_of}", "election-drafted")
    said, before, needed = {
        s.TrusteeCommitted: (keys.committed.keys(), None, ""),
        s.TrusteePublished: (keys.published.keys(), keys.committed.keys(), "trustee-committed"),
        s.TrusteeSharesSealed: (
            keys.sealed.keys(),
            keys.published.keys(),
            "trustee-published",
        ),
        s.TrusteeKeyConfirmed: (
            keys.confirmed.keys(),
            keys.sealed.keys(),
            "trustee-shares-sealed",
        ),
    }[type(data)]
    if data.owner in said:
        return _once(data)
    if before is not None and len(before) < len(keys.seats):
        return _state(f"{len(before)} / {len(keys.seats)}", needed)
    match data:
        case s.TrusteeCommitted():
            pass
        case s.TrusteePublished():
            check_published(GROUP, place, keys.committed[data.owner], data)
        case s.TrusteeSharesSealed():
            check_shares(GROUP, place, _peers(place, election), data)
        case s.TrusteeKeyConfirmed():
            check_confirmed(GROUP, place, _peers(place, election), data)
            complete = replace(keys, confirmed={**keys.confirmed, data.owner: data})
            if complete.complete:
                return fixing(replace(election, keys=complete), matter, cycle)
    return Recorded()


def _peers(place: Place, election: Election) -> list[Published]:
    return [published(election.keys.published[owner], GROUP) for owner in place.peers]


def _drill(data: s.TrusteeDrillPassed, election: Election) -> Judgement:
    """The share exists, and its holder has seen the election that is to be opened."""
    fixed = election.fixed
    if fixed is None:
        return _state("keys incomplete", "election-fixed")
    if data.owner in election.drilled:
        return _once(data)
    if data.fingerprint != fixed.fingerprint:
        path = f"trustee {data.owner}/fingerprint"
        raise BallotFaultError(path, fixed.fingerprint, data.fingerprint)
    text = written({"factor": data.factor, "proof": data.proof.model_dump()})
    read_drill(GROUP, fixed.uuid, trustees_in(election.keys), data.owner, text)
    return Recorded()


def _decrypted(
    data: s.PartiallyDecrypted, cycle: Cycle, election: Election, seat: Seat
) -> Judgement:
    """
    One decryption of the one tally by each trustee; with the last that is needed comes the result.

    Nothing is decrypted while the box is open (I4), and nothing more once the result stands (I5).
    """
    fixed, added = election.fixed, election.tally
    if fixed is None or added is None:
        return _state("ballot not closed", "tally-encrypted")
    if election.result is not None:
        return Refused(Code.ALREADY_DONE, {"what": f"result of {data.ballot}"})
    if data.owner in election.decrypted:
        return _once(data)
    tally = tally_in(added.tally, added.counted)
    known, trustees = election_in(fixed.election), trustees_in(election.keys)
    read_partial_decryption(known, trustees, tally, data.owner, data.decryption)
    given = {**election.decrypted, data.owner: data.decryption}
    after = replace(election, decrypted=given)
    if not enough(after):
        return Recorded()
    return Recorded(published_result(after, fixed, tally, cycle, seat))


def _destroyed(
    data: s.KeyShareDestroyed, matter: Matter, cycle: Cycle, election: Election
) -> Judgement:
    """Not before the minutes and the time for complaints of every ballot that its share was used for."""
    keys = election.keys
    if data.owner in keys.destroyed:
        return _once(data)
    if data.owner not in keys.confirmed:
        return _state("no key", "trustee-key-confirmed")
    for name, other in cycle.elections.items():
        if other.keys.uuid != keys.uuid:
            continue
        since = _over_since(name, other, cycle)
        if since is None:
            return _state(f"{name} not minuted", "minutes-issued")
        ends = since + timedelta(days=other.draft.complaint_days)
        if matter.event.rx < ends:
            facts = {"earliest": str(local_day(ends)), "received": str(matter.day)}
            return Refused(Code.TOO_EARLY, facts)
    return Recorded()


def _over_since(name: str, election: Election, cycle: Cycle) -> datetime | None:
    """When complaints could begin: with the minutes of its conference, or with the end where there is none."""
    ballot = cycle.ballots.get(name)
    if ballot is None:
        return election.voided_at
    if ballot.running:
        return None
    conference = cycle.conferences.get(ballot.conference or "")
    return ballot.closed_at if conference is None else conference.minuted_at


def _once(data: s.TrusteeEvent) -> Refused:
    name = data.TYPE.split(".")[2]
    return Refused(Code.ALREADY_DONE, {"what": f"{name} of trustee {data.owner}"})


def _state(state: str, needed: str) -> Refused:
    return Refused(Code.STATE_FORBIDS, {"state": state, "needed": needed})
