"""A whole system on one machine: an embedded Valkey and every process of ours as an OS process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import httpx

from thidua.embedded import LOOPBACK, START_SECONDS, NotStartedError, RedisServer, free_port

if TYPE_CHECKING:
    from types import TracebackType

DECIDING: Final = ("units", "ballots", "pledges")
ALL: Final = ("door", *DECIDING, "reporting")
APART: Final = ("door", *DECIDING, "projector", "archive", "web")
"""The same with reporting in its three parts."""
_KEYS: Final = {"archive": "reporting"}


@dataclass(slots=True)
class System:
    """
    Valkey and our five processes over one folder; leaving it stops all of them.

    ``environment`` is what every process gets beside this machine's own; ``ports`` where each listens.
    ``units@2`` is a second replica of ``units``.
    """

    folder: Path
    environment: dict[str, str]
    valkey: RedisServer
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ALL})
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, name: str) -> str:
        """Where a process answers."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def redis_url(self) -> str:
        """Where the log is."""
        return self.valkey.url

    def start(self, *names: str) -> None:
        """Start the named processes, all when none is named, and return when each is ready."""
        chosen = names or ALL
        for name in chosen:
            self.launch(name)
        for name in chosen:
            self.wait_ready(name)

    def launch(self, name: str) -> None:
        """Start one process without waiting for it."""
        log = (self.folder / f"{name}.log").open("ab")
        kept = {
            "THIDUA_ARCHIVE_DIR": str(self.folder / "archive"),
            "THIDUA_DOOR_URL": self.url("door"),
            "THIDUA_PAGE_ORIGINS": self.url("ballots"),
            "THIDUA_VOTING_PAGE": self.url("ballots"),
        }
        environment = {**os.environ, **kept, **self.environment}
        role, port = name.partition("@")[0], self.ports.setdefault(name, free_port())
        key = self.folder / "keys" / f"{_KEYS.get(role, role)}.pem"
        if key.exists():
            environment["THIDUA_SIGNING_KEY_FILE"] = str(key)
        command = [sys.executable, "-m", "services", "run", role, "--port", str(port)]
        self.running[name] = subprocess.Popen(  # noqa: S603 - our own module
            command,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parent.parent,
        )
        log.close()

    def wait_ready(self, name: str) -> None:
        """Return when a process says it is ready; raises ``NotStartedError`` when it does not in time."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.running[name].poll() is None:
            try:
                if httpx.get(f"{self.url(name)}/health/ready", timeout=2).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise NotStartedError(name, self.folder / f"{name}.log")

    def kill(self, name: str) -> None:
        """End one process with SIGKILL."""
        self.running[name].send_signal(signal.SIGKILL)
        self.running[name].wait()

    def stop_services(self) -> None:
        """Stop our processes; the store goes on."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            _end(process)

    def stop(self) -> None:
        """Stop every process, the store last."""
        self.stop_services()
        self.valkey.stop()

    def __enter__(self) -> Self:
        """Hand over the system as it is."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.stop()


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=12)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
