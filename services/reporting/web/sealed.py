"""One sealed entry as everybody can check it: its bytes, its signed event, its proof and the checkpoint."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import segno
from markupsafe import Markup

from thidua.base64url import encode_base64url
from thidua.errors import RejectError
from thidua.log.entry import read_entry
from thidua.signing import parse_jws
from thidua.tlog.merkle import leaf_hash
from thidua.tlog.proofs import prove

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from thidua.tlog.notes import Checkpoint


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """
    An entry of the archive.

    ``entry_hash`` is what receipts name, ``leaf`` its hash in the tree; ``header``, ``payload`` and ``signature``
    are empty for an event that was refused for its form. ``proof`` are the hashes from the leaf to the root.
    """

    position: int
    raw: str
    entry_hash: str
    leaf: str
    header: str | None
    payload: str | None
    signature: str | None
    proof: tuple[str, ...]
    checkpoint: Checkpoint


def sealed_bytes(archive: SealedLog, position: int) -> bytes | None:
    """The exact bytes at a position; ``None`` while it is not sealed."""
    newest = archive.checkpoint()
    if newest is None or not 1 <= position <= newest.size:
        return None
    return next(raw for _, raw in archive.files(newest.size).entries(position - 1, position))


def sealed_entry(archive: SealedLog, position: int) -> SealedEntry | None:
    """The entry at a position with its proof; ``None`` while it is not sealed."""
    newest, raw = archive.checkpoint(), sealed_bytes(archive, position)
    if newest is None or raw is None:
        return None
    proof = prove(archive.files(newest.size), position, newest)
    header = payload = signature = None
    entry = read_entry(position, raw)
    with suppress(RejectError, ValueError):
        if entry.jws is not None:
            parsed = parse_jws(entry.jws)
            header = _pretty(parsed.signing_input.partition(b".")[0])
            payload = json.dumps(json.loads(parsed.payload), ensure_ascii=False, indent=2)
            signature = encode_base64url(parsed.signature)
    return SealedEntry(
        position=position,
        raw=raw.decode(errors="replace"),
        entry_hash=encode_base64url(sha256(raw).digest()),
        leaf=leaf_hash(raw).hex(),
        header=header,
        payload=payload,
        signature=signature,
        proof=tuple(base64.b64encode(one).decode() for one in proof.hashes),
        checkpoint=newest,
    )


def qr_of(checkpoint: Checkpoint, label: str) -> Markup:
    """The text of a checkpoint (log, size, root) as a QR code: an inline picture that *label* names."""
    drawn = segno.make(checkpoint.text, error="m").svg_inline(
        scale=3, border=4, title=label, svgclass="qr", lineclass=None, light="#fff"
    )
    named = drawn.replace("<svg ", '<svg role="img" ', 1)
    return Markup(named)  # noqa: S704 - drawn by us out of modules


def _pretty(encoded: bytes) -> str:
    padded = encoded + b"=" * (-len(encoded) % 4)
    return json.dumps(json.loads(base64.urlsafe_b64decode(padded)), ensure_ascii=False)
