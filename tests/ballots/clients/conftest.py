from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.ballots.clients.town import Town, founded, gone_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.ballots.clients.house import Stage


@dataclass(frozen=True)
class Reached:
    """A stage, its folder, and what was noted on the way."""

    folder: Path
    stage: Stage
    closes: datetime | None
    trackers: tuple[str, ...] = ()


@pytest.fixture(scope="session")
def at_opening(tmp_path_factory: pytest.TempPathFactory) -> Reached:
    """All trustees have confirmed, all units have registered, the box is open."""
    folder = tmp_path_factory.mktemp("opening")
    with founded(folder) as town:
        town.make_keys()
        town.confirm()
        town.register()
        town.open()
        town.house.archive.stop()
        return Reached(folder, town.house.stage, town.closes)


@pytest.fixture(scope="session")
def at_closing(at_opening: Reached, tmp_path_factory: pytest.TempPathFactory) -> Reached:
    """Everybody has voted, the first unit twice, and the box is closed."""
    folder = tmp_path_factory.mktemp("closing")
    with gone_on(folder, at_opening.folder, at_opening.stage, at_opening.closes) as town:
        trackers = town.vote_all()
        town.close()
        town.house.archive.stop()
        return Reached(folder, town.house.stage, town.closes, tuple(trackers))


@pytest.fixture
def opened(at_opening: Reached, tmp_path: Path) -> Iterator[Town]:
    """A town whose box is open."""
    with gone_on(tmp_path, at_opening.folder, at_opening.stage, at_opening.closes) as town:
        yield town


@pytest.fixture
def closed(at_closing: Reached, tmp_path: Path) -> Iterator[Town]:
    """A town whose box is closed; nothing was decrypted yet."""
    with gone_on(tmp_path, at_closing.folder, at_closing.stage, at_closing.closes) as town:
        yield town
