"""Workbooks made with XlsxWriter: a form to fill in, or filled with recorded events; equal input gives equal bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from thidua.contracts.base import format_points
from thidua.excel.columns import CODE_OF, Choice, Column, options
from thidua.excel.forms import FORMS, Form, looked_at
from thidua.excel.records import Values
from thidua.excel.rules import Rules
from thidua.text import display_date

if TYPE_CHECKING:
    from collections.abc import Iterable

RULES_SHEET: Final = "_thidua"
LISTS_SHEET: Final = "_danh_muc"
GUIDE_SHEET: Final = "Hướng dẫn"
MAGIC: Final = "thidua-excel"
CHUNK: Final = 30_000
HEADING_ROW: Final = 3
"""The row of headings, from 1."""
_MADE: Final = datetime(2020, 1, 1)  # noqa: DTZ001 - a fixed property of the file, no moment
_WHOLE_IN_A_CELL: Final = 10**15
_FIRST_YEAR_OF_CELLS: Final = 1901


@dataclass(slots=True)
class _Book:
    """A workbook on its way."""

    book: Any
    form: Form
    rules: Rules
    formats: dict[str, Any] = field(default_factory=dict)
    lists: dict[Choice, tuple[str, str]] = field(default_factory=dict)
    """The defined name of a list's names, and the range of its codes."""

    def format(self, **given: Any) -> Any:
        """A format, made once."""
        key = repr(sorted(given.items()))
        if key not in self.formats:
            wanted = {"font_name": "Times New Roman", "font_size": 12, **given}
            self.formats[key] = self.book.add_format(wanted)
        return self.formats[key]


def template(rules: Rules) -> bytes:
    """A workbook to fill in; what the year's rules fix stands in it already."""
    form = FORMS[rules.kind]
    return filled(rules, form.listed(rules), spare=form.spare)


