"""
A log of three members at their conference, with the real judges, a door and an archive over HTTP on loopback.

The arrival of what is sent is the house's own clock, one second later each time.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from services.founding import CHECKPOINT_KEY, kept_key
from services.player import Player
from services.reporting.archive import Archive
from services.sandbox import founded
from services.scenarios.format import read_scenario
from tests.audit.played import PureDoor
from tests.conftest import THREE
from tests.loopback import listening
from thidua.audit.authentic import Authenticity
from thidua.clock import to_ms
from thidua.publishing import Reply
from thidua.signing import Algorithm, parse_jws
from thidua.tlog.notes import NoteSigner
from thidua.tlog.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thidua.genesis import Founding

CYCLE = "BNV/KHOI-3/2023"
CONFERENCE = "hn"
FIRST = datetime(2023, 1, 3, tzinfo=UTC)
UNTIL = "thidua.ballots.ballot-opened.v1"
"""The scenario is played up to its first ballot."""


@dataclass(frozen=True)
class Stage:
    """A house as it once stood."""

    founding: Founding
    raw: tuple[bytes, ...]
    now: datetime
    said: dict[str, Reply]


class House(PureDoor):
    """The judges as a door that publishers' clients can ask, and the archive of what they wrote."""

    def __init__(self, founding: Founding, folder: Path, stage: Stage | None = None) -> None:
        super().__init__(founding)
        self.founding = founding
        self.now: datetime = FIRST if stage is None else stage.now
        self.said: dict[str, Reply] = {} if stage is None else dict(stage.said)
        if stage is not None:
            self._append(stage.raw[len(self.raw) :])
        self.folder = folder
        self.origin = founding.origin
        key = kept_key(folder / "keys" / CHECKPOINT_KEY, Algorithm.EDDSA)
        self.signer = NoteSigner(founding.origin, key)
        self.policy = Policy(self.signer.public, root_spki=founding.root.verifying_key.spki)
        self.archive = Archive(
            folder / "sealed", self.signer, lambda: Authenticity(founding.origin)
        )
        self.archive.start()

    @property
    def stage(self) -> Stage:
        """Where it stands, for another house to go on from."""
        return Stage(self.founding, tuple(self.raw), self.now, dict(self.said))

    def seal(self) -> None:
        """Seal what was written."""
        self.archive.seal(list(enumerate(self.raw, 1)))

    def pass_to(self, moment: datetime) -> None:
        """Let time go by: whatever falls due until *moment* happens."""
        self.now = moment
        self._settle(to_ms(moment))
        self.seal()

    def take(self, jws: str) -> Reply:
        """Judge what was sent, once."""
        event_hash = parse_jws(jws).hash
        if event_hash not in self.said:
            self.now += timedelta(seconds=1)
            before = len(self.raw)
            reply = self.send(jws, arrival=self.now)
            self.seal()
            document = {**reply.document, "position": before + 1, "hash": event_hash}
            self.said[event_hash] = Reply(200, document)
        return self.said[event_hash]


def begun(folder: Path) -> tuple[House, Player]:
    """The year of three members up to its conference; the player has everybody's keys."""
    scenario = read_scenario(THREE)
    ends = next(at for at, line in enumerate(scenario.lines) if line.type == UNTIL)
    begun = replace(scenario, lines=scenario.lines[:ends], numbers=scenario.numbers[:ends])
    house = House(founded(begun, folder), folder)
    door: Any = house
    player = Player(begun, door, house.founding.root, house.founding.root_kid)
    player.play()
    house.now = begun.lines[-1].arrival.astimezone(UTC)
    house.seal()
    return house, player


@contextmanager
def served(house: House) -> Iterator[str]:
    """Where the house answers: the door under ``/``, the archive under ``/archive/``."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            tokens = json.loads(body) if body.startswith("[") else [body]
            replies = [house.take(token) for token in tokens]
            if not body.startswith("["):
                return self._say(replies[0].status, replies[0].document)
            told = [{"http_status": one.status, **one.document} for one in replies]
            return self._say(200, {"results": told})

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path.startswith("/archive/"):
                return self._file(house.archive.public / url.path.removeprefix("/archive/"))
            if url.path.endswith("/head"):
                service = parse_qs(url.query)["service"][0]
                kid = url.path.removeprefix("/v1/keys/").removesuffix("/head")
                head = house.head(kid, service)
                heads = {service: {"seq": head.seq, "hash": head.hash if head.seq else None}}
                return self._say(200, {"kid": kid, "heads": heads})
            reply = house.said.get(url.path.rpartition("/")[2], Reply(404, {"code": "UNKNOWN"}))
            return self._say(reply.status, reply.document)

        def _file(self, path: Path) -> None:
            if not path.is_file():
                return self._say(404, {})
            return self._bytes(200, path.read_bytes(), "application/octet-stream")

        def _say(self, status: int, told: Any) -> None:
            self._bytes(status, json.dumps(told).encode(), "application/json")

        def _bytes(self, status: int, body: bytes, media: str) -> None:
            self.send_response(status)
            self.send_header("content-type", media)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with listening(Answering) as address:
        yield address
