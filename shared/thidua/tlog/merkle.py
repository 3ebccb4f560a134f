"""The Merkle tree of RFC 6962 section 2.1 over entry bytes, and the two proofs of RFC 9162 section 2.1."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """
    The root over neighbouring nodes of one level.

    Pairing from below with an odd last node carried up is the same tree as the recursive split of
    RFC 6962, in one pass.
    """
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        paired = [
            sha256(b"\x01" + level[at] + level[at + 1]).digest()
            for at in range(0, len(level) - 1, 2)
        ]
        if len(level) & 1:
            paired.append(level[-1])
        level = paired
    return level[0]


def split(width: int) -> int:
    """The largest power of two below *width*, where RFC 6962 splits a range of more than one leaf."""
    return 1 << ((width - 1).bit_length() - 1)


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether *proof* shows the leaf hash *leaf* at *index* of the tree of *size* (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    first, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        first >>= 1
        last >>= 1
    return last == 0 and found == root


def consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether *proof* shows the tree of size *old* to be the beginning of that of *new* (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= new or not _are_hashes(old_root, new_root, *proof):
        return False
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        return not proof and old_root == expected
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first >>= 1
        last >>= 1
    of_old = of_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            of_old, of_new = node_hash(sibling, of_old), node_hash(sibling, of_new)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            of_new = node_hash(of_new, sibling)
        first >>= 1
        last >>= 1
    return last == 0 and of_old == old_root and of_new == new_root


def _are_hashes(*given: bytes) -> bool:
    return all(len(one) == HASH_SIZE for one in given)
