"""Entries that could not be projected: where they stand and why; the others went on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.columns import position, read_model, text
from services.reporting.projection import Projection

if TYPE_CHECKING:
    from services.reporting.reading import Reading

parked = read_model("parked", position(key=True), text("reason"))

PARKED = Projection("parked", 1, parked)
"""Its rows are written by whoever projects."""


@dataclass(frozen=True, slots=True)
class Parked:
    """An entry left out of the read models."""

    position: int
    reason: str


def parked_entries(read: Reading) -> list[Parked]:
    """All parked entries in order."""
    return [Parked(row["position"], row["reason"]) for row in read.rows(parked)]
