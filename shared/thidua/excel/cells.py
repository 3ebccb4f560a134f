"""What stands in one cell, as people type it, read into exact values; everything else is a fault with its place."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from thidua.excel.faults import Fault, SheetCode, quoted
from thidua.excel.legacy import legacy_encoding
from thidua.excel.scanning import column_letters
from thidua.text import display_date, display_number

Raw: TypeAlias = int | float | str | bool | date | datetime | time | timedelta

_PLAIN: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_ONE_SEPARATOR_OF_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_GROUPED: Final = re.compile(
    r"[+-]?\d{1,3}(?:(?:\.\d{3})+(?:,\d+)?|(?:,\d{3})+(?:\.\d+)?|(?: \d{3})+(?:[.,]\d+)?)"
)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
_ERRORS: Final = re.compile(r"#(?:N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|DIV/0!|GETTING_DATA|SPILL!)")
_LINES: Final = re.compile(r"\r\n?")
_MOST_DIGITS: Final = 30


class CellFaultError(Exception):
    """A cell cannot be read as what its column holds; caught where the row is known."""

    def __init__(self, code: SheetCode, expected: str = "", given: object = "") -> None:
        super().__init__(code)
        self.code, self.expected, self.given = code, expected, quoted(given)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell is: its sheet, row and column from 1, and the column's heading."""

    sheet: str
    row: int
    number: int
    heading: str

    def fault(self, code: SheetCode, expected: str = "", given: object = "") -> Fault:
        """A fault of this cell."""
        cell = f"{column_letters(self.number)}{self.row}"
        return Fault(code, expected, quoted(given), self.sheet, self.row, self.heading, cell)


def is_blank(raw: Raw) -> bool:
    """Whether nothing stands in the cell, or blanks only."""
    return isinstance(raw, str) and not raw.strip("\u00a0\u202f\u200b \t\r\n")


def text_of(raw: Raw) -> str:
    """
    The text of a cell in NFC, lines divided by line feeds; numbers and dates as people see them.

    Raises CellFaultError for a formula's error, an old encoding, and control characters.
    """
    if isinstance(raw, str):
        if _ERRORS.fullmatch(raw):
            raise CellFaultError(SheetCode.FORMULA_ERROR, "", raw)
        old = legacy_encoding(raw)
        if old is not None:
            raise CellFaultError(
                SheetCode.ENCODING_LEGACY,
                f"Unicode “{quoted(old.text)}”",
                f"{old.encoding} “{raw}”",
            )
        text = unicodedata.normalize("NFC", _LINES.sub("\n", raw))
        if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t" for char in text):
            raise CellFaultError(SheetCode.VALUE_INVALID, "không có ký tự điều khiển", text)
        return text
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, (int, float)):
        return display_number(_exact(raw))
    if isinstance(raw, date):
        return display_date(raw)
    return str(raw)


def label_of(raw: Raw) -> str:
    """A short text in which blanks do not count: a code, or a name chosen from a list."""
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return f"{_exact(raw):f}"
    return _SPACES.sub(" ", text_of(raw)).strip()


def number_of(raw: Raw) -> Decimal:
    """
    The number in a cell, exact as Excel shows it (15 digits): ``19,5``, ``19.5``, ``1.234,5``, or text of these.

    Raises CellFaultError; ``1.234`` as text is ambiguous and said so.
    """
    if isinstance(raw, (bool, date, time, timedelta)):
        raise CellFaultError(SheetCode.NUMBER_INVALID, "số", text_of(raw))
    if isinstance(raw, (int, float)):
        return _exact(raw)
    text = label_of(raw).replace("−", "-")
    if len(text) > _MOST_DIGITS:
        raise CellFaultError(SheetCode.NUMBER_INVALID, "số", text)
    if _ONE_SEPARATOR_OF_THOUSANDS.fullmatch(text):
        raise CellFaultError(SheetCode.NUMBER_AMBIGUOUS, "số không có dấu ngăn hàng nghìn", text)
    if _PLAIN.fullmatch(text) and text.isascii():
        return Decimal(text.replace(",", "."))
    if _GROUPED.fullmatch(text) and text.isascii():
        last = max(text.rfind("."), text.rfind(","))
        whole, rest = (text[:last], text[last + 1 :]) if last > 0 else (text, "")
        decimals = last > 0 and text.count(text[last]) == 1
        digits = re.sub(r"[., ]", "", whole if decimals else text)
        return Decimal(f"{digits}.{rest}" if decimals else digits)
    raise CellFaultError(SheetCode.NUMBER_INVALID, "số", text)


def whole_of(raw: Raw) -> int:
    """The whole number in a cell."""
    number = number_of(raw)
    if number != number.to_integral_value():
        raise CellFaultError(SheetCode.NUMBER_INVALID, "số nguyên", text_of(raw))
    return int(number)


def day_of(raw: Raw) -> date:
    """The day in a cell: an Excel date, ``dd/MM/yyyy`` or ``yyyy-MM-dd``; raises CellFaultError."""
    expected = "ngày/tháng/năm (dd/MM/yyyy)"
    if isinstance(raw, datetime):
        if raw.time() == time(0):
            return raw.date()
        raise CellFaultError(SheetCode.DATE_INVALID, expected, raw.isoformat(" "))
    if isinstance(raw, date):
        return raw
    text = label_of(raw)
    first, iso = _DAY_FIRST.fullmatch(text), _YEAR_FIRST.fullmatch(text)
    try:
        if first:
            return date(int(first[3]), int(first[2]), int(first[1]))
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        pass
    raise CellFaultError(SheetCode.DATE_INVALID, expected, text)


def _exact(number: float) -> Decimal:
    # Excel keeps binary floats and shows 15 digits of them: 0.1 + 0.2 is 0.3 to everybody who looks.
    exact = Decimal(f"{number:.15g}")
    if not exact.is_finite():
        raise CellFaultError(SheetCode.NUMBER_INVALID, "số", number)
    return exact
