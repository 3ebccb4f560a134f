"""Figures of a run: medians of several samples beside what is asked of them, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

WIDTHS: Final = (46, 14, 14, 14, 14, 6)


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One measured figure over several runs.

    ``asked`` is the bound it is held against, ``most`` whether it may be at most that or must be at least.
    """

    name: str
    unit: str
    samples: tuple[float, ...]
    asked: float | None = None
    most: bool = False

    @property
    def median(self) -> float:
        """The middle sample."""
        return median(self.samples)

    @property
    def holds(self) -> bool | None:
        """Whether the median keeps the bound; ``None`` when there is none."""
        if self.asked is None:
            return None
        return self.median <= self.asked if self.most else self.median >= self.asked

    def as_json(self) -> dict[str, Any]:
        """The figure as a JSON object."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "samples": list(self.samples),
            "asked": self.asked,
            "holds": self.holds,
        }


@dataclass(slots=True)
class Report:
    """The figures of one run of the benchmarks, in the order they were taken."""

    figures: list[Figure] = field(default_factory=list)

    def add(
        self,
        name: str,
        unit: str,
        samples: Sequence[float],
        *,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Take a figure with its samples and its bound."""
        asked = at_least if at_most is None else at_most
        self.figures.append(Figure(name, unit, tuple(samples), asked, at_most is not None))

    def median_of(self, name: str) -> float:
        """The median of a figure taken before."""
        return next(figure.median for figure in self.figures if figure.name == name)

    def table(self) -> str:
        """The figures as a plain table."""
        heads = _row(("figure", "median", "least", "greatest", "asked", "holds"))
        lines = [heads, "-" * len(heads)]
        for figure in self.figures:
            bound = (
                "" if figure.asked is None else f"{'≤' if figure.most else '≥'} {figure.asked:,g}"
            )
            shown = (
                _short(figure.median),
                _short(min(figure.samples)),
                _short(max(figure.samples)),
            )
            said = {None: "", True: "yes", False: "NO"}[figure.holds]
            lines.append(_row((f"{figure.name} ({figure.unit})", *shown, bound, said)))
        return "\n".join(lines)

    def document(self, **about: object) -> str:
        """The figures with their machine as one JSON text."""
        machine = {
            "python": platform.python_version(),
            "system": platform.system(),
            "cpus": len(os.sched_getaffinity(0)),
        }
        figures = [figure.as_json() for figure in self.figures]
        return json.dumps({"machine": machine, **about, "figures": figures}, indent=1)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def _row(cells: Sequence[str]) -> str:
    first, *rest = cells
    return first.ljust(WIDTHS[0]) + "".join(
        cell.rjust(width) for cell, width in zip(rest, WIDTHS[1:], strict=True)
    )
