"""Moments on the wire and days in Vietnam."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.clock import (
    WallClock,
    end_of_local_day,
    format_instant,
    format_ms,
    from_ms,
    local_day,
    parse_instant,
    parse_ms,
    parse_rfc3339,
    start_of_local_day,
    to_ms,
)

milliseconds = st.integers(0, 4_102_444_800_000)


@given(milliseconds)
def test_every_millisecond_has_one_text_and_comes_back(ms: int) -> None:
    text = format_ms(ms)

    assert len(text) == len("2020-11-21T01:00:00.000Z")
    assert parse_ms(text) == ms
    assert to_ms(from_ms(ms)) == ms
    assert format_instant(parse_instant(text)) == text


@given(milliseconds, milliseconds)
def test_instants_sort_as_texts_as_they_do_as_moments(one: int, other: int) -> None:
    assert (format_ms(one) < format_ms(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "2020-11-21T01:00:00Z",
        "2020-11-21T01:00:00.000+00:00",
        "2020-11-21 01:00:00.000Z",
        "2020-11-21T01:00:00.000z",
        "2020-11-21T24:00:00.000Z",
        "2020-02-30T01:00:00.000Z",
        "٢٠٢٠-11-21T01:00:00.000Z",
        "",
    ],
)
def test_the_log_takes_no_other_writing_of_an_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-11-21T01:00:00Z", datetime(2020, 11, 21, 1, tzinfo=UTC)),
        ("2020-11-21T08:00:00+07:00", datetime(2020, 11, 21, 1, tzinfo=UTC)),
        ("2020-11-21T01:00:00.5Z", datetime(2020, 11, 21, 1, 0, 0, 500_000, tzinfo=UTC)),
        ("2020-11-21T01:00:00.123456789Z", datetime(2020, 11, 21, 1, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_publishers_write_rfc_3339_with_a_zone(text: str, moment: datetime) -> None:
    assert parse_rfc3339(text) == moment


@pytest.mark.parametrize(
    "text",
    ["2020-11-21", "2020-11-21T01:00:00", "20201121T010000Z", "2020-W47-6T01:00:00Z",
     "2020-11-21T01:00:00+25:00", "0001-01-01T00:00:00+07:00", "hôm nay"],
)  # fmt: skip
def test_a_time_without_zone_or_in_another_writing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


def test_a_day_in_vietnam_begins_at_seventeen_hundred_utc_the_day_before() -> None:
    assert start_of_local_day(date(2020, 3, 25)) == datetime(2020, 3, 24, 17, tzinfo=UTC)
    assert end_of_local_day(date(2020, 3, 24)) == start_of_local_day(date(2020, 3, 25))


def test_ten_to_midnight_on_the_last_day_is_still_that_day() -> None:
    moment = parse_rfc3339("2020-03-24T23:50:00+07:00")

    assert local_day(moment) == date(2020, 3, 24)
    assert local_day(moment + timedelta(minutes=20)) == date(2020, 3, 25)


def test_the_wall_clock_gives_whole_milliseconds_in_utc() -> None:
    clock = WallClock()

    before = clock.now_ms()
    now = clock.now()

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert to_ms(now) >= before
