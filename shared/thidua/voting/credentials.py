"""Voting credentials, made by the voter's own client (Belenios specification 2.0, section 4.8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac
from typing import TYPE_CHECKING, Final

from thidua.voting.canonical import written
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import Proof, knowledge_holds, prove_knowledge

if TYPE_CHECKING:
    from thidua.voting.group import Chance, Group

BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS: Final = 14
_CHECK: Final = 53
_GROUP: Final = 3
_ROUNDS: Final = 1000


@dataclass(frozen=True, slots=True)
class Credential:
    """The right to one ballot: the secret exponent, never printed, and the public element of the roll."""

    secret: int = field(repr=False)
    public: int


def draw_base58(length: int, chance: Chance) -> str:
    """*length* characters of Base58: an election's uuid takes 14, a trustee's seed 22."""
    return "".join(BASE58[chance(len(BASE58))] for _ in range(length))


def draw_credential(chance: Chance) -> str:
    """A new secret credential as people keep it, ``XXX-XXX-XXX-XXX-XXX``: 82 bits and a check digit."""
    digits = draw_base58(_DIGITS, chance)
    return _dashed(digits + _check_digit(digits))


def open_credential(group: Group, uuid: str, text: str) -> Credential:
    """
    The credential that *text* stands for in the election *uuid*.

    Raises BallotFaultError for a mistyped one; the message holds no part of it.
    """
    bare = text.replace("-", "")
    right = (
        len(bare) == _DIGITS + 1
        and all(letter in BASE58 for letter in bare)
        and bare[-1] == _check_digit(bare[:-1])
        and text == _dashed(bare)
    )
    if not right:
        raise BallotFaultError(
            "credential", "XXX-XXX-XXX-XXX-XXX with its check digit", "another text"
        )
    raw = pbkdf2_hmac("sha256", text.encode(), uuid.encode(), _ROUNDS, 32)
    secret = int.from_bytes(raw, "big") % group.q
    return Credential(secret, group.secret_power(group.g, secret))


def prove_registration(
    group: Group, uuid: str, member: str, credential: Credential, chance: Chance
) -> Proof:
    """The proof that *member* holds the *credential* it registers for the election *uuid*, and copied none."""
    prefix = _registration(uuid, member, credential.public)
    return prove_knowledge(group, prefix, [group.g], credential.secret, chance)


def check_registration(group: Group, uuid: str, member: str, public: int, proof: Proof) -> None:
    """
    Raise BallotFaultError unless *proof* shows that *member* holds the credential *public* in *uuid*.

    *public* is an element that was read by `Group.element`.
    """
    prefix = _registration(uuid, member, public)
    if public == 1 or not knowledge_holds(group, prefix, [(group.g, public)], proof):
        raise BallotFaultError("credential/proof", "a proof by this member", "another")


def _registration(uuid: str, member: str, public: int) -> str:
    return f"register|{uuid}|{written(member)}|{public}|"


def _dashed(bare: str) -> str:
    return "-".join(bare[at : at + _GROUP] for at in range(0, len(bare), _GROUP))


def _check_digit(digits: str) -> str:
    number = 0
    for digit in digits:
        number = number * len(BASE58) + BASE58.index(digit)
    return BASE58[_CHECK - number % _CHECK]
