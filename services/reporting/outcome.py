"""The outcome of a cycle as the demo prints it, as far as the read models know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.reporting.projections.awards import awards_of
from services.reporting.projections.ballot_queries import ballots_of
from services.reporting.projections.officers import officers_of
from services.reporting.projections.pledge_queries import pledge
from services.reporting.projections.ranking import ranking
from services.reporting.projections.timeline import entries_by_outcome
from services.reporting.reading import reading

if TYPE_CHECKING:
    from sqlalchemy import Engine


def outcome(engine: Engine, cycle: str) -> dict[str, Any]:
    """
    Officers and pledge of the next year; ranking, ballots, awards and money of *cycle*.

    ``entries``, ``recorded`` and ``refused`` count the whole log up to ``position``.
    """
    cluster, _, year = cycle.rpartition("/")
    following = f"{cluster}/{int(year) + 1}"
    with reading(engine) as read:
        officers = officers_of(read, following)
        next_pledge = pledge(read, following)
        ranked = ranking(read, cycle)
        awards = awards_of(read, cycle)
        counted = entries_by_outcome(read)
        return {
            "cycle": cycle,
            "chair": officers.chair.unit if officers.chair else None,
            "deputy": officers.deputy.unit if officers.deputy else None,
            "signatures": len(next_pledge.signed) if next_pledge else 0,
            "ranking": [
                {"unit": line.unit, "total": line.total, "rank": line.rank}
                for line in (ranked.rows if ranked else [])
            ],
            "ballots": [
                {
                    "ballot": ballot.ballot,
                    "subject": ballot.about,
                    "mode": ballot.mode,
                    "issued": ballot.issued,
                    "returned": ballot.returned,
                    "valid": ballot.valid,
                    "votes": {unit: n for unit, n in ballot.votes.items() if n},
                    "threshold": ballot.needed,
                    "passed": ballot.passed,
                }
                for ballot in ballots_of(read, cycle)
            ],
            "awards": [
                {"unit": one.unit, "award": one.award, "state": one.state} for one in awards.rows
            ],
            "reward_total": awards.reward_total,
            "entries": read.position,
            "recorded": counted["recorded"],
            "refused": counted["refused"] + counted["said"],
            "position": read.position,
        }
