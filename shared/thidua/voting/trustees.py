"""Who can open the count: single keys, and groups in which k of n are enough (specification 4.5, 4.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from thidua.voting.canonical import (
    integer,
    items,
    members,
    parse,
    require_canonical,
    string,
    written,
)
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import Proof, knowledge_holds, prove_knowledge, read_proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.voting.group import Chance, Group

MOST_MEMBERS: Final = 100


@dataclass(frozen=True, slots=True)
class Single:
    """A trustee without whom nothing is opened: a public key and the proof that its holder has the secret."""

    proof: Proof
    public: int

    def document(self) -> dict[str, object]:
        """As it is written."""
        return {"pok": self.proof.document(), "public_key": str(self.public)}


@dataclass(frozen=True, slots=True)
class Signed:
    """A text with a signature by a verification key of the key generation."""

    message: str
    signature: Proof

    def document(self) -> dict[str, object]:
        """As it is written."""
        return {"message": self.message, "signature": self.signature.document()}


@dataclass(frozen=True, slots=True)
class MemberKey:
    """The public key of one member's share, signed by that member."""

    key: Single
    signature: Proof

    def document(self) -> dict[str, object]:
        """As it is written."""
        return {**self.key.document(), "signature": self.signature.document()}


@dataclass(frozen=True, slots=True)
class Pedersen:
    """A group of trustees of which *threshold* are enough, with the whole record of its key generation."""

    threshold: int
    certificates: tuple[Signed, ...]
    commitments: tuple[Signed, ...]
    """Signed lists of the members' coefficients in the exponent."""
    approvals: tuple[Proof, ...]
    """Each member's signature over all certificates."""
    keys: tuple[MemberKey, ...]

    def document(self) -> dict[str, object]:
        """As it is written; versions of belenios-tool before 2.5.1 read past what they do not know."""
        return {
            "threshold": self.threshold,
            "certs": [each.document() for each in self.certificates],
            "coefexps": [each.document() for each in self.commitments],
            "signatures": [each.document() for each in self.approvals],
            "verification_keys": [each.document() for each in self.keys],
        }


Item: TypeAlias = Single | Pedersen


@dataclass(frozen=True, slots=True)
class Trustees:
    """All trustees of an election; every item must take part. Owners are numbered from 1 in this order."""

    items: tuple[Item, ...]

    @property
    def text(self) -> str:
        """As it is written in the archive."""
        names = {Single: "Single", Pedersen: "Pedersen"}
        return written([[names[type(item)], item.document()] for item in self.items])

    def keys(self) -> tuple[int, ...]:
        """The public keys in the order of their owners."""
        found: list[int] = []
        for item in self.items:
            keys = [item] if isinstance(item, Single) else [each.key for each in item.keys]
            found += [key.public for key in keys]
        return tuple(found)

    def election_key(self, group: Group) -> int:
        """The key that ballots are encrypted under: the product of the items' keys."""
        parts: list[int] = []
        for item in self.items:
            if isinstance(item, Single):
                parts.append(item.public)
            else:
                parts += [read_coefficients(group, each)[0] for each in item.commitments]
        return group.product(parts)


def public_key_of(group: Group, secret: int, chance: Chance) -> Single:
    """The public half of *secret*, with the proof that it is known."""
    public = group.secret_power(group.g, secret)
    proof = prove_knowledge(group, _knowledge(group, public), [group.g], secret, chance)
    return Single(proof, public)


def certificate_document(
    group: Group, keys: tuple[int, int], size: int, threshold: int, index: int
) -> dict[str, object]:
    """What member *index* of *size* certifies: its verification and encryption *keys*, and the group's shape."""
    context = {"group": group.name, "size": size, "threshold": threshold, "index": index}
    return {"verification": str(keys[0]), "encryption": str(keys[1]), "context": context}


def approval_message(certificates: Sequence[Signed], coefficients: Sequence[int]) -> str:
    """What a member signs once it has seen all certificates: nobody was shown other ones."""
    return "certs_sig|" + written(
        {
            "certs": [each.document() for each in certificates],
            "coefexps": [str(each) for each in coefficients],
        }
    )


def sign_message(group: Group, secret: int, message: str, chance: Chance) -> Proof:
    """The signature of *message* with a member's signing secret."""
    return prove_knowledge(group, _message(message), [group.g], secret, chance)


def evaluate(group: Group, coefficients: Sequence[int], at: int) -> int:
    """``g^f(at)`` for the polynomial whose coefficients are given in the exponent."""
    return group.product(
        group.power(coefficient, pow(at, degree, group.q))
        for degree, coefficient in enumerate(coefficients)
    )


def read_coefficients(group: Group, signed: Signed) -> list[int]:
    """The coefficients in a message that `read_trustees` has found to be well formed and in the group."""
    return [int(each) for each in parse(signed.message, group.name)["coefexps"]]


def read_trustees(group: Group, text: str) -> Trustees:
    """
    The trustees in *text*, all signatures, proofs and memberships checked (rules S3 and S6).

    Raises BallotFaultError, naming the trustee whose part does not hold.
    """
    listed = items(parse(text, "trustees"), "trustees")
    if not listed:
        raise BallotFaultError("trustees", "one at least", "none")
    trustees = Trustees(
        tuple(_item(group, each, f"trustees/{at}") for at, each in enumerate(listed))
    )
    if trustees.text != text:
        raise BallotFaultError("trustees", "the canonical text", "members in another order")
    return trustees


