"""The user's own workbook given back with a column “Lỗi” and a list of all faults; its formatting stays (openpyxl)."""

from __future__ import annotations

import io
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill

from thidua.excel.faults import SheetCode, WorkbookError
from thidua.excel.scanning import column_letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thidua.excel.checking import Report
    from thidua.excel.faults import Fault

COLUMN: Final = "Lỗi"
LIST: Final = "Danh sách lỗi"
_WIDTH: Final = 70
_RED: Final = "9C0006"
_PINK: Final = "FFC7CE"
_MOST: Final = 32_000
_ONE_AT_A_TIME: Final = threading.Lock()
"""Silencing warnings is a matter of the whole process."""
_STUMBLES: Final = (AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError)
"""openpyxl has no error of its own for a part that is missing, no XML, or holds another value than it expects."""


def marked(report: Report) -> bytes | None:
    """
    The workbook with its faults beside the rows; ``None`` when the file could not be read as a workbook.

    Marks of an earlier check are taken away first. Raises WorkbookError when the file is beyond writing anew.
    """
    if report.clean is None or report.sheet is None or report.heading_row is None:
        return None
    target = io.BytesIO()
    # What openpyxl warns of are extensions of newer Excels that it leaves out.
    with _ONE_AT_A_TIME, warnings.catch_warnings(action="ignore"):
        with _blaming_the_file():
            book = openpyxl.load_workbook(io.BytesIO(report.clean))
            sheet = book[report.sheet]
        _mark(sheet, report.heading_row, report.faults)
        _list(book, report.faults)
        with _blaming_the_file():
            book.save(target)
    return target.getvalue()


@contextmanager
def _blaming_the_file() -> Iterator[None]:
    """Name what openpyxl raises when it stumbles over a strange part; nothing else is the file's fault."""
    try:
        yield
    except _STUMBLES as error:
        raise WorkbookError(SheetCode.FILE_DAMAGED, "", type(error).__name__) from error


def _mark(sheet: Any, heading_row: int, faults: tuple[Fault, ...]) -> None:
    headings = {
        cell.column: str(cell.value).strip()
        for cell in sheet[heading_row]
        if cell.value is not None
    }
    at = next((number for number, said in headings.items() if said == COLUMN), None)
    at = at or max(headings, default=0) + 1
    for row in range(heading_row, sheet.max_row + 1):
        if sheet.cell(row, at).value is not None:
            sheet.cell(row, at).value = None
    bold, wrap = Font(bold=True, color=_RED), Alignment(wrap_text=True, vertical="top")
    head = sheet.cell(heading_row, at, COLUMN)
    head.font = bold
    sheet.column_dimensions[column_letters(at)].width = _WIDTH
    told: dict[int, list[str]] = {}
    for fault in faults:
        if fault.row is not None:
            cell = f"{fault.column} ({fault.cell}): " if fault.column else ""
            told.setdefault(fault.row, []).append(f"{cell}{fault.short_vi}")
        if fault.cell is not None and fault.row != heading_row:
            sheet[fault.cell].fill = PatternFill("solid", fgColor=_PINK)
    for row, lines in told.items():
        # Under the heading there is no room for what is wrong with the headings themselves.
        cell = sheet.cell(row, at)
        words = "\n".join(lines)[:_MOST]
        _write(cell, f"{COLUMN}\n{words}" if row == heading_row else words)
        cell.font, cell.alignment = Font(color=_RED), wrap


def _list(book: Any, faults: tuple[Fault, ...]) -> None:
    if LIST in book.sheetnames:
        del book[LIST]
    if not faults:
        return
    sheet = book.create_sheet(LIST)
    for at, words in enumerate(("Mã lỗi", "Ở đâu", "Lỗi và cách sửa", "English"), 1):
        sheet.cell(1, at, words).font = Font(bold=True)
    for row, fault in enumerate(faults, 2):
        said = (fault.code.value, fault.where, fault.short_vi, f"{fault.title_en}. {fault.fix_en}")
        for at, words in enumerate(said, 1):
            _write(sheet.cell(row, at), words)
    for letter, width in zip("ABCD", (26, 44, 90, 60), strict=True):
        sheet.column_dimensions[letter].width = width


def _write(cell: Any, words: str) -> None:
    cell.value = words
    # What a stranger wrote is quoted, never calculated.
    cell.data_type = "s"
