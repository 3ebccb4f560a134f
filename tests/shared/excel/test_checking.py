"""A filled-in workbook gives its events, or every fault with sheet, row and column, and never half of both."""

from __future__ import annotations

import json
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.shared.excel.workbooks import (
    CYCLE,
    FIRST,
    column_of,
    edited,
    found,
    rules_2020,
    score_sheet,
    sheet_of,
    with_part,
    with_rows,
)
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.excel.checking import check
from thidua.excel.faults import SheetCode
from thidua.excel.rules import KINDS, Kind, Named
from thidua.excel.template import HEADING_ROW, RULES_SHEET, template

RESULT = {"Chỉ tiêu": "Tỷ lệ gia đình đạt chuẩn văn hóa", "Kết quả": 82.5}
DAY = datetime.combine(date(2020, 10, 26), datetime.min.time())


def result(**changes: Any) -> dict[str, Any]:
    return {"Đơn vị": "Sở VHTTDL Lào Cai", **RESULT, "Tính đến ngày": DAY, **changes}


def test_a_full_score_sheet_is_one_event_of_the_rulebook_in_force() -> None:
    report = check(score_sheet())
    assert found(report) == []
    [draft] = report.drafts
    assert draft.told.type == u.ScoreSheetSubmitted.TYPE
    assert draft.told.subject == CYCLE
    assert isinstance(draft.data, u.ScoreSheetSubmitted)
    assert draft.data.unit == "LCA"
    assert draft.data.rulebook == 1
    assert sum(mark.points for mark in draft.data.marks) == 100
    assert draft.rows == tuple(range(FIRST, FIRST + 12))


@pytest.mark.parametrize(
    ("change", "code", "heading", "expected"),
    [
        ({"Điểm tự chấm": 12.5}, "CRITERION_OUT_OF_RANGE", "Điểm tự chấm", "0 đến 10"),
        ({"Điểm tự chấm": -1}, "CRITERION_OUT_OF_RANGE", "Điểm tự chấm", "0 đến 10"),
        ({"Điểm tự chấm": "9,3"}, "SCORE_STEP_WRONG", "Điểm tự chấm", "bội số của 0,5"),
        ({"Điểm tự chấm": "mười"}, "NUMBER_INVALID", "Điểm tự chấm", "số"),
        ({"Điểm tự chấm": "1.234"}, "NUMBER_AMBIGUOUS", "Điểm tự chấm", "hàng nghìn"),
        ({"Điểm tự chấm": None}, "VALUE_MISSING", "Điểm tự chấm", "đến điểm tối đa"),
        ({"Điểm tự chấm": "=5+5"}, "FORMULA_UNCALCULATED", "Điểm tự chấm", "công thức"),
        ({"Điểm tự chấm": "#REF!"}, "FORMULA_ERROR", "Điểm tự chấm", ""),
        ({"Giải trình": "Së V¨n hãa"}, "ENCODING_LEGACY", "Giải trình", "Sở Văn hóa"),
        ({"Giải trình": "Sôû Vaên hoùa"}, "ENCODING_LEGACY", "Giải trình", "Sở Văn hóa"),
        ({"Giải trình": "x" * 8001}, "VALUE_INVALID", "Giải trình", "8000 ký tự"),
        ({"Minh chứng (SHA-256)": "abc"}, "VALUE_INVALID", "Minh chứng (SHA-256)", "64 ký tự"),
        ({"Tiêu chí": "X.9", "Mã: Tiêu chí": None}, "CRITERION_UNKNOWN", "Tiêu chí", "I.1"),
        ({"Tiêu chí": "I.2 Văn hóa, di sản, thư viện, gia đình"}, "CRITERION_UNKNOWN", "Tiêu chí", "I.1"),
        ({"Đơn vị": "Sở Hà Nội"}, "UNIT_UNKNOWN", "Đơn vị", "Lào Cai"),
        ({"Bảng điểm số": 2}, "VALUES_DIFFER", "Bảng điểm số", "2"),
    ],
)  # fmt: skip
def test_a_fault_of_a_cell_is_named_with_its_place_and_what_is_expected(
    change: dict[str, Any], code: str, heading: str, expected: str
) -> None:
    report = check(score_sheet({0: change}))
    [fault] = report.faults if code != "VALUES_DIFFER" else report.faults[:1]
    assert (fault.code, fault.sheet, fault.column) == (code, "Tự chấm điểm", heading)
    assert fault.row == (FIRST if code != "VALUES_DIFFER" else FIRST + 1)
    assert expected in fault.expected + fault.given
    assert fault.fix_vi
    assert fault.fix_en
    assert report.drafts == ()


