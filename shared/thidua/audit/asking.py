"""The moment an auditor or a reader asks for: a position of the log, or a time, which means a beginning of it."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from thidua.clock import LOCAL, end_of_local_day, format_instant, parse_rfc3339, to_ms
from thidua.errors import RejectError
from thidua.log.entry import read_entry

if TYPE_CHECKING:
    from collections.abc import Iterable

_POSITION: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MINUTE: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)", re.ASCII)
_MILLISECOND: Final = 1


class MomentError(RejectError):
    """What was asked for is neither a position nor a time."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"{given[:40]!a}: cần vị trí (131), ngày (2020-11-21) hoặc thời điểm (2020-11-21T17:00+07:00) / "
            "a position, a day or a time is needed"
        )
        self.given = given


def read_moment(text: str) -> int | datetime:
    """
    A position, or the moment of a time; a day means its end, a time without a zone is Vietnam's.

    Raises :class:`MomentError` for all other text.
    """
    told = text.strip()
    if _POSITION.fullmatch(told):
        return int(told)
    try:
        if _DAY.fullmatch(told):
            day_ms = to_ms(end_of_local_day(date.fromisoformat(told))) - _MILLISECOND
            return datetime.fromtimestamp(day_ms / 1000, LOCAL)
        # In an address a plus sign is read as a space.
        zoned = re.sub(r" (?=\d\d:\d\d$)", "+", told) if "T" in told else told
        zoned = re.sub(r"(T\d\d:\d\d)(?=Z|[+-]\d\d:\d\d$)", r"\1:00", zoned)
        if match := _MINUTE.fullmatch(told):
            return datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=LOCAL)
        return parse_rfc3339(zoned)
    except (ValueError, OverflowError):
        raise MomentError(text) from None


def position_before(entries: Iterable[tuple[int, bytes]], moment: datetime) -> int:
    """The last position of the longest beginning of *entries* in which none arrived after *moment*."""
    last, limit = 0, to_ms(moment)
    for position, raw in entries:
        if read_entry(position, raw).rx_ms > limit:
            break
        last = position
    return last


def say_moment(asked: int | datetime) -> str:
    """The moment as it is written in addresses and reports."""
    return str(asked) if isinstance(asked, int) else format_instant(asked)
