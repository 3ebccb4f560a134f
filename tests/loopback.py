"""Small HTTP servers of the tests' own, on the loopback address alone."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from thidua.embedded import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Where *handler* answers, until the end; it writes no line for each request, and an unread answer holds up nobody."""
    quiet = type(handler.__name__, (handler,), {"log_message": _say_nothing})
    server = ThreadingHTTPServer((LOOPBACK, 0), quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _say_nothing(*_: object) -> None:
    return