def _knowledge(group: Group, public: int) -> str:
    return f"pok|{group.name}|{public}|"


def _message(message: str) -> str:
    return f"sigmsg|{message}|"


def _item(group: Group, value: object, path: str) -> Item:
    kind, content = items(value, path, 2)
    if kind == "Single":
        return read_key(group, members(content, path, "pok", "public_key"), path)
    if kind == "Pedersen":
        return _pedersen(group, content, path)
    raise BallotFaultError(path, "Single | Pedersen", "another kind")


def read_key(group: Group, read: dict[str, Any], path: str) -> Single:
    """The public key in *read*, the proof that its secret is known checked. Raises BallotFaultError."""
    public = group.element(read["public_key"], f"{path}/public_key")
    key = Single(read_proof(group, read["pok"], f"{path}/pok"), public)
    if not knowledge_holds(group, _knowledge(group, public), [(group.g, public)], key.proof):
        raise BallotFaultError(f"{path}/pok", "a proof that holds", "one that does not")
    return key


def _pedersen(group: Group, value: object, path: str) -> Pedersen:
    read = members(value, path, "threshold", "certs", "coefexps", "signatures", "verification_keys")
    size = len(items(read["certs"], f"{path}/certs"))
    if not 0 < size <= MOST_MEMBERS:
        raise BallotFaultError(f"{path}/certs", f"1 to {MOST_MEMBERS} members", f"{size}")
    threshold = integer(read["threshold"], f"{path}/threshold", 1, size)

    def each(name: str) -> list[tuple[str, Any]]:
        listed = items(read[name], f"{path}/{name}", size)
        return [(f"{path}/{name}/{at}", item) for at, item in enumerate(listed)]

    certificates = tuple(read_signed(group, item, place) for place, item in each("certs"))
    signers = [
        read_certificate(group, certificate, f"{path}/certs/{at}", (size, threshold, at + 1))
        for at, certificate in enumerate(certificates)
    ]
    commitments, polynomials = [], []
    for signer, (place, item) in zip(signers, each("coefexps"), strict=True):
        commitment = read_signed(group, item, place)
        polynomials.append(read_commitment(group, commitment, place, threshold))
        need_signature(group, signer, commitment, place)
        commitments.append(commitment)
    approvals = []
    for signer, own, (place, item) in zip(signers, polynomials, each("signatures"), strict=True):
        approval = read_proof(group, item, place)
        need_signature(group, signer, Signed(approval_message(certificates, own), approval), place)
        approvals.append(approval)
    keys = []
    for at, (signer, (place, item)) in enumerate(
        zip(signers, each("verification_keys"), strict=True), 1
    ):
        content = members(item, place, "pok", "public_key", "signature")
        key = read_key(group, content, place)
        if key.public != group.product(evaluate(group, own, at) for own in polynomials):
            raise BallotFaultError(f"{place}/public_key", "the key of this share", "another key")
        signature = read_proof(group, content["signature"], f"{place}/signature")
        need_signature(group, signer, Signed(str(key.public), signature), f"{place}/signature")
        keys.append(MemberKey(key, signature))
    return Pedersen(threshold, certificates, tuple(commitments), tuple(approvals), tuple(keys))


def read_signed(group: Group, value: object, path: str) -> Signed:
    """The signed message in *value*; whether the signature holds is `need_signature`'s. Raises BallotFaultError."""
    read = members(value, path, "message", "signature")
    signature = read_proof(group, read["signature"], f"{path}/signature")
    return Signed(string(read["message"], f"{path}/message"), signature)


def read_certificate(group: Group, signed: Signed, path: str, shape: tuple[int, int, int]) -> int:
    """
    The verification key of a certificate for a group of *shape* (size, threshold, index), its signature checked.

    Raises BallotFaultError.
    """
    here = f"{path}/message"
    read = members(parse(signed.message, here), here, "verification", "encryption", "context")
    signer = group.element(read["verification"], f"{here}/verification")
    keys = (signer, group.element(read["encryption"], f"{here}/encryption"))
    require_canonical(signed.message, certificate_document(group, keys, *shape), here)
    need_signature(group, signer, signed, path)
    return signer


def read_commitment(group: Group, signed: Signed, path: str, count: int) -> list[int]:
    """The *count* coefficients in the exponent, each in the group. Raises BallotFaultError."""
    here = f"{path}/message"
    read = members(parse(signed.message, here), here, "coefexps")
    found = [
        group.element(each, f"{here}/coefexps/{at}")
        for at, each in enumerate(items(read["coefexps"], f"{here}/coefexps", count))
    ]
    require_canonical(signed.message, {"coefexps": [str(each) for each in found]}, here)
    return found


def need_signature(group: Group, signer: int, signed: Signed, path: str) -> None:
    """Raise BallotFaultError unless *signed* was signed with the secret of the verification key *signer*."""
    if not knowledge_holds(group, _message(signed.message), [(group.g, signer)], signed.signature):
        raise BallotFaultError(path, "this member's signature", "one that does not hold")
