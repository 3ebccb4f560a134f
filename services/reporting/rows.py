"""
The unit of work of the projections: rows changed in memory, written once per batch.

One writer owns a generation's rows (a second one is fenced by the position), so what was read or
written stays in memory from batch to batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from services.reporting.columns import APPENDED
from services.reporting.database import table_of
from services.reporting.writer import Writer

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

Row = Mapping[str, Any]
Key = tuple[Any, ...]

_MOST_LOADED: Final = 5_000
_MOST_KEPT: Final = 30_000
_MISSING: Final[Any] = object()


class Rows:
    """
    The rows of one generation, as the batch in hand has left them.

    Rows are never changed in place: ``put`` and ``change`` set new ones. A batch that fails is
    forgotten as a whole and begun again.
    """

    def __init__(
        self,
        generation: int,
        tables: Iterable[Table],
        elsewhere: Mapping[str, Callable[[list[Row]], None]] = MappingProxyType({}),
    ) -> None:
        """Rows of appended tables named in *elsewhere* are given to what stands there and not written."""
        self._stores = {
            table.name: _Store(table, table_of(generation, table), elsewhere.get(table.name))
            for table in tables
        }
        self._connection: Connection | None = None

    def begin(self, connection: Connection) -> None:
        """Work in this transaction from here on."""
        self._connection = connection

    def get(self, table: Table, *key: object) -> Row | None:
        """The row under a key, ``None`` when there is none."""
        store = self._stores[table.name]
        row = store.kept.get(key, _MISSING)
        if row is _MISSING:
            row = None if store.complete else store.load(self._here, key)
        found: Row | None = row
        return found

    def put(self, table: Table, **values: object) -> None:
        """Set the whole row; columns that are not named are empty."""
        store = self._stores[table.name]
        # Most name every column, and the names are as many as the columns.
        row = values if len(values) == store.width else store.blank | values
        key = store.key_of(row)
        store.pending[key] = row
        if not store.appended:
            store.kept[key] = row

    def change(self, table: Table, *key: object, **values: object) -> None:
        """Set these columns of the row under a key, a new row when there is none."""
        store = self._stores[table.name]
        before = self.get(table, *key)
        if before is None:
            before = store.blank | dict(zip(store.key, key, strict=True))
        store.set(key, {**before, **values})

    def delete(self, table: Table, *key: object) -> None:
        """Remove the row under a key, if there is one."""
        if self.get(table, *key) is not None:
            self._stores[table.name].set(key, None)

    def where(self, table: Table, **equals: object) -> list[Row]:
        """All rows in which these columns have these values, in order of their keys."""
        store = self._stores[table.name]
        if store.complete or store.load_all(self._here):
            candidates: Iterable[Row | None] = store.kept.values()
        else:
            stored = store.stored(self._here, equals)
            candidates = {**stored, **store.kept}.values()
        wanted = equals.items()
        rows = [r for r in candidates if r is not None and all(r[n] == v for n, v in wanted)]
        return sorted(rows, key=lambda row: [str(row[name]) for name in store.key])

    def flush(self) -> None:
        """Write all that was changed, one statement per table."""
        for store in self._stores.values():
            store.flush(self._here)
        for store in self._stores.values():
            store.bound()

    def forget(self) -> None:
        """Forget everything in memory, as after a transaction that did not commit."""
        for store in self._stores.values():
            store.forget()

    @property
    def _here(self) -> Connection:
        if self._connection is None:
            msg = "rows are read and written inside a batch only"
            raise RuntimeError(msg)
        return self._connection


def _key_getter(names: list[str]) -> Callable[[Row], Key]:
    get = itemgetter(*names)
    return get if len(names) > 1 else lambda row: (get(row),)


class _Store:
    """The rows of one table: ``kept`` is what is known of it, ``pending`` what is to be written."""

    def __init__(
        self, plain: Table, table: Table, elsewhere: Callable[[list[Row]], None] | None
    ) -> None:
        self.table = table
        self.elsewhere = elsewhere
        self.names = [column.name for column in plain.columns]
        self.key = [column.name for column in plain.primary_key]
        self.width = len(self.names)
        self.blank: dict[str, Any] = dict.fromkeys(self.names)
        self.key_of = _key_getter(self.key)
        self.appended = bool(plain.info.get(APPENDED))
        self.kept: dict[Key, Row | None] = {}
        self.pending: dict[Key, Row | None] = {}
        self.complete = False
        self.writer: Writer | None = None
        self._may_load = not self.appended

    def set(self, key: Key, row: Row | None) -> None:
        self.pending[key] = row
        if not self.appended:
            self.kept[key] = row

    def load(self, connection: Connection, key: Key) -> Row | None:
        if self.load_all(connection):
            return self.kept.get(key)
        found = self.stored(connection, dict(zip(self.key, key, strict=True)))
        row = found.get(key)
        self.kept[key] = row
        return row

    def load_all(self, connection: Connection) -> bool:
        """Take the whole table into memory if it is small; most read models always are."""
        if not self._may_load:
            return False
        self._may_load = False
        count = connection.execute(select(func.count()).select_from(self.table)).scalar_one()
        if count > _MOST_LOADED:
            return False
        self.kept = {**self.stored(connection, {}), **self.kept}
        self.complete = True
        return True

    def stored(self, connection: Connection, equals: Mapping[str, object]) -> dict[Key, Row | None]:
        columns = self.table.c
        wanted = [columns[name] == value for name, value in equals.items()]
        rows = connection.execute(select(self.table).where(*wanted)).mappings()
        return {tuple(row[name] for name in self.key): dict(row) for row in rows}

    def flush(self, connection: Connection) -> None:
        if not self.pending:
            return
        if self.elsewhere is not None:
            self.elsewhere([row for row in self.pending.values() if row is not None])
            self.pending.clear()
            return
        if self.writer is None:
            self.writer = Writer(self.table, connection.dialect)
        deleted = [key for key, row in self.pending.items() if row is None]
        if deleted:
            self.writer.delete(connection, deleted)
        rows = [row for row in self.pending.values() if row is not None]
        if rows:
            self.writer.write(connection, rows)
        self.pending.clear()

    def bound(self) -> None:
        """Keep memory in bounds; what is dropped is read again when it is wanted."""
        if len(self.kept) > _MOST_KEPT:
            self.kept.clear()
            self.complete = False

    def forget(self) -> None:
        self.kept.clear()
        self.pending.clear()
        self.complete = False
        self._may_load = not self.appended
