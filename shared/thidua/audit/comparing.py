"""Two copies of one log compared: which is a beginning of the other, or where their histories part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thidua.audit.held import HeldFolder
    from thidua.tlog.notes import Checkpoint


@dataclass(frozen=True, slots=True)
class Compared:
    """
    What two held folders have in common.

    ``common`` is how many entries are the same. When ``parts`` is true the two signed checkpoints contradict each
    other: together they prove that two histories were signed (a split view).
    """

    common: int
    first: Checkpoint
    second: Checkpoint

    @property
    def parts(self) -> bool:
        """Whether neither is a beginning of the other."""
        return self.common < min(self.first.size, self.second.size)


def compare(first: HeldFolder, second: HeldFolder) -> Compared:
    """How far two folders have the same entries; by their roots alone, so a long log costs no more than a short one."""
    same, other = 0, min(first.size, second.size) + 1
    while other - same > 1:
        middle = (same + other) // 2
        if first.files.root(middle) == second.files.root(middle):
            same = middle
        else:
            other = middle
    return Compared(same, first.checkpoint, second.checkpoint)
