"""
Awards: only the authority's decision makes one, and only its decision takes it back.

What the cluster proposes (*đề nghị*) is not yet decided (*quyết định*).
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import ceil

from services.ballots.domain.council import passed, quota_exceeded
from services.ballots.domain.decisions import UnitTitle
from services.ballots.domain.matter import Matter, day_fault, member_fault, title_of, unfounded
from thidua.contracts import Role
from thidua.contracts import ballots as b
from thidua.contracts.rulebook import Title
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code


def reward(title: Title, salary: int, step: int) -> int:
    """
    The reward in đồng: multiple, base salary and factor multiplied, rounded up to a *step*.

    NĐ 91/2017 Arts 68-73.
    """
    exact = Fraction(title.multiple) * salary * title.factor
    return max(0, ceil(exact / step)) * step


def judge_state_title_proposed(data: b.StateTitleProposed, matter: Matter) -> Judgement:
    """A unit on the way to a State-level title, which closes to it the titles that exclude it."""
    title = title_of(matter, data.title, state_level=True)
    if isinstance(title, Refused):
        return title
    speaks_for_all = matter.roles & {Role.CHAIR, Role.DEPUTY, Role.AUTHORITY}
    if not speaks_for_all and matter.event.unit != data.unit:
        facts = {"required": [f"{Role.MEMBER} {data.unit}"], "held": sorted(matter.roles)}
        return Refused(Code.ROLE_REQUIRED, facts)
    if fault := member_fault(matter, data.unit):
        return fault
    if (data.unit, data.title) in matter.decisions.state_titles:
        return Refused(Code.ALREADY_DONE, {"what": f"state title {data.title} {data.unit}"})
    return _exclusion(matter, data.unit, title, matter.decisions.held(data.unit)) or Recorded()


def judge_award_decided(data: b.AwardDecided, matter: Matter) -> Judgement:
    """
    A title for a unit that the cluster proposed for some title, with its ground and the right sum.

    It need not be the title proposed; the council must have agreed to the one that is conferred.
    """
    title = title_of(matter, data.award)
    if isinstance(title, Refused):
        return title
    award = (data.unit, data.award)
    if award in matter.decisions.awards:
        return Refused(Code.ALREADY_DONE, {"what": f"{data.award} {data.unit}"})
    return (
        day_fault(matter, data.decided_on)
        or _ground(matter, award, data.decided_on)
        or _exclusion(matter, data.unit, title, matter.decisions.held(data.unit))
        or _quota(matter, title)
        or _sum(matter, title, data.decided_on, data.reward)
        or Recorded()
    )


def judge_award_refused(data: b.AwardRefused, matter: Matter) -> Judgement:
    """The authority does not follow a proposal; an award already conferred is revoked instead."""
    case = (data.unit, data.title)
    if case not in matter.proposals:
        return unfounded(data.unit, data.title, "proposal-recorded")
    if case in matter.decisions.awards:
        facts = {"state": "award-decided", "needed": "award-revoked"}
        return Refused(Code.STATE_FORBIDS, facts)
    if case in matter.decisions.refused:
        return Refused(Code.ALREADY_DONE, {"what": f"award-refused {data.title} {data.unit}"})
    return Recorded()


def judge_award_revoked(data: b.AwardRevoked, matter: Matter) -> Judgement:
    """An award in force is taken back, years later too (NĐ 91/2017 Art 78)."""
    return _later_decision(matter, (data.unit, data.award), data.decided_on) or Recorded()


def judge_award_downgraded(data: b.AwardDowngraded, matter: Matter) -> Judgement:
    """An award in force is replaced by a lesser one, with its sum on the day of this decision."""
    if fault := _later_decision(matter, (data.unit, data.award), data.decided_on):
        return fault
    title, lesser = title_of(matter, data.award), title_of(matter, data.to)
    if isinstance(title, Refused):
        return title
    if isinstance(lesser, Refused):
        return lesser
    if (data.unit, data.to) in matter.decisions.awards:
        return Refused(Code.ALREADY_DONE, {"what": f"{data.to} {data.unit}"})
    if lesser.multiple * lesser.factor >= title.multiple * title.factor:
        return Refused(Code.STATE_FORBIDS, {"state": data.award, "needed": "a lesser title"})
    kept = tuple(held for held in matter.decisions.held(data.unit) if held != data.award)
    return (
        _exclusion(matter, data.unit, lesser, kept)
        or _quota(matter, lesser)
        or _sum(matter, lesser, data.decided_on, data.reward)
        or Recorded()
    )


def judge_result_notified(data: b.ResultNotified, matter: Matter) -> Judgement:
    """The units are told what was decided about them."""
    for unit in data.units:
        if unit not in matter.decisions.decided:
            return unfounded(unit, "", "award-decided")
    return day_fault(matter, data.notified_on) or Recorded()


def _ground(matter: Matter, award: UnitTitle, decided_on: date) -> Refused | None:
    """What is missing of proposal, qualified dossier and the council's vote, or a vote after it."""
    unit, title = award
    missing = []
    if all(code != unit for code, _ in matter.proposals):
        missing.append("proposal-recorded")
    dossier = matter.decisions.dossiers.get(unit)
    if dossier is None or dossier.result != "qualified":
        missing.append("dossier-appraised: qualified")
    vote, regulation = matter.decisions.council.get(award), matter.regulation
    agreed = vote is not None and regulation is not None and passed(vote, regulation.council)
    if not agreed:
        missing.append("council-voted")
    if missing:
        return unfounded(unit, title, *missing)
    if vote is not None and decided_on < vote.held_on:
        facts = {"given": str(decided_on), "expected": f">= {vote.held_on}"}
        return Refused(Code.DATE_INVALID, facts)
    return None


def _exclusion(matter: Matter, unit: str, title: Title, held: tuple[str, ...]) -> Refused | None:
    """The first title *held* by the unit that *title* excludes or that excludes *title*."""
    for other in held:
        known = matter.titles.get(other)
        if other in title.excludes or (known is not None and title.code in known.excludes):
            facts = {"unit": unit, "title": title.code, "other": other, "holds": other}
            return Refused(Code.EXCLUSIVE_TITLE, facts)
    return None


def _quota(matter: Matter, title: Title) -> Refused | None:
    quota = matter.decisions.quotas.get(title.code, title.quota)
    given = matter.awarded(title.code) + 1
    return None if quota is None or given <= quota else quota_exceeded(title.code, quota, given)


def _sum(matter: Matter, title: Title, decided_on: date, given: int) -> Refused | None:
    salary, regulation = matter.registry.salary(decided_on), matter.regulation
    if salary is None or regulation is None:
        facts = {"what": "base salary", "given": str(decided_on)}
        return Refused(Code.REFERENCE_UNKNOWN, facts)
    expected = reward(title, salary, regulation.reward_step)
    if given == expected:
        return None
    return Refused(Code.REWARD_MISMATCH, {"expected": expected, "given": given})


def _later_decision(matter: Matter, award: UnitTitle, decided_on: date) -> Refused | None:
    """The refusal of a correction of what is not in force, or of a day before the award's own."""
    awarded_on = matter.decisions.awards.get(award)
    if awarded_on is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "award", "given": f"{award[1]} {award[0]}"})
    if decided_on < awarded_on:
        facts = {"given": str(decided_on), "expected": f">= {awarded_on}"}
        return Refused(Code.DATE_INVALID, facts)
    return day_fault(matter, decided_on)
