"""
HTTP/1.1 for uvicorn with two promises more.

A client that does not finish a request's head in time is let go, and what is no HTTP is answered like every other fault.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from thidua.refusals import Code, problem

LINGERS: Final = 1.0
"""Seconds for the other side to read the last words."""
_NO_HTTP: Final[dict[str, object]] = {
    "path": "HTTP",
    "given": "no such request",
    "expected": "an HTTP/1.1 request, its head at most 64 kB; for HTTPS the address of the TLS proxy",
}


class HeadsInTime(H11Protocol):
    """
    A connection that is closed when a request's head is not whole ``seconds`` after it began, or after it connected.

    uvicorn itself waits for ever for a first byte and for the rest of a head; bodies are the app's to time.
    """

    seconds: ClassVar[float] = 10.0
    _head: asyncio.TimerHandle | None = None
    _gone = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Read what has come, and see whether a head is still missing."""
        super().handle_events()
        self._watch()

    def _watch(self) -> None:
        # Between two requests uvicorn's own keep-alive timer runs.
        if self.conn.their_state is not h11.IDLE or self.timeout_keep_alive_task is not None:
            self._stop()
        elif self._head is None:
            self._head = self.loop.call_later(self.seconds, self._let_go)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words are not ours
        """Answer what is no HTTP, unless an answer has begun already, and hang up."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._hang_up(Code.REQUEST_INVALID, _NO_HTTP)
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take more of a request, unless the last word was said."""
        if not self._gone:
            super().data_received(data)

    def _let_go(self) -> None:
        if not self.transport.is_closing():
            self._hang_up(Code.REQUEST_TOO_SLOW, {"seconds": f"{self.seconds:g}"})

    def _hang_up(self, code: Code, facts: dict[str, object]) -> None:
        # What is closed with something unread in it is reset, and the other side never reads the answer.
        self._gone = True
        self._stop()
        self.transport.write(_last_words(code, facts))
        self.transport.write_eof()
        self.loop.call_later(LINGERS, self.transport.close)

    def _stop(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


def _last_words(code: Code, facts: dict[str, object]) -> bytes:
    """A whole response with a problem document, after which the connection is closed."""
    document = {**problem(code, facts), "outcome": "answered"}
    status = HTTPStatus(document["status"])
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
        f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
