from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.voting.making import chance
from thidua.voting.arithmetic import FAST, PURE, Table
from thidua.voting.canonical import hex_hash, parse
from thidua.voting.credentials import draw_credential, open_credential
from thidua.voting.faults import BallotFaultError
from thidua.voting.group import BELENIOS_2048 as GROUP
from thidua.voting.group import group_named

SMALL = replace(GROUP, p=23, q=11, g=2)
"""A toy group: in it every case can be counted."""


def test_the_group_is_the_one_of_the_specification() -> None:
    assert (GROUP.p.bit_length(), GROUP.q.bit_length()) == (2048, 256)
    assert (GROUP.p - 1) % GROUP.q == 0
    assert GROUP.g != 1
    assert pow(GROUP.g, GROUP.q, GROUP.p) == 1
    # Fermat's test: a mistyped digit fails it.
    assert pow(3, GROUP.p - 1, GROUP.p) == 1
    assert pow(3, GROUP.q - 1, GROUP.q) == 1


@given(st.integers(0, 12), st.integers(0, 10))
def test_gmpy2_python_and_tables_give_the_same_powers(base: int, exponent: int) -> None:
    assert FAST is not None
    element = pow(2, base, 23)
    for arithmetic in (PURE, FAST):
        power = pow(element, exponent, 23)
        assert arithmetic.power(element, exponent, 23) == power
        assert arithmetic.secret_power(element, exponent, 23) == power
        assert Table(arithmetic, element, 23, 4).power(exponent) == power
        assert type(arithmetic.power(element, exponent, 23)) is int


def test_a_full_size_power_is_the_same_by_every_way() -> None:
    exponent = chance()(GROUP.q)
    expected = pow(GROUP.g, exponent, GROUP.p)
    assert FAST is not None
    for group in (replace(GROUP, arithmetic=PURE), replace(GROUP, arithmetic=FAST)):
        assert group.power(group.g, exponent) == expected
        assert group.secret_power(group.g, exponent) == expected
    assert GROUP.with_tables(GROUP.g).power(GROUP.g, exponent) == expected


def test_membership_is_that_of_the_subgroup_not_of_all_numbers() -> None:
    inside = {pow(2, exponent, 23) for exponent in range(11)}
    assert {number for number in range(-1, 50) if SMALL.contains(number)} == inside


@pytest.mark.parametrize("most", [0, 1, 5, 10])
def test_a_small_logarithm_is_found_up_to_its_bound_and_not_beyond(most: int) -> None:
    for exponent in range(11):
        found = SMALL.small_logarithm(pow(2, exponent, 23), most)
        assert found == (exponent if exponent <= most else None)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_a_logarithm_of_many_ballots_is_found_in_strides(exponent: int) -> None:
    element = pow(GROUP.g, exponent, GROUP.p)
    assert GROUP.small_logarithm(element, 10_000) == exponent
    assert GROUP.small_logarithm(element, 5000) == (exponent if exponent <= 5000 else None)


@pytest.mark.parametrize("number", [0, GROUP.p, GROUP.p - 1, 2, GROUP.p + 1])
def test_a_number_outside_the_group_is_no_element(number: int) -> None:
    with pytest.raises(BallotFaultError) as caught:
        GROUP.element(str(number), "here")
    assert caught.value.path == "here"


def test_a_group_of_another_name_is_refused() -> None:
    with pytest.raises(BallotFaultError):
        group_named("RFC-3526-2048", "election/group")


def test_a_credential_gives_the_keys_of_the_published_vector() -> None:
    credential = open_credential(GROUP, "1" * 14, "fNG-Qzz-jE7-oMA-ZVY")
    assert credential.secret == int(
        "36405377173399078504158997453593261301841439710370721131031959373556059013028"
    )
    expected = "ddf2e8d6718551647e4f925f0f30481e4cb5a89987b41f5e8d76dc02da8fe463"
    assert hex_hash(str(credential.public)) == expected
    assert str(credential.secret) not in repr(credential)


def test_a_drawn_credential_opens_and_one_mistyped_digit_does_not() -> None:
    text = draw_credential(chance())
    assert open_credential(GROUP, "1" * 14, text).public > 1
    for at, letter in enumerate(text):
        # The format's check digit cannot tell digits that are 53 apart: 1 and w are.
        for typed in {"-", "2", "k", "l"} - {letter}:
            mistyped = text[:at] + typed + text[at + 1 :]
            with pytest.raises(BallotFaultError) as caught:
                open_credential(GROUP, "1" * 14, mistyped)
            assert text[:7] not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"a":1,"a":1}', "1.5", "NaN", "1e3", "9" * 5000, "[" * 100_000, '"\ud800"'],
    ids=lambda text: ascii(text[:12]),
)
def test_json_with_two_readings_or_none_ends_in_the_one_error(text: str) -> None:
    with pytest.raises(BallotFaultError) as caught:
        parse(text, "here")
    assert caught.value.path == "here"


def test_without_gmpy2_the_same_library_imports_and_computes() -> None:
    program = """
import sys
sys.modules["gmpy2"] = None
from thidua.voting import verifying, key_generation, ballots
from thidua.voting.group import BELENIOS_2048 as group
assert group.arithmetic.name == "python"
print(group.secret_power(group.g, 12345))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(pow(GROUP.g, 12345, GROUP.p)), done.stderr
