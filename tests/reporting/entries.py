"""Entries for tests of the read models: real bytes of the log, made from contracts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from thidua.base64url import encode_base64url
from thidua.clock import format_instant, to_ms
from thidua.contracts import service_of
from thidua.log import write_recorded, write_refused, write_said
from thidua.signing import EMPTY_HASH, event_hash
from thidua.testing.story import local

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from thidua.contracts import EventData

AUTHORITY = "BVHTTDL"
CYCLE = "BVHTTDL/BGPB/2020"
NEXT = "BVHTTDL/BGPB/2021"
MINISTRY = "/authorities/BVHTTDL"


def unit(code: str) -> str:
    """The source of a unit."""
    return f"/units/{code}"


@dataclass
class Entries:
    """
    A log in the making; signatures are made up, since read models do not look at them.

    ``says`` records an event, ``refuse`` and ``misspell`` are refused; each returns the event's hash.
    """

    at: str = "2020-03-12 08:00"
    written: Callable[[datetime], str] = format_instant
    raw: list[tuple[int, bytes]] = field(default_factory=list)
    _chains: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _told: int = 0

    def says(
        self, source: str, data: EventData, subject: str | None = None, at: str | None = None
    ) -> str:
        """Record *data* of *source*, by default in the cycle of 2020 or in the registry."""
        jws, kid = self._sign(source, data.TYPE, self._plain(data), self._under(data, subject), at)
        self._add(write_recorded(self._ms, self._by(data.TYPE), jws.encode()))
        return self._link(kid, data.TYPE, jws)

    def refuse(self, source: str, data: EventData, code: str, facts: dict[str, object]) -> str:
        """Refuse *data* for state or rule."""
        jws, kid = self._sign(source, data.TYPE, self._plain(data), self._under(data, None), None)
        self._add(write_refused(self._ms, self._by(data.TYPE), code, facts, jws.encode()))
        return self._link(kid, data.TYPE, jws)

    def misspell(self, source: str, kind: str, code: str, facts: dict[str, object]) -> str:
        """Refuse an event for its form: only what was said about it stands in the log."""
        jws, kid = self._sign(source, kind, {"nothing": "of this"}, CYCLE, None)
        seq, prev = self._chains.get((kid, kind.split(".")[1]), (0, EMPTY_HASH))
        said = {
            "hash": event_hash(jws.rpartition(".")[0].encode()),
            "kid": kid,
            "seq": seq + 1,
            "prev": prev,
            "id": f"e-{self._told}",
            "type": kind,
            "subject": CYCLE,
        }
        self._add(write_said(self._ms, self._by(kind), code, facts, said))
        return self._link(kid, kind, jws)

    def broken(self) -> None:
        """An entry whose event nobody can read."""
        self._add(write_recorded(self._ms, "units/1", b"e30.e30.AA"))

    @property
    def _ms(self) -> int:
        return to_ms(local(self.at))

    def _plain(self, data: EventData) -> dict[str, Any]:
        return data.model_dump(mode="json", exclude_none=True)

    def _under(self, data: EventData, subject: str | None) -> str:
        return subject or (CYCLE if data.SCOPE == "cycle" else AUTHORITY)

    def _by(self, kind: str) -> str:
        return f"{service_of(kind)}/1"

    def _sign(
        self, source: str, kind: str, data: dict[str, Any], subject: str, at: str | None
    ) -> tuple[str, str]:
        self.at = at or self.at
        self._told += 1
        kid = (
            f"services/{source[10:]}"
            if source.startswith("/services/")
            else f"{source.split('/')[2]}/2020-1"
        )
        seq, prev = self._chains.get((kid, kind.split(".")[1]), (0, EMPTY_HASH))
        payload = {
            "specversion": "1.0",
            "id": f"e-{self._told}",
            "source": source,
            "type": kind,
            "subject": subject,
            "time": self.written(local(self.at)),
            "datacontenttype": "application/json",
            "aud": "sandbox/test/p0",
            "seq": seq + 1,
            "prev": prev,
            "data": data,
        }
        header = {"alg": "EdDSA", "kid": kid, "typ": "thidua-event+jws"}
        parts = [
            json.dumps(p, ensure_ascii=False, separators=(",", ":")) for p in (header, payload)
        ]
        encoded = ".".join(encode_base64url(part.encode()) for part in parts)
        return f"{encoded}.{encode_base64url(bytes(64))}", kid

    def _add(self, raw: bytes) -> None:
        self.raw.append((len(self.raw) + 1, raw))

    def _link(self, kid: str, kind: str, jws: str) -> str:
        found = event_hash(jws.rpartition(".")[0].encode())
        chain = (kid, kind.split(".")[1])
        self._chains[chain] = (self._chains.get(chain, (0, ""))[0] + 1, found)
        return found
