"""A cycle as the pledges service knows it: the pledge (*giao ước thi đua*), its targets and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from thidua.contracts import Event, EventData
from thidua.contracts import pledges as p
from thidua.evolving import evolve_frame
from thidua.frozen import replace
from thidua.standing import Frame

BELIEVED: Final[frozenset[type[EventData]]] = frozenset(
    {
        p.MovementLaunched,
        p.PledgeDrafted,
        p.PledgeOpened,
        p.PledgeSigned,
        p.PledgeDeclined,
        p.PledgeConcluded,
        p.PledgeSent,
    }
)
"""The events whose data changes what is remembered, beside those of every service's frame."""


@dataclass(frozen=True)
class Draft:
    """A draft of the pledge and the hash of the event it came in."""

    data: p.PledgeDrafted
    event: str


@dataclass(frozen=True)
class Cycle:
    """
    The service's state of one cycle.

    ``opened`` is the version put to signature with its roll, ``opened_by`` the hash of the event that did
    so; ``concluded`` whether everyone who could has signed or declined.
    """

    frame: Frame
    launched: bool = False
    draft: Draft | None = None
    opened: p.PledgeOpened | None = None
    opened_by: str = ""
    targets: Mapping[str, p.Target] = field(default_factory=dict)
    signed: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    concluded: bool = False
    sent: bool = False

    @property
    def answered(self) -> frozenset[str]:
        """Who has signed or declined."""
        return frozenset((*self.signed, *self.declined))


def start(subject: str) -> Cycle:
    """A cycle of which nothing stands in the log."""
    return Cycle(Frame(subject))


def evolve(cycle: Cycle, event: Event) -> Cycle:
    """The state of *cycle* after *event*; it believes."""
    frame = evolve_frame(cycle.frame, event)
    if frame is not cycle.frame:
        cycle = replace(cycle, frame=frame)
    if event.subject != cycle.frame.subject:
        return cycle
    data = event.data
    match data:
        case p.MovementLaunched():
            return replace(cycle, launched=True)
        case p.PledgeDrafted():
            return replace(cycle, draft=Draft(data, event.hash))
        case p.PledgeOpened():
            targets = cycle.draft.data.targets if cycle.draft is not None else ()
            return replace(
                cycle,
                opened=data,
                opened_by=event.hash,
                targets={target.target: target for target in targets},
            )
        case p.PledgeSigned(unit=unit):
            return replace(cycle, signed=(*cycle.signed, unit))
        case p.PledgeDeclined(unit=unit):
            return replace(cycle, declined=(*cycle.declined, unit))
        case p.PledgeConcluded():
            return replace(cycle, concluded=True)
        case p.PledgeSent():
            return replace(cycle, sent=True)
        case _:
            return cycle
