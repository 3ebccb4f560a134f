"""A secret ballot found in what the service knows of the log, for the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Literal

from services.ballots.page.setup import BoxedVote, Looked, Running, Setup, Standing, Voter
from thidua.clock import local_day
from thidua.folding import registry_of
from thidua.voting.group import BELENIOS_2048
from thidua.voting.rounds import trustees_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from services.ballots.domain.elections import Election
    from services.ballots.domain.state import Ballot, Cycle
    from thidua.folding import Folded
    from thidua.standing import Key, Registry

_RUNNING: Final = "open"
_OFFICES: Final = {
    "chair": ("Bầu Cụm trưởng", "Election of the chair"),
    "deputy": ("Bầu Cụm phó", "Election of the deputy"),
}


def find_setup(fold: Folded[Cycle], clock: datetime, subject: str, name: str) -> Setup | None:
    """
    What is public of the ballot *name* of the cycle *subject*; *clock* is the moment of the last entry in *fold*.

    None where there is no secret ballot of that name, and until its trustees' keys are complete: before that
    there is no text to vote on.
    """
    if subject not in fold.subjects():
        return None
    cycle = fold.cycle(subject)
    election = cycle.elections.get(name)
    if election is None or election.fixed is None:
        return None
    fixed, keys, ballot = election.fixed, election.keys, cycle.ballots.get(name)
    bound = json.loads(fixed.election)
    registry = fold.registry(registry_of(subject))
    units: Sequence[str] = bound["x_roll"]
    return Setup(
        subject=subject,
        ballot=name,
        matter=_matter(registry, subject, election.draft.about),
        state="closed" if election.voided else _state(ballot),
        clock=clock,
        closes=None if ballot is None else ballot.closes,
        repeat=bound["x_revote"],
        election=fixed.election,
        trustees=trustees_of(
            BELENIOS_2048, keys.seats, keys.published, keys.sealed, keys.confirmed
        ).text,
        fingerprint=fixed.fingerprint,
        roll=[
            Voter(
                unit,
                _name(registry, unit, local_day(clock)),
                election.credentials.get(unit),
                len(election.votes.get(unit, ())),
            )
            for unit in units
        ],
        keys={unit: _keys(registry, unit) for unit in units},
    )


def find_running(fold: Folded[Cycle]) -> list[Running]:
    """Every secret ballot that has a text and is not closed."""
    return [
        Running(subject, name, _matter(registry, subject, election.draft.about), state)
        for subject in fold.subjects()
        for registry in [fold.registry(registry_of(subject))]
        for name, election in fold.cycle(subject).elections.items()
        if election.fixed is not None and not election.voided
        if (state := _state(fold.cycle(subject).ballots.get(name))) != "closed"
    ]


def find_vote(
    fold: Folded[Cycle], position: int, subject: str, name: str, tracker: str
) -> Looked | None:
    """What stands under *tracker* in the box of the ballot *name*, with *fold* at *position*; None where there is no such box."""
    election = fold.cycle(subject).elections.get(name) if subject in fold.subjects() else None
    if election is None or election.fixed is None:
        return None
    return Looked(election.fixed.fingerprint, position, _boxed(election, tracker))


def _boxed(election: Election, tracker: str) -> BoxedVote | None:
    for unit, votes in election.votes.items():
        for vote in votes:
            if vote.tracker == tracker:
                kept: Standing = "counts" if vote is votes[-1] else "replaced"
                state: Standing = "void" if election.voided else kept
                checked = tracker in election.checked
                return BoxedVote(unit, vote.sequence, state, checked, vote.vote)
    return None


def _state(ballot: Ballot | None) -> Literal["registering", "open", "closed"]:
    if ballot is None:
        return "registering"
    return "open" if ballot.state == _RUNNING else "closed"


def _matter(registry: Registry, subject: str, about: str) -> tuple[str, str]:
    """The office or the title in words; the code itself for what the year's regulation does not name."""
    if about in _OFFICES:
        return _OFFICES[about]
    regulation = registry.regulations.get(int(subject.rpartition("/")[2]))
    titles = regulation.titles if regulation else ()
    named = ((title.name_vi, title.name_en) for title in titles if title.code == about)
    return next(named, (about, about))


def _name(registry: Registry, unit: str, day: date) -> str:
    held = [name for name in registry.units[unit].names if name.valid_from <= day]
    return held[-1].name_vi if held else unit


def _keys(registry: Registry, unit: str) -> list[Key]:
    source = f"/units/{unit}"
    return [key for key in registry.keys.values() if key.owner == source and key.status == "active"]
