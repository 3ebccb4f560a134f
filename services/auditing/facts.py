"""The recorded events that a result may rest on, found by type, by hash and by unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

from thidua.folding import registry_of, touched
from thidua.knowledge import recorded_event
from thidua.log.entry import read_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from thidua.contracts import Event, EventData

D = TypeVar("D", bound="EventData")


class Told(NamedTuple, Generic[D]):
    """A recorded event and where it stands."""

    position: int
    event: Event
    data: D


@dataclass(slots=True)
class Facts:
    """
    The events of one cycle and of its authority's registry, in order.

    ``before(position)`` looks only at what stood before a position: a result rests on nothing later.
    """

    cycle: str
    told: list[Told[EventData]] = field(default_factory=list)

    def all(self, kind: type[D], where: Callable[[D], bool] = lambda _: True) -> list[Told[D]]:
        """Every event of a type that is as asked, in order."""
        return [
            cast("Told[D]", one)
            for one in self.told
            if isinstance(one.data, kind) and where(one.data)
        ]

    def last(self, kind: type[D], where: Callable[[D], bool] = lambda _: True) -> Told[D] | None:
        """The last event of a type that is as asked."""
        found = self.all(kind, where)
        return found[-1] if found else None

    def by_hash(self, event_hash: str | None) -> Told[EventData] | None:
        """The event with this hash."""
        return next((one for one in self.told if one.event.hash == event_hash), None)

    def before(self, position: int) -> Facts:
        """What stood before a position."""
        return Facts(self.cycle, [one for one in self.told if one.position < position])


def facts_of(entries: Iterable[tuple[int, bytes]], cycle: str) -> Facts:
    """The events of *cycle* and its registry among *entries*; a registry's subject alone means just that."""
    facts, authority = Facts(cycle), registry_of(cycle)
    for position, raw in entries:
        entry = read_entry(position, raw)
        if not entry.is_recorded:
            continue
        event = recorded_event(entry)
        if {cycle, authority}.intersection(touched(event)):
            facts.told.append(Told(position, event, event.data))
    return facts
