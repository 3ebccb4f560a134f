"""``thidua.frozen.replace`` against the one of the standard library."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as slow

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.frozen import replace


@dataclass(frozen=True)
class State:
    one: int
    two: str = ""
    kept: dict[str, int] = field(default_factory=dict, init=False, compare=False)


@given(
    one=st.integers(),
    two=st.text(),
    changes=st.fixed_dictionaries({}, optional={"one": st.integers(), "two": st.text()}),
)
def test_a_changed_copy_is_that_of_the_standard_library_and_the_original_stands(
    one: int, two: str, changes: dict[str, object]
) -> None:
    state = State(one, two)
    changed = replace(state, **changes)  # type: ignore[arg-type]
    assert changed == slow(state, **changes)  # type: ignore[arg-type]
    assert state == State(one, two)
    assert hash(changed) == hash(slow(state, **changes))  # type: ignore[arg-type]


def test_what_a_state_has_worked_out_for_itself_does_not_pass_to_its_copy() -> None:
    state = State(1)
    state.kept["a"] = 1
    assert replace(state, one=2).kept == {}
    assert state.kept == {"a": 1}


def test_a_copy_is_as_frozen_as_its_original() -> None:
    with pytest.raises(AttributeError):
        replace(State(1), two="x").one = 2  # type: ignore[misc]