def test_a_line_that_needs_evidence_asks_for_it_and_takes_a_hash_for_it() -> None:
    bare = {"Giải trình": None}
    assert [code for code, _ in found(check(score_sheet({4: bare})))] == ["EVIDENCE_MISSING"]
    assert found(check(score_sheet({0: bare}))) == []
    with_hash = bare | {"Minh chứng (SHA-256)": "AB" * 32}
    [draft] = check(score_sheet({4: with_hash})).drafts
    assert isinstance(draft.data, u.ScoreSheetSubmitted)
    assert draft.data.marks[4].evidence == ("ab" * 32,)


def test_a_criterion_twice_is_one_fault_and_the_missing_one_another() -> None:
    twice = {"Tiêu chí": "I.1 Quản lý nhà nước", "Mã: Tiêu chí": "I.1"}
    report = check(score_sheet({1: twice, 2: {"Điểm tự chấm": 99}}))
    assert sorted(code for code, _ in found(report)) == [
        "CRITERION_OUT_OF_RANGE", "CRITERION_OUT_OF_RANGE", "OVERLAP", "SCORES_INCOMPLETE",
    ]  # fmt: skip
    incomplete = next(f for f in report.faults if f.code is SheetCode.SCORES_INCOMPLETE)
    assert incomplete.expected == "I.2"


def test_every_fault_is_told_at_once_in_the_order_of_the_sheet() -> None:
    report = check(score_sheet({0: {"Điểm tự chấm": "x", "Giải trình": "B¸o c¸o n¨m"}, 7: {"Điểm tự chấm": 0.3}, 11: {"Điểm tự chấm": None}}))  # fmt: skip
    assert [fault.row for fault in report.faults] == [FIRST, FIRST, FIRST + 7, FIRST + 11]
    assert report.document()["events"] == 0
    assert json.loads(json.dumps(report.document()))["faults"][0]["cell"] == f"G{FIRST}"


def test_text_in_decomposed_form_is_composed() -> None:
    note = unicodedata.normalize("NFD", "Đã hoàn thành")
    [draft] = check(score_sheet({0: {"Giải trình": note}})).drafts
    assert isinstance(draft.data, u.ScoreSheetSubmitted)
    assert draft.data.marks[0].note == "Đã hoàn thành"


def test_numbers_stored_as_text_and_dates_in_three_ways_are_read() -> None:
    rows = [
        result(**{"Kết quả": "82,5", "Tính đến ngày": "26/10/2020"}),
        result(**{"Kết quả": "82.5", "Tính đến ngày": "2020-10-27"}),
        result(**{"Tính đến ngày": datetime(2020, 10, 28)}),  # noqa: DTZ001 - a cell has no zone
    ]
    report = check(with_rows("ket-qua", rows))
    assert found(report) == []
    read = [draft.data for draft in report.drafts]
    assert [(one.value, one.as_of.day) for one in read if isinstance(one, p.TargetResultReported)] == [
        (Decimal("82.5"), day) for day in (26, 27, 28)
    ]  # fmt: skip


def test_a_formulas_kept_result_is_its_value() -> None:
    raw = edited(score_sheet({0: {"Điểm tự chấm": 0}}), lambda _: None)
    part = "xl/worksheets/sheet1.xml"
    cell = f'<c r="G{FIRST}"'.encode()

    def with_formula(xml: bytes) -> bytes:
        start = xml.index(cell)
        value = xml.index(b"<v>", start)
        return xml[:value] + b"<f>4+5.5</f><v>9.5</v>" + xml[xml.index(b"</v>", value) + 4 :]

    [draft] = check(with_part(raw, part, with_formula)).drafts
    assert isinstance(draft.data, u.ScoreSheetSubmitted)
    assert draft.data.marks[0].points == Decimal("9.5")


