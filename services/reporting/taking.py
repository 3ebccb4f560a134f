"""From entries' bytes to rows: each entry read once for all read models, those left out parked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from services.reporting.projected import ProjectedEntry
from services.reporting.projections.parked import parked
from thidua.clock import format_instant
from thidua.contracts.envelope import read_envelope
from thidua.errors import RejectError
from thidua.log import read_entry
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.reporting.projection import Plan
    from services.reporting.rows import Rows

_RX: Final = slice(13, 37)
"""Where the arrival stands in every entry: after ``{"v":1,"rx":"``."""


def read_projected(position: int, raw: bytes) -> ProjectedEntry:
    """
    The entry at *position*, its event opened and typed.

    Signatures were checked at the door and are checked again by auditors, not here. Raises whatever
    the reading of a malformed entry raises; the caller parks it.
    """
    entry = read_entry(position, raw)
    rx = raw[_RX].decode()
    refused, said = entry.refused, entry.said
    code = facts = None
    if refused is not None:
        code, facts = refused["code"], refused["facts"]
    if said is not None:
        return ProjectedEntry(
            position=position,
            rx=rx,
            by=entry.by,
            outcome="said",
            hash=said["hash"],
            kid=said["kid"],
            seq=said["seq"],
            id=said["id"],
            source="",
            type=said["type"],
            subject=said["subject"],
            time="",
            data=None,
            code=code,
            facts=facts,
        )
    parsed = parse_jws(entry.jws or b"")
    envelope = read_envelope(parsed.payload)
    return ProjectedEntry(
        position=position,
        rx=rx,
        by=entry.by,
        outcome="recorded" if refused is None else "refused",
        hash=parsed.hash,
        kid=parsed.kid,
        seq=envelope.seq,
        id=envelope.id,
        source=envelope.source,
        type=envelope.type,
        subject=envelope.subject,
        time=_time(envelope.time),
        data=envelope.data,
        code=code,
        facts=facts,
    )


def _time(moment: datetime) -> str:
    if moment.utcoffset() == _NO_OFFSET:
        return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"
    return format_instant(moment)


_NO_OFFSET: Final = timedelta(0)


class UnprojectableError(RejectError):
    """An entry from which the read models can make nothing."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"position {position} cannot be projected: {reason}")
        self.position = position
        self.reason = reason


def project_batch(
    plan: Plan, rows: Rows, entries: Sequence[tuple[int, bytes]], left_out: Mapping[int, str]
) -> None:
    """
    Project *entries* in order, but park those *left_out* with their reasons.

    After ``UnprojectableError`` the rows hold half an entry: forget them, and begin the batch again
    without it.
    """
    for position, raw in entries:
        if position in left_out:
            rows.put(parked, position=position, reason=left_out[position])
            continue
        try:
            plan.project(read_projected(position, raw), rows)
        except SQLAlchemyError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            raise UnprojectableError(position, reason) from error
