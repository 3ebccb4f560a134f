"""Between everybody's client and the real door: it gives arrivals, and here the blows fall while an event is on its way."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import httpx

from tests.loopback import listening
from thidua.clock import format_instant
from thidua.contracts.envelope import read_envelope
from thidua.signing import parse_jws

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from services.processes import System

ASKED = ("content-type", "prefer", "accept")
"""What of a request's head is passed on."""


@dataclass
class Postbox:
    """
    What clients take for the door of *system*; each new event arrives a second after the one before.

    ``blows`` are, by wire type, what happens beside its events on their way, in order; ``None`` is nothing. While a
    ``client`` is named it is killed with its next event: before that has left, or when it has arrived but nobody
    has said so, in turn.
    """

    system: System
    now: datetime
    blows: dict[str, list[Callable[[], None] | None]]
    client: subprocess.Popen[bytes] | None = None
    killed: int = 0
    struck: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _arrivals: dict[str, datetime] = field(default_factory=dict)

    def publish(self, body: bytes, head: Mapping[str, str]) -> tuple[int, bytes]:
        """What the door answers to events; status 0 when whoever sent them is gone."""
        text = body.decode()
        tokens = [parse_jws(one) for one in (json.loads(text) if text.startswith("[") else [text])]
        # What was sent before and whose answer got lost may stand before it in a batch, with an older arrival.
        arrival = max(self._arrival(token.hash) for token in tokens)
        headers = {**head, "thidua-arrival": format_instant(arrival)}
        client, self.client = self.client, None
        if client is not None:
            self.killed += 1
            if self.killed % 2:
                self._forward("POST", "/v1/events", content=body, headers=headers)
            client.kill()
            client.wait()
            return 0, b""
        waiting = self.blows.get(read_envelope(tokens[0].payload).type)
        blow = waiting.pop(0) if waiting else None
        if blow is None:
            return self._forward("POST", "/v1/events", content=body, headers=headers)
        striking = threading.Thread(target=self._strike, args=(blow, tokens[0].kid))
        striking.start()
        try:
            return self._forward("POST", "/v1/events", content=body, headers=headers)
        finally:
            striking.join()

    def ask(self, path: str, head: Mapping[str, str]) -> tuple[int, bytes]:
        """What the door answers to a question, or the archive."""
        return self._forward("GET", path, headers=head)

    def _strike(self, blow: Callable[[], None], what: str) -> None:
        self.struck.append(what)
        try:
            blow()
        except Exception as error:  # noqa: BLE001 - the test that started the blow reads it
            self.faults.append(f"{what}: {error!r}")

    def _arrival(self, event: str) -> datetime:
        """When an event arrives: the same however often it is sent."""
        if event not in self._arrivals:
            self.now += timedelta(seconds=1)
            self._arrivals[event] = self.now
        return self._arrivals[event]

    def _forward(self, method: str, path: str, **request: Any) -> tuple[int, bytes]:
        name = "reporting" if path.startswith("/archive/") else "door"
        try:
            told = httpx.request(method, self.system.url(name) + path, timeout=60, **request)
        except httpx.HTTPError as error:
            return 503, json.dumps({"code": "BUSY", "detail": repr(error)}).encode()
        return told.status_code, told.content


@contextmanager
def answered(postbox: Postbox) -> Iterator[str]:
    """Where the *postbox* is."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self._say(*postbox.publish(body, self._head()))

        def do_GET(self) -> None:
            self._say(*postbox.ask(self.path, self._head()))

        def _head(self) -> dict[str, str]:
            return {name: self.headers[name] for name in ASKED if name in self.headers}

        def _say(self, status: int, body: bytes) -> None:
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening(Answering) as address:
        yield address
