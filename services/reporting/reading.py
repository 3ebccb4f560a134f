"""Looking at the read models: one moment, one generation, through one door for all queries."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, func, select

from services.reporting.database import Generation, live_generation, looking, table_of
from thidua.errors import RetryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, Engine, Select

    from services.reporting.rows import Row


class NothingYetError(RetryError):
    """No read model was built yet."""

    def __init__(self) -> None:
        super().__init__("no read model was built yet")


class Reading:
    """
    The live read models at one moment.

    All queries take one; what they answer together belongs together. ``position`` is how far the
    log is followed, ``is_earlier`` whether a reader asked for that position rather than for now.
    """

    def __init__(self, connection: Connection, generation: Generation) -> None:
        self.connection = connection
        self.generation = generation.number
        self.version = generation.version
        self.position = generation.position
        self.is_earlier = False
        self._columns = generation.columns

    def table(self, table: Table) -> Table:
        """The table as it is called in this generation, for statements of one's own."""
        return table_of(self.generation, table)

    def one(self, table: Table, **equals: object) -> Row | None:
        """The one row with these values, ``None`` when there is none."""
        found = self.connection.execute(self._select(table, equals)).mappings().first()
        return None if found is None else self._whole(table, dict(found))

    def rows(self, table: Table, **equals: object) -> list[Row]:
        """All rows with these values, in order of the table's key."""
        found = self.connection.execute(self._select(table, equals)).mappings()
        key = [column.name for column in table.primary_key]
        rows: list[Row] = [self._whole(table, dict(row)) for row in found]
        return sorted(rows, key=lambda row: [row[name] for name in key])

    def newest(
        self, table: Table, by: str, *, most: int, before: int | None = None, **equals: object
    ) -> list[Row]:
        """The last *most* rows by a column, newest first, of those before a value of it."""
        column = self.table(table).c[by]
        statement = self._select(table, equals).order_by(column.desc()).limit(most)
        if before is not None:
            statement = statement.where(column < before)
        found = self.connection.execute(statement).mappings()
        return [self._whole(table, dict(row)) for row in found]

    def count(self, table: Table, **equals: object) -> int:
        """How many rows have these values."""
        here = self.table(table)
        statement = select(func.count()).select_from(here).where(*_equal(here, equals))
        return self.connection.execute(statement).scalar_one()

    def _select(self, table: Table, equals: dict[str, object]) -> Select[Any]:
        here = self.table(table)
        # A generation that is being replaced may lack a column that a newer version has.
        there = self._columns[table.name]
        columns = [here.c[name] for name in there if name in here.c]
        return select(*columns).where(*_equal(here, equals))

    def _whole(self, table: Table, row: dict[str, Any]) -> Row:
        if len(row) == len(table.columns):
            return row
        return {**{column.name: None for column in table.columns}, **row}


def _equal(here: Table, equals: dict[str, object]) -> list[ColumnElement[bool]]:
    return [here.c[name] == value for name, value in equals.items()]


@contextmanager
def reading(engine: Engine) -> Iterator[Reading]:
    """The live read models in one reading transaction; ``NothingYetError`` before the first start."""
    with looking(engine) as connection:
        generation = live_generation(connection)
        if generation is None:
            raise NothingYetError
        yield Reading(connection, generation)
