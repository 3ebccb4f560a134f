"""The read models of a beginning of the log, built anew from its entries: fingerprints and rows, and what changed between two."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.as_of import as_of
from services.reporting.columns import as_json
from services.reporting.projections import ALL
from services.reporting.reading import Reading, reading
from thidua.errors import RejectError
from thidua.tlog.faults import ArchiveUnreadableError
from thidua.tlog.notes import MOST_NOTE_BYTES
from thidua.tlog.prints import FOLDER, PublishedPrints, read_prints
from thidua.tlog.tiles import read_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from services.reporting.projection import Projection
    from services.reporting.rebuild import Pages
    from thidua.audit.held import HeldFolder

Rows = dict[tuple[Any, ...], Mapping[str, Any]]


class NoSuchModelError(RejectError):
    """There is no read model of this name."""

    def __init__(self, given: str) -> None:
        known = ", ".join(one.name for one in ALL)
        super().__init__(f"{given}: không có bảng số liệu này / no such read model; {known}")


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is other at a later position; ``before`` or ``after`` is ``None`` where there was or is none."""

    model: str
    table: str
    key: tuple[Any, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def columns(self) -> dict[str, tuple[Any, Any]]:
        """The columns that differ, each with its earlier and its later value."""
        before, after = self.before or {}, self.after or {}
        names = [*before, *(name for name in after if name not in before)]
        pairs = {name: (before.get(name), after.get(name)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@contextmanager
def replayed(pages: Pages, position: int) -> Iterator[Reading]:
    """The read models of the first *position* entries that *pages* gives."""
    engine = as_of(pages, position)
    try:
        with reading(engine) as read:
            yield read
    finally:
        engine.dispose()


def model_named(name: str) -> Projection:
    """The read model; raises :class:`NoSuchModelError`."""
    found = next((one for one in ALL if one.name == name), None)
    if found is None:
        raise NoSuchModelError(name)
    return found


def rows_of(read: Reading, table: Table) -> Rows:
    """The rows of a table by their key."""
    key = [column.name for column in table.primary_key]
    return {tuple(row[name] for name in key): row for row in read.rows(table)}


def published_prints(held: HeldFolder, position: int) -> PublishedPrints | None:
    """What the log's operator signed of the read models at a position; ``None`` when there is nothing."""
    try:
        note = read_inside(held.folder, f"{FOLDER}/{position:012d}", MOST_NOTE_BYTES)
    except ArchiveUnreadableError:
        return None
    return read_prints(note, held.policy.log)


def changes(pages: Pages, first: int, second: int) -> list[Change]:
    """Every row of every read model that is other after *second* entries than after *first*."""
    with replayed(pages, first) as read:
        before = {table.name: rows_of(read, table) for one in ALL for table in one.tables}
    found: list[Change] = []
    with replayed(pages, second) as read:
        for model in ALL:
            for table in model.tables:
                old, new = before[table.name], rows_of(read, table)
                found += [
                    Change(model.name, table.name, key, old.get(key), new.get(key))
                    for key in sorted({*old, *new}, key=as_json)
                    if old.get(key) != new.get(key)
                ]
    return found
