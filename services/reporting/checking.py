"""The read models of a log built anew, to compare with those that are served."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from services.reporting.columns import APPENDED
from services.reporting.database import create_generation, open_engine, prepare, writing
from services.reporting.fingerprint import RowDigests, fingerprints_of, versions
from services.reporting.projected import ProjectedEntry, as_text
from services.reporting.projection import Plan
from services.reporting.projections import ALL
from services.reporting.projections.parked import parked
from services.reporting.reading import reading
from services.reporting.rows import Rows
from services.reporting.taking import UnprojectableError, projected
from thidua.contracts.envelope import EnvelopeError, FormError
from thidua.errors import LogCorruptError, RejectError
from thidua.log import read_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

    from services.reporting.rebuild import Pages
    from thidua.knowledge import Opened
    from thidua.log import Entry

MOST: Final = 500
"""Entries in one transaction."""
_RX: Final = slice(13, 37)
"""Where the arrival stands in every entry: after ``{"v":1,"rx":"``."""


@contextmanager
def rebuilding() -> Iterator[Rebuild]:
    """All read models built anew in a file of their own, which is gone afterwards."""
    with TemporaryDirectory(prefix="thidua-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'rebuilt.sqlite3'}")
        try:
            yield Rebuild(engine)
        finally:
            engine.dispose()


class Rebuild:
    """
    The read models of entries that are given in order.

    Of rows that are written once and never read it keeps digests, so that memory does not grow by the log.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._plan = Plan(ALL)
        prepare(engine)
        with writing(engine) as connection:
            made = create_generation(connection, "live", self._plan.version)
        self._digests = {
            table.name: RowDigests(table) for table in self._plan.tables if table.info[APPENDED]
        }
        elsewhere = {name: digests.add for name, digests in self._digests.items()}
        self._rows = Rows(made.number, self._plan.tables, elsewhere)
        self._batch: list[ProjectedEntry] = []
        self._left_out: dict[int, str] = {}
        self.versions = versions()

    def take(self, entry: Entry, opened: Opened | None = None) -> None:
        """The next entry; its event is read here unless it was *opened* before."""
        try:
            self._batch.append(projected(entry) if opened is None else _projected(entry, opened))
        except (RejectError, EnvelopeError, FormError) as error:
            self._left_out[entry.position] = _reason(error)
        if len(self._batch) >= MOST:
            self._write()

    def prints(self) -> dict[str, str]:
        """The fingerprint of every read model as the entries until here give it."""
        self._write()
        with reading(self._engine) as read:
            return fingerprints_of(read, elsewhere=self._digests)

    def _write(self) -> None:
        while self._batch or self._left_out:
            try:
                self._transact()
            except UnprojectableError as error:
                self._left_out[error.position] = error.reason
            else:
                self._batch.clear()
                self._left_out.clear()

    def _transact(self) -> None:
        rows = self._rows
        try:
            with writing(self._engine, lasting=False) as connection:
                rows.begin(connection)
                for position, reason in self._left_out.items():
                    rows.put(parked, position=position, reason=reason)
                for entry in self._batch:
                    if entry.position not in self._left_out:
                        self._project(entry)
                rows.flush()
        except BaseException:
            rows.forget()
            raise

    def _project(self, entry: ProjectedEntry) -> None:
        try:
            self._plan.project(entry, self._rows)
        except SQLAlchemyError:
            raise
        except Exception as error:
            raise UnprojectableError(entry.position, _reason(error)) from error


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def _projected(entry: Entry, opened: Opened) -> ProjectedEntry:
    """An entry whose event was opened before, as the projections see it."""
    event, envelope = opened
    refused = entry.refused or {}
    # By place, which takes half as long.
    return ProjectedEntry(
        entry.position,
        entry.raw[_RX].decode(),
        entry.by,
        "recorded" if entry.is_recorded else "refused",
        event.hash,
        event.kid,
        envelope.seq,
        event.id,
        event.source,
        envelope.type,
        event.subject,
        as_text(event.time) or "",
        event.data,
        refused.get("code"),
        refused.get("facts"),
    )


def fingerprints_at(pages: Pages, position: int) -> dict[str, str]:
    """
    The fingerprint of every read model after the first *position* entries, which *pages* gives.

    Raises ``LogCorruptError`` when there are fewer, and what the reading of a malformed entry raises.
    """
    with rebuilding() as rebuild:
        after = 0
        while after < position:
            page = pages(after, min(MOST, position - after))
            if not page:
                raise LogCorruptError(after + 1, "an entry")
            for after, raw in page:
                entry = read_entry(after, raw)
                rebuild.take(entry)
        return rebuild.prints()


def fingerprints_of_log(entries: Sequence[Entry]) -> dict[str, str]:
    """The fingerprint of every read model as these entries alone give them."""
    with rebuilding() as rebuild:
        for entry in entries:
            rebuild.take(entry)
        return rebuild.prints()
