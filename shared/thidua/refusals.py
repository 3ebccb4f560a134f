"""
The refusal catalogue: every reason for which an event is not accepted, in Vietnamese and English.

Codes are permanent on the wire. What a judge says is a code and facts; the words are made here,
at the border, so that a better wording never changes a log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from thidua.fact_words import Said, said
from thidua.form_words import faults_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Stage(StrEnum):
    """How far an event came before it was refused, and so what the log keeps of it."""

    ANSWERED = "answered"
    """Answered only: the event stays out of the log and does not use its ``seq``."""
    FILE = "file"
    """Answered about a file of evidence; there is no event."""
    FORM = "form"
    """Stands in the log as said (hash and fault paths, never values)."""
    RULE = "rule"
    """Stands in the log with its signed bytes and the reason."""


class Code(StrEnum):
    """Name of a refusal; permanent once published."""

    JWS_MALFORMED = "JWS_MALFORMED"
    TOO_LARGE = "TOO_LARGE"
    JSON_INVALID = "JSON_INVALID"
    DUPLICATE_MEMBER = "DUPLICATE_MEMBER"
    NESTING_TOO_DEEP = "NESTING_TOO_DEEP"
    HEADER_INVALID = "HEADER_INVALID"
    CLIENT_UNPROVEN = "CLIENT_UNPROVEN"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_EXPIRED = "KEY_EXPIRED"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    AUDIENCE_WRONG = "AUDIENCE_WRONG"
    SOURCE_WRONG = "SOURCE_WRONG"
    TYPE_UNKNOWN_SERVICE = "TYPE_UNKNOWN_SERVICE"
    ENVELOPE_INVALID = "ENVELOPE_INVALID"
    CHAIN_EXPECTED = "CHAIN_EXPECTED"
    CHAIN_FORK = "CHAIN_FORK"
    CLOCK_BACKWARD = "CLOCK_BACKWARD"
    BUSY = "BUSY"
    RATE_LIMITED = "RATE_LIMITED"
    GATE_CLOSED = "GATE_CLOSED"
    NOT_FOUND = "NOT_FOUND"
    METHOD_UNKNOWN = "METHOD_UNKNOWN"
    RECEIPT_UNKNOWN = "RECEIPT_UNKNOWN"
    RECEIPT_UNSIGNED = "RECEIPT_UNSIGNED"
    REQUEST_INVALID = "REQUEST_INVALID"
    REQUEST_TOO_SLOW = "REQUEST_TOO_SLOW"

    UPLOAD_INVALID = "UPLOAD_INVALID"
    STATEMENT_EXPIRED = "STATEMENT_EXPIRED"
    UPLOAD_FORBIDDEN = "UPLOAD_FORBIDDEN"
    EVIDENCE_FORBIDDEN = "EVIDENCE_FORBIDDEN"
    UPLOAD_OFFSET = "UPLOAD_OFFSET"
    UPLOAD_CHECKSUM = "UPLOAD_CHECKSUM"
    UPLOAD_BUSY = "UPLOAD_BUSY"
    EVIDENCE_TOO_LARGE = "EVIDENCE_TOO_LARGE"
    EVIDENCE_QUOTA = "EVIDENCE_QUOTA"
    EVIDENCE_TYPE = "EVIDENCE_TYPE"
    EVIDENCE_HASH_MISMATCH = "EVIDENCE_HASH_MISMATCH"
    EVIDENCE_INFECTED = "EVIDENCE_INFECTED"
    EVIDENCE_STORE_FULL = "EVIDENCE_STORE_FULL"

    SCHEMA_INVALID = "SCHEMA_INVALID"
    TYPE_UNKNOWN = "TYPE_UNKNOWN"
    TEXT_NOT_NFC = "TEXT_NOT_NFC"
    VOTE_IN_PLAIN = "VOTE_IN_PLAIN"

    DUPLICATE_ID = "DUPLICATE_ID"
    ROLE_REQUIRED = "ROLE_REQUIRED"
    UNIT_UNKNOWN = "UNIT_UNKNOWN"
    UNIT_MERGED = "UNIT_MERGED"
    NOT_MEMBER = "NOT_MEMBER"
    CYCLE_UNKNOWN = "CYCLE_UNKNOWN"
    CYCLE_CLOSED = "CYCLE_CLOSED"
    DEADLINE_PASSED = "DEADLINE_PASSED"
    TOO_EARLY = "TOO_EARLY"
    STATE_FORBIDS = "STATE_FORBIDS"
    REASON_REQUIRED = "REASON_REQUIRED"
    ALREADY_DONE = "ALREADY_DONE"
    REFERENCE_UNKNOWN = "REFERENCE_UNKNOWN"
    DATE_INVALID = "DATE_INVALID"
    OVERLAP = "OVERLAP"
    KEY_USED = "KEY_USED"
    KEY_INVALID = "KEY_INVALID"
    POSSESSION_UNPROVEN = "POSSESSION_UNPROVEN"
    RULEBOOK_INVALID = "RULEBOOK_INVALID"
    TABLE_SUM_WRONG = "TABLE_SUM_WRONG"
    NOT_REGISTERED = "NOT_REGISTERED"
    CRITERION_UNKNOWN = "CRITERION_UNKNOWN"
    CRITERION_OUT_OF_RANGE = "CRITERION_OUT_OF_RANGE"
    SCORE_STEP_WRONG = "SCORE_STEP_WRONG"
    LADDER_MISMATCH = "LADDER_MISMATCH"
    SCORES_INCOMPLETE = "SCORES_INCOMPLETE"
    SELF_SCORING = "SELF_SCORING"
    TEAM_OVERLAP = "TEAM_OVERLAP"
    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    NO_QUORUM = "NO_QUORUM"
    BALLOT_NOT_OPEN = "BALLOT_NOT_OPEN"
    BALLOT_CLOSED = "BALLOT_CLOSED"
    ALREADY_COUNTED = "ALREADY_COUNTED"
    NOT_ON_ROLL = "NOT_ON_ROLL"
    NOT_A_NOMINEE = "NOT_A_NOMINEE"
    TOO_MANY_CHOICES = "TOO_MANY_CHOICES"
    MODE_WRONG = "MODE_WRONG"
    COUNT_ARITHMETIC = "COUNT_ARITHMETIC"
    BOARD_INVALID = "BOARD_INVALID"
    COUNTS_DIFFER = "COUNTS_DIFFER"
    BALLOT_INVALID = "BALLOT_INVALID"
    BALLOT_TOO_LONG = "BALLOT_TOO_LONG"
    TRUSTEES_INVALID = "TRUSTEES_INVALID"
    RANKING_OUTDATED = "RANKING_OUTDATED"
    MINUTES_INCOMPLETE = "MINUTES_INCOMPLETE"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    EXCLUSIVE_TITLE = "EXCLUSIVE_TITLE"
    REWARD_MISMATCH = "REWARD_MISMATCH"
    DECISION_UNFOUNDED = "DECISION_UNFOUNDED"
    SIGNED_ALREADY = "SIGNED_ALREADY"
    PLEDGE_NOT_OPEN = "PLEDGE_NOT_OPEN"
    PLEDGE_TEXT_DIFFERS = "PLEDGE_TEXT_DIFFERS"
    TARGET_UNKNOWN = "TARGET_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Words:
    """A refusal put into words with its facts filled in."""

    title_vi: str
    title_en: str
    detail_vi: str
    detail_en: str
    fix_vi: str
    fix_en: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    One refusal: its HTTP status, whether the same bytes may succeed later, and its texts.

    ``detail_*`` and ``fix_*`` are templates over ``facts``, the names a judge should give.
    """

    code: Code
    stage: Stage
    status: int
    retryable: bool
    facts: tuple[str, ...]
    title_vi: str
    detail_vi: str
    fix_vi: str
    title_en: str
    detail_en: str
    fix_en: str

    def words(self, facts: Mapping[str, object], called: Callable[[str], str] = str) -> Words:
        """
        The texts with *facts* filled in; a missing fact leaves a dash, nothing ever raises.

        A fact that is no name is put into words (:mod:`thidua.fact_words`). *called* gives what a name
        or a day is called where the texts are read.
        """
        quoted = _quoted(self.detail_vi)
        vi: dict[str, str] = {}
        en: dict[str, str] = {}
        for name in self.facts:
            fact = facts.get(name, facts.get(ELSEWHERE.get(name, "")))
            vi[name], en[name] = _said("" if name in quoted else name, fact, called)
        vi["faults"], en["faults"] = faults_in(facts, lambda fact: _said("", fact, called).vi)
        return Words(
            title_vi=self.title_vi,
            title_en=self.title_en,
            detail_vi=self.detail_vi.format_map(vi),
            detail_en=self.detail_en.format_map(en),
            fix_vi=self.fix_vi.format_map(vi),
            fix_en=self.fix_en.format_map(en),
        )


