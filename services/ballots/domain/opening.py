"""Opening a ballot: its form, its round and its nominees; what is frozen with it."""

from __future__ import annotations

from datetime import datetime

from services.ballots.domain.eligibility import OFFICES
from services.ballots.domain.matter import Matter, member_fault, title_of
from services.ballots.domain.nominations import eligibility_fault
from services.ballots.domain.officers import Seat
from services.ballots.domain.state import Conference, Cycle
from thidua.contracts import Role
from thidua.contracts import ballots as b
from thidua.contracts.rulebook import Question, Title
from thidua.deciding import Judgement, Own, Recorded, Refused
from thidua.refusals import Code


def judge_ballot_opened(
    data: b.BallotOpened, matter: Matter, cycle: Cycle, seat: Seat
) -> Judgement:
    """
    Put a matter to the vote; *seat* is the office that an officer is elected to.

    What is frozen now (roll, quorum, places) is recorded with it as ``roll-frozen``.
    """
    if data.ballot in cycle.ballots:
        return Refused(Code.ALREADY_DONE, {"what": f"ballot {data.ballot}"})
    rulebook = cycle.frame.rulebook
    if rulebook is None:
        return _state("no rulebook", "rulebook-adopted")
    question = next((q for q in rulebook.voting.questions if q.about == data.about), None)
    if question is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "question", "given": data.about})
    conference = cycle.conferences.get(data.conference or "")
    fault = (
        _form(data, matter, conference)
        or _round(data, matter, cycle, seat)
        or _nominees(data, matter, cycle, seat, conference)
    )
    if fault is not None:
        return fault
    roll = roll_of(matter, cycle)
    quorum = rulebook.voting.quorum.needed(len(roll))
    if conference is not None:
        there = len(conference.attending & roll)
        if there < quorum:
            return Refused(Code.NO_QUORUM, {"present": there, "needed": quorum})
    previous = cycle.ballots.get(data.previous or "")
    ordered = previous.ordered if previous is not None else None
    frozen = b.RollFrozen(
        ballot=data.ballot,
        rulebook=rulebook.version,
        roll=tuple(sorted(roll)),
        quorum=quorum,
        places=places_of(data, matter, cycle, question),
        round=ordered.round if ordered is not None else 1,
    )
    return Recorded((Own(frozen, matter.frame.subject),))


def roll_of(matter: Matter, cycle: Cycle) -> frozenset[str]:
    """Who may vote today: every member, without suspended ones where the rulebook says so."""
    members = frozenset(matter.registry.members(matter.frame.cluster, matter.day))
    rulebook = cycle.frame.rulebook
    if rulebook is None or rulebook.voting.suspended_vote:
        return members
    return members - cycle.considered.suspended.keys()


def _form(data: b.BallotOpened, matter: Matter, conference: Conference | None) -> Refused | None:
    """Mode, place and closing time fit together, and whoever opens it may."""
    if data.conference is None:
        if data.mode == "paper":
            return Refused(Code.MODE_WRONG, {"mode": "paper", "needed": "conference"})
        if not {Role.CHAIR, Role.DEPUTY} & matter.roles:
            return Refused(
                Code.ROLE_REQUIRED, {"required": ["chair", "deputy"], "held": sorted(matter.roles)}
            )
    elif conference is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "conference", "given": data.conference})
    elif conference.state != "open":
        return _state(f"conference {conference.state}", "conference-opened")
    elif matter.event.unit != conference.presiding:
        return Refused(
            Code.ROLE_REQUIRED, {"required": ["presiding"], "held": sorted(matter.roles)}
        )
    elif data.mode == "paper" and not conference.board:
        return Refused(Code.BOARD_INVALID, {"fault": "counting-board-elected"})
    if data.mode != "paper" and (data.closes is None or data.closes <= matter.event.rx):
        return _date("/data/closes", data.closes, f"> {matter.event.rx.isoformat()}")
    if len(set(data.nominees)) != len(data.nominees):
        return Refused(Code.OVERLAP, {"what": "nominees"})
    return None


