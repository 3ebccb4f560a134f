"""
A pytest plugin: a Redis and a PostgreSQL for the tests that ask for one, and lines that say what they ran on.

Name it in the top ``conftest.py``: ``pytest_plugins = ["thidua.testing.fixtures"]``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from thidua.testing.servers import Server, postgres_server, redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ASKING: Final = frozenset({"redis_url", "postgres_url", "new_postgres_database"})
RAN_ON: Final = "thidua-server"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known that every test with a server of ours carries."""
    config.addinivalue_line("markers", "servers: runs on a real Redis or PostgreSQL")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for a server, so that they can be chosen: ``-m servers``."""
    for item in items:
        if ASKING.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def running_redis() -> Iterator[Server]:
    """The Redis of this run."""
    with redis_server() as server:
        yield server


@pytest.fixture
def redis_url(running_redis: Server, request: pytest.FixtureRequest) -> str:
    """Where a Redis answers that has nothing in it: it is emptied first, a named one too."""
    _note(request, "Redis", running_redis)
    with redis.Redis.from_url(running_redis.url) as client:
        client.flushall()
    return running_redis.url


@pytest.fixture(scope="session")
def running_postgres() -> Iterator[Server]:
    """The PostgreSQL of this run."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def new_postgres_database(
    running_postgres: Server, request: pytest.FixtureRequest
) -> Iterator[Callable[[], str]]:
    """Makes an empty database and says where it is, as often as a test asks; all are gone afterwards."""
    _note(request, "PostgreSQL", running_postgres)
    url = make_url(running_postgres.url)
    made: list[str] = []
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as admin:
        [run] = admin.execute("SELECT pg_backend_pid()").fetchone() or (0,)

        def new() -> str:
            name = f"thidua_test_{run}_{len(made)}"
            admin.execute(f'CREATE DATABASE "{name}"'.encode())
            made.append(name)
            return url.set(database=name).render_as_string(hide_password=False)

        yield new
        for name in made:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def postgres_url(new_postgres_database: Callable[[], str]) -> str:
    """Where an empty PostgreSQL database answers."""
    return new_postgres_database()


def _note(request: pytest.FixtureRequest, what: str, server: Server) -> None:
    """Hang it on the test itself: its reports reach the summary from other processes too."""
    request.node.user_properties.append((RAN_ON, f"{what}: {server.kind}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran on which server, and how many of them on one in a container."""
    tests: defaultdict[str, set[str]] = defaultdict(set)
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == RAN_ON:
                    tests[str(value)].add(report.nodeid)
    if not tests:
        return
    counted = Counter({server: len(nodes) for server, nodes in tests.items()})
    contained = {
        node for server, nodes in tests.items() if ": a container of " in server for node in nodes
    }
    terminalreporter.section("real servers")
    for server, count in sorted(counted.items()):
        terminalreporter.write_line(f"{count:5} tests on {server}")
    terminalreporter.write_line(f"{len(contained):5} tests on servers that testcontainers started")
