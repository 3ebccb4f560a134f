"""What the processes show to Prometheus and to the operator's screen, all of them at work on one real log."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.condition import condition
from services.reporting.app import ReportingSettings
from services.reporting.app import create_app as reporting_app
from services.status import Watch, addresses, lines_of, read_figures
from services.units.app import create_app as units_app
from tests.units.door.house import AUTHORITY, REAL, UNIT_REGISTERED, House, a_house, alive, until
from thidua.publishing import Publisher
from thidua.serving import ServiceSettings
from thidua.signing import Algorithm, SigningKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from services.condition import Figures, Look


pytestmark = pytest.mark.asyncio(loop_scope="module")


class Shop:
    """The door, units and reporting of one log."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.http: dict[str, httpx.AsyncClient] = {"door": house.http}

    async def text(self, name: str, path: str) -> str:
        return (await self.http[name].get(path)).text

    async def figures(self, name: str) -> Figures:
        return read_figures(await self.text(name, "/metrics"))

    async def screen(self, *hidden: str) -> Look:
        """What ``thidua status`` sees, but for *hidden*; asked through the real answers of the real apps."""
        answers: dict[tuple[str, str], httpx.Response] = {}
        for name, http in self.http.items():
            paths = ["/health/ready", "/metrics"]
            paths += ["/v1/status"] if name == "door" else []
            paths += ["/v1/archive", "/v1/entries", "/v1/parked"] if name == "reporting" else []
            for path in paths:
                answers[name, path] = await http.get(path)

        def answer(request: httpx.Request) -> httpx.Response:
            # Here one process answers where the pages are asked.
            name = "reporting" if request.url.host == "web" else request.url.host
            found = answers.get((name, request.url.path))
            if found is None or name in hidden:
                raise httpx.ConnectError("refused")
            return httpx.Response(found.status_code, text=found.text)

        return Watch(addresses({}, inside=True), None, httpx.MockTransport(answer)).look()


@asynccontextmanager
async def beside(stack: AsyncExitStack, app: Any, name: str) -> AsyncIterator[httpx.AsyncClient]:
    await stack.enter_async_context(alive(app))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}") as http:
        yield http


async def say_what_goes_wrong(house: House) -> None:
    """One event is turned away at the door, one refused in the log, one answered beside it."""
    assert (await house.post("no.jws.here")).status_code >= 400
    again = {"unit": "M0001", "name_vi": "Sở", "short_vi": "Sở", "kind": "other", "province": "X"}
    again |= {"valid_from": "2015-01-01", "basis": "QĐ 2"}
    told = await house.send(
        AUTHORITY, house.sign(AUTHORITY, UNIT_REGISTERED, again, subject=AUTHORITY)
    )
    assert told.json()["outcome"] == "refused", told.text
    stray = Publisher(
        REAL, house.publishers[AUTHORITY].source, house.founding.root_kid, house.founding.root
    )
    told = await house.post(stray.sign(UNIT_REGISTERED, AUTHORITY, again))
    assert told.json()["code"].startswith("CHAIN"), told.text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("shop")
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(
            a_house(folder / "door", origin=REAL, evidence_folder=folder / "evidence")
        )
        shop = Shop(house)
        url = SecretStr(house.server.url)
        units = ServiceSettings(
            origin=REAL,
            redis_url=url,
            signing_key=SecretStr(house.founding.services["units"].to_pem().decode()),
        )
        checkpoints = SigningKey.generate(Algorithm.EDDSA).to_pem().decode()
        reporting = ReportingSettings(
            origin=REAL,
            redis_url=url,
            database_url=SecretStr(f"sqlite:///{folder}/read.sqlite3"),
            archive_dir=folder / "archive",
            signing_key=SecretStr(checkpoints),
        )
        for name, app in (("units", units_app(units)), ("reporting", reporting_app(reporting))):
            shop.http[name] = await stack.enter_async_context(beside(stack, app, name))
        await house.goes_on()
        await say_what_goes_wrong(house)
        yield shop


