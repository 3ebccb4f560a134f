"""Why a ballot came out as it did: opening, roll, votes or counts, tally and threshold, added up again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from services.auditing.chain import Chain, Words, cause_of
from services.auditing.secret import explain_sealed, voters_of
from thidua.contracts import ballots as b
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.auditing.facts import Facts, Told

_OFFICES: Final = ("chair", "deputy")
_WORDS: Final = {
    "members": ("tổng số thành viên", "all members"),
    "present": ("số thành viên tham gia", "members taking part"),
    "valid": ("số phiếu hợp lệ", "valid ballots"),
}


def explain_ballot(facts: Facts, chain: Chain, ballot: str) -> Told[b.OutcomeDecided] | None:
    """Add the chain of a ballot; its outcome, ``None`` when there is none."""
    opened = facts.last(b.BallotOpened, lambda data: data.ballot == ballot)
    if not chain.need(opened, f"mở phiếu {ballot}", f"opening of ballot {ballot}"):
        return None
    roll = facts.last(b.RollFrozen, lambda data: data.ballot == ballot)
    chain.need(roll, "danh sách được biểu quyết, chốt khi mở", "the roll, frozen at opening")
    if opened.data.conference is not None:
        _conference(facts.before(opened.position), chain, opened.data.conference)
    void = facts.last(b.BallotVoided, lambda data: data.ballot == ballot)
    closed = facts.last(b.BallotClosed, lambda data: data.ballot == ballot)
    if closed is None:
        if void is not None:
            chain.add(void, "phiếu bị hủy trước khi đóng", "the ballot was voided before closing")
        else:
            chain.finding(opened, "phiếu chưa đóng, chưa có kết quả", "still open, no outcome yet")
        return None
    chain.add(
        closed, "đóng phiếu: sau đây không phiếu nào được tính", "closed: nothing counts after"
    )
    cause_of(chain, closed, facts.by_hash(closed.event.cause))
    tally = facts.last(b.TallyPublished, lambda data: data.ballot == ballot)
    if tally is None and opened.data.mode == "secret" and void is not None:
        chain.add(void, "phiếu kín bị hủy, không mở phiếu nào", "void: not one vote was opened")
        return None
    if not chain.need(tally, "số liệu kiểm phiếu", "the tally"):
        return None
    if opened.data.mode == "secret":
        explain_sealed(facts, chain, ballot, tally)
    else:
        _tally(facts.before(closed.position), chain, opened.data, tally)
    if void is not None:
        chain.add(void, "phiếu bị hủy: không có kết quả", "the ballot is void: no outcome")
        return None
    outcome = facts.last(b.OutcomeDecided, lambda data: data.ballot == ballot)
    if not chain.need(outcome, "kết quả", "the outcome"):
        return None
    _outcome(facts, chain, outcome, tally, roll)
    return outcome


def _conference(earlier: Facts, chain: Chain, conference: str) -> None:
    opened = earlier.last(b.ConferenceOpened, lambda data: data.conference == conference)
    chain.need(opened, "khai mạc hội nghị", "the conference was opened")
    there = earlier.last(b.AttendanceRecorded, lambda data: data.conference == conference)
    if there is not None:
        chain.add(there, "ai có mặt", "who was there")


def _tally(
    earlier: Facts, chain: Chain, opened: b.BallotOpened, tally: Told[b.TallyPublished]
) -> None:
    written = _written(earlier, chain, opened)
    if opened.mode == "paper":
        slips: dict[str, b.Answers] | None = _counted(earlier, chain, opened.ballot)
    else:
        slips, written = {}, {**_cast(earlier, chain, opened.ballot), **written}
    if slips is None:
        return
    marks = {}
    for unit in opened.nominees:
        given = Counter(one.get(unit, "none") for one in written.values())
        box = slips.get(unit, b.Answers(yes=0))
        marks[unit] = (box.yes + given["yes"], box.no + given["no"], box.none + given["none"])
    recorded = {unit: (of.yes, of.no, of.none) for unit, of in tally.data.marks.items()}
    chain.equal(
        tally,
        Words("phiếu từng đơn vị (tán thành, không, không ý kiến)", "votes (yes, no, none)"),
        marks,
        recorded,
    )


def _written(earlier: Facts, chain: Chain, opened: b.BallotOpened) -> dict[str, b.Marks]:
    """The written opinions that were in before the box was opened."""
    box = earlier.last(b.BoxOpened, lambda data: data.ballot == opened.ballot)
    in_time = earlier if box is None else earlier.before(box.position)
    rules = earlier.last(u.RulebookAdopted)
    if rules is None or not rules.data.voting.written_opinions:
        return {}
    opinions: dict[str, b.Marks] = {}
    for told in in_time.all(b.WrittenOpinionReceived, lambda data: data.ballot == opened.ballot):
        chain.add(told, f"ý kiến bằng văn bản của {told.data.member}", "a written opinion")
        opinions[told.data.member] = told.data.marks
    return opinions


def _cast(earlier: Facts, chain: Chain, ballot: str) -> dict[str, b.Marks]:
    """The votes that count, by unit; which of several does is the question's ``repeat``."""
    rules = earlier.last(u.RulebookAdopted)
    opened = earlier.last(b.BallotOpened, lambda data: data.ballot == ballot)
    questions = rules.data.voting.questions if rules is not None else ()
    about = opened.data.about if opened is not None else ""
    first = any(one.repeat == "first" for one in questions if one.about == about)
    votes: dict[str, b.Marks] = {}
    for told in earlier.told:
        data, unit = told.data, told.event.unit
        if unit is None or getattr(data, "ballot", None) != ballot:
            continue
        if isinstance(data, b.VoteCast | b.VoteCorrected):
            chain.add(told, f"phiếu của {unit}", f"vote of {unit}")
            if isinstance(data, b.VoteCorrected) or unit not in votes or not first:
                votes[unit] = data.marks
    return votes


