"""The units service's judge, version 1: each event goes to the one function that decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, assert_never, cast

from services.units.domain import (
    clusters,
    crosscheck,
    departments,
    keys,
    log,
    persons,
    protests,
    ranking,
    regulation,
    reports,
    rulebook,
    sheets,
    year,
)
from services.units.domain.case import (
    CycleCase,
    RegistryCase,
    cycle_case,
    registry_case,
    registry_fault,
)
from services.units.domain.state import BELIEVED, Cycle, evolve, start
from thidua.contracts import Scope
from thidua.contracts import units as u
from thidua.deciding import Judge, Judgement, Own, View, role_required

if TYPE_CHECKING:
    from datetime import datetime

    from thidua.contracts import Event

_RegistryData: TypeAlias = (
    u.LogOpened
    | u.LogRestored
    | u.JudgeActivated
    | u.ClockAdvanced
    | u.AuthorityEstablished
    | u.CalendarPublished
    | u.BaseSalarySet
    | u.RegulationIssued
    | u.UnitRegistered
    | u.UnitRenamed
    | u.UnitMerged
    | u.UnitSplit
    | u.UnitDissolved
    | u.KeyRegistered
    | u.KeyRotated
    | u.KeyRevoked
    | u.DelegateAppointed
    | u.PersonalDataErased
    | u.AccessGranted
    | u.AccessRevoked
    | u.ClusterFormed
    | u.MembershipStarted
    | u.MembershipEnded
)
_CycleData: TypeAlias = (
    u.CycleOpened
    | u.CycleClosed
    | u.RulebookAdopted
    | u.ExceptionGranted
    | u.UnitSuspended
    | u.SuspensionLifted
    | u.ParticipationRegistered
    | u.ReportSubmitted
    | u.ReportWithdrawn
    | u.EvidenceStored
    | u.ScoreSheetSubmitted
    | u.CrossCheckPlanned
    | u.CrossCheckRecorded
    | u.PointsAdjusted
    | u.ScoreProtested
    | u.ProtestResolved
    | u.ScoringClosed
    | u.RankingConsolidated
    | u.ScoreCorrected
    | u.MidYearReviewHeld
)


def judge(event: Event, view: View[Cycle], rx: datetime) -> Judgement:
    """The judgement on an event of the units service; every event in every state has one."""
    if event.data.SCOPE is Scope.REGISTRY:
        case = registry_case(event, view, rx)
        data = cast("_RegistryData", event.data)
        return registry_fault(case) or _registry(data, case, view)
    return _cycle(cast("_CycleData", event.data), cycle_case(event, view, rx))


def _registry(  # noqa: C901, PLR0911, PLR0912 - one line per event
    data: _RegistryData, case: RegistryCase, view: View[Cycle]
) -> Judgement:
    match data:
        case u.LogOpened():
            return log.log_opened(data, case)
        case u.LogRestored():
            return log.log_restored(data, case)
        case u.JudgeActivated():
            return log.judge_activated(data, case)
        case u.ClockAdvanced():
            return log.clock_advanced(data, case)
        case u.AuthorityEstablished():
            return log.authority_established(data, case)
        case u.CalendarPublished():
            return regulation.calendar_published(data, case)
        case u.BaseSalarySet():
            return regulation.base_salary_set(data, case)
        case u.RegulationIssued():
            return regulation.regulation_issued(data, case, view)
        case u.UnitRegistered():
            return departments.unit_registered(data, case)
        case u.UnitRenamed():
            return departments.unit_renamed(data, case)
        case u.UnitMerged():
            return departments.unit_merged(data, case)
        case u.UnitSplit():
            return departments.unit_split(data, case)
        case u.UnitDissolved():
            return departments.unit_dissolved(data, case)
        case u.KeyRegistered():
            return keys.key_registered(data, case)
        case u.KeyRotated():
            return keys.key_rotated(data, case)
        case u.KeyRevoked():
            return keys.key_revoked(data, case)
        case u.DelegateAppointed():
            return keys.delegate_appointed(data, case)
        case u.PersonalDataErased():
            return persons.personal_data_erased(data, case, view)
        case u.AccessGranted():
            return keys.access_granted(data, case)
        case u.AccessRevoked():
            return keys.access_revoked(data, case)
        case u.ClusterFormed():
            return clusters.cluster_formed(data, case)
        case u.MembershipStarted():
            return clusters.membership_started(data, case)
        case u.MembershipEnded():
            return clusters.membership_ended(data, case)
        case _:
            assert_never(data)


def _cycle(  # noqa: C901, PLR0911, PLR0912 - one line per event
    data: _CycleData, case: CycleCase
) -> Judgement:
    match data:
        case u.CycleOpened():
            return year.cycle_opened(case)
        case u.CycleClosed():
            return year.cycle_closed(case)
        case u.RulebookAdopted():
            return rulebook.rulebook_adopted(data, case)
        case u.ExceptionGranted():
            return year.exception_granted(data, case)
        case u.UnitSuspended():
            return year.unit_suspended(data, case)
        case u.SuspensionLifted():
            return year.suspension_lifted(data, case)
        case u.ParticipationRegistered():
            return year.participation_registered(data, case)
        case u.ReportSubmitted():
            return reports.report_submitted(data, case)
        case u.ReportWithdrawn():
            return reports.report_withdrawn(data, case)
        case u.EvidenceStored():
            return reports.evidence_stored(data, case)
        case u.ScoreSheetSubmitted():
            return sheets.score_sheet_submitted(data, case)
        case u.CrossCheckPlanned():
            return crosscheck.cross_check_planned(data, case)
        case u.CrossCheckRecorded():
            return crosscheck.cross_check_recorded(data, case)
        case u.PointsAdjusted():
            return sheets.points_adjusted(data, case)
        case u.ScoreProtested():
            return protests.score_protested(data, case)
        case u.ProtestResolved():
            return protests.protest_resolved(data, case)
        case u.ScoringClosed():
            return ranking.scoring_closed(data, case)
        case u.RankingConsolidated():
            # What the service says itself is recorded where it follows, and never judged.
            return role_required(data.ROLES, frozenset())
        case u.ScoreCorrected():
            return ranking.score_corrected(data, case)
        case u.MidYearReviewHeld():
            return year.mid_year_review_held(data, case)
        case _:
            assert_never(data)


def due(_view: View[Cycle], _subject: str, _rx: datetime) -> tuple[Own, ...]:
    """Nothing: deadlines here only bar what is late; the ranking follows its closing at once."""
    return ()


def alarm(_view: View[Cycle], _subject: str) -> datetime | None:
    """No moment makes anything due by itself."""
    return None


JUDGE: Final = Judge("units", 1, start, judge, evolve, due, alarm, BELIEVED)
