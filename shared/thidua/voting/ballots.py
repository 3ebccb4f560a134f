"""A ballot: encrypted answers, signed with the voter's credential (specification 4.13 to 4.15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from thidua.voting.answers import Answer, check_answer, make_answer, read_answer
from thidua.voting.canonical import (
    items,
    members,
    parse,
    require_canonical,
    short_hash,
    shown,
    string,
    written,
)
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import Proof, knowledge_holds, prove_knowledge, read_proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.voting.credentials import Credential
    from thidua.voting.election import Election
    from thidua.voting.group import Chance
    from thidua.voting.questions import Choice, Question

MOST_BYTES: Final = 45_000
"""Of a ballot's text: what fits an entry of the log beside its envelope."""
_ELEMENT: Final = 617
_SCALAR: Final = 77
_NAMES: Final = 420
"""Members, hashes and punctuation of a ballot besides answers and credential."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """A ballot of *election* that was read; *text* is the one text it can have."""

    text: str
    credential: int
    answers: tuple[Answer, ...]
    digest: str
    signature: Proof

    @property
    def tracker(self) -> str:
        """What the voter keeps, to find the ballot in the box."""
        return short_hash(self.text)


def make_ballot(
    election: Election, credential: Credential, choices: Sequence[Choice], chance: Chance
) -> Ballot:
    """
    The ballot with one choice per question, encrypted, proven and signed.

    Raises BallotFaultError when a question does not allow its choice; the message does not say the choice.
    """
    answers = make_answers(election, credential.public, choices, chance)
    return sign_ballot(election, credential, answers, chance)


def make_answers(
    election: Election, credential: int, choices: Sequence[Choice], chance: Chance
) -> tuple[Answer, ...]:
    """The answers of a ballot under the public *credential*; a function of *chance* and the rest alone."""
    if len(choices) != len(election.questions):
        raise BallotFaultError("choices", f"{len(election.questions)} choices", f"{len(choices)}")
    bound = f"{election.fingerprint}|{credential}"
    return tuple(
        make_answer(election.group, election.key, question, bound, tuple(choice), chance)
        for question, choice in zip(election.questions, choices, strict=True)
    )


def sign_ballot(
    election: Election, credential: Credential, answers: tuple[Answer, ...], chance: Chance
) -> Ballot:
    """
    The ballot with *answers*, signed.

    *chance* must never be shown to anybody, not even of a ballot that is thrown away: it gives the credential.
    """
    group = election.group
    unsigned = _unsigned(election, credential.public, answers)
    digest = short_hash(written(unsigned))
    signature = prove_knowledge(group, f"sig|{digest}|", [group.g], credential.secret, chance)
    text = written(_signed(unsigned, digest, signature))
    return Ballot(text, credential.public, answers, digest, signature)


def read_ballot(election: Election, text: str, path: str = "ballot") -> Ballot:
    """
    The ballot in *text*, every number in its place and in the group; the proofs are `check_ballot`'s.

    Raises BallotFaultError for a ballot of another election, of another shape, too long, or not canonical.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise BallotFaultError(path, f"at most {MOST_BYTES} bytes", "more")
    names = ("election_uuid", "election_hash", "credential", "answers", "signature")
    read = members(parse(text, path), path, *names)
    for name, expected in (
        ("election_uuid", election.uuid),
        ("election_hash", election.fingerprint),
    ):
        if (given := string(read[name], f"{path}/{name}")) != expected:
            raise BallotFaultError(f"{path}/{name}", expected, shown(given))
    signature = members(read["signature"], f"{path}/signature", "hash", "proof")
    listed = items(read["answers"], f"{path}/answers", len(election.questions))
    group = election.group
    ballot = Ballot(
        text=text,
        credential=group.element(read["credential"], f"{path}/credential"),
        answers=tuple(
            read_answer(group, question, each, f"{path}/answers/{at}")
            for at, (question, each) in enumerate(zip(election.questions, listed, strict=True))
        ),
        digest=string(signature["hash"], f"{path}/signature/hash"),
        signature=read_proof(group, signature["proof"], f"{path}/signature/proof"),
    )
    unsigned = _unsigned(election, ballot.credential, ballot.answers)
    require_canonical(text, _signed(unsigned, ballot.digest, ballot.signature), path)
    return ballot


def check_ballot(election: Election, ballot: Ballot, path: str = "ballot") -> None:
    """
    Raise BallotFaultError unless the signature and all proofs of *ballot* hold.

    Whether the credential is on the roll, and the ballot the first of its text, is for the caller to ask.
    """
    group = election.group
    digest = short_hash(written(_unsigned(election, ballot.credential, ballot.answers)))
    if ballot.digest != digest:
        raise BallotFaultError(f"{path}/signature/hash", digest, shown(ballot.digest))
    powers = [(group.g, ballot.credential)]
    if not knowledge_holds(group, f"sig|{digest}|", powers, ballot.signature):
        raise BallotFaultError(
            f"{path}/signature/proof", "a signature with the credential", "another"
        )
    bound = f"{election.fingerprint}|{ballot.credential}"
    for at, (question, answer) in enumerate(zip(election.questions, ballot.answers, strict=True)):
        check_answer(group, election.key, question, bound, answer, f"{path}/answers/{at}")


def largest_ballot(questions: Sequence[Question]) -> int:
    """The most bytes a ballot on *questions* can take; more than MOST_BYTES cannot be voted on."""
    proof = len('{"challenge":"","response":""},') + 2 * _SCALAR
    choice = len('{"alpha":"","beta":""},') + 2 * _ELEMENT + 2 * proof + len("[],")
    size = _NAMES + _ELEMENT + 2 * _SCALAR
    for question in questions:
        sums = question.most - question.least + 1 + (3 if question.blank else 0)
        size += question.width * choice + sums * proof + 100
    return size


def _unsigned(election: Election, credential: int, answers: Sequence[Answer]) -> dict[str, object]:
    return {
        "election_uuid": election.uuid,
        "election_hash": election.fingerprint,
        "credential": str(credential),
        "answers": [answer.document() for answer in answers],
    }


def _signed(unsigned: dict[str, object], digest: str, signature: Proof) -> dict[str, object]:
    return {**unsigned, "signature": {"hash": digest, "proof": signature.document()}}
