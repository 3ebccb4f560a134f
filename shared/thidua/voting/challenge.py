"""Cast or challenge: a prepared ballot is either cast, or opened on another device and thrown away."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from thidua.voting.ballots import (
    Ballot,
    check_ballot,
    make_answers,
    read_ballot,
    sign_ballot,
)
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.voting.credentials import Credential
    from thidua.voting.election import Election
    from thidua.voting.group import Chance
    from thidua.voting.questions import Choice

SEED_BYTES: Final = 32
_SPARE: Final = 16
"""Bytes drawn beyond the bound's own, so that a remainder is uniform to 2^-128."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A ballot whose tracker was shown, before its voter decided what becomes of it.

    Show *seed* and the ballot can be opened by everybody; it must never be cast then.
    """

    ballot: Ballot
    seed: bytes = field(repr=False)


def prepare_ballot(
    election: Election, credential: Credential, choices: Sequence[Choice], chance: Chance
) -> Prepared:
    """A ballot that can be challenged: one fresh seed makes the answers, and never the signature."""
    seed = bytes(chance(256) for _ in range(SEED_BYTES))
    answers = make_answers(election, credential.public, choices, seeded(seed))
    return Prepared(sign_ballot(election, credential, answers, chance), seed)


def check_challenge(election: Election, text: str, choices: Sequence[Choice], seed: bytes) -> None:
    """
    Raise BallotFaultError unless the ballot *text* holds exactly *choices*, made from *seed*.

    For another device than the one that prepared the ballot; it needs no secret of the voter.
    """
    if len(seed) != SEED_BYTES:
        raise BallotFaultError("seed", f"{SEED_BYTES} bytes", f"{len(seed)}")
    ballot = read_ballot(election, text)
    check_ballot(election, ballot)
    if make_answers(election, ballot.credential, choices, seeded(seed)) != ballot.answers:
        raise BallotFaultError("ballot/answers", "the choices that were shown", "other choices")


def seeded(seed: bytes) -> Chance:
    """Chance that is a function of *seed*: SHA-256 of the seed and a counter, as many times as the bound asks."""
    drawn = 0

    def below(bound: int) -> int:
        nonlocal drawn
        raw = b""
        while len(raw) < (bound.bit_length() + 7) // 8 + _SPARE:
            raw += sha256(seed + drawn.to_bytes(8, "big")).digest()
            drawn += 1
        return int.from_bytes(raw, "big") % bound

    return below