def filled(rules: Rules, rows: Iterable[Values], *, spare: int = 0) -> bytes:
    """A workbook with these rows and *spare* empty ones under them."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_urls": False})
    book.set_properties({"title": FORMS[rules.kind].title, "created": _MADE})
    one = _Book(book, FORMS[rules.kind], rules)
    sheet = book.add_worksheet(one.form.sheet)
    guide = book.add_worksheet(GUIDE_SHEET)
    _lists(one, book.add_worksheet(LISTS_SHEET))
    _rules(one, book.add_worksheet(RULES_SHEET))
    _sheet(one, sheet, list(rows), spare)
    _guide(one, guide)
    book.close()
    return target.getvalue()


def _lists(one: _Book, sheet: Any) -> None:
    at = 0
    for column in one.form.columns:
        known = options(column.choice, one.rules) if column.choice else {}
        if column.choice is None or column.choice in one.lists or not known:
            continue
        for row, (code, name) in enumerate(known.items(), 1):
            sheet.write_string(row, at, name)
            sheet.write_string(row, at + 1, code)
        last = len(known)
        # Excel moves a list on another sheet into an extension that openpyxl drops, unless it has a name.
        name = f"ds_{column.choice}"
        one.book.define_name(name, f"={_range(at, last)}")
        one.lists[column.choice] = (name, _range(at + 1, last))
        at += 2
    sheet.very_hidden()


def _range(column: int, last: int) -> str:
    first, end = (
        xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True) for row in (1, max(1, last))
    )
    return f"'{LISTS_SHEET}'!{first}:{end}"


def _rules(one: _Book, sheet: Any) -> None:
    document = one.rules.model_dump_json()
    sheet.write_string(0, 0, MAGIC)
    for row, at in enumerate(range(0, len(document), CHUNK), 1):
        sheet.write_string(row, 0, document[at : at + CHUNK])
    sheet.very_hidden()


def _sheet(one: _Book, sheet: Any, rows: list[Values], spare: int) -> None:
    title = one.format(bold=True, font_size=14)
    sheet.write_string(0, 0, f"{one.form.title} – {one.rules.subject}", title)
    sheet.write_string(
        1, 0, f"Ô nền vàng: điền số liệu. Xem trang “{GUIDE_SHEET}”.", one.format(italic=True)
    )
    head = one.format(bold=True, text_wrap=True, valign="vcenter", border=1, bg_color="#D9E2F3")
    at = 0
    first, last = HEADING_ROW, HEADING_ROW + len(rows) + spare - 1
    for column in one.form.columns:
        sheet.write_string(HEADING_ROW - 1, at, column.heading, head)
        sheet.set_column(at, at, column.width, None, {"hidden": column.hidden})
        for row in range(first, last + 1):
            values = rows[row - first] if row - first < len(rows) else {}
            _cell(one, sheet, row, at, column, values)
        at += 1
        if column.choice is not None:
            _drop_down(one, sheet, column, (first, at - 1, last))
            sheet.write_string(HEADING_ROW - 1, at, CODE_OF + column.heading, head)
            sheet.set_column(at, at, 12, None, {"hidden": True})
            for row in range(first, last + 1):
                values = rows[row - first] if row - first < len(rows) else {}
                _code(one, sheet, row, at, column, values.get(column.key, ""))
            at += 1
    sheet.freeze_panes(HEADING_ROW, 0)
    sheet.protect("", {"format_columns": True, "format_rows": True})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADING_ROW - 1)
    sheet.activate()


def _drop_down(one: _Book, sheet: Any, column: Column, area: tuple[int, int, int]) -> None:
    first, at, last = area
    known = one.lists.get(column.choice) if column.choice else None
    if known is None or column.fixed or last < first:
        return
    rule = {"validate": "list", "source": f"={known[0]}", "input_title": column.heading[:32]}
    rule |= {"input_message": column.guide[:255], "error_title": "Chưa có trong danh sách"}
    rule |= {"error_message": "Hãy chọn một giá trị trong danh sách thả xuống của ô này."}
    if column.open:
        rule["error_type"] = "information"
    sheet.data_validation(first, at, last, at, rule)


def _cell(one: _Book, sheet: Any, row: int, at: int, column: Column, values: Values) -> None:
    value = values.get(column.key)
    if column.fixed and value is None:
        value = looked_at(one.form, column.key, one.rules, values)
    look: dict[str, Any] = {"border": 1, "valign": "top", "text_wrap": True}
    if not column.fixed:
        look |= {"locked": False, "bg_color": "#FFFBE6"}
    if isinstance(value, date):
        look["num_format"] = "dd/mm/yyyy"
    style = one.format(**look)
    match value:
        case None:
            sheet.write_blank(row, at, None, style)
        case Decimal() | int():
            _number(sheet, row, at, Decimal(value), style)
        case date() if value.year >= _FIRST_YEAR_OF_CELLS:
            sheet.write_datetime(row, at, value, style)
        case date():
            sheet.write_string(row, at, display_date(value), style)
        case tuple():
            sheet.write_string(row, at, ", ".join(value), style)
        case _ if column.choice is not None:
            known = options(column.choice, one.rules)
            sheet.write_string(row, at, known.get(str(value), str(value)), style)
        case _:
            sheet.write_string(row, at, str(value), style)


def _number(sheet: Any, row: int, at: int, value: Decimal, style: Any) -> None:
    # A cell keeps 15 digits; what has more is written as text.
    if abs(value) < _WHOLE_IN_A_CELL:
        sheet.write_number(row, at, float(value), style)
    else:
        sheet.write_string(row, at, str(value), style)


def _code(one: _Book, sheet: Any, row: int, at: int, column: Column, code: str) -> None:
    beside = xl_rowcol_to_cell(row, at - 1)
    known = one.lists.get(column.choice) if column.choice else None
    if column.fixed or known is None:
        sheet.write_string(row, at, code)
        return
    names, codes = known
    found = f"IFERROR(INDEX({codes},MATCH({beside},{names},0)),{beside})"
    sheet.write_formula(row, at, f'=IF({beside}="","",{found})', None, code)


def _guide(one: _Book, sheet: Any) -> None:
    rules = one.rules
    title, bold = one.format(bold=True, font_size=14), one.format(bold=True, border=1)
    wrap = one.format(text_wrap=True, valign="top", border=1)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 70)
    sheet.set_column(2, 2, 14)
    sheet.write_string(0, 0, f"Hướng dẫn: {one.form.title}", title)
    lines = [
        ("Năm thi đua", rules.subject),
        ("Cách điền", f"Điền các ô nền vàng ở trang “{one.form.sheet}”; chọn trong danh sách nếu ô có."),
        ("Dòng để trống", "Dòng chưa điền gì không được nộp."),
        ("Số", "19,5 hoặc 19.5; không ghi kèm chữ, dấu % hay dấu ngăn hàng nghìn."),
        ("Ngày", "26/10/2020 (ngày/tháng/năm)."),
        ("Chữ", "Unicode. Chữ TCVN3 (.VnTime) và VNI bị trả lại kèm tên ô."),
        ("Không làm", "Không đổi tên tiêu đề, không gộp ô, không xóa trang ẩn của mẫu."),
        ("Kiểm tra", "thidua excel check TỆP.xlsx --marked TỆP-LỖI.xlsx, hoặc trang “Nộp Excel” của hệ thống."),
        ("Nộp", "thidua excel import TỆP.xlsx (ký bằng khóa của đơn vị). Còn lỗi thì không dòng nào được gửi."),
    ]  # fmt: skip
    row = 2
    for name, said in lines:
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, said, wrap)
        row += 1
    row = _table(
        one, sheet, row + 1, ("Cột", "Cách ghi", "Bắt buộc"),
        [
            (column.heading, column.guide, "có" if column.needed else "")
            for column in one.form.columns if not column.hidden
        ],
    )  # fmt: skip
    if rules.kind == "tu-cham":
        _table(
            one, sheet, row + 1, ("Mã tiêu chí", "Tiêu chí", "Điểm tối đa"),
            [(line.code, line.name + (" (cần minh chứng)" if line.evidence else ""), format_points(line.maximum)) for line in rules.criteria],
        )  # fmt: skip
    sheet.protect()


def _table(
    one: _Book, sheet: Any, row: int, head: tuple[str, ...], rows: list[tuple[str, ...]]
) -> int:
    wrap = one.format(text_wrap=True, valign="top", border=1)
    for at, words in enumerate(head):
        sheet.write_string(row, at, words, one.format(bold=True, border=1, bg_color="#D9E2F3"))
    for line in rows:
        row += 1
        for at, words in enumerate(line):
            sheet.write_string(row, at, words, wrap)
    return row + 1
