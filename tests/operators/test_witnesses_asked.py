"""Before anything signs again the witnesses are asked: what they have seen beyond a backup is named, and not lost in silence."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import redis

from services.backup.checking import check
from services.backup.witnesses import (
    EntriesLostError,
    WitnessesSilentError,
    ask_witnesses,
    hold_to,
)
from tests.operators.houses import REASON, another, restored
from thidua.cli.witness import witness_server
from thidua.contracts.units import LogRestored
from thidua.knowledge import recorded_event
from thidua.log import Names
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import COSIGNATURE, NoteSigner, read_checkpoint, unsigned
from thidua.tlog.policy import NONE, Group, Policy, write_policy
from thidua.tlog.tiles import CHECKPOINT, TileFolder
from thidua.tlog.witness import Witness, write_request
from thidua.tlog.writing import TileWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.operators.conftest import Played
    from tests.operators.houses import House

NOW = 1_767_574_800
N = Names()


@dataclass
class Provinces:
    """Three witnesses that answer over HTTP, and the policy that wants two of them."""

    house: House
    witnesses: dict[str, Witness]
    urls: dict[str, str]

    def policy(self, quorum: str = "tinh", **changed: Witness) -> Policy:
        """What everybody holds the log to; *changed* names another key for a witness."""
        known = self.house.policy
        return Policy(
            known.log,
            {name: changed.get(name, one).signer.public for name, one in self.witnesses.items()},
            {"tinh": Group(2, tuple(self.witnesses))},
            quorum,
            self.urls,
            known.root_spki,
        )

    def show(self, folder: Path, *names: str) -> int:
        """Let witnesses see a backup's checkpoint; its size."""
        checkpoint = read_checkpoint((folder / "archive" / CHECKPOINT).read_bytes())
        files = TileFolder(folder / "archive", checkpoint.size)
        for name in names or self.witnesses:
            request = write_request(files, checkpoint, 0)
            assert self.witnesses[name].add_checkpoint(request, now=NOW).status == 200
        return checkpoint.size


def witness_of(name: str, house: House, folder: Path) -> Witness:
    key = SigningKey.generate(Algorithm.EDDSA)
    folder.mkdir()
    signer = NoteSigner(f"{name.lower()}.example.vn/cosigner", key, COSIGNATURE)
    return Witness(signer, {house.signer.name: house.signer.public}, folder)


@pytest.fixture
def provinces(played: Played, tmp_path: Path) -> Iterator[Provinces]:
    witnesses = {
        name: witness_of(name, played.house, tmp_path / name) for name in ("LCA", "HGI", "DBN")
    }
    servers = {name: witness_server(one, "127.0.0.1", 0) for name, one in witnesses.items()}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    urls = {
        name: f"http://127.0.0.1:{server.server_address[1]}" for name, server in servers.items()
    }
    yield Provinces(played.house, witnesses, urls)
    for server in servers.values():
        server.shutdown()
        server.server_close()


async def test_witnesses_that_have_seen_no_more_vouch_for_it_with_their_signature(
    played: Played, provinces: Provinces
) -> None:
    ours = provinces.show(played.last, "LCA")
    heard = await ask_witnesses(played.last, provinces.policy(), ours)
    assert heard.vouching == ("DBN", "HGI", "LCA")
    assert (heard.beyond, heard.silent) == ({}, ())
    hold_to(heard, provinces.policy(), ours)


async def test_who_does_not_answer_counts_as_having_seen_more_once_they_could_be_a_quorum(
    played: Played, provinces: Provinces
) -> None:
    ours = provinces.show(played.last)
    policy = provinces.policy()
    del provinces.urls["LCA"]
    heard = await ask_witnesses(played.last, policy, ours)
    assert heard.silent == ("LCA",)
    hold_to(heard, policy, ours)
    del provinces.urls["HGI"]
    heard = await ask_witnesses(played.last, policy, ours)
    with pytest.raises(WitnessesSilentError, match="HGI, LCA"):
        hold_to(heard, policy, ours)
    hold_to(heard, provinces.policy(NONE), ours)


