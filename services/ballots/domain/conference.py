"""The conference (*hội nghị*): convened, opened, who is there, the counting board, its minutes."""

from __future__ import annotations

from services.ballots.domain.eligibility import OFFICES
from services.ballots.domain.matter import Matter, member_fault
from services.ballots.domain.state import Conference, Cycle
from thidua.contracts import Role
from thidua.contracts import ballots as b
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code

ConferenceEvent = (
    b.ConferenceConvened
    | b.ConferenceOpened
    | b.ConferenceAdjourned
    | b.AttendanceRecorded
    | b.CountingBoardElected
    | b.ScoresAccepted
    | b.MinutesIssued
    | b.ConferenceClosed
)


def judge_conference_event(data: ConferenceEvent, matter: Matter, cycle: Cycle) -> Judgement:  # noqa: PLR0911 - one return per rule
    """What happens at a conference, in its order; whoever opened it presides."""
    conference = cycle.conferences.get(data.conference)
    if isinstance(data, b.ConferenceConvened):
        if conference is not None:
            return Refused(Code.ALREADY_DONE, {"what": f"conference {data.conference}"})
        return Recorded()
    if conference is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "conference", "given": data.conference})
    if isinstance(data, b.ConferenceOpened):
        return _open(data, matter, conference)
    if matter.event.unit != conference.presiding:
        return Refused(
            Code.ROLE_REQUIRED, {"required": ["presiding"], "held": sorted(matter.roles)}
        )
    if isinstance(data, b.MinutesIssued):
        return _minutes(data, cycle, conference)
    if conference.state != "open":
        return _state(conference, "open")
    match data:
        case b.ConferenceAdjourned():
            return _no_open_ballot(cycle, conference) or Recorded()
        case b.AttendanceRecorded():
            return _attendance(data, matter)
        case b.CountingBoardElected():
            return _board(data, matter, cycle, conference)
        case b.ScoresAccepted():
            return ranking_fault(data.ranking, cycle) or Recorded()
        case b.ConferenceClosed():
            return _no_open_ballot(cycle, conference) or Recorded()


def judge_ranking_approved(data: b.RankingApproved, matter: Matter, cycle: Cycle) -> Judgement:
    """The ranking in force is approved, at a conference by whoever presides, later by the chair."""
    if data.conference is not None:
        conference = cycle.conferences.get(data.conference)
        if conference is None:
            return Refused(Code.REFERENCE_UNKNOWN, {"what": "conference", "given": data.conference})
        if matter.event.unit != conference.presiding:
            return Refused(
                Code.ROLE_REQUIRED, {"required": ["presiding"], "held": sorted(matter.roles)}
            )
    elif not {Role.CHAIR, Role.DEPUTY} & matter.roles:
        return Refused(
            Code.ROLE_REQUIRED, {"required": ["chair", "deputy"], "held": sorted(matter.roles)}
        )
    if cycle.approved == data.ranking:
        return Refused(Code.ALREADY_DONE, {"what": f"ranking {data.ranking}"})
    return ranking_fault(data.ranking, cycle) or Recorded()


def ranking_fault(given: int, cycle: Cycle) -> Refused | None:
    """The refusal of a ranking that is not the one in force."""
    ranking = cycle.considered.ranking
    current = ranking.version if ranking is not None else 0
    if given == current:
        return None
    return Refused(Code.RANKING_OUTDATED, {"given": given, "expected": current})


def divergences(cycle: Cycle) -> frozenset[tuple[str, str, str]]:
    """Every (title, proposed, passed over) where a nominee with a better rank was not proposed for it."""
    ranking = cycle.considered.ranking
    ranks = ranking.ranks if ranking is not None else {}
    last = len(ranks) + 1
    nominees: dict[str, set[str]] = {}
    for ballot in cycle.ballots.values():
        if ballot.about not in OFFICES and ballot.outcome is not None:
            nominees.setdefault(ballot.about, set()).update(ballot.nominees)
    return frozenset(
        (proposal.title, proposal.unit, other)
        for proposal in cycle.proposals
        for other in nominees.get(proposal.title, ())
        if (other, proposal.title) not in cycle.proposed
        and ranks.get(other, last) < ranks.get(proposal.unit, last)
    )


def _open(data: b.ConferenceOpened, matter: Matter, conference: Conference) -> Judgement:
    """The chair opens it; the deputy only when the chair is absent, which it says."""
    if conference.state in ("open", "closed"):
        return _state(conference, "convened")
    if Role.CHAIR not in matter.roles and data.chair_absent is None:
        return Refused(Code.REASON_REQUIRED, {"path": "/data/chair_absent"})
    return Recorded()


def _attendance(data: b.AttendanceRecorded, matter: Matter) -> Judgement:
    """Every member stands in exactly one list, and nobody else in any."""
    listed = (*data.present, *data.remote, *data.absent)
    if len(set(listed)) != len(listed):
        return Refused(Code.OVERLAP, {"what": "present, remote, absent"})
    members = matter.registry.members(matter.frame.cluster, matter.day)
    for unit in listed:
        if fault := member_fault(matter, unit):
            return fault
    missing = sorted(set(members) - set(listed))
    if missing:
        return Refused(Code.SCHEMA_INVALID, {"path": "/data/absent", "expected": missing})
    return Recorded()


def _board(
    data: b.CountingBoardElected, matter: Matter, cycle: Cycle, conference: Conference
) -> Judgement:
    rulebook = cycle.frame.rulebook
    size = rulebook.voting.board_size if rulebook is not None else 3
    members = data.members
    if len(members) != size or not size % 2:
        return _board_fault(f"{size}, odd", str(len(members)))
    if sum(member.head for member in members) != 1:
        return _board_fault("one head", str(sum(member.head for member in members)))
    if len({member.member for member in members}) != len(members):
        return Refused(Code.OVERLAP, {"what": "members"})
    for member in members:
        if fault := member_fault(matter, member.unit):
            return fault
        if any(
            about in OFFICES and nominee == member.unit
            for about, nominee, _ in matter.decisions.nominations
        ):
            return _board_fault("no unit nominated for an office", member.unit)
    if any(
        ballot.conference == conference.name and ballot.running for ballot in cycle.ballots.values()
    ):
        return Refused(Code.STATE_FORBIDS, {"state": "ballot open", "needed": "ballot-closed"})
    return Recorded()


def _minutes(data: b.MinutesIssued, cycle: Cycle, conference: Conference) -> Judgement:
    """The minutes state each proposal that goes against the ranking, and no other."""
    if conference.state not in ("open", "closed"):
        return _state(conference, "open")
    if fault := _no_open_ballot(cycle, conference):
        return fault
    stated = {(d.title, d.proposed, d.passed_over) for d in data.divergences}
    real = divergences(cycle)
    if stated == real:
        return Recorded()
    missing = sorted(
        ": ".join((title, f"{unit} < {other}")) for title, unit, other in real ^ stated
    )
    return Refused(Code.MINUTES_INCOMPLETE, {"missing": missing})


def _no_open_ballot(cycle: Cycle, conference: Conference) -> Refused | None:
    for ballot in cycle.ballots.values():
        if ballot.conference == conference.name and ballot.running:
            return Refused(
                Code.STATE_FORBIDS,
                {"state": f"ballot {ballot.name} open", "needed": "ballot-closed"},
            )
    return None


def _state(conference: Conference, needed: str) -> Refused:
    return Refused(
        Code.STATE_FORBIDS, {"state": f"conference {conference.state}", "needed": needed}
    )


def _board_fault(expected: str, given: str) -> Refused:
    return Refused(Code.BOARD_INVALID, {"fault": expected, "given": given})
