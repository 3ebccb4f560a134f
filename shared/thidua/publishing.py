"""A publisher's side of the log: signing the next event of a chain and sending it over HTTP."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from thidua.clock import format_instant
from thidua.contracts import service_of
from thidua.errors import RejectError, RetryError
from thidua.knowledge import ChainHead
from thidua.signing import parse_jws, sign

if TYPE_CHECKING:
    from thidua.signing import SigningKey

JOSE = "application/jose"


class DoorUnreachableError(RetryError):
    """The door did not answer."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} does not answer: {reason}")
        self.url = url

    def diagnostics(self) -> str:
        """Say that the same event may be sent again."""
        return "Không nối được máy chủ; hãy gửi lại chính sự kiện này. / Send the same event again when the server answers."


class NoTypeError(RejectError):
    """A wire type that no deciding service owns."""

    def __init__(self, wire_type: str) -> None:
        super().__init__(f"{wire_type} is no type of units, ballots or pledges")


@dataclass(slots=True)
class Publisher:
    """
    One system with one key: it signs each next event of its chains.

    One key has one writer; two systems with one key would fork its chain.
    """

    origin: str
    source: str
    kid: str
    key: SigningKey
    heads: dict[str, ChainHead] = field(default_factory=dict)

    def sign(
        self,
        wire_type: str,
        subject: str,
        data: dict[str, Any],
        *,
        time: datetime | None = None,
        event_id: str | None = None,
    ) -> str:
        """The next event of the chain with the type's service as compact JWS; the chain has not moved yet."""
        service = service_of(wire_type)
        if service is None:
            raise NoTypeError(wire_type)
        head = self.heads.get(service, ChainHead())
        payload = {
            "specversion": "1.0",
            "id": event_id or str(uuid.uuid4()),
            "source": self.source,
            "type": wire_type,
            "subject": subject,
            "time": format_instant(time or datetime.now(UTC)),
            "datacontenttype": "application/json",
            "aud": self.origin,
            "seq": head.seq + 1,
            "prev": head.hash,
            "data": data,
        }
        return sign(
            json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(),
            self.key,
            self.kid,
        )

    def entered(self, wire_type: str, jws: str) -> None:
        """The event entered the log, recorded or refused: the next one follows it."""
        service = service_of(wire_type) or ""
        head = self.heads.get(service, ChainHead())
        self.heads[service] = ChainHead(head.seq + 1, parse_jws(jws).hash)


@dataclass(frozen=True, slots=True)
class Reply:
    """The door's answer: HTTP status and its JSON document."""

    status: int
    document: dict[str, Any]

    @property
    def outcome(self) -> str:
        """``recorded``, ``refused``, ``pending`` or ``answered`` (not in the log)."""
        return str(self.document.get("outcome") or self.document.get("status") or "answered")

    @property
    def in_log(self) -> bool:
        """Whether the event stands in the log, recorded or refused."""
        return self.document.get("position") is not None


class DoorClient:
    """The door over HTTP; raises ``DoorUnreachableError`` when it does not answer."""

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=timeout)

    def send(self, jws: str, *, wait: int = 10, arrival: datetime | None = None) -> Reply:
        """Send one event and wait for its judgement; *arrival* is for sandboxes only."""
        headers = {"content-type": JOSE, "prefer": f"wait={wait}"}
        if arrival is not None:
            headers["thidua-arrival"] = format_instant(arrival)
        return self._ask("POST", "/v1/events", content=jws, headers=headers)

    def head(self, kid: str, service: str) -> ChainHead:
        """Where a key's chain with a service stands."""
        document = self._ask("GET", f"/v1/keys/{kid}/head", params={"service": service}).document
        found = document.get("heads", document)
        of_service = found.get(service, found) if isinstance(found, dict) else {}
        seq = int(of_service.get("seq", 0))
        return ChainHead(seq, of_service["hash"]) if seq else ChainHead()

    def receipt(self, event_hash: str) -> Reply:
        """The receipt of an event by its hash."""
        return self._ask("GET", f"/v1/receipts/{event_hash}")

    def status(self) -> dict[str, Any]:
        """How far the log and everybody who follows it are."""
        return self._ask("GET", "/v1/status").document

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, **options: Any) -> Reply:
        try:
            response = self._http.request(method, path, **options)
            return Reply(response.status_code, response.json())
        except (httpx.HTTPError, ValueError) as error:
            raise DoorUnreachableError(self.url, str(error) or type(error).__name__) from error