async def test_what_became_of_events_is_counted_where_it_was_decided(shop: Shop) -> None:
    door, units = await shop.figures("door"), await shop.figures("units")
    assert door["thidua_accepted_total", "units"] == 3
    assert (
        sum(value for (name, _), value in door.items() if name == "thidua_turned_away_total") == 1
    )
    refused = {code: n for (name, code), n in units.items() if name == "thidua_refused_total"}
    assert sum(refused.values()) == 1
    answered = {code: n for (name, code), n in units.items() if name == "thidua_answered_total"}
    assert sum(answered.values()) == 1
    assert units["thidua_recorded_total", ""] == 1
    assert units["thidua_judge_seconds_count", ""] == units["thidua_append_seconds_count", ""] >= 3


async def test_every_process_shows_that_it_is_ready_and_has_followed_the_log_to_its_end(
    shop: Shop,
) -> None:
    async def settled() -> bool:
        return (await shop.figures("reporting"))["thidua_sealed_position", ""] == tail

    tail = len(await shop.house.entries())
    await until(settled, "the archive seals the log")
    for name, followers in (
        ("door", ("door",)),
        ("units", ("units",)),
        ("reporting", ("projector", "archive")),
    ):
        figures = await shop.figures(name)
        assert figures["thidua_log_position", ""] == tail
        for state in ("ready", "redis_up", "gate_open", "redis_writes_ok"):
            assert figures[f"thidua_{state}", ""] == 1, (name, state)
        assert abs(figures["thidua_clock_offset_seconds", ""]) < 2
        assert figures["process_resident_memory_bytes", ""] > 0
        for follower in followers:
            assert figures["thidua_followed_position", follower] == tail
            assert figures["thidua_lag_entries", follower] == 0
            assert figures["thidua_halted", follower] == 0
    reporting = await shop.figures("reporting")
    assert reporting["thidua_read_model_position", ""] == tail
    assert reporting["thidua_parked_entries", ""] == 0
    assert reporting["thidua_disk_free_bytes", "archive"] > 0


async def test_no_page_of_figures_names_a_publisher_a_key_a_subject_or_an_event(shop: Shop) -> None:
    for name in shop.http:
        page = await shop.text(name, "/metrics")
        for told in (AUTHORITY, "M0001", "/units/", shop.house.founding.root_kid):
            assert told not in page, (name, told)


async def test_the_screen_of_a_system_at_rest_asks_for_nobody(shop: Shop) -> None:
    async def at_rest() -> bool:
        status = (await shop.house.http.get("/v1/status")).json()
        followed = {status["followed"].get(name) for name in ("units", "projector", "archive")}
        return followed == {status["position"]}

    await until(at_rest, "everybody has followed")
    look = await shop.screen()
    told = condition(look, look, frozenset({"door", "units", "web"}))
    # The two services that do not run here have followed nothing, and do not move.
    assert [need.partition(":")[0] for need in told.needs] == ["ballots", "pledges"]
    assert told.position == told.sealed == len(await shop.house.entries())
    assert (told.recorded, told.refused) == (told.position - 1, 1)
    assert {disk.folder for disk in told.disks} == {"archive", "evidence"}
    states = {one.name: one.state for one in told.processes}
    expected = ("door", "units", "ballots", "pledges", "reporting")
    assert states == {name: "ready" if name in shop.http else "unseen" for name in expected}
    assert any("mở / open" in line for line in lines_of(told))


async def test_the_screen_says_who_does_not_answer_and_what_it_cannot_see(shop: Shop) -> None:
    look = await shop.screen("reporting", "units")
    told = condition(look, look, frozenset({"door", "web"}))
    states = {one.name: one.state for one in told.processes}
    assert (states["web"], states["units"]) == ("down", "unseen")
    assert any(need.startswith("web: không trả lời") for need in told.needs)
    assert told.sealed is None
    assert told.document()["good"] is False


async def test_while_redis_hangs_the_figures_still_come_and_say_so(tmp_path: Path) -> None:
    async with a_house(tmp_path, origin=REAL) as house:
        assert house.server.pid is not None
        os.kill(house.server.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(8):
                page = (await house.http.get("/metrics")).text
        finally:
            os.kill(house.server.pid, signal.SIGCONT)
        figures = read_figures(page)
        for state in ("redis_up", "gate_open", "ready"):
            assert figures[f"thidua_{state}", ""] == 0, state
