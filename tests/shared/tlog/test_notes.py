"""Checkpoints, cosignatures, policies and proofs: what is written is read, and nothing else is believed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.signing import Algorithm, SigningKey
from thidua.tlog.faults import ArchiveCutError, ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.merkle import leaf_hash
from thidua.tlog.notes import (
    COSIGNATURE,
    Checkpoint,
    NoteKey,
    NoteSigner,
    read_checkpoint,
    unsigned,
)
from thidua.tlog.policy import Group, Policy, read_policy, write_policy
from thidua.tlog.proofs import prove, read_proof
from thidua.tlog.tiles import TileFolder, bundle_path, read_bundle, tile_path, write_bundle
from thidua.tlog.writing import TileWriter

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "log.example.vn/su-kien/p0"
LOG = NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA))
WITNESSES = {
    f"don-vi-{n}": NoteSigner(
        f"don-vi-{n}.example.vn/cosigner", SigningKey.generate(Algorithm.EDDSA), COSIGNATURE
    )
    for n in range(1, 8)
}
POLICY = Policy(
    LOG.public,
    {name: witness.public for name, witness in WITNESSES.items()},
    {"tinh": Group(5, tuple(WITNESSES))},
    "tinh",
    {"don-vi-1": "http://127.0.0.1:7391"},
    "MFkwEw",
)


def signed(size: int = 3, root: bytes = bytes(32), cosigners: int = 7) -> Checkpoint:
    checkpoint = unsigned(ORIGIN, size, root)
    lines = [one.line(checkpoint.text, time=1_767_574_800) for one in WITNESSES.values()]
    return checkpoint.signed(LOG.line(checkpoint.text), *lines[:cosigners])


def test_a_signed_checkpoint_is_read_as_it_was_written() -> None:
    checkpoint = signed()
    assert read_checkpoint(checkpoint.note) == checkpoint
    assert POLICY.check(checkpoint).cosigned == dict.fromkeys(WITNESSES, 1_767_574_800)
    assert len(checkpoint.note.encode()) < 1300, "fits a QR code"


def test_a_key_line_is_read_as_it_was_written_whatever_its_base64_holds() -> None:
    for _ in range(40):
        key = NoteSigner("a.b/c", SigningKey.generate(Algorithm.EDDSA)).public
        assert NoteKey.parse(key.vkey) == key


@pytest.mark.parametrize(("cosigners", "enough"), [(4, False), (5, True), (7, True)])
def test_five_of_seven_cosignatures_are_a_quorum_and_four_are_none(
    cosigners: int, enough: bool
) -> None:
    assert POLICY.check(signed(cosigners=cosigners)).reached is enough


def test_a_policy_is_read_as_it_was_written() -> None:
    assert read_policy(write_policy(POLICY)) == POLICY
    nested = Policy(
        LOG.public,
        POLICY.witnesses,
        {"a": Group(1, ("don-vi-1", "don-vi-2")), "b": Group(2, ("a", "don-vi-3"))},
        "b",
    )
    again = read_policy(write_policy(nested))
    assert again.suffices({"don-vi-2", "don-vi-3"})
    assert not again.suffices({"don-vi-1", "don-vi-2"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {LOG.public.vkey}\n",
        f"log {LOG.public.vkey}\nlog {LOG.public.vkey}\nquorum none\n",
        f"log {WITNESSES['don-vi-1'].public.vkey}\nquorum none\n",
        f"log {LOG.public.vkey}\ngroup a 1 nobody\nquorum a\n",
        f"log {LOG.public.vkey}\nwitness a {WITNESSES['don-vi-1'].public.vkey}\ngroup g 2 a\nquorum g\n",
        f"log {LOG.public.vkey}\nquorum nobody\n",
        "log x+y+z\nquorum none\n",
    ],
)
def test_a_policy_that_says_nothing_sure_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ArchiveFaultError, match=r"policy|vkey"):
        read_policy(text)


def test_a_wrong_signature_is_a_fault_and_a_missing_one_of_a_witness_is_none() -> None:
    checkpoint = signed()
    other = unsigned(ORIGIN, 4, bytes(32))
    with pytest.raises(ArchiveFaultError, match="a signature by its key"):
        POLICY.check(Checkpoint(ORIGIN, 4, bytes(32), other.text, checkpoint.signatures))
    with pytest.raises(ArchiveFaultError, match="none"):
        POLICY.check(checkpoint.only(one.name for one in WITNESSES.values()))
    with pytest.raises(ArchiveFaultError, match="origin"):
        Policy(NoteKey("other", 1, LOG.public.public)).check(checkpoint)
    assert not POLICY.check(checkpoint.only([ORIGIN])).reached


@given(st.data())
def test_a_flipped_bit_of_a_checkpoint_is_always_noticed(data: st.DataObject) -> None:
    raw = bytearray(signed(cosigners=0).note.encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ArchiveFaultError):
        POLICY.check(read_checkpoint(bytes(raw)))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_other_bytes_are_refused_by_the_one_named_error(raw: bytes) -> None:
    for read in (read_checkpoint, read_proof):
        with pytest.raises(ArchiveFaultError):
            read(raw)
    with suppress(ArchiveFaultError, ArchiveCutError):
        entries = read_bundle(raw, 1, "bundle")
        assert raw.startswith(write_bundle(entries))


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=256))
def test_a_bundle_is_read_as_it_was_written_and_a_cut_one_is_refused(entries: list[bytes]) -> None:
    data = write_bundle(entries)
    assert read_bundle(data, len(entries), "bundle") == entries
    with pytest.raises(ArchiveCutError) as cut:
        read_bundle(data[:-1], len(entries), "bundle")
    assert list(cut.value.entries) == entries[:-1]
    for longer in (data + b"\x00", data + b"\x00\x01", data + write_bundle(entries)):
        with pytest.raises(ArchiveFaultError):
            read_bundle(longer, len(entries), "bundle")


def test_an_entrys_proof_is_read_as_it_was_written_and_holds_for_its_entry_alone(
    tmp_path: Path,
) -> None:
    writer = TileWriter(tmp_path)
    writer.add([b"%d" % n for n in range(300)])
    checkpoint = signed(300, writer.write())
    proof = read_proof(prove(TileFolder(tmp_path, 300), 41, checkpoint).text)
    assert proof.check(b"40", POLICY).reached
    with pytest.raises(ArchiveFaultError, match="position 41"):
        proof.check(b"41", POLICY)


def test_links_pipes_and_endless_files_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    writer = TileWriter(folder)
    writer.add([b"a", b"b"])
    writer.write()
    tile = folder / tile_path(0, 0, 2)
    content = tile.read_bytes()
    (tmp_path / "outside").write_bytes(content)
    tile.unlink()
    with pytest.raises(ArchiveUnreadableError, match="missing"):
        TileFolder(folder, 2).root()
    tile.symlink_to(tmp_path / "outside")
    with pytest.raises(ArchiveFaultError, match="link"):
        TileFolder(folder, 2).root()
    tile.unlink()
    with tile.open("wb") as endless:
        endless.truncate(10 * 2**30)
    with pytest.raises(ArchiveFaultError, match="at most 8192 bytes"):
        TileFolder(folder, 2).root()
    tile.unlink()
    tile.write_bytes(content[:-1])
    with pytest.raises(ArchiveCutError, match="2 hashes"):
        TileFolder(folder, 2).root()
    bundle = folder / bundle_path(0, 2)
    bundle.unlink()
    bundle.mkdir()
    with pytest.raises(ArchiveUnreadableError):
        TileFolder(folder, 2).bundle(0)


def test_the_leaf_hash_of_a_position_is_that_of_its_entry(tmp_path: Path) -> None:
    writer = TileWriter(tmp_path)
    writer.add([b"a", b"b"])
    writer.write()
    assert TileFolder(tmp_path, 2).leaf(2) == leaf_hash(b"b")
