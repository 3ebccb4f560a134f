"""Working days (*ngày làm việc*): Saturdays, Sundays and published holidays do not count."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def is_working_day(day: date, holidays: AbstractSet[date]) -> bool:
    """Whether *day* counts: neither a weekend nor one of *holidays*."""
    return day.weekday() < _SATURDAY and day not in holidays


def add_working_days(start: date, days: int, holidays: AbstractSet[date]) -> date:
    """
    The last day of a period of *days* working days that began on *start*.

    The first day is excluded (Civil Code 2015, Art 147); a period of 0 days ends on *start*.
    """
    day = start
    while days > 0:
        day += _DAY
        if is_working_day(day, holidays):
            days -= 1
    return day


def working_days_between(start: date, end: date, holidays: AbstractSet[date]) -> int:
    """How many working days have passed on *end* since *start*, the first day excluded."""
    return sum(
        is_working_day(start + offset * _DAY, holidays)
        for offset in range(1, (end - start).days + 1)
    )


def next_working_day(day: date, holidays: AbstractSet[date]) -> date:
    """*day* itself if it counts, else the next one that does (Civil Code 2015, Art 148)."""
    while not is_working_day(day, holidays):
        day += _DAY
    return day
