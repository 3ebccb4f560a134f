"""Where every event of the log stands, by its hash: some fifty bytes an event, so that a door stays small for years."""

from __future__ import annotations

from array import array
from base64 import urlsafe_b64decode
from struct import Struct
from typing import Final

_SHARDS: Final = 256
"""Each grows by itself, so that no event waits for all of them."""
_FIRST: Final = 8
_KEY: Final = Struct(">QQ")
_LETTERS: Final = 24
"""So many letters of a hash are 18 bytes, of which 16 are kept: nobody finds two events that share them."""
_HASH: Final = 43


class Places:
    """
    Event hash → position; what was put in stays.

    Open addressing over flat arrays: a dictionary of texts would need four times the memory.
    """

    __slots__ = ("_counts", "_shards")

    def __init__(self) -> None:
        self._shards = [_empty(_FIRST) for _ in range(_SHARDS)]
        self._counts = [0] * _SHARDS

    def __len__(self) -> int:
        """How many events there are."""
        return sum(self._counts)

    def put(self, event_hash: str, position: int) -> None:
        """Remember where an event stands; *position* is at least 1."""
        key = _key(event_hash)
        if key is None:
            return
        high, low = key
        number = low % _SHARDS
        slots = self._shards[number]
        if 3 * self._counts[number] >= 2 * (len(slots) // 3):
            slots = self._shards[number] = _grown(slots)
        at = _slot(slots, high, low)
        self._counts[number] += not slots[at + 2]
        slots[at], slots[at + 1], slots[at + 2] = high, low, position

    def find(self, event_hash: str) -> int | None:
        """Where an event stands; ``None`` when it does not, and for what is no hash."""
        key = _key(event_hash)
        if key is None:
            return None
        high, low = key
        slots = self._shards[low % _SHARDS]
        return slots[_slot(slots, high, low) + 2] or None


def _empty(size: int) -> array[int]:
    return array("Q", bytes(3 * 8 * size))


def _slot(slots: array[int], high: int, low: int) -> int:
    """Where a key is, or the empty slot where it belongs."""
    size = len(slots) // 3
    at = 3 * (high % size)
    while slots[at + 2] and (slots[at] != high or slots[at + 1] != low):
        at = (at + 3) % len(slots)
    return at


def _grown(slots: array[int]) -> array[int]:
    larger = _empty(2 * (len(slots) // 3))
    for old in range(0, len(slots), 3):
        if slots[old + 2]:
            at = _slot(larger, slots[old], slots[old + 1])
            larger[at : at + 3] = slots[old : old + 3]
    return larger


def _key(event_hash: str) -> tuple[int, int] | None:
    if len(event_hash) != _HASH or not event_hash.isascii():
        return None
    raw = urlsafe_b64decode(event_hash[:_LETTERS])
    return _KEY.unpack_from(raw) if len(raw) >= _KEY.size else None
