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
    from collections.abc import Sequence

    from thidua.signing import SigningKey

JOSE = "application/jose"
_OK = 200
_SERVER_FAULT = 500


class DoorUnreachableError(RetryError):
    """The door did not answer."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"cổng tiếp nhận không trả lời / the door does not answer: {url}: {reason}"
        )
        self.url = url

    def diagnostics(self) -> str:
        """Say that the same event may be sent again."""
        return "Không nối được máy chủ; hãy gửi lại chính sự kiện này. / Send the same event again when the server answers."


class DoorBusyError(RetryError):
    """The door answers that it cannot serve now; ``seconds`` is when it wants to be asked again."""

    def __init__(self, url: str, code: str, seconds: float) -> None:
        super().__init__(f"{url}: {code}")
        self.code = code
        self.seconds = seconds

    def diagnostics(self) -> str:
        """Say that the same event may be sent again."""
        return "Máy chủ tạm thời chưa phục vụ được; hãy gửi lại chính sự kiện này. / Send the same event again later."


class NoTypeError(RejectError):
    """A wire type that no deciding service owns."""

    def __init__(self, wire_type: str) -> None:
        super().__init__(f"{wire_type} is no type of units, ballots or pledges")


class NoReceiptError(RejectError):
    """The door gives no signed receipt for an event."""

    def __init__(self, event_hash: str) -> None:
        super().__init__(
            f"{event_hash[:64]}: cổng chưa có biên nhận đã ký / the door gives no signed receipt"
        )

    def diagnostics(self) -> str:
        """Name the two causes."""
        return (
            "Sự kiện không có trong sổ, hoặc cổng chưa có khóa ký biên nhận. / "
            "The event is not in the log, or the door has no key to sign receipts with."
        )


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
    retry_after: float = 0.0

    @property
    def outcome(self) -> str:
        """``recorded``, ``refused``, ``pending`` or ``answered`` (not in the log)."""
        return str(self.document.get("outcome") or self.document.get("status") or "answered")

    @property
    def in_log(self) -> bool:
        """Whether the event stands in the log, recorded or refused."""
        return self.document.get("position") is not None

    @property
    def is_pending(self) -> bool:
        """Whether the door has stored the event and its judgement is still to come."""
        return self.outcome == "pending"

    @property
    def is_retryable(self) -> bool:
        """Whether the same bytes may enter the log later: nobody has said that they never can."""
        return bool(self.document.get("retryable", self.status >= _SERVER_FAULT))


class DoorClient:
    """
    The door over HTTP.

    Raises ``DoorUnreachableError`` when it does not answer, ``DoorBusyError`` when it says that it cannot.
    """

    def __init__(self, url: str, *, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=timeout)

    def send(self, jws: str, *, wait: int = 10, arrival: datetime | None = None) -> Reply:
        """Send one event and wait for its judgement; *arrival* is for sandboxes only."""
        headers = {"content-type": JOSE, "prefer": f"wait={wait}"}
        if arrival is not None:
            headers["thidua-arrival"] = format_instant(arrival)
        return self._ask("POST", "/v1/events", content=jws, headers=headers)

    def send_all(self, tokens: Sequence[str], *, wait: int = 10) -> list[Reply]:
        """Send events in order as one request; the reply to each."""
        if len(tokens) == 1:
            return [self.send(tokens[0], wait=wait)]
        headers = {"content-type": "application/json", "prefer": f"wait={wait}"}
        reply = self._ask("POST", "/v1/events", content=json.dumps(tokens), headers=headers)
        results = reply.document.get("results")
        if not isinstance(results, list) or len(results) != len(tokens):
            raise DoorBusyError(self.url, _said(reply), reply.retry_after)
        return [
            Reply(int(result.get("http_status", reply.status)), result, reply.retry_after)
            for result in results
        ]

    def head(self, kid: str, service: str) -> ChainHead:
        """Where a key's chain with a service stands."""
        reply = self._ask("GET", f"/v1/keys/{kid}/head", params={"service": service})
        if reply.status != _OK:
            raise DoorBusyError(self.url, _said(reply), reply.retry_after)
        document = reply.document
        found = document.get("heads", document)
        of_service = found.get(service, found) if isinstance(found, dict) else {}
        seq = int(of_service.get("seq", 0))
        return ChainHead(seq, of_service["hash"]) if seq else ChainHead()

    def receipt(self, event_hash: str) -> Reply:
        """The receipt of an event by its hash."""
        return self._ask("GET", f"/v1/receipts/{event_hash}")

    def signed_receipt(self, event_hash: str) -> str:
        """The receipt of an event as the door signs it; raises ``NoReceiptError`` when it gives none."""
        path = f"/v1/receipts/{event_hash}"
        try:
            response = self._http.get(path, params={"signed": "true"}, headers={"accept": JOSE})
        except httpx.HTTPError as error:
            raise DoorUnreachableError(self.url, str(error) or type(error).__name__) from error
        if response.status_code >= _SERVER_FAULT:
            raise DoorBusyError(self.url, f"HTTP {response.status_code}", 0)
        if response.status_code != _OK or not response.headers["content-type"].startswith(JOSE):
            raise NoReceiptError(event_hash)
        return response.text.strip()

    def status(self) -> dict[str, Any]:
        """How far the log and everybody who follows it are."""
        return self._ask("GET", "/v1/status").document

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, **options: Any) -> Reply:
        try:
            response = self._http.request(method, path, **options)
            document = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise DoorUnreachableError(self.url, str(error) or type(error).__name__) from error
        if not isinstance(document, dict):
            raise DoorUnreachableError(self.url, "another answer than a JSON object")
        return Reply(response.status_code, document, _seconds(response.headers.get("retry-after")))


def _said(reply: Reply) -> str:
    return str(reply.document.get("code") or f"HTTP {reply.status}")


def _seconds(retry_after: str | None) -> float:
    """``Retry-After`` in seconds; its other form, a date, is not waited for."""
    text = (retry_after or "").strip()
    return float(text[:6]) if text.isdecimal() else 0.0
