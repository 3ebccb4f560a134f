"""What the door reads of the log: follows it, notes where events stand, and tells what became of them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from services.units.admission import NotAdmittedError
from services.units.door_answers import Answer, judged, problem_of, receipt
from services.units.places import Places
from services.units.receipts import Receipts, Told
from thidua.clock import format_ms
from thidua.contracts import SERVICES
from thidua.knowledge import own_source
from thidua.log import read_entry
from thidua.receipts import DOOR, Receipt, hash_in, sign_receipt
from thidua.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from services.units.admission import Admissible
    from thidua.log import Entry
    from thidua.log.redis_log import RedisLog
    from thidua.signing import SigningKey
    from thidua.stream import RawEntry

PAGE: Final = 1000
FOLLOWERS: Final = (*SERVICES, "projector", "archive")


class Reading:
    """
    How far one replica of the door has read the log, and its answers out of it.

    *key* signs receipts when the log registers it.
    """

    def __init__(
        self, event_log: RedisLog, *, origin: str, sandbox: bool, key: SigningKey | None = None
    ) -> None:
        self.log = event_log
        self.origin = origin
        self.sandbox = sandbox
        self.receipts = Receipts()
        self.places = Places(event_log.client, event_log.names)
        self.answered_to = "0-0"
        self._key = key
        self._lock = asyncio.Lock()

    async def catch_up(self) -> None:
        """Take in the log to its end."""
        async with self._lock:
            while page := await self.log.read(self.receipts.position, PAGE):
                await self._take(page)

    async def from_log(self, entries: list[RawEntry]) -> None:
        """Take in what stands in the log since the last time."""
        async with self._lock:
            fresh: list[Entry] = []
            for stream_id, fields in entries:
                position = int(stream_id.partition("-")[0])
                if position == self.receipts.position + 1 + len(fresh):
                    fresh.append(read_entry(position, fields[b"e"]))
            if fresh:
                await self._take(fresh)

    async def _take(self, entries: Sequence[Entry]) -> None:
        """Take in the next entries, then note where they stand, and whatever before them is not noted."""
        after = entries[0].position - 1
        placed = [self.receipts.take(entry) for entry in entries]
        while placed and (noted := await self.places.note(after, placed)) < self.receipts.position:
            missing = await self.log.read(noted, min(PAGE, self.receipts.position - noted))
            after, placed = noted, [self.receipts.placed(entry) for entry in missing]

    async def from_answers(self, entries: list[RawEntry]) -> None:
        """Take in what the services have answered without an entry."""
        for _, fields in entries:
            answer = json.loads(fields[b"answer"])
            told = Told(answer["code"], answer["facts"], answer.get("trial"))
            self.receipts.answered(fields[b"hash"].decode(), told)
        self.answered_to = entries[-1][0]

    async def standing_of(self, events: Iterable[Admissible]) -> dict[str, Entry]:
        """By their hashes the entries of those of the *events* that stand in the log; about new ones nobody is asked."""
        may_stand = self.receipts.may_stand
        return await self.standing(
            event.hash for event in events if may_stand(event.service, event.kid, event.seq)
        )

    async def standing(self, hashes: Iterable[str]) -> dict[str, Entry]:
        """By their hashes the entries of those events that stand in the log."""
        places = await self.find(hashes)
        entries = await self.log.read_at(sorted(places.values()))
        return {one: entry for entry in entries if (one := hash_in(entry)) in places}

    async def find(self, hashes: Iterable[str]) -> dict[str, int]:
        """The positions of those of the events that stand in the log."""
        found = {one: self.receipts.latest(one) for one in hashes}
        older = await self.places.find(one for one, at in found.items() if at is None)
        return {one: at for one, at in found.items() if at is not None} | older

    async def result(self, event_hash: str) -> Answer | None:
        """What became of an event, ``None`` when nothing is known of it."""
        return self.told(event_hash, (await self.standing([event_hash])).get(event_hash))

    def told(self, event_hash: str, entry: Entry | None) -> Answer | None:
        """What became of an event, by its entry if it has one; ``None`` when nothing is known of it."""
        if entry is not None:
            return judged(event_hash, entry)
        answer = self.receipts.answer(event_hash)
        if answer is None:
            return None
        return problem_of(NotAdmittedError(Code(answer.code), answer.facts, event=event_hash))

    async def signed(self, event_hash: str) -> str | None:
        """
        The receipt of an event of the log as compact JWS; ``None`` when it is not in the log.

        Raises :class:`NotAdmittedError` (``RECEIPT_UNSIGNED``) while the log registers no key of this door.
        """
        entry = (await self.standing([event_hash])).get(event_hash)
        if entry is None:
            return None
        if self._key is not None:
            kid = self.receipts.name_of(own_source(DOOR), self._key.verifying_key.spki)
            if kid is not None:
                return sign_receipt(Receipt.of(self.origin, event_hash, entry), self._key, kid)
        raise NotAdmittedError(Code.RECEIPT_UNSIGNED, {"given": event_hash}, event=event_hash)

    async def receipts_of(
        self, publisher: str, after: int, most: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """A page of a publisher's receipts after a position, and after which the next page begins."""
        places = await self.places.of(publisher, after, most + 1)
        entries = await self.log.read_at(places[:most])
        return [receipt(hash_in(entry), entry) for entry in entries], (
            places[most - 1] if len(places) > most else None
        )

    async def status(self) -> dict[str, Any]:
        """How far the log and everybody who follows it are."""
        followed = await self.log.followed()
        pending = {service: await self.log.pending(service) for service in SERVICES}
        tail = await self.log.tail()
        gate = await self.log.gate()
        quiet = not any(pending.values()) and all(followed.get(name) == tail for name in FOLLOWERS)
        return {
            "origin": self.origin,
            "sandbox": self.sandbox,
            "position": tail,
            "clock": format_ms(self.receipts.clock_ms) if self.receipts.clock_ms else None,
            "gate": "open" if gate.is_open else "closed",
            "followed": followed,
            "inboxes": pending,
            "quiet": quiet,
        }

    async def heads(self, kid: str, service: str | None) -> dict[str, Any]:
        """Where a key's chain with each service stands."""
        wanted = SERVICES if service is None else (service,)
        heads = {}
        for name in wanted:
            text = await self.log.chain(f"{name}/{kid}")
            seq, _, last = text.partition(" ")
            heads[name] = {"seq": int(seq or 0), "hash": last or None}
        return {"kid": kid, "heads": heads}
