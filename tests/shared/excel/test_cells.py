"""What people type into a cell is read exactly, or said to be unclear."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.excel.cells import CellFaultError, day_of, number_of, text_of, whole_of
from thidua.excel.columns import points
from thidua.excel.faults import SheetCode
from thidua.text import display_date, display_number


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (19.5, "19.5"), (0.1 + 0.2, "0.3"), (7, "7"), ("19,5", "19.5"), ("19.5", "19.5"),
        (" 19,5\u00a0", "19.5"), ("1.234,5", "1234.5"), ("1,234.5", "1234.5"), ("1 234", "1234"),
        ("12.345.678", "12345678"), ("-3", "-3"), ("−3", "-3"), ("+4", "4"), ("0,125", "0.125"),
    ],
)  # fmt: skip
def test_a_number_is_read_with_comma_or_point_as_text_or_number(cell: object, number: str) -> None:
    assert number_of(cell) == Decimal(number)


@pytest.mark.parametrize("text", ["1.234", "1,234", "12.345", "-1,500"])
def test_a_number_that_reads_two_ways_is_said_to(text: str) -> None:
    with pytest.raises(CellFaultError) as caught:
        number_of(text)
    assert caught.value.code is SheetCode.NUMBER_AMBIGUOUS


@pytest.mark.parametrize(
    "cell",
    ["abc", "85%", "1.2.3", "1,2,3", "", "١٢", "1e5", "=1+1", True, date(2020, 1, 2), timedelta(1)],
)
def test_what_is_no_number_is_said_to_be_none(cell: object) -> None:
    with pytest.raises(CellFaultError) as caught:
        number_of(cell)
    assert caught.value.code is SheetCode.NUMBER_INVALID


@given(st.decimals(-99999, 99999, places=2))
def test_points_survive_the_cell_and_its_display(number: Decimal) -> None:
    assert points(float(number)) == number
    shown = display_number(number, 2)
    assert points(shown) == number
    assert points(str(number)) == number


@pytest.mark.parametrize("cell", ["100000", "1.005", "1,005", 0.125, "9" * 400, 1e300, 1e-300])
def test_points_of_more_digits_than_the_wire_has_are_refused(cell: object) -> None:
    with pytest.raises(CellFaultError):
        points(cell)


def test_a_whole_number_is_whole() -> None:
    assert whole_of(3.0) == whole_of("3") == 3
    with pytest.raises(CellFaultError):
        whole_of("3,5")


@given(st.dates(date(1990, 1, 1), date(2200, 12, 31)))
def test_a_day_is_read_as_excel_date_as_text_and_as_iso(day: date) -> None:
    assert day_of(day) == day_of(datetime.combine(day, time())) == day
    assert day_of(display_date(day)) == day_of(day.isoformat()) == day
    assert day_of(f"{day.day}-{day.month}-{day.year}") == day


@pytest.mark.parametrize(
    "cell", ["13/25/2020", "31/02/2020", "2020", 44130.0, "1/1/20", datetime.combine(date(2020, 1, 1), time(8)), ""]
)  # fmt: skip
def test_what_is_no_day_is_said_to_be_none(cell: object) -> None:
    with pytest.raises(CellFaultError) as caught:
        day_of(cell)
    assert caught.value.code is SheetCode.DATE_INVALID


def test_text_is_composed_and_its_lines_are_line_feeds() -> None:
    name = "Nguyễn Thị Hoà"
    assert text_of(unicodedata.normalize("NFD", name)) == name
    assert text_of("một\r\nhai\rba") == "một\nhai\nba"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("#REF!", SheetCode.FORMULA_ERROR), ("a\x00b", SheetCode.VALUE_INVALID),
     ("Së V¨n hãa", SheetCode.ENCODING_LEGACY)],
)  # fmt: skip
def test_text_that_no_event_may_carry_is_named(cell: str, code: SheetCode) -> None:
    with pytest.raises(CellFaultError) as caught:
        text_of(cell)
    assert caught.value.code is code
