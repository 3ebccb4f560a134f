"""The count: the product of the ballots, its decryption by the trustees, and the result (specification 4.16 to 4.19)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from thidua.voting.canonical import (
    hex_hash,
    integer,
    items,
    members,
    parse,
    require_canonical,
    written,
)
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import (
    Ciphertext,
    Proof,
    added,
    knowledge_holds,
    prove_knowledge,
    read_proof,
)
from thidua.voting.trustees import Single

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from thidua.voting.ballots import Ballot
    from thidua.voting.election import Election
    from thidua.voting.group import Chance, Group
    from thidua.voting.trustees import Trustees

Result: TypeAlias = tuple[tuple[int, ...], ...]
"""Per question the sums, the blank's first where there is one."""


@dataclass(frozen=True, slots=True)
class EncryptedTally:
    """What is decrypted, and nothing else: per question and choice the sum of *counted* ballots, encrypted."""

    rows: tuple[tuple[Ciphertext, ...], ...]
    counted: int

    @property
    def text(self) -> str:
        """As it is written in the archive."""
        return written([[cipher.document() for cipher in row] for row in self.rows])

    @property
    def sized_text(self) -> str:
        """The record that names the tally's hash and the number of ballots in it."""
        sizes = {"num_tallied": self.counted, "total_weight": self.counted}
        return written({**sizes, "encrypted_tally": hex_hash(self.text)})


@dataclass(frozen=True, slots=True)
class PartialDecryption:
    """One trustee's factor for each ciphertext of the tally, with the proof that its own key made it."""

    factors: tuple[tuple[int, ...], ...]
    proofs: tuple[tuple[Proof, ...], ...]

    @property
    def text(self) -> str:
        """As it is written in the archive."""
        return written(
            {
                "decryption_factors": [[str(each) for each in row] for row in self.factors],
                "decryption_proofs": [[each.document() for each in row] for row in self.proofs],
            }
        )


def last_of_each(ballots: Sequence[Ballot]) -> list[Ballot]:
    """The ballots that count: of each credential the last, in the order of the box (I1)."""
    return list({ballot.credential: ballot for ballot in ballots}.values())


def add_up(election: Election, counted: Sequence[Ballot]) -> EncryptedTally:
    """The encrypted sum of *counted*, ballots that were checked and of which no two share a credential."""
    return add_choices(election, [[a.choices for a in ballot.answers] for ballot in counted])


def add_choices(
    election: Election, counted: Sequence[Sequence[Sequence[Ciphertext]]]
) -> EncryptedTally:
    """The encrypted sum of ballots of which the encrypted choices alone are at hand, per question."""
    group = election.group
    rows = tuple(
        tuple(
            added(group, [choices[at][column] for choices in counted])
            for column in range(question.width)
        )
        for at, question in enumerate(election.questions)
    )
    return EncryptedTally(rows, len(counted))


def tally_in(text: str, counted: int) -> EncryptedTally:
    """The encrypted sum that stands in the log as *text*, believed."""
    return EncryptedTally(tuple(_ciphertexts(row) for row in parse(text, "tally")), counted)


def decryption_in(text: str) -> PartialDecryption:
    """The partial decryption that stands in the log as *text*, believed."""
    read = parse(text, "decryption")
    return PartialDecryption(
        tuple(tuple(int(each) for each in row) for row in read["decryption_factors"]),
        tuple(
            tuple(Proof(int(each["challenge"]), int(each["response"])) for each in row)
            for row in read["decryption_proofs"]
        ),
    )


def choices_in(text: str) -> tuple[tuple[Ciphertext, ...], ...]:
    """The encrypted choices of a ballot that stands in the log as *text*, per question, believed."""
    return tuple(_ciphertexts(answer["choices"]) for answer in parse(text, "ballot")["answers"])


def decrypt_partially(
    election: Election, tally: EncryptedTally, secret: int, chance: Chance
) -> PartialDecryption:
    """
    What the trustee with *secret* contributes to opening *tally*.

    The caller has recomputed *tally* from the box and has never decrypted another of this election: two tallies
    that differ by one ballot would open that ballot (I5).
    """
    group = election.group
    prefix = _prefix(election, group.secret_power(group.g, secret))
    factors = tuple(
        tuple(group.secret_power(cipher.alpha, secret) for cipher in row) for row in tally.rows
    )
    proofs = tuple(
        tuple(
            prove_knowledge(group, prefix, [group.g, cipher.alpha], secret, chance)
            for cipher in row
        )
        for row in tally.rows
    )
    return PartialDecryption(factors, proofs)


