from __future__ import annotations

import pytest

from tests.shared.voting.making import chance, found
from thidua.voting.ballots import check_ballot, read_ballot
from thidua.voting.challenge import check_challenge, prepare_ballot, seeded
from thidua.voting.faults import BallotFaultError
from thidua.voting.questions import approve

HELD = found(1, [approve("Q", ["A", "B"])])
PREPARED = prepare_ballot(HELD.election, HELD.credentials[0], [(1, 0)], chance())


def test_a_prepared_ballot_can_be_cast_like_any_other() -> None:
    check_ballot(HELD.election, read_ballot(HELD.election, PREPARED.ballot.text))
    assert str(PREPARED.seed) not in repr(PREPARED)


def test_another_device_sees_that_a_challenged_ballot_holds_the_choices_shown() -> None:
    check_challenge(HELD.election, PREPARED.ballot.text, [(1, 0)], PREPARED.seed)


@pytest.mark.parametrize(
    ("choices", "seed", "path"),
    [
        ([(0, 1)], PREPARED.seed, "ballot/answers"),
        ([(1, 1)], PREPARED.seed, "ballot/answers"),
        ([(1, 0)], bytes(32), "ballot/answers"),
        ([(1, 0)], PREPARED.seed[:-1], "seed"),
        ([(1, 2)], PREPARED.seed, "choice"),
        ([], PREPARED.seed, "choices"),
    ],
)
def test_a_client_that_encrypted_something_else_is_caught(choices, seed, path: str) -> None:
    with pytest.raises(BallotFaultError) as caught:
        check_challenge(HELD.election, PREPARED.ballot.text, choices, seed)
    assert caught.value.path == path


def test_what_a_challenge_shows_does_not_give_the_credential_away() -> None:
    group, ballot = HELD.election.group, PREPARED.ballot
    c, z = ballot.signature.challenge, ballot.signature.response
    mask = (z + HELD.credentials[0].secret * c) % group.q
    draw = seeded(PREPARED.seed)
    assert mask not in [draw(group.q) for _ in range(200)]


def test_seeded_chance_is_the_same_again_and_within_its_bound() -> None:
    first, second = seeded(b"seed"), seeded(b"seed")
    drawn = [first(58) for _ in range(2000)]
    assert drawn == [second(58) for _ in range(2000)]
    assert set(drawn) == set(range(58))
    wide = seeded(b"seed")(2**2048)
    assert 2**2000 < wide < 2**2048
