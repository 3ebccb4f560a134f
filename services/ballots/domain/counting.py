"""Paper ballots and the counting board (*ban kiểm phiếu*): slips, box, counts and signatures."""

from __future__ import annotations

from services.ballots.domain.officers import Seat
from services.ballots.domain.outcome import conclude
from services.ballots.domain.state import Ballot, Conference, Cycle
from thidua.contracts import Event
from thidua.contracts import ballots as b
from thidua.deciding import Judgement, Recorded, Refused
from thidua.frozen import replace
from thidua.refusals import Code

BoardEvent = (
    b.SlipsIssued | b.BoxSealed | b.BoxOpened | b.CountRecorded | b.CountSigned | b.CountDisputed
)


def judge_board_event(data: BoardEvent, event: Event, cycle: Cycle, seat: Seat) -> Judgement:
    """What the board says of an open paper ballot; published by the unit of one of its members."""
    ballot = cycle.ballots.get(data.ballot)
    if ballot is None:
        return Refused(Code.BALLOT_NOT_OPEN, {"ballot": data.ballot})
    if ballot.state != "open":
        when = ballot.closed_at.isoformat() if ballot.closed_at is not None else ""
        return Refused(Code.BALLOT_CLOSED, {"ballot": ballot.name, "closed": when})
    if ballot.mode != "paper":
        return Refused(Code.MODE_WRONG, {"mode": ballot.mode, "needed": "paper"})
    conference = cycle.conferences[ballot.conference or ""]
    if event.unit not in {member.unit for member in conference.board}:
        return Refused(Code.ROLE_REQUIRED, {"required": ["counting-board"], "held": []})
    match data:
        case b.SlipsIssued():
            return _slips(data, ballot, conference)
        case b.BoxSealed():
            return _step(
                ballot,
                ready=ballot.issued is not None and ballot.box == "none",
                needed="slips-issued",
            )
        case b.BoxOpened():
            return _step(ballot, ready=ballot.box == "sealed", needed="box-sealed")
        case b.CountRecorded():
            return _count(data, event, ballot, conference)
        case b.CountSigned():
            return _sign(data, event, ballot, cycle, seat)
        case b.CountDisputed():
            return _known(data, event, ballot, conference) or Recorded()


def _slips(data: b.SlipsIssued, ballot: Ballot, conference: Conference) -> Judgement:
    """P1: prepared = issued + unused; a slip goes to a member of the roll who is in the room, once."""
    if ballot.issued is not None:
        return Refused(Code.ALREADY_DONE, {"what": f"slips of {ballot.name}"})
    if len(set(data.issued_to)) != len(data.issued_to):
        return Refused(Code.OVERLAP, {"what": "issued_to"})
    for unit in data.issued_to:
        if unit not in ballot.roll or unit not in conference.attending or unit in ballot.written:
            return Refused(Code.NOT_ON_ROLL, {"unit": unit})
    if data.prepared != len(data.issued_to) + data.unused:
        return _arithmetic(
            "P1 prepared = issued + unused", len(data.issued_to) + data.unused, data.prepared
        )
    return Recorded()


def _step(ballot: Ballot, *, ready: bool, needed: str) -> Judgement:
    return (
        Recorded()
        if ready
        else Refused(Code.STATE_FORBIDS, {"state": f"box {ballot.box}", "needed": needed})
    )


def _count(
    data: b.CountRecorded, event: Event, ballot: Ballot, conference: Conference
) -> Judgement:
    if ballot.box != "opened":
        return Refused(Code.STATE_FORBIDS, {"state": f"box {ballot.box}", "needed": "box-opened"})
    members = {member.member: member.unit for member in conference.board}
    unknown = [counter for counter in data.counters if counter not in members]
    if unknown:
        return Refused(Code.BOARD_INVALID, {"fault": "not on the board", "given": unknown[0]})
    if event.unit not in {members[counter] for counter in data.counters}:
        return Refused(Code.ROLE_REQUIRED, {"required": list(data.counters), "held": []})
    if data.count in ballot.counts or data.count in ballot.replaced:
        return Refused(Code.ALREADY_DONE, {"what": f"count {data.count} of {ballot.name}"})
    if data.replaces is not None and data.replaces not in ballot.counts:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "count", "given": data.replaces})
    return _arithmetic_fault(data, ballot) or Recorded()


