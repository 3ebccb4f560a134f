"""The compose stack with faults in reach: stores on small disks, a clock that moves, lines that are cut, a file that is cut."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from tests.deploy.stack import OURS, STORES, Stack, StackError, run

if TYPE_CHECKING:
    from tests.faults.tape import Tape
    from thidua.log import Entry

DISKS: Final = {"redis": ("redis-data", 96), "postgres": ("postgres-17-data", 320)}
"""The stores' volumes, and the MiB of the disks under them."""
STORE: Final = 999
CLOCK: Final = "/archive/.clock"
"""Where every process of ours reads by how many seconds its clock is off."""
BASE: Final = f"""
ARG BASE
FROM ${{BASE}}
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends libfaketime >/dev/null \\
 && rm -rf /var/lib/apt/lists/* && ln -s $(find /usr/lib -name libfaketimeMT.so.1) /usr/lib/libfaketime.so
ENV LD_PRELOAD=/usr/lib/libfaketime.so FAKETIME_TIMESTAMP_FILE={CLOCK} FAKETIME_CACHE_DURATION=1 \\
    FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1
"""
NETWORKS: Final = {"postgres": "database", "web": "database"}
"""The line of a container that is cut, where it is not the one to Redis."""
ENGINE_RESTART: Final = "THIDUA_ENGINE_RESTART"
"""The command, given by the caller, that starts the engine again after it was killed; without it it is not killed."""
ENGINE_PID_FILE: Final = "THIDUA_ENGINE_PID_FILE"
ALONE_SECONDS: Final = 120.0
"""So long the kill of the engine waits until it runs nobody else's containers; then it is left out."""
HEALTHY_SECONDS: Final = 300.0
LOG_APPEND: Final = b"$8\r\n{p0}:log\r\n"
MULTI: Final = b"*1\r\n$5\r\nMULTI\r\n"
PAUSE: Final = threading.Event()
"""Never set: to wait on it is to let time pass."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A cut file: what stood in the log before, how much of it was sealed, what said that it is shorter."""

    before: list[Entry]
    sealed: int
    left: int
    named: str


