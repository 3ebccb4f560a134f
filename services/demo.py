"""``thidua demo``: the whole system on this machine, playing a scenario through the real way in."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.founding import CHECKPOINT_KEY
from services.reporting.archive import PUBLIC
from services.reporting.web.words import in_both
from services.sandbox import Sandbox, sandbox
from services.scenarios.format import Scenario, read_scenario
from services.scenarios.secret import in_secret
from thidua.embedded import LOOPBACK
from thidua.errors import ThiduaError
from thidua.identity import read_key
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy, write_policy

SEED: Final = Path(__file__).parent / "scenarios" / "border-2020.jsonl"


def demo(
    scenario: Annotated[Path, typer.Option(help="Scenario file (JSON Lines).")] = SEED,
    once: Annotated[bool, typer.Option("--once", help="Stop when the outcome is printed.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8080,
    secret: Annotated[
        bool, typer.Option("--secret", help="Bỏ phiếu kín / hold every ballot in secret.")
    ] = False,
) -> None:
    """
    Chạy thử một năm thi đua trên máy này. / Play a year on this machine: embedded Valkey, every service a process.

    Pages stay on http://127.0.0.1:PORT until Ctrl-C, unless --once is given.
    """
    told = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="thidua-demo-"))
    try:
        read = read_scenario(scenario)
        year = in_secret(read) if secret else read
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
    with sandbox(year, folder, port=None if port is None else _free(port)) as box:
        _play(box, told, quiet=as_json)
        outcome = box.outcome()
        if as_json:
            typer.echo(json.dumps(outcome, ensure_ascii=False, indent=1))
        else:
            say_outcome(outcome, year)
        if port is not None:
            pages = box.system.url("reporting")
            told.print(
                f"\nTrang báo cáo / pages: [bold]{pages}[/bold]   (Ctrl-C để dừng / to stop)"
            )
            told.print(
                f"Cổng tiếp nhận / door: {box.system.url('door')}   khóa / keys: {folder / 'keys'}",
                soft_wrap=True,
            )
            audit = (
                f"thidua verify {folder / 'archive' / PUBLIC} --policy {paper_policy(box, folder)}"
            )
            told.print(f"Tự kiểm / audit: {audit}", soft_wrap=True, highlight=False)
            _wait_for_stop()
    return outcome


def _play(box: Sandbox, told: Console, *, quiet: bool) -> None:
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=told, disable=quiet or not told.is_terminal) as bar:
        task = bar.add_task(box.scenario.setup.title, total=len(box.scenario.lines))
        box.play(lambda done, _all, _what: bar.update(task, completed=done))


def say_outcome(outcome: dict[str, Any], year: Scenario) -> None:
    """Print the outcome for people, Vietnamese first; codes of units and titles stay as the scenario has them."""
    console = Console()
    console.print(f"[bold]{year.setup.title}[/bold]   (THỬ NGHIỆM / SANDBOX)")
    console.print(
        f"Cụm trưởng / chair: [bold]{outcome['chair']}[/bold]   Cụm phó / deputy: [bold]{outcome['deputy']}[/bold]   "
        f"Chữ ký giao ước / signatures: {outcome['signatures']}"
    )
    ranking = Table("Hạng", "Đơn vị", "Tổng điểm", title="Xếp hạng / ranking")
    for row in outcome["ranking"]:
        ranking.add_row(str(row["rank"]), row["unit"], row["total"].replace(".", ","))
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
            in_both("office", ballot["subject"]),
            in_both("mode", ballot["mode"]),
            figures,
            votes,
            str(ballot["threshold"]),
            passed,
        )
    console.print(ballots)
    awards = Table("Đơn vị", "Khen thưởng", "Trạng thái", title="Khen thưởng / awards")
    for award in outcome["awards"]:
        awards.add_row(award["unit"], award["award"], in_both("award state", award["state"]))
    console.print(awards)
    console.print(f"Tiền thưởng / reward: {outcome['reward_total']:,} đồng".replace(",", "."))
    equal = "khớp / equal" if outcome["fingerprints_equal"] else "KHÔNG KHỚP / NOT EQUAL"
    console.print(
        f"{outcome['entries']} mục / entries, {outcome['recorded']} ghi nhận / recorded, "
        f"{outcome['refused']} từ chối / refused; dựng lại từ nhật ký / rebuilt from the log: {equal}"
    )


def paper_policy(box: Sandbox, folder: Path) -> Path:
    """What an auditor would have on paper: here the demo itself founded the log, so it writes it."""
    signer = NoteSigner(box.founding.origin, read_key(folder / "keys" / CHECKPOINT_KEY))
    policy = Policy(signer.public, root_spki=box.founding.root.verifying_key.spki)
    path = folder / "policy.txt"
    path.write_text(write_policy(policy), encoding="utf-8")
    return path


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
