"""What an auditor or a reader may ask for as a moment of the log."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reporting.year import year_2020
from thidua.audit.asking import MomentError, position_before, read_moment
from thidua.clock import format_instant, to_ms
from thidua.log.entry import read_entry


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2020-11-21T17:00:00+07:00", "2020-11-21T10:00:00.000Z"),
        ("2020-11-21T17:00+07:00", "2020-11-21T10:00:00.000Z"),
        ("2020-11-21T17:00:00 07:00", "2020-11-21T10:00:00.000Z"),
        ("2020-11-21T10:00:00Z", "2020-11-21T10:00:00.000Z"),
        ("2020-11-21T10:00:00.250Z", "2020-11-21T10:00:00.250Z"),
        ("2020-11-21 17:00", "2020-11-21T10:00:00.000Z"),
        ("2020-11-21T17:00:30", "2020-11-21T10:00:30.000Z"),
        ("2020-11-21", "2020-11-21T16:59:59.999Z"),
        ("21/11/2020", "2020-11-21T16:59:59.999Z"),
        ("1/2/2020", "2020-02-01T16:59:59.999Z"),
        ("21/11/2020 17:00", "2020-11-21T10:00:00.000Z"),
    ],
)
def test_a_time_is_read_in_vietnams_zone_unless_it_names_one(told: str, meant: str) -> None:
    moment = read_moment(told)
    assert not isinstance(moment, int)
    assert format_instant(moment) == meant


def test_digits_are_a_position() -> None:
    assert read_moment(" 131 ") == 131


@given(st.text(max_size=40) | st.from_regex(r"[0-9TZ:+ ./-]{1,30}", fullmatch=True))
def test_all_other_text_ends_in_one_named_error(told: str) -> None:
    with suppress(MomentError):
        moment = read_moment(told)
        assert isinstance(moment, int) or moment.tzinfo is not None


@given(st.integers(0, len(year_2020().raw) - 1))
def test_a_time_means_the_longest_beginning_in_which_nothing_arrived_later(at: int) -> None:
    entries = year_2020().raw
    moment = read_moment(format_of(entries[at][1]))
    assert not isinstance(moment, int)
    position = position_before(entries, moment)
    assert all(read_entry(*one).rx_ms <= to_ms(moment) for one in entries[:position])
    assert position == len(entries) or read_entry(*entries[position]).rx_ms > to_ms(moment)


def format_of(raw: bytes) -> str:
    return raw.partition(b'"rx":"')[2][:24].decode()
