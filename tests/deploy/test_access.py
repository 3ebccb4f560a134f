"""A publisher's user in Redis: it adds to its own stream, reads its own receipts, and is refused all else."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import redis
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, ResponseError
from redis.retry import Retry
from typer.testing import CliRunner

from services.access import NotGrantedError, NotKeptError, app
from services.founding import found, plan
from services.operator_redis import NoUrlError, RedisAwayError
from services.provisioning import (
    ACCESS_LIST,
    PUBLISHER,
    Provision,
    digest_of,
    publisher_rule,
    publishers_in,
)
from services.units.door_app import DoorSettings
from services.units.door_app import create_app as door_app
from tests.units.door.direct import appointed, let_in, recorded
from tests.units.door.house import APPS, AUTHORITY, REAL, House, alive
from thidua.cli.app import main
from thidua.clock import parse_rfc3339, to_ms
from thidua.log import Names
from thidua.log.entry import write_recorded
from thidua.publishing import Publisher
from thidua.serving import ServiceSettings
from thidua.stream import new_client
from thidua.testing.servers import own_redis, redis_binary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

    from thidua.embedded import RedisServer
    from thidua.genesis import Founding
    from thidua.testing.servers import Generation

NAMES: Final = Names()
OWN, RECEIPTS = NAMES.incoming("LCA"), NAMES.receipts("LCA")
OTHER, OTHERS_RECEIPTS = NAMES.incoming("HGI"), NAMES.receipts("HGI")
ALLOWED: Final = {"ping", "hello", "auth", "xadd", "xread", "xrange", "xrevrange"}
EVERYBODY: Final = {"quit", "reset"}
"""What a connection may say before it says who it is; Redis asks nobody's rights for it."""
OPEN: Final = "user default on nopass ~* &* +@all\n"
MOMENT: Final = "2024-01-02T08:00:00+07:00"
SERVERS: Final = ["valkey-9", pytest.param("redis-7.0", marks=pytest.mark.debian)]


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    with own_redis(redis_binary(request.param)) as running:
        with redis.Redis.from_url(running.url) as admin:
            for code in ("LCA", "HGI"):
                rule = publisher_rule(code, digest_of(code))
                admin.execute_command("ACL", "SETUSER", PUBLISHER + code, *rule.split())
            for key in (NAMES.log, OWN, OTHER, RECEIPTS, OTHERS_RECEIPTS, NAMES.inbox("units")):
                admin.xadd(key, {"e": "x"})
        yield running


@pytest.fixture
def lca(server: RedisServer) -> Iterator[Any]:
    """A connection of the publisher LCA."""
    with as_user(server, "LCA", "LCA") as client:
        yield client


def as_user(server: RedisServer, publisher: str, password: str) -> redis.Redis:
    """A connection of a publisher that asks once."""
    never = Retry(NoBackoff(), 0)
    name = PUBLISHER + publisher
    return redis.Redis(port=server.port, username=name, password=password, retry=never)


