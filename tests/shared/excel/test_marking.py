"""The user gets the own workbook back: the same cells and formats, and what is wrong beside each row."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from tests.shared.excel.workbooks import FIRST, column_of, edited, score_sheet, sheet_of, with_part
from thidua.excel import marking
from thidua.excel.checking import check
from thidua.excel.faults import SheetCode, WorkbookError
from thidua.excel.marking import COLUMN, LIST, marked
from thidua.excel.template import HEADING_ROW

WRONG = score_sheet(
    {0: {"Điểm tự chấm": 99}, 5: {"Giải trình": "=HYPERLINK(1)", "Điểm tự chấm": "x"}}
)


def opened(raw: bytes | None) -> Any:
    assert raw is not None
    return openpyxl.load_workbook(io.BytesIO(raw))


def test_each_row_at_fault_says_so_beside_it_and_others_say_nothing() -> None:
    sheet = sheet_of(opened(marked(check(WRONG))), "tu-cham")
    at = column_of(sheet, COLUMN)
    said = {row: sheet.cell(row, at).value for row in range(FIRST, FIRST + 12)}
    assert {row for row, words in said.items() if words} == {FIRST, FIRST + 5}
    assert "0 đến 10" in said[FIRST]
    assert "Điểm tự chấm (G4)" in said[FIRST]


def test_all_faults_stand_in_a_list_with_code_and_place() -> None:
    report = check(WRONG)
    listed = opened(marked(report))[LIST]
    assert [listed.cell(row, 1).value for row in range(2, 2 + len(report.faults))] == [
        fault.code for fault in report.faults
    ]
    assert all(cell.data_type in {"s", "n"} for row in listed.iter_rows() for cell in row)


def test_the_users_formats_values_and_drop_downs_stay() -> None:
    def style(book: Any) -> None:
        cell = sheet_of(book, "tu-cham").cell(FIRST + 2, 9)
        cell.font, cell.number_format = Font(bold=True, color="123456"), "0.00"

    raw = edited(WRONG, style)
    before = sheet_of(opened(raw), "tu-cham")
    after = sheet_of(opened(marked(check(raw))), "tu-cham")
    assert after.cell(FIRST + 2, 9).font.color.rgb == "00123456"
    assert after.cell(FIRST + 2, 9).number_format == "0.00"
    lists = [rule.formula1 for rule in after.data_validations.dataValidation]
    assert lists == [rule.formula1 for rule in before.data_validations.dataValidation]
    assert lists == ["ds_unit"]
    at = column_of(after, COLUMN)
    for row in before.iter_rows(max_col=at - 1):
        assert [cell.value for cell in row] == [
            after.cell(cell.row, cell.column).value for cell in row
        ]


def test_a_marked_workbook_that_was_mended_is_good_and_loses_its_marks() -> None:
    def mend(book: Any) -> None:
        sheet = sheet_of(book, "tu-cham")
        for line in (0, 5):
            sheet.cell(FIRST + line, column_of(sheet, "Điểm tự chấm")).value = 10
            sheet.cell(FIRST + line, column_of(sheet, "Giải trình")).value = None

    first = marked(check(WRONG))
    assert first is not None
    report = check(edited(first, mend))
    assert report.faults == ()
    book = opened(marked(report))
    sheet = sheet_of(book, "tu-cham")
    at = column_of(sheet, COLUMN)
    assert {sheet.cell(row, at).value for row in range(HEADING_ROW + 1, FIRST + 12)} == {None}
    assert LIST not in book.sheetnames


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/worksheets/sheet1.xml", b' s="', b' s="9999'),
        ("xl/styles.xml", b"<font>", b'<font charset="x">'),
        ("[Content_Types].xml", b"sheet.main+xml", b"sheet.other+xml"),
    ],
)
def test_a_workbook_that_cannot_be_written_anew_is_called_damaged(
    part: str, old: bytes, new: bytes
) -> None:
    report = check(with_part(WRONG, part, lambda given: given.replace(old, new)))
    with pytest.raises(WorkbookError) as caught:
        marked(report)
    assert caught.value.fault.code is SheetCode.FILE_DAMAGED


def test_a_fault_of_our_own_is_never_called_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(marking, "_PINK")
    with pytest.raises(NameError):
        marked(check(WRONG))
