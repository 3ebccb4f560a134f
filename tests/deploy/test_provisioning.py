"""Secrets are made once, for their one reader; each role can do in Redis what it must and no more."""

from __future__ import annotations

import json
import stat
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import redis

from services.provisioning import (
    ACCESS_LIST,
    ROLES,
    Provision,
    digest_of,
    grants,
    publisher_rule,
)
from thidua.signing import SigningKey
from thidua.testing.servers import own_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

DECIDING = ("units", "ballots", "pledges")
READS = ("init", "door", *DECIDING, "projector", "archive", "vault")


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
    spki = (tmp_path / "root_spki").read_text()
    (tmp_path / "founding/founded.json").write_text(json.dumps({"root_spki": spki}))
    root.unlink()
    assert Provision(tmp_path, owned=False).complete() == []
    assert not root.exists()


def test_the_root_keys_public_half_is_given_to_the_archive_whether_or_not_the_key_is_there(
    tmp_path: Path,
) -> None:
    Provision(tmp_path, owned=False).complete()
    root = tmp_path / "founding/keys/root.pem"
    spki = SigningKey.from_pem(root.read_bytes()).verifying_key.spki
    assert (tmp_path / "root_spki").read_text() == spki
    (tmp_path / "founding/founded.json").write_text(json.dumps({"root_spki": spki}))
    root.unlink()
    (tmp_path / "root_spki").unlink()
    Provision(tmp_path, owned=False).complete()
    assert (tmp_path / "root_spki").read_text() == spki


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
        admin.execute_command(
            "ACL", "SETUSER", "publisher-LCA", *publisher_rule("LCA", digest_of("x")).split()
        )
        passwords = {
            role: urlsplit((folder / f"redis_url_{role}").read_text()).password for role in READS
        }
        for role, password in {**passwords, "publisher-LCA": "x", "health": "x"}.items():
            clients[role] = redis.Redis(port=server.port, username=role, password=password)
        yield clients
        for client in clients.values():
            client.close()


FORBIDDEN = [
    ("door", "XADD", "{p0}:log", "*", "e", "x"),
    ("door", "SET", "{p0}:open", "x"),
    ("door", "HSET", "{p0}:heads", "x", "1"),
    ("archive", "XTRIM", "{p0}:log", "MAXLEN", "0"),
    ("vault", "HSET", "{p0}:said", "1", "x"),
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
    ("archive", "ACL", "LIST"),
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
    assert client.hmget("{p0}:traces", ["1"]) == [None]


MAY = {
    ("xadd", "{p0}:log"): {"init", *DECIDING},
    ("hset", "{p0}:heads"): {"init", *DECIDING},
    ("hset", "{p0}:chains"): {"init", *DECIDING},
    ("hset", "{p0}:ids:5"): {"init", *DECIDING},
    ("hset", "{p0}:meta"): {"init"},
    ("set", "{p0}:open"): {"init", "archive"},
    ("hset", "{p0}:clock"): {"door", *DECIDING},
    ("hincrby", "{p0}:clock"): {"door"},
    ("hset", "{p0}:offsets"): {"door", *DECIDING},
    ("hincrby", "{p0}:offsets"): {"door", *DECIDING},
    **{("xadd", f"{{p0}}:inbox:{name}"): {"door", name} for name in DECIDING},
    **{("xtrim", f"{{p0}}:inbox:{name}"): {name} for name in DECIDING},
    ("xadd", "{p0}:receipts:LCA"): {"door", *DECIDING},
    ("xadd", "{p0}:answers"): {*DECIDING},
    ("hset", "{p0}:said"): {*DECIDING},
    ("hdel", "{p0}:said"): {"vault"},
    ("hset", "{p0}:followed"): {*DECIDING, "projector", "archive"},
    ("hset", "{p0}:traces"): {*DECIDING},
    ("xadd", "{p0}:in:LCA"): {"publisher-LCA"},
    ("xtrim", "{p0}:in:LCA"): {"door"},
    ("xdel", "{p0}:in:LCA"): {"door"},
    ("memory usage", "{p0}:in:LCA"): {"door"},
    ("set", "{p0}:placed"): {"door"},
    ("hset", "{p0}:places:ab"): {"door"},
    ("xadd", "{p0}:entries:LCA"): {"door"},
}
"""Who alone may do what to which key; everybody else is refused."""

GIVEN = {
    "xadd": ("*", "e", "x"),
    "hset": ("f", "1"),
    "hincrby": ("f", "1"),
    "hdel": ("f",),
    "set": ("x",),
    "xtrim": ("MAXLEN", "0"),
    "xdel": ("1-1",),
    "memory usage": (),
}


def test_every_command_that_changes_something_is_in_the_table_of_who_may() -> None:
    for role in ROLES:
        for commands, keys in grants(role):
            for command in commands.replace("|", " ").split(" +"):
                name = command.removeprefix("+")
                if name in ("eval", "evalsha"):
                    continue
                for key in keys:
                    known = {one for one, may in MAY.items() if role in may and one[0] == name}
                    assert any(fnmatchcase(one, key) for _, one in known), (role, name, key)


@pytest.mark.parametrize("role", [*READS, "publisher-LCA", "health"])
def test_a_role_that_tries_every_command_of_every_other_is_refused_each(
    guarded: dict[str, Any], role: str
) -> None:
    refused, wrong, unfit = set(), set(), list[str]()
    for (command, key), may in MAY.items():
        try:
            guarded[role].execute_command(*command.upper().split(), key, *GIVEN[command])
        except redis.exceptions.NoPermissionError:
            refused.add((command, key))
        except redis.exceptions.ResponseError as error:
            # Let through; what stands there may be of another kind.
            unfit.append(str(error))
        if ((command, key) in refused) == (role in may):
            wrong.add((command, key))
    guarded["admin"].flushall()
    assert wrong == set()
    assert all("WRONGTYPE" in error for error in unfit), unfit
    assert len(refused) >= len(MAY) // 3


@pytest.mark.parametrize("role", [*READS, "publisher-LCA", "health"])
def test_no_role_may_administer_the_server_or_run_a_script_over_what_is_not_its_own(
    guarded: dict[str, Any], role: str
) -> None:
    for command in (
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("SHUTDOWN", "NOSAVE"),
        ("REPLICAOF", "NO", "ONE"),
        ("DEL", "{p0}:log"),
        ("RENAME", "{p0}:log", "{p0}:other"),
        ("RESTORE", "{p0}:log", "0", "x"),
        ("EVAL", "return 1", "1", "other"),
        ("FUNCTION", "LIST"),
        ("CLIENT", "KILL", "TYPE", "normal"),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            guarded[role].execute_command(*command)


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
