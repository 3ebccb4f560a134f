"""
Run one process of the system, or all of them: ``python -m services run door|units|ballots|pledges|reporting|all``.

``all`` starts each as an OS process of its own and ends them together. Reporting may also be run in its three parts,
``projector``, ``archive`` and ``web``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from services.heads_in_time import HeadsInTime
from services.leaving import REQUESTS_SECONDS, Server
from thidua.errors import SettingsError
from thidua.observe import set_up

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCESSES: Final = {
    "door": "services.units.door_app:create_app",
    "units": "services.units.app:create_app",
    "ballots": "services.ballots.app:create_app",
    "pledges": "services.pledges.app:create_app",
    "reporting": "services.reporting.app:create_app",
}
"""Every process by name, and what makes its app."""

APART: Final = {
    "projector": "services.reporting.app:create_projector",
    "archive": "services.reporting.app:create_archive",
    "web": "services.reporting.app:create_web",
}
"""Reporting's parts as processes of their own, instead of ``reporting``."""

PORTS: Final = {
    "door": 8081,
    "units": 8082,
    "ballots": 8083,
    "pledges": 8084,
    "reporting": 8080,
    "web": 8080,
    "projector": 8085,
    "archive": 8086,
}
"""Where each listens when nothing else is said."""

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def _services() -> None:
    """Thi đua: the system's processes."""


@app.command()
def run(
    name: Annotated[
        str,
        typer.Argument(
            help="door, units, ballots, pledges, reporting (or projector, archive, web) or all"
        ),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Run one process until it is told to stop."""
    if name == "all":
        raise typer.Exit(_run_all())
    makers = {**PROCESSES, **APART}
    if name not in makers:
        known = ", ".join((*makers, "all"))
        raise typer.BadParameter(f"{name!r}: chọn một trong / choose one of: {known}")
    set_up(name, level=os.environ.get("THIDUA_LOG_LEVEL", "info"))
    try:
        module, _, maker = makers[name].partition(":")
        asgi = getattr(import_module(module), maker)()
    except SettingsError as error:
        typer.echo(f"{error}\n{error.diagnostics()}", err=True)
        raise typer.Exit(2) from None
    config = uvicorn.Config(
        asgi,
        host=host,
        port=PORTS[name] if port is None else port,
        log_config=None,
        access_log=False,
        loop="uvloop",
        http=HeadsInTime,
        ws="none",
        timeout_graceful_shutdown=REQUESTS_SECONDS,
    )
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise typer.Exit(STARTUP_FAILURE)


@app.command()
def provision(
    folder: Annotated[Path, typer.Argument(help="Folder of the secrets.")],
    owned: Annotated[
        bool, typer.Option(help="Hand each file to the user of its container; only root can.")
    ] = True,
) -> None:
    """Tạo khóa và mật khẩu còn thiếu. / Make the keys and passwords that are missing, and the access list."""
    from services.provisioning import Provision  # noqa: PLC0415 - a process that runs needs none of it

    for name in Provision(folder, owned).complete():
        typer.echo(name)


def _run_all() -> int:
    """Run every process until one ends or we are told to stop; then stop the others."""
    door, page = (f"http://127.0.0.1:{PORTS[name]}" for name in ("door", "ballots"))
    reached = {"THIDUA_DOOR_URL": door, "THIDUA_PAGE_ORIGINS": page, "THIDUA_VOTING_PAGE": page}
    environment = {**reached, **os.environ}
    children = [
        subprocess.Popen([sys.executable, "-m", "services", "run", name], env=environment)
        for name in PROCESSES
    ]

    def stop(*_: object) -> None:
        _end(children)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while all(child.poll() is None for child in children):
        time.sleep(0.2)
    _end(children)
    return max(abs(child.wait()) for child in children) and 1


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()


if __name__ == "__main__":
    app()
