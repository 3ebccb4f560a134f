"""Points are written with one decimal, two where they are needed, however they were calculated."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from thidua.contracts.base import format_points


@given(hundredths=st.integers(-9_999_999, 9_999_999), places=st.integers(0, 4))
def test_points_are_written_alike_whatever_zeros_they_were_given_with(
    hundredths: int, places: int
) -> None:
    points = Decimal(hundredths) / 100
    written = format_points(points)
    assert Decimal(written) == points
    assert len(written.partition(".")[2]) == (1 if hundredths % 10 == 0 else 2)
    # The same points with more zeros behind them.
    assert format_points(points.quantize(Decimal(1).scaleb(-2 - places))) == written
