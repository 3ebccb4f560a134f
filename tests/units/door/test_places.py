"""The door finds every event of the log by its hash, in little memory."""

from __future__ import annotations

import sys
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from services.units.places import Places
from thidua.base64url import encode_base64url
from thidua.signing import event_hash


def hash_of(number: int) -> str:
    return encode_base64url(sha256(str(number).encode()).digest())


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 2**40)), max_size=600))
def test_it_holds_what_a_dictionary_would(told: list[tuple[int, int]]) -> None:
    places, expected = Places(), {}
    for number, position in told:
        places.put(hash_of(number), position)
        expected[number] = position

    assert len(places) == len(expected)
    for number in range(401):
        assert places.find(hash_of(number)) == expected.get(number)


@given(st.one_of(st.text(), st.text("=-_/+ é", min_size=43, max_size=43)))
def test_what_is_no_hash_stands_nowhere(text: str) -> None:
    places = Places()
    places.put(event_hash(b"x"), 1)

    places.put(text, 2)

    assert places.find(event_hash(b"x")) == 1
    assert places.find(text + "!") is None


def test_an_event_takes_at_most_eighty_bytes() -> None:
    places = Places()
    for number in range(50_000):
        places.put(hash_of(number), number + 1)

    assert sum(sys.getsizeof(shard) for shard in places._shards) < 80 * 50_000
    assert all(places.find(hash_of(n)) == n + 1 for n in range(0, 50_000, 97))
