"""One encrypted answer of a ballot, with the proofs that it keeps its question's rule (specification 4.11, 4.12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thidua.voting.canonical import items, members
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import (
    Ciphertext,
    Opening,
    Proof,
    added,
    encrypt,
    one_of_holds,
    prove_one_of,
    read_proofs,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.voting.group import Chance, Group
    from thidua.voting.questions import Choice, Question


@dataclass(frozen=True, slots=True)
class Answer:
    """Ciphertexts of the choices; a proof of 0 or 1 for each; one of their sum; two where blank is allowed."""

    choices: tuple[Ciphertext, ...]
    individual: tuple[tuple[Proof, ...], ...]
    overall: tuple[Proof, ...]
    blank: tuple[Proof, ...] | None

    def document(self) -> dict[str, object]:
        """As it is written in the ballot."""
        document: dict[str, object] = {
            "choices": [choice.document() for choice in self.choices],
            "individual_proofs": [_documents(proofs) for proofs in self.individual],
            "overall_proof": _documents(self.overall),
        }
        if self.blank is not None:
            document["blank_proof"] = _documents(self.blank)
        return document


@dataclass(frozen=True, slots=True)
class Statements:
    """What an answer's proofs say: prefix and branches of each, the same for prover and verifier."""

    group: Group
    key: int
    question: Question
    bound: str
    """Fingerprint and public credential: no proof can be carried to another ballot."""
    choices: tuple[Ciphertext, ...]

    def individual_prefix(self, at: int) -> str:
        """Of the proof that choice *at* is 0 or 1."""
        return f"prove|{self.bound}|{self.choices[at]}|"

    @property
    def overall_prefix(self) -> str:
        """Of the proof about the sum."""
        if self.question.blank:
            return f"bproof1|{self._all}|"
        return f"prove|{self._all}|{added(self.group, self.choices)}|"

    @property
    def blank_prefix(self) -> str:
        """Of the proof that blank and answers exclude each other."""
        return f"bproof0|{self._all}|"

    @property
    def _all(self) -> str:
        return f"{self.bound}|{','.join(map(str, self.choices))}"

    def sums(self) -> range:
        """The sums that the question allows."""
        return range(self.question.least, self.question.most + 1)


def make_answer(
    group: Group, key: int, question: Question, bound: str, choice: Choice, chance: Chance
) -> Answer:
    """
    *choice* encrypted under *key*, with its proofs.

    Raises BallotFaultError, without saying the choice, when the question does not allow it.
    """
    if not question.allows(choice):
        raise BallotFaultError("choice", "what the question allows", "another choice")
    openings = [Opening(number, chance(group.q)) for number in choice]
    ciphertexts = tuple(encrypt(group, key, opening) for opening in openings)
    said = Statements(group, key, question, bound, ciphertexts)

    def prove(prefix: str, branches: Sequence[tuple[Opening, int]]) -> tuple[Proof, ...]:
        return prove_one_of(group, key, prefix, branches, chance)

    individual = tuple(
        prove(said.individual_prefix(at), [(opening, 0), (opening, 1)])
        for at, opening in enumerate(openings)
    )
    counted = openings[1:] if question.blank else openings
    total = Opening(
        sum(each.number for each in counted), sum(each.randomness for each in counted) % group.q
    )
    overall = [(total, number) for number in said.sums()]
    if not question.blank:
        return Answer(ciphertexts, individual, prove(said.overall_prefix, overall), None)
    return Answer(
        ciphertexts,
        individual,
        prove(said.overall_prefix, [(openings[0], 1), *overall]),
        prove(said.blank_prefix, [(openings[0], 0), (total, 0)]),
    )


def read_answer(group: Group, question: Question, value: Any, path: str) -> Answer:
    """The answer in *value*, in the shape its question asks for. Raises BallotFaultError."""
    names = ["choices", "individual_proofs", "overall_proof"]
    read = members(value, path, *names, *(["blank_proof"] if question.blank else []))
    width = question.width
    choices = tuple(
        read_ciphertext(group, each, f"{path}/choices/{at}")
        for at, each in enumerate(items(read["choices"], f"{path}/choices", width))
    )
    here = f"{path}/individual_proofs"
    individual = tuple(
        read_proofs(group, each, f"{here}/{at}", 2)
        for at, each in enumerate(items(read["individual_proofs"], here, width))
    )
    branches = question.most - question.least + 1 + question.blank
    overall = read_proofs(group, read["overall_proof"], f"{path}/overall_proof", branches)
    if not question.blank:
        return Answer(choices, individual, overall, None)
    blank = read_proofs(group, read["blank_proof"], f"{path}/blank_proof", 2)
    return Answer(choices, individual, overall, blank)


def read_ciphertext(group: Group, value: Any, path: str) -> Ciphertext:
    """The ciphertext in *value*, both halves in the group. Raises BallotFaultError."""
    read = members(value, path, "alpha", "beta")
    return Ciphertext(
        group.element(read["alpha"], f"{path}/alpha"), group.element(read["beta"], f"{path}/beta")
    )


def check_answer(
    group: Group, key: int, question: Question, bound: str, answer: Answer, path: str
) -> None:
    """Raise BallotFaultError, naming the proof, unless all proofs of *answer* hold."""
    said = Statements(group, key, question, bound, answer.choices)

    def need(
        prefix: str, branches: Sequence[tuple[Ciphertext, int]], proofs: Sequence[Proof], name: str
    ) -> None:
        if not one_of_holds(group, key, prefix, branches, proofs):
            raise BallotFaultError(f"{path}/{name}", "a proof that holds", "one that does not")

    for at, (cipher, proofs) in enumerate(zip(answer.choices, answer.individual, strict=True)):
        branches = [(cipher, 0), (cipher, 1)]
        need(said.individual_prefix(at), branches, proofs, f"individual_proofs/{at}")
    counted = answer.choices[1:] if question.blank else answer.choices
    total = added(group, counted)
    overall = [(total, number) for number in said.sums()]
    if question.blank:
        blank = answer.choices[0]
        overall = [(blank, 1), *overall]
        both = [(blank, 0), (total, 0)]
        need(said.blank_prefix, both, answer.blank or (), "blank_proof")
    need(said.overall_prefix, overall, answer.overall, "overall_proof")


def _documents(proofs: Sequence[Proof]) -> list[dict[str, str]]:
    return [proof.document() for proof in proofs]
