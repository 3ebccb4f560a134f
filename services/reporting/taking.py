"""From entries' bytes to rows: each entry read once for all read models, those left out parked."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, create_model
from sqlalchemy.exc import SQLAlchemyError

from services.reporting.projected import ProjectedEntry
from services.reporting.projections.parked import parked
from thidua.clock import format_instant, parse_instant
from thidua.contracts import CONTRACTS
from thidua.contracts.envelope import believe_envelope
from thidua.errors import RejectError
from thidua.log import read_entry
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import SchemaValidator

    from services.reporting.projected import Outcome
    from services.reporting.projection import Plan
    from services.reporting.rows import Rows
    from thidua.contracts.registry import Contract
    from thidua.log import Entry

_RX: Final = slice(13, 37)
"""Where the arrival stands in every entry: after ``{"v":1,"rx":"``."""
_TYPE: Final = re.compile(rb'"type" ?: ?"([a-z0-9.-]{1,80})"')


class _Told(BaseModel):
    """What read models take from an event; the rest of its envelope nobody looks at here."""

    model_config = ConfigDict(extra="ignore", strict=True)
    id: str
    source: str
    type: str
    subject: str
    time: str
    seq: int
    data: Any


def _told(contract: Contract) -> SchemaValidator:
    name, data = contract.wire_type, contract.data
    members: dict[str, Any] = {"type": (Literal[name], ...), "data": (data, ...)}
    told = create_model(f"{data.__name__}Told", __base__=_Told, **members)
    return cast("SchemaValidator", told.__pydantic_validator__)


_TOLD: Final = {name.encode(): _told(contract) for name, contract in CONTRACTS.items()}


def read_projected(position: int, raw: bytes) -> ProjectedEntry:
    """
    The entry at *position*, its event opened and typed.

    It was judged, and is believed: signatures and texts were checked at the door and are checked again
    by auditors, not here. Raises whatever the reading of a malformed entry raises; the caller parks it.
    """
    return projected(read_entry(position, raw))


def projected(entry: Entry) -> ProjectedEntry:
    """As :func:`read_projected`, of an entry that was read before."""
    rx = entry.raw[_RX].decode()
    code = facts = None
    outcome: Outcome = "recorded"
    if entry.refused is not None:
        outcome, code, facts = "refused", entry.refused["code"], entry.refused["facts"]
    if entry.said is not None:
        return _said(entry, entry.said, rx)
    parsed = parse_jws(entry.jws or b"")
    told = _read(parsed.payload)
    # By place, which takes half as long; tests hold every member to its name.
    return ProjectedEntry(
        entry.position,
        rx,
        entry.by,
        outcome,
        parsed.hash,
        parsed.kid,
        told.seq,
        told.id,
        told.source,
        told.type,
        told.subject,
        told.time,
        told.data,
        code,
        facts,
    )


def _said(entry: Entry, said: Mapping[str, Any], rx: str) -> ProjectedEntry:
    refused = entry.refused or {}
    return ProjectedEntry(
        position=entry.position,
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
        code=refused["code"],
        facts=refused["facts"],
    )


def _read(payload: bytes) -> _Told:
    """The event of a payload, its time as the log writes times."""
    guess = _TYPE.search(payload)
    reader = _TOLD.get(guess.group(1)) if guess else None
    if reader is not None:
        with suppress(ValueError):
            told: _Told = reader.validate_json(payload)
            parse_instant(told.time)
            return told
    envelope = believe_envelope(payload)
    members = {name: getattr(envelope, name) for name in _Told.model_fields}
    return _Told(**{**members, "time": format_instant(envelope.time)})


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
