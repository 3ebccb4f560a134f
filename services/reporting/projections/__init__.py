"""The read models: one module per model with its tables, what events change in them, and its queries."""

from __future__ import annotations

from services.reporting.projection import Projection
from services.reporting.projections.awards import AWARDS
from services.reporting.projections.ballots import BALLOTS
from services.reporting.projections.conferences import CONFERENCES
from services.reporting.projections.cycles import CYCLES
from services.reporting.projections.dossiers import DOSSIERS
from services.reporting.projections.eligibility import ELIGIBILITY
from services.reporting.projections.keys import KEYS
from services.reporting.projections.officers import OFFICERS
from services.reporting.projections.parked import PARKED
from services.reporting.projections.pledges import PLEDGES
from services.reporting.projections.ranking import RANKING
from services.reporting.projections.refused import REFUSED
from services.reporting.projections.rules import RULES
from services.reporting.projections.scores import SCORES
from services.reporting.projections.secret_ballots import SECRET_BALLOTS
from services.reporting.projections.timeline import TIMELINE
from services.reporting.projections.units import UNITS

__all__ = ["ALL"]

ALL: tuple[Projection, ...] = (
    UNITS,
    RULES,
    CYCLES,
    SCORES,
    RANKING,
    PLEDGES,
    CONFERENCES,
    BALLOTS,
    SECRET_BALLOTS,
    ELIGIBILITY,
    OFFICERS,
    AWARDS,
    DOSSIERS,
    KEYS,
    REFUSED,
    TIMELINE,
    PARKED,
)
"""All read models, in the order in which each entry is projected."""
