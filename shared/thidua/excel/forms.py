"""The forms: which columns, which rows make one event, and how an event is spread over rows again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from thidua.contracts import EventData
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.excel import columns as c
from thidua.excel import records
from thidua.excel.columns import Column
from thidua.excel.records import Row, Values, Wrong
from thidua.excel.rules import Kind, Rules
from thidua.text import display_number


@dataclass(frozen=True, slots=True)
class Form:
    """
    One kind of workbook.

    ``record``: rows that agree in these columns make one event; without any, each row does. ``whole``: the
    template lists the rows that a record must have. ``again``: what identifies an event that a later one replaces.
    """

    kind: Kind
    sheet: str
    title: str
    wire_type: str
    columns: tuple[Column, ...]
    record: tuple[str, ...]
    compose: Callable[[Rules, list[Row]], Values]
    judge: Callable[[Rules, list[Row]], Iterator[Wrong]]
    spread: Callable[[Any], list[Values]]
    listed: Callable[[Rules], list[Values]]
    again: Callable[[Any], tuple[object, ...]]
    whole: bool = False
    spare: int = 200


def _only_unit(rules: Rules) -> str | None:
    return rules.units[0].code if len(rules.units) == 1 else None


_UNIT: Final = Column(
    "unit", "Đơn vị", c.name, "Chọn đơn vị.", choice="unit", needed=True, frame=True, width=28,
    default=_only_unit,
)  # fmt: skip
_NOTE: Final = Column("note", "Giải trình", c.text, "Giải trình, nếu có.", width=40)
_EVIDENCE: Final = Column(
    "evidence", "Minh chứng (SHA-256)", c.hashes,
    "Mã băm SHA-256 của các tệp minh chứng, cách nhau bằng dấu phẩy.", width=24,
)  # fmt: skip


FORMS: Final[dict[Kind, Form]] = {
    form.kind: form
    for form in (
        Form(
            "dang-ky", "Đăng ký thi đua", "Đăng ký tham gia thi đua", u.ParticipationRegistered.TYPE,
            (
                _UNIT,
                Column("title", "Danh hiệu, hình thức", c.name, "Mỗi danh hiệu một dòng.", choice="title", width=34),
                Column("who", "Đối tượng", c.name, "Để trống: tập thể đơn vị.", choice="who", width=24),
                Column("number", "Số lượng", c.whole, "Để trống: 1.", width=10),
                Column("goal", "Chỉ tiêu phấn đấu", c.text, "Mỗi chỉ tiêu một dòng.", width=50),
                Column("women_percent", "Tỷ lệ nữ (%)", c.points, "Ghi ở dòng đầu của đơn vị, ví dụ 42,5.", shared=True, width=12),
            ),
            ("unit",), records.registration, records.registration_judged, records.registration_spread, lambda _: [],
            lambda data: (data.unit,),
        ),
        Form(
            "bao-cao", "Số liệu báo cáo", "Số liệu báo cáo sáu tháng, năm", u.ReportSubmitted.TYPE,
            (
                _UNIT,
                Column("report", "Kỳ báo cáo", c.name, "Chọn kỳ báo cáo ở mỗi dòng có số liệu.", choice="report", needed=True, width=20),
                Column("summary", "Tóm tắt", c.text, "Ghi ở dòng đầu của đơn vị.", shared=True, width=44),
                Column("figure", "Chỉ tiêu", c.name, "Chọn, hoặc ghi mã của số liệu khác.", choice="target", open=True, frame=True, width=36),
                Column("value", "Số liệu", c.points, "Để trống: không báo cáo chỉ tiêu này.", width=12),
                Column("file_name", "Tệp minh chứng", c.name, "Tên tệp.", width=30),
                Column("file_bytes", "Số byte", c.whole, "Kích thước tệp.", width=12),
                Column("file_sha256", "Mã băm SHA-256", c.one_hash, "64 ký tự.", width=24),
                Column("file_criterion", "Tiêu chí của tệp", c.name, "Tiêu chí mà tệp chứng minh, nếu có.", choice="criterion", width=30),
            ),
            ("unit", "report"), records.report, records.report_judged, records.report_spread,
            lambda rules: [{"unit": unit.code, "figure": one.code} for unit in rules.units for one in rules.targets],
            lambda data: (data.unit, data.kind),
        ),
        Form(
            "tu-cham", "Tự chấm điểm", "Phiếu tự chấm điểm", u.ScoreSheetSubmitted.TYPE,
            (
                _UNIT,
                Column("rulebook", "Bảng điểm số", c.whole, "Phiên bản quy chế; không sửa.", frame=True, fixed=True, shared=True, hidden=True),
                Column("criterion", "Tiêu chí", c.name, "Không sửa.", choice="criterion", needed=True, frame=True, fixed=True, width=50),
                Column("maximum", "Điểm tối đa", c.shown, "Không sửa.", frame=True, fixed=True, width=12),
                Column("points", "Điểm tự chấm", c.points, "Từ 0 đến điểm tối đa, đúng bước chấm.", needed=True, width=14),
                Column("value", "Số đo", c.points, "Số liệu đo được, nếu tiêu chí chấm theo khung tỷ lệ.", width=12),
                _NOTE,
                _EVIDENCE,
            ),
            ("unit",), records.scores, records.scores_judged, records.scores_spread, records.scores_listed,
            lambda data: (data.unit,), whole=True, spare=0,
        ),
        Form(
            "chi-tieu", "Chỉ tiêu giao ước", "Dự thảo giao ước và chỉ tiêu thi đua", p.PledgeDrafted.TYPE,
            (
                Column("version", "Dự thảo số", c.whole, "Để trống: dự thảo kế tiếp.", needed=True, frame=True, width=12, default=lambda rules: rules.draft + 1),
                Column("theme", "Chủ đề", c.text, "Ghi ở dòng đầu.", shared=True, width=36),
                Column("text", "Nội dung giao ước", c.text, "Ghi ở dòng đầu.", shared=True, width=50),
                Column("target", "Mã chỉ tiêu", c.slug, "Chữ thường không dấu, ví dụ gia-dinh-van-hoa.", needed=True, width=22),
                Column("name_vi", "Tên chỉ tiêu", c.text, "Tên đầy đủ.", needed=True, width=44),
                Column("measure", "Đơn vị tính", c.name, "Ví dụ: %.", needed=True, width=12),
                Column("value", "Mức giao ước", c.points, "Ví dụ 80.", needed=True, width=14),
                Column("sense", "So sánh", c.name, "Ít nhất, hoặc nhiều nhất.", choice="sense", needed=True, width=14),
                Column("of", "Đơn vị thực hiện", c.unit_codes, "Để trống: mọi đơn vị; hoặc mã các đơn vị.", width=24),
            ),
            ("version",), records.targets, records.targets_judged, records.targets_spread, records.targets_listed,
            lambda data: (data.version,),
        ),
        Form(
            "ket-qua", "Kết quả chỉ tiêu", "Kết quả thực hiện chỉ tiêu giao ước", p.TargetResultReported.TYPE,
            (
                _UNIT,
                Column("target", "Chỉ tiêu", c.name, "Chọn chỉ tiêu của giao ước.", choice="target", needed=True, frame=True, width=44),
                Column("pledged", "Mức giao ước", c.shown, "Để xem; không sửa.", frame=True, fixed=True, width=16),
                Column("value", "Kết quả", c.points, "Ví dụ 82,5.", needed=True, width=12),
                Column("as_of", "Tính đến ngày", c.day, "Ngày/tháng/năm.", needed=True, width=16),
                _NOTE,
                _EVIDENCE,
            ),
            (), records.result, records.nothing, records.result_spread, records.results_listed,
            lambda data: (data.unit, data.target, data.as_of),
        ),
    )
}  # fmt: skip
"""The form of each kind."""


def looked_at(form: Form, key: str, rules: Rules, values: Values) -> str | Decimal | None:
    """What a column that is only looked at shows in a row."""
    if form.kind == "tu-cham" and key == "maximum":
        line = next((one for one in rules.criteria if one.code == values.get("criterion")), None)
        return None if line is None else line.maximum
    goal = next((one for one in rules.targets if one.code == values.get("target")), None)
    if goal is None:
        return None
    sign = "≥" if goal.sense == "at-least" else "≤"
    return f"{sign} {display_number(goal.value)} {goal.measure}"


def newest(form: Form, events: list[EventData]) -> list[EventData]:
    """The events that stand: a later one replaces an earlier one of the same thing."""
    standing: dict[tuple[object, ...], EventData] = {}
    for event in events:
        identity = form.again(event)
        standing.pop(identity, None)
        standing[identity] = event
    return list(standing.values())


def form_of(kind: str) -> Form | None:
    """The form of a kind, if there is one."""
    return FORMS.get(cast("Kind", kind))
