"""The ``.bel`` archive of a counted secret ballot: its hash, made anew from the sealed entries that tell of it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from services.reporting.projections.secret_ballots import secret_votes
from services.reporting.projections.timeline import timeline
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.knowledge import recorded_event
from thidua.log.entry import read_entry
from thidua.tlog.tiles import WIDTH
from thidua.voting.exporting import Archives

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.reporting.reading import Reading

MOST_KEPT: Final = 64
_TYPES: Final = tuple(
    kind.TYPE
    for kind in (
        s.ElectionDrafted,
        s.TrusteePublished,
        s.TrusteeSharesSealed,
        s.TrusteeKeyConfirmed,
        s.ElectionFixed,
        s.CredentialRegistered,
        b.RollFrozen,
        s.ElectionOpened,
        s.TallyEncrypted,
        s.PartiallyDecrypted,
        s.ResultPublished,
    )
)


@dataclass(frozen=True, slots=True)
class Box:
    """SHA-256 and size in bytes of the archive that ``thidua ballot export`` writes."""

    sha256: str
    bytes: int


class Boxes:
    """
    The boxes of one sealed log; what was counted does not change, so the last few are kept.

    *size* says how many entries are sealed, *entries* gives positions and bytes of those after a position up to another.
    """

    def __init__(
        self,
        size: Callable[[], int],
        entries: Callable[[int, int], Iterator[tuple[int, bytes]]],
    ) -> None:
        self._size, self._sealed = size, entries
        self._kept: OrderedDict[tuple[str, str], Box] = OrderedDict()

    def of(self, read: Reading, cycle: str, ballot: str) -> Box | None:
        """The box of a ballot whose outcome *read* knows; None while an entry of it is not sealed, and for no secret ballot."""
        known = self._kept.get((cycle, ballot))
        if known is None:
            known = self._made(read, cycle, ballot)
            if known is not None:
                self._kept[cycle, ballot] = known
                if len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return known

    def _made(self, read: Reading, cycle: str, ballot: str) -> Box | None:
        positions = _positions(read, cycle, ballot)
        if not positions or positions[-1] > self._size():
            return None
        archives = Archives()
        for position, raw in self._entries(positions):
            archives.take(recorded_event(read_entry(position, raw)))
        found = archives.get(cycle, ballot)
        if found is None or found.result is None:
            return None
        return Box(sha256(found.bel).hexdigest(), len(found.bel))

    def _entries(self, positions: list[int]) -> Iterator[tuple[int, bytes]]:
        """The entries at *positions*, each bundle of the archive read once."""
        for _, bundle in groupby(positions, key=lambda position: (position - 1) // WIDTH):
            wanted = list(bundle)
            for position, raw in self._sealed(wanted[0] - 1, wanted[-1]):
                if position in wanted:
                    yield position, raw


def _positions(read: Reading, cycle: str, ballot: str) -> list[int]:
    """Where the year tells of elections, and where the ballot's own votes stand."""
    votes = [row["position"] for row in read.rows(secret_votes, cycle=cycle, ballot=ballot)]
    if not votes:
        return []
    here = read.table(timeline)
    told = select(here.c.position).where(
        here.c.subject == cycle, here.c.outcome == "recorded", here.c.type.in_(_TYPES)
    )
    return sorted([*votes, *read.connection.execute(told).scalars()])
