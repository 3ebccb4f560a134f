"""How a batch's rows reach a table: each database's quickest way, in the transaction that moves the position."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.exc import OperationalError

from services.reporting.columns import APPENDED, Document, as_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Table


class Writer:
    """
    The statements of one table, made once.

    Rows of an appended table are new ones, and PostgreSQL takes them by COPY; all others replace what stands
    under their key.
    """

    def __init__(self, table: Table, dialect: Dialect) -> None:
        columns = list(table.columns)
        self._values_of = itemgetter(*(column.name for column in columns))
        self._documents = [
            n for n, column in enumerate(columns) if isinstance(column.type, Document)
        ]
        self._appended = bool(table.info.get(APPENDED))
        self._on_postgres = dialect.name == "postgresql"
        quote = dialect.identifier_preparer.quote
        names = [quote(column.name) for column in columns]
        key = [quote(column.name) for column in table.primary_key]
        mark = "%s" if self._on_postgres else "?"
        into = f"{quote(table.name)} ({', '.join(names)})"
        if self._on_postgres:
            arrays = (f"%s::{column.type.compile(dialect)}[]" for column in columns)
            given = f"SELECT * FROM unnest({', '.join(arrays)})"  # noqa: S608 - our own names
        else:
            given = f"VALUES ({', '.join(mark for _ in columns)})"
        others = [name for name in names if name not in key]
        sets = ", ".join(f"{name} = excluded.{name}" for name in others)
        instead = f"UPDATE SET {sets}" if others else "NOTHING"
        conflict = "" if self._appended else f" ON CONFLICT ({', '.join(key)}) DO {instead}"
        self._copy = f"COPY {into} FROM STDIN"
        self._write = f"INSERT INTO {into} {given}{conflict}"
        matches = " AND ".join(f"{name} = {mark}" for name in key)
        self._delete = f"DELETE FROM {quote(table.name)} WHERE {matches}"  # noqa: S608 - our own names

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write whole rows."""
        if not self._on_postgres:
            connection.exec_driver_sql(self._write, list(self._values(rows)))
        elif self._appended:
            self._append(connection, rows)
        else:
            columns = tuple(map(list, zip(*self._values(rows), strict=True)))
            connection.exec_driver_sql(self._write, columns)

    def delete(self, connection: Connection, keys: list[tuple[Any, ...]]) -> None:
        """Remove the rows under *keys*."""
        connection.exec_driver_sql(self._delete, keys)

    def _append(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor() as cursor, cursor.copy(self._copy) as copy:
                for values in self._values(rows):
                    copy.write_row(values)
        except psycopg.OperationalError as error:
            # As SQLAlchemy names it; the library has no COPY of its own.
            raise OperationalError(self._copy, None, error) from error

    def _values(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
        """The rows as the database takes them, documents as JSON text."""
        if not self._documents:
            yield from map(self._values_of, rows)
            return
        for row in rows:
            values = list(self._values_of(row))
            for place in self._documents:
                if (value := values[place]) is not None:
                    values[place] = as_json(value)
            yield tuple(values)
