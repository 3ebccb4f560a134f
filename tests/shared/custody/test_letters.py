from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared.voting.changing import fault_in, malformed_changes, plausible_changes
from tests.shared.voting.making import GROUP, chance
from thidua.custody.letters import read_letter, write_letter
from thidua.voting.canonical import written

SECRET = 12345678901234567890
READER = GROUP.power(GROUP.g, SECRET)
CONTEXT = "11111111111111|1|2"


@given(share=st.integers(0, GROUP.q - 1), seed=st.integers(0, 2**32))
def test_a_share_comes_to_its_reader_and_is_not_in_the_letter(share: int, seed: int) -> None:
    letter = write_letter(GROUP, CONTEXT, READER, share, chance(seed))
    assert read_letter(GROUP, CONTEXT, SECRET, letter, "letter") == share
    assert share < 10**6 or str(share) not in letter


def test_two_letters_with_the_same_share_are_not_alike() -> None:
    assert write_letter(GROUP, CONTEXT, READER, 7, chance(1)) != write_letter(
        GROUP, CONTEXT, READER, 7, chance(2)
    )


@pytest.mark.parametrize(
    ("context", "secret"), [("11111111111111|2|1", SECRET), (CONTEXT, SECRET + 1)]
)
def test_a_letter_is_for_one_reader_of_one_election(context: str, secret: int) -> None:
    letter = write_letter(GROUP, CONTEXT, READER, 7, chance())
    assert fault_in(read_letter, GROUP, context, secret, letter, "letter")


def test_no_single_field_of_a_letter_can_be_changed() -> None:
    document = json.loads(write_letter(GROUP, CONTEXT, READER, 7, chance()))
    changes = [*plausible_changes(document), *malformed_changes(document)]
    changes.append(("more", written({**document, "more": 1})))
    for place, text in changes:
        assert fault_in(read_letter, GROUP, CONTEXT, SECRET, text, "letter"), place
