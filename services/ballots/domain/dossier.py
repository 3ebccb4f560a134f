"""The dossier (*hồ sơ*) of a proposed unit up to its appraisal, and the cluster's report."""

from __future__ import annotations

from datetime import date

from services.ballots.domain.decisions import Dossier
from services.ballots.domain.matter import Matter, day_fault, deadline_fault, unfounded
from thidua.contracts import ballots as b
from thidua.contracts.base import Deadline
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code
from thidua.working_days import add_working_days


def judge_dossier_submitted(data: b.DossierSubmitted, matter: Matter) -> Judgement:
    """A unit sends one dossier for titles it is proposed for; its postmark says whether in time."""
    for title in data.titles:
        if (data.unit, title) not in matter.proposals:
            return unfounded(data.unit, title, "proposal-recorded")
    if data.unit in matter.decisions.dossiers:
        return Refused(Code.ALREADY_DONE, {"what": f"dossier {data.unit}"})
    return Recorded()


def judge_dossier_received(data: b.DossierReceived, matter: Matter) -> Judgement:
    """The authority attests postmark and arrival once, of a late dossier too."""
    dossier = _dossier(data.unit, matter)
    if isinstance(dossier, Refused):
        return dossier
    if dossier.received_on is not None:
        return Refused(Code.ALREADY_DONE, {"what": f"dossier-received {data.unit}"})
    if data.postmark > data.received_on:
        facts = {"given": str(data.postmark), "expected": f"<= {data.received_on}"}
        return Refused(Code.DATE_INVALID, facts)
    return day_fault(matter, data.received_on) or Recorded()


def judge_dossier_returned(data: b.DossierReturned, matter: Matter) -> Judgement:
    """The authority asks for what is missing; to be late with that is a fact, no fault."""
    dossier = _received(data.unit, matter)
    if isinstance(dossier, Refused):
        return dossier
    if dossier.returned_on is not None:
        return Refused(Code.ALREADY_DONE, {"what": f"dossier-returned {data.unit}"})
    if dossier.result is not None:
        return _forbidden("dossier-appraised", "dossier-received")
    return Recorded()


def judge_dossier_completed(data: b.DossierCompleted, matter: Matter) -> Judgement:
    """The unit completes what was returned, within the regulation's working days of the return."""
    dossier = _received(data.unit, matter)
    if isinstance(dossier, Refused):
        return dossier
    if dossier.returned_on is None:
        return _forbidden("dossier-received", "dossier-returned")
    limit = completion_limit(dossier.returned_on, matter)
    if limit is not None and matter.day > limit:
        return _too_late_to_complete(limit, matter)
    return Recorded()


def judge_dossier_appraised(data: b.DossierAppraised, matter: Matter) -> Judgement:
    """
    The result of the appraisal; a changed one needs a reason, as does "not qualified".

    While the unit may still complete a returned dossier there is none; once it failed to, or was
    late in the first place, the dossier cannot be qualified.
    """
    dossier = _received(data.unit, matter)
    if isinstance(dossier, Refused):
        return dossier
    if dossier.result == data.result:
        return Refused(Code.ALREADY_DONE, {"what": f"dossier-appraised {data.unit}"})
    if data.reason is None and (data.result == "not-qualified" or dossier.result is not None):
        return Refused(Code.REASON_REQUIRED, {})
    if fault := _incomplete(dossier, data, matter):
        return fault
    if data.result == "qualified":
        return _lateness(dossier, matter) or Recorded()
    if any(code == data.unit for code, _ in matter.decisions.awards):
        return _forbidden("award-decided", "award-revoked")
    return Recorded()


def completion_limit(returned_on: date, matter: Matter) -> date | None:
    """The last day to complete a dossier returned on that day; ``None`` without a regulation."""
    if matter.regulation is None:
        return None
    within = matter.regulation.working_days.complete_within
    return add_working_days(returned_on, within, matter.registry.holidays())


def judge_cluster_report_submitted(data: b.ClusterReportSubmitted, matter: Matter) -> Judgement:
    """
    The chair's report with the ranking in force, which must be approved.

    The first one keeps the deadline; a later one, of a corrected ranking, replaces it at any time.
    """
    current = matter.considered.ranking.version if matter.considered.ranking is not None else None
    if current is None or matter.approved is None:
        state = "ranking" if current is None else f"ranking {current}"
        return _forbidden(f"{state} not approved", "ranking-approved")
    if data.ranking != current:
        facts = {"given": data.ranking, "expected": current}
        return Refused(Code.RANKING_OUTDATED, facts)
    if matter.approved != current:
        return _forbidden(f"ranking {matter.approved} approved", f"ranking {current} approved")
    reported = matter.decisions.reported
    if reported == data.ranking:
        return Refused(Code.ALREADY_DONE, {"what": f"cluster report of ranking {current}"})
    deadline = matter.regulation.deadlines.cluster_report if matter.regulation is not None else None
    return (deadline_fault(deadline, matter.day) if reported is None else None) or Recorded()


def _dossier(unit: str, matter: Matter) -> Dossier | Refused:
    dossier = matter.decisions.dossiers.get(unit)
    return _forbidden("no dossier", "dossier-submitted") if dossier is None else dossier


def _received(unit: str, matter: Matter) -> Dossier | Refused:
    dossier = _dossier(unit, matter)
    if isinstance(dossier, Dossier) and dossier.received_on is None:
        return _forbidden("dossier-submitted", "dossier-received")
    return dossier


def _incomplete(dossier: Dossier, data: b.DossierAppraised, matter: Matter) -> Refused | None:
    if dossier.returned_on is None:
        return None
    limit = completion_limit(dossier.returned_on, matter)
    if limit is None or matter.day <= limit:
        return _forbidden("dossier-returned", "dossier-completed")
    return _too_late_to_complete(limit, matter) if data.result == "qualified" else None


def _too_late_to_complete(limit: date, matter: Matter) -> Refused:
    within = matter.regulation.working_days.complete_within if matter.regulation is not None else 0
    facts = Deadline(date=limit, kind="at-latest").passed(str(matter.day))
    return Refused(
        Code.DEADLINE_PASSED, {**facts, "rule": f"{facts['rule']}, {within} working days"}
    )


def _lateness(dossier: Dossier, matter: Matter) -> Refused | None:
    """The refusal of a dossier that is late by the day that counts, postmark or arrival."""
    deadline = matter.regulation.deadlines.dossier if matter.regulation is not None else None
    if deadline is None:
        return None
    day = dossier.postmark if deadline.counts == "sent" else dossier.received_on
    return deadline_fault(deadline, day)


def _forbidden(state: str, needed: str) -> Refused:
    return Refused(Code.STATE_FORBIDS, {"state": state, "needed": needed})
