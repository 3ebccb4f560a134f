"""A backup is brought back whole into an empty system, which goes on with it; or nothing is written, and it is said why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis

from services.backup.manifest import MANIFEST, SUM, sum_line
from services.reporting.database import open_engine
from services.reporting.fingerprint import fingerprints
from services.reporting.following import Projector
from services.sandbox import JUDGES
from tests.operators.conftest import CYCLE
from tests.operators.houses import REASON, House, another, at_rest, prints, restored
from tests.system.test_independence import SAYS
from thidua.audit.rejudging import Rejudging
from thidua.clock import parse_rfc3339, to_ms
from thidua.contracts.units import LogRestored
from thidua.knowledge import recorded_event
from thidua.log import Names
from thidua.publishing import DoorClient
from thidua.signing import Algorithm, SigningKey
from thidua.testing.servers import own_redis

if TYPE_CHECKING:
    from services.sandbox import Sandbox
    from tests.operators.conftest import Played

N = Names()


def files(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file()
    }


def receipts(url: str) -> dict[str, list[Any]]:
    with redis.Redis.from_url(url) as client:
        names = map(bytes.decode, client.keys(N.receipts("*")))
        return {name: client.xrange(name) for name in names}


@pytest.fixture(scope="module")
def second(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The last backup on another machine, without its root key, every process running."""
    place = tmp_path_factory.mktemp("second")
    keys = shutil.copytree(played.keys, place.parent / f"{place.name}-keys")
    with another(played.house, place) as box:
        done = restored(played.last, place, box.system.redis_url, "--keys", str(keys), "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert (told["announced"], told["missing_keys"]) == (True, [])
        box.system.start()
        yield box


def test_services_come_up_on_what_was_restored_byte_for_byte_with_the_same_figures(
    played: Played, second: Sandbox
) -> None:
    before = [entry.raw for entry in played.house.box.entries()]
    door = DoorClient(second.system.url("door"))
    position = at_rest(door)
    door.close()
    entries = second.entries()
    assert [entry.raw for entry in entries[: len(before)]] == before
    [announced] = entries[len(before) :]
    assert recorded_event(announced).data == LogRestored(position=len(before), reason=REASON)
    assert position == len(before) + 1
    assert (
        receipts(second.system.redis_url).items()
        >= receipts(played.house.box.system.redis_url).items()
    )
    kept = files(played.house.box.system.folder / "evidence" / "files")
    assert kept
    assert files(second.system.folder / "evidence" / "files") == kept
    second.rejudge(entries)
    assert second.outcome()["fingerprints_equal"]


def without_root_key(played: Played, folder: Path) -> Path:
    """An operator's folder as it is once the root key was moved elsewhere."""
    home = shutil.copytree(played.house.home, folder / "home")
    (home / "keys" / "root.pem").unlink()
    return home


def test_without_the_root_key_the_log_and_its_figures_are_the_very_same(
    played: Played, tmp_path: Path
) -> None:
    home = without_root_key(played, tmp_path)
    with another(played.house, home) as box:
        done = restored(played.last, home, box.system.redis_url)
        assert done.exit_code == 0, done.output
        assert "the authority must publish" in done.output
        box.system.start("reporting")
        assert box.entries() == played.house.box.entries()
        assert prints(box) == prints(played.house.box)


def a_key_of_redis(box: Sandbox) -> str:
    with redis.Redis.from_url(box.system.redis_url) as client:
        client.hset(N.followed, "units", 7)
    return N.followed


def an_archive(box: Sandbox) -> str:
    (box.system.folder / "archive" / "archive").mkdir(parents=True)
    (box.system.folder / "archive" / "archive" / "checkpoint").touch()
    return "archive/archive"


def a_file_of_evidence(box: Sandbox) -> str:
    (box.system.folder / "evidence" / "files" / "ab").mkdir(parents=True)
    return "evidence/files"


def read_models(box: Sandbox) -> str:
    engine = open_engine(box.system.environment["THIDUA_DATABASE_URL"])
    Projector(engine).start()
    engine.dispose()
    return "reporting.sqlite3"


def another_key(box: Sandbox) -> str:
    (box.system.folder / "keys").mkdir()
    (box.system.folder / "keys" / "door.pem").write_bytes(
        SigningKey.generate(Algorithm.EDDSA).to_pem()
    )
    return "door.pem"


@pytest.mark.parametrize(
    "put", [a_key_of_redis, an_archive, a_file_of_evidence, read_models, another_key]
)
def test_a_system_that_is_not_empty_is_refused_by_what_is_there_and_left_alone(
    played: Played, tmp_path: Path, put: Callable[[Sandbox], str]
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with another(played.house, place) as box:
        named = put(box)
        before = files(place)
        done = restored(played.last, place, box.system.redis_url, "--keys", str(played.keys))
        assert (done.exit_code, "is not empty" in done.output) == (1, True), done.output
        assert named in done.output
        assert files(place).items() >= before.items()
        with redis.Redis.from_url(box.system.redis_url) as client:
            assert client.xlen(N.log) == 0


def wrong_figures(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["figures"]["fingerprints"]["units"] = "0" * 64
    raw = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(raw)
    (folder / SUM).write_text(sum_line(raw), encoding="ascii")


def a_changed_byte(folder: Path) -> None:
    path = folder / "redis.json"
    path.write_bytes(path.read_bytes().replace(b"{", b"[", 1))


@pytest.mark.parametrize(
    ("change", "named"), [(wrong_figures, "read model units"), (a_changed_byte, "redis.json")]
)
def test_a_backup_that_does_not_hold_is_not_brought_back_and_nothing_is_written(
    played: Played, tmp_path: Path, change: Callable[[Path], None], named: str
) -> None:
    backup = shutil.copytree(played.last, tmp_path / "backup")
    change(backup)
    place = tmp_path / "place"
    place.mkdir()
    with another(played.house, place) as box:
        done = restored(backup, place, box.system.redis_url, "--keys", str(played.keys))
        assert (done.exit_code, named in done.output) == (4, True), done.output
        assert files(place) == {}
        with redis.Redis.from_url(box.system.redis_url) as client:
            assert client.dbsize() == 0


def test_keys_of_another_log_are_refused_by_name(played: Played, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(played.house.home, home)
    (home / "keys" / "units.pem").write_bytes(SigningKey.generate(Algorithm.EDDSA).to_pem())
    with own_redis() as valkey:
        done = restored(played.last, home, valkey.url)
    assert (done.exit_code, "units.pem" in done.output) == (1, True), done.output


@pytest.mark.postgres
def test_a_backup_from_sqlite_is_brought_back_onto_postgresql_with_equal_figures(
    played: Played, tmp_path: Path, postgres_url: str
) -> None:
    home = without_root_key(played, tmp_path)
    with another(played.house, home) as box:
        told = ("--database-url", postgres_url)
        done = restored(played.last, home, box.system.redis_url, *told)
    assert done.exit_code == 0, done.output
    engine = open_engine(postgres_url)
    served = fingerprints(engine)
    engine.dispose()
    assert served == prints(played.house.box)


def test_what_waited_to_be_judged_is_judged_after_a_restore_with_its_arrival_and_once(
    played: Played, second: Sandbox, tmp_path: Path
) -> None:
    door = DoorClient(second.system.url("door"))
    at_rest(door)
    for name in ("reporting", "units"):
        second.system.kill(name)
    publisher, wire_type, data = SAYS["units"]
    speaker = played.player._publishers[publisher]
    speaker.heads["units"] = door.head(speaker.kid, "units")
    moment = parse_rfc3339("2023-03-12T09:00:00+07:00")
    waiting = speaker.sign(wire_type, CYCLE, data, time=moment)
    assert door.send(waiting, arrival=moment, wait=0).document["status"] == "pending"
    publisher, wire_type, data = SAYS["ballots"]
    speaker = played.player._publishers[publisher]
    moment_after = parse_rfc3339("2023-03-12T09:30:00+07:00")
    unsealed = speaker.sign(wire_type, CYCLE, data, time=moment_after)
    reply = door.send(unsealed, arrival=moment_after, wait=10)
    assert reply.outcome == "recorded", reply.document
    door.close()
    here = House(second, played.house.home)
    target, place = tmp_path / "backup", tmp_path / "place"
    done = here.backup(target, "--json")
    told = json.loads(done.stdout)
    assert (told["waiting"], told["log"]["position"] - told["log"]["sealed"]) == (1, 1)
    place.mkdir()
    with another(played.house, place) as box:
        done = restored(target, place, box.system.redis_url, "--keys", str(played.keys))
        assert done.exit_code == 0, done.output
        box.system.start()
        again = DoorClient(box.system.url("door"))
        at_rest(again)
        reply = again.send(waiting, arrival=moment, wait=10)
        assert reply.outcome == "recorded", reply.document
        again.close()
        entries = box.entries()
        held = [entry for entry in entries if entry.jws == waiting.encode()]
        assert [entry.rx_ms for entry in held] == [to_ms(moment)]
        Rejudging(JUDGES, origin=box.founding.origin).run(entries)
        assert box.outcome()["fingerprints_equal"]
