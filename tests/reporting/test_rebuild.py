"""Rebuilding beside the live read models: equal, never seen half-done, and one step back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from services.reporting.as_of import as_of
from services.reporting.database import FencedError, all_generations, looking
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Projector
from services.reporting.projections import ALL
from services.reporting.projections.officers import officers_of
from services.reporting.projections.ranking import ranking
from services.reporting.projections.timeline import position_at, timeline
from services.reporting.reading import reading
from services.reporting.rebuild import NothingKeptError, go_back, rebuild
from tests.reporting.entries import CYCLE, NEXT
from thidua.errors import LogCorruptError
from thidua.testing.story import local

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from tests.reporting.entries import Entries


def pages_of(entries: list[tuple[int, bytes]]) -> Callable[[int, int], Sequence[tuple[int, bytes]]]:
    return lambda after, most: entries[after : after + min(most, 37)]


def states(engine: Engine) -> list[tuple[int, str]]:
    with looking(engine) as connection:
        return [(one.number, one.state) for one in all_generations(connection)]


def test_a_rebuild_beside_gives_the_fingerprints_of_the_live_read_models(
    told: Engine, year: Entries
) -> None:
    before = fingerprints(told)
    rebuilt = rebuild(told, pages_of(year.raw))
    assert rebuilt.position == len(year.raw)
    assert states(told) == [(1, "kept"), (2, "live")]
    assert fingerprints(told) == before


def test_a_second_rebuild_drops_the_oldest_generation(told: Engine, year: Entries) -> None:
    rebuild(told, pages_of(year.raw))
    rebuild(told, pages_of(year.raw))
    assert states(told) == [(2, "kept"), (3, "live")]


def test_a_reader_during_the_switch_sees_one_whole_generation(told: Engine, year: Entries) -> None:
    whole = len(year.raw)
    with reading(told) as read:
        assert read.generation == 1
        rebuild(told, pages_of(year.raw))
        assert read.count(timeline) == whole
    with reading(told) as read:
        assert read.generation == 2
        assert read.count(timeline) == whole


def test_readers_never_see_an_empty_or_shorter_table_while_it_is_rebuilt(
    told: Engine, year: Entries
) -> None:
    seen: set[tuple[int, int]] = set()
    failures: list[BaseException] = []
    done = threading.Event()

    def look() -> None:
        try:
            while not done.is_set():
                with reading(told) as read:
                    seen.add((read.position, read.count(timeline)))
        except BaseException as error:  # noqa: BLE001 - it is asserted on below
            failures.append(error)

    reader = threading.Thread(target=look)
    reader.start()
    rebuild(told, pages_of(year.raw))
    done.set()
    reader.join()
    assert failures == []
    assert seen == {(len(year.raw), len(year.raw))}


def test_the_projector_goes_on_in_the_new_generation_after_a_switch(
    engine: Engine, new_engine: Callable[[], Engine], year: Entries
) -> None:
    projector = Projector(engine)
    projector.start()
    projector.apply(year.raw[:100])
    rebuild(engine, pages_of(year.raw[:100]))
    with pytest.raises(FencedError):
        projector.apply(year.raw[100:])
    projector.apply(year.raw[100:])
    other = Projector(new_engine())
    other.start()
    other.apply(year.raw)
    assert fingerprints(engine) == fingerprints(other.engine)


def test_a_rebuild_that_would_end_behind_the_live_read_models_leaves_them_alone(
    told: Engine, year: Entries
) -> None:
    with pytest.raises(LogCorruptError):
        rebuild(told, pages_of(year.raw[:50]))
    assert states(told) == [(1, "live")]


def test_changed_projections_are_built_beside_while_the_old_ones_serve(
    told: Engine, year: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ALL[0], "version", ALL[0].version + 1)
    projector = Projector(told)
    assert projector.start() == 0
    projector.apply(year.raw[:150])
    with reading(told) as read:
        assert (read.generation, read.position) == (1, len(year.raw))
    restarted = Projector(told)
    assert restarted.start() == 150
    restarted.apply(year.raw[150:])
    with reading(told) as read:
        assert (read.generation, read.position) == (2, len(year.raw))
    assert states(told) == [(1, "kept"), (2, "live")]
    assert restarted.start() == len(year.raw)


def test_going_back_makes_the_kept_generation_live_again(told: Engine, year: Entries) -> None:
    with pytest.raises(NothingKeptError):
        go_back(told)
    rebuild(told, pages_of(year.raw))
    assert go_back(told) == 1
    assert states(told) == [(1, "live"), (2, "kept")]


def test_the_past_is_what_stood_up_to_a_position_or_a_time(told: Engine, year: Entries) -> None:
    with reading(told) as read:
        position = position_at(read, local("2020-11-20 23:59"))
        assert position_at(read, local("2030-01-01 00:00")) == read.position
    past = as_of(pages_of(year.raw), position)
    with reading(past) as read:
        assert read.position == position
        assert ranking(read, CYCLE) is not None
        assert officers_of(read, NEXT).chair is None
    past.dispose()


def test_a_rebuild_follows_a_live_generation_that_moves_on(engine: Engine, year: Entries) -> None:
    projector = Projector(engine)
    projector.start()
    projector.apply(year.raw[:100])
    served = pages_of(year.raw)

    def pages(after: int, most: int) -> Sequence[tuple[int, bytes]]:
        if after == 100 and projector.position == 100:
            projector.apply(year.raw[100:])
            return []
        return served(after, min(most, 100 - after) if after < 100 else most)

    assert rebuild(engine, pages).position == len(year.raw)
    assert states(engine) == [(1, "kept"), (2, "live")]


def test_a_parked_entry_is_no_hindrance_to_a_rebuild_but_a_new_fault_is(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, year: Entries
) -> None:
    entries = [*year.raw[:50], (51, b"no entry")]
    projector = Projector(engine)
    projector.start()
    projector.apply(entries)
    before = fingerprints(engine)
    rebuild(engine, pages_of(entries))
    assert fingerprints(engine) == before
    worse = [*year.raw[:20], (21, b"no entry"), *entries[21:]]
    with pytest.raises(Exception, match="position 21"):
        rebuild(engine, pages_of(worse))
    assert states(engine) == [(1, "kept"), (2, "live")]
