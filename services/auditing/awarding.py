"""Why a unit has a title: eligibility, ballot, proposal, dossier, council, decision, and the sum worked out again."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from services.auditing.balloting import explain_ballot
from services.auditing.chain import Chain, Words, cause_of
from services.auditing.scoring import explain_ranking
from services.reporting.web.words import WORDS
from thidua.contracts import ballots as b
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.auditing.facts import Facts, Told


def explain_award(facts: Facts, chain: Chain, unit: str, title: str) -> None:
    """Add the chain of an award, or of its refusal; a proposal without a decision is said to be one."""
    proposal = facts.last(b.ProposalRecorded, lambda data: (data.unit, data.title) == (unit, title))
    decision = _decision(facts, unit, title)
    if proposal is None and decision is None:
        chain.finding(None, f"{unit} không được đề nghị {title}", f"{unit} was not proposed for it")
        return
    if proposal is not None:
        _proposed(facts, chain, proposal)
    _dossier(facts, chain, unit, needed=decision is not None)
    if decision is None:
        words = Words("mới là đề nghị, cấp có thẩm quyền chưa quyết định", "proposed, not decided")
        chain.conclusion = Words(f"{unit}, {title}: {words.vi}", f"{unit}, {title}: {words.en}")
        return
    council = facts.before(decision.position).last(
        b.CouncilVoted, lambda data: data.title == title and unit in data.votes
    )
    if council is not None:
        chain.add(council, "Hội đồng biểu quyết", "the council voted")
        _council(facts, chain, council, unit)
    chain.add(decision, "quyết định của cấp có thẩm quyền", "the authority's decision")
    if isinstance(decision.data, b.AwardDecided):
        if council is None:
            chain.finding(decision, "thiếu: biểu quyết của Hội đồng", "missing: the council's vote")
        _reward(facts, chain, decision, title)
    chain.concluded_by = decision.position


def explain_eligibility(facts: Facts, chain: Chain, unit: str, title: str) -> None:
    """Add the newest determination about a unit and a title, each rule with the event it rests on."""
    told = facts.last(b.EligibilityDetermined)
    if not chain.need(told, "xác định điều kiện xét", "the determination of eligibility"):
        return
    cause_of(chain, told, facts.by_hash(told.event.cause))
    row = next((one for one in told.data.rows if (one.unit, one.title) == (unit, title)), None)
    if row is None:
        chain.finding(
            told, f"không xét {unit} cho {title}", f"{unit} was not looked at for {title}"
        )
        return
    for finding in row.findings:
        rule = WORDS["rule"].get(finding.rule, (finding.rule, finding.rule))
        holds = ("✓", "holds") if finding.holds else ("✗", "does not hold")
        chain.figure(told, f"{holds[0]} {rule[0]}: {finding.fact}", f"{rule[1]}: {holds[1]}")
        if finding.event is not None:
            ground = facts.before(told.position).by_hash(finding.event)
            chain.need(
                ground,
                f"căn cứ của điều kiện “{rule[0]}”",
                f"ground of the rule “{rule[1]}”",
            )
    every = all(one.holds for one in row.findings)
    chain.equal(told, Words("đủ điều kiện", "eligible"), every, row.eligible)


def _proposed(facts: Facts, chain: Chain, proposal: Told[b.ProposalRecorded]) -> None:
    data, earlier = proposal.data, facts.before(proposal.position)
    chain.add(proposal, "cụm đề nghị", "the cluster proposes")
    cause_of(chain, proposal, facts.by_hash(proposal.event.cause))
    explain_eligibility(earlier, chain, data.unit, data.title)
    explain_ranking(earlier, chain, unit=data.unit)
    outcome = explain_ballot(earlier, chain, data.ballot)
    if outcome is not None:
        votes = outcome.data.votes.get(data.unit)
        chain.equal(proposal, Words("số phiếu", "votes"), votes, data.votes)
        if data.unit not in outcome.data.passed:
            chain.finding(proposal, "đề nghị đơn vị không được chọn", "proposed though not passed")


def _decision(facts: Facts, unit: str, title: str) -> Told[Any] | None:
    decided: list[Told[Any]] = [
        *facts.all(b.AwardDecided, lambda data: (data.unit, data.award) == (unit, title)),
        *facts.all(b.AwardRefused, lambda data: (data.unit, data.title) == (unit, title)),
        *facts.all(b.AwardRevoked, lambda data: (data.unit, data.award) == (unit, title)),
        *facts.all(b.AwardDowngraded, lambda data: (data.unit, data.award) == (unit, title)),
    ]
    return max(decided, key=lambda told: told.position, default=None)


def _dossier(facts: Facts, chain: Chain, unit: str, *, needed: bool) -> None:
    steps: tuple[tuple[type[Any], str, str], ...] = (
        (b.DossierSubmitted, "gửi hồ sơ", "dossier sent"),
        (b.DossierReceived, "nhận hồ sơ, dấu bưu điện", "dossier received, postmark"),
        (b.DossierReturned, "trả hồ sơ để bổ sung", "dossier returned"),
        (b.DossierCompleted, "bổ sung hồ sơ", "dossier completed"),
        (b.DossierAppraised, "thẩm định hồ sơ", "dossier appraised"),
    )
    for kind, vi, en in steps:
        for told in facts.all(kind, lambda data: data.unit == unit):
            chain.add(told, f"{vi}: {unit}", f"{en}: {unit}")
    if needed and facts.last(b.DossierSubmitted, lambda data: data.unit == unit) is None:
        chain.finding(None, f"thiếu: hồ sơ của {unit}", f"missing: the dossier of {unit}")


def _council(facts: Facts, chain: Chain, told: Told[b.CouncilVoted], unit: str) -> None:
    rules = _regulation(facts)
    if not chain.need(rules, "quy định của năm", "the year's regulation"):
        return
    council, votes = rules.data.council, told.data.votes[unit]
    needed = council.threshold.needed(council.members)
    quorate = council.quorum.reached(told.data.present, council.members)
    chain.figure(
        told,
        f"{votes} phiếu, cần {needed} của {council.members}; có mặt {told.data.present}",
        f"{votes} votes, needed {needed} of {council.members}; present {told.data.present}",
    )
    if not quorate:
        chain.finding(told, "Hội đồng không đủ túc số", "the council had no quorum")


def _reward(facts: Facts, chain: Chain, decision: Told[Any], title: str) -> None:
    rules = _regulation(facts)
    day = decision.data.decided_on
    salary = facts.before(decision.position).all(
        u.BaseSalarySet, lambda data: data.valid_from <= day
    )
    if not chain.need(rules, "quy định của năm", "the year's regulation"):
        return
    newest = max(salary, key=lambda told: told.data.valid_from, default=None)
    if not chain.need(newest, "mức lương cơ sở", "the base salary"):
        return
    known = next((one for one in rules.data.titles if one.code == title), None)
    if known is None:
        chain.finding(rules, f"quy định không có {title}", f"the regulation has no {title}")
        return
    exact = Fraction(known.multiple) * newest.data.amount * known.factor
    step = rules.data.reward_step
    chain.equal(
        decision,
        Words(
            f"tiền thưởng: {known.multiple} × {newest.data.amount} × {known.factor}, tròn lên {step}",
            f"reward: {known.multiple} × {newest.data.amount} × {known.factor}, up to {step}",
        ),
        ceil(exact / step) * step,
        decision.data.reward,
    )


def _regulation(facts: Facts) -> Told[u.RegulationIssued] | None:
    year = int(facts.cycle.rpartition("/")[2])
    return facts.last(u.RegulationIssued, lambda data: data.year == year)
