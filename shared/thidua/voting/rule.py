"""The rule of decision as the election's text carries it, so that no ballot holds under another rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

from thidua.voting.canonical import integer, members, shown
from thidua.voting.faults import BallotFaultError

Base = Literal["members", "present", "ballots", "valid"]
Operator = Literal[">=", ">"]
Tie = Literal["revote", "lot", "chair", "rank"]

_BASES: Final = ("members", "present", "ballots", "valid")
_OPERATORS: Final = (">=", ">")
_TIES: Final = ("revote", "lot", "chair", "rank")
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Share:
    """A fraction in whole numbers, never in floating point."""

    num: int
    den: int

    def document(self) -> dict[str, int]:
        """As it is written in the election."""
        return {"num": self.num, "den": self.den}


@dataclass(frozen=True, slots=True)
class Rule:
    """Who passes: at least, or more than, *share* of *base* agree; and what a tie and a quorum ask."""

    base: Base
    share: Share
    operator: Operator
    quorum: Share
    tie: Tie = "revote"
    max_rounds: int = 2
    seats: int = 1

    def document(self) -> dict[str, object]:
        """As it is written in the election, as the member ``x_rule``."""
        return {
            "base": self.base,
            **self.share.document(),
            "op": self.operator,
            "quorum": self.quorum.document(),
            "tie": self.tie,
            "max_rounds": self.max_rounds,
            "seats": self.seats,
        }

    def passes(self, agreeing: int, base: int) -> bool:
        """Whether *agreeing* of *base* voters are enough."""
        reached, needed = agreeing * self.share.den, self.share.num * base
        return reached >= needed if self.operator == ">=" else reached > needed

    def has_quorum(self, voters: int, members_: int) -> bool:
        """Whether *voters* of *members_* make the vote count."""
        return voters * self.quorum.den >= self.quorum.num * members_


def read_rule(value: object, path: str) -> Rule:
    """The rule in *value*. Raises BallotFaultError."""
    names = ("base", "num", "den", "op", "quorum", "tie", "max_rounds", "seats")
    read = members(value, path, *names)
    quorum = members(read["quorum"], f"{path}/quorum", "num", "den")
    return Rule(
        base=cast("Base", _one_of(read["base"], f"{path}/base", _BASES)),
        share=_share(read, path),
        operator=cast("Operator", _one_of(read["op"], f"{path}/op", _OPERATORS)),
        quorum=_share(quorum, f"{path}/quorum"),
        tie=cast("Tie", _one_of(read["tie"], f"{path}/tie", _TIES)),
        max_rounds=integer(read["max_rounds"], f"{path}/max_rounds", 1, _MOST),
        seats=integer(read["seats"], f"{path}/seats", 1, _MOST),
    )


def _share(read: dict[str, object], path: str) -> Share:
    den = integer(read["den"], f"{path}/den", 1, _MOST)
    return Share(integer(read["num"], f"{path}/num", 0, den), den)


def _one_of(value: object, path: str, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BallotFaultError(path, " | ".join(known), shown(repr(value)))
    return value
