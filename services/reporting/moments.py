"""The read models of now, or of the earlier moment a reader asks for, out of a few that are kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Query

from services.reporting.as_of import as_of as built_as_of
from services.reporting.projections.timeline import position_at
from services.reporting.reading import NothingYetError, Reading, reading
from thidua.audit.asking import MomentError, read_moment
from thidua.errors import RejectError, RetryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from services.reporting.archive import SealedLog

MOST_KEPT: Final = 4
MOST_ENTRIES: Final = 100_000
"""Farther on than this a page would take many seconds and much memory; ``thidua replay`` goes there."""
WAIT_SECONDS: Final = 10.0

_ASKED: Final[ContextVar[str | None]] = ContextVar("as_of", default=None)


class NoSuchMomentError(RejectError):
    """The log has no such position yet, had no entry at that time, or it lies too far for a page."""

    def __init__(self, given: str) -> None:
        super().__init__(given)
        self.given = given


class StillRebuildingError(RetryError):
    """Another reader's moment is being rebuilt."""

    def __init__(self) -> None:
        super().__init__("another moment is being rebuilt")


async def ask(
    as_of: Annotated[
        str | None,
        Query(
            max_length=40,
            description="Vị trí nhật ký hoặc thời điểm; bỏ trống là hiện nay / "
            "log position, day or time; empty means now",
            examples=["131", "2020-11-21", "21/11/2020", "2020-11-21T17:00:00+07:00"],
        ),
    ] = None,
) -> None:
    """Note which moment the present request asks for."""
    _ASKED.set(as_of)


@dataclass(slots=True)
class _Kept:
    engine: Engine
    users: int = 0
    evicted: bool = False
    one: threading.Lock = field(default_factory=threading.Lock)


class Moments:
    """
    What pages and API read: the live read models, or those of the first entries of the archive.

    At most ``MOST_KEPT`` earlier moments are kept, and one is rebuilt at a time.
    """

    def __init__(
        self, live: Engine, archive: SealedLog, *, most_entries: int = MOST_ENTRIES
    ) -> None:
        self.live = live
        self._archive = archive
        self._most_entries = most_entries
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._book = threading.Lock()
        self._building = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """The read models of the moment that the present request asks for."""
        with self.engine() as engine, reading(engine) as read:
            read.is_earlier = engine is not self.live
            yield read

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """
        The database of that moment.

        Raises :class:`NoSuchMomentError`, and :class:`StillRebuildingError` while others wait for another.
        """
        asked = _ASKED.get()
        if not asked:
            yield self.live
            return
        kept = self._take(self._position(asked))
        try:
            with _held(kept.one):
                yield kept.engine
        finally:
            self._give_back(kept)

    def dispose(self) -> None:
        """Free what is kept."""
        with self._book:
            while self._kept:
                self._evict()

    def _position(self, asked: str) -> int:
        try:
            moment = read_moment(asked)
        except MomentError as error:
            raise NoSuchMomentError(error.given) from None
        newest = self._archive.checkpoint()
        if newest is None:
            raise NothingYetError
        if isinstance(moment, int):
            position = moment
        else:
            with reading(self.live) as read:
                position = min(position_at(read, moment), newest.size)
        if not 1 <= position <= newest.size:
            raise NoSuchMomentError(asked)
        if position > self._most_entries:
            told = f"as_of={asked} (> {self._most_entries}: thidua replay)"
            raise NoSuchMomentError(told)
        return position

    def _take(self, position: int) -> _Kept:
        if (kept := self._known(position)) is not None:
            return kept
        with _held(self._building):
            # Whoever built before may have wanted the same moment.
            if (kept := self._known(position)) is not None:
                return kept
            files = self._archive.files()
            engine = built_as_of(
                lambda after, most: list(files.entries(after, after + most)), position
            )
            with self._book:
                kept = self._kept[position] = _Kept(engine, users=1)
                while len(self._kept) > MOST_KEPT:
                    self._evict()
            return kept

    def _known(self, position: int) -> _Kept | None:
        with self._book:
            kept = self._kept.get(position)
            if kept is not None:
                self._kept.move_to_end(position)
                kept.users += 1
            return kept

    def _give_back(self, kept: _Kept) -> None:
        with self._book:
            kept.users -= 1
            if kept.evicted and not kept.users:
                kept.engine.dispose()

    def _evict(self) -> None:
        _, oldest = self._kept.popitem(last=False)
        oldest.evicted = True
        if not oldest.users:
            oldest.engine.dispose()


@contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    if not lock.acquire(timeout=WAIT_SECONDS):
        raise StillRebuildingError
    try:
        yield
    finally:
        lock.release()
