"""
What the store holds is said in the log: one ``evidence-stored`` for each unit's file in a cycle.

The event enters the inbox of ``units`` like any publisher's, signed with the door's key. Its bytes follow
from what the store noted and from where the key's chain stands, so a second attempt after a kill is the
same event, and the log takes it once.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog

from services.units.admission import Admissible, NotAdmittedError
from thidua.clock import from_ms
from thidua.contracts.base import Evidence
from thidua.contracts.units import EvidenceStored
from thidua.drafting import derived_id
from thidua.knowledge import ChainHead, own_source
from thidua.publishing import Publisher
from thidua.signing import header_of, parse_jws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.units.door import Door
    from services.units.evidence.store import Use
    from thidua.log import Entry
    from thidua.signing import SigningKey

log = structlog.get_logger(__name__)

SOURCE: Final = own_source("door")
PAGE: Final = 1000
WAIT_SECONDS: Final = 10.0
Of = tuple[str, str, str]
"""Subject, unit and hash: what is said once."""


class Announcing:
    """
    Tells the log of kept files, in order, one at a time.

    ``recorded`` are those the log has heard of, with their positions; ``refused`` those it did not take.
    """

    def __init__(self, door: Door, key: SigningKey, folder: Path) -> None:
        self._door = door
        self._key = key
        self._lock = folder / "announcing.lock"
        self._position = 0
        self._sent: str | None = None
        self._mute = False
        self._refusals: dict[Of, int] = {}
        self.recorded: dict[Of, int] = {}
        self.refused: dict[Of, str] = {}

    def again(self, of: Of) -> None:
        """Say once more what the log has not taken: its reason may be gone."""
        self.refused.pop(of, None)

    async def tick(self, uses: list[Use]) -> None:
        """Say of *uses* what the log has not heard; returns early while nobody judges."""
        await self._follow()
        todo = [u for u in uses if u.key not in self.recorded and u.key not in self.refused]
        if not todo:
            return
        kid = self._kid()
        if kid is None:
            if not self._mute:
                log.warning("evidence_key_unregistered", owner=SOURCE)
            self._mute = True
            return
        self._mute = False
        with _alone(self._lock) as alone:
            for use in todo if alone else ():
                if not await self._say(use, kid):
                    return
                await self._follow()

    async def _say(self, use: Use, kid: str) -> bool:
        """Whether the log or the judge has answered; the next event needs that one's place."""
        receipts = self._door.receipts
        seq, _, last = (await self._door.log.chain(f"units/{kid}")).partition(" ")
        head = ChainHead(int(seq), last) if seq else ChainHead()
        publisher = Publisher(self._door.origin, SOURCE, kid, self._key, {"units": head})
        evidence = Evidence(sha256=use.sha256, bytes=use.size, name=f"{use.sha256[:16]}.{use.kind}")
        data = EvidenceStored(unit=use.unit, evidence=evidence)
        attempt = str(self._refusals.get(use.key, 0))
        event_id = str(derived_id("\0".join((self._door.origin, "evidence", *use.key, attempt))))
        moment = from_ms(use.at_ms)
        jws = publisher.sign(
            data.TYPE,
            use.subject,
            data.model_dump(mode="json", exclude_none=True),
            time=moment,
            event_id=event_id,
        )
        event_hash = parse_jws(jws).hash
        if self._sent != event_hash:
            event = Admissible(
                hash=event_hash,
                kid=kid,
                jws=jws.encode(),
                service="units",
                subject=use.subject,
                type=data.TYPE,
                id=event_id,
                seq=head.seq + 1,
                publisher="door",
                time=moment,
            )
            try:
                # A sandbox takes the arrival it is given, and only what does not go back.
                [fault] = await self._door.admit([(event, receipts.clock_ms)]) or [None]
            except NotAdmittedError as error:
                fault = error
            if fault is not None:
                log.info("evidence_not_admitted", code=str(fault.code))
                return False
            self._sent = event_hash
        await receipts.wait([event_hash], WAIT_SECONDS)
        placed = event_hash in await self._door.reading.find([event_hash])
        answered = placed or receipts.answer(event_hash) is not None
        if answered or await self._door.log.pending("units") == 0:
            self._sent = None
        return placed

    def _kid(self) -> str | None:
        spki = self._key.verifying_key.spki
        for key in self._door.receipts.keys_of(SOURCE):
            if key.spki == spki and key.status == "active":
                return key.kid
        return None

    async def _follow(self) -> None:
        """Take in what the log has said of the store since the last time."""
        await self._door.reading.catch_up()
        until = self._door.receipts.position
        while self._position < until:
            page = await self._door.log.read(self._position, min(PAGE, until - self._position))
            keys = self._door.receipts.keys_of(SOURCE)
            beginnings = tuple(f"{header_of(key.alg, key.kid)}.".encode() for key in keys)
            for entry in page:
                if entry.jws is not None and entry.jws.startswith(beginnings):
                    self._take(entry)
                self._position = entry.position

    def _take(self, entry: Entry) -> None:
        said: dict[str, Any] = json.loads(parse_jws(entry.jws or b"").payload)
        if said["type"] != EvidenceStored.TYPE:
            return
        data = said["data"]
        of = (said["subject"], data["unit"], data["evidence"]["sha256"])
        if entry.refused is None:
            self.recorded[of] = entry.position
            self.refused.pop(of, None)
        else:
            self._refusals[of] = self._refusals.get(of, 0) + 1
            self.refused[of] = str(entry.refused["code"])
            log.warning("evidence_refused", position=entry.position, code=self.refused[of])


@contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    """Whether no other replica speaks with the key meanwhile."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
