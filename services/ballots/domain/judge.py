"""The dispatch: which rule judges which event, and what the service owes when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, assert_never

from services.ballots.domain import awards, council, dossier, nominations, officers
from services.ballots.domain.conference import judge_conference_event, judge_ranking_approved
from services.ballots.domain.counting import judge_board_event
from services.ballots.domain.drafting import judge_election_drafted
from services.ballots.domain.eligibility import OFFICES, determine
from services.ballots.domain.evolve import BELIEVED, evolve
from services.ballots.domain.matter import Matter
from services.ballots.domain.officers import Seat, seat_of
from services.ballots.domain.opening import judge_ballot_opened
from services.ballots.domain.outcome import conclude
from services.ballots.domain.secret_count import close, lapsed, lapses
from services.ballots.domain.secret_voting import (
    judge_credential_registered,
    judge_secret_vote_cast,
    judge_tracker_checked,
    open_election,
)
from services.ballots.domain.state import Ballot, Cycle, start
from services.ballots.domain.trusting import judge_trustee_event
from services.ballots.domain.voting import (
    judge_ballot_extended,
    judge_ballot_voided,
    judge_vote_cast,
    judge_written_opinion,
)
from thidua.contracts import Event, Role
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts.base import next_year
from thidua.deciding import Judge, Judgement, Own, Refused, View, merged_fault, role_fault
from thidua.frozen import replace
from thidua.refusals import Code
from thidua.standing import local_day, roles_held

_AFTER_CLOSE: Final = (
    b.AwardDecided,
    b.AwardRefused,
    b.AwardRevoked,
    b.AwardDowngraded,
    b.ResultNotified,
    b.OfficerRecognised,
    b.RecognitionRefused,
    s.KeyShareDestroyed,
)
"""What may still follow when the year is closed: the authority's later decisions, and the end of key shares."""


def judge(event: Event, view: View[Cycle], rx: datetime) -> Judgement:
    """Recorded or refused, for every event of the service."""
    cycle = view.cycle(event.subject)
    frame = cycle.frame
    if not frame.opened:
        return Refused(Code.CYCLE_UNKNOWN, {"given": event.subject})
    if frame.closed and not isinstance(event.data, _AFTER_CLOSE):
        facts = {"given": event.subject, "date": str(frame.closed_on)}
        return Refused(Code.CYCLE_CLOSED, facts)
    registry = view.registry(event.subject)
    day = local_day(rx)
    before = view.cycle(frame.before).frame
    held = _roles(event, cycle, roles_held(event.source, registry, frame, before, day))
    if fault := merged_fault(event, registry, day) or role_fault(event, held, frame.year):
        return fault
    unit = getattr(event.data, "unit", None)
    if Role.AUTHORITY not in held and _speaks_for_itself(event) and unit != event.unit:
        return Refused(Code.ROLE_REQUIRED, {"required": [f"/units/{unit}"], "held": [event.source]})
    matter = Matter(
        event=event,
        day=day,
        registry=registry,
        frame=frame,
        roles=held,
        considered=cycle.considered,
        decisions=cycle.decisions,
        proposals=cycle.proposed,
        approved=cycle.approved,
        board=cycle.boards,
    )
    return _dispatch(event, matter, cycle, view)


def _speaks_for_itself(event: Event) -> bool:
    return isinstance(event.data, b.DossierSubmitted | b.DossierCompleted)


def _roles(event: Event, cycle: Cycle, standing: frozenset[Role]) -> frozenset[Role]:
    """The roles by *standing*, and those of this service: presiding and counting board."""
    held = set(standing)
    unit = event.unit
    for conference in cycle.conferences.values():
        if unit is not None and conference.presiding == unit:
            held.add(Role.PRESIDING)
        if any(member.unit == unit for member in conference.board):
            held.add(Role.BOARD)
    if any(
        event.source == seat.source
        for election in cycle.elections.values()
        for seat in election.keys.seats
    ):
        held.add(Role.TRUSTEE)
    return frozenset(held)


