"""Secrets are made once, for their one reader; each role can do in Redis what it must and no more."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import redis

from services.provisioning import ACCESS_LIST, ROLES, Provision
from thidua.signing import SigningKey
from thidua.testing.servers import own_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

READS = ("init", "door", "units", "ballots", "pledges", "reporting")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    made = Provision(tmp_path, owned=False).complete()
    before = contents(tmp_path)
    assert set(made) == before.keys()
    assert Provision(tmp_path, owned=False).complete() == []
    assert contents(tmp_path) == before


def test_two_deployments_share_no_secret(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Provision(tmp_path / name, owned=False).complete()
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one.keys() == two.keys()
    # Who wants tokens writes them in; until then the file holds none.
    assert one["publisher_tokens"].startswith(b"#")
    assert [name for name in one if one[name] == two[name]] == ["publisher_tokens"]


def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    Provision(tmp_path, owned=False).complete()
    for path in tmp_path.rglob("*"):
        allowed = stat.S_IMODE(path.stat().st_mode)
        assert allowed == (0o700 if path.is_dir() else 0o600), path


def test_no_password_stands_in_the_access_list(tmp_path: Path) -> None:
    Provision(tmp_path, owned=False).complete()
    listed = (tmp_path / ACCESS_LIST).read_text()
    for role in ROLES:
        password = urlsplit((tmp_path / f"redis_url_{role}").read_text()).password or ""
        assert len(password) == 64
        assert password not in listed
    assert (tmp_path / "redis_operator_password").read_text() not in listed


def test_a_changed_access_list_is_written_anew_with_the_same_passwords(tmp_path: Path) -> None:
    Provision(tmp_path, owned=False).complete()
    before = contents(tmp_path)
    (tmp_path / ACCESS_LIST).write_text("user default on nopass ~* +@all\n")
    assert Provision(tmp_path, owned=False).complete() == [ACCESS_LIST]
    assert contents(tmp_path) == before


def test_a_root_key_that_was_taken_away_after_the_founding_is_not_made_again(
    tmp_path: Path,
) -> None:
    Provision(tmp_path, owned=False).complete()
    root = tmp_path / "founding/keys/root.pem"
    SigningKey.from_pem(root.read_bytes())
    (tmp_path / "founding/founded.json").write_text("{}")
    root.unlink()
    assert Provision(tmp_path, owned=False).complete() == []
    assert not root.exists()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, redis.Redis]]:
    """A server with our users, one connection for each; ``admin`` may do everything."""
    folder = tmp_path_factory.mktemp("secrets")
    Provision(folder, owned=False).complete()
    with own_redis() as server:
        admin = redis.Redis.from_url(server.url)
        for line in (folder / ACCESS_LIST).read_text().splitlines():
            _, *rule = line.split()
            # The default user stays as it is here: it is the test's own way in.
            if rule[0] != "default":
                admin.execute_command("ACL", "SETUSER", *rule)
        clients = {"admin": admin}
        for role in READS:
            password = urlsplit((folder / f"redis_url_{role}").read_text()).password
            clients[role] = redis.Redis(port=server.port, username=role, password=password)
        yield clients
        for client in clients.values():
            client.close()


FORBIDDEN = [
    ("door", "XADD", "{p0}:log", "*", "e", "x"),
    ("door", "SET", "{p0}:open", "x"),
    ("door", "HSET", "{p0}:heads", "x", "1"),
    ("reporting", "XADD", "{p0}:log", "*", "e", "x"),
    ("reporting", "XADD", "{p0}:inbox:units", "*", "rx", "1"),
    ("reporting", "HSET", "{p0}:chains", "x", "1"),
    ("units", "SET", "{p0}:open", "x"),
    ("units", "XADD", "{p0}:inbox:ballots", "*", "rx", "1"),
    ("units", "XTRIM", "{p0}:log", "MAXLEN", "0"),
    ("units", "DEL", "{p0}:log"),
    ("ballots", "XTRIM", "{p0}:inbox:units", "MAXLEN", "0"),
    ("pledges", "SET", "other", "x"),
    ("pledges", "GET", "other"),
    ("init", "XTRIM", "{p0}:log", "MAXLEN", "0"),
    ("door", "CONFIG", "SET", "appendfsync", "no"),
    ("units", "FLUSHALL"),
    ("units", "KEYS", "*"),
    ("reporting", "ACL", "LIST"),
]


@pytest.mark.parametrize("attempt", FORBIDDEN, ids=" ".join)
def test_a_role_cannot_do_what_is_not_its_own(
    guarded: dict[str, Any], attempt: tuple[str, ...]
) -> None:
    role, *command = attempt
    with pytest.raises(redis.exceptions.NoPermissionError):
        guarded[role].execute_command(*command)


@pytest.mark.parametrize("role", READS)
def test_every_role_may_look_at_the_log_and_ask_for_its_gate(
    guarded: dict[str, Any], role: str
) -> None:
    client = guarded[role]
    assert client.ping()
    assert client.info("server")["run_id"]
    assert client.xrange("{p0}:log") == []
    assert client.get("{p0}:open") is None


def test_the_door_reads_bounds_and_answers_the_streams_of_publishers(
    guarded: dict[str, Any],
) -> None:
    stream, receipts = "{p0}:in:LCA", "{p0}:receipts:LCA"
    guarded["admin"].xadd(stream, {"e": "x"})
    door = guarded["door"]
    assert len(door.xread({stream: "0"})) == 1
    assert door.memory_usage(stream, samples=8) > 0
    assert door.xtrim(stream, maxlen=0, approximate=False) == 1
    assert door.xadd(receipts, {"hash": "x"})
    with pytest.raises(redis.exceptions.NoPermissionError):
        door.xadd(stream, {"e": "x"})


def test_a_script_cannot_do_what_its_caller_may_not(guarded: dict[str, Any]) -> None:
    with pytest.raises(redis.exceptions.ResponseError, match=r"(?i)perm|can't|access"):
        guarded["door"].eval(
            "return redis.call('SET', KEYS[1], 'x')", 3, "{p0}:open", "{p0}:clock", "{p0}:offsets"
        )
    assert guarded["admin"].get("{p0}:open") is None
