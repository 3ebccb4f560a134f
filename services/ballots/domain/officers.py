"""The year's chair and deputy (*Cụm trưởng, Cụm phó*): carried over, recognised, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.ballots.domain.matter import Matter, day_fault, member_fault
from thidua.contracts import ballots as b
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code
from thidua.standing import Frame, Officer, Registry


@dataclass(frozen=True)
class Seat:
    """A year's office at one moment: the unit that holds it, and the one that holds the other office."""

    holder: str | None = None
    barred: str | None = None


def seat_of(about: str, year: Frame, registry: Registry, day: date) -> Seat:
    """
    The office *about* of *year*.

    Nobody holds it whose recognition was refused or whose unit has left the cluster.
    """
    officers = (year.chair, year.deputy) if about == "chair" else (year.deputy, year.chair)
    own, other = (
        officer.unit if officer is not None and officer.status != "refused" else None
        for officer in officers
    )
    return Seat(own if own in registry.members(year.cluster, day) else None, other)


def judge_officer_carried_over(data: b.OfficerCarriedOver, matter: Matter) -> Judgement:
    """On the authority's word alone, so only while the year has no officer of that office."""
    officer = _officer(data.office, matter)
    if officer is not None:
        return Refused(Code.ALREADY_DONE, {"what": f"{data.office} {officer.unit}"})
    return (
        member_fault(matter, data.unit)
        or _both_offices(data.office, data.unit, matter)
        or day_fault(matter, data.elected_on)
        or Recorded()
    )


def judge_officer_recognised(data: b.OfficerRecognised, matter: Matter) -> Judgement:
    """The authority recognises whom the members elected, and nobody else (TT 07/2019 Art 6(2))."""
    officer = _named(data.office, data.unit, matter)
    if isinstance(officer, Refused):
        return officer
    if officer.status == "recognised":
        return Refused(Code.ALREADY_DONE, {"what": f"{data.office} {data.unit} recognised"})
    if officer.status == "refused":
        return Refused(Code.STATE_FORBIDS, {"state": "recognition-refused", "needed": "elected"})
    return (
        member_fault(matter, data.unit)
        or _both_offices(data.office, data.unit, matter)
        or day_fault(matter, data.decided_on)
        or Recorded()
    )


def judge_recognition_refused(data: b.RecognitionRefused, matter: Matter) -> Judgement:
    """Only of an officer elected and not yet recognised; the members then elect anew."""
    officer = _named(data.office, data.unit, matter)
    if isinstance(officer, Refused):
        return officer
    if officer.status == "refused":
        return Refused(Code.ALREADY_DONE, {"what": f"recognition-refused {data.office}"})
    if officer.status != "elected":
        return Refused(Code.STATE_FORBIDS, {"state": officer.status, "needed": "elected"})
    return day_fault(matter, data.decided_on) or Recorded()


def _officer(office: b.Office, matter: Matter) -> Officer | None:
    return matter.frame.chair if office == "chair" else matter.frame.deputy


def _named(office: b.Office, unit: str, matter: Matter) -> Officer | Refused:
    """The officer of the year when it is *unit*."""
    officer = _officer(office, matter)
    if officer is None:
        return Refused(Code.STATE_FORBIDS, {"state": f"no {office}", "needed": f"{office}-elected"})
    if officer.unit != unit:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": f"elected {office}", "given": unit})
    return officer


def _both_offices(office: b.Office, unit: str, matter: Matter) -> Refused | None:
    """The refusal of one unit in both offices of a year."""
    other: b.Office = "deputy" if office == "chair" else "chair"
    holder = _officer(other, matter)
    if holder is None or holder.status == "refused" or holder.unit != unit:
        return None
    return Refused(Code.OVERLAP, {"what": other, "given": unit})
