"""Keys: who signs with what, since and until when, and how far each key's chains have come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.reporting.columns import bound, event_hash, number, position, read_model, text
from services.reporting.projected import as_text
from services.reporting.projection import Projection
from thidua.contracts import units as u

if TYPE_CHECKING:
    from services.reporting.projected import ProjectedEntry
    from services.reporting.reading import Reading
    from services.reporting.rows import Rows
    from thidua.contracts import EventData

keys = read_model(
    "keys",
    text("kid", key=True),
    text("owner"),
    text("alg"),
    text("spki"),
    text("status"),
    text("since"),
    text("ended"),
    text("reason"),
    text("suspect_from"),
    text("replaces"),
    text("replaced_by"),
    position(),
)
chains = read_model(
    "chains",
    text("kid", key=True),
    text("service", key=True),
    number("seq"),
    event_hash(),
    bound(text("rx")),
    position(),
)

KEYS = Projection("keys", 1, keys, chains)


@KEYS.on_all
def _linked(entry: ProjectedEntry, _: EventData | None, rows: Rows) -> None:
    rows.put(
        chains,
        kid=entry.kid,
        service=entry.service,
        seq=entry.seq,
        hash=entry.hash,
        rx=entry.rx,
        position=entry.position,
    )


@KEYS.on(u.LogOpened)
def _rooted(entry: ProjectedEntry, data: u.LogOpened, rows: Rows) -> None:
    _key(entry, rows, data.root_kid, entry.source, data.root_alg, data.root_spki)


@KEYS.on(u.KeyRegistered)
def _registered(entry: ProjectedEntry, data: u.KeyRegistered, rows: Rows) -> None:
    _key(entry, rows, data.kid, data.owner, data.alg, data.spki)


@KEYS.on(u.KeyRotated)
def _rotated(entry: ProjectedEntry, data: u.KeyRotated, rows: Rows) -> None:
    _key(entry, rows, data.new_kid, entry.source, data.alg, data.spki, replaces=data.kid)
    rows.change(keys, data.kid, status="rotated", ended=entry.rx, replaced_by=data.new_kid)


@KEYS.on(u.KeyRevoked)
def _revoked(entry: ProjectedEntry, data: u.KeyRevoked, rows: Rows) -> None:
    rows.change(
        keys,
        data.kid,
        status="revoked",
        ended=entry.rx,
        reason=data.reason,
        suspect_from=as_text(data.suspect_from),
    )


def _key(
    entry: ProjectedEntry,
    rows: Rows,
    kid: str,
    owner: str,
    alg: str,
    spki: str,
    replaces: str | None = None,
) -> None:
    rows.put(
        keys,
        kid=kid,
        owner=owner,
        alg=alg,
        spki=spki,
        status="active",
        since=entry.rx,
        replaces=replaces,
        position=entry.position,
    )


@dataclass(frozen=True, slots=True)
class KeyOnRecord:
    """A registered key with its chains: service, seq, hash, rx, position."""

    kid: str
    owner: str
    alg: str
    spki: str
    status: str
    since: str
    ended: str | None
    reason: str | None
    suspect_from: str | None
    replaces: str | None
    replaced_by: str | None
    position: int
    chains: list[dict[str, Any]]


def all_keys(read: Reading) -> list[KeyOnRecord]:
    """Every key ever registered, by name."""
    links: dict[str, list[dict[str, Any]]] = {}
    for row in read.rows(chains):
        links.setdefault(row["kid"], []).append(dict(row))
    names = [name for name in KeyOnRecord.__slots__ if name != "chains"]
    return [
        KeyOnRecord(**{name: row[name] for name in names}, chains=links.get(row["kid"], []))
        for row in read.rows(keys)
    ]
