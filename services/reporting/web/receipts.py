"""Checking a receipt: what somebody pasted, held against the log and its sealed bytes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.reporting.projections.timeline import Happening, happening
from services.reporting.web.sealed import SealedEntry, sealed_entry
from thidua.errors import RejectError
from thidua.receipts import parse_receipt
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from services.reporting.reading import Reading

MOST: Final = 16_384
_HASH: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a receipt says: an event's hash, and where, as which bytes and with which tracker it was to stand, when it says so."""

    hash: str
    position: int | None = None
    entry_hash: str | None = None
    tracker: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """
    What came of it: ``unreadable``, ``unknown``, ``recorded``, ``refused`` or ``differs``.

    ``differs``: the event is in the log, but not where or not as the receipt promised.
    """

    state: str
    claim: Claim | None = None
    entry: Happening | None = None
    sealed: SealedEntry | None = None


def read_claim(text: str) -> Claim | None:
    """
    An event hash, a receipt in JSON or as the door signs it, or a whole signed event; ``None`` for all other text.

    Who signed a receipt is not looked at: what it says is held to the log.
    """
    told = text.strip()
    if _HASH.fullmatch(told):
        return Claim(told)
    try:
        if told.startswith("{"):
            return _of_receipt(json.loads(told))
        return Claim(parse_jws(told.encode()).hash)
    except (RejectError, ValueError, RecursionError):
        return _signed(told)


def checked_receipt(read: Reading, archive: SealedLog, text: str) -> CheckedReceipt:
    """What the log says to *text*."""
    claim = read_claim(text)
    if claim is None:
        return CheckedReceipt("unreadable")
    entry = happening(read, event=claim.hash)
    if entry is None:
        return CheckedReceipt("unknown", claim)
    sealed = sealed_entry(archive, entry.position)
    moved = claim.position not in (None, entry.position)
    other = sealed is not None and claim.entry_hash not in (None, sealed.entry_hash)
    other = other or claim.tracker not in (None, entry.facts.get("tracker"))
    state = "recorded" if entry.outcome == "recorded" else "refused"
    return CheckedReceipt("differs" if moved or other else state, claim, entry, sealed)


def _signed(told: str) -> Claim | None:
    try:
        receipt = parse_receipt(told.encode()).receipt
    except (RejectError, ValueError):
        return None
    return Claim(receipt.hash, receipt.position, receipt.entry_hash, receipt.tracker)


def _of_receipt(members: object) -> Claim | None:
    if not isinstance(members, dict):
        return None
    told = members.get("hash")
    position, entry_hash = members.get("position"), members.get("entry_hash")
    tracker = members.get("tracker")
    if not isinstance(told, str) or not _HASH.fullmatch(told):
        return None
    return Claim(
        told,
        position if isinstance(position, int) else None,
        entry_hash if isinstance(entry_hash, str) else None,
        tracker if isinstance(tracker, str) else None,
    )
