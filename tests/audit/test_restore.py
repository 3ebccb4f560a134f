"""A lost log is restored from its archive byte for byte, or not at all; services go on with it."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import redis
from typer.testing import CliRunner

from services.founding import RECORD
from services.log_commands import app
from services.restoring import NotRestoredError, look, restore, verified
from services.sandbox import JUDGES
from thidua.audit.rejudging import Rejudging
from thidua.log import Names, read_entry
from thidua.log.redis_log import RedisLog
from thidua.stream import new_client
from thidua.tlog.tiles import CHECKPOINT, bundle_path

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from click.testing import Result

    from services.sandbox import Sandbox
    from tests.audit.copies import Copy

RUN = CliRunner()
N = Names()
NOW = 1_767_574_800_000
REASON = "Mất ổ đĩa máy chủ"


def kept(url: str) -> dict[str, Any]:
    """What Redis holds of the log, but for what a restored log does not have again or has anew."""
    with redis.Redis.from_url(url) as client:
        hashes = [N.heads, N.chains, N.clock, N.meta, *map(bytes.decode, client.keys(N.ids("*")))]
        receipts = map(bytes.decode, client.keys(N.receipts("*")))
        return {
            "log": client.xrange(N.log),
            **{name: client.hgetall(name) for name in hashes},
            # Their ids are the server's moment; an answer without an entry is nowhere else.
            **{
                name: told
                for name in receipts
                if (told := [f for _, f in client.xrange(name) if b"position" in f])
            },
        }


def run(url: str, act: Callable[[RedisLog], Coroutine[Any, Any, Any]]) -> Any:
    async def acting() -> Any:
        client = new_client(url)
        try:
            return await act(RedisLog(client, N))
        finally:
            await client.aclose()

    return asyncio.run(acting())


def restored(copy: Copy, url: str) -> int:
    restoration = verified(copy.folder, copy.policy)

    async def act(log: RedisLog) -> int:
        return await restore(log, restoration, await look(log, restoration), NOW)

    written: int = run(url, act)
    return written


def found(copy: Copy, url: str) -> Any:
    restoration = verified(copy.folder, copy.policy)
    return run(url, lambda log: look(log, restoration))


def test_everything_that_follows_from_entries_is_restored_byte_for_byte(
    seed_year: Sandbox, sealed_year: Copy, redis_url: str
) -> None:
    before = kept(seed_year.system.redis_url)
    assert restored(sealed_year, redis_url) == sealed_year.size
    after = kept(redis_url)
    assert after.keys() == before.keys()
    for name, held in before.items():
        assert after[name] == held, name
    with redis.Redis.from_url(redis_url) as client:
        assert client.get(N.open) is None, "only the archive opens the gate"
        info = client.xinfo_stream(N.log)
    assert info["last-generated-id"] == f"{sealed_year.size}-0".encode()


def test_whoever_was_at_work_before_the_loss_is_fenced_by_the_inboxes_offsets(
    sealed_year: Copy, redis_url: str
) -> None:
    restored(sealed_year, redis_url)
    for service in ("units", "ballots", "pledges"):
        assert run(redis_url, lambda log, s=service: log.offset(s)) == f"{NOW}-0"
        assert run(redis_url, lambda log, s=service: log.pending(s)) == 0


@pytest.mark.parametrize("kept_entries", [1, 100, 192])
def test_a_beginning_that_is_still_there_is_gone_on_with(
    sealed_year: Copy, redis_url: str, kept_entries: int
) -> None:
    entries = sealed_year.entries()
    with redis.Redis.from_url(redis_url) as client:
        for position, raw in enumerate(entries[:kept_entries], 1):
            client.xadd(N.log, {"e": raw}, id=f"{position}-0")
    assert found(sealed_year, redis_url).ends == kept_entries
    assert restored(sealed_year, redis_url) == sealed_year.size - kept_entries
    whole = kept(redis_url)["log"]
    assert [fields[b"e"] for _, fields in whole] == entries


def test_what_the_doors_had_noted_of_the_lost_end_is_forgotten(
    sealed_year: Copy, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(N.placed, 100)
        client.hset(N.places("ab"), "c" * 20, 7)
        client.xadd(N.entries("LCA"), {"e": ""}, id="7-0")

        restored(sealed_year, redis_url)

        for name in (N.placed, N.places("*"), N.entries("*")):
            assert client.keys(name) == []


def other_entry(client: redis.Redis, entries: list[bytes]) -> None:
    client.xadd(N.log, {"e": entries[0]}, id="1-0")
    client.xadd(N.log, {"e": entries[2]}, id="2-0")


def no_entry(client: redis.Redis, _entries: list[bytes]) -> None:
    client.xadd(N.log, {"e": b"nothing"}, id="1-0")


def other_log(client: redis.Redis, _entries: list[bytes]) -> None:
    client.hset(N.meta, mapping={"origin": "sandbox/khac", "sandbox": "1"})


def unknown_chain(client: redis.Redis, _entries: list[bytes]) -> None:
    client.hset(N.chains, "units/LCA/1", f"9999 {'A' * 43}")


def unknown_id(client: redis.Redis, _entries: list[bytes]) -> None:
    client.hset(N.ids("abc"), "0" * 16, 7)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (other_entry, "position 2"),
        (no_entry, "holds no entry"),
        (other_log, "sandbox/khac"),
        (unknown_chain, "chains units/LCA/1"),
        (unknown_id, "ids abc"),
    ],
)
def test_nothing_is_ever_written_over_what_is_not_in_the_archive(
    sealed_year: Copy,
    redis_url: str,
    held: Callable[[redis.Redis, list[bytes]], None],
    told: str,
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        held(client, sealed_year.entries())
        before = kept(redis_url)
        with pytest.raises(NotRestoredError, match=told):
            found(sealed_year, redis_url)
        assert kept(redis_url) == before


@dataclass(frozen=True)
class House:
    """What an operator has left: keys, the record of the founding, and a copy of the archive."""

    home: Path
    archive: Path
    url: str

    def restore(self, *options: str) -> Result:
        return RUN.invoke(
            app,
            [
                "restore",
                str(self.archive),
                "--redis-url",
                self.url,
                "--home",
                str(self.home),
                "--reason",
                REASON,
                *options,
            ],
        )


@pytest.fixture
def house(seed_year: Sandbox, copy: Copy, redis_url: str, tmp_path: Path) -> House:
    home = tmp_path / "home"
    shutil.copytree(seed_year.system.folder / "keys", home / "keys")
    record = {"archive_vkey": copy.signer.public.vkey, "root_spki": copy.policy.root_spki}
    (home / RECORD).write_text(json.dumps(record), encoding="utf-8")
    return House(home, copy.folder, redis_url)


def test_the_first_entry_after_a_loss_says_that_the_log_was_restored_and_why(
    house: House, sealed_year: Copy
) -> None:
    told = house.restore()
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert document["announced"]
    assert (document["sealed"], document["position"]) == (sealed_year.size, sealed_year.size + 1)
    entries = run(house.url, lambda log: log.read(sealed_year.size, 5))
    assert len(entries) == 1
    again = house.restore()
    assert (again.exit_code, json.loads(again.stdout)["written"]) == (0, 0)


def test_an_archive_that_does_not_hold_is_not_restored_and_nothing_is_written(
    house: House, sealed_year: Copy
) -> None:
    bundle = house.archive / bundle_path(0, sealed_year.size)
    whole = bundle.read_bytes()
    bundle.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    told = house.restore()
    assert told.exit_code == 4, told.output
    bundle.unlink()
    assert house.restore().exit_code == 1
    (house.archive / CHECKPOINT).write_text("nothing", encoding="utf-8")
    assert house.restore().exit_code == 4
    with redis.Redis.from_url(house.url) as client:
        assert client.dbsize() == 0


def test_an_archive_that_ends_within_an_append_is_completed_as_its_service_would_have(
    house: House, copy: Copy
) -> None:
    entries = copy.entries()
    rejudging = Rejudging(JUDGES, origin=copy.policy.log.name)
    cuts = []
    for position, raw in enumerate(entries, 1):
        rejudging.take(read_entry(position, raw))
        if rejudging.missing() is not None:
            cuts.append(position)
    assert cuts, "no append of the year has own events"
    copy.sealed_again(entries[: cuts[-1]])
    for key in ("units", "ballots", "pledges"):
        (house.home / "keys" / f"{key}.pem").rename(house.home / f"{key}.pem")
    told = house.restore()
    assert (told.exit_code, "within an append" in told.output) == (1, True)
    for key in ("units", "ballots", "pledges"):
        (house.home / f"{key}.pem").rename(house.home / "keys" / f"{key}.pem")
    told = house.restore()
    assert told.exit_code == 0, told.output
    held = [entry.raw for entry in run(house.url, lambda log: log.read(0, 1000))]
    completed = held[cuts[-1] : -1]
    assert completed
    assert held[:-1] == entries[: len(held) - 1], "the very bytes that were lost"
