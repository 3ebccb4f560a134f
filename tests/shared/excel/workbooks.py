"""Workbooks as departments send them: a template of 2020 with values put into its cells."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl

from thidua.excel.forms import FORMS
from thidua.excel.rules import Kind, Rules, gather, read_events
from thidua.excel.template import HEADING_ROW, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from thidua.excel.checking import Report

SCENARIO = Path(__file__).parents[3] / "services" / "scenarios" / "border-2020.jsonl"
CYCLE = "BVHTTDL/BGPB/2020"
EVENTS = read_events(SCENARIO)
FIRST = HEADING_ROW + 1


@cache
def rules_2020(kind: Kind, *units: str) -> Rules:
    """The rules of 2020 for a form, of some units or all."""
    rules = gather(kind, EVENTS, CYCLE)
    chosen = tuple(one for one in rules.units if not units or one.code in units)
    return rules.model_copy(update={"units": chosen})


def sheet_of(book: Any, kind: Kind) -> Any:
    """The sheet of figures."""
    return book[FORMS[kind].sheet]


def column_of(sheet: Any, heading: str) -> int:
    """The number of a column, from 1."""
    return next(cell.column for cell in sheet[HEADING_ROW] if cell.value == heading)


def edited(raw: bytes, change: Callable[[Any], None]) -> bytes:
    """A workbook after somebody worked in it."""
    book = openpyxl.load_workbook(io.BytesIO(raw))
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def with_rows(
    kind: Kind, rows: list[dict[str, Any]], *units: str, rules: Rules | None = None
) -> bytes:
    """A template whose first rows are filled by heading."""

    def fill(book: Any) -> None:
        sheet = sheet_of(book, kind)
        for number, row in enumerate(rows, FIRST):
            for heading, value in row.items():
                sheet.cell(number, column_of(sheet, heading)).value = value

    return edited(template(rules or rules_2020(kind, *units)), fill)


def score_sheet(changes: dict[int, dict[str, Any]] | None = None, unit: str = "LCA") -> bytes:
    """A score sheet of 2020 with the maximum on every line; *changes* by line from 0 and heading."""
    rules = rules_2020("tu-cham", unit)
    rows: list[dict[str, Any]] = [
        {"Điểm tự chấm": float(line.maximum), "Giải trình": "Theo báo cáo năm"}
        for line in rules.criteria
    ]
    for at, change in (changes or {}).items():
        rows[at] |= change
    return with_rows("tu-cham", rows, unit)


def found(report: Report) -> list[tuple[str, str | None]]:
    """Code and cell of every fault."""
    return [(fault.code.value, fault.cell) for fault in report.faults]


def with_part(raw: bytes, name: str, content: bytes | Callable[[bytes], bytes]) -> bytes:
    """The file with one part of it replaced, changed or added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(target, "w", 8) as new:
        names = old.namelist()
        for part in names:
            said = old.read(part)
            if part == name:
                said = content(said) if callable(content) else content
            new.writestr(part, said)
        if name not in names:
            assert isinstance(content, bytes)
            new.writestr(name, content)
    return target.getvalue()
