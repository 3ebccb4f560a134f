"""
Rebuilding all read models beside the live ones, and switching in one transaction.

The old generation is kept for going back; older ones are dropped. Nobody ever sees an empty or
half-built table, since readers ask once per request which generation is live.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from services.reporting.database import (
    Generation,
    all_generations,
    create_generation,
    drop_generation,
    generations,
    live_generation,
    lock_changes,
    looking,
    move_position,
    prepare,
    table_of,
    writing,
)
from services.reporting.projection import Plan
from services.reporting.projections import ALL
from services.reporting.projections.parked import parked
from services.reporting.rows import Rows
from services.reporting.taking import UnprojectableError, project_batch
from thidua.errors import LogCorruptError, StopError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from services.reporting.projection import Projection

Pages = Callable[[int, int], Sequence[tuple[int, bytes]]]
"""``pages(after, most)``: at most so many entries after a position, with their positions."""

MOST = 500


class NothingKeptError(StopError):
    """There is no earlier generation to go back to."""

    def __init__(self) -> None:
        super().__init__("no earlier generation is kept")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild made: the generation, its position, and how quickly."""

    generation: int
    position: int
    seconds: float

    @property
    def per_second(self) -> int:
        """Entries projected per second."""
        return round(self.position / self.seconds) if self.seconds else 0


def switch(connection: Connection, new: Generation) -> None:
    """Make *new* live in this transaction; the live one is kept, those kept before are dropped."""
    lock_changes(connection)
    for old in all_generations(connection):
        if old.state == "kept":
            drop_generation(connection, old)
        elif old.state == "live":
            _set_state(connection, old.number, "kept")
    _set_state(connection, new.number, "live")


def rebuild(engine: Engine, pages: Pages, projections: Iterable[Projection] = ALL) -> Rebuilt:
    """
    Build a new generation from position 1 and switch to it when it is not behind the live one.

    Strict: an entry that cannot be projected ends the rebuild, and the live generation stays, unless
    it is parked there too.
    """
    prepare(engine)
    plan = Plan(projections)
    began = time.perf_counter()
    with writing(engine) as connection:
        lock_changes(connection)
        new = create_generation(connection, "building", plan.version)
    try:
        position = _catch_up(engine, pages, plan, new)
    except BaseException:
        with writing(engine) as connection:
            lock_changes(connection)
            drop_generation(connection, new)
        raise
    return Rebuilt(new.number, position, time.perf_counter() - began)


def build_beside(
    engine: Engine, pages: Pages, projections: Iterable[Projection] = ALL
) -> Rebuilt | None:
    """
    Build a generation of this release beside the live one, without switching; ``None`` when the live one is of it.

    One that was begun before is gone on with. The release's own projector takes it up and switches, as
    :func:`switch_when_level` does.
    """
    prepare(engine)
    plan = Plan(projections)
    began = time.perf_counter()
    with writing(engine) as connection:
        lock_changes(connection)
        new = _begun(connection, plan)
    if new is None:
        return None
    try:
        position = _fill(engine, pages, plan, new, new.position)
    except Exception:
        with writing(engine) as connection:
            lock_changes(connection)
            drop_generation(connection, new)
        raise
    return Rebuilt(new.number, position, time.perf_counter() - began)


def switch_when_level(engine: Engine, built: Rebuilt) -> bool:
    """Make a generation that was built beside live, unless it is behind the live one; whether it was."""
    with writing(engine) as connection:
        found = next(g for g in all_generations(connection) if g.number == built.generation)
    return _go_live(engine, found, built.position)


def _begun(connection: Connection, plan: Plan) -> Generation | None:
    """The generation to build, begun now or before; others that were begun are dropped."""
    live = live_generation(connection)
    if live is None or live.version == plan.version:
        return None
    mine: Generation | None = None
    for one in all_generations(connection):
        if one.state == "building" and one.version == plan.version:
            mine = one
        elif one.state == "building":
            drop_generation(connection, one)
    return mine or create_generation(connection, "building", plan.version)


def go_back(engine: Engine) -> int:
    """Make the kept generation live again, and the live one the kept; the generation's number."""
    with writing(engine) as connection:
        lock_changes(connection)
        states = {g.state: g for g in all_generations(connection)}
        kept, live = states.get("kept"), states.get("live")
        if kept is None or live is None:
            raise NothingKeptError
        _set_state(connection, live.number, "kept")
        _set_state(connection, kept.number, "live")
        return kept.number


def _catch_up(engine: Engine, pages: Pages, plan: Plan, new: Generation) -> int:
    """Fill and go live; the live generation may move on meanwhile."""
    position = 0
    while True:
        reached = _fill(engine, pages, plan, new, position)
        if _go_live(engine, new, reached):
            return reached
        if reached == position:
            raise LogCorruptError(position + 1, "an entry that the live read models have")
        position = reached


def _fill(engine: Engine, pages: Pages, plan: Plan, new: Generation, position: int) -> int:
    rows = Rows(new.number, plan.tables)
    with looking(engine) as connection:
        live = live_generation(connection)
        known_bad = _parked_in(connection, live) if live else {}
    while page := pages(position, MOST):
        if page[0][0] != position + 1:
            raise LogCorruptError(position + 1, "the next entry", f"position {page[0][0]}")
        left_out: dict[int, str] = {}
        while True:
            try:
                _write(engine, plan, rows, new, position, page, left_out)
                break
            except UnprojectableError as error:
                if error.position not in known_bad:
                    raise
                left_out[error.position] = known_bad[error.position]
                rows.forget()
        position = page[-1][0]
    return position


def _write(
    engine: Engine,
    plan: Plan,
    rows: Rows,
    new: Generation,
    position: int,
    page: Sequence[tuple[int, bytes]],
    left_out: dict[int, str],
) -> None:
    with writing(engine, lasting=False) as connection:
        rows.begin(connection)
        move_position(connection, new, position, page[-1][0])
        project_batch(plan, rows, page, left_out)
        rows.flush()


def _go_live(engine: Engine, new: Generation, position: int) -> bool:
    with writing(engine) as connection:
        lock_changes(connection)
        live = live_generation(connection)
        if live is not None and live.position > position:
            return False
        switch(connection, new)
        return True


def _parked_in(connection: Connection, live: Generation) -> dict[int, str]:
    found = connection.execute(select(table_of(live.number, parked)))
    return {row.position: row.reason for row in found}


def _set_state(connection: Connection, number: int, state: str) -> None:
    connection.execute(
        update(generations).where(generations.c.generation == number).values(state=state)
    )
