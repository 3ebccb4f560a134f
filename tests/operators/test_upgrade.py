"""An upgrade backs up, judges the whole log by the new release, builds its read models beside, and knows the way back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import redis
import typer
from sqlalchemy import update

from services.backup.checking import check
from services.backup.upgrading import REPORTING, upgrade
from services.reporting.database import all_generations, generations, looking, open_engine, writing
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Projector
from tests.operators.houses import RUN, House, another, restored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result
    from sqlalchemy import Engine

    from tests.operators.conftest import Played

UPGRADE = typer.Typer()
UPGRADE.command()(upgrade)


@dataclass
class Old:
    """A system whose read models another release has made; none of its processes runs."""

    house: House
    engine: Engine

    def upgrade(self, *options: str) -> Result:
        """``thidua upgrade``."""
        there = self.house.box.system
        where = {
            "archive": there.folder / "archive",
            "evidence": there.folder / "evidence",
            "database-url": there.environment["THIDUA_DATABASE_URL"],
            "redis-url": there.redis_url,
            "home": self.house.home,
        }
        given = [word for name, value in where.items() for word in (f"--{name}", str(value))]
        return RUN.invoke(UPGRADE, [*options, *given])

    def states(self) -> list[tuple[int, str]]:
        """Which generations there are."""
        with looking(self.engine) as connection:
            return [(one.number, one.state) for one in all_generations(connection)]

    def made_by(self, release: str) -> None:
        """Have the live read models be of another release."""
        live = generations.c.state == "live"
        with writing(self.engine) as connection:
            connection.execute(update(generations).where(live).values(version=release))


@pytest.fixture
def old(played: Played, tmp_path: Path) -> Iterator[Old]:
    place = tmp_path / "place"
    place.mkdir()
    with another(played.house, place) as box:
        done = restored(played.last, place, box.system.redis_url, "--keys", str(played.keys))
        assert done.exit_code == 0, done.output
        engine = open_engine(box.system.environment["THIDUA_DATABASE_URL"])
        yield Old(House(box, place), engine)
        engine.dispose()


def told(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_changed_read_models_are_built_beside_switched_with_equal_figures_and_switched_back(
    old: Old, tmp_path: Path
) -> None:
    before, entries = fingerprints(old.engine), old.house.box.entries()
    old.made_by("older")
    done = told(old.upgrade(str(tmp_path / "backup"), "--json"))
    assert (done["changed"], done["live"], done["judged"]) == (True, True, len(entries))
    assert old.states() == [(1, "kept"), (2, "live")]
    assert fingerprints(old.engine) == before
    held = check(tmp_path / "backup", old.house.policy).restoration
    assert [raw for _, raw in held.entries(0)] == [entry.raw for entry in entries]
    assert told(old.upgrade("--back", "--json"))["back"] == 1
    assert old.states() == [(1, "live"), (2, "kept")]


@pytest.mark.parametrize("name", sorted(REPORTING))
def test_while_reporting_runs_they_are_left_beside_for_the_new_release_to_switch_when_it_starts(
    old: Old, tmp_path: Path, name: str
) -> None:
    old.made_by("older")
    url = old.house.box.system.redis_url
    with redis.Redis.from_url(url, client_name=name) as client:
        client.ping()
        done = told(old.upgrade(str(tmp_path / "backup"), "--json"))
        refused = old.upgrade("--back")
    assert (done["changed"], done["live"]) == (True, False)
    assert old.states() == [(1, "live"), (2, "building")]
    assert (refused.exit_code, "is running" in refused.output) == (1, True)
    started = Projector(old.engine)
    assert started.start() == done["position"]
    assert old.states() == [(1, "kept"), (2, "live")]


def test_a_release_with_the_same_read_models_changes_nothing_and_still_backs_up(
    old: Old, tmp_path: Path
) -> None:
    done = told(old.upgrade(str(tmp_path / "backup"), "--json"))
    assert done["changed"] is False
    assert old.states() == [(1, "live")]
    check(tmp_path / "backup", old.house.policy)
    again = old.upgrade(str(tmp_path / "backup"))
    assert (again.exit_code, "exists already" in again.output) == (1, True)
    back = old.upgrade("--back")
    assert (back.exit_code, "no earlier generation" in back.output) == (1, True)
    alone = old.upgrade()
    assert (alone.exit_code, "backup is needed" in alone.output) == (1, True)
