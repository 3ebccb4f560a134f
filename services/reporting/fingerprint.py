"""
Fingerprints of the read models: equal rows give equal fingerprints, on every database.

Without what is bound to one log (positions and event hashes) two runs compare in which the same
events stand in another interleaving.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from services.reporting.columns import BOUND_TO_LOG, row_json
from services.reporting.projection import Plan
from services.reporting.projections import ALL
from services.reporting.reading import Reading, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Engine, RowMapping, Table

    from services.reporting.projection import Projection


def fingerprints(
    engine: Engine, *, bound_to_log: bool = True, projections: Iterable[Projection] = ALL
) -> dict[str, str]:
    """SHA-256 of the ordered rows of every live read model, by its name."""
    with reading(engine) as read:
        return fingerprints_of(read, bound_to_log=bound_to_log, projections=projections)


def fingerprints_of(
    read: Reading,
    *,
    bound_to_log: bool = True,
    projections: Iterable[Projection] = ALL,
    elsewhere: Mapping[str, RowDigests] = MappingProxyType({}),
) -> dict[str, str]:
    """The fingerprints of what *read* looks at; of tables that are kept *elsewhere*, their rows' digests are given."""
    return {
        one.name: _fingerprint(read, one.tables, elsewhere, bound_to_log=bound_to_log)
        for one in projections
    }


def versions(projections: Iterable[Projection] = ALL) -> dict[str, str]:
    """By which projection a fingerprint of today is: its number, and a digest of it with its columns."""
    return {one.name: f"{one.version}-{Plan((one,)).version}" for one in projections}


class RowDigests:
    """
    A digest per row of one table: what is compared is the set of rows, in an order no database decides.

    A row takes 32 bytes here, whatever is in it.
    """

    def __init__(self, table: Table, *, bound_to_log: bool = True) -> None:
        columns = [c for c in table.columns if bound_to_log or BOUND_TO_LOG not in c.info]
        self._names = [column.name for column in columns]
        # By their first byte, so that never more than a small part of them is sorted at once.
        self._parts = tuple(bytearray() for _ in range(256))

    def add(self, rows: Iterable[Mapping[str, Any] | RowMapping]) -> None:
        """More rows, each with every column: the values in the columns' order are digested."""
        names, parts = self._names, self._parts
        for row in rows:
            digest = hashlib.sha256(row_json([row[name] for name in names])).digest()
            parts[digest[0]].extend(digest)

    def ordered(self) -> Iterator[bytes]:
        """All digests in order."""
        for part in self._parts:
            yield from sorted(bytes(part[at : at + _LONG]) for at in range(0, len(part), _LONG))


_LONG: Final = hashlib.sha256().digest_size


def _fingerprint(
    read: Reading,
    tables: Iterable[Table],
    elsewhere: Mapping[str, RowDigests],
    *,
    bound_to_log: bool,
) -> str:
    whole = hashlib.sha256()
    for table in tables:
        whole.update(f"{table.name}\n".encode())
        digests = elsewhere.get(table.name) or _digests(read, table, bound_to_log=bound_to_log)
        for digest in digests.ordered():
            whole.update(digest)
    return whole.hexdigest()


def _digests(read: Reading, table: Table, *, bound_to_log: bool) -> RowDigests:
    here = read.table(table)
    found = read.connection.execute(here.select(), execution_options={"yield_per": 1000}).mappings()
    digests = RowDigests(table, bound_to_log=bound_to_log)
    digests.add(found)
    return digests
