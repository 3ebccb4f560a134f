"""What a paper made from the log rests on: the position of its figures, the checkpoint there, and whether the log only plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from thidua.tlog.notes import Checkpoint, unsigned

if TYPE_CHECKING:
    from thidua.tlog.tiles import TileFolder

SANDBOX_MARK: Final = "THỬ NGHIỆM – SỔ THỬ / SANDBOX, không có giá trị"


@dataclass(frozen=True, slots=True)
class Footing:
    """
    ``checkpoint`` is the tree of exactly ``position`` entries; empty while they are not all sealed.

    So a paper made again from a log that has grown says the same.
    """

    position: int
    checkpoint: Checkpoint | None
    sandbox: bool

    @property
    def words(self) -> str:
        """The checkpoint in a line."""
        if self.checkpoint is None:
            return "Điểm niêm: vị trí này chưa niêm."
        return f"Điểm niêm của {self.checkpoint.origin}: {self.checkpoint.short}"

    @property
    def mark(self) -> str | None:
        """What stands on every sheet of a log that plays."""
        return SANDBOX_MARK if self.sandbox else None


def footing(files: TileFolder, origin: str | None, position: int, *, sandbox: bool) -> Footing:
    """The footing at *position* of the log *origin* whose sealed part *files* holds; no origin, nothing sealed."""
    sealed = origin is not None and position <= files.size
    found = unsigned(origin, position, files.root(position)) if origin and sealed else None
    return Footing(position, found, sandbox)
