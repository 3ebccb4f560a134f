"""
Fingerprints of the read models: equal rows give equal fingerprints, on every database.

Without what is bound to one log (positions and event hashes) two runs compare in which the same
events stand in another interleaving.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from services.reporting.columns import BOUND_TO_LOG, as_json
from services.reporting.projections import ALL
from services.reporting.reading import Reading, reading

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine, Table

    from services.reporting.projection import Projection


def fingerprints(
    engine: Engine, *, bound_to_log: bool = True, projections: Iterable[Projection] = ALL
) -> dict[str, str]:
    """SHA-256 of the ordered rows of every live read model, by its name."""
    with reading(engine) as read:
        return fingerprints_of(read, bound_to_log=bound_to_log, projections=projections)


def fingerprints_of(
    read: Reading, *, bound_to_log: bool = True, projections: Iterable[Projection] = ALL
) -> dict[str, str]:
    """The fingerprints of what *read* looks at."""
    return {
        one.name: _fingerprint(read, one.tables, bound_to_log=bound_to_log) for one in projections
    }


def _fingerprint(read: Reading, tables: Iterable[Table], *, bound_to_log: bool) -> str:
    whole = hashlib.sha256()
    for table in tables:
        whole.update(f"{table.name}\n".encode())
        for line in sorted(_lines(read, table, bound_to_log=bound_to_log)):
            whole.update(line)
    return whole.hexdigest()


def _lines(read: Reading, table: Table, *, bound_to_log: bool) -> list[bytes]:
    """A digest per row: what is compared is the set of rows, in an order no database decides."""
    names = [
        column.name for column in table.columns if bound_to_log or BOUND_TO_LOG not in column.info
    ]
    here = read.table(table)
    found = read.connection.execute(here.select(), execution_options={"yield_per": 1000}).mappings()
    return [
        hashlib.sha256(as_json([row[name] for name in names]).encode()).digest() for row in found
    ]
