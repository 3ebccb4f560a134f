"""An archive folder that is held to a policy before anything is said of what it contains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from thidua.audit.asking import BeyondError, MomentError, position_before, read_moment
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.merkle import leaf_hash
from thidua.tlog.notes import MOST_NOTE_BYTES, Checkpoint, read_checkpoint
from thidua.tlog.proofs import EntryProof, prove
from thidua.tlog.tiles import CHECKPOINT, TileFolder, check_levels, read_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thidua.tlog.policy import Policy, Quorum

NEWEST: Final = "checkpoint"


@dataclass(frozen=True, slots=True)
class HeldFolder:
    """
    A folder whose checkpoint is signed as its policy asks, and whose tiles have the signed root.

    Every entry is held to its leaf as it is read: :class:`ArchiveFaultError` names the first that differs.
    """

    folder: Path
    checkpoint: Checkpoint
    quorum: Quorum
    policy: Policy
    files: TileFolder

    @property
    def size(self) -> int:
        """How many entries stand under the checkpoint."""
        return self.checkpoint.size

    def entries(self, after: int = 0, until: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Positions and bytes of the entries after a position, up to *until*."""
        for position, raw in self.files.entries(after, until):
            if leaf_hash(raw) != self.files.leaf(position):
                raise ArchiveFaultError(f"position {position}", "the entry of its leaf", "another")
            yield position, raw

    def pages(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """At most so many entries after a position."""
        return list(self.entries(after, min(after + most, self.size)))

    def proof(self, position: int) -> EntryProof:
        """The proof that an entry stands under the checkpoint."""
        return prove(self.files, position, self.checkpoint)

    def position(self, asked: str) -> int:
        """
        The position that *asked* means: a position, a time, ``checkpoint``, or the file of a kept checkpoint.

        Raises ``MomentError`` for all other text, for a position beyond the log and for a file that is no
        checkpoint, and :class:`ArchiveFaultError` for a checkpoint of another history.
        """
        if asked == NEWEST:
            return self.size
        try:
            moment = read_moment(asked)
        except MomentError:
            if Path(asked).is_file():
                return self._beginning(Path(asked))
            raise
        if isinstance(moment, int):
            if moment > self.size:
                raise BeyondError(moment, self.size)
            return moment
        return position_before(self.entries(), moment)

    def _beginning(self, path: Path) -> int:
        try:
            kept = read_checkpoint(path.read_bytes()[: MOST_NOTE_BYTES + 1])
        except ArchiveFaultError:
            raise MomentError(str(path)) from None
        self.policy.check(kept)
        if kept.size > self.size or self.files.root(kept.size) != kept.root:
            raise ArchiveFaultError(str(path), "a beginning of this log", "another history")
        return kept.size


def hold(folder: Path, policy: Policy) -> HeldFolder:
    """
    The folder held to *policy*: signature, quorum and root.

    Raises :class:`ArchiveFaultError` when one says no, ``ArchiveUnreadableError`` when a file cannot be read.
    """
    if not folder.is_dir():
        raise ArchiveUnreadableError(str(folder), "không phải thư mục / is no folder")
    checkpoint = read_checkpoint(read_inside(folder, CHECKPOINT, MOST_NOTE_BYTES))
    quorum = policy.check(checkpoint)
    if not quorum.reached:
        told = ", ".join(sorted(quorum.cosigned)) or "none"
        raise ArchiveFaultError(CHECKPOINT, f"the quorum {policy.quorum}", told)
    files = TileFolder(folder, checkpoint.size)
    check_levels(files)
    if checkpoint.size == 0 or files.root() != checkpoint.root:
        raise ArchiveFaultError(CHECKPOINT, "the root of the tiles", "another, or an empty log")
    return HeldFolder(folder, checkpoint, quorum, policy, files)
