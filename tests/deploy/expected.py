"""What the seed year must come to, wherever it is played: the worked example's figures."""

from __future__ import annotations

from typing import Any, Final

RANKING: Final = [
    ("LCA", "98.5", 1),
    ("LCH", "98.5", 2),
    ("LSN", "97.0", 3),
    ("SLA", "96.0", 4),
    ("HGI", "96.0", 5),
    ("DBN", "95.0", 6),
    ("CBG", "93.5", 7),
]
VOTES: Final = {
    "co-bo": {"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1},
    "bang-khen-bo": {"SLA": 7, "HGI": 7, "DBN": 7, "CBG": 6},
    "chair": {"LCA": 7},
    "deputy": {"HGI": 7},
}
SUMMARY: Final = {"chair": "LCA", "deputy": "HGI", "signatures": 7, "reward_total": 47_680_000}


def differences(outcome: dict[str, Any]) -> list[str]:
    """Where an outcome differs from the worked example; empty when it is the same."""
    ranking = [(row["unit"], row["total"], row["rank"]) for row in outcome["ranking"]]
    votes = {one["subject"]: one["votes"] for one in outcome["ballots"]}
    seen = {**{key: outcome[key] for key in SUMMARY}, "ranking": ranking, "votes": votes}
    wanted = {**SUMMARY, "ranking": RANKING, "votes": VOTES}
    return [
        f"{key}: {seen[key]} instead of {wanted[key]}" for key in wanted if seen[key] != wanted[key]
    ]
