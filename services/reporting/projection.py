"""A read model's writing half: its tables, its version, and what each event changes in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Table

    from services.reporting.projected import ProjectedEntry
    from services.reporting.rows import Rows
    from thidua.contracts import EventData

    D = TypeVar("D", bound=EventData)
else:
    D = TypeVar("D")

Step = Callable[["ProjectedEntry", Any, "Rows"], None]


class Projection:
    """
    One read model: what every recorded event of a type changes in its tables.

    A changed meaning needs a higher *version*; the read models are then rebuilt beside the old ones.
    """

    def __init__(self, name: str, version: int, *tables: Table) -> None:
        self.name = name
        self.version = version
        self.tables = tables
        self.steps: dict[type[EventData], Step] = {}
        self.fillers: set[type[EventData]] = set()
        self.steps_of_all: list[Step] = []

    def on(
        self, *kinds: type[D], fills: bool = True
    ) -> Callable[[Callable[[ProjectedEntry, D, Rows], None]], None]:
        """
        Run the decorated function for every recorded event of these types.

        With ``fills=False`` such an event may concern rows that are there and makes none where there are none.
        """

        def register(step: Callable[[ProjectedEntry, D, Rows], None]) -> None:
            for kind in kinds:
                if kind in self.steps:
                    msg = f"{self.name} projects {kind.__name__} twice"
                    raise TypeError(msg)
                self.steps[kind] = step
                if fills:
                    self.fillers.add(kind)

        return register

    def on_all(self, step: Callable[[ProjectedEntry, EventData | None, Rows], None]) -> None:
        """Run the decorated function for every entry, refused ones too."""
        self.steps_of_all.append(step)

    def project(self, entry: ProjectedEntry, rows: Rows) -> None:
        """Change this model's rows as *entry* says."""
        for step in self.steps_of_all:
            step(entry, entry.data, rows)
        data = entry.data
        if entry.outcome == "recorded" and data is not None and type(data) in self.steps:
            self.steps[type(data)](entry, data, rows)


class Plan:
    """Several projections as one: per event type, the steps of all of them in order."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self.projections = tuple(projections)
        self.tables = tuple(table for p in self.projections for table in p.tables)
        self._of_all = tuple(step for p in self.projections for step in p.steps_of_all)
        kinds = {kind for p in self.projections for kind in p.steps}
        self._steps: Mapping[type[EventData], tuple[Step, ...]] = {
            kind: tuple(p.steps[kind] for p in self.projections if kind in p.steps)
            for kind in kinds
        }

    def project(self, entry: ProjectedEntry, rows: Rows) -> None:
        """Change the rows of all read models as *entry* says."""
        data = entry.data
        for step in self._of_all:
            step(entry, data, rows)
        if entry.outcome == "recorded" and data is not None:
            for step in self._steps.get(type(data), ()):
                step(entry, data, rows)

    @property
    def columns(self) -> dict[str, list[str]]:
        """The columns of every table."""
        return {table.name: [column.name for column in table.columns] for table in self.tables}

    @property
    def version(self) -> str:
        """Names versions and columns of all projections; another text asks for a rebuild."""
        said = "\n".join(f"{p.name} {p.version}" for p in self.projections)
        shape = "\n".join(f"{name} {','.join(of)}" for name, of in self.columns.items())
        return hashlib.sha256(f"{said}\n{shape}".encode()).hexdigest()[:16]