@dataclass(slots=True)
class Containers:
    """
    A stack founded with the tape's keys; only root can give its stores small disks.

    ``faults`` is what did not go as it must while something was broken, ``losses`` every cut file, ``skipped`` what
    was left out and why.
    """

    stack: Stack
    tape: Tape
    faults: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The base image with a clock that can be moved."""
        return f"{self.stack.project}-base"

    def up(self) -> None:
        """Build, mount, found and start."""
        folder = self.stack.folder
        keys = folder / "secrets" / "founding" / "keys"
        keys.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.tape.seed / "keys", keys, dirs_exist_ok=True)
        real = os.environ.get("PYTHON_IMAGE", "python:3.13-slim")
        if not real.startswith(self.stack.project):
            given = ("--build-arg", f"BASE={real}", "-t", self.base, "-")
            subprocess.run(
                ["docker", "build", "-q", *given],
                input=BASE.encode(),
                check=True,
                capture_output=True,
            )
            os.environ["PYTHON_IMAGE"] = self.base
        for name, (volume, size) in DISKS.items():
            disk = self.disk(name)
            disk.mkdir(exist_ok=True)
            options = f"size={size}m,mode=0700,uid={STORE},gid={STORE}"
            run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk))
            bound = ("--opt", "type=none", "--opt", "o=bind", "--opt", f"device={disk}")
            project = f"com.docker.compose.project={self.stack.project}"
            labels = ("--label", project, "--label", f"com.docker.compose.volume={volume}")
            run("docker", "volume", "create", *bound, *labels, f"{self.stack.project}_{volume}")
        self.stack.up()

    def down(self) -> None:
        """Take away everything, disks too."""
        self.stack.remove()
        for name in DISKS:
            with suppress(StackError):
                run("umount", "--lazy", str(self.disk(name)))
        subprocess.run(
            ["docker", "image", "rm", "--force", self.base], capture_output=True, check=False
        )
        os.environ.pop("PYTHON_IMAGE", None)

    def disk(self, name: str) -> Path:
        """Where the disk under a store's volume is mounted here."""
        return self.stack.folder / f"disk-{name}"

    def kill(self, name: str) -> str:
        """SIGKILL; it comes back by itself."""
        before = self.stack.kill(name)
        return f"back after {self.stack.wait_back(name, before):.1f} s"

    def kill_engine(self) -> str:
        """SIGKILL of the engine itself; the caller's command starts it again, and it the containers."""
        own = self.stack.compose("ps", "--all", "--quiet").split()
        deadline = time.monotonic() + ALONE_SECONDS
        while set(run("docker", "ps", "--quiet", "--no-trunc").split()) - set(own):
            if time.monotonic() > deadline:
                self.skipped.append("the engine was not killed: it runs containers of others")
                return self.skipped[-1]
            PAUSE.wait(1)
        pid = int(Path(os.environ.get(ENGINE_PID_FILE, "/var/run/docker.pid")).read_text())
        os.kill(pid, signal.SIGKILL)
        run("sh", "-c", os.environ[ENGINE_RESTART])
        begun = time.monotonic()
        self.all_healthy()
        return f"all healthy {time.monotonic() - begun:.1f} s after the engine was back"

    def pause(self, name: str, seconds: float) -> str:
        """Nothing of it runs for a while; its connections stay open."""
        container = self._container(name)
        run("docker", "pause", container)
        PAUSE.wait(seconds)
        run("docker", "unpause", container)
        return self._healthy(name)

    def cut(self, name: str, seconds: float) -> str:
        """Its line is cut: what was sent is lost without a word, names are no longer found."""
        container, network = (
            self._container(name),
            f"{self.stack.project}_{NETWORKS.get(name, 'backend')}",
        )
        run("docker", "network", "disconnect", network, container)
        PAUSE.wait(seconds)
        run("docker", "network", "connect", "--alias", name, network, container)
        return self._healthy(name)

    def fill(self, name: str, seconds: float) -> str:
        """Its disk is full to the last byte for a while."""
        ballast = self.disk(name) / "ballast"
        piece = b"x" * 65_536
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(piece):
                pass
        free = os.statvfs(self.disk(name)).f_bavail
        PAUSE.wait(seconds)
        ballast.unlink()
        return f"{free} blocks were left, {self._healthy(name)}"

    def move_clock(self, seconds: float) -> str:
        """Every process's clock jumps an hour on, then an hour back, then is right again."""
        for offset in ("+3600", "-3600", "+0"):
            self.stack.compose(
                "exec", "--no-TTY", "archive", "sh", "-c", f"echo {offset} > {CLOCK}"
            )
            PAUSE.wait(seconds)
        return "an hour on, an hour back, right again"

    def cut_file(self, appends: int) -> str:
        """
        Redis dies, and its file ends before the last *appends* appends to the log, of which the last was not sealed.

        The gate must close and name the loss. Then what the manual says is done: processes stopped, log restored
        from the archive, read models made anew.
        """
        # Not only paused: the entry would wait in its connection, and be sealed after all.
        self.stack.compose("kill", "--signal", "SIGKILL", "archive")
        sealed = self.sealed()
        deadline = time.monotonic() + 30
        while self._tail() <= sealed and time.monotonic() < deadline:
            PAUSE.wait(0.05)
        before = self.stack.entries("projector")
        self.stack.compose("kill", "--signal", "SIGKILL", "redis")
        path = max(
            (self.disk("redis") / "appendonlydir").glob("*.incr.aof"),
            key=lambda one: one.stat().st_mtime,
        )
        written = path.read_bytes()
        path.write_bytes(written[: place_of_cut(written, appends)])
        self.stack.compose("up", "--detach", "--no-build", "--no-deps", "--wait", "redis")
        left = len(self.stack.entries("projector"))
        self.stack.compose("up", "--detach", "--no-build", "--no-deps", "archive")
        named = self._closed()
        loss = Loss(before, sealed, left, named)
        self.losses.append(loss)
        if left >= len(before):
            self.faults.append("the cut file lost nothing: the case proves nothing")
        self._restore()
        after = self.stack.entries()
        if [one.raw for one in after[:sealed]] != [one.raw for one in before[:sealed]]:
            self.faults.append(f"of the {sealed} sealed entries some are lost")
        return (
            f"{len(before)} entries, {sealed} sealed, {left} left: {named}; {len(after)} restored"
        )

    def _restore(self) -> None:
        """What the manual says."""
        self.stack.compose("stop", *OURS)
        why = "Tệp của Redis bị cắt"
        # With the root key the restoration speaks in the authority's chain, and the tape's next event would be a fork.
        root = self.stack.folder / "secrets" / "founding" / "keys" / "root.pem"
        away = root.rename(root.with_suffix(".away"))
        self.stack.operator("log", "restore", "/archive", "--reason", why)
        away.rename(root)
        self.stack.compose("rm", "--stop", "--force", "postgres")
        for path in self.disk("postgres").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.stack.up()

    def _closed(self) -> str:
        """Why the gate is closed, as the pages say it; a fault when it does not close."""
        deadline = time.monotonic() + HEALTHY_SECONDS
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError, ValueError):
                told = httpx.get(f"{self.stack.pages_url}/v1/archive", timeout=5).json()
                if not told["is_open"]:
                    return str(told["reason"])
            PAUSE.wait(0.2)
        self.faults.append("the gate did not close over a log that lost entries")
        return "?"

    def sealed(self) -> int:
        """How far the archive has sealed."""
        return int(httpx.get(f"{self.stack.pages_url}/v1/archive", timeout=10).json()["position"])

    def _tail(self) -> int:
        with suppress(httpx.HTTPError, ValueError, KeyError):
            return int(httpx.get(f"{self.stack.door_url}/v1/status", timeout=5).json()["position"])
        return 0

    def _container(self, name: str) -> str:
        return self.stack.compose("ps", "--all", "--quiet", name).strip()

    def all_healthy(self) -> None:
        """Return when every container is."""
        for name in (*STORES, *OURS):
            self._healthy(name)

    def _healthy(self, name: str) -> str:
        begun = time.monotonic()
        while time.monotonic() - begun < HEALTHY_SECONDS:
            state = self.stack.inspected(name)["State"]
            if state["Running"] and state["Health"]["Status"] == "healthy":
                return f"healthy {time.monotonic() - begun:.1f} s after"
            PAUSE.wait(0.3)
        raise StackError(f"{name} did not become healthy again")


def place_of_cut(written: bytes, appends: int) -> int:
    """Where an append-only file must end to lack its last *appends* appends to the log, each a transaction."""
    end = len(written)
    for _ in range(appends):
        end = written.rindex(LOG_APPEND, 0, end)
        end = written.rindex(MULTI, 0, end)
    return end