def commands(client: Any) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every command and subcommand of a server, with the fewest words it takes."""
    for name, told in client.command().items():
        inner = told.get("subcommands") or []
        flags = {str(flag) for flag in told["flags"]}
        if "no_auth" in flags:
            assert name in ALLOWED | EVERYBODY, name
        if not inner:
            yield (name,), abs(told["arity"])
        for sub in inner:
            whole = sub[0].decode() if isinstance(sub[0], bytes) else str(sub[0])
            yield tuple(whole.split("|")), abs(sub[1])


def test_every_other_command_of_the_server_is_refused(server: RedisServer, lca: Any) -> None:
    with redis.Redis.from_url(server.url) as admin:
        known = list(commands(admin))
    assert len(known) > 200
    for words, arity in known:
        if words[0] in ALLOWED | EVERYBODY:
            continue
        rest = [OWN] * (arity - len(words))
        with pytest.raises(ResponseError, match=r"no permissions|command not allowed"):
            lca.execute_command(*words, *rest)


def test_it_adds_to_its_own_stream_and_reads_its_own_receipts(lca: Any) -> None:
    assert lca.ping()
    assert lca.xadd(OWN, {"e": "x"})
    assert lca.xread({RECEIPTS: "0"})
    assert lca.xrange(RECEIPTS)
    assert lca.xrevrange(RECEIPTS, count=1)


@pytest.mark.parametrize(
    "attempt",
    [
        ("XADD", OTHER, "*", "e", "x"),
        ("XADD", RECEIPTS, "*", "e", "x"),
        ("XADD", OTHERS_RECEIPTS, "MAXLEN", "0", "*", "e", "x"),
        ("XADD", NAMES.log, "*", "e", "x"),
        ("XADD", NAMES.log, "MAXLEN", "0", "*", "e", "x"),
        ("XADD", NAMES.inbox("units"), "*", "e", "x"),
        ("XADD", NAMES.answers, "*", "e", "x"),
        ("XADD", "elsewhere", "*", "e", "x"),
        ("XRANGE", OWN, "-", "+"),
        ("XRANGE", NAMES.log, "-", "+"),
        ("XREVRANGE", OTHERS_RECEIPTS, "+", "-"),
        ("XREAD", "STREAMS", OTHERS_RECEIPTS, "0"),
        ("XREAD", "STREAMS", NAMES.inbox("units"), "0"),
        ("XREAD", "STREAMS", RECEIPTS, NAMES.log, "0", "0"),
    ],
    ids=" ".join,
)
def test_what_it_may_do_it_may_do_to_its_own_keys_alone(lca: Any, attempt: tuple[str, ...]) -> None:
    with pytest.raises(NoPermissionError):
        lca.execute_command(*attempt)


def test_its_own_maxlen_empties_its_own_stream_alone(server: RedisServer, lca: Any) -> None:
    lca.execute_command("XADD", OWN, "MAXLEN", "0", "*", "e", "x")
    with redis.Redis.from_url(server.url) as admin:
        assert admin.xlen(OWN) == 0
        assert admin.xlen(NAMES.log) == admin.xlen(OTHER) == admin.xlen(NAMES.inbox("units")) == 1


def test_its_password_opens_no_other_user(server: RedisServer) -> None:
    for publisher, password in (("HGI", "LCA"), ("LCA", "-")):
        with (
            as_user(server, publisher, password) as client,
            pytest.raises(redis.exceptions.AuthenticationError),
        ):
            client.ping()


# The command.


class Operator:
    """Whoever runs ``thidua access`` beside a server whose log grants LCA access."""

    def __init__(self, folder: Path, server: RedisServer, founding: Founding) -> None:
        self.server = server
        self.folder = folder
        self.founding = founding
        self.authority = Publisher(
            founding.origin, "/authorities/BNV", founding.root_kid, founding.root
        )
        self.url_file = folder / "url"
        self.url_file.write_text(f"{server.url}\n")
        self.password_file = folder / "password"

    def record(self, name: str, **data: str) -> None:
        """Put an event of the authority into the log, as the units service would."""
        jws = self.authority.sign(f"thidua.units.{name}.v1", "BNV", data)
        with redis.Redis.from_url(self.server.url) as client:
            raw = write_recorded(to_ms(parse_rfc3339(MOMENT)), "units/1", jws.encode())
            client.xadd(NAMES.log, {"e": raw}, id=f"{client.xlen(NAMES.log) + 1}-0")

    def run(self, *words: str) -> Result:
        """The command's end."""
        return CliRunner().invoke(app, [*words, "--redis-url-file", str(self.url_file)])

    def grant(self, *more: str) -> Result:
        """``thidua access grant LCA``."""
        return self.run("grant", "LCA", "--password-file", str(self.password_file), *more)

    def lets_in(self) -> bool:
        """Whether Redis takes LCA's events."""
        with as_user(self.server, "LCA", self.password_file.read_text()) as client:
            try:
                return bool(client.xadd(OWN, {"e": "x"}))
            except (redis.exceptions.AuthenticationError, ResponseError):
                return False


