"""From the spool into the store: quotas, the scanner, and which unit's files are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from services.units.admission import NotAdmittedError
from services.units.evidence.kinds import kind_of
from services.units.evidence.scanning import ScannerAwayError
from services.units.evidence.store import (
    StoreAwayError,
    StoreDamagedError,
    StoreFullError,
    Use,
)
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.evidence.scanning import Scan
    from services.units.evidence.spool import Spool, Upload
    from services.units.evidence.store import EvidenceStore

log = structlog.get_logger(__name__)

RELOAD_MS: Final = 60_000
"""How often the store is asked what other replicas have put there."""
REMEMBERED_MS: Final = 7 * 86_400_000
"""For how long an upload's unit can ask why there is no file."""
_WORDS: Final[dict[type[Exception], str]] = {
    ScannerAwayError: "scanner",
    StoreFullError: "room",
    StoreAwayError: "store",
}


class Keeping:
    """
    Takes whole uploads into the store once the scanner calls them clean.

    ``uses`` is what the store is known to hold; ``fault`` what is missing for storing just now: the
    ``scanner``, ``room``, or the ``store``. Its calls block.
    """

    def __init__(self, spool: Spool, store: EvidenceStore, scan: Scan | None) -> None:
        self.spool = spool
        self.store = store
        self.scan = scan
        self.uses: dict[str, Use] = {}
        self.fault: str | None = None
        self._by_file: dict[str, list[Use]] = {}
        self._reloaded_ms = 0

    def reload(self, now_ms: int) -> None:
        """Ask the store for all that it holds."""
        for use in self.store.uses():
            self._know(use)
        self._reloaded_ms = now_ms

    def uses_of(self, sha256: str) -> list[Use]:
        """Who put a file forward, in which cycles."""
        return self._by_file.get(sha256, [])

    def room_used(self, unit: str, besides: str) -> int:
        """How many bytes a unit's files take, those on their way included but for one upload."""
        kept = {use.sha256: use.size for use in self.uses.values() if use.unit == unit}
        coming = {
            upload.sha256: upload.size
            for upload in self.spool.all()
            if upload.unit == unit and upload.id != besides
        }
        return sum({**coming, **kept}.values())

    def tick(self, now_ms: int) -> None:
        """Finish what is whole, store what is clean, forget what nobody went on with."""
        before, self.fault = self.fault, None
        try:
            if now_ms - self._reloaded_ms >= RELOAD_MS:
                self.reload(now_ms)
                self.spool.forget_faults(now_ms - REMEMBERED_MS)
            for upload in self.spool.all():
                whole = self.spool.offset(upload) == upload.size
                if whole or now_ms > upload.until_ms:
                    self._see_to(upload, now_ms)
        except (ScannerAwayError, StoreFullError, StoreAwayError) as error:
            self.fault = _WORDS[type(error)]
            if self.fault != before:
                log.warning("evidence_waits", reason=self.fault, error=str(error))

    def _see_to(self, upload: Upload, now_ms: int) -> None:
        try:
            with self.spool.locked(upload.id):
                if self.spool.find(upload.id) != upload:
                    return
                if self.spool.whole(upload) is None:
                    if self.spool.offset(upload) == upload.size:
                        # It was killed between its last byte and its hash.
                        self.spool.complete(upload)
                    elif now_ms > upload.until_ms:
                        self.spool.forget(upload)
                        log.info("upload_expired", upload=upload.id)
                self._store(upload, now_ms)
        except StoreDamagedError as error:
            # One damaged file keeps no other from being stored.
            log.error("evidence_damaged", sha256=error.sha256)  # noqa: TRY400 - the trace says nothing more
        except NotAdmittedError as error:
            log.info("upload_refused", upload=upload.id, code=str(error.code))

    def _store(self, upload: Upload, now_ms: int) -> None:
        path = self.spool.whole(upload)
        if path is None:
            return
        if self.scan is not None and not self.scan(path):
            facts: dict[str, object] = {"file": upload.name}
            raise self.spool.refuse(upload, Code.EVIDENCE_INFECTED, facts)
        use = Use(
            now_ms,
            upload.sha256,
            upload.subject,
            upload.unit,
            upload.size,
            kind_of(path) or "",
            upload.name,
        )
        self.store.put(upload.sha256, path)
        self.store.note(use)
        self.spool.forget(upload)
        self._know(use)
        log.info("evidence_kept", upload=upload.id, bytes=upload.size)

    def _know(self, use: Use) -> None:
        if use.id not in self.uses:
            self.uses[use.id] = use
            self._by_file.setdefault(use.sha256, []).append(use)
