"""A filled-in workbook read with python-calamine: either its events, or every fault in it, and never half of both."""

from __future__ import annotations

import io
import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from python_calamine import CalamineError, CalamineWorkbook

from thidua.contracts import CONTRACTS
from thidua.excel.cells import CellFaultError, Place, Raw, is_blank, label_of
from thidua.excel.columns import CODE_OF, Column, chosen
from thidua.excel.container import Container, open_container
from thidua.excel.faults import Fault, SheetCode, WorkbookError
from thidua.excel.forms import FORMS, Form
from thidua.excel.records import Row, Values, Wrong
from thidua.excel.rules import Rules, Told
from thidua.excel.scanning import SheetFacts
from thidua.excel.template import CHUNK, HEADING_ROW, MAGIC, RULES_SHEET

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

    from thidua.contracts import EventData

MAX_EVENT: Final = 40_000
"""Bytes of one event's data; with envelope, signature and base64 it still fits an entry."""
_HEADINGS_WITHIN: Final = 30
_FAULT_COLUMN: Final = "lỗi"
_CONSEQUENCES: Final = {SheetCode.VALUE_MISSING, SheetCode.SCORES_INCOMPLETE}


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that rows of the workbook say, not signed yet."""

    told: Told
    rows: tuple[int, ...]
    data: EventData


@dataclass(frozen=True, slots=True)
class Report:
    """
    What a workbook says: its events, or its faults; with one fault there are no events.

    ``sheet`` and ``heading_row`` are where the figures stand, ``skipped`` counts rows the template listed and nobody filled in.
    """

    faults: tuple[Fault, ...]
    drafts: tuple[Draft, ...] = ()
    rules: Rules | None = None
    sheet: str | None = None
    heading_row: int | None = None
    skipped: int = 0
    clean: bytes | None = None

    def document(self) -> dict[str, Any]:
        """The report as JSON with permanent names."""
        return {
            "schema_version": 1,
            "kind": self.rules.kind if self.rules else None,
            "subject": self.rules.subject if self.rules else None,
            "sheet": self.sheet,
            "events": len(self.drafts),
            "rows": sum(len(draft.rows) for draft in self.drafts),
            "skipped": self.skipped,
            "faults": [fault.document() for fault in self.faults],
        }

    def events(self) -> list[dict[str, Any]]:
        """The events without signature, as ``thidua event send`` and ``thidua excel import`` take them."""
        return [draft.told.model_dump() for draft in self.drafts]


def check(raw: bytes, *, rules: Rules | None = None, unit: str | None = None) -> Report:
    """
    Everything a workbook says and every fault in it; raises nothing for any bytes.

    *rules* stand in for those in the workbook's hidden sheet. With *unit*, rows of other units are faults.
    """
    try:
        container = open_container(raw)
        with _opened(container) as book:
            rules = rules or _rules_in(book)
            return _Reading(book, container, rules, unit).report()
    except CalamineError as error:
        broken = WorkbookError(SheetCode.FILE_DAMAGED, "", type(error).__name__)
        return Report((broken.fault,))
    except WorkbookError as error:
        return Report((error.fault,))


def _opened(container: Container) -> CalamineWorkbook:
    return CalamineWorkbook.from_filelike(io.BytesIO(container.clean))


def _rules_in(book: CalamineWorkbook) -> Rules:
    if RULES_SHEET not in book.sheet_names:
        raise WorkbookError(SheetCode.TEMPLATE_UNKNOWN, f"trang ẩn {RULES_SHEET}")
    column = [str(row[0]) for row in _cells(book.get_sheet_by_name(RULES_SHEET)) if row]
    if not column or column[0] != MAGIC or any(len(part) > CHUNK for part in column):
        raise WorkbookError(SheetCode.TEMPLATE_UNKNOWN, MAGIC)
    try:
        return Rules.model_validate_json("".join(column[1:]))
    except ValidationError as error:
        where = "/".join(map(str, error.errors()[0]["loc"]))
        raise WorkbookError(SheetCode.TEMPLATE_UNKNOWN, f"{RULES_SHEET}: {where}") from None


def _cells(sheet: CalamineSheet) -> list[list[Raw]]:
    cells: list[list[Raw]] = sheet.to_python(skip_empty_area=False)
    return cells


def _folded(raw: Raw) -> str:
    return " ".join(unicodedata.normalize("NFC", str(raw)).split()).casefold()


class _Reading:
    """One workbook being read."""

    def __init__(
        self, book: CalamineWorkbook, container: Container, rules: Rules, unit: str | None
    ) -> None:
        self.rules, self.unit = rules, unit
        self.form: Form = FORMS[rules.kind]
        self.container = container
        self.faults: list[Fault] = []
        self.skipped = 0
        self.sheet, self.cells, self.heading_row = self._found(book)
        self.facts = container.sheets.get(self.sheet, SheetFacts())
        self.places = self._columns()

    def report(self) -> Report:
        """Read all rows, then judge the records they make."""
        self._merged()
        rows = self._rows()
        drafts = self._drafts(self._records(rows))
        if not drafts and not self.faults:
            self.faults.append(Fault(SheetCode.SHEET_EMPTY, sheet=self.sheet))
        # What every cell of a row shares is told once, in the order of the sheet.
        faults = sorted(dict.fromkeys(self.faults), key=lambda fault: fault.row or 0)
        return Report(
            tuple(faults),
            () if faults else tuple(drafts),
            self.rules,
            self.sheet,
            self.heading_row,
            self.skipped,
            self.container.clean,
        )

    def _found(self, book: CalamineWorkbook) -> tuple[str, list[list[Raw]], int]:
        """The sheet and row whose cells are most like the form's headings."""
        wanted = {_folded(column.heading) for column in self.form.columns}
        best: tuple[int, str, list[list[Raw]], int] = (0, self.form.sheet, [], HEADING_ROW)
        for name in book.sheet_names:
            if name.startswith("_") or (cells := self._sheet(book, name)) is None:
                continue
            for number, row in enumerate(cells[:_HEADINGS_WITHIN], 1):
                like = len(wanted & {_folded(raw) for raw in row})
                if like > best[0]:
                    best = (like, name, cells, number)
        like, name, cells, number = best
        if like * 2 < len(wanted):
            headings = ", ".join(column.heading for column in self.form.columns)
            raise WorkbookError(SheetCode.HEADING_MISSING, headings)
        return name, cells, number

    @staticmethod
    def _sheet(book: CalamineWorkbook, name: str) -> list[list[Raw]] | None:
        try:
            return _cells(book.get_sheet_by_name(name))
        except CalamineError:
            # A chart has no cells; a broken sheet of figures is missed by its headings.
            return None

    def _columns(self) -> dict[str, int]:
        """Which column of the sheet, from 1, holds what, by heading."""
        places: dict[str, int] = {}
        for number, raw in enumerate(self.cells[self.heading_row - 1], 1):
            heading = _folded(raw)
            if heading and heading != _FAULT_COLUMN:
                if heading in places and self._of(heading) is not None:
                    place = Place(self.sheet, self.heading_row, number, str(raw))
                    self.faults.append(place.fault(SheetCode.HEADING_TWICE, "một cột", raw))
                places.setdefault(heading, number)
        for column in self.form.columns:
            if column.needed and _folded(column.heading) not in places:
                missing = Fault(
                    SheetCode.HEADING_MISSING, column.heading, "", self.sheet, self.heading_row
                )
                self.faults.append(missing)
        return places

    def _of(self, heading: str) -> Column | None:
        return next((one for one in self.form.columns if _folded(one.heading) == heading), None)

    def _merged(self) -> None:
        last = max(self.places.values(), default=0)
        for area in self.facts.merged:
            if area.bottom >= self.heading_row and area.left <= last:
                place = self._place_at(max(area.top, self.heading_row), area.left)
                given = f"{area.bottom - area.top + 1} × {area.right - area.left + 1} ô"
                self.faults.append(place.fault(SheetCode.CELLS_MERGED, "từng ô riêng", given))

    def _place_at(self, row: int, number: int) -> Place:
        headings = self.cells[self.heading_row - 1]
        heading = str(headings[number - 1]) if number <= len(headings) else ""
        return Place(self.sheet, row, number, heading)

    def _place(self, row: int, column: Column) -> Place:
        return self._place_at(row, self.places.get(_folded(column.heading), 1))

    def _rows(self) -> list[tuple[Row, bool, list[Fault]]]:
        """Every row with something in it, whether somebody filled it in, and what is wrong with its cells."""
        rows = []
        for number, cells in enumerate(self.cells[self.heading_row :], self.heading_row + 1):
            values: Values = {}
            faults: list[Fault] = []
            bad: set[str] = set()
            touched = False
            for column in self.form.columns:
                place, label, code = self._cell(number, cells, column)
                if place is None:
                    continue
                present = not is_blank(label) or (number, place.number) in self.facts.broken
                touched |= present and not column.frame and not column.fixed
                try:
                    value = self._value(column, place, label, code)
                except CellFaultError as error:
                    faults.append(place.fault(error.code, error.expected, error.given))
                    bad.add(column.key)
                else:
                    if value is not None and value != ():
                        values[column.key] = value
            if values or faults:
                rows.append((Row(number, values, frozenset(bad)), touched, faults))
        return rows

    def _cell(self, number: int, cells: list[Raw], column: Column) -> tuple[Place | None, Raw, Raw]:
        heading = _folded(column.heading)
        at = self.places.get(heading)
        if at is None:
            return None, "", ""
        code_at = self.places.get(_folded(CODE_OF + column.heading), 0)
        label = cells[at - 1] if at <= len(cells) else ""
        code = cells[code_at - 1] if 0 < code_at <= len(cells) else ""
        return self._place(number, column), label, code

    def _value(self, column: Column, place: Place, label: Raw, code: Raw) -> Any:
        broken = self.facts.broken.get((place.row, place.number))
        if broken is not None:
            code_of = SheetCode.FORMULA_ERROR if broken else SheetCode.FORMULA_UNCALCULATED
            raise CellFaultError(code_of, "kết quả của công thức", broken)
        if is_blank(label):
            return None
        if column.choice is not None:
            meant = "" if is_blank(code) else label_of(code)
            return chosen(column, column.choice, self.rules, label_of(label), meant)
        return column.read(label)

    def _records(self, rows: list[tuple[Row, bool, list[Fault]]]) -> list[list[Row]]:
        """Rows that belong together; rows that the template listed and nobody filled in are left out."""
        records: dict[tuple[object, ...], list[tuple[Row, bool, list[Fault]]]] = {}
        for row, touched, faults in rows:
            for column in self.form.columns:
                if column.default and column.key not in row.values | dict.fromkeys(row.bad):
                    value = column.default(self.rules)
                    row.values.update({} if value is None else {column.key: value})
            parts = self.form.record or ("number",)
            key = tuple(row.values.get(part, row.number) for part in parts)
            records.setdefault(key, []).append((row, touched, faults))
        kept = []
        for record in records.values():
            if not any(touched for _, touched, _ in record):
                self.skipped += len(record)
                continue
            chosen_rows = [one for one in record if one[1] or self.form.whole]
            self.skipped += len(record) - len(chosen_rows)
            for row, _, faults in chosen_rows:
                self.faults += faults
                self._complete(row)
            kept.append([row for row, _, _ in chosen_rows])
        return kept

    def _complete(self, row: Row) -> None:
        if row.number in self.facts.hidden:
            self.faults.append(Fault(SheetCode.ROW_HIDDEN, "", "", self.sheet, row.number))
        for column in self.form.columns:
            if column.needed and column.key not in row.values and column.key not in row.bad:
                place = self._place(row.number, column)
                self.faults.append(place.fault(SheetCode.VALUE_MISSING, column.guide.rstrip(".")))
        given = row.values.get("unit")
        if self.unit is not None and given not in (None, self.unit):
            place = self._place(row.number, self._column("unit"))
            self.faults.append(place.fault(SheetCode.ROLE_REQUIRED, self.unit, given))

    def _column(self, key: str) -> Column:
        return next(column for column in self.form.columns if column.key == key)

    def _drafts(self, records: list[list[Row]]) -> list[Draft]:
        drafts: list[Draft] = []
        seen: dict[tuple[object, ...], int] = {}
        faulty = {fault.row for fault in self.faults}
        unsure = any(row.bad & set(self.form.record) for record in records for row in record)
        for rows in records:
            before = len(self.faults)
            wrongs = [*self._disagreeing(rows), *self.form.judge(self.rules, rows)]
            for wrong in wrongs:
                if not _follows(wrong, rows, unsure=unsure):
                    place = self._place(wrong.row.number, self._column(wrong.key))
                    self.faults.append(place.fault(wrong.code, wrong.expected, wrong.given))
            if len(self.faults) > before or any(row.number in faulty for row in rows):
                continue
            draft = self._draft(rows)
            if draft is None:
                continue
            at = rows[0].number
            other = seen.setdefault(self.form.again(draft.data), at)
            if other != at:
                place = self._place(at, self.form.columns[1])
                self.faults.append(place.fault(SheetCode.OVERLAP, f"khác dòng {other}"))
            drafts.append(draft)
        return drafts

    def _disagreeing(self, rows: list[Row]) -> list[Wrong]:
        found = []
        for column in self.form.columns:
            having = [row for row in rows if column.shared and column.key in row.values]
            for row in having[1:]:
                if row.values[column.key] != having[0].values[column.key]:
                    said = having[0].values[column.key]
                    given = row.values[column.key]
                    found.append(Wrong(row, column.key, SheetCode.VALUES_DIFFER, str(said), given))
        return found

    def _draft(self, rows: list[Row]) -> Draft | None:
        """The event of a record; what only its contract finds wrong is a fault of the first row."""
        first = rows[0].number
        document = json.dumps(
            {"data": self.form.compose(self.rules, rows)}, default=str, ensure_ascii=False
        ).encode()
        if len(document) > MAX_EVENT:
            fault = Fault(
                SheetCode.SCHEMA_INVALID, f"≤ {MAX_EVENT} byte", f"{len(document)} byte",
                self.sheet, first,
            )  # fmt: skip
            self.faults.append(fault)
            return None
        try:
            data = CONTRACTS[self.form.wire_type].parse(document)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_context=False):
                where = "/".join(map(str, one["loc"][1:]))
                fault = Fault(SheetCode.SCHEMA_INVALID, one["msg"], where, self.sheet, first)
                self.faults.append(fault)
            return None
        told = Told(
            type=self.form.wire_type,
            subject=self.rules.subject,
            data=data.model_dump(mode="json", exclude_defaults=True),
        )
        return Draft(told, tuple(row.number for row in rows), data)


def _follows(wrong: Wrong, rows: list[Row], *, unsure: bool) -> bool:
    """Whether a fault only follows from another that is told already."""
    if wrong.code is SheetCode.EVIDENCE_MISSING:
        return bool(wrong.row.bad & {"note", "evidence"})
    if wrong.code is SheetCode.SCORES_INCOMPLETE and unsure:
        return True
    return wrong.code in _CONSEQUENCES and any(wrong.key in row.bad for row in rows)
