"""Proofs that say nothing but that a statement is true: knowledge of an exponent, and one statement of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thidua.voting.canonical import items, members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.voting.group import Chance, Group


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge and the response to it, both below q."""

    challenge: int
    response: int

    def document(self) -> dict[str, str]:
        """As it is written in every record."""
        return {"challenge": str(self.challenge), "response": str(self.response)}


def read_proof(group: Group, value: object, path: str) -> Proof:
    """The proof in *value*. Raises BallotFaultError when it is malformed; whether it holds is asked later."""
    read = members(value, path, "challenge", "response")
    return Proof(
        group.scalar(read["challenge"], f"{path}/challenge"),
        group.scalar(read["response"], f"{path}/response"),
    )


def read_proofs(group: Group, value: object, path: str, count: int) -> tuple[Proof, ...]:
    """The *count* proofs in *value*. Raises BallotFaultError."""
    return tuple(
        read_proof(group, each, f"{path}/{at}") for at, each in enumerate(items(value, path, count))
    )


def prove_knowledge(
    group: Group, prefix: str, bases: Sequence[int], secret: int, chance: Chance
) -> Proof:
    """The proof of whoever knows *secret* that it is the exponent over all *bases* (specification 4.5, 4.16)."""
    mask = chance(group.q)
    challenge = group.challenge(prefix, [group.secret_power(base, mask) for base in bases])
    return Proof(challenge, (mask - secret * challenge) % group.q)


def knowledge_holds(
    group: Group, prefix: str, powers: Sequence[tuple[int, int]], proof: Proof
) -> bool:
    """Whether *proof* shows one exponent behind every (base, power) of *powers*."""
    commitments = [
        group.product((group.power(base, proof.response), group.power(public, proof.challenge)))
        for base, public in powers
    ]
    return proof.challenge == group.challenge(prefix, commitments)


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """An encrypted number: ``alpha = g^r``, ``beta = y^r g^m``."""

    alpha: int
    beta: int

    def document(self) -> dict[str, str]:
        """As it is written in ballots and tallies."""
        return {"alpha": str(self.alpha), "beta": str(self.beta)}

    def __str__(self) -> str:
        return f"{self.alpha},{self.beta}"


@dataclass(frozen=True, slots=True)
class Opening:
    """What the author of a ciphertext knows: the number in it and the randomness."""

    number: int
    randomness: int


def encrypt(group: Group, key: int, opening: Opening) -> Ciphertext:
    """The ciphertext of *opening* under the election's *key*."""
    hidden = group.power(key, opening.randomness)
    shift = group.power(group.g, opening.number) if opening.number else 1
    return Ciphertext(group.power(group.g, opening.randomness), group.product((hidden, shift)))


def added(group: Group, ciphertexts: Sequence[Ciphertext]) -> Ciphertext:
    """The ciphertext of the sum of what *ciphertexts* hold."""
    return Ciphertext(
        group.product(each.alpha for each in ciphertexts),
        group.product(each.beta for each in ciphertexts),
    )


def prove_one_of(
    group: Group,
    key: int,
    prefix: str,
    branches: Sequence[tuple[Opening, int]],
    chance: Chance,
) -> tuple[Proof, ...]:
    """
    The proof that one branch (opening, claimed number) is true, without saying which (specification 4.11).

    Raises ValueError when none is: a false statement has no proof.
    """
    true = next((at for at, (known, claim) in enumerate(branches) if known.number == claim), None)
    if true is None:
        raise ValueError("no branch of the statement is true")
    proofs = [Proof(chance(group.q), chance(group.q)) for _ in branches]
    commitments: list[int] = []
    for at, (known, claim) in enumerate(branches):
        if at == true:
            # The response drawn for the true branch serves as its mask.
            mask, shift = proofs[at].response, 0
        else:
            mask = proofs[at].response + known.randomness * proofs[at].challenge
            shift = (known.number - claim) * proofs[at].challenge
        hidden = group.power(key, mask)
        if shift:
            hidden = group.product((hidden, group.power(group.g, shift)))
        commitments += [group.power(group.g, mask), hidden]
    others = sum(proof.challenge for at, proof in enumerate(proofs) if at != true)
    challenge = (group.challenge(prefix, commitments) - others) % group.q
    mask, known = proofs[true].response, branches[true][0]
    proofs[true] = Proof(challenge, (mask - known.randomness * challenge) % group.q)
    return tuple(proofs)


def one_of_holds(
    group: Group,
    key: int,
    prefix: str,
    branches: Sequence[tuple[Ciphertext, int]],
    proofs: Sequence[Proof],
) -> bool:
    """Whether *proofs* show that some branch (ciphertext, claimed number) is true."""
    if len(branches) != len(proofs):
        return False
    commitments: list[int] = []
    for (cipher, claim), proof in zip(branches, proofs, strict=True):
        first = group.power(group.g, proof.response)
        second = group.power(key, proof.response)
        if claim:
            # beta / g^claim to the challenge, with powers of the fixed base where a table serves.
            second = group.product((second, group.power(group.g, -claim * proof.challenge)))
        commitments.append(group.product((first, group.power(cipher.alpha, proof.challenge))))
        commitments.append(group.product((second, group.power(cipher.beta, proof.challenge))))
    total = sum(proof.challenge for proof in proofs) % group.q
    return group.challenge(prefix, commitments) == total
