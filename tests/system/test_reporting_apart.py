"""Reporting in its three parts, each an OS process: one writer of the archive, and each goes on without the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from services.founding import found
from services.processes import APART, System
from services.reporting.checking import fingerprints_of_log
from services.sandbox import Sandbox, founded
from services.scenarios.format import read_scenario
from tests.conftest import THREE
from thidua.embedded import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A year played with seven processes; the parts share a database and the archive's folder alone."""
    folder: Path = tmp_path_factory.mktemp("apart")
    scenario = read_scenario(THREE)
    founding = founded(scenario, folder)
    valkey = RedisServer(folder / "valkey")
    valkey.start()
    environment = {
        "THIDUA_ORIGIN": founding.origin,
        "THIDUA_REDIS_URL": valkey.url,
        "THIDUA_ROOT_SPKI": founding.root.verifying_key.spki,
        "THIDUA_DATABASE_URL": f"sqlite:///{folder / 'read.sqlite3'}",
    }
    with System(folder, environment, valkey) as system:
        asyncio.run(found(founding, valkey.url))
        system.start(*APART)
        box = Sandbox(scenario, system, founding)
        box.play()
        yield box


def told(box: Sandbox, part: str, path: str = "/health/ready") -> httpx.Response:
    return httpx.get(f"{box.system.url(part)}{path}", timeout=20)


def comes(holds: Callable[[], bool]) -> bool:
    """Whether something comes to hold within twenty seconds."""

    async def wait() -> bool:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.1)
        return True

    return asyncio.run(wait())


def test_the_pages_show_what_the_log_says_and_what_is_sealed(apart: Sandbox) -> None:
    entries = apart.entries()
    assert comes(lambda: f"position={len(entries)}" in told(apart, "archive").text)
    assert comes(lambda: f"position={len(entries)}" in told(apart, "web").text)
    shown = told(apart, "web", "/v1/fingerprints").json()
    assert shown["fingerprints"] == fingerprints_of_log(entries)
    sealed = told(apart, "web", "/v1/archive").json()
    assert (sealed["position"], sealed["is_open"]) == (len(entries), True)


def test_the_figures_of_a_log_at_rest_are_published_by_the_archive_alone(apart: Sandbox) -> None:
    end = len(apart.entries())
    published = apart.system.folder / "archive" / "archive" / "fingerprints" / f"{end:012d}"
    assert comes(published.exists)


def test_the_pages_go_on_without_projector_and_archive_and_both_take_up_where_they_were(
    apart: Sandbox,
) -> None:
    for part in ("projector", "archive"):
        apart.system.kill(part)
    assert told(apart, "web").is_success
    assert told(apart, "web", "/en/").is_success
    for part in ("projector", "archive"):
        apart.system.launch(part)
    for part in ("projector", "archive"):
        apart.system.wait_ready(part)
    assert f"position={len(apart.entries())}" in told(apart, "projector").text


def test_a_second_archive_stands_by_and_takes_over_when_the_first_is_gone(apart: Sandbox) -> None:
    apart.system.start("archive@2")
    assert told(apart, "archive@2").is_success
    apart.system.kill("archive")
    log = apart.system.folder / "archive@2.log"
    assert comes(lambda: '"sealing_started"' in log.read_text(encoding="utf-8"))
    apart.system.kill("archive@2")
    apart.system.start("archive")


def test_each_part_shows_its_own_figures_and_no_other_parts(apart: Sandbox) -> None:
    own = {"projector": "thidua_project_seconds", "archive": "thidua_sealed_position"}
    for part in ("projector", "archive", "web"):
        page = told(apart, part, "/metrics").text
        assert "thidua_ready 1.0" in page
        assert {name for name, figure in own.items() if figure in page} == {part} & own.keys()
    assert "thidua_redis_up" not in told(apart, "web", "/metrics").text
