"""The rule of decision as the election's text carries it, so that no ballot holds under another rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

from thidua.contracts.base import Share
from thidua.voting.canonical import integer, members, shown
from thidua.voting.faults import BallotFaultError

Base = Literal["members", "present", "ballots", "valid"]
Tie = Literal["revote", "lot", "chair", "rank"]

_BASES: Final = ("members", "present", "ballots", "valid")
_OPERATORS: Final[dict[Literal["at-least", "more-than"], str]] = {
    "at-least": ">=",
    "more-than": ">",
}
_TIES: Final = ("revote", "lot", "chair", "rank")
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Rule:
    """Who passes: who reaches *threshold* of *base*; and what a quorum of the members and a tie ask."""

    base: Base
    threshold: Share
    quorum: Share
    tie: Tie = "revote"
    max_rounds: int = 2
    seats: int = 1

    def document(self) -> dict[str, object]:
        """As it is written in the election, as the member ``x_rule``."""
        return {
            "base": self.base,
            "num": self.threshold.num,
            "den": self.threshold.den,
            "op": _OPERATORS[self.threshold.op],
            "quorum": {"num": self.quorum.num, "den": self.quorum.den},
            "tie": self.tie,
            "max_rounds": self.max_rounds,
            "seats": self.seats,
        }


def read_rule(value: object, path: str) -> Rule:
    """The rule in *value*. Raises BallotFaultError."""
    names = ("base", "num", "den", "op", "quorum", "tie", "max_rounds", "seats")
    read = members(value, path, *names)
    quorum = members(read["quorum"], f"{path}/quorum", "num", "den")
    return Rule(
        base=cast("Base", _one_of(read["base"], f"{path}/base", _BASES)),
        threshold=_share(read, path, str(read["op"])),
        quorum=_share(quorum, f"{path}/quorum", ">="),
        tie=cast("Tie", _one_of(read["tie"], f"{path}/tie", _TIES)),
        max_rounds=integer(read["max_rounds"], f"{path}/max_rounds", 1, _MOST),
        seats=integer(read["seats"], f"{path}/seats", 1, _MOST),
    )


def _share(read: dict[str, object], path: str, operator: str) -> Share:
    names = {written: name for name, written in _OPERATORS.items()}
    name = names[_one_of(operator, f"{path}/op", tuple(names))]
    den = integer(read["den"], f"{path}/den", 1, _MOST)
    num = integer(read["num"], f"{path}/num", 0, den)
    return Share(num=num, den=den, op=name)


def _one_of(value: object, path: str, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BallotFaultError(path, " | ".join(known), shown(repr(value)))
    return value
