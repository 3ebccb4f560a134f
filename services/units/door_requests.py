"""A request to the door, read once: its body in time and in bounds, its tokens, its preferences, its sender."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from services.units.admission import NotAdmittedError, parsed
from services.units.limits import Client, bearer
from thidua.refusals import Code

if TYPE_CHECKING:
    from fastapi import Request


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """The body, at most *most* bytes within *seconds*; raises :class:`NotAdmittedError`."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    facts: dict[str, object] = {"given": f"> {most}", "expected": f"<= {most}"}
                    raise NotAdmittedError(Code.TOO_LARGE, facts)
    except (TimeoutError, ClientDisconnect):
        raise NotAdmittedError(Code.REQUEST_TOO_SLOW, {"seconds": f"{seconds:g}"}) from None
    return bytes(body)


def read_tokens(body: bytes, most: int) -> tuple[list[bytes], bool]:
    """The tokens of a body, and whether it was a batch; raises :class:`NotAdmittedError`."""
    if body[:1] not in (b"[", b'"'):
        return [body.strip()], False
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAdmittedError(
            Code.JSON_INVALID, {"path": "", "expected": "a JWS, or a JSON array of JWS strings"}
        ) from None
    batch = isinstance(document, list)
    given = document if batch else [document]
    if not given or len(given) > most or not all(isinstance(token, str) for token in given):
        facts: dict[str, object] = {
            "path": "",
            "given": len(given),
            "expected": f"1 to {most} JWS strings",
        }
        raise NotAdmittedError(Code.JSON_INVALID, facts)
    return [token.encode("ascii", "replace") for token in given], batch


def read_wait(prefer: str | None) -> float:
    """Seconds of ``Prefer: wait`` (RFC 7240 section 4.3); anything else is not waited for."""
    for part in (prefer or "").split(","):
        name, _, value = part.strip().partition("=")
        digits = value.strip()[:4]
        if name.strip().lower() == "wait" and digits.isascii() and digits.isdigit():
            return float(digits)
    return 0.0


def read_client(request: Request, subject_header: str) -> Client:
    """Who the request says it is from, beside its signatures."""
    subject = request.headers.get(subject_header) if subject_header else None
    return Client(bearer(request.headers.get("authorization")), subject)


def check_same(key: str, token: bytes) -> None:
    """Return when *key* is the event's own id or hash; raises :class:`NotAdmittedError`."""
    jws = parsed(token)
    try:
        payload = json.loads(jws.payload)
        event_id = payload.get("id")
    except (ValueError, RecursionError, AttributeError):
        return
    if key not in (event_id, jws.hash):
        facts: dict[str, object] = {
            "path": "Idempotency-Key",
            "given": key[:64],
            "expected": event_id if isinstance(event_id, str) else jws.hash,
        }
        raise NotAdmittedError(Code.ENVELOPE_INVALID, facts, event=jws.hash)
