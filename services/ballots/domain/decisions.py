"""What surrounds the conference as state: nominations, dossiers, council votes and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from thidua.clock import local_day
from thidua.contracts import Event
from thidua.contracts import ballots as b
from thidua.frozen import replace

UnitTitle = tuple[str, str]
"""A unit's code and a title's."""


@dataclass(frozen=True)
class Dossier:
    """
    A unit's dossier (*hồ sơ*) on its way through the authority.

    ``returned_on`` stands while the authority waits for what is missing. Both days of its arrival
    are kept: the year's deadline says which one counts.
    """

    titles: tuple[str, ...]
    postmark: date | None = None
    received_on: date | None = None
    returned_on: date | None = None
    result: Literal["qualified", "not-qualified"] | None = None


@dataclass(frozen=True)
class CouncilVote:
    """How the council last voted on a title for a unit; the regulation says whether it passed."""

    held_on: date
    votes: int
    chair_agrees: bool


@dataclass(frozen=True)
class Decisions:
    """
    The way from nominations to awards in one cycle.

    ``awards`` are those in force, by the day of their decision; ``reported`` is the ranking of the
    last cluster report; ``decided`` are all units about which the authority ever decided.
    """

    nominations: frozenset[tuple[str, str, int]] = frozenset()
    quotas: Mapping[str, int] = field(default_factory=dict)
    state_titles: frozenset[UnitTitle] = frozenset()
    dossiers: Mapping[str, Dossier] = field(default_factory=dict)
    reported: int | None = None
    council: Mapping[UnitTitle, CouncilVote] = field(default_factory=dict)
    awards: Mapping[UnitTitle, date] = field(default_factory=dict)
    refused: frozenset[UnitTitle] = frozenset()
    decided: frozenset[str] = frozenset()

    def held(self, unit: str) -> tuple[str, ...]:
        """The titles *unit* was awarded, and the State-level ones it is proposed for."""
        pairs = sorted({*self.awards, *self.state_titles})
        return tuple(title for code, title in pairs if code == unit)


def evolve_decisions(  # noqa: C901, PLR0911 - a flat dispatch
    decisions: Decisions, event: Event, year: int
) -> Decisions:
    """*decisions* in the cycle of *year* after *event*; what is none of these changes nothing."""
    match event.data:
        case b.NominationSubmitted(about=about, nominee=nominee, for_year=for_year):
            named = (about, nominee, year if for_year is None else for_year)
            return replace(decisions, nominations=decisions.nominations | {named})
        case b.QuotaSet(title=title, quota=quota):
            return replace(decisions, quotas={**decisions.quotas, title: quota})
        case b.StateTitleProposed(unit=unit, title=title):
            return replace(decisions, state_titles=decisions.state_titles | {(unit, title)})
        case b.DossierSubmitted(unit=unit, titles=titles):
            return _with_dossier(decisions, unit, Dossier(titles))
        case b.DossierReceived(unit=unit, postmark=postmark, received_on=received_on):
            dossier = replace(decisions.dossiers[unit], postmark=postmark, received_on=received_on)
            return _with_dossier(decisions, unit, dossier)
        case b.DossierReturned(unit=unit):
            dossier = replace(decisions.dossiers[unit], returned_on=local_day(event.rx))
            return _with_dossier(decisions, unit, dossier)
        case b.DossierCompleted(unit=unit):
            dossier = replace(decisions.dossiers[unit], returned_on=None)
            return _with_dossier(decisions, unit, dossier)
        case b.DossierAppraised(unit=unit, result=result):
            return _with_dossier(decisions, unit, replace(decisions.dossiers[unit], result=result))
        case b.ClusterReportSubmitted(ranking=ranking):
            return replace(decisions, reported=ranking)
        case b.CouncilVoted():
            return _council_voted(decisions, event.data)
        case b.AwardDecided(unit=unit, award=award, decided_on=day):
            return _awarded(decisions, (unit, award), day)
        case b.AwardRefused(unit=unit, title=title):
            refused = decisions.refused | {(unit, title)}
            return replace(decisions, refused=refused, decided=decisions.decided | {unit})
        case b.AwardRevoked(unit=unit, award=award):
            return _revoked(decisions, (unit, award))
        case b.AwardDowngraded(unit=unit, award=award, to=to, decided_on=day):
            return _awarded(_revoked(decisions, (unit, award)), (unit, to), day)
        case _:
            return decisions


def _with_dossier(decisions: Decisions, unit: str, dossier: Dossier) -> Decisions:
    return replace(decisions, dossiers={**decisions.dossiers, unit: dossier})


def _council_voted(decisions: Decisions, data: b.CouncilVoted) -> Decisions:
    voted = {
        (unit, data.title): CouncilVote(data.held_on, votes, unit in data.chair_agrees)
        for unit, votes in data.votes.items()
    }
    return replace(decisions, council={**decisions.council, **voted})


def _awarded(decisions: Decisions, award: UnitTitle, day: date) -> Decisions:
    return replace(
        decisions,
        awards={**decisions.awards, award: day},
        refused=decisions.refused - {award},
        decided=decisions.decided | {award[0]},
    )


def _revoked(decisions: Decisions, award: UnitTitle) -> Decisions:
    awards = {held: day for held, day in decisions.awards.items() if held != award}
    return replace(decisions, awards=awards)
