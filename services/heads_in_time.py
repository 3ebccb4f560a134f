"""HTTP/1.1 for uvicorn with one promise more: a client that does not finish a request's head in time is let go."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HeadsInTime(H11Protocol):
    """
    A connection that is closed when a request's head is not whole ``seconds`` after it began, or after it connected.

    uvicorn itself waits for ever for a first byte and for the rest of a head; bodies are the app's to time.
    """

    seconds: ClassVar[float] = 10.0
    _head: asyncio.TimerHandle | None = None

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

    def _let_go(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(TOO_SLOW)
            self.transport.close()

    def _stop(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
