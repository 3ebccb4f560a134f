from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.units.door.house import APPS, REAL, House, a_house, settle_a_year

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def year(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A sandbox in the middle of a year: registered, scored, the cross-check planned."""
    folder = tmp_path_factory.mktemp("year")
    async with a_house(folder, origin="sandbox/three-2023", judges=tuple(APPS)) as house:
        await settle_a_year(house)
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A real log, its door open, and the units service deciding."""
    async with a_house(tmp_path_factory.mktemp("real"), origin=REAL, judges=("units",)) as house:
        yield house
