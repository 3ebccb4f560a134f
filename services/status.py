"""``thidua status`` and ``thidua parked``: what an operator looks at every morning, asked over HTTP alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import httpx
import typer
from prometheus_client.parser import text_string_to_metric_families

from services.backup.marker import read_marker
from services.condition import PROCESSES, WHOLE, Backup, Condition, Look, condition
from thidua.cli.answers import AsJson, Exit, show
from thidua.clock import WallClock, parse_instant, to_ms
from thidua.embedded import LOOPBACK
from thidua.errors import RetryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.backup.marker import Marker
    from services.condition import Figures

PORTS: Final = {
    "door": 8081,
    "units": 8082,
    "ballots": 8083,
    "pledges": 8084,
    "web": 8080,
    "projector": 8085,
    "archive": 8086,
}
PUBLISHED: Final = frozenset({"door", "web"})
"""What compose lets be seen from the machine it runs on."""
PAGES: Final = "web"
TIMEOUT: Final = 5.0
HOUR: Final = 3600.0


class ReportingAwayError(RetryError):
    """The reporting service does not answer as it should."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} không trả lời / does not answer: {reason}")


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to ask, by name; *marker* is the file whose age is that of the last backup; *transport* another way than the net."""

    addresses: Mapping[str, str]
    marker: Path | None = None
    transport: httpx.BaseTransport | None = None

    def look(self) -> Look:
        """What everybody answers now."""
        with httpx.Client(timeout=TIMEOUT, transport=self.transport) as http:
            ready: dict[str, tuple[bool, str]] = {}
            figures: dict[str, Figures] = {}
            for name, url in self.addresses.items():
                told = _get(http, f"{url}/health/ready")
                who, _, words = ("" if told is None else told.text).partition(" ")
                # Something else may listen on the port; where the pages are, the whole of reporting may be.
                is_whole = name == PAGES and who == WHOLE
                if (
                    told is None
                    or not words.startswith("position=")
                    or not (who == name or is_whole)
                ):
                    continue
                ready[who] = told.is_success, words.strip()
                page = _get(http, f"{url}/metrics")
                if page is not None and page.is_success:
                    figures[who] = read_figures(page.text)
            pages = self.addresses[PAGES] if {PAGES, WHOLE} & ready.keys() else None
            door = self.addresses["door"] if "door" in ready else None
            parked = _document(http, pages, "/v1/parked")
            now = WallClock().now_ms() / 1000
            last = None if self.marker is None else read_marker(self.marker)
            return Look(
                ready=ready,
                figures=figures,
                door=_document(http, door, "/v1/status"),
                archive=_document(http, pages, "/v1/archive"),
                entries=(_document(http, pages, "/v1/entries") or {}).get("data"),
                parked=None if parked is None else len(parked["data"]),
                now=now,
                backup_hours=_age(self.marker, last, now),
                backup_asked=self.marker is not None,
                backup=None
                if last is None
                else Backup(last.folder, last.position, last.proof, last.proved),
            )


def read_figures(page: str) -> Figures:
    """The values of a page of Prometheus' text format; those with more than one label are left out."""
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if len(sample.labels) <= 1:
                label = next(iter(sample.labels.values()), "")
                found[sample.name, label] = sample.value
    return found


def lines_of(told: Condition) -> Iterator[str]:
    """The screen."""
    if told.needs:
        yield "CẦN NGƯỜI XEM / NEEDS A PERSON"
        yield from (f"  ! {need}" for need in told.needs)
    else:
        yield "TỐT / GOOD"
    yield ""
    states = {
        "ready": "sẵn sàng / ready",
        "not ready": "chưa sẵn sàng / not ready",
        "unseen": "không thấy được từ đây / not seen from here",
        "down": "không trả lời / does not answer",
    }
    for process in told.processes:
        yield f"{process.name:<10} {states[process.state]}  {process.words}".rstrip()
    yield ""
    gate = {"open": "mở / open", "closed": "đóng / closed"}.get(told.gate or "", "?")
    why = f": {told.gate_reason}" if told.gate_reason else ""
    yield f"sự kiện cuối / last event     {told.last_event or '?'}"
    yield f"vị trí / position             {_known(told.position)}"
    yield f"cổng ghi / gate               {gate}{why}"
    yield f"đã niêm / sealed              {_known(told.sealed)}"
    yield f"chậm / lag                    {_pairs(told.lag)}"
    yield f"chờ xét / waiting             {_pairs(told.waiting)}"
    yield f"đã ghi / recorded             {_known(told.recorded)}"
    yield f"bị từ chối / refused          {_known(told.refused)}"
    yield f"để riêng / parked             {_known(told.parked)}"
    for disk in told.disks:
        yield f"đĩa / disk {disk.folder:<18} {disk.free / 2**30:.1f} / {disk.size / 2**30:.1f} GiB"
    memory = "?" if told.redis_memory is None else f"{100 * told.redis_memory:.0f} %"
    hours = "?" if told.backup_hours is None else f"{told.backup_hours:.0f} h"
    yield f"bộ nhớ Redis / Redis memory   {memory}"
    yield f"sao lưu / backup              {hours}{_proven(told.backup)}"


