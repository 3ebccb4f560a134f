"""The log is trimmed only of what is sealed, final, backed up and followed; who starts later reads the archive for it."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from typer.testing import CliRunner

from services.founding import RECORD
from services.log_commands import app
from services.reporting.archive import Archive, SealedLog
from services.reporting.database import open_engine
from services.reporting.following import Projector
from services.reporting.history import other_history, take_trimmed
from services.trimming import FOLLOWERS
from services.units.domain import JUDGE
from services.units.door import Door
from tests.audit.signed_log import ORIGIN, SignedLog, signed_log
from thidua.audit.authentic import Authenticity
from thidua.drafting import Signer
from thidua.errors import LogTrimmedError
from thidua.judging import Judging
from thidua.log import Names
from thidua.log.redis_log import RedisLog
from thidua.log.whole import SealedFolder, SealedSite, WholeLog
from thidua.signing import Algorithm, SigningKey
from thidua.stream import new_client
from thidua.tlog.notes import COSIGNATURE, NoteSigner
from thidua.tlog.policy import Group, Policy, write_policy
from thidua.tlog.tiles import bundle_path

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from click.testing import Result

    from thidua.log.whole import Sealed

RUN = CliRunner()
LOG = Names().log
SEALED, ALL = 700, 760


@dataclass(frozen=True)
class Place:
    """A log of 760 entries, 700 of them sealed and copied, everybody at its end."""

    log: SignedLog
    folder: Path
    url: str

    @property
    def copy(self) -> Path:
        return self.folder / "copy"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def trim(self, *options: str) -> Result:
        told = ["--home", str(self.log.home), "--redis-url", self.url]
        return RUN.invoke(app, ["trim", str(self.archive), *told, *options])

    def run(self, act: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        async def acting() -> Any:
            client = new_client(self.url)
            try:
                return await act(client)
            finally:
                await client.aclose()

        return asyncio.run(acting())

    def positions(self) -> list[int]:
        with redis.Redis.from_url(self.url) as client:
            return [int(name.partition(b"-")[0]) for name, _ in client.xrange(LOG)]


@pytest.fixture
def place(tmp_path: Path, redis_url: str) -> Iterator[Place]:
    log = signed_log(tmp_path / "home")
    list(log.grow(ALL - len(log.entries)))
    key = log.founding.root.verifying_key
    record = {"archive_vkey": log.signer.public.vkey, "root_spki": key.spki}
    (log.home / RECORD).write_text(json.dumps(record), encoding="utf-8")
    archive = Archive(tmp_path / "archive", log.signer, lambda: Authenticity(ORIGIN))
    archive.start()
    archive.seal(list(enumerate(log.entries[:SEALED], 1)))
    shutil.copytree(tmp_path / "archive", tmp_path / "copy")
    archive.stop()
    with redis.Redis.from_url(redis_url) as client:
        for position, raw in enumerate(log.entries, 1):
            client.xadd(LOG, {"e": raw}, id=f"{position}-0")
        client.hset(Names().followed, mapping=dict.fromkeys(FOLLOWERS, ALL))
    return Place(log, tmp_path, redis_url)


def test_what_is_sealed_and_backed_up_is_trimmed_and_nothing_else(place: Place) -> None:
    told = place.trim("--sealed", "--backup", str(place.copy))
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout) == {"trimmed": SEALED, "to": SEALED}
    assert place.positions() == list(range(SEALED + 1, ALL + 1))
    again = place.trim("--sealed", "--backup", str(place.copy))
    assert json.loads(again.stdout)["trimmed"] == 0


def no_backup(place: Place) -> list[str]:
    return ["--sealed"]


def beyond_the_backup(place: Place) -> list[str]:
    return ["--to", "100", "--backup-position", "99"]


def beyond_the_seal(place: Place) -> list[str]:
    return ["--to", str(SEALED + 1), "--backup-position", str(ALL)]


def beyond_a_follower(place: Place) -> list[str]:
    with redis.Redis.from_url(place.url) as client:
        client.hset(Names().followed, "ballots", 49)
    return ["--to", "50", "--backup-position", str(ALL)]


def broken_backup(place: Place) -> list[str]:
    (place.copy / "archive" / bundle_path(1)).unlink()
    return ["--to", "50", "--backup", str(place.copy)]


def backup_of_another_log(place: Place) -> list[str]:
    shutil.rmtree(place.copy)
    other = signed_log(place.folder / "other", 80)
    archive = Archive(place.copy, place.log.signer, lambda: Authenticity(ORIGIN))
    archive.start()
    archive.seal(list(enumerate(other.entries, 1)))
    archive.stop()
    return ["--to", "50", "--backup", str(place.copy)]


def changed_in_redis(place: Place) -> list[str]:
    with redis.Redis.from_url(place.url) as client:
        client.delete(LOG)
        for position, raw in enumerate(place.log.entries, 1):
            told = place.log.entries[0] if position == 40 else raw
            client.xadd(LOG, {"e": told}, id=f"{position}-0")
    return ["--to", "50", "--backup-position", str(ALL)]


def not_cosigned(place: Place) -> list[str]:
    witness = NoteSigner("lca.vn/cosigner", SigningKey.generate(Algorithm.EDDSA), COSIGNATURE)
    policy = Policy(
        place.log.signer.public,
        {"LCA": witness.public},
        {"tinh": Group(1, ("LCA",))},
        "tinh",
    )
    path = place.folder / "policy"
    path.write_text(write_policy(policy), encoding="utf-8")
    return ["--to", "50", "--backup-position", str(ALL), "--policy", str(path)]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (no_backup, "--backup"),
        (beyond_the_backup, "at most to 99: backed up"),
        (beyond_the_seal, f"at most to {SEALED}: sealed"),
        (beyond_a_follower, "at most to 49: followed by ballots"),
        (broken_backup, "cannot be relied on"),
        (backup_of_another_log, "another history"),
        (changed_in_redis, "is not what was sealed"),
        (not_cosigned, "no checkpoint has a quorum"),
    ],
)
def test_what_is_not_safe_elsewhere_is_not_trimmed(
    place: Place, ask: Callable[[Place], list[str]], told: str
) -> None:
    options = ask(place)
    answer = place.trim(*options)
    assert answer.exit_code == 1
    assert told in answer.output
    assert len(place.positions()) == ALL


def trimmed(place: Place, to: int = SEALED) -> None:
    assert place.trim("--to", str(to), "--backup", str(place.copy)).exit_code == 0


def over_http(place: Place) -> SealedSite:
    public = SealedLog(place.archive).public
    site = Starlette(routes=[Mount("/archive", StaticFiles(directory=public))])
    return SealedSite("http://reporting/archive/", ORIGIN, httpx.ASGITransport(site))


@pytest.mark.parametrize("to", [1, 255, 256, 257, 600, SEALED])
@pytest.mark.parametrize("source", [over_http, lambda p: SealedFolder(p.archive, ORIGIN)])
def test_a_trimmed_log_is_read_whole_with_its_archive(
    place: Place, source: Callable[[Place], Sealed], to: int
) -> None:
    trimmed(place, to)

    async def act(client: Any) -> list[bytes]:
        log, held = WholeLog(client, Names(), source(place)), []
        while page := await log.read(len(held), 500):
            assert len(page) == min(500, ALL - len(held))
            held += [entry.raw for entry in page]
        return held

    assert place.run(act) == place.log.entries


def test_a_deciding_service_and_the_door_start_cold_on_a_trimmed_log(place: Place) -> None:
    trimmed(place)
    units = place.log.founding.services["units"]

    async def act(client: Any) -> None:
        log = WholeLog(client, Names(), over_http(place))
        judging = Judging(JUDGE, log, Signer("units", ORIGIN, units), sandbox=True)
        await judging.start()
        assert judging.position == ALL
        assert judging.knowledge.chain(place.log.publisher.kid).head.seq == ALL
        door = Door(log, origin=ORIGIN, sandbox=True)
        await door.reading.catch_up()
        assert door.receipts.position == ALL
        [first] = await log.read(0, 1)
        assert first.raw == place.log.entries[0], "receipts of trimmed entries are still told"
        told, after = await door.reading.receipts_of(
            place.log.founding.authority, SEALED - 200, 150
        )
        assert [one["position"] for one in told] == list(range(SEALED - 199, SEALED - 49))
        assert after == SEALED - 50

    place.run(act)


def ends_too_early(place: Place) -> Sealed:
    shutil.rmtree(place.archive)
    archive = Archive(place.archive, place.log.signer, lambda: Authenticity(ORIGIN))
    archive.start()
    archive.seal(list(enumerate(place.log.entries[:90], 1)))
    archive.stop()
    return SealedFolder(place.archive, ORIGIN)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (lambda _: None, "no archive is set"),
        (lambda p: SealedFolder(p.folder / "nowhere", ORIGIN), "is missing"),
        (lambda p: SealedFolder(p.archive, "log.khac.vn/p0"), "origin log.khac.vn/p0"),
        (lambda _: SealedSite("http://127.0.0.1:9/archive", ORIGIN), "127.0.0.1:9"),
        (ends_too_early, "ends before position 91"),
    ],
)
def test_who_cannot_read_the_trimmed_part_does_not_start_half_blind(
    place: Place, source: Callable[[Place], Sealed | None], told: str
) -> None:
    trimmed(place)
    sealed = source(place)

    async def act(client: Any) -> None:
        log = WholeLog(client, Names(), sealed)
        signer = Signer("units", ORIGIN, place.log.founding.services["units"])
        with pytest.raises(LogTrimmedError, match=told):
            await Judging(JUDGE, log, signer, sandbox=True).start()

    place.run(act)


def test_read_models_are_built_from_the_archive_where_the_log_is_trimmed(place: Place) -> None:
    trimmed(place)
    engine = open_engine(f"sqlite:///{place.folder / 'reporting.sqlite3'}")
    projector = Projector(engine)
    projector.start()

    async def act(client: Any) -> None:
        log = RedisLog(client, Names())
        await take_trimmed(log, SealedLog(place.archive), projector)
        assert projector.position == SEALED
        assert await other_history(engine, log, SealedLog(place.archive)) is None
        page = await log.read(SEALED, 500)
        projector.apply([(entry.position, entry.raw) for entry in page])
        assert await other_history(engine, log, SealedLog(place.archive)) is None

    place.run(act)
    engine.dispose()


def test_read_models_that_followed_what_was_lost_keep_the_gate_shut(place: Place) -> None:
    engine = open_engine(f"sqlite:///{place.folder / 'reporting.sqlite3'}")
    projector = Projector(engine)
    projector.start()
    numbered = list(enumerate(place.log.entries, 1))
    projector.apply(numbered[:300])
    projector.apply([(301, place.log.entries[600])])

    async def act(client: Any) -> str | None:
        sealed = SealedLog(place.archive)
        return await other_history(engine, RedisLog(client, Names()), sealed)

    assert "build them anew" in str(place.run(act))
    trimmed(place)
    assert "build them anew" in str(place.run(act)), "trimmed or not"
    engine.dispose()
