"""Following: each entry once, in order, whoever brings it; what cannot be projected is parked."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text

from services.reporting.database import FencedError, open_engine, writing
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Backlog, DatabaseAwayError, Projector, TooManyParkedError
from services.reporting.projections.parked import parked_entries
from services.reporting.projections.timeline import TIMELINE, entries_by_outcome, happenings
from services.reporting.reading import reading
from tests.reporting.entries import CYCLE, MINISTRY, Entries, unit
from tests.reporting.year import founding, year_2020
from thidua.clock import LOCAL
from thidua.contracts import units as u
from thidua.errors import LogCorruptError
from thidua.testing.story import local

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

YEAR = year_2020().raw


def followed(engine: Engine, entries: list[tuple[int, bytes]]) -> Projector:
    projector = Projector(engine)
    projector.start()
    projector.apply(entries)
    return projector


def test_the_same_batch_delivered_twice_counts_once(told: Engine, year: Entries) -> None:
    before = fingerprints(told)
    again = Projector(told)
    again.start()
    again.apply(year.raw)
    assert again.position == len(year.raw)
    assert fingerprints(told) == before


def test_an_index_that_came_later_is_made_at_the_start_without_a_rebuild(told: Engine) -> None:
    live = Projector(told)
    live.start()
    number = live.generation.number
    name, table = f"ix_g{number}_timeline_hash", f"g{number}_timeline"
    with writing(told) as connection:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    again = Projector(told)
    again.start()
    assert again.generation.number == number
    assert name in {one["name"] for one in inspect(told).get_indexes(table)}


def test_a_second_projector_on_the_same_database_is_fenced_and_counts_nothing_twice(
    new_engine: Callable[[], Engine], year: Entries
) -> None:
    engine, other = new_engine(), new_engine()
    first, second = Projector(engine), Projector(engine)
    first.start()
    second.start()
    first.apply(year.raw[:100])
    with pytest.raises(FencedError):
        second.apply(year.raw[:50])
    assert second.position == 100
    second.apply(year.raw[:150])
    with pytest.raises(FencedError):
        first.apply(year.raw[100:])
    first.apply(year.raw[100:])
    followed(other, year.raw)
    assert fingerprints(engine) == fingerprints(other)


def test_a_gap_in_the_entries_stops_following_and_writes_nothing(engine: Engine) -> None:
    projector = followed(engine, YEAR[:10])
    with pytest.raises(LogCorruptError):
        projector.apply(YEAR[11:20])
    with reading(engine) as read:
        assert read.position == 10
        assert len(happenings(read)) == 10


def test_rows_and_position_are_of_one_moment(engine: Engine) -> None:
    projector = followed(engine, YEAR[:40])
    with reading(engine) as read:
        assert sum(entries_by_outcome(read).values()) == read.position == 40
        projector.apply(YEAR[40:80])
        assert sum(entries_by_outcome(read).values()) == read.position == 40
    with reading(engine) as read:
        assert sum(entries_by_outcome(read).values()) == read.position == 80


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.sets(st.integers(1, len(YEAR) - 1), max_size=25), restarts=st.booleans())
def test_any_split_into_batches_gives_equal_fingerprints(cuts: set[int], restarts: bool) -> None:
    with TemporaryDirectory() as folder:
        whole = open_engine(f"sqlite:///{Path(folder)}/whole.sqlite3")
        parts = open_engine(f"sqlite:///{Path(folder)}/parts.sqlite3")
        followed(whole, YEAR)
        projector = Projector(parts)
        projector.start()
        for start, end in pairwise([0, *sorted(cuts), len(YEAR)]):
            if restarts:
                projector = Projector(parts)
                projector.start()
            projector.apply(YEAR[start:end])
        assert fingerprints(parts) == fingerprints(whole)
        whole.dispose()
        parts.dispose()


def test_rows_read_one_by_one_give_the_same_as_rows_held_in_memory(
    new_engine: Callable[[], Engine], year: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, read_again = new_engine(), new_engine()
    followed(held, year.raw)
    monkeypatch.setattr("services.reporting.rows._MOST_LOADED", 0)
    monkeypatch.setattr("services.reporting.rows._MOST_KEPT", 0)
    projector = Projector(read_again)
    projector.start()
    for start in range(0, len(year.raw), 7):
        projector.apply(year.raw[start : start + 7])
    assert fingerprints(read_again) == fingerprints(held)


def test_an_entry_that_cannot_be_projected_is_parked_and_the_others_go_on(engine: Engine) -> None:
    log = Entries()
    founding(log)
    log.broken()
    log.says("/authorities/BVHTTDL", u.CycleOpened())
    projector = followed(engine, log.raw)
    assert projector.position == len(log.raw)
    with reading(engine) as read:
        parked = parked_entries(read)
        assert [one.position for one in parked] == [len(log.raw) - 1]
        assert "MalformedError" in parked[0].reason
        assert happenings(read, most=1)[0].type == u.CycleOpened.TYPE


def test_a_parked_entry_leaves_no_half_written_rows(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Entries()
    founding(log)
    log.says("/authorities/BVHTTDL", u.CycleOpened())
    log.says(unit("LCA"), u.ParticipationRegistered(unit="LCA", aims=(u.Aim(title="co-bo"),)))
    projector = Projector(engine)
    projector.start()
    project = projector.plan.project

    def fail(entry: object, rows: object) -> None:
        project(entry, rows)  # type: ignore[arg-type]
        if entry.type == u.ParticipationRegistered.TYPE:  # type: ignore[attr-defined]
            raise KeyError("LCA")

    monkeypatch.setattr(projector.plan, "project", fail)
    projector.apply(log.raw)
    with reading(engine) as read:
        assert [one.position for one in parked_entries(read)] == [len(log.raw)]
        assert happenings(read, most=1)[0].type == u.CycleOpened.TYPE
        assert happenings(read, unit="LCA", type=u.ParticipationRegistered.TYPE) == []


def test_too_many_parked_entries_stop_the_projector_and_nothing_of_the_batch_is_written(
    engine: Engine,
) -> None:
    log = Entries()
    for _ in range(4):
        log.broken()
    projector = Projector(engine, most_parked=2)
    projector.start()
    projector.apply(log.raw[:2])
    with pytest.raises(TooManyParkedError):
        projector.apply(log.raw[2:])
    assert projector.position == 2
    with reading(engine) as read:
        assert len(parked_entries(read)) == 2


def test_another_interleaving_of_two_cycles_differs_only_in_what_is_bound_to_the_log(
    new_engine: Callable[[], Engine],
) -> None:
    engines = []
    for order in ((CYCLE, "BVHTTDL/BGPB/2021"), ("BVHTTDL/BGPB/2021", CYCLE)):
        log = Entries()
        founding(log)
        for cycle in order:
            log.at = f"{cycle[-4:]}-03-01 08:00"
            log.says(f"/units/{'LCA' if cycle == CYCLE else 'HGI'}", u.CycleOpened(), cycle)
        engine = new_engine()
        followed(engine, log.raw)
        engines.append(engine)
    first, second = (fingerprints(e) for e in engines)
    assert first["timeline"] != second["timeline"]
    free = [fingerprints(e, bound_to_log=False) for e in engines]
    assert free[0]["cycles"] == free[1]["cycles"]


def test_pages_are_behind_until_all_that_the_log_held_at_the_start_is_projected(
    engine: Engine,
) -> None:
    projector = followed(engine, YEAR[:40])
    backlog = Backlog(projector, until=80)
    assert backlog.fault == "the read models have followed to position 40 of 80"
    projector.apply(YEAR[40:79])
    assert backlog.fault is not None
    projector.apply(YEAR[79:80])
    assert backlog.fault is None


def test_read_models_built_beside_the_live_ones_keep_nobody_from_reading_those(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed(engine, YEAR[:80])
    monkeypatch.setattr(TIMELINE, "version", TIMELINE.version + 1)
    anew = Projector(engine)
    assert anew.start() == 0
    assert Backlog(anew, until=80).fault is None


def test_a_time_with_another_offset_is_shown_as_the_log_writes_times(engine: Engine) -> None:
    def in_vietnam(moment: datetime) -> str:
        return moment.astimezone(LOCAL).isoformat()

    assert in_vietnam(local("2020-03-12 08:00")) == "2020-03-12T08:00:00+07:00"
    log = Entries(written=in_vietnam)
    founding(log)
    log.says(MINISTRY, u.CycleOpened(), at="2020-03-12 08:00")
    followed(engine, log.raw)
    with reading(engine) as read:
        assert happenings(read, most=1)[0].time == "2020-03-12T01:00:00.000Z"
        assert parked_entries(read) == []


@pytest.mark.postgres
def test_a_database_that_goes_away_while_it_takes_new_rows_takes_the_batch_once_it_is_back(
    new_postgres_database: Callable[[], str], year: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_postgres_database()
    engine, other = open_engine(url), open_engine(url)
    projector = Projector(engine, (TIMELINE,))
    projector.start()

    def project(entry: object, rows: object) -> None:
        projected(entry, rows)  # type: ignore[arg-type]
        with other.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    projected = projector.plan.project
    monkeypatch.setattr(projector.plan, "project", project)
    with pytest.raises(DatabaseAwayError):
        projector.apply(year.raw[:1])
    monkeypatch.undo()
    assert projector.position == 0
    projector.apply(year.raw[:2])
    with reading(engine) as read:
        assert [one.position for one in happenings(read)] == [2, 1]
    engine.dispose()
    other.dispose()


@pytest.mark.postgres
def test_sqlite_and_postgresql_give_equal_fingerprints(
    told: Engine, tmp_path: Path, year: Entries
) -> None:
    other = open_engine(f"sqlite:///{tmp_path}/other.sqlite3")
    followed(other, year.raw)
    assert fingerprints(other) == fingerprints(told)
    other.dispose()