def status(
    as_json: AsJson = False,
    inside: Annotated[
        bool,
        typer.Option("--inside", help="Run inside a container of compose: every process is asked."),
    ] = False,
    at: Annotated[
        list[str] | None,
        typer.Option(help="Where a process is asked: NAME=URL, once for each.", metavar="NAME=URL"),
    ] = None,
    backup_marker: Annotated[
        Path | None,
        typer.Option(
            help="last-backup.json beside the backups, or a file that each touches: age and proof."
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, max=60, help="Seconds between two looks at who is behind.")
    ] = 2.0,
) -> None:
    """
    Mọi thứ có ổn không, trên một màn hình. / Is all well? One screen; exit code 1 when a person is needed.

    Without addresses: the ports of this machine, where compose publishes the door and the pages only.
    """
    given = dict(named(one) for one in at or ())
    watch = Watch(addresses(given, inside=inside), backup_marker)
    expected = frozenset(PROCESSES) if inside else PUBLISHED | given.keys()
    before = watch.look()
    told = condition(before, before, expected)
    if any((*told.lag.values(), *told.waiting.values())):
        time.sleep(seconds)
        told = condition(before, watch.look(), expected)
    show(told.document(), lines_of(told), as_json=as_json)
    raise typer.Exit(Exit.FAILED if told.needs else Exit.GOOD)


def addresses(given: Mapping[str, str], *, inside: bool) -> dict[str, str]:
    """Where each process is asked: where it was said, by its name inside compose, else on this machine's port."""
    return {
        name: (
            given.get(name)
            or (f"http://{name}:8000" if inside else f"http://{LOOPBACK}:{PORTS[name]}")
        ).rstrip("/")
        for name in PROCESSES
    }


def named(text: str) -> tuple[str, str]:
    """A process and its address as an option gives them; raises ``typer.BadParameter`` for what is neither."""
    name, _, url = text.partition("=")
    name = PAGES if name == WHOLE else name
    if name not in PROCESSES or not url.startswith(("http://", "https://")):
        known = ", ".join(PROCESSES)
        raise typer.BadParameter(
            f"{text!r}: cần TÊN=địa chỉ, tên là một trong / expected NAME=URL, NAME one of: {known}"
        )
    return name, url


parked = typer.Typer(
    no_args_is_help=True,
    help="Mục mà số liệu để xem phải để riêng. / Entries that the read models had to leave out.",
)


@parked.callback()
def _parked() -> None:
    """Mục mà số liệu để xem phải để riêng. / Entries that the read models had to leave out."""


@parked.command("list")
def parked_list(
    as_json: AsJson = False,
    reporting: Annotated[
        str, typer.Option(help="Address of the pages.")
    ] = f"http://{LOOPBACK}:{PORTS[PAGES]}",
) -> None:
    """
    Những mục để riêng và lý do; mã thoát 1 khi có. / What is left out and why; exit code 1 when something is.

    They stand in the log as ever. A release that can read them rebuilds the read models, and they are parked no more.
    """
    url = f"{reporting.rstrip('/')}/v1/parked"
    try:
        answer = httpx.get(url, timeout=TIMEOUT).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ReportingAwayError(url, type(error).__name__) from None
    lines = [f"{one['position']}\t{one['reason']}" for one in found]
    show({"parked": found}, lines or ["không có / none"], as_json=as_json)
    raise typer.Exit(Exit.FAILED if found else Exit.GOOD)


def _get(http: httpx.Client, url: str) -> httpx.Response | None:
    try:
        return http.get(url)
    except httpx.HTTPError:
        return None


def _document(http: httpx.Client, url: str | None, path: str) -> dict[str, Any] | None:
    answer = None if url is None else _get(http, url + path)
    return dict(answer.json()) if answer is not None and answer.is_success else None


def _age(marker: Path | None, last: Marker | None, now: float) -> float | None:
    if marker is None or not marker.exists():
        return None
    made = marker.stat().st_mtime if last is None else to_ms(parse_instant(last.made)) / 1000
    return max(0.0, now - made) / HOUR


def _proven(backup: Backup | None) -> str:
    if backup is None:
        return ""
    words = {"tree": "cây băm / tree", "whole": "kiểm hết / checked", "fails": "HỎNG / FAILS"}
    return f"  {backup.folder} @ {backup.position}  {words[backup.proof]} {backup.proved}"


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)


def _pairs(values: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {value}" for name, value in values.items()) or "?"
