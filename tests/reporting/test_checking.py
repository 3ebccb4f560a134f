"""What a verification rebuilds has the fingerprints of what is served, whoever opened its events, parked ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from services.reporting.checking import fingerprints_at, rebuilding
from services.reporting.database import generations, writing
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Projector
from services.reporting.projection import Plan
from services.reporting.projections.parked import parked
from services.reporting.publishing import prints_at
from services.reporting.reading import reading
from tests.reporting.entries import Entries, unit
from tests.reporting.year import founding
from thidua.contracts import units as u
from thidua.errors import MalformedError
from thidua.knowledge import Opened, moment, open_jws
from thidua.log import Entry, read_entry
from thidua.signing import parse_jws

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Engine

    from services.reporting.projected import ProjectedEntry
    from services.reporting.rows import Rows


def opened(entry: Entry) -> Opened | None:
    if entry.jws is None:
        return None
    try:
        return open_jws(parse_jws(entry.jws), moment(entry.rx_ms))
    except MalformedError:
        return None


def rebuilt(log: Entries, *, by_us: bool) -> dict[str, str]:
    with rebuilding() as rebuild:
        for position, raw in log.raw:
            entry = read_entry(position, raw)
            rebuild.take(entry, opened(entry) if by_us else None)
        return rebuild.prints()


def test_the_rebuilt_read_models_equal_the_served_ones(told: Engine, year: Entries) -> None:
    served = fingerprints(told)
    assert rebuilt(year, by_us=True) == served
    assert rebuilt(year, by_us=False) == served
    assert fingerprints_at(lambda after, most: year.raw[after : after + most], len(year.raw)) == (
        served
    )


def test_figures_that_another_release_projected_are_not_published_as_of_this_one(
    told: Engine, year: Entries
) -> None:
    position = len(year.raw)
    assert prints_at(told, position) == fingerprints(told)
    assert prints_at(told, position - 1) is None
    with writing(told) as connection:
        connection.execute(update(generations).values(version="older"))
    assert prints_at(told, position) is None


def test_an_entry_that_cannot_be_projected_is_left_out_as_it_is_where_it_is_served(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Entries()
    founding(log)
    log.broken()
    log.says(unit("LCA"), u.ParticipationRegistered(unit="LCA", aims=(u.Aim(title="co-bo"),)))
    log.says("/authorities/BVHTTDL", u.CycleOpened())
    project = Plan.project

    def fail(plan: Plan, entry: ProjectedEntry, rows: Rows) -> None:
        project(plan, entry, rows)
        if entry.type == u.ParticipationRegistered.TYPE:
            raise KeyError("LCA")

    monkeypatch.setattr(Plan, "project", fail)
    projector = Projector(engine)
    projector.start()
    projector.apply(log.raw)
    with reading(engine) as read:
        assert read.count(parked) == 2
    served = fingerprints(engine)
    assert rebuilt(log, by_us=True) == served
    assert rebuilt(log, by_us=False) == served
