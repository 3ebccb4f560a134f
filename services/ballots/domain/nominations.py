"""Nominations (*đề cử*): a unit is named for a title it is eligible for, or for an office."""

from __future__ import annotations

from services.ballots.domain.eligibility import OFFICES
from services.ballots.domain.matter import Matter, member_fault, title_of
from thidua.contracts import ballots as b
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code


def judge_nomination_submitted(data: b.NominationSubmitted, matter: Matter) -> Judgement:
    """Any member may name any member, itself included; each nomination stands once."""
    if fault := member_fault(matter, data.nominee):
        return fault
    year = matter.frame.year if data.for_year is None else data.for_year
    if (data.about, data.nominee, year) in matter.decisions.nominations:
        return Refused(Code.ALREADY_DONE, {"what": f"nomination {data.about} {data.nominee}"})
    fault = _office_fault(data, matter) if data.about in OFFICES else _title_fault(data, matter)
    return fault or Recorded()


def eligibility_fault(nominee: str, title: str, matter: Matter) -> Refused | None:
    """Why *nominee* may not be considered for *title*: the rule that does not hold and its fact."""
    obstacle = matter.considered.obstacle(nominee, title)
    if obstacle is None:
        return None
    rule, fact = obstacle
    return Refused(Code.NOT_ELIGIBLE, {"nominee": nominee, "rule": rule, "fact": fact})


def _title_fault(data: b.NominationSubmitted, matter: Matter) -> Refused | None:
    title = title_of(matter, data.about)
    if isinstance(title, Refused):
        return title
    year = matter.frame.year
    if data.for_year not in {None, year}:
        return Refused(Code.DATE_INVALID, {"given": str(data.for_year), "expected": str(year)})
    return eligibility_fault(data.nominee, data.about, matter)


def _office_fault(data: b.NominationSubmitted, matter: Matter) -> Refused | None:
    """An office is of this year or the next; who counts the votes does not stand for it."""
    year = matter.frame.year
    if data.for_year not in {year, year + 1}:
        given = "" if data.for_year is None else str(data.for_year)
        return Refused(Code.DATE_INVALID, {"given": given, "expected": f"{year} / {year + 1}"})
    if data.nominee in matter.board:
        facts = {"needed": "nominees outside the counting board", "given": data.nominee}
        return Refused(Code.BOARD_INVALID, facts)
    return None
