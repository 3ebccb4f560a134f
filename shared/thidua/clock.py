"""Time on the wire (UTC, milliseconds, ``Z``), local days (+07:00), and the one wall clock."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from time import time_ns
from typing import Final

_AHEAD: Final = timedelta(hours=7)
LOCAL: Final = timezone(_AHEAD, "Asia/Ho_Chi_Minh")
"""Vietnam's time: +07:00 the year round, so that replay needs no time zone database."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MINUTE_MS: Final = 60_000
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
_NO_ZONE: Final = -len("+00:00")
_NO_INSTANT: Final = "an instant is written as 2020-11-21T01:00:00.000Z"
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def format_instant(moment: datetime) -> str:
    """*moment* as it stands in the log: ``2020-11-21T01:00:00.000Z``, cut to milliseconds."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds')[:_NO_ZONE]}Z"


def parse_instant(text: str) -> datetime:
    """The moment that `format_instant` wrote; ValueError for any other text."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(_NO_INSTANT)
    return datetime.fromisoformat(text)


def parse_rfc3339(text: str) -> datetime:
    """
    The moment of a publisher's ``time``, in UTC; digits beyond microseconds are dropped.

    Raises ValueError for anything but RFC 3339 with a zone.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        msg = "a time is written as in RFC 3339, such as 2020-11-21T01:00:00Z"
        raise ValueError(msg)
    seconds, fraction, zone = match.groups()
    written = f"{seconds}.{(fraction or '')[:6]:0<6}{zone}"
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except OverflowError:
        msg = "a time lies between the years 1 and 9999"
        raise ValueError(msg) from None


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970, cut, never rounded up."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """The moment *ms* milliseconds after 1970, in UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def format_ms(ms: int) -> str:
    """Milliseconds as they stand in the log."""
    minute, rest = divmod(ms, _MINUTE_MS)
    return f"{_minute_text(minute)}{_SECONDS[rest // 1000]}{_MILLISECONDS[rest % 1000]}"


# Entries come by the thousand, and those of one minute one after another.
@lru_cache(maxsize=256)
def _minute_text(minute: int) -> str:
    return f"{_EPOCH + timedelta(minutes=minute):%Y-%m-%dT%H:%M:}"


def parse_ms(text: str) -> int:
    """The milliseconds of an instant of the log; ValueError for any other text."""
    try:
        rest = _SECOND_MS[text[17:20]] + _MILLISECOND_MS[text[20:]]
    except KeyError:
        raise ValueError(_NO_INSTANT) from None
    return _minute_ms(text[:17]) + rest


@lru_cache(maxsize=256)
def _minute_ms(minute: str) -> int:
    return to_ms(parse_instant(f"{minute}00.000Z"))


_SECONDS: Final = [f"{second:02}." for second in range(60)]
_MILLISECONDS: Final = [f"{ms:03}Z" for ms in range(1000)]
_SECOND_MS: Final = {text: second * 1000 for second, text in enumerate(_SECONDS)}
_MILLISECOND_MS: Final = {text: ms for ms, text in enumerate(_MILLISECONDS)}


def local_day(moment: datetime) -> date:
    """The day it is in Vietnam at *moment*."""
    if moment.tzinfo is UTC:
        return (moment + _AHEAD).date()
    return moment.astimezone(LOCAL).date()


def start_of_local_day(day: date) -> datetime:
    """The moment, in UTC, at which *day* begins in Vietnam."""
    return datetime.combine(day, time.min, LOCAL).astimezone(UTC)


def end_of_local_day(day: date) -> datetime:
    """The moment, in UTC, at which *day* is over in Vietnam; no longer part of it."""
    return start_of_local_day(day) + timedelta(days=1)


class WallClock:
    """The system's clock; only composition roots hold one."""

    def now(self) -> datetime:
        """The present moment in UTC, in whole milliseconds."""
        return from_ms(self.now_ms())

    def now_ms(self) -> int:
        """The present moment in milliseconds since 1970."""
        return to_ms(datetime.now(UTC))

    def now_ns(self) -> int:
        """The present moment in nanoseconds since 1970, as spans are timed."""
        return time_ns()
