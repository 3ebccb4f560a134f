"""The shape of a decision: what a judge is given, what it may answer, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from thidua.contracts import Event, EventData, Role
from thidua.refusals import Code
from thidua.standing import Registry

S_co = TypeVar("S_co", covariant=True)
S = TypeVar("S")

Facts = Mapping[str, object]
"""Public facts of a refusal: strings, integers, and lists of them; they stand in the log."""


@dataclass(frozen=True)
class Own:
    """
    An event the service itself is to record.

    ``cause`` is the hash of the event it follows from; the judged event's own when left empty.
    One cause yields at most one own event of a type and ordinal, which is what its id is made of.
    """

    data: EventData
    subject: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The event stands; ``follows`` are recorded after it in the same append."""

    follows: tuple[Own, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The event is refused for state or rule, with a code of the catalogue and public facts."""

    code: Code
    facts: Facts = field(default_factory=dict)


Judgement = Recorded | Refused


def role_fault(event: Event, held: frozenset[Role], year: int | None) -> Refused | None:
    """
    The refusal of a source that holds none of the roles *event* asks for.

    A unit that may not speak because it is no member of the cluster in *year* is told just that.
    """
    required = event.data.ROLES
    if held.intersection(required):
        return None
    if Role.MEMBER in required and event.unit is not None and Role.MEMBER not in held:
        return Refused(Code.NOT_MEMBER, {"unit": event.unit, "year": year})
    return role_required(required, held)


def role_required(required: tuple[Role, ...], held: frozenset[Role]) -> Refused:
    """The refusal that names the roles an act needs and those its publisher holds."""
    facts = {"required": [role.value for role in required], "held": sorted(held)}
    return Refused(Code.ROLE_REQUIRED, facts)


def merged_fault(event: Event, registry: Registry, day: date) -> Refused | None:
    """The refusal of a publisher whose unit has gone over into another by *day*: into what, and when."""
    unit = registry.units.get(event.unit or "")
    if unit is None or unit.exists(day) or not unit.into:
        return None
    facts = {"given": unit.code, "into": ", ".join(unit.into), "date": str(unit.ended)}
    return Refused(Code.UNIT_MERGED, facts)


class View(Protocol[S_co]):
    """
    The log's state at one moment, read subject by subject.

    What is read is noted: the append names the head of every noted subject, so a decision is
    only ever recorded on the state it was made on.
    """

    def registry(self, subject: str) -> Registry:
        """The registry of the authority that *subject* (a cycle's or the authority's own) belongs to."""

    def cycle(self, subject: str) -> S_co:
        """The service's state of a cycle; an empty one when nothing of it stands in the log."""


@dataclass(frozen=True, slots=True)
class Judge(Generic[S]):
    """
    A deciding service's pure half, complete: what the service runs and an auditor re-runs.

    ``judge(event, view, rx)`` is total for every event of the service's types. ``evolve(state, event)``
    believes: it is called for every recorded event, of any service, that stands under or touches the
    cycle. ``due(view, subject, rx)`` are the own events that *subject* owes at *rx*: closings at a deadline
    and what other services' entries oblige this one to do; once they are recorded it answers ``()``.
    ``alarm(view, subject)`` is the next moment at which time alone makes something due.
    ``believes`` are the event types whose data ``evolve`` looks at beside those of
    :mod:`thidua.evolving`; every other leaves each state as it is, and is not read when the log is taken in.
    """

    service: str
    version: int
    start: Callable[[str], S]
    judge: Callable[[Event, View[S], datetime], Judgement]
    evolve: Callable[[S, Event], S]
    due: Callable[[View[S], str, datetime], tuple[Own, ...]]
    alarm: Callable[[View[S], str], datetime | None]
    believes: frozenset[type[EventData]]
