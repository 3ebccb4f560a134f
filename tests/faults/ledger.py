"""What publishers hold in their hands: every receipt they were ever given, compared with the log in the end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.log import Entry


@dataclass(slots=True)
class Ledger:
    """The receipts by event hash, in the order they were given; one that was given again is kept once."""

    given: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def note(self, event_hash: str, position: int) -> None:
        """A publisher was told that its event stands at this position."""
        if self.given[event_hash][-1:] != [position]:
            self.given[event_hash].append(position)

    def moved(self) -> list[str]:
        """The events that stand elsewhere than was once said, with old and new receipt."""
        return [
            f"{event_hash[:12]}: {' → '.join(map(str, positions))}"
            for event_hash, positions in self.given.items()
            if len(positions) > 1
        ]

    def faults(self, entries: Sequence[Entry], *, lost: bool) -> list[str]:
        """
        Where the log does not hold what the last receipt says; that one moved counts only when nothing was *lost*.

        Something was lost only where a file was cut: then the event is sent again and has a new receipt.
        """
        held: dict[str, list[int]] = defaultdict(list)
        for entry in entries:
            if entry.jws is not None:
                held[parse_jws(entry.jws).hash].append(entry.position)
        wrong = [
            f"{event_hash[:12]}: receipt for {positions[-1]}, in the log at {held[event_hash]}"
            for event_hash, positions in self.given.items()
            if held[event_hash] != positions[-1:]
        ]
        return wrong if lost else wrong + [f"moved: {one}" for one in self.moved()]
