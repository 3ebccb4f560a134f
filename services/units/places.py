"""
Where every event of the log stands, by its hash and by its publisher: kept in Redis, so that a door stays small for years.

A fold over the log that the doors write themselves, whichever is first. It decides nothing: what is found
here is held to the entry that stands there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from thidua.log.redis_log import Script

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from thidua.log import Names

_PLACE: Final = Script("place.lua", "services.units")
_HASH: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_SHARD: Final = 2
_LETTERS: Final = 22
"""So many letters of a hash are 132 bits: nobody finds two events that share them."""


class Placed(NamedTuple):
    """An entry's event and who published it; empty when a service did."""

    hash: str
    publisher: str


class Places:
    """The places of one log; any number of doors write them and read them."""

    def __init__(self, client: Redis, names: Names) -> None:
        self._client: Any = client
        self._names = names
        self._noted = 0

    async def note(self, after: int, placed: Sequence[Placed]) -> int:
        """
        Note the entries that follow the position *after*; the position up to which all is noted then.

        It may be another than theirs: another door was further, or Redis has lost what was noted last.
        """
        if self._noted < after + len(placed):
            lines = "".join([f"{one.hash} {one.publisher or '-'}\n" for one in placed])
            names = self._names
            told: Any = await _PLACE(self._client, [names.placed], [names.prefix, after, lines])
            self._noted = int(told)
        return self._noted

    async def find(self, hashes: Iterable[str]) -> dict[str, int]:
        """The positions of events, of those that were noted."""
        asked = [one for one in hashes if _HASH.fullmatch(one)]
        if not asked:
            return {}
        async with self._client.pipeline(transaction=False) as pipe:
            for one in asked:
                pipe.hget(self._names.places(one[:_SHARD]), one[_SHARD:_LETTERS])
            found = await pipe.execute()
        return {one: int(at) for one, at in zip(asked, found, strict=True) if at is not None}

    async def of(self, publisher: str, after: int, most: int) -> list[int]:
        """At most *most* positions, in order, of a publisher's entries after a position."""
        stream = self._names.entries(publisher)
        page = await self._client.xrange(stream, min=f"{after + 1}-0", count=most)
        return [int(name.partition(b"-")[0]) for name, _ in page]