_LONGEST_FACT: Final = 200
_MISSING: Final = "—"
_NAME: Final = re.compile(r"“\{(\w+)\}”")
ELSEWHERE: Final = {"fault": "needed", "other": "holds"}
"""Facts that some refusals have under another name; what stands in a log keeps its names."""


@lru_cache(maxsize=256)
def _quoted(template: str) -> frozenset[str]:
    """The facts in quotation marks: names and values that stand as they were given."""
    return frozenset(_NAME.findall(template))


def _shown(fact: object) -> str:
    if fact is None:
        return _MISSING
    if isinstance(fact, (list, tuple, set, frozenset)):
        parts = [_shown(part) for part in fact]
        return _cut(", ".join(sorted(parts) if isinstance(fact, (set, frozenset)) else parts))
    return _cut(str(fact))


def _said(name: str, fact: object, called: Callable[[str], str]) -> Said:
    """A fact in words, as a name when *name* is empty."""
    if fact is None:
        return Said(_MISSING, _MISSING)
    if isinstance(fact, (list, tuple, set, frozenset)):
        parts = [_said(name, part, called) for part in fact]
        if isinstance(fact, (set, frozenset)):
            parts.sort()
        if name and not parts:
            return _said(name, "", called)
        vi, en = (", ".join(text) for text in ([p.vi for p in parts], [p.en for p in parts]))
        return Said(_cut(vi), _cut(en))
    text = _cut(str(fact))
    words = said(name, text, called) if name else None
    plain = _cut(called(text)) if isinstance(fact, str) else text
    return words or Said(plain, plain)


def _cut(text: str) -> str:
    # Facts may quote what a stranger sent: no control characters, no endless text.
    clean = "".join(char if char.isprintable() else " " for char in text[: _LONGEST_FACT + 1])
    return clean if len(clean) <= _LONGEST_FACT else f"{clean[: _LONGEST_FACT - 1]}…"


def problem(
    code: Code,
    facts: Mapping[str, object] | None = None,
    *,
    path: str | None = None,
    given: object = None,
    expected: object = None,
    rule: str | None = None,
    event: str | None = None,
) -> dict[str, Any]:
    """
    The RFC 9457 problem document for *code*.

    All members are always present, ``null`` where nothing is known.

    *path* is a JSON pointer into the event, *rule* the article the refusal rests on, *event* the
    event hash. ``facts`` repeats the facts for machines (``expected_seq`` of ``CHAIN_EXPECTED``).
    """
    facts = dict(facts or {})
    refusal = CATALOGUE[code]
    for name, value in (("path", path), ("given", given), ("expected", expected)):
        if value is not None:
            facts.setdefault(name, value)
    words = refusal.words(facts)
    return {
        "type": f"/v1/refusals/{code}",
        "title": words.title_vi,
        "status": refusal.status,
        "detail": words.detail_vi,
        "code": str(code),
        "title_vi": words.title_vi,
        "detail_vi": words.detail_vi,
        "title_en": words.title_en,
        "detail_en": words.detail_en,
        "path": path if path is not None else _text(facts.get("path")),
        "given": _text(given if given is not None else facts.get("given")),
        "expected": _text(expected if expected is not None else facts.get("expected")),
        "fix_vi": words.fix_vi,
        "fix_en": words.fix_en,
        "retryable": refusal.retryable,
        "rule": rule if rule is not None else _text(facts.get("rule")),
        "event": event,
        "facts": {name: _plain(fact) for name, fact in facts.items()},
    }


def _text(fact: object) -> str | None:
    return None if fact is None else _shown(fact)


def _plain(fact: object) -> str | int | bool | list[Any] | None:
    if fact is None or isinstance(fact, (bool, int)):
        return fact
    if isinstance(fact, (list, tuple)):
        return [_plain(part) for part in fact]
    return _shown(fact)


def _refusal(
    code: Code,
    stage: Stage,
    status: int,
    *facts: str,
    vi: tuple[str, str, str],
    en: tuple[str, str, str],
    retry: bool = False,
) -> Refusal:
    return Refusal(code, stage, status, retry, facts, *vi, *en)