def _counted(earlier: Facts, chain: Chain, ballot: str) -> dict[str, b.Answers] | None:
    """The figures of the count that the board signed."""
    for kind, vi, en in (
        (b.SlipsIssued, "phát phiếu", "slips handed out"),
        (b.BoxSealed, "niêm hòm phiếu", "the box was sealed"),
        (b.BoxOpened, "mở hòm phiếu", "the box was opened"),
    ):
        if (step := _of_box(earlier, kind, ballot)) is not None:
            chain.add(step, vi, en)
    signed = earlier.all(b.CountSigned, lambda data: data.ballot == ballot)
    if not signed:
        chain.finding(None, "thiếu: chữ ký của ban kiểm phiếu", "missing: signatures of the board")
        return None
    number = signed[-1].data.count
    for signature in signed:
        chain.add(signature, "chữ ký ban kiểm phiếu", "signature of the board")
    counts = earlier.all(b.CountRecorded, lambda data: data.ballot == ballot)
    for one in counts:
        chain.add(one, f"lần kiểm {one.data.count}", f"count {one.data.count}")
    found = [one for one in counts if one.data.count == number]
    if not found:
        chain.finding(signed[-1], "thiếu: lần kiểm được ký", "missing: the count that was signed")
        return None
    data = found[-1].data
    chain.equal(
        found[-1],
        Words("thu về = hợp lệ + không hợp lệ", "returned = valid + invalid"),
        data.valid + sum(data.invalid.values()),
        data.returned,
    )
    return dict(data.marks)


def _of_box(
    earlier: Facts, kind: type[b.SlipsIssued | b.BoxSealed | b.BoxOpened], ballot: str
) -> Told[Any] | None:
    return earlier.last(kind, lambda data: data.ballot == ballot)


def _present(facts: Facts, opened: b.BallotOpened, roll: b.RollFrozen, chain: Chain) -> int:
    """Who could vote: those there, and those who voted, got a slip or wrote."""
    members = set(roll.roll)
    if opened.conference is None:
        return len(members)
    there = facts.last(b.AttendanceRecorded, lambda data: data.conference == opened.conference)
    listed = {*there.data.present, *there.data.remote} if there is not None else set()
    slips = facts.last(b.SlipsIssued, lambda data: data.ballot == opened.ballot)
    voted = {*_cast(facts, chain, opened.ballot), *_written(facts, chain, opened)}
    voted |= voters_of(facts, chain, opened.ballot)
    return len((members & listed) | voted | set(slips.data.issued_to if slips else ()))


