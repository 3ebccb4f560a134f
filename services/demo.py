"""``thidua demo``: the whole system on this machine, playing a scenario through the real way in."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.ballots.domain import JUDGE as BALLOTS
from services.founding import found, plan
from services.player import Player, first_moment
from services.pledges.domain import JUDGE as PLEDGES
from services.processes import System
from services.reporting.checking import fingerprints_of_log
from services.scenarios.format import Scenario, read_scenario
from services.units.domain import JUDGE as UNITS
from thidua.audit.rejudging import Rejudging
from thidua.embedded import LOOPBACK, RedisServer
from thidua.errors import ThiduaError
from thidua.log import Entry, Names
from thidua.log.redis_log import RedisLog
from thidua.publishing import DoorClient
from thidua.stream import new_client

SEED: Final = Path(__file__).parent / "scenarios" / "border-2020.jsonl"
PAGE: Final = 1000


def demo(
    scenario: Annotated[Path, typer.Option(help="Scenario file (JSON Lines).")] = SEED,
    once: Annotated[bool, typer.Option("--once", help="Stop when the outcome is printed.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8080,
) -> None:
    """
    Chạy thử một năm thi đua trên máy này. / Play a year on this machine: embedded Valkey, every service a process.

    Pages stay on http://127.0.0.1:PORT until Ctrl-C, unless --once is given.
    """
    told = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="thidua-demo-"))
    try:
        year = read_scenario(scenario)
        outcome = _run(year, folder, port=None if once else port, told=told, as_json=as_json)
    except ThiduaError as error:
        told.print(f"[bold]{error}[/bold]\n{error.diagnostics()}", highlight=False)
        told.print(f"Nhật ký các tiến trình / process logs: {folder}", highlight=False)
        raise typer.Exit(1) from None
    shutil.rmtree(folder, ignore_errors=True)
    if not (outcome["fingerprints_equal"] and outcome["verified"]):
        raise typer.Exit(4)


def _run(
    year: Scenario, folder: Path, *, port: int | None, told: Console, as_json: bool
) -> dict[str, Any]:
    setup = year.setup
    founding = plan(
        folder,
        origin=setup.origin,
        authority=setup.authority.code,
        name_vi=setup.authority.name_vi,
        name_en=setup.authority.name_en,
        rx_ms=first_moment(year),
    )
    valkey = RedisServer(folder / "valkey")
    valkey.start()
    environment = {
        "THIDUA_ORIGIN": setup.origin,
        "THIDUA_REDIS_URL": valkey.url,
        "THIDUA_DATABASE_URL": f"sqlite:///{folder / 'reporting.sqlite3'}",
    }
    system = System(folder, environment, valkey)
    if port is not None:
        system.ports["reporting"] = _free(port)
    with system:
        asyncio.run(found(founding, valkey.url))
        system.start()
        _play(year, system, founding.root, founding.root_kid, told, quiet=as_json)
        outcome = _outcome(year, system, founding.root.verifying_key.spki)
        if as_json:
            typer.echo(json.dumps(outcome, ensure_ascii=False, indent=1))
        else:
            _print(outcome, year)
        if port is not None:
            told.print(
                f"\nTrang báo cáo / pages: [bold]{system.url('reporting')}[/bold]   (Ctrl-C để dừng / to stop)"
            )
            _wait_for_stop()
    return outcome


def _play(
    year: Scenario, system: System, root: Any, root_kid: str, told: Console, *, quiet: bool
) -> None:
    door = DoorClient(system.url("door"))
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=told, disable=quiet or not told.is_terminal) as bar:
        task = bar.add_task(year.setup.title, total=len(year.lines))
        player = Player(
            year,
            door,
            root,
            root_kid,
            on_progress=lambda done, _all, _what: bar.update(task, completed=done),
        )
        try:
            player.play()
        finally:
            door.close()


def _outcome(year: Scenario, system: System, root_spki: str) -> dict[str, Any]:
    """What the reporting API says, and whether a rebuild and a re-judging of the log say the same."""
    cycle = next(line.subject for line in year.lines if "/" in line.subject)
    with httpx.Client(base_url=system.url("reporting"), timeout=30) as api:
        outcome: dict[str, Any] = (
            api.get("/v1/outcome", params={"cycle": cycle}).raise_for_status().json()
        )
        served = api.get("/v1/fingerprints").raise_for_status().json()["fingerprints"]
    entries = asyncio.run(_entries(system.valkey.url))
    rejudged = Rejudging(
        (UNITS, BALLOTS, PLEDGES), origin=year.setup.origin, root_spki=root_spki
    ).run(entries)
    outcome["fingerprints_equal"] = fingerprints_of_log(entries) == served
    outcome["verified"] = rejudged.signatures == len(entries) - rejudged.said
    outcome["sandbox"] = True
    return outcome


async def _entries(redis_url: str) -> list[Entry]:
    client = new_client(redis_url)
    log = RedisLog(client, Names())
    entries: list[Entry] = []
    while page := await log.read(len(entries), PAGE):
        entries += page
    await client.aclose()
    return entries


def _print(outcome: dict[str, Any], year: Scenario) -> None:
    console = Console()
    console.print(f"[bold]{year.setup.title}[/bold]   (THỬ NGHIỆM / SANDBOX)")
    console.print(
        f"Cụm trưởng / chair: [bold]{outcome['chair']}[/bold]   Cụm phó / deputy: [bold]{outcome['deputy']}[/bold]   "
        f"Chữ ký giao ước / signatures: {outcome['signatures']}"
    )
    ranking = Table("Hạng", "Đơn vị", "Tổng điểm", title="Xếp hạng / ranking")
    for row in outcome["ranking"]:
        ranking.add_row(str(row["rank"]), row["unit"], row["total"])
    console.print(ranking)
    ballots = Table(
        "Nội dung",
        "Hình thức",
        "Phát/thu/hợp lệ",
        "Phiếu thuận",
        "Cần",
        "Đạt",
        title="Bỏ phiếu / ballots",
    )
    for ballot in outcome["ballots"]:
        votes = ", ".join(f"{unit} {n}" for unit, n in ballot["votes"].items())
        figures = f"{ballot['issued']}/{ballot['returned']}/{ballot['valid']}"
        passed = ", ".join(ballot["passed"])
        ballots.add_row(
            ballot["subject"], ballot["mode"], figures, votes, str(ballot["threshold"]), passed
        )
    console.print(ballots)
    awards = Table("Đơn vị", "Khen thưởng", "Trạng thái", title="Khen thưởng / awards")
    for award in outcome["awards"]:
        awards.add_row(award["unit"], award["award"], award["state"])
    console.print(awards)
    console.print(f"Tiền thưởng / reward: {outcome['reward_total']:,} đồng".replace(",", "."))
    equal = "khớp / equal" if outcome["fingerprints_equal"] else "KHÔNG KHỚP / NOT EQUAL"
    console.print(
        f"{outcome['entries']} mục / entries, {outcome['recorded']} ghi nhận / recorded, "
        f"{outcome['refused']} từ chối / refused; dựng lại từ nhật ký / rebuilt from the log: {equal}"
    )


def _free(port: int) -> int:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise PortTakenError(port) from None
    return port


class PortTakenError(ThiduaError):
    """Somebody else listens on the port of the pages."""

    def __init__(self, port: int) -> None:
        super().__init__(f"cổng {port} đang được dùng / port {port} is taken")

    def diagnostics(self) -> str:
        """Name the option."""
        return "Chọn cổng khác / choose another one: make demo ARGS='--port 8090'"


def _wait_for_stop() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
