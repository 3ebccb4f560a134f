"""A log of this machine with everything a publisher needs of it: store, door, units service, archive."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from services.founding import found, plan
from services.processes import System
from tests.faults.running import becomes_ready
from thidua.clock import to_ms
from thidua.embedded import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thidua.genesis import Founding

# Reporting's archive opens the log for writing again after each restart of the store.
PROCESSES: Final = ("reporting", "units", "door")
PATIENCE: Final = 150.0


@contextmanager
def running_log(folder: Path, *, origin: str, authority: str) -> Iterator[tuple[System, Founding]]:
    """A real log, founded and ready to be published to."""
    founding = plan(
        folder,
        origin=origin,
        authority=authority,
        name_vi="Bộ",
        name_en=None,
        rx_ms=to_ms(datetime.now(UTC)),
    )
    valkey = RedisServer(folder / "valkey")
    environment = {
        "THIDUA_ORIGIN": origin,
        "THIDUA_REDIS_URL": valkey.url,
        "THIDUA_DATABASE_URL": f"sqlite:///{folder / 'reporting.sqlite3'}",
    }
    with System(folder, environment, valkey) as system:
        valkey.start()
        asyncio.run(found(founding, valkey.url))
        for name in PROCESSES:
            system.launch(name)
        for name in PROCESSES:
            assert becomes_ready(system, name, PATIENCE), folder / f"{name}.log"
        yield system, founding