def _round(data: b.BallotOpened, matter: Matter, cycle: Cycle, seat: Seat) -> Refused | None:
    """A matter has one ballot at a time; a further round follows the one that ordered it."""
    matter_of = (data.about, data.for_year if data.about in OFFICES else None)
    same = [
        ballot
        for ballot in cycle.ballots.values()
        if ballot.matter == matter_of and ballot.state != "voided"
    ]
    followed = {ballot.previous for ballot in same}
    if any(ballot.running for ballot in same):
        return _state(f"{data.about} is being voted on", "ballot-closed")
    if data.previous is not None:
        previous = cycle.ballots.get(data.previous)
        if previous is None or previous.ordered is None or previous.matter != matter_of:
            return Refused(
                Code.REFERENCE_UNKNOWN, {"what": "revote-ordered", "given": data.previous}
            )
        if data.previous in followed:
            return Refused(Code.ALREADY_DONE, {"what": f"round {previous.ordered.round}"})
        if set(data.nominees) != set(previous.ordered.among):
            given = ", ".join(sorted(data.nominees))
            return Refused(
                Code.NOT_A_NOMINEE, {"given": given, "expected": ", ".join(previous.ordered.among)}
            )
        return None
    if any(ballot.ordered is not None and ballot.name not in followed for ballot in same):
        return _state("a further round is ordered", "previous")
    if data.about in OFFICES:
        return _office_free(data, matter, seat)
    if any(ballot.outcome is not None for ballot in same):
        return Refused(Code.ALREADY_DONE, {"what": f"ballot on {data.about}"})
    return None


def _office_free(data: b.BallotOpened, matter: Matter, seat: Seat) -> Refused | None:
    if data.for_year not in {matter.frame.year, matter.frame.year + 1}:
        return _year(data, f"{matter.frame.year}, {matter.frame.year + 1}")
    if seat.holder is None:
        return None
    return Refused(Code.ALREADY_DONE, {"what": f"{data.about} {data.for_year}: {seat.holder}"})


def _nominees(
    data: b.BallotOpened, matter: Matter, cycle: Cycle, seat: Seat, conference: Conference | None
) -> Refused | None:
    for nominee in data.nominees:
        if fault := member_fault(matter, nominee):
            return fault
    if data.about in OFFICES:
        return _office_nominees(data, cycle, seat)
    title = title_of(matter, data.about)
    if isinstance(title, Refused):
        return title
    if data.for_year not in {None, matter.frame.year}:
        return _year(data, f"{matter.frame.year}")
    ranking = cycle.considered.ranking
    accepted = conference.accepted if conference is not None else cycle.approved
    if ranking is None or accepted != ranking.version:
        facts = {"given": accepted or 0, "expected": ranking.version if ranking is not None else 0}
        return Refused(Code.RANKING_OUTDATED, facts)
    for nominee in data.nominees:
        if fault := eligibility_fault(nominee, data.about, matter):
            return fault
        if fault := _exclusion(nominee, title, matter, cycle):
            return fault
    return None


def _exclusion(nominee: str, title: Title, matter: Matter, cycle: Cycle) -> Refused | None:
    """Proposed, or still voted on, for a title that excludes *title* or is excluded by it."""
    for other in matter.titles.values():
        exclusive = other.code in title.excludes or title.code in other.excludes
        if exclusive and nominee in cycle.standing_for(other.code):
            facts = {"unit": nominee, "title": title.code, "holds": other.code}
            return Refused(Code.EXCLUSIVE_TITLE, facts)
    return None


def _office_nominees(data: b.BallotOpened, cycle: Cycle, seat: Seat) -> Refused | None:
    for nominee in data.nominees:
        if nominee in cycle.boards:
            return Refused(
                Code.BOARD_INVALID, {"fault": "nominee on the counting board", "given": nominee}
            )
        if nominee == seat.barred:
            return Refused(Code.OVERLAP, {"what": f"{nominee}: chair, deputy {data.for_year}"})
    return None


def places_of(data: b.BallotOpened, matter: Matter, cycle: Cycle, question: Question) -> int:
    """The places a further round was ordered for; else the question's, never more than the title's quota."""
    previous = cycle.ballots.get(data.previous or "")
    if previous is not None and previous.ordered is not None:
        return previous.ordered.places
    if data.about in OFFICES:
        return 1
    title = matter.titles[data.about]
    limits = [
        len(data.nominees),
        question.places,
        title.quota,
        matter.decisions.quotas.get(data.about),
    ]
    return min(limit for limit in limits if limit is not None)


def _state(state: str, needed: str) -> Refused:
    return Refused(Code.STATE_FORBIDS, {"state": state, "needed": needed})


def _year(data: b.BallotOpened, expected: str) -> Refused:
    given = "" if data.for_year is None else str(data.for_year)
    facts = {"path": "/data/for_year", "given": given, "expected": expected}
    return Refused(Code.DATE_INVALID, facts)


def _date(path: str, given: datetime | None, expected: str) -> Refused:
    text = given.isoformat() if given is not None else ""
    return Refused(Code.DATE_INVALID, {"path": path, "given": text, "expected": expected})
