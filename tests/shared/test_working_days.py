"""Working days as the worked year of 2020 counts them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.working_days import (
    add_working_days,
    is_working_day,
    next_working_day,
    working_days_between,
)

TET_2021 = frozenset(date(2021, 2, day) for day in range(10, 17))
HOLIDAYS = frozenset({date(2020, 1, 1), date(2021, 1, 1)}) | TET_2021


@pytest.mark.parametrize(
    ("step", "start", "days", "last"),
    [
        ("a dossier is sent back", date(2020, 12, 7), 3, date(2020, 12, 10)),
        ("a dossier is completed", date(2020, 12, 10), 5, date(2020, 12, 17)),
        ("appraisal across New Year", date(2020, 12, 16), 25, date(2021, 1, 21)),
        ("the decision", date(2021, 1, 28), 7, date(2021, 2, 8)),
        ("the notice across Tết", date(2021, 2, 5), 10, date(2021, 2, 26)),
    ],
)
def test_the_clocks_of_the_2020_dossier_end_when_the_law_says(
    step: str, start: date, days: int, last: date
) -> None:
    assert add_working_days(start, days, HOLIDAYS) == last, step
    assert working_days_between(start, last, HOLIDAYS) == days


def test_the_first_day_is_excluded_and_no_days_end_on_it() -> None:
    friday = date(2020, 11, 20)

    assert add_working_days(friday, 0, HOLIDAYS) == friday
    assert add_working_days(friday, 1, HOLIDAYS) == date(2020, 11, 23)


def test_a_day_that_does_not_count_moves_to_the_next_that_does() -> None:
    assert next_working_day(date(2020, 12, 5), HOLIDAYS) == date(2020, 12, 7)
    assert next_working_day(date(2021, 2, 10), HOLIDAYS) == date(2021, 2, 17)
    assert next_working_day(date(2020, 12, 4), HOLIDAYS) == date(2020, 12, 4)


days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(days, st.integers(1, 60), st.frozensets(days, max_size=20))
def test_a_period_always_ends_on_a_working_day_and_has_its_number_of_them(
    start: date, count: int, holidays: frozenset[date]
) -> None:
    last = add_working_days(start, count, holidays)

    assert is_working_day(last, holidays)
    assert working_days_between(start, last, holidays) == count
    assert working_days_between(start, last - timedelta(days=1), holidays) == count - 1