def _arithmetic_fault(data: b.CountRecorded, ballot: Ballot) -> Refused | None:
    """Rules P1 to P3 of counting, the first that does not hold."""
    issued = len(ballot.issued or ())
    invalid = sum(data.invalid.values())
    if data.issued != issued:
        return _arithmetic("P1 issued = names on the receipt list", issued, data.issued)
    if data.returned > data.issued:
        return _arithmetic("P1 returned <= issued", data.issued, data.returned)
    if data.returned != data.valid + invalid:
        return _arithmetic("P2 returned = valid + invalid", data.valid + invalid, data.returned)
    if data.marks.keys() != set(ballot.nominees):
        given = ", ".join(sorted(data.marks))
        return Refused(Code.NOT_A_NOMINEE, {"given": given, "expected": ", ".join(ballot.nominees)})
    for answers in data.marks.values():
        every = answers.yes + answers.no + answers.none
        if ballot.question.form == "agree" and every != data.valid:
            return _arithmetic("P3 yes + no + none = valid", data.valid, every)
        if every > data.valid:
            return _arithmetic("P3 marks of one nominee <= valid", data.valid, every)
    chosen = sum(answers.yes for answers in data.marks.values())
    if ballot.question.form == "choose" and chosen > data.valid * ballot.places:
        return _arithmetic("P3 marks <= places x valid", data.valid * ballot.places, chosen)
    return None


def _known(
    data: b.CountSigned | b.CountDisputed, event: Event, ballot: Ballot, conference: Conference
) -> Refused | None:
    """The refusal of who is not that board member, or of a count that does not stand."""
    units = {member.member: member.unit for member in conference.board}
    if units.get(data.member) != event.unit:
        return Refused(Code.ROLE_REQUIRED, {"required": [data.member], "held": []})
    if data.count not in ballot.counts:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "count", "given": data.count})
    return None


def _sign(data: b.CountSigned, event: Event, ballot: Ballot, cycle: Cycle, seat: Seat) -> Judgement:
    """
    P4, P5: a count confirmed by an equal one of other counters is signed.

    A majority of the board with its head concludes the ballot.
    """
    conference = cycle.conferences[ballot.conference or ""]
    if fault := _known(data, event, ballot, conference):
        return fault
    signed = ballot.signed.get(data.count, frozenset())
    if data.member in signed:
        return Refused(Code.ALREADY_DONE, {"what": f"signature of {data.member}"})
    count = ballot.counts[data.count]
    others = [other for number, other in ballot.counts.items() if number != data.count]
    if not any(
        _figures(other) == _figures(count) and not set(other.counters) & set(count.counters)
        for other in others
    ):
        facts = {"first": data.count, "second": ", ".join(str(other.count) for other in others)}
        return Refused(Code.COUNTS_DIFFER, facts)
    signed |= {data.member}
    heads = {member.member for member in conference.board if member.head}
    if 2 * len(signed) <= len(conference.board) or not heads <= signed:
        return Recorded()
    after = replace(ballot, signed={**ballot.signed, data.count: signed})
    return Recorded(conclude(after, cycle, seat, "counted", count))


def _figures(count: b.CountRecorded) -> tuple[object, ...]:
    invalid = {reason: number for reason, number in count.invalid.items() if number}
    return count.issued, count.returned, count.valid, invalid, count.marks


def _arithmetic(rule: str, expected: int, given: int) -> Refused:
    return Refused(Code.COUNT_ARITHMETIC, {"rule": rule, "expected": expected, "given": given})
