"""Why a secret ballot came out as it did: its set-up, who voted, who opened the sum, and what the sum says of each nominee."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.auditing.chain import Words
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.voting.setup import answers_of

if TYPE_CHECKING:
    from services.auditing.chain import Chain
    from services.auditing.facts import Facts, Told


def explain_sealed(facts: Facts, chain: Chain, ballot: str, tally: Told[b.TallyPublished]) -> None:
    """Add what a secret ballot's figures rest on; its proofs are checked by ``thidua verify`` (V16)."""
    draft = facts.last(s.ElectionDrafted, lambda data: data.ballot == ballot)
    fixed = facts.last(s.ElectionFixed, lambda data: data.ballot == ballot)
    opened = facts.last(s.ElectionOpened, lambda data: data.ballot == ballot)
    added = facts.last(s.TallyEncrypted, lambda data: data.ballot == ballot)
    result = facts.last(s.ResultPublished, lambda data: data.ballot == ballot)
    chain.need(fixed, "nội dung phiếu được chốt, có dấu vân", "the election fixed, by fingerprint")
    chain.need(opened, "hòm phiếu mở cho thẻ đã đăng ký", "the box opened for credentials")
    voters = voters_of(facts, chain, ballot)
    chain.need(added, "tổng đã mã hóa", "the encrypted sum")
    for told in facts.all(s.PartiallyDecrypted, lambda data: data.ballot == ballot):
        owner = told.data.owner
        chain.add(told, f"khóa số {owner} giải mã một phần", f"key {owner} took its part")
    if not chain.need(result, "các tổng đã mở", "the sums opened"):
        return
    if draft is None:
        chain.finding(None, "thiếu: chuẩn bị phiếu kín", "missing: the draft")
        return
    counted = Words("số phiếu được cộng", "votes added up")
    chain.equal(result, counted, len(voters), result.data.counted)
    computed = answers_of(
        draft.data.form, draft.data.nominees, result.data.result, result.data.counted
    )
    recorded = {unit: (of.yes, of.no, of.none) for unit, of in tally.data.marks.items()}
    words = Words("phiếu từng đơn vị (tán thành, không, không ý kiến)", "votes (yes, no, none)")
    chain.equal(tally, words, computed, recorded)


def voters_of(facts: Facts, chain: Chain, ballot: str) -> set[str]:
    """Who voted in secret, each vote named by its tracker."""
    voters: set[str] = set()
    for told in facts.all(s.SecretVoteCast, lambda data: data.ballot == ballot):
        unit, tracker = told.event.unit or "", told.data.tracker
        chain.add(told, f"{unit} bỏ phiếu kín, mã {tracker}", f"{unit} voted, tracker {tracker}")
        voters.add(unit)
    return voters