_ROWS: Final = (
    # Answered only.
    _refusal(
        Code.JWS_MALFORMED,
        Stage.ANSWERED,
        400,
        "expected",
        "given",
        vi=(
            "Gói tin ký số không đúng dạng",
            "Cần: {expected}. Nhận được: {given}.",
            "Gửi một chuỗi JWS gồm ba phần ngăn bằng dấu chấm, mã hóa base64url, không có dấu “=”.",
        ),
        en=(
            "The signed message is malformed",
            "Expected: {expected}. Given: {given}.",
            "Send one compact JWS: three base64url parts, two dots, no padding.",
        ),
    ),
    _refusal(
        Code.TOO_LARGE,
        Stage.ANSWERED,
        413,
        "given",
        "expected",
        vi=(
            "Gói tin quá lớn",
            "Kích thước {given}; cho phép: {expected}.",
            "Chia lô thành nhiều lần gửi; tệp thì gửi ở phần tài liệu kiểm chứng, sự kiện chỉ ghi mã băm của tệp.",
        ),
        en=(
            "The message is too large",
            "Its size is {given}; allowed: {expected}.",
            "Send fewer events at once; upload files as evidence, the event names them by hash only.",
        ),
    ),
    _refusal(
        Code.JSON_INVALID,
        Stage.ANSWERED,
        400,
        "expected",
        "given",
        vi=(
            "Nội dung không phải JSON hợp lệ",
            "Cần: {expected}. Nhận được: {given}.",
            "Kiểm tra nội dung bằng công cụ JSON; dùng UTF-8, số nguyên, không dùng số thập phân.",
        ),
        en=(
            "The content is not valid JSON",
            "Expected: {expected}. Given: {given}.",
            "Check it with a JSON tool; use UTF-8 and whole numbers, no decimals.",
        ),
    ),
    _refusal(
        Code.DUPLICATE_MEMBER,
        Stage.ANSWERED,
        400,
        "path",
        vi=(
            "Một trường được ghi hai lần",
            "Trường “{path}” xuất hiện hơn một lần trong cùng một đối tượng.",
            "Giữ lại một trường và ký lại.",
        ),
        en=(
            "A member is written twice",
            "The member “{path}” occurs more than once in one object.",
            "Keep one of them and sign again.",
        ),
    ),
    _refusal(
        Code.NESTING_TOO_DEEP,
        Stage.ANSWERED,
        400,
        "expected",
        vi=(
            "Nội dung lồng nhau quá sâu",
            "Cho phép: {expected}.",
            "Giảm số tầng lồng nhau theo mẫu của loại sự kiện.",
        ),
        en=(
            "The content is nested too deeply",
            "Allowed: {expected}.",
            "Follow the schema of the event type.",
        ),
    ),
    _refusal(
        Code.HEADER_INVALID,
        Stage.ANSWERED,
        400,
        "expected",
        "given",
        vi=(
            "Phần đầu của chữ ký không đúng",
            "Cần: {expected}. Nhận được: {given}.",
            "Phần đầu gồm đúng ba trường: alg, kid và typ “thidua-event+jws”.",
        ),
        en=(
            "The signature header is wrong",
            "Expected: {expected}. Given: {given}.",
            "The header has exactly alg, kid and typ “thidua-event+jws”.",
        ),
    ),
    _refusal(
        Code.CLIENT_UNPROVEN,
        Stage.ANSWERED,
        401,
        "publisher",
        "expected",
        retry=True,
        vi=(
            "Máy gửi chưa chứng minh được mình là ai",
            "Ngoài chữ ký, sự kiện của “{publisher}” cần: {expected}.",
            "Kiểm tra mã truy cập hoặc chứng thư máy khách do người vận hành cấp rồi gửi lại đúng nội dung này.",
        ),
        en=(
            "The client did not prove who it is",
            "Beside the signature, an event of “{publisher}” needs: {expected}.",
            "Check the token or the client certificate the operator gave you and send the same event again.",
        ),
    ),
    _refusal(
        Code.KEY_UNKNOWN,
        Stage.ANSWERED,
        401,
        "kid",
        retry=True,
        vi=(
            "Chưa có khóa này",
            "Khóa “{kid}” chưa được đăng ký.",
            "Kiểm tra tên khóa. Nếu khóa vừa được đăng ký, hãy gửi lại sau ít giây.",
        ),
        en=(
            "The key is not known",
            "Key “{kid}” is not registered.",
            "Check the key's name. If it was registered just now, send again in a few seconds.",
        ),
    ),
    _refusal(
        Code.KEY_EXPIRED,
        Stage.ANSWERED,
        401,
        "kid",
        vi=(
            "Khóa không còn hiệu lực",
            "Khóa “{kid}” đã được thay hoặc thu hồi.",
            "Ký lại bằng khóa đang có hiệu lực của đơn vị.",
        ),
        en=(
            "The key is no longer valid",
            "Key “{kid}” was replaced or revoked.",
            "Sign again with a valid key of the unit.",
        ),
    ),
    _refusal(
        Code.SIGNATURE_INVALID,
        Stage.ANSWERED,
        401,
        "kid",
        "expected",
        "given",
        vi=(
            "Chữ ký số không hợp lệ",
            "Chữ ký không khớp với khóa “{kid}”. Cần: {expected}. Nhận được: {given}.",
            "Ký đúng các byte sẽ gửi bằng đúng khóa. Với ES256: r và s (64 byte), s ở nửa dưới.",
        ),
        en=(
            "The signature does not hold",
            "The signature does not match key “{kid}”. Expected: {expected}. Given: {given}.",
            "Sign the very bytes you send with that key. For ES256: r and s in 64 bytes, low s.",
        ),
    ),
    _refusal(
        Code.AUDIENCE_WRONG,
        Stage.ANSWERED,
        403,
        "expected",
        "given",
        vi=(
            "Sự kiện gửi cho sổ khác",
            "Sự kiện ghi nơi nhận là “{given}”; sổ này là “{expected}”.",
            "Sửa trường aud thành “{expected}” và ký lại.",
        ),
        en=(
            "The event is meant for another log",
            "It names the log “{given}”; this one is “{expected}”.",
            "Set aud to “{expected}” and sign again.",
        ),
    ),
    _refusal(
        Code.SOURCE_WRONG,
        Stage.ANSWERED,
        403,
        "kid",
        "expected",
        "given",
        vi=(
            "Khóa và nơi gửi không khớp",
            "Khóa “{kid}” thuộc “{expected}”; sự kiện ghi nơi gửi là “{given}”.",
            "Ghi đúng nơi gửi, hoặc ký bằng khóa của đơn vị đó.",
        ),
        en=(
            "Key and source do not match",
            "Key “{kid}” belongs to “{expected}”; the event names the source “{given}”.",
            "Name the right source, or sign with that unit's key.",
        ),
    ),
    _refusal(
        Code.TYPE_UNKNOWN_SERVICE,
        Stage.ANSWERED,
        400,
        "given",
        vi=(
            "Không có bộ phận nhận loại sự kiện này",
            "Loại “{given}” không thuộc phần việc nào.",
            "Dùng loại sự kiện có trong danh mục, dạng thidua.<phần việc>.<tên>.v<số>.",
        ),
        en=(
            "No service takes this event type",
            "The type “{given}” belongs to no service.",
            "Use a type of the catalogue, of the form thidua.<service>.<name>.v<n>.",
        ),
    ),
    _refusal(
        Code.ENVELOPE_INVALID,
        Stage.ANSWERED,
        400,
        "path",
        "expected",
        "given",
        vi=(
            "Phần bao của sự kiện chưa đúng",
            "Trường “{path}”: cần {expected}; nhận được {given}.",
            "Sửa trường này theo mẫu CloudEvents của danh mục và ký lại.",
        ),
        en=(
            "The event's envelope is not right",
            "Member “{path}”: expected {expected}; given {given}.",
            "Correct the member after the CloudEvents model of the catalogue and sign again.",
        ),
    ),
    _refusal(
        Code.CHAIN_EXPECTED,
        Stage.ANSWERED,
        409,
        "kid",
        "expected_seq",
        "expected_prev",
        "given_seq",
        retry=True,
        vi=(
            "Chưa đến lượt sự kiện này",
            "Khóa “{kid}”: cần số {expected_seq}, sau {expected_prev}; nhận được số {given_seq}.",
            "Gửi các sự kiện còn thiếu theo đúng thứ tự, rồi gửi lại sự kiện này.",
        ),
        en=(
            "It is not this event's turn",
            "Key “{kid}”: number {expected_seq} after {expected_prev} is next; given {given_seq}.",
            "Send the missing events in order, then this one again.",
        ),
    ),
    _refusal(
        Code.CHAIN_FORK,
        Stage.ANSWERED,
        409,
        "kid",
        "seq",
        "recorded_position",
        vi=(
            "Số thứ tự đã dùng cho sự kiện khác",
            "Số {seq} của khóa “{kid}” đã ghi ở vị trí {recorded_position} với nội dung khác.",
            "Lấy số tiếp theo từ sổ và ký lại. Mỗi hệ thống dùng một khóa riêng.",
        ),
        en=(
            "The number was used for another event",
            "Number {seq} of key “{kid}” is another event, at position {recorded_position}.",
            "Ask the log for the next number and sign again. Give each system a key of its own.",
        ),
    ),
    _refusal(
        Code.CLOCK_BACKWARD,
        Stage.ANSWERED,
        409,
        "expected",
        "given",
        vi=(
            "Thời gian của sổ thử nghiệm đi lùi",
            "Thời điểm của sự kiện cần: {expected}. Sự kiện ghi {given}.",
            "Gửi các sự kiện theo đúng trình tự thời gian.",
        ),
        en=(
            "The sandbox clock would go backward",
            "The event's time should be: {expected}. The event says {given}.",
            "Send the events in order of time.",
        ),
    ),
    _refusal(
        Code.BUSY,
        Stage.ANSWERED,
        503,
        "seconds",
        retry=True,
        vi=(
            "Hệ thống tạm thời chưa ghi được",
            "Sự kiện chưa được nhận.",
            "Hãy gửi lại đúng nội dung này sau {seconds} giây.",
        ),
        en=(
            "Writing is not possible just now",
            "The event was not taken.",
            "Send the same event again in {seconds} seconds.",
        ),
    ),
    _refusal(
        Code.RATE_LIMITED,
        Stage.ANSWERED,
        429,
        "seconds",
        retry=True,
        vi=(
            "Gửi quá nhanh",
            "Sự kiện chưa được nhận vì số lần gửi vượt mức cho phép.",
            "Hãy gửi lại đúng nội dung này sau {seconds} giây.",
        ),
        en=(
            "Too many requests",
            "The event was not taken: more were sent than is allowed.",
            "Send the same event again in {seconds} seconds.",
        ),
    ),
    _refusal(
        Code.GATE_CLOSED,
        Stage.ANSWERED,
        503,
        "seconds",
        retry=True,
        vi=(
            "Sổ đang được đối chiếu",
            "Sổ tạm đóng để đối chiếu với bản lưu. Sự kiện chưa được nhận.",
            "Hãy gửi lại đúng nội dung này sau {seconds} giây.",
        ),
        en=(
            "The log is being compared",
            "The log is closed while it is compared with its archive. The event was not taken.",
            "Send the same event again in {seconds} seconds.",
        ),
    ),
    _refusal(
        Code.NOT_FOUND,
        Stage.ANSWERED,
        404,
        "given",
        vi=(
            "Không tìm thấy",
            "Không có “{given}”.",
            "Kiểm tra lại địa chỉ hoặc mã.",
        ),
        en=(
            "Not found",
            "There is no “{given}”.",
            "Check the address or the code.",
        ),
    ),
    _refusal(
        Code.RECEIPT_UNKNOWN,
        Stage.ANSWERED,
        404,
        "given",
        retry=True,
        vi=(
            "Chưa có biên nhận",
            "Chưa có biên nhận cho sự kiện “{given}”.",
            "Nếu vừa gửi, hãy hỏi lại sau ít giây; nếu không, hãy gửi lại sự kiện.",
        ),
        en=(
            "There is no receipt yet",
            "There is no receipt for the event “{given}”.",
            "If it was sent just now, ask again in a few seconds; otherwise send it again.",
        ),
    ),
    _refusal(
        Code.RECEIPT_UNSIGNED,
        Stage.ANSWERED,
        404,
        "given",
        vi=(
            "Không có biên nhận đã ký",
            "Cổng tiếp nhận không có khóa đã đăng ký trong sổ này để ký biên nhận “{given}”.",
            "Dùng biên nhận không ký; cơ quan tổ chức đăng ký khóa của cổng (services/door) thì có biên nhận đã ký.",
        ),
        en=(
            "There is no signed receipt",
            "The door has no key registered in this log to sign the receipt “{given}” with.",
            "Use the plain receipt; once the authority registers a key of the door (services/door), receipts are signed.",
        ),
    ),
    _refusal(
        Code.REQUEST_INVALID,
        Stage.ANSWERED,
        400,
        "path",
        "given",
        "expected",
        vi=(
            "Tham số của yêu cầu sai",
            "Tham số “{path}” cần: {expected}. Nhận được: {given}.",
            "Sửa tham số theo tài liệu tại /v1/openapi.json rồi gửi lại.",
        ),
        en=(
            "A parameter of the request is wrong",
            "The parameter “{path}” should be: {expected}. Given: {given}.",
            "Correct it as /v1/openapi.json says and ask again.",
        ),
    ),
    _refusal(
        Code.METHOD_UNKNOWN,
        Stage.ANSWERED,
        405,
        "given",
        "expected",
        vi=(
            "Phương thức không dùng ở đây",
            "Địa chỉ này không nhận {given}.",
            "Dùng {expected}.",
        ),
        en=(
            "The method is not used here",
            "This address does not take {given}.",
            "Use {expected}.",
        ),
    ),
    _refusal(
        Code.REQUEST_TOO_SLOW,
        Stage.ANSWERED,
        408,
        "seconds",
        retry=True,
        vi=(
            "Gửi quá chậm",
            "Sau {seconds} giây chưa nhận hết nội dung; chưa có gì được nhận.",
            "Gửi lại đúng nội dung này, hoặc chia thành nhiều lần gửi nhỏ hơn.",
        ),
        en=(
            "The request came too slowly",
            "It was not whole after {seconds} seconds; nothing of it was taken.",
            "Send the same again, or in smaller requests.",
        ),
    ),
    # Files of evidence: answered beside the log.
    _refusal(
        Code.UPLOAD_INVALID,
        Stage.FILE,
        400,
        "path",
        "expected",
        vi=(
            "Yêu cầu gửi tệp chưa đúng",
            "Phần “{path}” chưa đúng; cần: {expected}.",
            "Sửa phần đó rồi gửi lại.",
        ),
        en=(
            "The upload request is malformed",
            "“{path}” is not right; expected: {expected}.",
            "Correct it and send the request again.",
        ),
    ),
    _refusal(
        Code.STATEMENT_EXPIRED,
        Stage.FILE,
        403,
        "given",
        "expected",
        vi=(
            "Giấy gửi tệp hết hạn hoặc hạn quá xa",
            "Hạn trong giấy là {given}; cần: {expected}.",
            "Ký giấy mới với hạn gần rồi gửi lại; phần đã gửi vẫn còn.",
        ),
        en=(
            "The statement has expired, or lasts too long",
            "Its limit is {given}; expected: {expected}.",
            "Sign a new statement with a near limit; what was uploaded is kept.",
        ),
    ),
    _refusal(
        Code.UPLOAD_FORBIDDEN,
        Stage.FILE,
        403,
        "unit",
        "subject",
        vi=(
            "Đơn vị không gửi được tệp cho năm này",
            "Đơn vị “{unit}” không thuộc cụm của “{subject}”.",
            "Kiểm tra mã đơn vị, mã cụm và năm.",
        ),
        en=(
            "The unit cannot put files into this cycle",
            "Unit “{unit}” is no member of the cluster of “{subject}”.",
            "Check the codes of unit and cluster, and the year.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_FORBIDDEN,
        Stage.FILE,
        403,
        "given",
        vi=(
            "Không được xem tệp này",
            "“{given}” không phải đơn vị trong cụm của tệp, cũng không phải cơ quan tổ chức cụm.",
            "Chỉ đơn vị trong cụm và cơ quan tổ chức cụm tải được tệp.",
        ),
        en=(
            "This file is not for you",
            "“{given}” is neither a member of the file's cluster nor its authority.",
            "Only the cluster's members and the authority may fetch a file.",
        ),
    ),
    _refusal(
        Code.UPLOAD_OFFSET,
        Stage.FILE,
        409,
        "expected",
        "given",
        retry=True,
        vi=(
            "Vị trí gửi tiếp chưa khớp",
            "Máy chủ đã có {expected} byte; yêu cầu bắt đầu từ {given}.",
            "Hỏi vị trí bằng HEAD rồi gửi tiếp từ đó.",
        ),
        en=(
            "The upload goes on elsewhere",
            "The server has {expected} bytes; the request begins at {given}.",
            "Ask where it stands with HEAD and go on from there.",
        ),
    ),
    _refusal(
        Code.UPLOAD_CHECKSUM,
        Stage.FILE,
        460,
        retry=True,
        vi=(
            "Phần tệp bị hỏng trên đường truyền",
            "Mã kiểm của phần vừa gửi không khớp; phần đó bị bỏ.",
            "Gửi lại phần đó.",
        ),
        en=(
            "A part was damaged on its way",
            "The checksum of the part does not match; the part was dropped.",
            "Send the part again.",
        ),
    ),
    _refusal(
        Code.UPLOAD_BUSY,
        Stage.FILE,
        423,
        retry=True,
        vi=(
            "Tệp đang được gửi ở một kết nối khác",
            "Một kết nối khác đang ghi vào tệp này.",
            "Đợi vài giây rồi hỏi vị trí và gửi tiếp.",
        ),
        en=(
            "The file is being uploaded elsewhere",
            "Another connection is writing to this upload.",
            "Wait a few seconds, ask where it stands and go on.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_TOO_LARGE,
        Stage.FILE,
        413,
        "given",
        "expected",
        vi=(
            "Tệp quá lớn",
            "Tệp có {given} byte; nhiều nhất {expected}.",
            "Giảm dung lượng (ví dụ nén ảnh) hoặc tách thành nhiều tệp.",
        ),
        en=(
            "The file is too large",
            "It has {given} bytes; at most {expected}.",
            "Make it smaller (such as its pictures) or split it.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_QUOTA,
        Stage.FILE,
        413,
        "unit",
        "given",
        "expected",
        vi=(
            "Đơn vị đã dùng hết dung lượng",
            "Với tệp này, đơn vị “{unit}” dùng {given} byte; nhiều nhất {expected}.",
            "Liên hệ người vận hành để được tăng dung lượng.",
        ),
        en=(
            "The unit's room is used up",
            "With this file unit “{unit}” uses {given} bytes; at most {expected}.",
            "Ask the operator for more room.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_TYPE,
        Stage.FILE,
        415,
        "given",
        "expected",
        vi=(
            "Loại tệp không được nhận",
            "Nội dung tệp: {given}. Được nhận: {expected}.",
            "Lưu tài liệu thành một loại được nhận; đuôi tên phải đúng với nội dung.",
        ),
        en=(
            "This type of file is not taken",
            "The content is: {given}. Taken are: {expected}.",
            "Save it as one of these types, with the name's ending to match.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_HASH_MISMATCH,
        Stage.FILE,
        422,
        "file",
        "expected",
        "given",
        retry=True,
        vi=(
            "Tệp không khớp mã băm đã khai",
            "Tệp “{file}”: đã khai {expected}, nhận được {given}.",
            "Hãy gửi lại tệp gốc từ đầu.",
        ),
        en=(
            "The file does not match its declared hash",
            "File “{file}”: declared {expected}, received {given}.",
            "Upload the original file again from its beginning.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_INFECTED,
        Stage.FILE,
        422,
        "file",
        vi=(
            "Tệp có mã độc",
            "Bộ quét phát hiện mã độc trong tệp “{file}”; tệp đã bị xóa.",
            "Quét máy của đơn vị, tạo lại tệp sạch và gửi tệp đó.",
        ),
        en=(
            "The file is infected",
            "The scanner found malware in “{file}”; the file was deleted.",
            "Scan your computer, make the file anew and upload that one.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_STORE_FULL,
        Stage.FILE,
        507,
        retry=True,
        vi=(
            "Kho tệp tạm thời đầy",
            "Máy chủ không còn chỗ ghi tệp; phần đã gửi vẫn còn.",
            "Hãy gửi tiếp sau ít phút; nếu vẫn vậy, báo người vận hành.",
        ),
        en=(
            "The store has no room just now",
            "The server cannot write the file; what was uploaded is kept.",
            "Go on in a few minutes; if it stays so, tell the operator.",
        ),
    ),
    # Form: stands in the log as said.
    _refusal(
        Code.SCHEMA_INVALID,
        Stage.FORM,
        422,
        "faults",
        vi=(
            "Nội dung chưa đúng mẫu",
            "{faults}.",
            "Sửa các trường này và gửi thành một sự kiện mới.",
        ),
        en=(
            "The content does not follow the schema",
            "{faults}.",
            "Correct these members and send it as a new event.",
        ),
    ),
    _refusal(
        Code.TYPE_UNKNOWN,
        Stage.FORM,
        422,
        "given",
        vi=(
            "Không có loại sự kiện này",
            "Loại “{given}” không có trong danh mục.",
            "Xem danh mục loại sự kiện và gửi thành một sự kiện mới.",
        ),
        en=(
            "There is no such event type",
            "The type “{given}” is not in the catalogue.",
            "Look at the catalogue and send a new event.",
        ),
    ),
    _refusal(
        Code.TEXT_NOT_NFC,
        Stage.FORM,
        422,
        "path",
        vi=(
            "Chữ tiếng Việt chưa ở dạng dựng sẵn",
            "Trường “{path}” dùng dấu tổ hợp rời.",
            "Chuyển văn bản sang Unicode dựng sẵn (NFC) và gửi thành một sự kiện mới.",
        ),
        en=(
            "Text is not in composed form",
            "The member “{path}” uses separate combining marks.",
            "Normalise the text to Unicode NFC and send a new event.",
        ),
    ),
    _refusal(
        Code.VOTE_IN_PLAIN,
        Stage.FORM,
        422,
        "path",
        vi=(
            "Phiếu gửi công khai cho cuộc bỏ phiếu kín",
            "Trường “{path}” ghi lựa chọn chưa mã hóa; nhật ký không giữ nội dung này.",
            "Bỏ phiếu bằng trang bỏ phiếu kín hoặc “thidua ballot cast”.",
        ),
        en=(
            "A plain vote in a secret ballot",
            "The member “{path}” holds a choice that is not encrypted; the log does not keep it.",
            "Vote on the secret ballot's page or with “thidua ballot cast”.",
        ),
    ),
    # Identity, registry and dates.
    _refusal(
        Code.DUPLICATE_ID,
        Stage.RULE,
        409,
        "id",
        vi=(
            "Mã sự kiện đã dùng",
            "Mã “{id}” đã dùng cho nội dung khác.",
            "Đặt mã mới cho sự kiện này và gửi lại.",
        ),
        en=(
            "The event id was used before",
            "The id “{id}” stands in the log with other content.",
            "Give this event a new id and send it again.",
        ),
    ),
    _refusal(
        Code.ROLE_REQUIRED,
        Stage.RULE,
        403,
        "required",
        "held",
        vi=(
            "Việc này do vai trò khác thực hiện",
            "Cần vai trò: {required}. Đơn vị đang có: {held}.",
            "Chuyển cho đơn vị có vai trò đó gửi.",
        ),
        en=(
            "This belongs to another role",
            "Role needed: {required}. Roles held: {held}.",
            "Have the unit with that role send it.",
        ),
    ),
    _refusal(
        Code.UNIT_UNKNOWN,
        Stage.RULE,
        422,
        "given",
        "date",
        vi=(
            "Không có đơn vị này",
            "Không có đơn vị mang mã “{given}” vào ngày {date}.",
            "Xem danh sách mã tại trang Đơn vị và gửi lại.",
        ),
        en=(
            "There is no such unit",
            "No unit has the code “{given}” on {date}.",
            "Look up the codes on the Units page and send again.",
        ),
    ),
    _refusal(
        Code.UNIT_MERGED,
        Stage.RULE,
        422,
        "given",
        "into",
        "date",
        vi=(
            "Đơn vị đã sắp xếp lại",
            "Đơn vị “{given}” đã nhập vào “{into}” từ ngày {date}.",
            "Hãy gửi bằng mã mới.",
        ),
        en=(
            "The unit was merged",
            "Unit “{given}” became part of “{into}” on {date}.",
            "Send with the new code.",
        ),
    ),
    _refusal(
        Code.NOT_MEMBER,
        Stage.RULE,
        403,
        "unit",
        "year",
        vi=(
            "Đơn vị không thuộc cụm thi đua",
            "Đơn vị “{unit}” không phải là thành viên của cụm năm {year}.",
            "Kiểm tra mã cụm và năm; nếu đúng, liên hệ cơ quan quản lý để cập nhật thành viên.",
        ),
        en=(
            "The unit is not a member",
            "Unit “{unit}” is not a member of the cluster in {year}.",
            "Check cluster and year; if they are right, ask the authority about the membership.",
        ),
    ),
    _refusal(
        Code.CYCLE_UNKNOWN,
        Stage.RULE,
        404,
        "given",
        vi=(
            "Chưa mở năm thi đua này",
            "Năm thi đua “{given}” chưa được mở.",
            "Kiểm tra mã cụm và năm; nếu đúng, chờ cơ quan quản lý mở năm thi đua.",
        ),
        en=(
            "The cycle is not open",
            "The cycle “{given}” was not opened.",
            "Check cluster and year; if they are right, wait until the authority opens it.",
        ),
    ),
    _refusal(
        Code.CYCLE_CLOSED,
        Stage.RULE,
        409,
        "given",
        "date",
        vi=(
            "Năm thi đua đã khép lại",
            "Năm thi đua “{given}” đã kết thúc ngày {date}.",
            "Liên hệ cơ quan quản lý nếu cần điều chỉnh.",
        ),
        en=(
            "The cycle is closed",
            "The cycle “{given}” ended on {date}.",
            "Ask the authority if something must be corrected.",
        ),
    ),
    _refusal(
        Code.DEADLINE_PASSED,
        Stage.RULE,
        409,
        "deadline",
        "received",
        vi=(
            "Đã quá hạn nộp",
            "Hạn nộp: {deadline} (giờ Việt Nam). Nhận lúc {received}.",
            "Liên hệ cụm trưởng nếu cần gia hạn.",
        ),
        en=(
            "The deadline has passed",
            "Deadline: {deadline} (Vietnam time). Received at {received}.",
            "Ask the chair if an extension is needed.",
        ),
    ),
    _refusal(
        Code.TOO_EARLY,
        Stage.RULE,
        409,
        "earliest",
        "received",
        vi=(
            "Chưa đến thời điểm",
            "Bước này bắt đầu từ {earliest} (giờ Việt Nam). Nhận lúc {received}.",
            "Gửi thành sự kiện mới khi đến thời điểm đó.",
        ),
        en=(
            "It is too early",
            "This step begins at {earliest} (Vietnam time). Received at {received}.",
            "Send a new event when the time has come.",
        ),
    ),
    _refusal(
        Code.STATE_FORBIDS,
        Stage.RULE,
        409,
        "state",
        "needed",
        vi=(
            "Chưa thể thực hiện ở bước này",
            "Bước hiện tại: {state}. Cần: {needed}.",
            "Hoàn thành bước cần có, rồi gửi thành sự kiện mới.",
        ),
        en=(
            "This step does not allow it",
            "Present step: {state}. Needed: {needed}.",
            "Complete the needed step, then send a new event.",
        ),
    ),
    _refusal(
        Code.REASON_REQUIRED,
        Stage.RULE,
        422,
        vi=(
            "Cần nêu lý do",
            "Việc thay đổi hoặc trả lại cần có lý do.",
            "Ghi lý do và gửi thành sự kiện mới.",
        ),
        en=(
            "A reason is needed",
            "A change or a return needs a reason.",
            "Write the reason and send a new event.",
        ),
    ),
    _refusal(
        Code.ALREADY_DONE,
        Stage.RULE,
        409,
        "what",
        vi=(
            "Việc này đã được ghi nhận",
            "Đã có: {what}.",
            "Không cần gửi lại. Nếu cần thay đổi, dùng sự kiện điều chỉnh.",
        ),
        en=(
            "It was recorded before",
            "There is already: {what}.",
            "Nothing more is needed. To change it, send a correcting event.",
        ),
    ),
    _refusal(
        Code.REFERENCE_UNKNOWN,
        Stage.RULE,
        422,
        "what",
        "given",
        vi=(
            "Không tìm thấy nội dung được dẫn",
            "Không có {what} “{given}”.",
            "Kiểm tra mã và gửi thành sự kiện mới.",
        ),
        en=(
            "What is referred to was not found",
            "There is no {what} “{given}”.",
            "Check the name and send a new event.",
        ),
    ),
    _refusal(
        Code.DATE_INVALID,
        Stage.RULE,
        422,
        "given",
        "expected",
        vi=(
            "Ngày chưa phù hợp",
            "Ngày {given} chưa phù hợp. Cần: {expected}.",
            "Sửa ngày và gửi thành sự kiện mới.",
        ),
        en=(
            "The date does not fit",
            "The date {given} does not fit. Expected: {expected}.",
            "Correct the date and send a new event.",
        ),
    ),
    _refusal(
        Code.OVERLAP,
        Stage.RULE,
        409,
        "what",
        vi=(
            "Trùng thời gian hoặc trùng phần việc",
            "Trùng nhau: {what}.",
            "Chọn khoảng khác và gửi thành sự kiện mới.",
        ),
        en=(
            "It overlaps",
            "What overlaps: {what}.",
            "Choose another range and send a new event.",
        ),
    ),
    _refusal(
        Code.KEY_USED,
        Stage.RULE,
        409,
        "kid",
        vi=(
            "Khóa đã từng được đăng ký",
            "Tên khóa “{kid}” hoặc khóa công khai này đã từng được dùng.",
            "Tạo khóa mới với tên mới.",
        ),
        en=(
            "The key was registered before",
            "The name “{kid}” or this public key was used before.",
            "Make a new key with a new name.",
        ),
    ),
    _refusal(
        Code.KEY_INVALID,
        Stage.RULE,
        422,
        "kid",
        "expected",
        "given",
        vi=(
            "Khóa công khai chưa dùng được",
            "Khóa “{kid}”: cần {expected}; nhận được {given}.",
            "Tạo khóa đúng loại và gửi thành sự kiện mới.",
        ),
        en=(
            "The public key cannot be used",
            "Key “{kid}”: expected {expected}; given {given}.",
            "Make a key of the right kind and send a new event.",
        ),
    ),
    _refusal(
        Code.POSSESSION_UNPROVEN,
        Stage.RULE,
        422,
        "kid",
        vi=(
            "Chưa chứng minh được việc giữ khóa",
            "Chữ ký chứng minh kèm theo khóa “{kid}” không đúng.",
            "Ký lại phần chứng minh bằng chính khóa mới, đúng tên khóa và đúng sổ.",
        ),
        en=(
            "Possession of the key is not proven",
            "The proof that came with key “{kid}” does not hold.",
            "Make the proof with the new key itself, for this key name and this log.",
        ),
    ),
    # Rules, reports and scores.
    _refusal(
        Code.RULEBOOK_INVALID,
        Stage.RULE,
        422,
        "fault",
        vi=(
            "Quy chế chưa nhất quán",
            "Cần xem lại: {fault}.",
            "Sửa quy chế và gửi thành sự kiện mới.",
        ),
        en=(
            "The rulebook is not consistent",
            "To be looked at: {fault}.",
            "Correct the rulebook and send a new event.",
        ),
    ),
    _refusal(
        Code.TABLE_SUM_WRONG,
        Stage.RULE,
        422,
        "expected",
        "given",
        vi=(
            "Tổng điểm của bảng chấm chưa khớp",
            "Tổng điểm tối đa các tiêu chí là {given}; bảng ghi {expected}.",
            "Sửa điểm tối đa hoặc tổng điểm và gửi thành sự kiện mới.",
        ),
        en=(
            "The scoring table does not add up",
            "The maxima add up to {given}; the table says {expected}.",
            "Correct the maxima or the total and send a new event.",
        ),
    ),
    _refusal(
        Code.NOT_REGISTERED,
        Stage.RULE,
        409,
        "unit",
        vi=(
            "Đơn vị chưa đăng ký thi đua",
            "Đơn vị “{unit}” chưa có đăng ký thi đua trong năm.",
            "Gửi đăng ký nếu còn hạn; nếu hết hạn, liên hệ cơ quan quản lý.",
        ),
        en=(
            "The unit is not registered",
            "Unit “{unit}” has no registration for this year.",
            "Register while there is time; otherwise ask the authority.",
        ),
    ),
    _refusal(
        Code.CRITERION_UNKNOWN,
        Stage.RULE,
        422,
        "criterion",
        vi=(
            "Không có tiêu chí này",
            "Tiêu chí “{criterion}” không có trong bảng chấm điểm của năm.",
            "Dùng mã tiêu chí trong bảng chấm điểm đã thống nhất.",
        ),
        en=(
            "There is no such criterion",
            "Criterion “{criterion}” is not in this year's scoring table.",
            "Use a criterion of the agreed table.",
        ),
    ),
    _refusal(
        Code.CRITERION_OUT_OF_RANGE,
        Stage.RULE,
        422,
        "criterion",
        "min",
        "max",
        "given",
        vi=(
            "Điểm ngoài khung",
            "Điểm của tiêu chí {criterion} phải từ {min} đến {max}; nhận được {given}.",
            "Sửa điểm và gửi thành sự kiện mới.",
        ),
        en=(
            "The score is out of range",
            "Criterion {criterion} takes {min} to {max}; given {given}.",
            "Correct the score and send a new event.",
        ),
    ),
    _refusal(
        Code.SCORE_STEP_WRONG,
        Stage.RULE,
        422,
        "criterion",
        "step",
        "given",
        vi=(
            "Điểm lẻ chưa đúng mức",
            "Điểm của tiêu chí {criterion} chia theo mức {step}; nhận được {given}.",
            "Làm tròn theo mức của bảng chấm điểm và gửi thành sự kiện mới.",
        ),
        en=(
            "The score is between two steps",
            "Criterion {criterion} is scored in steps of {step}; given {given}.",
            "Round to a step of the table and send a new event.",
        ),
    ),
    _refusal(
        Code.LADDER_MISMATCH,
        Stage.RULE,
        422,
        "criterion",
        "expected",
        "given",
        vi=(
            "Điểm khác với thang điểm",
            "Theo thang điểm, tiêu chí {criterion} được {expected}; nhận được {given}.",
            "Ghi đúng điểm theo thang và gửi thành sự kiện mới.",
        ),
        en=(
            "The score differs from the ladder",
            "By its ladder criterion {criterion} gives {expected}; given {given}.",
            "Write the ladder's points and send a new event.",
        ),
    ),
    _refusal(
        Code.SCORES_INCOMPLETE,
        Stage.RULE,
        422,
        "missing",
        vi=(
            "Còn tiêu chí chưa có điểm",
            "Chưa có điểm: {missing}.",
            "Bổ sung đủ các tiêu chí và gửi thành sự kiện mới.",
        ),
        en=(
            "Some criteria have no score",
            "Without a score: {missing}.",
            "Score every criterion and send a new event.",
        ),
    ),
    _refusal(
        Code.SELF_SCORING,
        Stage.RULE,
        403,
        "unit",
        vi=(
            "Đơn vị không thẩm định điểm của chính mình",
            "Đơn vị “{unit}” không tham gia thẩm định điểm của mình.",
            "Để đơn vị khác trong cụm thẩm định.",
        ),
        en=(
            "A unit does not check its own score",
            "Unit “{unit}” takes no part in checking its own score.",
            "Leave it to another unit of the cluster.",
        ),
    ),
    _refusal(
        Code.TEAM_OVERLAP,
        Stage.RULE,
        422,
        "unit",
        vi=(
            "Phân công kiểm tra chéo bị trùng",
            "Đơn vị “{unit}” có mặt ở hai tổ, hoặc vừa kiểm tra vừa được kiểm tra trong một tổ.",
            "Phân công lại các tổ và gửi thành sự kiện mới.",
        ),
        en=(
            "The cross-check teams overlap",
            "Unit “{unit}” stands in two teams, or checks and is checked in one.",
            "Arrange the teams anew and send a new event.",
        ),
    ),
    _refusal(
        Code.EVIDENCE_MISSING,
        Stage.RULE,
        422,
        "criterion",
        vi=(
            "Thiếu tài liệu kiểm chứng",
            "Tiêu chí {criterion} cần tài liệu kiểm chứng hoặc phần giải trình.",
            "Tải tệp lên, rồi gửi thành sự kiện mới có mã băm của tệp.",
        ),
        en=(
            "Evidence is missing",
            "Criterion {criterion} needs evidence or an explanation.",
            "Upload the file, then send a new event with its hash.",
        ),
    ),
    # Conference and ballots.
    _refusal(
        Code.NOT_ELIGIBLE,
        Stage.RULE,
        422,
        "nominee",
        "rule",
        "fact",
        vi=(
            "Chưa đủ điều kiện",
            "“{nominee}” chưa đủ điều kiện: {rule}. Căn cứ: {fact}.",
            "Bổ sung điều kiện còn thiếu, hoặc đề nghị cơ quan quản lý xét ngoại lệ có lý do.",
        ),
        en=(
            "Not eligible",
            "“{nominee}” is not eligible: {rule}. Ground: {fact}.",
            "Meet the condition, or ask the authority for a reasoned exception.",
        ),
    ),
    _refusal(
        Code.NO_QUORUM,
        Stage.RULE,
        409,
        "present",
        "needed",
        vi=(
            "Chưa đủ số thành viên dự họp",
            "Có mặt {present}; cần ít nhất {needed}.",
            "Ghi nhận thêm thành viên có mặt, hoặc triệu tập lại hội nghị.",
        ),
        en=(
            "There is no quorum",
            "Present: {present}; needed: {needed}.",
            "Record further members as present, or convene again.",
        ),
    ),
    _refusal(
        Code.BALLOT_NOT_OPEN,
        Stage.RULE,
        409,
        "ballot",
        vi=(
            "Cuộc bỏ phiếu chưa mở",
            "Cuộc bỏ phiếu “{ballot}” chưa mở.",
            "Gửi thành sự kiện mới khi cuộc bỏ phiếu đã mở.",
        ),
        en=(
            "The ballot is not open",
            "Ballot “{ballot}” is not open yet.",
            "Send a new event once it is open.",
        ),
    ),
    _refusal(
        Code.BALLOT_CLOSED,
        Stage.RULE,
        409,
        "ballot",
        "closed",
        vi=(
            "Cuộc bỏ phiếu đã kết thúc",
            "Cuộc bỏ phiếu “{ballot}” đã kết thúc ({closed}). Phiếu không được nhận.",
            "Liên hệ ban kiểm phiếu nếu cần giải thích.",
        ),
        en=(
            "The ballot is closed",
            "Ballot “{ballot}” is over ({closed}). The vote was not taken.",
            "Ask the counting board if you need an explanation.",
        ),
    ),
    _refusal(
        Code.ALREADY_COUNTED,
        Stage.RULE,
        409,
        "unit",
        vi=(
            "Đơn vị đã bỏ phiếu",
            "Đơn vị “{unit}” đã có phiếu trong cuộc bỏ phiếu này; quy chế không cho thay phiếu.",
            "Không cần gửi lại.",
        ),
        en=(
            "The unit has voted",
            "Unit “{unit}” has a vote in this ballot; the rules do not let it be replaced.",
            "Nothing more is needed.",
        ),
    ),
    _refusal(
        Code.NOT_ON_ROLL,
        Stage.RULE,
        403,
        "unit",
        vi=(
            "Không có tên trong danh sách",
            "“{unit}” không có trong danh sách bỏ phiếu hoặc ký giao ước này.",
            "Liên hệ chủ tọa hoặc cụm trưởng nếu danh sách cần xem lại.",
        ),
        en=(
            "Not on the roll",
            "“{unit}” is not on the roll of this ballot or pledge.",
            "Ask the presiding unit or the chair if the roll should be looked at.",
        ),
    ),
    _refusal(
        Code.NOT_A_NOMINEE,
        Stage.RULE,
        422,
        "given",
        vi=(
            "Không có trong danh sách đề cử",
            "“{given}” không có trong danh sách đề cử của cuộc bỏ phiếu này.",
            "Chọn trong danh sách đề cử và gửi thành sự kiện mới.",
        ),
        en=(
            "Not a nominee",
            "“{given}” is not a nominee of this ballot.",
            "Choose among the nominees and send a new event.",
        ),
    ),
    _refusal(
        Code.TOO_MANY_CHOICES,
        Stage.RULE,
        422,
        "allowed",
        "given",
        vi=(
            "Chọn quá số lượng",
            "Được chọn tối đa {allowed}; nhận được {given}.",
            "Bớt số lựa chọn và gửi thành sự kiện mới.",
        ),
        en=(
            "Too many choices",
            "At most {allowed} may be chosen; given {given}.",
            "Choose fewer and send a new event.",
        ),
    ),
    _refusal(
        Code.MODE_WRONG,
        Stage.RULE,
        409,
        "mode",
        "needed",
        vi=(
            "Khác với hình thức bỏ phiếu",
            "Cuộc bỏ phiếu theo hình thức {mode}; việc này cần hình thức {needed}.",
            "Dùng loại sự kiện đúng với hình thức bỏ phiếu.",
        ),
        en=(
            "Another mode of voting",
            "The ballot's mode is {mode}; this needs {needed}.",
            "Use the event type of the ballot's mode.",
        ),
    ),
    _refusal(
        Code.COUNT_ARITHMETIC,
        Stage.RULE,
        422,
        "rule",
        "expected",
        "given",
        vi=(
            "Số phiếu chưa khớp",
            "Chưa khớp theo quy tắc {rule}: cần {expected}, nhận được {given}.",
            "Kiểm lại số phiếu phát ra, thu về, hợp lệ và từng lựa chọn, rồi gửi sự kiện mới.",
        ),
        en=(
            "The count does not add up",
            "Rule {rule} does not hold: expected {expected}, given {given}.",
            "Recount issued, returned, valid and each choice, then send a new event.",
        ),
    ),
    _refusal(
        Code.BOARD_INVALID,
        Stage.RULE,
        422,
        "fault",
        vi=(
            "Ban kiểm phiếu chưa hợp lệ",
            "Chưa đúng: {fault}.",
            "Bầu lại ban kiểm phiếu đúng thành phần và gửi thành sự kiện mới.",
        ),
        en=(
            "The counting board is not valid",
            "What is wrong: {fault}.",
            "Elect a board of the right members and send a new event.",
        ),
    ),
    _refusal(
        Code.COUNTS_DIFFER,
        Stage.RULE,
        409,
        "first",
        "second",
        vi=(
            "Kết quả kiểm của các thành viên khác nhau",
            "Lần kiểm {first} chưa khớp với lần kiểm nào của người khác. Các lần khác: {second}.",
            "Ban kiểm phiếu cùng kiểm lại và gửi thành sự kiện mới.",
        ),
        en=(
            "The board's counts differ",
            "Count {first} agrees with no count of somebody else. Other counts: {second}.",
            "Recount together and send a new event.",
        ),
    ),
    _refusal(
        Code.BALLOT_INVALID,
        Stage.RULE,
        422,
        "path",
        "expected",
        "given",
        vi=(
            "Bản ghi phiếu kín không đúng",
            "Tại “{path}”: cần {expected}, nhận được {given}.",
            "Lập lại bản ghi từ đầu bằng phần mềm của mình, rồi gửi thành sự kiện mới.",
        ),
        en=(
            "A record of a secret ballot is wrong",
            "At “{path}”: expected {expected}, given {given}.",
            "Have your client make the record anew, then send a new event.",
        ),
    ),
    _refusal(
        Code.BALLOT_TOO_LONG,
        Stage.RULE,
        422,
        "given",
        "fits",
        vi=(
            "Danh sách quá dài cho một phiếu kín",
            "Có {given} đơn vị được đề cử; một phiếu theo mẫu này chứa được {fits}.",
            "Chia thành nhiều phiếu, hoặc dùng mẫu danh sách.",
        ),
        en=(
            "The list is too long for one secret ballot",
            "There are {given} nominees; a ballot of this form holds {fits}.",
            "Split it into several ballots, or use the form of a list.",
        ),
    ),
    _refusal(
        Code.TRUSTEES_INVALID,
        Stage.RULE,
        422,
        "rule",
        "given",
        vi=(
            "Cách chia khóa kiểm phiếu chưa an toàn",
            "Chưa đạt quy tắc: {rule}. Nhận được: {given}.",
            "Chia lại các nhóm người giữ khóa: có người dự phòng, và không tổ chức nào tự mở được phiếu.",
        ),
        en=(
            "The trustees are not arranged safely",
            "The rule does not hold: {rule}. Given: {given}.",
            "Arrange the groups anew: with holders to spare, and none that can open votes alone.",
        ),
    ),
    _refusal(
        Code.RANKING_OUTDATED,
        Stage.RULE,
        409,
        "given",
        "expected",
        vi=(
            "Bảng xếp hạng đã có bản mới",
            "Bản hiện hành: {expected}. Bản được dẫn: {given}.",
            "Dùng bản hiện hành và gửi thành sự kiện mới.",
        ),
        en=(
            "There is a newer ranking",
            "Present version: {expected}. Version referred to: {given}.",
            "Use the present version and send a new event.",
        ),
    ),
    _refusal(
        Code.MINUTES_INCOMPLETE,
        Stage.RULE,
        422,
        "missing",
        vi=(
            "Biên bản còn thiếu",
            "Còn thiếu: {missing}.",
            "Bổ sung và gửi thành sự kiện mới.",
        ),
        en=(
            "The minutes are incomplete",
            "Missing: {missing}.",
            "Complete them and send a new event.",
        ),
    ),
    # Proposals and decisions.
    _refusal(
        Code.QUOTA_EXCEEDED,
        Stage.RULE,
        422,
        "title",
        "max",
        "given",
        vi=(
            "Vượt số lượng được đề nghị",
            "“{title}”: tối đa {max}; nhận được {given}.",
            "Giảm số đề nghị theo phân bổ và gửi thành sự kiện mới.",
        ),
        en=(
            "The quota is exceeded",
            "“{title}”: at most {max}; given {given}.",
            "Keep within the quota and send a new event.",
        ),
    ),
    _refusal(
        Code.EXCLUSIVE_TITLE,
        Stage.RULE,
        422,
        "unit",
        "title",
        "other",
        vi=(
            "Hai hình thức không cùng nhận trong một năm",
            "“{unit}” đã có “{other}”, nên không nhận thêm “{title}” trong cùng năm.",
            "Chọn một hình thức và gửi thành sự kiện mới.",
        ),
        en=(
            "Two titles exclude each other",
            "“{unit}” has “{other}” and so cannot have “{title}” in the same year.",
            "Choose one of them and send a new event.",
        ),
    ),
    _refusal(
        Code.REWARD_MISMATCH,
        Stage.RULE,
        422,
        "expected",
        "given",
        vi=(
            "Mức tiền thưởng chưa khớp",
            "Theo quy định là {expected} đồng; nhận được {given} đồng.",
            "Tính lại theo mức lương cơ sở tại ngày quyết định và gửi thành sự kiện mới.",
        ),
        en=(
            "The reward does not match",
            "By the rule it is {expected} đồng; given {given} đồng.",
            "Compute it from the base salary on the decision's date and send a new event.",
        ),
    ),
    _refusal(
        Code.DECISION_UNFOUNDED,
        Stage.RULE,
        422,
        "unit",
        "title",
        "missing",
        vi=(
            "Quyết định chưa đủ căn cứ",
            "“{unit}”, “{title}”: còn thiếu {missing}.",
            "Hoàn tất bước còn thiếu trước khi quyết định.",
        ),
        en=(
            "The decision lacks its ground",
            "“{unit}”, “{title}”: missing {missing}.",
            "Complete the missing step before deciding.",
        ),
    ),
    # Pledges.
    _refusal(
        Code.SIGNED_ALREADY,
        Stage.RULE,
        409,
        "unit",
        vi=(
            "Đơn vị đã trả lời giao ước",
            "Đơn vị “{unit}” đã ký hoặc đã từ chối ký giao ước này.",
            "Không cần gửi lại; câu trả lời đã ghi không thay đổi được.",
        ),
        en=(
            "The unit has answered",
            "Unit “{unit}” has signed this pledge or declined to.",
            "Nothing more is needed; a recorded answer is not changed.",
        ),
    ),
    _refusal(
        Code.PLEDGE_NOT_OPEN,
        Stage.RULE,
        409,
        "state",
        vi=(
            "Giao ước chưa mở hoặc đã khép lại",
            "Trạng thái giao ước: {state}.",
            "Chờ cụm trưởng mở giao ước, hoặc liên hệ cụm trưởng nếu đã khép lại.",
        ),
        en=(
            "The pledge is not open",
            "State of the pledge: {state}.",
            "Wait until the chair opens it, or ask the chair if it is concluded.",
        ),
    ),
    _refusal(
        Code.PLEDGE_TEXT_DIFFERS,
        Stage.RULE,
        409,
        "expected",
        "given",
        vi=(
            "Văn bản giao ước khác bản đang ký",
            "Phiên bản của giao ước: {expected}. Nhận được: {given}.",
            "Tải phiên bản của giao ước và gửi sự kiện mới cho phiên bản ấy.",
        ),
        en=(
            "The pledge's text differs",
            "Version of the pledge: {expected}. Given: {given}.",
            "Fetch that version of the pledge and send a new event for it.",
        ),
    ),
    _refusal(
        Code.TARGET_UNKNOWN,
        Stage.RULE,
        422,
        "target",
        vi=(
            "Không có chỉ tiêu này",
            "Chỉ tiêu “{target}” không có trong giao ước.",
            "Dùng mã chỉ tiêu có trong giao ước và gửi thành sự kiện mới.",
        ),
        en=(
            "There is no such target",
            "Target “{target}” is not in the pledge.",
            "Use a target of the pledge and send a new event.",
        ),
    ),
)

CATALOGUE: Final[Mapping[Code, Refusal]] = {row.code: row for row in _ROWS}
"""Every refusal by its code."""
