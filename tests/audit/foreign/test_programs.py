"""Programs that are not ours verify the sealed year, and refuse it once it was edited."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pymerkle
import pytest

from tests.audit.manipulations import bit, bundle
from thidua.tlog.notes import read_checkpoint
from thidua.tlog.proofs import prove
from thidua.tlog.tiles import CHECKPOINT, TileFolder

if TYPE_CHECKING:
    from tests.audit.copies import Copy

pytestmark = pytest.mark.foreign

VERIFY_ENTRY = Path(__file__).parents[3] / "shared" / "verifiers" / "verify-entry.sh"
SECONDS = 60


def proven(copy: Copy, position: int, folder: Path) -> tuple[Path, Path]:
    """An entry and its proof as files."""
    checkpoint = read_checkpoint((copy.folder / CHECKPOINT).read_bytes())
    entry, proof = folder / f"{position}.json", folder / f"{position}.json.tlog-proof"
    entry.write_bytes(copy.entries()[position - 1])
    text = prove(TileFolder(copy.folder, copy.size), position, checkpoint).text
    proof.write_text(text, encoding="utf-8")
    return entry, proof


def test_pymerkle_gives_the_same_root_and_its_proofs_are_ours(sealed_year: Copy) -> None:
    entries, size = sealed_year.entries(), sealed_year.size
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    root = read_checkpoint((sealed_year.folder / CHECKPOINT).read_bytes()).root
    assert tree.get_root() == root
    files = TileFolder(sealed_year.folder, size)
    for position in (1, 2, size // 2, size):
        theirs = tree.prove_inclusion(position)
        leaf = tree.get_leaf(position)
        pymerkle.verify_inclusion(leaf, root, theirs, index=position, size=size)
        assert [*map(bytes.fromhex, theirs.serialize()["path"])][1:] == files.inclusion(position)
    pymerkle.verify_consistency(files.root(100), root, tree.prove_consistency(100, size))
    with pytest.raises(pymerkle.InvalidProof):
        pymerkle.verify_inclusion(bytes(32), root, tree.prove_inclusion(1))


def by_openssl(entry: Path, proof: Path, vkey: str) -> int:
    assert shutil.which("openssl"), "openssl is not here: apt-get install openssl"
    asked = ["sh", str(VERIFY_ENTRY), str(entry), str(proof), vkey]
    return subprocess.run(asked, capture_output=True, check=False, timeout=SECONDS).returncode


def test_openssl_and_coreutils_prove_one_entry(sealed_year: Copy, tmp_path: Path) -> None:
    vkey, size = sealed_year.policy.log.vkey, sealed_year.size
    files = {at: proven(sealed_year, at, tmp_path) for at in (1, 2, size - 1, size)}
    for at, (entry, proof) in files.items():
        assert by_openssl(entry, proof, vkey) == 0, at
    (first, proof), (second, _) = files[1], files[2]
    assert by_openssl(second, proof, vkey) == 4
    other = sealed_year.policy.log._replace(public=bytes(32))
    assert by_openssl(first, proof, other.vkey) == 4
    text = proof.read_text(encoding="utf-8")
    proof.write_text(text.replace(f"\n{size}\n", f"\n{size + 1}\n"), encoding="utf-8")
    assert by_openssl(first, proof, vkey) == 4


@pytest.mark.fetched
def test_tesseras_fsck_verifies_the_whole_log(
    sealed_year: Copy, copy: Copy, debian: Path, tmp_path: Path
) -> None:
    key = tmp_path / "vkey"
    key.write_text(sealed_year.policy.log.vkey, encoding="ascii")

    def holds(folder: Path) -> bool:
        asked = [debian.parent / "fsck", "-N", "2", "--ui=false"]
        asked += [f"--public_key={key}", f"--storage_url=file://{folder}/"]
        # Its exit code says nothing in this version, and with one worker it may never end.
        told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=SECONDS)
        return f"Successfully fsck'd log with size {sealed_year.size}" in told.stderr

    assert holds(sealed_year.folder)
    path = bundle(copy)
    path.write_bytes(bit(path.read_bytes()))
    assert not holds(copy.folder)


@pytest.mark.fetched
def test_spicy_torchwood_verifies_one_entry(
    sealed_year: Copy, debian: Path, tmp_path: Path
) -> None:
    entry, proof = proven(sealed_year, 120, tmp_path)
    # A spicy signature is a tlog-proof without its first line.
    spicy = proof.read_text(encoding="utf-8").split("\n", 1)[1]
    (tmp_path / f"{entry.name}.spicy").write_text(spicy, encoding="utf-8")
    program = debian / "usr/bin/spicy-torchwood"

    def code() -> int:
        asked = [program, "-verify", sealed_year.policy.log.vkey, entry]
        return subprocess.run(asked, capture_output=True, check=False, timeout=SECONDS).returncode

    assert code() == 0
    entry.write_bytes(bit(entry.read_bytes()))
    assert code() != 0