def _dispatch(  # noqa: C901, PLR0911, PLR0912 - a flat dispatch
    event: Event, matter: Matter, cycle: Cycle, view: View[Cycle]
) -> Judgement:
    data = event.data
    if isinstance(data, s.ElectionDrafted):
        return judge_election_drafted(data, matter, cycle)
    if isinstance(data, s.CredentialRegistered):
        return judge_credential_registered(data, matter, cycle)
    if isinstance(data, s.SecretVoteCast):
        return judge_secret_vote_cast(data, matter, cycle)
    if isinstance(data, s.TrackerChecked):
        return judge_tracker_checked(data, matter, cycle)
    if isinstance(data, s.TrusteeEvent):
        seat = _seat(view, event.subject, cycle.ballots.get(data.ballot), matter.day)
        return judge_trustee_event(data, matter, cycle, seat)
    if not isinstance(data, _JUDGED):
        return Refused(
            Code.ROLE_REQUIRED, {"required": [Role.SERVICE.value], "held": sorted(matter.roles)}
        )
    match data:
        case (
            b.ConferenceConvened()
            | b.ConferenceOpened()
            | b.ConferenceAdjourned()
            | b.AttendanceRecorded()
            | b.CountingBoardElected()
            | b.ScoresAccepted()
            | b.MinutesIssued()
            | b.ConferenceClosed()
        ):
            return judge_conference_event(data, matter, cycle)
        case (
            b.SlipsIssued()
            | b.BoxSealed()
            | b.BoxOpened()
            | b.CountRecorded()
            | b.CountSigned()
            | b.CountDisputed()
        ):
            seat = _seat(view, event.subject, cycle.ballots.get(data.ballot), matter.day)
            return judge_board_event(data, event, cycle, seat)
        case b.BallotOpened():
            seat = _seat(view, event.subject, data, matter.day)
            opened = judge_ballot_opened(data, matter, cycle, seat)
            return open_election(data, opened, matter, cycle) if data.mode == "secret" else opened
        case b.BallotExtended():
            return judge_ballot_extended(data, matter, cycle)
        case b.BallotVoided():
            return judge_ballot_voided(data, matter, cycle)
        case b.VoteCast() | b.VoteCorrected():
            seat = _seat(view, event.subject, cycle.ballots.get(data.ballot), matter.day)
            return judge_vote_cast(data, matter, cycle, seat)
        case b.WrittenOpinionReceived():
            seat = _seat(view, event.subject, cycle.ballots.get(data.ballot), matter.day)
            return judge_written_opinion(data, matter, cycle, seat)
        case b.RankingApproved():
            return judge_ranking_approved(data, matter, cycle)
        case b.NominationSubmitted():
            return nominations.judge_nomination_submitted(data, matter)
        case b.OfficerCarriedOver():
            return officers.judge_officer_carried_over(data, matter)
        case b.OfficerRecognised():
            return officers.judge_officer_recognised(data, matter)
        case b.RecognitionRefused():
            return officers.judge_recognition_refused(data, matter)
        case b.ClusterReportSubmitted():
            return dossier.judge_cluster_report_submitted(data, matter)
        case b.DossierSubmitted():
            return dossier.judge_dossier_submitted(data, matter)
        case b.DossierReceived():
            return dossier.judge_dossier_received(data, matter)
        case b.DossierReturned():
            return dossier.judge_dossier_returned(data, matter)
        case b.DossierCompleted():
            return dossier.judge_dossier_completed(data, matter)
        case b.DossierAppraised():
            return dossier.judge_dossier_appraised(data, matter)
        case b.QuotaSet():
            return council.judge_quota_set(data, matter)
        case b.CouncilVoted():
            return council.judge_council_voted(data, matter)
        case b.StateTitleProposed():
            return awards.judge_state_title_proposed(data, matter)
        case b.AwardDecided():
            return awards.judge_award_decided(data, matter)
        case b.AwardRefused():
            return awards.judge_award_refused(data, matter)
        case b.AwardRevoked():
            return awards.judge_award_revoked(data, matter)
        case b.AwardDowngraded():
            return awards.judge_award_downgraded(data, matter)
        case b.ResultNotified():
            return awards.judge_result_notified(data, matter)
        case _:
            assert_never(data)


