"""
One pass over the XML of a workbook's parts: what is counted before a library builds cells from it.

Libraries lay a sheet out as far as its last cell and copy shared text into every cell that names it, so a
small file can ask for much memory; here the last cell, the cells, their text and merged areas are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from thidua.excel.faults import SheetCode, WorkbookError

MAX_ROWS: Final = 5_000
MAX_COLUMNS: Final = 200
MAX_CELLS: Final = 100_000
MAX_ELEMENTS: Final = 300_000
"""Cells and rows of a sheet with the empty ones that carry a format."""
MAX_TEXT: Final = 8_000_000
"""Characters in all cells together: a text shared by many cells counts for each."""
MAX_STRINGS: Final = 100_000
_PLACE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_AREA: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_INDEX: Final = re.compile(r"\s*([0-9]{1,7})\s*")


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, from its first row and column to its last, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class SheetFacts:
    """What the library for values does not tell of a sheet: hidden rows, merged cells, formulas without a result."""

    hidden: set[int] = field(default_factory=set)
    merged: list[Area] = field(default_factory=list)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    """Cells whose formula has no result (an empty text), or an error for one."""


def parse_xml(part: bytes, parser: expat.XMLParserType | None = None) -> None:
    """Run *parser* over a part; raises WorkbookError for a document type and for what is no XML."""
    parser = parser or expat.ParserCreate()

    def doctype(*_: object) -> None:
        raise WorkbookError(SheetCode.FILE_UNSAFE, "XML không có DOCTYPE", "DOCTYPE")

    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(part, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise WorkbookError(SheetCode.FILE_DAMAGED, "XML", str(error)) from None


def elements(part: bytes, name: str) -> list[dict[str, str]]:
    """The attributes of every element called *name*, in order."""
    found: list[dict[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == name:
            found.append({_local(key): value for key, value in attributes.items()})

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parse_xml(part, parser)
    return found


def string_lengths(part: bytes) -> list[int]:
    """How long each shared string of a part is; none when it holds none."""
    lengths: list[int] = []

    def start(name: str, _: dict[str, str]) -> None:
        if _local(name) == "si":
            lengths.append(0)
            if len(lengths) > MAX_STRINGS:
                raise WorkbookError(SheetCode.SHEET_TOO_LARGE, f"≤ {MAX_STRINGS} chuỗi", "")

    def text(data: str) -> None:
        if lengths:
            lengths[-1] += len(data)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parse_xml(part, parser)
    return lengths


class _Scan:
    """One pass over a sheet's XML."""

    def __init__(self, lengths: list[int]) -> None:
        self.facts = SheetFacts()
        self._lengths = lengths
        self._row = self._column = 0
        self._cells = self._text = self._elements = self._merged = 0
        self._kind = ""
        self._inside = ""
        self._value: list[str] = []
        self._formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "row":
                self._count()
                given = _INDEX.fullmatch(attributes.get("r", ""))
                self._row = int(given[1]) if given else self._row + 1
                self._column = 0
                if attributes.get("hidden") in {"1", "true"}:
                    self.facts.hidden.add(self._row)
            case "c":
                self._count()
                self._to(attributes.get("r", ""))
                self._kind, self._value, self._formula = attributes.get("t", ""), [], False
            case "v" | "t" as part:
                self._inside = part
            case "f":
                self._formula = True
            case "mergeCell":
                self._merge(attributes.get("ref", ""))
            case _:
                pass

    def _count(self) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise WorkbookError(SheetCode.SHEET_TOO_LARGE, f"≤ {MAX_ELEMENTS} dòng và ô", "")

    def _merge(self, given: str) -> None:
        place = _AREA.fullmatch(given)
        if place is None:
            raise WorkbookError(SheetCode.FILE_DAMAGED, "A1:B2", given)
        left, top, right, bottom = place.groups()
        area = Area(int(top), column_number(left), int(bottom or top), column_number(right or left))
        self._merged += (area.bottom - area.top + 1) * (area.right - area.left + 1)
        if self._merged > MAX_CELLS:
            raise WorkbookError(SheetCode.SHEET_TOO_LARGE, f"≤ {MAX_CELLS} ô gộp", given)
        self.facts.merged.append(area)

    def _to(self, given: str) -> None:
        place = _PLACE.fullmatch(given)
        if place is not None:
            self._column, self._row = column_number(place[1]), int(place[2])
        elif given:
            raise WorkbookError(SheetCode.FILE_DAMAGED, "A1 … XFD1048576", given)
        else:
            self._column += 1

    def text(self, data: str) -> None:
        if self._inside:
            self._value.append(data)

    def end(self, name: str) -> None:
        match _local(name):
            case "v" | "t":
                self._inside = ""
            case "c":
                self._cell("".join(self._value))
            case _:
                pass

    def _cell(self, value: str) -> None:
        if not value:
            if self._formula and self._kind != "str":
                self.facts.broken[self._row, self._column] = ""
            return
        if self._kind == "e":
            self.facts.broken[self._row, self._column] = value
        self._cells += 1
        index = _INDEX.fullmatch(value) if self._kind == "s" else None
        at = int(index[1]) if index else -1
        self._text += self._lengths[at] if 0 <= at < len(self._lengths) else len(value)
        if self._row > MAX_ROWS or self._column > MAX_COLUMNS or self._cells > MAX_CELLS:
            raise WorkbookError(
                SheetCode.SHEET_TOO_LARGE,
                f"≤ {MAX_ROWS} dòng, {MAX_COLUMNS} cột, {MAX_CELLS} ô có giá trị",
                f"dòng {self._row}, cột {self._column}, ô thứ {self._cells}",
            )
        if self._text > MAX_TEXT:
            raise WorkbookError(SheetCode.SHEET_TOO_LARGE, f"≤ {MAX_TEXT} ký tự", "nhiều hơn")


def sheet_facts(part: bytes, lengths: list[int]) -> SheetFacts:
    """The facts of a sheet; raises WorkbookError when it is larger than its bounds."""
    scan = _Scan(lengths)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    parse_xml(part, parser)
    return scan.facts


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def column_number(letters: str) -> int:
    """The number of a column from 1: ``A`` → 1, ``AA`` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(number: int) -> str:
    """The letters of a column counted from 1: 27 → ``AA``."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
