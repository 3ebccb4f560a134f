"""Who asks: the statement that a request carries, held against the keys and members that the log knows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, TypeVar

from services.units.admission import NotAdmittedError
from thidua.clock import WallClock, from_ms, local_day
from thidua.errors import MalformedError, SignatureError
from thidua.evidence import MOST_SECONDS, DownloadStatement, UploadStatement, heard, name_fault
from thidua.refusals import Code
from thidua.signing import VerifyingKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.units.door import Door
    from services.units.evidence.store import Use

S = TypeVar("S", UploadStatement, DownloadStatement)
_SKEW_SECONDS = 300
"""Publishers' clocks go wrong; the log sets its own time."""


class Speaking:
    """Statements, believed or refused by :class:`NotAdmittedError`."""

    def __init__(self, door: Door, clock: WallClock) -> None:
        self._door = door
        self._clock = clock

    async def upload(self, header: str | None) -> UploadStatement:
        """A unit's statement of its own file, in a cycle of a cluster it is a member of."""
        statement, owner = await self._heard(header, UploadStatement)
        if owner != f"/units/{statement.unit}":
            facts: dict[str, object] = {
                "given": owner,
                "expected": f"/units/{statement.unit}",
                "path": "Authorization/unit",
            }
            raise NotAdmittedError(Code.SOURCE_WRONG, facts)
        if wrong := name_fault(statement.name):
            facts = {"path": "Authorization/name", "expected": wrong, "given": "another name"}
            raise NotAdmittedError(Code.UPLOAD_INVALID, facts)
        if not self._is_member(statement.unit, statement.subject):
            facts = {"unit": statement.unit, "subject": statement.subject}
            raise NotAdmittedError(Code.UPLOAD_FORBIDDEN, facts)
        return statement

    async def download(self, header: str | None, sha256: str, uses: Iterable[Use]) -> None:
        """Return when the asker may see a file: its own, one of its cluster, or one of its authority's."""
        statement, owner = await self._heard(header, DownloadStatement)
        if statement.hash != sha256:
            facts: dict[str, object] = {
                "path": "Authorization/hash",
                "expected": sha256,
                "given": statement.hash,
            }
            raise NotAdmittedError(Code.UPLOAD_INVALID, facts)
        _, kind, code = owner.split("/")
        for use in uses:
            if kind == "authorities" and code == use.subject.partition("/")[0]:
                return
            if kind == "units" and (code == use.unit or self._is_member(code, use.subject)):
                return
        raise NotAdmittedError(Code.EVIDENCE_FORBIDDEN, {"given": owner})

    async def _heard(self, header: str | None, kind: type[S]) -> tuple[S, str]:
        """A statement and the owner of the key that signed it."""
        try:
            statement, jws = heard(header, kind)
        except MalformedError as error:
            facts: dict[str, object] = {
                "path": error.path,
                "given": error.given,
                "expected": error.expected,
            }
            raise NotAdmittedError(error.code, facts) from None
        if self._door.receipts.key(jws.kid) is None:
            await self._door.reading.catch_up()
        key = self._door.receipts.key(jws.kid)
        if key is None:
            raise NotAdmittedError(Code.KEY_UNKNOWN, {"kid": jws.kid})
        if key.status != "active":
            raise NotAdmittedError(Code.KEY_EXPIRED, {"kid": jws.kid, "status": key.status})
        try:
            jws.verify(VerifyingKey.from_spki(key.spki, key.alg))
        except SignatureError as error:
            facts = {"kid": jws.kid, "given": error.given, "expected": error.expected}
            raise NotAdmittedError(Code.SIGNATURE_INVALID, facts) from None
        if statement.aud != self._door.origin:
            facts = {"given": statement.aud, "expected": self._door.origin}
            raise NotAdmittedError(Code.AUDIENCE_WRONG, facts)
        now = self._clock.now_ms() // 1000
        if not now - _SKEW_SECONDS <= statement.exp <= now + MOST_SECONDS + _SKEW_SECONDS:
            facts = {
                "given": statement.exp,
                "expected": f"{now} … {now + MOST_SECONDS}",
            }
            raise NotAdmittedError(Code.STATEMENT_EXPIRED, facts)
        return statement, key.owner

    def _is_member(self, unit: str, subject: str) -> bool:
        """Whether a unit is in the cluster of a cycle, now or at the end of the cycle's year."""
        authority, cluster, year = subject.split("/")
        registry = self._door.receipts.registry(authority)
        now_ms = self._door.receipts.clock_ms if self._door.sandbox else self._clock.now_ms()
        days = (local_day(from_ms(now_ms)), date(int(year), 12, 31))
        return registry is not None and any(unit in registry.members(cluster, day) for day in days)
