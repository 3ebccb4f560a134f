"""The page over HTTP: its files, what is public of a ballot and of a vote in its box, and a tracker as QR. No vote comes in here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qs

import segno
from faststream.asgi import AsgiResponse

from thidua.refusals import Code, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faststream.asgi.types import ASGIApp, Receive, Scope, Send

STATIC: Final = Path(__file__).parent / "static"
ROOT: Final = "/bo-phieu"
Finding: TypeAlias = Callable[[str, str], dict[str, Any] | None]
"""What is public of a ballot, by the cycle's subject and the ballot's name; nothing for one that is not there."""
Listing: TypeAlias = Callable[[], list[dict[str, Any]]]
"""Every ballot that somebody can register or vote for now."""

Looking: TypeAlias = Callable[[str, str, str], dict[str, Any] | None]
"""What the box holds, by the cycle's subject, the ballot's name and a tracker; nothing where there is no such box."""

_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_METHODS: Final = ("GET", "HEAD")
_TRACKER: Final = re.compile(r"[A-Za-z0-9+/]{43}")
_SHOWN: Final = 64


def page_routes(
    find: Finding, look: Looking, running: Listing, door_url: str
) -> list[tuple[str, ASGIApp]]:
    """
    The page's routes; *door_url* is where browsers reach the door, empty where that is the page's own address.

    The files are read once and are the same bytes for every voter, so that anybody can compare them.
    """
    headers = _headers(door_url)
    routes: list[tuple[str, ASGIApp]] = [
        (f"{ROOT}/{path.name}", _file(path, headers)) for path in sorted(STATIC.iterdir())
    ]
    routes.append((ROOT, _file(STATIC / "index.html", headers)))
    routes.append((f"{ROOT}/cuoc.json", _setup(find, headers)))
    routes.append((f"{ROOT}/hom.json", _box(look, headers)))
    routes.append((f"{ROOT}/cac-cuoc.json", _listing(running, headers)))
    routes.append((f"{ROOT}/ma-theo-doi.svg", _qr(headers)))
    return routes


def _headers(door_url: str) -> dict[str, str]:
    reached = f"'self' {door_url}".strip()
    return {
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
            f"img-src 'self'; connect-src {reached}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache",
    }


def _file(path: Path, headers: Mapping[str, str]) -> ASGIApp:
    answer = AsgiResponse(path.read_bytes(), 200, {**headers, "content-type": _KINDS[path.suffix]})
    return _getting(lambda _scope: answer, headers)


def _setup(find: Finding, headers: Mapping[str, str]) -> ASGIApp:
    def setup(scope: Scope) -> AsgiResponse:
        subject, ballot = _asked(scope, "nam"), _asked(scope, "phieu")
        return _found(find(subject, ballot), subject, ballot, headers)

    return _getting(setup, headers)


def _box(look: Looking, headers: Mapping[str, str]) -> ASGIApp:
    def box(scope: Scope) -> AsgiResponse:
        subject, ballot, tracker = (_asked(scope, name) for name in ("nam", "phieu", "ma"))
        if not _TRACKER.fullmatch(tracker):
            return _no_tracker(tracker, headers)
        return _found(look(subject, ballot, tracker), subject, ballot, headers)

    return _getting(box, headers)


def _listing(running: Listing, headers: Mapping[str, str]) -> ASGIApp:
    return _getting(lambda _scope: _json(200, {"running": running()}, headers), headers)


def _qr(headers: Mapping[str, str]) -> ASGIApp:
    def qr(scope: Scope) -> AsgiResponse:
        tracker = _asked(scope, "ma")
        if not _TRACKER.fullmatch(tracker):
            return _no_tracker(tracker, headers)
        drawn = BytesIO()
        segno.make(tracker, error="m", micro=False).save(
            drawn, kind="svg", scale=4, border=4, light="#fff", svgclass=None, lineclass=None
        )
        return AsgiResponse(drawn.getvalue(), 200, {**headers, "content-type": _KINDS[".svg"]})

    return _getting(qr, headers)


def _found(
    document: Mapping[str, Any] | None, subject: str, ballot: str, headers: Mapping[str, str]
) -> AsgiResponse:
    if document is None:
        facts = {"given": f"{subject}/{ballot}"[:_SHOWN]}
        return _json(404, problem(Code.NOT_FOUND, facts), headers)
    return _json(200, document, headers)


def _no_tracker(given: str, headers: Mapping[str, str]) -> AsgiResponse:
    facts = {"path": "ma", "given": given[:_SHOWN], "expected": _TRACKER.pattern}
    return _json(400, problem(Code.REQUEST_INVALID, facts), headers)


def _getting(answer: Callable[[Scope], AsgiResponse], headers: Mapping[str, str]) -> ASGIApp:
    """Answers to GET and HEAD; what goes wrong in one is the server's to log."""

    async def get(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in _METHODS:
            given = answer(scope)
        else:
            facts = {"given": scope["method"], "expected": ", ".join(_METHODS)}
            refusal = problem(Code.METHOD_UNKNOWN, facts)
            given = _json(405, refusal, {**headers, "allow": ", ".join(_METHODS)})
        await given(scope, receive, send)

    return get


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> AsgiResponse:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    media = "application/json" if status < 400 else "application/problem+json"  # noqa: PLR2004 - the first error
    return AsgiResponse(body, status, {**headers, "content-type": media})


def _asked(scope: Scope, name: str) -> str:
    """The one value of a parameter; empty when it is missing, not UTF-8, or there twice."""
    found = parse_qs(scope["query_string"].decode("latin-1")).get(name, [])
    return found[0] if len(found) == 1 else ""