def read_partial_decryption(
    election: Election, trustees: Trustees, tally: EncryptedTally, owner: int, text: str
) -> PartialDecryption:
    """
    The partial decryption in *text*, of exactly this *tally* by trustee *owner*, its proofs checked.

    Raises BallotFaultError whose path begins with the trustee's number.
    """
    path = f"trustee {owner}"
    keys = trustees.keys()
    integer(owner, f"{path}/owner", 1, len(keys))
    read = members(parse(text, path), path, "decryption_factors", "decryption_proofs")
    group = election.group

    def shaped(name: str, item: Callable[[Group, Any, str], Any]) -> tuple[tuple[Any, ...], ...]:
        rows = items(read[name], f"{path}/{name}", len(tally.rows))
        return tuple(
            tuple(
                item(group, each, f"{path}/{name}/{at}/{column}")
                for column, each in enumerate(items(row, f"{path}/{name}/{at}", len(ciphers)))
            )
            for at, (row, ciphers) in enumerate(zip(rows, tally.rows, strict=True))
        )

    given = PartialDecryption(
        shaped("decryption_factors", _element), shaped("decryption_proofs", read_proof)
    )
    if given.text != text:
        raise BallotFaultError(path, "the canonical text", "the same content written otherwise")
    public = keys[owner - 1]
    prefix = _prefix(election, public)
    for at, (ciphers, factors, proofs) in enumerate(
        zip(tally.rows, given.factors, given.proofs, strict=True)
    ):
        for column, (cipher, factor, proof) in enumerate(
            zip(ciphers, factors, proofs, strict=True)
        ):
            powers = [(group.g, public), (cipher.alpha, factor)]
            if not knowledge_holds(group, prefix, powers, proof):
                raise BallotFaultError(
                    f"{path}/decryption_proofs/{at}/{column}", "a proof that holds", "another"
                )
    return given


def owned_text(owner: int, decryption: PartialDecryption) -> str:
    """The record that names the trustee and the hash of its partial decryption."""
    return written({"owner": owner, "payload": hex_hash(decryption.text)})


def open_tally(
    election: Election,
    trustees: Trustees,
    tally: EncryptedTally,
    decryptions: Mapping[int, PartialDecryption],
) -> Result:
    """
    The sums in *tally*, from checked *decryptions* by owner.

    Raises BallotFaultError when a trustee is missing, or when what comes out is no number of ballots.
    """
    group = election.group
    exponents = _exponents(group, trustees, set(decryptions))
    rows = []
    for at, row in enumerate(tally.rows):
        sums = []
        for column, cipher in enumerate(row):
            mask = group.product(
                group.power(decryptions[owner].factors[at][column], exponent)
                for owner, exponent in exponents.items()
            )
            opened = group.product((cipher.beta, group.inverse(mask)))
            number = group.small_logarithm(opened, tally.counted)
            if number is None:
                raise BallotFaultError(
                    f"result/{at}/{column}", f"a number from 0 to {tally.counted}", "none"
                )
            sums.append(number)
        rows.append(tuple(sums))
    return tuple(rows)


def result_text(result: Result) -> str:
    """The result as it is written in the archive."""
    return written({"result": [list(row) for row in result]})


def read_result(text: str, expected: Result) -> None:
    """Raise BallotFaultError unless *text* says exactly *expected*."""
    members(parse(text, "result"), "result", "result")
    require_canonical(text, {"result": [list(row) for row in expected]}, "result")


def _ciphertexts(row: list[dict[str, str]]) -> tuple[Ciphertext, ...]:
    return tuple(Ciphertext(int(each["alpha"]), int(each["beta"])) for each in row)


def _element(group: Group, value: object, path: str) -> int:
    return group.element(value, path)


def _prefix(election: Election, public: int) -> str:
    return f"decrypt|{election.fingerprint}|{public}|"


def _exponents(group: Group, trustees: Trustees, present: set[int]) -> dict[int, int]:
    """By owner, the exponent of its factor: 1 for a single key, Lagrange's coefficient in a group."""
    found: dict[int, int] = {}
    first = 1
    for item in trustees.items:
        if isinstance(item, Single):
            size, threshold = 1, 1
        else:
            size, threshold = len(item.keys), item.threshold
        taking = [index for index in range(1, size + 1) if first + index - 1 in present]
        if len(taking) < threshold:
            raise BallotFaultError(
                f"trustees {first} to {first + size - 1}",
                f"{threshold} partial decryptions",
                f"{len(taking)}",
            )
        taking = taking[:threshold]
        for index in taking:
            found[first + index - 1] = _lagrange(group, taking, index)
        first += size
    return found


def _lagrange(group: Group, indexes: Sequence[int], own: int) -> int:
    coefficient = 1
    for other in indexes:
        if other != own:
            coefficient = coefficient * other * pow(other - own, -1, group.q) % group.q
    return coefficient
