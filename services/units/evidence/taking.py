"""What upload requests come to: begun, gone on with, finished, given up, and told of."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any, Final

from services.units.admission import NotAdmittedError
from services.units.evidence.kinds import ENDINGS
from services.units.evidence.store import upload_id
from thidua.evidence import CHUNK
from thidua.refusals import Code, problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import BinaryIO

    from services.units.evidence.announcing import Announcing
    from services.units.evidence.keeping import Keeping
    from services.units.evidence.settings import EvidenceSettings
    from services.units.evidence.spool import Upload
    from services.units.evidence.tus import Checksum
    from thidua.evidence import UploadStatement

DAY_MS: Final = 86_400_000
IDLE_SECONDS: Final = 30.0
"""A connection that sends nothing for so long is given up; what came is kept."""


class Taking:
    """Uploads as their units see them."""

    def __init__(
        self, settings: EvidenceSettings, keeping: Keeping, announcing: Announcing
    ) -> None:
        self._settings = settings
        self._keeping = keeping
        self._spool = keeping.spool
        self._announcing = announcing

    def begin(self, statement: UploadStatement, now_ms: int) -> str:
        """
        The name of the upload that a statement is about; begun when it was not.

        Raises :class:`NotAdmittedError` when the file would be too large, too much, or of no type that is taken.
        """
        name = upload_id(statement.subject, statement.unit, statement.hash)
        kept = self._keeping.uses.get(name)
        if kept is not None:
            self._announcing.again(kept.key)
            return name
        limits = self._settings
        if statement.size > limits.evidence_max_bytes:
            raise NotAdmittedError(
                Code.EVIDENCE_TOO_LARGE,
                {"given": statement.size, "expected": limits.evidence_max_bytes},
            )
        ending = statement.name.rpartition(".")[2].lower()
        if not any(ending in ENDINGS[kind] for kind in limits.kinds):
            facts: dict[str, object] = {"given": f".{ending}", "expected": list(limits.kinds)}
            raise NotAdmittedError(Code.EVIDENCE_TYPE, facts)
        used = self._keeping.room_used(statement.unit, name) + statement.size
        if used > limits.evidence_quota:
            facts = {"unit": statement.unit, "given": used, "expected": limits.evidence_quota}
            raise NotAdmittedError(Code.EVIDENCE_QUOTA, facts)
        self._spool.open(statement, now_ms + limits.evidence_days * DAY_MS)
        return name

    def stands(self, name: str) -> tuple[int, int, int | None]:
        """How many bytes have come, how many there are to be, and until when an unfinished one is kept."""
        kept = self._keeping.uses.get(name)
        if kept is not None:
            return kept.size, kept.size, None
        upload = self._upload(name)
        return self._spool.offset(upload), upload.size, upload.until_ms

    async def go_on(
        self, name: str, offset: int, checksum: Checksum | None, body: AsyncIterator[bytes]
    ) -> int:
        """
        Put a part behind what has come; how many bytes have come then.

        What arrives before a connection breaks is kept, but a part with a checksum is kept whole or not
        at all. After the last byte the file has its hash and a type, or the upload is refused.
        """
        if name in self._keeping.uses:
            raise NotAdmittedError(
                Code.UPLOAD_OFFSET, {"expected": self.stands(name)[0], "given": offset}
            )
        with self._spool.locked(name):
            upload = self._upload(name)
            have = self._spool.offset(upload)
            if offset != have or self._spool.whole(upload) is not None:
                raise NotAdmittedError(Code.UPLOAD_OFFSET, {"expected": have, "given": offset})
            with self._spool.part(upload) as part:
                have += await self._write(part, upload, have, checksum, body)
            if have == upload.size:
                await asyncio.to_thread(self._spool.complete, upload)
            return have

    def give_up(self, name: str) -> None:
        """Forget an unfinished upload."""
        with self._spool.locked(name):
            self._spool.forget(self._upload(name))

    def told(self, name: str) -> dict[str, Any]:
        """Where an upload is: on its way, with the scanner, stored, in the log, or refused and why."""
        kept = self._keeping.uses.get(name)
        if kept is not None:
            of = kept.key
            refused = self._announcing.refused.get(of)
            position = self._announcing.recorded.get(of)
            state = "recorded" if position else "unrecorded" if refused else "stored"
            return {"state": state, "position": position, "code": refused, "bytes": kept.size}
        fault = self._spool.fault(name)
        upload = self._spool.find(name)
        if upload is None and fault is not None:
            return {"state": "refused", "problem": problem(fault.code, fault.facts)}
        upload = self._upload(name)
        scanning = self._spool.whole(upload) is not None
        waits = self._keeping.fault if scanning else None
        state = "scanning" if scanning else "uploading"
        return {"state": state, "bytes": self._spool.offset(upload), "waits": waits}

    async def _write(
        self,
        part: BinaryIO,
        upload: Upload,
        have: int,
        checksum: Checksum | None,
        body: AsyncIterator[bytes],
    ) -> int:
        """Write a part; how many bytes of it stay."""
        digest = hashlib.new(checksum.algorithm if checksum else "sha1", usedforsecurity=False)
        came, whole = 0, False
        buffer = bytearray()
        try:
            async for piece in _lively(body):
                came += len(piece)
                if have + came > upload.size:
                    facts: dict[str, object] = {"given": have + came, "expected": upload.size}
                    raise NotAdmittedError(Code.EVIDENCE_TOO_LARGE, facts)
                digest.update(piece)
                buffer += piece
                if len(buffer) >= CHUNK:
                    full, buffer = bytes(buffer), bytearray()
                    await asyncio.to_thread(self._spool.write, part, full)
            whole = True
        finally:
            if checksum is not None and not (whole and checksum.holds(digest.digest())):
                part.truncate(have)
                came = 0
            elif buffer:
                self._spool.write(part, bytes(buffer))
            await asyncio.to_thread(self._spool.settle, part)
        if checksum is not None and not came and not checksum.holds(digest.digest()):
            raise NotAdmittedError(Code.UPLOAD_CHECKSUM)
        return came

    def _upload(self, name: str) -> Upload:
        upload = self._spool.find(name)
        if upload is None:
            raise NotAdmittedError(Code.NOT_FOUND, {"given": name[:64]})
        return upload


async def _lively(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """*body* until it ends; ``TimeoutError`` when nothing comes for a while."""
    pieces = aiter(body)
    while True:
        try:
            piece = await asyncio.wait_for(anext(pieces), IDLE_SECONDS)
        except StopAsyncIteration:
            return
        yield piece