def test_rows_that_nobody_filled_in_are_skipped_and_counted() -> None:
    report = check(with_rows("ket-qua", [result()]))
    assert len(report.drafts) == 1
    assert report.skipped == 27
    far = edited(with_rows("ket-qua", [result()]), lambda book: fill_far(sheet_of(book, "ket-qua")))
    assert len(check(far).drafts) == 1


def fill_far(sheet: Any) -> None:
    sheet.cell(20_000, 3).value = None
    sheet.cell(20_000, 3).number_format = "0.0"
    sheet.row_dimensions[20_000].height = 30


def test_a_row_may_use_the_code_of_a_unit_or_the_name_in_any_case() -> None:
    rows = [
        result(**{"Đơn vị": "LCA", "Mã: Đơn vị": None}),
        result(**{"Đơn vị": "SỞ VHTTDL  lai châu", "Mã: Đơn vị": None}),
        result(**{"Đơn vị": "Sở VHTTDL Lạng Sơn", "Mã: Đơn vị": "LSN"}),
    ]
    report = check(with_rows("ket-qua", rows))
    assert [draft.told.data["unit"] for draft in report.drafts] == ["LCA", "LCH", "LSN"]


def test_a_name_and_a_code_that_disagree_are_a_fault() -> None:
    report = check(with_rows("ket-qua", [result(**{"Mã: Đơn vị": "LSN"})]))
    assert found(report) == [("UNIT_UNKNOWN", f"A{FIRST}")]


def test_units_with_one_name_are_told_apart_by_their_code() -> None:
    names = (Named(code="LCA", name="Sở Văn hóa"), Named(code="LCH", name="Sở văn hóa"))
    rules = rules_2020("ket-qua").model_copy(update={"units": names})
    row = result(**{"Đơn vị": "Sở văn hóa (LCH)"})
    report = check(with_rows("ket-qua", [row], rules=rules))
    assert [draft.told.data["unit"] for draft in report.drafts] == ["LCH"]
    other = check(with_rows("ket-qua", [result(**{"Đơn vị": "Sở văn hóa"})], rules=rules))
    assert found(other) == [("UNIT_UNKNOWN", f"A{FIRST}")]


def test_the_same_result_twice_is_a_fault_of_the_second_row() -> None:
    report = check(with_rows("ket-qua", [result(), result(**{"Kết quả": 1})]))
    [fault] = report.faults
    assert (fault.code, fault.row, fault.expected) == ("OVERLAP", FIRST + 1, f"khác dòng {FIRST}")


def test_rows_of_another_unit_than_the_keys_are_faults() -> None:
    raw = with_rows("ket-qua", [result(), result(**{"Đơn vị": "Sở VHTTDL Lạng Sơn"})])
    assert found(check(raw, unit="LCA")) == [("ROLE_REQUIRED", f"A{FIRST + 1}")]


def test_a_hidden_row_with_figures_is_named() -> None:
    def hide(book: Any) -> None:
        sheet_of(book, "tu-cham").row_dimensions[FIRST + 2].hidden = True

    report = check(edited(score_sheet(), hide))
    assert [(fault.code, fault.row) for fault in report.faults] == [("ROW_HIDDEN", FIRST + 2)]


def test_merged_cells_among_the_figures_are_named() -> None:
    def merge(book: Any) -> None:
        sheet_of(book, "tu-cham").merge_cells(f"G{FIRST}:G{FIRST + 1}")

    report = check(edited(score_sheet(), merge))
    assert ("CELLS_MERGED", f"G{FIRST}") in found(report)
    above = edited(score_sheet(), lambda book: sheet_of(book, "tu-cham").merge_cells("A1:F1"))
    assert found(check(above)) == []


def test_columns_are_known_by_heading_wherever_they_stand() -> None:
    def move(book: Any) -> None:
        sheet = sheet_of(book, "tu-cham")
        sheet.insert_cols(1, 2)
        sheet.insert_rows(1, 3)
        sheet.cell(HEADING_ROW + 3, 1).value = "Ghi chú riêng"
        sheet.cell(FIRST + 3, 1).value = "của tôi"

    assert found(check(edited(score_sheet(), move))) == []


