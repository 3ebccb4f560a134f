"""The faults: what is done to the processes and to the store while the year is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.processes import ALL
from tests.faults.running import Result, Run, Strike, under


@dataclass(frozen=True, slots=True)
class Case:
    """A fault by name: what it proves, how often it strikes in the short and in the long form."""

    what: str
    run: Callable[[Run], Result]
    short: int
    long: int


def killed(run: Run) -> Result:
    """Every process, one after another and again, ended by SIGKILL on the way of some event."""
    names = [*ALL] * (run.strikes // len(ALL) + 1)
    run.chance.shuffle(names)
    with run.system() as box:
        return under(run, box, run.moments(lambda n: lambda: run.kill(box, names[n])))


CASES: Final = {"kill": Case("kill -9 of every process", killed, 6, 60)}
__all__ = ["CASES", "Case", "Strike"]
