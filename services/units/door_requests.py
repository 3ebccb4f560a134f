"""A request to the door, read once: its body in time and in bounds, its tokens, its preferences, its sender."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from services.units.admission import NotAdmittedError, parsed
from services.units.limits import Client, bearer
from thidua.errors import MalformedError
from thidua.refusals import Code
from thidua.signing import parse_payload

if TYPE_CHECKING:
    from fastapi import Request

BOM: Final = b"\xef\xbb\xbf"
_JSON: Final = frozenset({b"[", b"{", b'"'})
_FORM: Final = re.compile(rb"--|[A-Za-z_]{1,40}=[^.]")


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """The body, at most *most* bytes within *seconds*; raises :class:`NotAdmittedError`."""
    coding = request.headers.get("content-encoding", "identity")
    if coding.lower() != "identity":
        raise NotAdmittedError(
            Code.REQUEST_INVALID,
            {"path": "Content-Encoding", "given": coding[:64], "expected": "no compression"},
        )
    announced = request.headers.get("content-length", "")
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            # What says that it is too large is not waited for.
            _hold_size(int(announced) if announced.isdigit() else 0, most)
            async for chunk in request.stream():
                body += chunk
                _hold_size(len(body), most)
    except (TimeoutError, ClientDisconnect):
        raise NotAdmittedError(Code.REQUEST_TOO_SLOW, {"seconds": f"{seconds:g}"}) from None
    return bytes(body)


def _hold_size(size: int, most: int) -> None:
    if size > most:
        facts: dict[str, object] = {"given": f"> {most} bytes", "expected": f"<= {most} bytes"}
        raise NotAdmittedError(Code.TOO_LARGE, facts)


def read_tokens(body: bytes, most: int) -> tuple[list[bytes], bool]:
    """
    The tokens of a body, and whether it was a batch; raises :class:`NotAdmittedError`.

    White space and a byte order mark around them are nobody's event.
    """
    body = body.removeprefix(BOM).strip()
    if body[:1] not in _JSON:
        if _FORM.match(body):
            raise _no_tokens(Code.JWS_MALFORMED, most, "a form")
        return [body], False
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _no_tokens(Code.JSON_INVALID, most, "no JSON") from None
    batch = isinstance(document, list)
    given = document if batch else [document]
    if isinstance(document, dict):
        raise _no_tokens(Code.JWS_MALFORMED, most, "an object that is not signed")
    if not given or len(given) > most:
        raise _no_tokens(Code.JSON_INVALID, most, f"an array of {len(given)}")
    if not all(isinstance(token, str) for token in given):
        raise _no_tokens(Code.JWS_MALFORMED, most, "an array with what is no text in it")
    return [token.encode("ascii", "replace") for token in given], batch


def _no_tokens(code: Code, most: int, given: str) -> NotAdmittedError:
    expected = f"one JWS, or a JSON array of 1 to {most} JWS strings"
    return NotAdmittedError(code, {"path": "", "given": given, "expected": expected})


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
        event_id = parse_payload(jws.payload).get("id")
    except MalformedError:
        # What is wrong with it is said where every event is checked.
        return
    if key not in (event_id, jws.hash):
        facts: dict[str, object] = {
            "path": "Idempotency-Key",
            "given": key[:64],
            "expected": event_id if isinstance(event_id, str) else jws.hash,
        }
        raise NotAdmittedError(Code.REQUEST_INVALID, facts, event=jws.hash)
