"""Why a pledge is concluded, and what a unit is: text, signatures, names, memberships and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.auditing.chain import Chain, Words, cause_of
from thidua.contracts import pledges as p
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.auditing.facts import Facts


def explain_pledge(facts: Facts, chain: Chain) -> None:
    """Add the chain of a cycle's pledge: draft, opening, every answer, conclusion, sending, revisions."""
    opened = facts.last(p.PledgeOpened)
    if not chain.need(opened, "mở ký giao ước", "the pledge was opened"):
        return
    cause_of(chain, opened, facts.by_hash(opened.event.cause))
    draft = facts.before(opened.position).by_hash(opened.data.draft)
    chain.need(draft, "dự thảo được mở ký, theo dấu vân", "the draft that was opened, by its hash")
    signed = facts.all(p.PledgeSigned, lambda data: data.version == opened.data.version)
    declined = facts.all(p.PledgeDeclined, lambda data: data.version == opened.data.version)
    for told in signed:
        chain.add(told, f"chữ ký của {told.data.unit}", f"signature of {told.data.unit}")
    for refusal in declined:
        unit = refusal.data.unit
        chain.add(refusal, f"{unit} không ký", f"{unit} declined")
    concluded = facts.last(p.PledgeConcluded, lambda data: data.version == opened.data.version)
    if concluded is None:
        count = f"{len(signed)}/{len(opened.data.members)}"
        chain.conclusion = Words(f"chưa ký kết xong, mới {count}", f"not concluded, {count} signed")
        return
    chain.add(concluded, "giao ước được ký kết", "the pledge was concluded")
    cause_of(chain, concluded, facts.by_hash(concluded.event.cause))
    before = [told for told in signed if told.position < concluded.position]
    for words, computed, recorded in (
        (Words("đã ký", "signed"), {one.data.unit for one in before}, set(concluded.data.signed)),
        (
            Words("không ký", "declined"),
            {one.data.unit for one in declined},
            set(concluded.data.declined),
        ),
    ):
        chain.equal(concluded, words, computed, recorded)
    strangers = set(concluded.data.signed) - set(opened.data.members)
    if strangers:
        listed = ", ".join(sorted(strangers))
        chain.finding(
            concluded, f"người ký ngoài danh sách: {listed}", f"not on the roll: {listed}"
        )
    for sent in facts.all(p.PledgeSent):
        chain.add(sent, "gửi cơ quan tổ chức", "sent to the authority")
    for revised in facts.all(p.TargetRevised):
        chain.add(revised, "điều chỉnh chỉ tiêu", "a target was revised")
    count = f"{len(concluded.data.signed)}/{len(opened.data.members)}"
    chain.conclusion = Words(f"ký kết: {count} chữ ký", f"concluded: {count} signatures")


def explain_unit(facts: Facts, chain: Chain, unit: str) -> None:
    """Add what the registry says of a unit: registration, names, mergers, memberships, keys."""
    registered = facts.last(u.UnitRegistered, lambda data: data.unit == unit)
    if registered is None:
        chain.finding(None, f"không có đơn vị {unit}", f"there is no unit {unit}")
        return
    kinds: tuple[tuple[type[Any], str, str], ...] = (
        (u.UnitRegistered, "đăng ký đơn vị", "registered"),
        (u.UnitRenamed, "đổi tên", "renamed"),
        (u.UnitMerged, "sáp nhập", "merged"),
        (u.UnitSplit, "chia, tách", "split"),
        (u.UnitDissolved, "giải thể", "dissolved"),
        (u.MembershipStarted, "vào cụm", "membership"),
        (u.MembershipEnded, "rời cụm", "membership ended"),
        (u.KeyRegistered, "khóa ký", "key"),
        (u.DelegateAppointed, "người đại diện", "delegate"),
    )
    for kind, vi, en in kinds:
        for told in facts.all(kind, lambda data: _names(data, unit)):
            chain.add(told, vi, en)
    words = facts.all(u.MembershipStarted, lambda data: data.unit == unit)
    clusters = ", ".join(sorted({told.data.cluster for told in words})) or "–"
    chain.conclusion = Words(f"{unit}: cụm {clusters}", f"{unit}: cluster {clusters}")


def _names(data: Any, unit: str) -> bool:
    """Whether an event of the registry speaks of a unit, by whichever member."""
    told = data.model_dump(mode="json")
    members = (
        told.get("unit"),
        told.get("owner"),
        told.get("into"),
        told.get("units"),
        told.get("receiving"),
    )
    listed = [
        one for member in members for one in (member if isinstance(member, list) else [member])
    ]
    return unit in listed or f"/units/{unit}" in listed
