"""A row's digest is that of its one JSON text, however it was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.columns import as_json, row_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = st.none() | st.booleans() | st.integers() | TEXT
ANY = st.recursive(
    PLAIN | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=12,
)


@given(st.lists(PLAIN | st.dictionaries(TEXT, PLAIN) | ANY))
def test_a_row_is_digested_as_the_one_json_text_of_its_values(row: list[object]) -> None:
    text = as_json(row)
    assert row_json(row) == text.encode()
