"""Witnesses cosign what continues what they saw, and nothing else, whoever holds the log's key."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx
import pytest

from services.reporting.cosigning import Cosigning
from tests.reporting.archives import ORIGIN, archive_in, signer
from tests.reporting.year import year_2020
from thidua.cli.witness import witness_server
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import COSIGNATURE, NoteSigner, unsigned
from thidua.tlog.policy import Group, Policy
from thidua.tlog.tiles import TileFolder
from thidua.tlog.witness import Witness, read_request, write_request
from thidua.tlog.writing import TileWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import ThreadingHTTPServer
    from pathlib import Path

    from thidua.tlog.notes import Checkpoint

NOW = 1_767_574_800
YEAR = year_2020().raw


@dataclass
class Province:
    """A witness that answers over HTTP; stopped, it keeps what it saw."""

    name: str
    witness: Witness
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def start(self) -> None:
        self.server = witness_server(self.witness, "127.0.0.1", 0)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


@pytest.fixture
def provinces(tmp_path: Path) -> Iterator[list[Province]]:
    """Seven witnesses of the log."""
    seven = []
    for name in ("LCA", "HGI", "LSN", "SLA", "LCH", "DBN", "CBG"):
        folder = tmp_path / name
        folder.mkdir()
        own = NoteSigner(
            f"{name.lower()}.example.vn/cosigner",
            SigningKey.generate(Algorithm.EDDSA),
            COSIGNATURE,
        )
        seven.append(Province(name, Witness(own, {ORIGIN: signer().public}, folder)))
        seven[-1].start()
    yield seven
    for province in seven:
        province.stop()


def policy_of(provinces: list[Province]) -> Policy:
    return Policy(
        signer().public,
        {one.name: one.witness.signer.public for one in provinces},
        {"tinh": Group(5, tuple(one.name for one in provinces))},
        "tinh",
        {one.name: one.url for one in provinces},
    )


async def test_a_checkpoint_is_final_with_five_of_seven_and_a_missing_witness_joins_later(
    provinces: list[Province], tmp_path: Path
) -> None:
    archive, policy = archive_in(tmp_path / "log"), policy_of(provinces)
    archive.seal(YEAR[:90])
    async with httpx.AsyncClient() as client:
        cosigning = Cosigning(archive, policy, client)
        for away in provinces[:3]:
            away.stop()
        first = archive.checkpoint()
        assert first is not None
        assert not policy.check(await cosigning.ask(first)).reached
        provinces[0].start()
        cosigning.policy = replace(policy, urls={**policy.urls, "LCA": provinces[0].url})
        cosigned = await cosigning.ask(first)
        assert len(policy.check(cosigned).cosigned) == 5
        assert policy.check(cosigned).reached
        assert archive.checkpoint() == cosigned
        archive.seal(YEAR)
        newest = archive.checkpoint()
        assert newest is not None
        assert policy.check(await cosigning.ask(newest)).reached


async def test_a_fork_made_with_the_logs_own_key_gets_no_quorum(
    provinces: list[Province], tmp_path: Path
) -> None:
    policy = policy_of(provinces)
    honest, forked = archive_in(tmp_path / "honest"), archive_in(tmp_path / "forked")
    honest.seal(YEAR[:50])
    forked.seal([*YEAR[:19], (20, YEAR[20][1]), *YEAR[20:80]])
    async with httpx.AsyncClient() as client:
        seen = honest.checkpoint()
        assert seen is not None
        assert policy.check(await Cosigning(honest, policy, client).ask(seen)).reached
        fork = forked.checkpoint()
        assert fork is not None
        cheating = Cosigning(forked, policy, client)
        assert policy.check(await cheating.ask(fork)).cosigned == {}


async def test_an_archive_restored_from_an_old_copy_learns_that_more_was_seen(
    provinces: list[Province], tmp_path: Path
) -> None:
    policy = policy_of(provinces)
    whole, old = archive_in(tmp_path / "whole"), archive_in(tmp_path / "old")
    whole.seal(YEAR[:50])
    old.seal(YEAR[:30])
    async with httpx.AsyncClient() as client:
        newest, stale = whole.checkpoint(), old.checkpoint()
        assert newest is not None
        assert stale is not None
        await Cosigning(whole, policy, client).ask(newest)
        restored = Cosigning(old, policy, client)
        await restored.ask(stale)
        assert restored.ahead == dict.fromkeys(policy.witnesses, 50)
        started = Cosigning(old, policy, client)
        await started.look()
        assert started.seen == 50, "known before anything is written"
        assert old.checkpoint() == stale


def tree(folder: Path, entries: list[bytes], own: NoteSigner | None = None) -> Checkpoint:
    writer = TileWriter(folder)
    writer.add(entries)
    checkpoint = unsigned(ORIGIN, len(entries), writer.write())
    return checkpoint.signed((own or signer()).line(checkpoint.text))


def test_every_wrong_request_has_its_own_answer_and_changes_nothing(
    provinces: list[Province], tmp_path: Path
) -> None:
    witness = provinces[0].witness
    entries = [b"%d" % n for n in range(40)]
    ten = tree(tmp_path / "ten", entries[:10])
    assert (
        witness.add_checkpoint(write_request(TileFolder(tmp_path / "ten", 10), ten, 0), now=NOW)[0]
        == 200
    )
    forty = tree(tmp_path / "forty", entries)
    files = TileFolder(tmp_path / "forty", 40)
    good = write_request(files, forty, 10)
    stranger = NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA))
    unknown = unsigned("log.khac.vn/p0", 40, forty.root)
    other = tree(tmp_path / "other", [b"x", *entries[1:]])
    asked = [
        (b"", 400),
        (good.replace(b"old 10", b"old 010"), 400),
        (good.replace(b"old 10", b"old 41"), 400),
        (write_request(files, unknown.signed(signer().line(unknown.text)), 10), 404),
        (write_request(files, tree(tmp_path / "stranger", entries, stranger), 10), 403),
        (write_request(files, forty, 0), 409),
        (write_request(TileFolder(tmp_path / "other", 40), other, 10), 422),
        (good.replace(b"\n\n", b"\nAAAA\n\n", 1), 400),
    ]
    for request, status in asked:
        assert witness.add_checkpoint(request, now=NOW)[0] == status, request
        assert witness.seen(ORIGIN).size == 10
    assert witness.add_checkpoint(good, now=NOW)[0] == 200
    assert witness.seen(ORIGIN) == (40, forty.root)
    again = Witness(witness.signer, witness.logs, witness.folder)
    assert again.seen(ORIGIN) == (40, forty.root), "what was seen outlives the process"


def test_a_request_is_read_as_it_was_written(tmp_path: Path) -> None:
    forty = tree(tmp_path / "forty", [b"%d" % n for n in range(40)])
    files = TileFolder(tmp_path / "forty", 40)
    old, proof, checkpoint = read_request(write_request(files, forty, 7))
    assert (old, list(proof), checkpoint) == (7, files.consistency(7), forty)
