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
_VIETNAMESE_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (?=\d\d:\d\d)(.*))?", re.ASCII)
_MINUTE: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)", re.ASCII)
_MILLISECOND: Final = 1


class MomentError(RejectError):
    """What was asked for is neither a position nor a time."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"{given[:40]!a}: cần vị trí (131), ngày (21/11/2020) hoặc thời điểm (21/11/2020 17:00) / "
            "a position, a day (2020-11-21) or a time (2020-11-21T17:00+07:00) is needed"
        )
        self.given = given


class BeyondError(MomentError):
    """The position lies after the last one there is."""

    def __init__(self, position: int, size: int) -> None:
        super(MomentError, self).__init__(
            f"vị trí {position}: bản sao này chỉ có {size} mục / "
            f"position {position}: this copy holds {size} entries"
        )
        self.given = str(position)


def read_moment(text: str) -> int | datetime:
    """
    A position, or the moment of a time; a day means its end, a time without a zone is Vietnam's.

    A day may also be written as the pages write it, ``21/11/2020``, with ``17:00`` after it or without.
    Raises :class:`MomentError` for all other text.
    """
    told = text.strip()
    if _POSITION.fullmatch(told):
        return int(told)
    if match := _VIETNAMESE_DAY.fullmatch(told):
        day = f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
        told = f"{day} {match[4]}" if match[4] else day
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