@pytest.fixture(params=SERVERS)
async def operator(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    listed = tmp_path / "users.acl"
    listed.write_text(OPEN)
    with own_redis(redis_binary(request.param), aclfile=str(listed)) as server:
        founding = plan(
            tmp_path / "home",
            origin="so.example.vn/p0",
            authority="BNV",
            name_vi="Bộ Nội vụ",
            name_en=None,
            rx_ms=to_ms(parse_rfc3339(MOMENT)),
        )
        await found(founding, server.url)
        yield Operator(tmp_path, server, founding)


def test_nobody_is_let_in_whom_the_log_does_not_grant_access(operator: Operator) -> None:
    refused = operator.grant()
    assert isinstance(refused.exception, NotGrantedError)
    assert not operator.password_file.exists()
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    operator.record("access-revoked", unit="LCA", reason="Đổi hệ thống")
    assert isinstance(operator.grant().exception, NotGrantedError)


def test_granted_it_is_let_in_and_is_still_after_a_restart(operator: Operator) -> None:
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    done = operator.grant()
    assert done.exit_code == 0, done.exception
    assert operator.password_file.read_text() not in done.output
    assert operator.password_file.stat().st_mode & 0o777 == 0o600
    assert operator.lets_in()
    operator.server.restart()
    assert operator.lets_in()


def test_granting_again_keeps_the_password(operator: Operator) -> None:
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    operator.grant()
    password = operator.password_file.read_text()
    assert operator.grant().exit_code == 0
    assert operator.password_file.read_text() == password
    assert operator.lets_in()


def test_revoked_it_is_out_at_once_with_what_it_had_added_and_stays_out(operator: Operator) -> None:
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    operator.grant()
    with as_user(operator.server, "LCA", operator.password_file.read_text()) as connected:
        connected.xadd(OWN, {"e": "x"})
        done = operator.run("revoke", "LCA")
        assert done.exit_code == 0, done.exception
        assert "access-revoked" in done.output
        with pytest.raises(redis.RedisError):
            connected.xadd(OWN, {"e": "x"})
    with redis.Redis.from_url(operator.server.url) as admin:
        assert not admin.exists(OWN)
    operator.server.restart()
    assert not operator.lets_in()


def test_the_list_shows_where_log_and_redis_differ(operator: Operator) -> None:
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    assert "LCA: sổ / log có / yes; Redis không / no" in operator.run("list").output
    operator.grant()
    assert "LCA: sổ / log có / yes; Redis có / yes" in operator.run("list").output
    operator.record("access-revoked", unit="LCA", reason="Đổi hệ thống")
    assert "LCA: sổ / log không / no; Redis có / yes" in operator.run("list").output


def test_where_redis_cannot_write_its_list_the_command_writes_it(operator: Operator) -> None:
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    secrets = operator.folder / "secrets"
    secrets.mkdir()
    Provision(secrets, owned=False).complete()
    listed = secrets / ACCESS_LIST
    before = listed.read_text()
    assert operator.grant("--access-list", str(listed)).exit_code == 0
    digest = digest_of(operator.password_file.read_text())
    assert publishers_in(listed.read_text()) == {"LCA": digest}
    assert Provision(secrets, owned=False).complete() == []
    assert operator.run("revoke", "LCA", "--access-list", str(listed)).exit_code == 0
    assert listed.read_text() == before


def test_a_list_that_redis_wrote_itself_keeps_its_publishers_over_a_new_release(
    operator: Operator,
) -> None:
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    operator.grant()
    secrets = operator.folder / "secrets"
    secrets.mkdir()
    (secrets / ACCESS_LIST).write_text((operator.folder / "users.acl").read_text())
    Provision(secrets, owned=False).complete()
    digest = digest_of(operator.password_file.read_text())
    assert (
        f"user {PUBLISHER}LCA {publisher_rule('LCA', digest)}"
        in (secrets / ACCESS_LIST).read_text().splitlines()
    )


def test_a_file_that_cannot_be_read_or_written_is_named(operator: Operator) -> None:
    operator.record("access-granted", unit="LCA", basis="QĐ 1")
    missing = operator.folder / "missing" / "users.acl"
    kept = operator.grant("--access-list", str(missing))
    assert isinstance(kept.exception, NotKeptError)
    assert str(missing) in str(kept.exception)
    operator.url_file.unlink()
    unread = operator.grant()
    assert isinstance(unread.exception, NoUrlError)


def test_the_program_says_in_two_lines_that_redis_lets_the_operator_not_in(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = f"redis://operator:wrong@127.0.0.1:{operator.server.port}/0"
    operator.url_file.write_text(wrong)
    assert isinstance(operator.grant().exception, RedisAwayError)
    words = ["thidua", "access", "list", "--redis-url-file", str(operator.url_file)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit, match="7"):
        main()
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 2
    assert "wrong" not in told.out + told.err


# The rights of a whole deployment.


@pytest.mark.parametrize("generation", SERVERS)
async def test_with_the_rights_of_a_deployment_an_event_goes_from_its_stream_to_its_receipt(
    tmp_path: Path, generation: Generation
) -> None:
    Provision(tmp_path, owned=False).complete()
    with own_redis(redis_binary(generation)) as server:
        async with AsyncExitStack() as stack:
            client = new_client(server.url)
            stack.push_async_callback(client.aclose)
            for line in (tmp_path / ACCESS_LIST).read_text().splitlines():
                _, name, *rule = line.split()
                # Redis 7.0 does not know the word; the default user is the test's own way in.
                known = [word for word in rule if word != "+client|setinfo"]
                if name != "default":
                    await client.execute_command("ACL", "SETUSER", name, *known)
            founding = plan(
                tmp_path / "founding",
                origin=REAL,
                authority=AUTHORITY,
                name_vi="Bộ Nội vụ",
                name_en=None,
                rx_ms=to_ms(parse_rfc3339(MOMENT)),
            )
            await found(founding, server.url)

            def url_of(role: str) -> SecretStr:
                given = (tmp_path / f"redis_url_{role}").read_text()
                return SecretStr(given.replace("@redis:6379", f"@127.0.0.1:{server.port}"))

            app = door_app(DoorSettings(origin=REAL, redis_url=url_of("door")))
            transport = httpx.ASGITransport(app=app)
            http = httpx.AsyncClient(transport=transport, base_url="http://door", timeout=60)
            await stack.enter_async_context(http)
            house = House(server, founding, http, client, app)
            pem = SecretStr(founding.services["units"].to_pem().decode())
            settings = ServiceSettings(origin=REAL, redis_url=url_of("units"), signing_key=pem)
            await stack.enter_async_context(alive(APPS["units"](settings)))
            await stack.enter_async_context(alive(app))
            root = Publisher(REAL, f"/authorities/{AUTHORITY}", founding.root_kid, founding.root)
            house.publishers[AUTHORITY] = root
            await house.heads_from_log()
            await let_in(house, "SOA")
            rule = publisher_rule("SOA", digest_of("SOA")).split()
            await client.execute_command("ACL", "SETUSER", f"{PUBLISHER}SOA", *rule)
            jws = appointed(house, "SOA")
            with as_user(server, "SOA", "SOA") as unit:
                unit.xadd(NAMES.incoming("SOA"), {"e": "rác"})
                unit.xadd(NAMES.incoming("SOA"), {"e": jws})
                await recorded(house, "SOA", jws)
                assert len(unit.xrange(NAMES.receipts("SOA"))) == 2