def _seat(
    view: View[Cycle], subject: str, ballot: Ballot | b.BallotOpened | None, day: date
) -> Seat:
    """The office that *ballot* is about, as it is on *day*; an empty one where it is about a title."""
    if ballot is None or ballot.about not in OFFICES or ballot.for_year is None:
        return Seat()
    year = view.cycle(next_year(subject, ballot.for_year)).frame
    return seat_of(ballot.about, year, view.registry(subject), day)


_JUDGED: Final = (
    b.ConferenceConvened,
    b.ConferenceOpened,
    b.ConferenceAdjourned,
    b.AttendanceRecorded,
    b.CountingBoardElected,
    b.ScoresAccepted,
    b.MinutesIssued,
    b.ConferenceClosed,
    b.SlipsIssued,
    b.BoxSealed,
    b.BoxOpened,
    b.CountRecorded,
    b.CountSigned,
    b.CountDisputed,
    b.BallotOpened,
    b.BallotExtended,
    b.BallotVoided,
    b.VoteCast,
    b.VoteCorrected,
    b.WrittenOpinionReceived,
    b.RankingApproved,
    b.NominationSubmitted,
    b.OfficerCarriedOver,
    b.OfficerRecognised,
    b.RecognitionRefused,
    b.ClusterReportSubmitted,
    b.DossierSubmitted,
    b.DossierReceived,
    b.DossierReturned,
    b.DossierCompleted,
    b.DossierAppraised,
    b.QuotaSet,
    b.CouncilVoted,
    b.StateTitleProposed,
    b.AwardDecided,
    b.AwardRefused,
    b.AwardRevoked,
    b.AwardDowngraded,
    b.ResultNotified,
)


def due(view: View[Cycle], subject: str, rx: datetime) -> tuple[Own, ...]:
    """Ballots that time closes or makes void, and eligibility to determine when its facts have changed."""
    cycle = view.cycle(subject)
    if not cycle.frame.opened:
        return ()
    for ballot in cycle.ballots.values():
        ends = _ends(ballot, cycle)
        if ends is not None and ends <= rx:
            ending = _ended(ballot, cycle, view, rx)
            return tuple(replace(own, cause=ballot.opened_by) for own in ending)
    determined = determine(view, subject)
    return () if determined is None else (determined,)


def alarm(view: View[Cycle], subject: str) -> datetime | None:
    """When the next roll call or secret ballot closes, or a secret count becomes void for want of trustees."""
    cycle = view.cycle(subject)
    ends = (_ends(ballot, cycle) for ballot in cycle.ballots.values())
    return min((moment for moment in ends if moment is not None), default=None)


def _ends(ballot: Ballot, cycle: Cycle) -> datetime | None:
    """When time alone does something to *ballot*."""
    if ballot.state == "open" and ballot.mode != "paper":
        return ballot.closes
    election = cycle.elections.get(ballot.name)
    return None if election is None else lapses(ballot, election)


def _ended(ballot: Ballot, cycle: Cycle, view: View[Cycle], rx: datetime) -> tuple[Own, ...]:
    """What time does to *ballot*."""
    if ballot.mode != "secret":
        seat = _seat(view, cycle.frame.subject, ballot, local_day(rx))
        return conclude(ballot, cycle, seat, "deadline")
    election = cycle.elections[ballot.name]
    if ballot.state == "open":
        return close(ballot, election, cycle, "deadline")
    return lapsed(ballot, election, cycle)


JUDGE: Final = Judge("ballots", 1, start, judge, evolve, due, alarm, BELIEVED)
"""The ballots service's pure half."""
