"""A form's columns: what each holds, how it is read from a cell, and the lists that people choose from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from thidua.contracts import base
from thidua.excel.cells import CellFaultError, Raw, day_of, label_of, number_of, text_of, whole_of
from thidua.excel.faults import SheetCode
from thidua.excel.rules import Rules

if TYPE_CHECKING:
    from datetime import date

Options = Mapping[str, str]
"""Codes and what they are called, in the order of the list."""
Choice = Literal["unit", "title", "who", "report", "criterion", "target", "sense"]

CODE_OF: Final = "Mã: "
"""Heading of the hidden column that carries the codes of the column beside it."""
_WHO: Final = {
    "unit": "Tập thể đơn vị",
    "division": "Phòng, ban thuộc đơn vị",
    "individual": "Cá nhân",
}
_REPORT: Final = {"half-year": "Sáu tháng đầu năm", "yearly": "Cả năm"}
_SENSE: Final = {"at-least": "Ít nhất", "at-most": "Nhiều nhất"}
_PARTED: Final = re.compile(r"[\s,;]+")

_POINTS: Final[TypeAdapter[Decimal]] = TypeAdapter(base.Points)
_SLUG: Final[TypeAdapter[str]] = TypeAdapter(base.Slug)
_CODE: Final[TypeAdapter[str]] = TypeAdapter(base.Code)
_NAME: Final[TypeAdapter[str]] = TypeAdapter(base.Name)
_TEXT: Final[TypeAdapter[str]] = TypeAdapter(base.Text)
_SHA256: Final[TypeAdapter[str]] = TypeAdapter(base.Sha256)


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column of a form.

    ``needed``: a row without it is at fault. ``frame``: its value alone does not make a row, as the template
    fills it in. ``fixed``: locked. ``shared``: rows of one record have one value of it. ``guide`` tells
    people what to write. A column with ``choice`` has a hidden one beside it for the codes.
    """

    key: str
    heading: str
    read: Callable[[Raw], Any]
    guide: str
    choice: Choice | None = None
    open: bool = False
    needed: bool = False
    frame: bool = False
    fixed: bool = False
    shared: bool = False
    hidden: bool = False
    width: int = 16
    limits: tuple[str, str] | None = None
    default: Callable[[Rules], Any] | None = None
    """What a blank cell means."""


def options(choice: Choice, rules: Rules) -> Options:
    """The list of a choice."""
    match choice:
        case "unit":
            return _told_apart({one.code: one.name for one in rules.units})
        case "title":
            return _told_apart({one.code: one.name for one in rules.titles})
        case "criterion":
            return {one.code: f"{one.code} {one.name}" for one in rules.criteria}
        case "target":
            return _told_apart({one.code: one.name for one in rules.targets})
        case "who":
            return _WHO
        case "report":
            return _REPORT
        case "sense":
            return _SENSE


def _told_apart(names: dict[str, str]) -> Options:
    """Names as one line each; a name that two codes share has its code beside it."""
    lines = {code: " ".join(name.split()) or code for code, name in names.items()}
    folded = [line.casefold() for line in lines.values()]
    return {
        code: f"{line} ({code})" if folded.count(line.casefold()) > 1 else line
        for code, line in lines.items()
    }


_UNKNOWN: Final[Mapping[Choice, SheetCode]] = {
    "unit": SheetCode.UNIT_UNKNOWN,
    "criterion": SheetCode.CRITERION_UNKNOWN,
    "target": SheetCode.TARGET_UNKNOWN,
}


def chosen(column: Column, choice: Choice, rules: Rules, label: str, code: str) -> str:
    """
    The code that a name and the hidden code beside it stand for; either may be missing.

    A code written as the name will do. An empty list takes every code of the right form. Raises CellFaultError.
    """
    known = options(choice, rules)
    meant = {
        key for key, name in known.items() if label and label.casefold() == name.casefold()
    } or ({label} if label else set())
    if code and len(meant) != 1:
        meant = {code} if not meant or code in meant else meant
    unknown = _UNKNOWN.get(choice, SheetCode.CHOICE_UNKNOWN)
    wanted = ", ".join(known.values())
    if code and meant and code not in meant and code in known:
        raise CellFaultError(unknown, f"{known[code]} ({code})", f"{label} ({code})")
    if len(meant) != 1:
        raise CellFaultError(unknown, wanted, label or code)
    [one] = meant
    if one in known or ((column.open or not known) and _well_formed(choice, one)):
        return one
    raise CellFaultError(unknown, wanted, label or code)


def _well_formed(choice: Choice, code: str) -> bool:
    form = {"unit": _CODE, "criterion": TypeAdapter(base.CriterionCode)}.get(choice, _SLUG)
    try:
        form.validate_python(code)
    except ValidationError:
        return False
    return True


def _fits(form: TypeAdapter[Any], value: object, code: SheetCode, expected: str) -> Any:
    try:
        return form.validate_python(value)
    except ValidationError:
        raise CellFaultError(code, expected, value) from None


def points(raw: Raw) -> Decimal:
    """Points: at most five digits and two decimals."""
    number = number_of(raw)
    expected = "số có tối đa 5 chữ số và 2 chữ số thập phân"
    if abs(number.adjusted()) > 20:  # noqa: PLR2004 - written out it would be endless
        raise CellFaultError(SheetCode.NUMBER_INVALID, expected, raw)
    plain = f"{number.normalize():f}"
    exact: Decimal = _fits(_POINTS, plain, SheetCode.NUMBER_INVALID, expected)
    return exact


def whole(raw: Raw) -> int:
    """A whole number from 1."""
    number = whole_of(raw)
    if not 1 <= number <= 2**53:
        raise CellFaultError(SheetCode.NUMBER_INVALID, "số nguyên từ 1", raw)
    return number


def day(raw: Raw) -> date:
    """A day."""
    return day_of(raw)


def slug(raw: Raw) -> str:
    """A code chosen by the publisher."""
    expected = "chữ thường không dấu, số, dấu gạch ngang; tối đa 48 ký tự"
    found: str = _fits(_SLUG, label_of(raw), SheetCode.VALUE_INVALID, expected)
    return found


def name(raw: Raw) -> str:
    """A name in at most 300 characters."""
    found: str = _fits(_NAME, text_of(raw), SheetCode.VALUE_INVALID, "1 đến 300 ký tự")
    return found


def text(raw: Raw) -> str:
    """A text in at most 8,000 characters."""
    found: str = _fits(_TEXT, text_of(raw), SheetCode.VALUE_INVALID, "1 đến 8000 ký tự")
    return found


def shown(raw: Raw) -> None:
    """Nothing: the column is there to be looked at."""
    _ = raw


def one_hash(raw: Raw) -> str:
    """The SHA-256 of a file."""
    expected = "64 ký tự 0-9, a-f (SHA-256)"
    found: str = _fits(_SHA256, label_of(raw).lower(), SheetCode.VALUE_INVALID, expected)
    return found


def hashes(raw: Raw) -> tuple[str, ...]:
    """Hashes of files, parted by blanks, commas or lines."""
    return tuple(one_hash(part) for part in _parts(raw))


def unit_codes(raw: Raw) -> tuple[str, ...]:
    """Codes of units, parted by blanks, commas or lines."""
    expected = "mã đơn vị, ví dụ LCA, LCH"
    return tuple(_fits(_CODE, part, SheetCode.UNIT_UNKNOWN, expected) for part in _parts(raw))


def _parts(raw: Raw) -> list[str]:
    return [part for part in _PARTED.split(label_of(raw)) if part]
