"""The authority's council (*Hội đồng Thi đua - Khen thưởng*): quotas and its votes."""

from __future__ import annotations

from services.ballots.domain.decisions import CouncilVote
from services.ballots.domain.matter import Matter, day_fault, title_of, unfounded
from thidua.contracts import ballots as b
from thidua.contracts.rulebook import Council
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code


def passed(vote: CouncilVote, council: Council) -> bool:
    """
    Whether the council agreed: its threshold is a share of all its members, present or not.

    Votes that stand exactly at the share without exceeding it are a tie, which the chair decides
    where the regulation lets the chair (TT 07/2019 Art 26(4)).
    """
    share = council.threshold
    if share.reached(vote.votes, council.members):
        return True
    tie = vote.votes * share.den == share.num * council.members
    return tie and council.tie == "chair-decides" and vote.chair_agrees


def judge_quota_set(data: b.QuotaSet, matter: Matter) -> Judgement:
    """The authority's guidance for a title of the year; never below what it has already awarded."""
    title = title_of(matter, data.title)
    if isinstance(title, Refused):
        return title
    awarded = matter.awarded(data.title)
    if awarded > data.quota:
        return quota_exceeded(data.title, data.quota, awarded)
    return Recorded()


def quota_exceeded(title: str, quota: int, given: int) -> Refused:
    """More awards of a title than the quota allows."""
    facts = {"title": title, "quota": quota, "max": quota, "given": given}
    return Refused(Code.QUOTA_EXCEEDED, facts)


def judge_council_voted(data: b.CouncilVoted, matter: Matter) -> Judgement:
    """A vote of a quorate council on units with qualified dossiers; it may be taken again."""
    title = title_of(matter, data.title)
    if isinstance(title, Refused):
        return title
    if fault := day_fault(matter, data.held_on):
        return fault
    council = matter.regulation.council if matter.regulation is not None else None
    if council is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "regulation", "given": matter.frame.year})
    return _count_fault(data, council) or _dossiers_fault(data, matter) or Recorded()


def _count_fault(data: b.CouncilVoted, council: Council) -> Refused | None:
    if data.present > council.members:
        return _arithmetic("present", "present <= members", council.members, data.present)
    if not council.quorum.reached(data.present, council.members):
        needed = council.quorum.needed(council.members)
        return Refused(Code.NO_QUORUM, {"present": data.present, "needed": needed})
    for unit, votes in sorted(data.votes.items()):
        if votes > data.present:
            return _arithmetic("votes", f"{unit}: votes <= present", data.present, votes)
    strangers = sorted(set(data.chair_agrees) - set(data.votes))
    if strangers:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "unit of the vote", "given": strangers[0]})
    return None


def _arithmetic(rule: str, detail: str, expected: int, given: int) -> Refused:
    facts = {"rule": rule, "detail": detail, "expected": expected, "given": given}
    return Refused(Code.COUNT_ARITHMETIC, facts)


def _dossiers_fault(data: b.CouncilVoted, matter: Matter) -> Refused | None:
    for unit in sorted(data.votes):
        dossier = matter.decisions.dossiers.get(unit)
        if dossier is None or dossier.result != "qualified":
            return unfounded(unit, data.title, "dossier-appraised: qualified")
    return None
