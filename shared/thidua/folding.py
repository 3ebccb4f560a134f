"""A service's state folded from recorded events, and the views through which judges read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Generic, TypeVar

from thidua.contracts import CONTRACTS, Event, EventData
from thidua.deciding import Judge
from thidua.evolving import BELIEVED, evolve_registry
from thidua.standing import Registry

S = TypeVar("S")


def touched(event: Event) -> tuple[str, ...]:
    """Every subject whose state *event* changes, its own first."""
    return (event.subject, *event.data.touches(event.subject))


def registry_of(subject: str) -> str:
    """The registry's subject: the authority's code that every subject begins with."""
    return subject.split("/", 1)[0]


def wanted(judge: Judge[S]) -> frozenset[bytes]:
    """Wire names of the events that a state of *judge* depends on."""
    touching = {
        contract.data
        for contract in CONTRACTS.values()
        if contract.data.touches is not EventData.touches
    }
    return frozenset(data.TYPE.encode() for data in judge.believes | BELIEVED | touching)


class Folded(Generic[S]):
    """
    State per subject of one service.

    ``branch()`` is a copy to judge a batch on: what it evolves does not show in its parent until
    ``adopt()``; states are immutable, so a branch costs nothing but what it changes.
    """

    def __init__(self, judge: Judge[S], parent: Folded[S] | None = None) -> None:
        self.judge = judge
        self._parent = parent
        # Of the year before the first, every event asks.
        self._start: Callable[[str], S] = (
            lru_cache(maxsize=256)(judge.start) if parent is None else parent._start
        )
        self._registries: dict[str, Registry] = {}
        self._cycles: dict[str, S] = {}
        self.wanted: frozenset[bytes] = wanted(judge) if parent is None else parent.wanted
        """Wire names of the events that change a state."""

    def branch(self) -> Folded[S]:
        """A fold on top of this one."""
        return Folded(self.judge, self)

    def adopt(self, branch: Folded[S]) -> None:
        """Take over what *branch* has evolved."""
        self._registries.update(branch._registries)
        self._cycles.update(branch._cycles)

    def registry(self, authority: str) -> Registry:
        """The registry under *authority*; empty when nothing stands in the log."""
        fold: Folded[S] | None = self
        while fold is not None:
            if (found := fold._registries.get(authority)) is not None:
                return found
            fold = fold._parent
        return Registry(authority)

    def cycle(self, subject: str) -> S:
        """The state of a cycle; the judge's start when nothing stands in the log."""
        fold: Folded[S] | None = self
        while fold is not None:
            if (found := fold._cycles.get(subject)) is not None:
                return found
            fold = fold._parent
        return self._start(subject)

    def apply(self, event: Event) -> tuple[str, ...]:
        """Evolve every state that a recorded *event* touches; the subjects are returned."""
        subjects = touched(event)
        for subject in subjects:
            if "/" in subject:
                self._cycles[subject] = self.judge.evolve(self.cycle(subject), event)
            else:
                self._registries[subject] = evolve_registry(self.registry(subject), event)
        return subjects

    def pass_by(self, subject: str) -> None:
        """Note that a recorded event stands under *subject*, though it changes nothing here."""
        if subject not in self._cycles and "/" in subject:
            self._cycles[subject] = self.cycle(subject)

    def apply_all(self, events: Iterable[Event]) -> None:
        """Evolve by each of *events* in order."""
        for event in events:
            self.apply(event)

    def view(self, noted: set[str] | None = None) -> NotedView[S]:
        """A view that notes what is read through it, in *noted* when that is given."""
        return NotedView(self, set() if noted is None else noted)

    def subjects(self) -> Iterable[str]:
        """The cycles that stand in this fold."""
        return tuple(self._cycles)


class NotedView(Generic[S]):
    """A :class:`thidua.deciding.View` over a fold; ``noted`` is every subject that was read."""

    __slots__ = ("_fold", "noted")

    def __init__(self, fold: Folded[S], noted: set[str]) -> None:
        self._fold = fold
        self.noted = noted

    def registry(self, subject: str) -> Registry:
        """The registry that *subject* belongs to."""
        authority = registry_of(subject)
        self.noted.add(authority)
        return self._fold.registry(authority)

    def cycle(self, subject: str) -> S:
        """The state of the cycle *subject*."""
        self.noted.add(subject)
        return self._fold.cycle(subject)
