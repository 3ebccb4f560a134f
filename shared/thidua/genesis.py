"""
The first entries of a log: its origin and root key, its authority, its judges and the services' keys.

They are written in one call that requires an empty log, all signed by the root key. Their judging is
the fixed rule of this module: exactly these types in this order, every proof of possession holding. A
verifier takes the root key from outside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from thidua.clock import format_ms
from thidua.contracts import SERVICES, EventData
from thidua.contracts.units import AuthorityEstablished, JudgeActivated, KeyRegistered, LogOpened
from thidua.drafting import derived_id
from thidua.knowledge import ChainHead, moment, open_jws, own_kid, own_source
from thidua.log.entry import write_recorded
from thidua.signing import SigningKey, parse_jws, possession_proof, sign

BY: Final = "genesis/1"
"""Who judged the first entries."""


@dataclass(frozen=True, slots=True)
class Founding:
    """What a log is founded with. ``rx_ms`` is the moment of its first entry."""

    origin: str
    authority: str
    name_vi: str
    name_en: str | None
    root: SigningKey
    services: Mapping[str, SigningKey]
    rx_ms: int
    partition: str = "p0"

    @property
    def root_kid(self) -> str:
        """The name of the root key."""
        return f"{self.authority}/root"

    @property
    def is_sandbox(self) -> bool:
        """Whether the log may play a past year."""
        return self.origin.startswith("sandbox/")


def founding_events(founding: Founding) -> list[EventData]:
    """The data of the first events, in order."""
    root = founding.root.verifying_key
    opened = LogOpened(
        origin=founding.origin,
        format=1,
        partition=founding.partition,
        sandbox=founding.is_sandbox,
        root_kid=founding.root_kid,
        root_alg=root.alg.value,
        root_spki=root.spki,
    )
    authority = AuthorityEstablished(
        authority=founding.authority, name_vi=founding.name_vi, name_en=founding.name_en
    )
    judges = [JudgeActivated(service=service, version=1) for service in SERVICES]
    keys = [
        KeyRegistered(
            kid=own_kid(service),
            owner=own_source(service),
            alg=key.verifying_key.alg.value,
            spki=key.verifying_key.spki,
            proof=possession_proof(key, founding.origin, own_kid(service)),
        )
        for service, key in sorted(founding.services.items())
    ]
    return [opened, authority, *judges, *keys]


@dataclass(frozen=True, slots=True)
class FirstEntry:
    """One of the first entries: its bytes, the subject it moves, its event's source, id and hash."""

    raw: bytes
    subject: str
    source: str
    event_id: str
    hash: str


def first_entries(founding: Founding) -> tuple[list[FirstEntry], ChainHead]:
    """The entries of positions 1…k and the root key's chain after them."""
    head = ChainHead()
    source = f"/authorities/{founding.authority}"
    entries: list[FirstEntry] = []
    for ordinal, data in enumerate(founding_events(founding)):
        payload = {
            "specversion": "1.0",
            "id": str(derived_id(f"{founding.origin}\0genesis\0{ordinal}")),
            "source": source,
            "type": data.TYPE,
            "subject": founding.authority,
            "time": format_ms(founding.rx_ms),
            "datacontenttype": "application/json",
            "aud": founding.origin,
            "seq": head.seq + 1,
            "prev": head.hash,
            "data": data.model_dump(mode="json", exclude_none=True),
        }
        raw = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        jws = sign(raw, founding.root, founding.root_kid).encode()
        event = open_jws(parse_jws(jws), moment(founding.rx_ms)).event
        entries.append(
            FirstEntry(
                write_recorded(founding.rx_ms, BY, jws),
                founding.authority,
                source,
                event.id,
                event.hash,
            )
        )
        head = ChainHead(head.seq + 1, event.hash)
    return entries, head
