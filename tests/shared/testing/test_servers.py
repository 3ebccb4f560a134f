from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from thidua.embedded import LOOPBACK
from thidua.testing import servers
from thidua.testing.servers import ServerMissingError, own_redis, redis_binary, redis_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from thidua.testing.servers import Generation

GENERATIONS = (
    ("valkey-9", "9."),
    ("redis-6.2", "6.2."),
    pytest.param("redis-7.0", "7.0.", marks=pytest.mark.debian),
)


@pytest.mark.parametrize(("name", "version"), GENERATIONS)
def test_every_generation_of_the_support_matrix_is_the_version_it_is_named_for(
    name: Generation, version: str
) -> None:
    with own_redis(redis_binary(name)) as server, redis.Redis.from_url(server.url) as client:
        said = client.info("server")
        assert said.get("valkey_version", said["redis_version"]).startswith(version)
        assert said["process_id"] == server.pid


@pytest.mark.parametrize(("name", "version"), GENERATIONS)
def test_a_killed_server_comes_back_with_everything_it_acknowledged(
    name: Generation, version: str
) -> None:
    with own_redis(redis_binary(name)) as server, redis.Redis.from_url(server.url) as client:
        client.set("said", "kept")
        before = client.info("server")
        assert before.get("valkey_version", before["redis_version"]).startswith(version)
        server.kill()
        assert server.pid is None
        server.start()
        assert client.get("said") == b"kept"
        assert client.info("server")["run_id"] != before["run_id"]


def test_a_server_without_an_append_only_file_forgets_when_it_is_killed() -> None:
    with own_redis(appendonly=False) as server, redis.Redis.from_url(server.url) as client:
        client.set("said", "lost")
        server.kill()
        server.start()
        assert client.get("said") is None


def test_a_restarted_server_keeps_its_address_and_an_emptied_one_its_run() -> None:
    with own_redis() as server, redis.Redis.from_url(server.url) as client:
        address = server.url
        client.set("said", "kept")
        server.restart()
        run = client.info("server")["run_id"]
        assert (server.url, client.get("said")) == (address, b"kept")
        server.empty()
        assert (client.get("said"), client.info("server")["run_id"]) == (None, run)


def test_a_server_of_our_own_listens_on_the_loopback_address_alone() -> None:
    with own_redis() as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("bind")["bind"] == LOOPBACK


def test_an_ended_server_leaves_no_folder() -> None:
    with own_redis() as server:
        assert server.folder.exists()
    assert not server.folder.exists()


def test_a_test_that_asks_for_redis_finds_it_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_what_another_test_left_behind_is_gone(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_a_named_server_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THIDUA_TEST_REDIS_URL", "redis://127.0.0.1:1/0")
    with redis_server() as server:
        assert server.url == "redis://127.0.0.1:1/0"


def test_a_missing_server_fails_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(servers, "DEBIAN_REDIS", tmp_path / "redis-server")
    with pytest.raises(ServerMissingError, match="apt-get install redis-server"):
        redis_binary("redis-7.0")


@pytest.mark.postgres
def test_databases_of_one_test_are_empty_and_apart(
    new_postgres_database: Callable[[], str],
) -> None:
    first, second = (make_url(new_postgres_database()) for _ in range(2))
    assert first.database != second.database
    for url in (first, second):
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            connection.execute("CREATE TABLE told (said text)")


@pytest.mark.postgres
def test_postgres_keeps_vietnamese_whole(postgres_url: str) -> None:
    plain = make_url(postgres_url).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False)) as connection:
        assert connection.info.encoding == "utf-8"
        [said] = connection.execute("SELECT 'Cụm trưởng'::text").fetchone() or ()
        assert said == "Cụm trưởng"
