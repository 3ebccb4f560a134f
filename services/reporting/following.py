"""
Following the log into the read models: in order, each entry once, rows and position in one transaction.

The projector decides where following goes on; a second replica, or one left over from before a
rebuild, is fenced by a conditional update of the position and takes up what it finds.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import OperationalError

from services.reporting.database import (
    FencedError,
    Generation,
    all_generations,
    create_generation,
    drop_generation,
    live_generation,
    lock_changes,
    make_indexes,
    move_position,
    prepare,
    writing,
)
from services.reporting.metrics import ProjectorMetrics
from services.reporting.projection import Plan
from services.reporting.projections import ALL
from services.reporting.projections.parked import parked
from services.reporting.rebuild import switch
from services.reporting.rows import Rows
from services.reporting.taking import UnprojectableError, project_batch
from thidua.errors import LogCorruptError, RetryError, StopError
from thidua.stream import Follower
from thidua.tracing import Followed, traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faststream.redis import RedisBroker
    from sqlalchemy import Connection, Engine

    from services.reporting.projection import Projection
    from thidua.stream import RawEntry

log = structlog.get_logger(__name__)

MOST = 500
"""Entries in one transaction."""
MOST_PARKED = 50


class DatabaseAwayError(RetryError):
    """The database does not answer or is busy."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"the database of the read models does not take the batch: {fault}")


class TooManyParkedError(StopError):
    """So many entries cannot be projected that something else must be wrong."""

    def __init__(self, parked_now: int, last: int) -> None:
        super().__init__(f"{parked_now} entries are parked, the last at position {last}")
        self.parked = parked_now

    def diagnostics(self) -> str:
        """Point at the parked entries."""
        return "Read the table of parked entries, correct the projection, and start again."


class Projector:
    """
    All read models of one database, kept at one position of the log.

    ``start`` once, then ``apply`` entries in order; ``position`` is what stands committed.
    """

    def __init__(
        self,
        engine: Engine,
        projections: Iterable[Projection] = ALL,
        *,
        most_parked: int = MOST_PARKED,
    ) -> None:
        self.engine = engine
        self.plan = Plan(projections)
        self.most_parked = most_parked
        self._generation: Generation | None = None
        self._rows: Rows | None = None
        self._position = 0
        self._one = threading.Lock()

    @property
    def position(self) -> int:
        """The last position whose rows are committed."""
        return self._position

    @property
    def generation(self) -> Generation:
        """The generation being written."""
        if self._generation is None:
            msg = "the projector was not started"
            raise RuntimeError(msg)
        return self._generation

    def start(self) -> int:
        """
        Find the generation to write and its position.

        Other versions of the projections than the live ones begin a new generation beside it, which
        goes live as soon as it is no longer behind.
        """
        prepare(self.engine)
        with writing(self.engine) as connection:
            lock_changes(connection)
            chosen = self._choose(connection)
            # One that was built before this start may want no further entry.
            if chosen.state == "building" and self._switch(connection, chosen, chosen.position):
                chosen = self._choose(connection)
                log.info("read_models_switched", generation=chosen.number)
            make_indexes(connection, chosen)
            self._adopt(chosen)
        return self._position

    def apply(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """
        Project entries in order and move the position, all or nothing.

        Entries at or before the position are passed over. ``FencedError`` when another replica has
        moved it: the projector then stands where that one is.
        """
        with self._one:
            after = self._position
            fresh = [(position, raw) for position, raw in entries if position > after]
            if not fresh:
                return
            if [position for position, _ in fresh] != list(
                range(after + 1, after + 1 + len(fresh))
            ):
                raise LogCorruptError(after + 1, "the next entry", f"position {fresh[0][0]}")
            try:
                self._apply(fresh)
            except FencedError:
                self.start()
                raise
            except OperationalError as error:
                raise DatabaseAwayError(str(error.orig)) from error

    def _apply(self, entries: Sequence[tuple[int, bytes]]) -> None:
        left_out: dict[int, str] = {}
        went_live = False
        while True:
            try:
                went_live = self._transact(entries, left_out)
                break
            except UnprojectableError as error:
                left_out[error.position] = error.reason
                log.error("entry_parked", position=error.position, reason=error.reason)  # noqa: TRY400 - a traceback could hold what the event said
        self._position = entries[-1][0]
        if went_live:
            log.info("read_models_switched", generation=self.generation.number)
            self.start()

    def _transact(self, entries: Sequence[tuple[int, bytes]], left_out: dict[int, str]) -> bool:
        generation, rows = self.generation, self._rows
        assert rows is not None  # noqa: S101 - set with the generation
        last = entries[-1][0]
        try:
            with writing(self.engine, lasting=False) as connection:
                rows.begin(connection)
                # First, so that a second replica waits here and not at the rows.
                move_position(connection, generation, self._position, last)
                project_batch(self.plan, rows, entries, left_out)
                if left_out:
                    self._check_parked(rows, max(left_out))
                rows.flush()
                return generation.state == "building" and self._switch(connection, generation, last)
        except BaseException:
            rows.forget()
            raise

    def _check_parked(self, rows: Rows, last: int) -> None:
        count = len(rows.where(parked))
        if count > self.most_parked:
            raise TooManyParkedError(count, last)

    def _switch(self, connection: Connection, generation: Generation, last: int) -> bool:
        live = live_generation(connection)
        if live is not None and live.position > last:
            return False
        switch(connection, generation)
        return True

    def _choose(self, connection: Connection) -> Generation:
        version = self.plan.version
        known = all_generations(connection)
        live = next((g for g in known if g.state == "live"), None)
        if live is None:
            return create_generation(connection, "live", version)
        if live.version == version:
            return live
        for old in known:
            if old.state == "building" and old.version == version:
                return old
            if old.state == "building":
                drop_generation(connection, old)
        new = create_generation(connection, "building", version)
        log.info("read_models_rebuild", generation=new.number, live=live.number)
        return new

    def _adopt(self, generation: Generation) -> None:
        self._generation = generation
        self._rows = Rows(generation.number, self.plan.tables)
        self._position = generation.position


@dataclass(slots=True)
class Backlog:
    """
    What the log held when the process began: until it is projected, pages speak of the past.

    A generation that is built beside the live one keeps nobody from reading that.
    """

    projector: Projector
    until: int = 0

    @property
    def fault(self) -> str | None:
        """How far the read models are behind what was there before them; ``None`` when they are not."""
        position = self.projector.position
        if position >= self.until or self.projector.generation.state == "building":
            return None
        return f"the read models have followed to position {position} of {self.until}"


def follow(
    broker: RedisBroker,
    stream: str,
    projector: Projector,
    metrics: ProjectorMetrics | None = None,
    spans: Followed | None = None,
) -> Follower:
    """The subscriber that brings the log's entries to *projector*; it goes on from its position."""
    metrics = metrics or ProjectorMetrics()

    async def take(entries: list[RawEntry]) -> None:
        batch = [(int(name.partition("-")[0]), fields[b"e"]) for name, fields in entries]
        async with traced(spans, batch):
            with metrics.project.time():
                await asyncio.to_thread(projector.apply, batch)

    return Follower(
        broker, stream, take, lambda: f"{projector.position}-0", most=MOST, who="projector"
    )
