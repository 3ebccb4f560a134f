"""One trustee's part in the key generation of a group of which k of n are enough (Pedersen; specification 4.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from thidua.voting.canonical import hex_hash, written
from thidua.voting.credentials import draw_base58
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import Proof
from thidua.voting.trustees import (
    MOST_MEMBERS,
    MemberKey,
    Signed,
    approval_message,
    certificate_document,
    evaluate,
    public_key_of,
    sign_message,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.voting.group import Chance, Group

_SEED_LENGTH: Final = 22


@dataclass(frozen=True, slots=True)
class Party:
    """
    Trustee *index* (from 1) of *size*, any *threshold* of whom open the count.

    Its secrets are never printed. What `share_for` returns travels over a channel that is authenticated and
    confidential; everything else is published, certificate and commitment only after their hashes were.
    """

    group: Group
    size: int
    threshold: int
    index: int
    seed: str = field(repr=False)
    coefficients: tuple[int, ...] = field(repr=False)

    @property
    def signing_secret(self) -> int:
        """The secret behind the verification key, derived from the seed."""
        return int(hex_hash(f"sk|{self.seed}"), 16)

    @property
    def reading_secret(self) -> int:
        """The secret behind the encryption key, derived from the seed."""
        return int(hex_hash(f"dk|{self.seed}"), 16)

    def exponents(self) -> tuple[int, ...]:
        """The coefficients of this trustee's polynomial in the exponent, for everybody to see."""
        return tuple(self.group.secret_power(self.group.g, each) for each in self.coefficients)

    def certificate(self, chance: Chance) -> Signed:
        """Who this trustee is: two public keys and its place, signed."""
        group = self.group
        keys = (
            group.secret_power(group.g, self.signing_secret),
            group.secret_power(group.g, self.reading_secret),
        )
        shape = (self.size, self.threshold, self.index)
        return self._sign(written(certificate_document(group, keys, *shape)), chance)

    def commitment(self, chance: Chance) -> Signed:
        """The polynomial's exponents, signed: every share can be checked against them."""
        listed = [str(each) for each in self.exponents()]
        return self._sign(written({"coefexps": listed}), chance)

    def approval(self, certificates: Sequence[Signed], chance: Chance) -> Proof:
        """The signature over all *certificates*, in the order of their members."""
        return self._sign(approval_message(certificates, self.exponents()), chance).signature

    def share_for(self, index: int) -> int:
        """The private share of trustee *index*: this trustee's polynomial there."""
        q = self.group.q
        powers = enumerate(self.coefficients)
        return sum(each * pow(index, degree, q) for degree, each in powers) % q

    def secret_key(self, shares: Sequence[int], exponents: Sequence[Sequence[int]]) -> int:
        """
        The key of this trustee from all members' *shares* for it, in their order.

        Raises BallotFaultError naming the member whose share does not match its published *exponents*.
        """
        if not len(shares) == len(exponents) == self.size:
            raise BallotFaultError("shares", f"{self.size} shares", f"{len(shares)}")
        group = self.group
        for sender, (share, published) in enumerate(zip(shares, exponents, strict=True), 1):
            if group.secret_power(group.g, share) != evaluate(group, published, self.index):
                raise BallotFaultError(
                    f"shares/{sender}", "a share of the published polynomial", "another number"
                )
        return sum(shares) % group.q

    def member_key(self, secret_key: int, chance: Chance) -> MemberKey:
        """The public half of *secret_key*, proven and signed."""
        key = public_key_of(self.group, secret_key, chance)
        return MemberKey(key, self._sign(str(key.public), chance).signature)

    def _sign(self, message: str, chance: Chance) -> Signed:
        signature = sign_message(self.group, self.signing_secret, message, chance)
        return Signed(message, signature)


def draw_party(group: Group, size: int, threshold: int, index: int, chance: Chance) -> Party:
    """A new trustee with a fresh seed and polynomial. Raises BallotFaultError for an impossible place."""
    if not (1 <= threshold <= size <= MOST_MEMBERS and 1 <= index <= size):
        raise BallotFaultError(
            "key generation",
            f"1 <= threshold <= size <= {MOST_MEMBERS} and 1 <= index <= size",
            f"{threshold} of {size}, index {index}",
        )
    seed = draw_base58(_SEED_LENGTH, chance)
    coefficients = tuple(chance(group.q) for _ in range(threshold))
    return Party(group, size, threshold, index, seed, coefficients)
