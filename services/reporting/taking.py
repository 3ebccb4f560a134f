"""From an entry's bytes to what read models are given, once for all of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.reporting.projected import ProjectedEntry
from thidua.clock import format_instant
from thidua.contracts.envelope import read_envelope
from thidua.log import read_entry
from thidua.signing import parse_jws

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