def _outcome(
    facts: Facts,
    chain: Chain,
    outcome: Told[b.OutcomeDecided],
    tally: Told[b.TallyPublished],
    roll: Told[b.RollFrozen] | None,
) -> None:
    data = outcome.data
    chain.add(outcome, "kết quả theo quy tắc đã chốt", "the outcome under the frozen rules")
    cause_of(chain, outcome, facts.by_hash(outcome.event.cause))
    rules = facts.last(u.RulebookAdopted, lambda one: one.version == data.rulebook)
    if chain.need(rules, f"quy chế bản {data.rulebook}", f"rulebook version {data.rulebook}"):
        asked = [one for one in rules.data.voting.questions if one.about == data.about]
        if asked:
            rule = Words("ngưỡng theo quy chế", "the rulebook's threshold")
            chain.equal(outcome, rule, asked[0].threshold, data.share)
    votes = {unit: of.yes for unit, of in tally.data.marks.items()}
    chain.equal(outcome, Words("phiếu tán thành", "yes votes"), votes, dict(data.votes))
    if roll is not None:
        members = Words("số được biểu quyết", "on the roll")
        chain.equal(outcome, members, len(roll.data.roll), data.members)
        chain.equal(outcome, Words("túc số", "quorum"), roll.data.quorum, data.quorum)
        closed = facts.before(tally.position)
        opened = closed.last(b.BallotOpened, lambda one: one.ballot == data.ballot)
        present = _present(closed, opened.data, roll.data, chain) if opened is not None else 0
        bases = {"members": len(roll.data.roll), "valid": tally.data.valid, "present": present}
        chain.equal(outcome, Words("cơ số", "base"), bases[data.base_of], data.base)
    vi, en = _WORDS[data.base_of]
    compared = ">" if data.share.op == "more-than" else "≥"
    fraction = f"{data.share.num}/{data.share.den}"
    chain.equal(
        outcome,
        Words(
            f"cần số phiếu {compared} {fraction} × {data.base} ({vi})",
            f"needed: votes {compared} {fraction} × {data.base} ({en})",
        ),
        data.share.needed(data.base),
        data.needed,
    )
    if data.participants < data.quorum:
        chain.finding(outcome, "không đủ túc số mà vẫn có kết quả", "an outcome without a quorum")
    _passed(facts, chain, outcome, votes)
    listed = ", ".join(data.passed) or "–"
    chain.figure(
        outcome,
        f"được chọn: {listed}; số chỗ {data.places}; tham gia {data.participants}, túc số {data.quorum}",
        f"passed: {listed}; places {data.places}; taking part {data.participants}, quorum {data.quorum}",
    )


def _passed(
    facts: Facts, chain: Chain, outcome: Told[b.OutcomeDecided], votes: dict[str, int]
) -> None:
    """Who reached the threshold, and that the highest of them were chosen, as many as there are places."""
    data = outcome.data
    reached = {unit for unit, number in votes.items() if number >= data.needed}
    if _is_tie_round(facts, data.ballot):
        reached = set(votes)
    recorded = set(data.reached)
    # Whoever came into the other office meanwhile drops out of an election.
    if data.about in _OFFICES:
        reached &= recorded
    chain.equal(outcome, Words("đạt ngưỡng", "reached the threshold"), reached, recorded)
    left = [votes[unit] for unit in reached - set(data.passed)]
    chosen = [votes.get(unit, 0) for unit in data.passed]
    if not set(data.passed) <= reached or (left and chosen and max(left) > min(chosen)):
        chain.finding(outcome, "được chọn không theo số phiếu", "not the highest were chosen")
    if data.next == "done":
        count = Words("số được chọn", "how many passed")
        chain.equal(outcome, count, min(len(reached), data.places), len(data.passed))


def _is_tie_round(facts: Facts, ballot: str) -> bool:
    """Whether the ballot decides among those who were equal before: then the highest need no threshold."""
    opened = facts.last(b.BallotOpened, lambda data: data.ballot == ballot)
    previous = opened.data.previous if opened is not None else None
    ordered = facts.last(b.RevoteOrdered, lambda data: data.ballot == previous)
    return ordered is not None and ordered.data.reason == "tie"
