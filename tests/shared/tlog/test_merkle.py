"""The tree of RFC 6962: published roots, and proofs that prove what they say and nothing else."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from thidua.tlog.merkle import (
    EMPTY_ROOT,
    consistent,
    included,
    leaf_hash,
    node_hash,
    root_of,
    split,
)
from thidua.tlog.tiles import TileFolder
from thidua.tlog.writing import TileWriter

if TYPE_CHECKING:
    import pytest

# The eight inputs and roots that every implementation of Certificate Transparency is tested with.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def recursive(entries: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word by word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    middle = split(len(entries))
    return node_hash(recursive(entries[:middle]), recursive(entries[middle:]))


def test_the_published_roots_are_ours() -> None:
    assert recursive([]) == EMPTY_ROOT
    for size, root in enumerate(ROOTS, 1):
        leaves = [leaf_hash(entry) for entry in INPUTS[:size]]
        assert root_of(leaves).hex() == recursive(INPUTS[:size]).hex() == root


def test_tiles_of_every_size_give_the_recursive_root_and_proofs_that_hold(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("tiles")
    entries = [b"%d" % number for number in range(700)]
    writer = TileWriter(folder)
    roots = {0: EMPTY_ROOT}
    for start, end in ((0, 1), (1, 2), (2, 255), (255, 256), (256, 257), (257, 513), (513, 700)):
        writer.add(entries[start:end])
        roots[end] = writer.write()
        assert roots[end] == recursive(entries[:end])
        writer = TileWriter(folder, end)
    files = TileFolder(folder, 700)
    assert [raw for _, raw in files.entries()] == entries
    for old in (1, 2, 3, 255, 256, 257, 512, 513, 699):
        proof = files.consistency(old)
        assert consistent(old, 700, files.root(old), roots[700], proof)
    for position in (1, 2, 255, 256, 257, 512, 513, 700):
        proof = files.inclusion(position)
        assert included(leaf_hash(entries[position - 1]), position - 1, 700, proof, roots[700])


@given(size=st.integers(1, 64), data=st.data())
def test_a_proof_holds_for_its_own_leaf_index_and_root_alone(
    size: int, data: st.DataObject
) -> None:
    entries = [b"%d" % number for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof, root = path(entries, index), recursive(entries)
    leaf = leaf_hash(entries[index])
    assert included(leaf, index, size, proof, root)
    assert not included(leaf_hash(b"another"), index, size, proof, root)
    assert not included(leaf, size, size, proof, root)
    assert not included(leaf, index, size, [*proof, leaf], root)
    assert not included(leaf, index, size, proof, leaf_hash(b"another"))
    assert not included(leaf[:31], index, size, proof, root)
    if proof:
        assert not included(leaf, index, size, proof[:-1], root)
    other = (
        data.draw(st.integers(0, size - 1).filter(lambda one: one != index)) if size > 1 else None
    )
    if other is not None:
        assert not included(leaf, other, size, proof, root)


@given(old=st.integers(0, 48), more=st.integers(0, 48), forged=st.integers(0, 47))
def test_no_proof_joins_two_trees_that_differ_in_what_they_share(
    old: int, more: int, forged: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    entries = [b"%d" % number for number in range(old + more)]
    fork = [b"forged" if at == forged else raw for at, raw in enumerate(entries[:old])]
    writer = TileWriter(tmp_path_factory.mktemp("fork"))
    writer.add(entries)
    writer.write()
    files = TileFolder(writer.folder, old + more)
    proof = files.consistency(old)
    assert consistent(old, old + more, recursive(entries[:old]), recursive(entries), proof)
    assert consistent(old, old + more, recursive(fork), recursive(entries), proof) is (
        fork == entries[:old]
    )


def path(entries: list[bytes], index: int) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1, word by word."""
    if len(entries) == 1:
        return []
    middle = split(len(entries))
    if index < middle:
        return [*path(entries[:middle], index), recursive(entries[middle:])]
    return [*path(entries[middle:], index - middle), recursive(entries[:middle])]
