"""The pretended door over HTTP on the loopback address, for commands that are given an address."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.shared.publishing.pretend import PretendDoor


@contextmanager
def served(door: PretendDoor, receipts: dict[str, str]) -> Iterator[str]:
    """Where *door* answers; *receipts* are its signed ones by event hash."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            if not body.startswith("["):
                [reply] = door.send_all([body])
                return self._say(reply.status, reply.document)
            replies = door.send_all(json.loads(body))
            told = [{"http_status": reply.status, **reply.document} for reply in replies]
            return self._say(200, {"results": told})

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = parse_qs(url.query)
            if url.path.endswith("/head"):
                kid = url.path.removeprefix("/v1/keys/").removesuffix("/head")
                service = asked["service"][0]
                head = door.head(kid, service)
                heads = {service: {"seq": head.seq, "hash": head.hash if head.seq else None}}
                return self._say(200, {"kid": kid, "heads": heads})
            event_hash = url.path.rpartition("/")[2]
            if "signed" in asked and event_hash in receipts:
                return self._say(200, receipts[event_hash])
            reply = door.receipt(event_hash)
            return self._say(reply.status, reply.document)

        def _say(self, status: int, told: Any) -> None:
            is_token = isinstance(told, str)
            body = (told if is_token else json.dumps(told)).encode()
            self.send_response(status)
            self.send_header("content-type", "application/jose" if is_token else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening(Answering) as address:
        yield address
