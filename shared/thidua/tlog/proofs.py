"""The proof that one entry stands in the log, as a file beside it: C2SP tlog-proof."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.merkle import HASH_SIZE, included, leaf_hash
from thidua.tlog.notes import Checkpoint, read_checkpoint

if TYPE_CHECKING:
    from thidua.tlog.policy import Policy, Quorum
    from thidua.tlog.tiles import TileFolder

HEADER: Final = "c2sp.org/tlog-proof@v1"
MOST_PROOF_BYTES: Final = 131_072
MOST_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class EntryProof:
    """Where an entry stands, the hashes from its leaf to the root, and the checkpoint with that root."""

    position: int
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint

    @property
    def text(self) -> str:
        """The file."""
        lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.hashes)
        return f"{HEADER}\nindex {self.position - 1}\n{lines}\n{self.checkpoint.note}"

    def check(self, entry: bytes, policy: Policy) -> Quorum:
        """
        Return the quorum under the checkpoint when *entry* stands where the proof says.

        Raises :class:`ArchiveFaultError` when the entry, the proof or a signature does not hold.
        """
        quorum = policy.check(self.checkpoint)
        checkpoint = self.checkpoint
        if not included(
            leaf_hash(entry), self.position - 1, checkpoint.size, self.hashes, checkpoint.root
        ):
            raise ArchiveFaultError(f"position {self.position}", "the proven entry", "another")
        return quorum


def prove(folder: TileFolder, position: int, checkpoint: Checkpoint) -> EntryProof:
    """The proof of the entry at *position* under *checkpoint*."""
    if not 1 <= position <= checkpoint.size:
        raise ArchiveFaultError(f"position {position}", f"1 to {checkpoint.size}", "beyond")
    return EntryProof(position, tuple(folder.inclusion(position, checkpoint.size)), checkpoint)


def read_proof(text: bytes | str) -> EntryProof:
    """The proof in a file; raises :class:`ArchiveFaultError`, and nothing else, for all other bytes."""
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > MOST_PROOF_BYTES:
        raise ArchiveFaultError("tlog-proof", f"at most {MOST_PROOF_BYTES} bytes", f"{len(raw)}")
    head, blank, note = raw.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    index = lines[1].removeprefix("index ") if len(lines) > 1 else ""
    if not blank or lines[0] != HEADER or not index.isdecimal() or str(int(index[:16])) != index:
        raise ArchiveFaultError("tlog-proof", f"{HEADER}, index N", ascii(head[:60]))
    if len(lines) > MOST_HASHES + 2:
        raise ArchiveFaultError("tlog-proof", f"at most {MOST_HASHES} hashes", f"{len(lines)}")
    return EntryProof(
        int(index) + 1, tuple(_hash(line) for line in lines[2:]), read_checkpoint(note)
    )


def _hash(line: str) -> bytes:
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != HASH_SIZE or base64.b64encode(raw).decode() != line:
        raise ArchiveFaultError("tlog-proof", "hashes in base64", ascii(line[:60]))
    return raw
