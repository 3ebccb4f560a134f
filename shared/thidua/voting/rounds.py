"""The rounds of a key generation as their messages arrive, each checked by itself, and the trustees they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thidua.voting.canonical import hex_hash, parse, require_canonical
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import Proof, read_proof
from thidua.voting.trustees import (
    MemberKey,
    Pedersen,
    Signed,
    Single,
    Trustees,
    approval_message,
    evaluate,
    need_signature,
    read_certificate,
    read_coefficients,
    read_commitment,
    read_key,
    read_signed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thidua.contracts import secret_ballots as s
    from thidua.voting.group import Group


@dataclass(frozen=True, slots=True)
class Place:
    """A trustee's place: *owner* of all, member *index* of a group of *size* whose first owner is *first*."""

    owner: int
    group: int
    first: int
    index: int
    size: int
    threshold: int
    source: str

    @property
    def peers(self) -> range:
        """The owners of its group, itself among them."""
        return range(self.first, self.first + self.size)


def places(groups: Sequence[s.TrusteeGroup]) -> tuple[Place, ...]:
    """The place of every holder in *groups*, in the order of their owner numbers."""
    found: list[Place] = []
    for number, group in enumerate(groups):
        first, size = len(found) + 1, len(group.holders)
        found += [
            Place(first + at, number, first, at + 1, size, group.threshold, holder.source)
            for at, holder in enumerate(group.holders)
        ]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Published:
    """What a trustee published in the second round."""

    certificate: Signed
    commitment: Signed
    signer: int
    reading_key: int
    coefficients: tuple[int, ...]


def check_published(
    group: Group, place: Place, committed: s.TrusteeCommitted, data: s.TrusteePublished
) -> None:
    """
    Raise BallotFaultError unless what the trustee at *place* published is signed, in the group, and as *committed*.

    The path begins with the trustee's number; so it does in all checks here.
    """
    path = f"trustee {place.owner}"
    read = {}
    for name, text, digest in (
        ("certificate", data.certificate, committed.certificate),
        ("coefexps", data.coefexps, committed.coefexps),
    ):
        if hex_hash(text) != digest:
            raise BallotFaultError(f"{path}/{name}", "the text committed to", "another")
        read[name] = read_signed(group, parse(text, f"{path}/{name}"), f"{path}/{name}")
        require_canonical(text, read[name].document(), f"{path}/{name}")
    shape = (place.size, place.threshold, place.index)
    signer = read_certificate(group, read["certificate"], f"{path}/certificate", shape)
    read_commitment(group, read["coefexps"], f"{path}/coefexps", place.threshold)
    need_signature(group, signer, read["coefexps"], f"{path}/coefexps")


def published(data: s.TrusteePublished, group: Group) -> Published:
    """What a message says that `check_published` has let pass."""
    certificate = read_signed(group, parse(data.certificate, "certificate"), "certificate")
    commitment = read_signed(group, parse(data.coefexps, "coefexps"), "coefexps")
    keys = parse(certificate.message, "certificate")
    return Published(
        certificate,
        commitment,
        int(keys["verification"]),
        int(keys["encryption"]),
        tuple(read_coefficients(group, commitment)),
    )


def check_shares(
    group: Group, place: Place, peers: Sequence[Published], data: s.TrusteeSharesSealed
) -> None:
    """
    Raise BallotFaultError unless the certificates of all *peers* are approved, and each is sent a share.

    Whether a share is right only its receiver can say.
    """
    path = f"trustee {place.owner}"
    if len(data.shares) != place.size:
        raise BallotFaultError(f"{path}/shares", f"{place.size} shares", f"{len(data.shares)}")
    for at, share in enumerate(data.shares):
        group.element(share.ephemeral, f"{path}/shares/{at}/ephemeral")
    own = peers[place.index - 1]
    message = approval_message([each.certificate for each in peers], own.coefficients)
    approval = proof_in(group, data.approval, f"{path}/approval")
    need_signature(group, own.signer, Signed(message, approval), f"{path}/approval")


def check_confirmed(
    group: Group, place: Place, peers: Sequence[Published], data: s.TrusteeKeyConfirmed
) -> None:
    """Raise BallotFaultError unless the public key follows from the *peers'* coefficients, is proven and signed."""
    path = f"trustee {place.owner}"
    key = read_key(group, {"public_key": data.public_key, "pok": data.proof.model_dump()}, path)
    if key.public != group.product(
        evaluate(group, each.coefficients, place.index) for each in peers
    ):
        raise BallotFaultError(f"{path}/public_key", "the key of this share", "another key")
    signature = proof_in(group, data.signature, f"{path}/signature")
    signer = peers[place.index - 1].signer
    need_signature(group, signer, Signed(data.public_key, signature), f"{path}/signature")


def trustees_of(
    group: Group,
    seats: Sequence[Place],
    said: Mapping[int, s.TrusteePublished],
    sealed: Mapping[int, s.TrusteeSharesSealed],
    confirmed: Mapping[int, s.TrusteeKeyConfirmed],
) -> Trustees:
    """The trustees that the messages of all *seats* add up to; each message was checked before."""
    items = []
    for head in (seat for seat in seats if seat.index == 1):
        known = [published(said[owner], group) for owner in head.peers]
        keys = [
            MemberKey(
                Single(proof_in(group, data.proof, "proof"), int(data.public_key)),
                proof_in(group, data.signature, "signature"),
            )
            for data in (confirmed[owner] for owner in head.peers)
        ]
        items.append(
            Pedersen(
                head.threshold,
                tuple(each.certificate for each in known),
                tuple(each.commitment for each in known),
                tuple(proof_in(group, sealed[owner].approval, "approval") for owner in head.peers),
                tuple(keys),
            )
        )
    return Trustees(tuple(items))


def proof_in(group: Group, given: s.Proof, path: str) -> Proof:
    """The proof that an event carries. Raises BallotFaultError for numbers beyond q."""
    return read_proof(group, given.model_dump(), path)