async def test_an_answer_without_the_witnesss_own_signature_vouches_for_nothing(
    played: Played, provinces: Provinces, tmp_path: Path
) -> None:
    ours = provinces.show(played.last)
    other = witness_of("LCA", played.house, tmp_path / "other")
    heard = await ask_witnesses(played.last, provinces.policy(LCA=other), ours)
    assert (heard.vouching, heard.silent) == (("DBN", "HGI"), ("LCA",))


async def test_a_witness_of_another_history_stops_the_restore_as_a_fork(
    played: Played, provinces: Provinces, tmp_path: Path
) -> None:
    ours = read_checkpoint((played.last / "archive" / CHECKPOINT).read_bytes()).size
    for size in (ours, ours - 1):
        writer = TileWriter(tmp_path / f"fork-{size}")
        writer.add([b"%d" % n for n in range(size)])
        fork = unsigned(played.house.signer.name, size, writer.write())
        fork = fork.signed(played.house.signer.line(fork.text))
        request = write_request(TileFolder(tmp_path / f"fork-{size}", size), fork, 0)
        name = "LCA" if size == ours else "HGI"
        assert provinces.witnesses[name].add_checkpoint(request, now=NOW).status == 200
    with pytest.raises(ArchiveFaultError, match="witness HGI, LCA"):
        await ask_witnesses(played.last, provinces.policy(), ours)


async def test_entries_that_were_not_sealed_when_the_backup_was_made_are_not_lost(
    played: Played, provinces: Provinces
) -> None:
    seen = provinces.show(played.last)
    old = played.during[0]
    heard = await ask_witnesses(old, provinces.policy(), seen)
    assert (heard.vouching, heard.beyond, heard.silent) == ((), {}, ())
    hold_to(heard, provinces.policy(), seen)
    heard = await ask_witnesses(old, provinces.policy(), seen - 1)
    with pytest.raises(EntriesLostError, match=f"{seen}; .*LCA {seen}"):
        hold_to(heard, provinces.policy(), seen - 1)


def test_what_witnesses_have_seen_beyond_an_old_backup_is_named_and_given_up_only_with_a_reason_in_the_log(
    played: Played, provinces: Provinces, tmp_path: Path
) -> None:
    seen = provinces.show(played.last)
    old = played.during[0]
    held = check(old, played.house.policy).restoration.kept.position
    policy, place = tmp_path / "policy", tmp_path / "place"
    policy.write_text(write_policy(provinces.policy(NONE)), encoding="utf-8")
    place.mkdir()
    with another(played.house, place) as box:
        url = box.system.redis_url
        asked = ("--policy", str(policy), "--keys", str(played.keys))
        done = restored(old, place, url, *asked)
        assert done.exit_code == 1, done.output
        assert f"positions lost: {held + 1}–{seen}" in done.output
        assert list(place.iterdir()) in ([], [place / "reporting.sqlite3"])
        with redis.Redis.from_url(url) as client:
            assert client.dbsize() == 0
        done = restored(old, place, url, *asked, "--accept-loss")
        assert done.exit_code == 0, done.output
        last = box.entries()[-1]
        assert last.position == held + 1
        assert recorded_event(last).data == LogRestored(position=held, reason=REASON)


def test_a_loss_is_not_accepted_without_the_root_key_that_says_so_in_the_log(
    played: Played, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "keys").mkdir()
    for path in (played.house.home / "keys").glob("*.pem"):
        if path.name != "root.pem":
            (place / "keys" / path.name).write_bytes(path.read_bytes())
    (place / "founded.json").write_bytes((played.house.home / "founded.json").read_bytes())
    with another(played.house, place) as box:
        done = restored(played.last, place, box.system.redis_url, "--accept-loss")
    assert (done.exit_code, "root.pem is needed" in done.output) == (1, True), done.output