def test_a_missing_column_and_one_that_stands_twice_are_named() -> None:
    def spoil(book: Any) -> None:
        sheet = sheet_of(book, "tu-cham")
        sheet.cell(HEADING_ROW, column_of(sheet, "Điểm tự chấm")).value = "Điểm"
        sheet.cell(HEADING_ROW, column_of(sheet, "Số đo")).value = "Giải trình"

    codes = {fault.code for fault in check(edited(score_sheet(), spoil)).faults}
    assert {"HEADING_MISSING", "HEADING_TWICE"} <= codes


def test_a_workbook_without_the_hidden_sheet_needs_rules_beside_it() -> None:
    raw = edited(score_sheet(), lambda book: book.remove(book[RULES_SHEET]))
    assert [code for code, _ in found(check(raw))] == ["TEMPLATE_UNKNOWN"]
    assert found(check(raw, rules=rules_2020("tu-cham", "LCA"))) == []


@pytest.mark.parametrize("content", ["{}", '{"format": 9}', "[", "x" * 40_000])
def test_a_spoilt_hidden_sheet_is_one_named_fault(content: str) -> None:
    def spoil(book: Any) -> None:
        book[RULES_SHEET].cell(2, 1).value = content

    assert [code for code, _ in found(check(edited(score_sheet(), spoil)))] == ["TEMPLATE_UNKNOWN"]


def test_a_report_takes_figures_of_its_own_and_files() -> None:
    row = {"Đơn vị": "LCA", "Kỳ báo cáo": "Cả năm"}
    rows: list[dict[str, Any]] = [
        {**row, "Chỉ tiêu": "so-le-hoi", "Số liệu": 12, "Tóm tắt": "Báo cáo"},
        {**row, "Chỉ tiêu": None, "Tệp minh chứng": "a.pdf", "Số byte": 3, "Mã băm SHA-256": "0" * 64},
    ]  # fmt: skip
    [draft] = check(with_rows("bao-cao", rows, "LCA")).drafts
    assert draft.told.data == {
        "unit": "LCA", "kind": "yearly", "summary": "Báo cáo", "figures": {"so-le-hoi": "12.0"},
        "evidence": [{"sha256": "0" * 64, "bytes": 3, "name": "a.pdf"}],
    }  # fmt: skip
    del rows[1]["Số byte"]
    assert [code for code, _ in found(check(with_rows("bao-cao", rows, "LCA")))] == [
        "VALUE_MISSING"
    ]


def test_a_registration_without_a_title_or_with_two_shares_of_women_is_named() -> None:
    row = {"Đơn vị": "Sở VHTTDL Lào Cai", "Tỷ lệ nữ (%)": 40}
    first = {**row, "Chỉ tiêu phấn đấu": "Dẫn đầu"}
    assert found(check(with_rows("dang-ky", [first]))) == [("VALUE_MISSING", f"C{FIRST}")]
    named = [{**row, "Danh hiệu, hình thức": "Cờ thi đua của Bộ"}, {**row, "Tỷ lệ nữ (%)": 41, "Chỉ tiêu phấn đấu": "x"}]  # fmt: skip
    [fault] = check(with_rows("dang-ky", named)).faults
    assert (fault.code, fault.row, fault.expected) == ("VALUES_DIFFER", FIRST + 1, "40")


def test_an_event_too_large_for_the_log_is_a_fault() -> None:
    rows = [
        {"Đơn vị": "LCA", "Danh hiệu, hình thức": "Cờ thi đua của Bộ", "Chỉ tiêu phấn đấu": "ă" * 7900}
        for _ in range(3)
    ]  # fmt: skip
    assert [code for code, _ in found(check(with_rows("dang-ky", rows)))] == ["SCHEMA_INVALID"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_has_the_same_bytes_every_time_and_asks_for_figures(kind: Kind) -> None:
    made = template(rules_2020(kind))
    assert made == template(rules_2020(kind))
    assert check(made).drafts == ()
    assert check(made).faults != ()
