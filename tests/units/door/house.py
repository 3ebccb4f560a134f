"""A door and the deciding services over an embedded Valkey, all in this process, and publishers with keys."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from pydantic import SecretStr

from services.ballots.app import BallotsSettings
from services.ballots.app import create_app as ballots_app
from services.founding import found, plan
from services.pledges.app import create_app as pledges_app
from services.scenarios.format import read_scenario
from services.units.app import create_app as units_app
from services.units.door_app import DoorSettings
from services.units.door_app import create_app as door_app
from thidua.clock import format_instant, to_ms
from thidua.contracts import SERVICES, service_of
from thidua.knowledge import ChainHead
from thidua.log import Entry, Names
from thidua.log.redis_log import RedisLog
from thidua.publishing import Publisher
from thidua.signing import Algorithm, SigningKey, parse_jws, possession_proof, sign
from thidua.stream import new_client
from thidua.testing.servers import own_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from services.scenarios.format import Line
    from thidua.embedded import RedisServer
    from thidua.genesis import Founding

THREE: Final = Path(__file__).parents[2] / "scenarios" / "three-2023.jsonl"
UNTIL: Final = "thidua.units.cross-check-planned.v1"
AUTHORITY: Final = "BNV"
CYCLE: Final = "BNV/KHOI-3/2023"
REAL: Final = "so.example.vn/p0"
ALGORITHMS: Final = {
    "SOA": Algorithm.ES256,
    "SOB": Algorithm.EDDSA,
    "SOC": Algorithm.RS256,
    "SOD": Algorithm.PS256,
    "SOE": Algorithm.ES256,
}
APPS: Final = {"units": units_app, "ballots": ballots_app, "pledges": pledges_app}
SECONDS: Final = 20.0
UNIT_REGISTERED: Final = "thidua.units.unit-registered.v1"
KEY_REGISTERED: Final = "thidua.units.key-registered.v1"
REPORT: Final = "thidua.units.report-submitted.v1"


@dataclass(slots=True)
class House:
    """One log with its door (``http``) and whoever has signed for it; ``now`` is the sandbox's moment."""

    server: RedisServer
    founding: Founding
    http: httpx.AsyncClient
    redis: Any
    app: Any
    now: datetime | None = None
    publishers: dict[str, Publisher] = field(default_factory=dict)
    units: int = 0

    @property
    def log(self) -> RedisLog:
        """The log beside the door."""
        return RedisLog(self.redis, NAMES)

    def sign(
        self,
        publisher: str,
        wire_type: str,
        data: Any,
        *,
        subject: str = CYCLE,
        event_id: str | None = None,
    ) -> str:
        """The next event of a publisher's chain, now."""
        signer = self.publishers[publisher]
        return signer.sign(wire_type, subject, data, time=self.now, event_id=event_id)

    def signed(self, publisher: str, **changed: Any) -> str:
        """A report of a publisher's own unit with envelope members changed, or left out where ``None``."""
        signer = self.publishers[publisher]
        payload = payload_of(self.sign(publisher, REPORT, {"unit": publisher, "kind": "half-year"}))
        payload |= changed
        payload = {name: value for name, value in payload.items() if value is not None}
        return sign(json.dumps(payload, ensure_ascii=False).encode(), signer.key, signer.kid)

    async def post(
        self, body: str | bytes, *, wait: int | None = 10, **headers: str
    ) -> httpx.Response:
        """The door's answer to a request's body."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if wait is not None:
            given.setdefault("prefer", f"wait={wait}")
        if self.now is not None:
            given.setdefault("thidua-arrival", format_instant(self.now))
        return await self.http.post("/v1/events", content=body, headers=given)

    async def send(self, publisher: str, jws: str, *, wait: int = 10) -> httpx.Response:
        """The door's answer to one event; the publisher's chain moves when it entered the log."""
        response = await self.post(jws, wait=wait)
        if response.json().get("position") is not None:
            self.moved(publisher, jws)
        return response

    async def heads_from_log(self) -> None:
        """Let every publisher go on where the log says its chain stands."""
        for publisher in self.publishers.values():
            for service in SERVICES:
                seq, _, last = (await self.log.chain(f"{service}/{publisher.kid}")).partition(" ")
                publisher.heads[service] = ChainHead(int(seq), last) if seq else ChainHead()

    def moved(self, publisher: str, jws: str) -> None:
        """The event entered the log: its publisher's next one follows it."""
        self.publishers[publisher].entered(payload_of(jws)["type"], jws)

    async def entries(self) -> list[Entry]:
        """The whole log."""
        return await self.log.read(0, 100_000)

    async def entry_of(self, jws: str) -> Entry | None:
        """Where an event stands in the log."""
        wanted = parse_jws(jws).hash
        for entry in await self.entries():
            said = None if entry.said is None else entry.said["hash"]
            if wanted == (said or parse_jws(entry.jws or b"").hash):
                return entry
        return None

    async def goes_on(self) -> None:
        """Hold the door to it: another key's next event is recorded, and everybody is well."""
        answer = await self.send(AUTHORITY, self.new_unit())
        assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded"), answer.text
        ready = await self.http.get("/health/ready")
        assert ready.status_code == 200, ready.text

    def new_unit(self) -> str:
        """The authority's next event: it registers a unit that nobody has heard of."""
        self.units += 1
        code = f"M{self.units:04}"
        data = {"unit": code, "name_vi": f"Sở {code}", "short_vi": code, "kind": "other"}
        data |= {"province": code, "valid_from": "2015-01-01", "basis": "QĐ 2"}
        return self.sign(AUTHORITY, UNIT_REGISTERED, data, subject=AUTHORITY)

    def publisher(self, code: str, algorithm: Algorithm, *, kid: str | None = None) -> Publisher:
        """A unit's system with a new key that nobody has registered yet."""
        key = SigningKey.generate(algorithm)
        return Publisher(self.founding.origin, f"/units/{code}", kid or f"{code}/1", key)

    def registration(self, publisher: Publisher) -> dict[str, str]:
        """What the authority says to register a publisher's key."""
        key, origin = publisher.key, self.founding.origin
        return {
            "kid": publisher.kid,
            "owner": publisher.source,
            "alg": key.verifying_key.alg.value,
            "spki": key.verifying_key.spki,
            "proof": possession_proof(key, origin, publisher.kid),
        }


NAMES: Final = Names()


def payload_of(jws: str) -> dict[str, Any]:
    """What was signed."""
    payload: dict[str, Any] = json.loads(parse_jws(jws).payload)
    return payload


@asynccontextmanager
async def a_house(
    folder: Path, *, origin: str, judges: tuple[str, ...] = (), **told: Any
) -> AsyncIterator[House]:
    """An empty log on a server of its own, its door open with settings as *told*, and the named services deciding."""
    with own_redis() as server:
        founding = plan(
            folder,
            origin=origin,
            authority=AUTHORITY,
            name_vi="Bộ Thử nghiệm",
            name_en=None,
            rx_ms=to_ms(read_scenario(THREE).lines[0].arrival),
        )
        await found(founding, server.url)
        async with AsyncExitStack() as stack:
            redis = new_client(server.url)
            stack.push_async_callback(redis.aclose)
            told.setdefault("signing_key", founding.services["door"].to_pem().decode())
            app = door_app(DoorSettings(origin=origin, redis_url=SecretStr(server.url), **told))
            transport = httpx.ASGITransport(app=app)
            http = httpx.AsyncClient(transport=transport, base_url="http://door", timeout=60)
            await stack.enter_async_context(http)
            house = House(server, founding, http, redis, app)
            for judge in judges:
                await stack.enter_async_context(deciding(house, judge))
            await stack.enter_async_context(alive(app))
            root = Publisher(origin, f"/authorities/{AUTHORITY}", founding.root_kid, founding.root)
            seq, last = (await house.log.chain(f"units/{founding.root_kid}")).split()
            root.heads["units"] = ChainHead(int(seq), last)
            house.publishers[AUTHORITY] = root
            yield house


@asynccontextmanager
async def deciding(house: House, service: str) -> AsyncIterator[None]:
    """A deciding service at work."""
    settings = BallotsSettings(
        origin=house.founding.origin,
        redis_url=SecretStr(house.server.url),
        signing_key=SecretStr(house.founding.services[service].to_pem().decode()),
    )
    async with alive(APPS[service](settings)):
        yield


@asynccontextmanager
async def alive(app: Any) -> AsyncIterator[None]:
    """An ASGI app between its lifespan's start and end, in a task of its own."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.create_task(app(scope, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    told = await asyncio.wait_for(from_app.get(), SECONDS)
    assert told["type"] == "lifespan.startup.complete", told
    try:
        yield
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        await asyncio.wait_for(task, SECONDS)


async def settle_a_year(house: House) -> None:
    """
    Play the year of three up to the plan of the cross-check.

    ``SOD`` is a member that never registered, ``SOE`` a unit that is no member.
    """
    batch: list[tuple[str, str]] = []
    for line in _year():
        for wire_type, data in _said(house, line):
            before = payload_of(batch[-1][1])["type"] if batch else wire_type
            new_voice = batch and batch[-1][0] != line.publisher
            if new_voice or service_of(before) != service_of(wire_type):
                await _flush(house, batch)
            signer = house.publishers[line.publisher]
            jws = signer.sign(wire_type, line.subject, data, time=line.arrival)
            house.moved(line.publisher, jws)
            batch.append((line.publisher, jws))
            house.now = line.arrival + timedelta(days=2)
    moment, house.now = house.now, None
    await _flush(house, batch)
    house.now = moment


def _year() -> list[Line]:
    lines = list(read_scenario(THREE).lines)
    end = next(n for n, line in enumerate(lines) if line.type == UNTIL) + 1
    lines = [line for line in lines[:end] if line.expect is None]
    at = next(n for n, line in enumerate(lines) if line.type.endswith("cycle-opened.v1"))
    unit = next(line for line in lines if line.type == UNIT_REGISTERED)
    member = next(line for line in lines if line.type.endswith("membership-started.v1"))
    guests = [
        *(_as(unit, lines[at], unit=code, short_vi=code, province=code) for code in ("SOD", "SOE")),
        _as(member, lines[at], unit="SOD"),
    ]
    return [*lines[:at], *guests, *lines[at:]]


def _as(line: Line, when: Line, **data: Any) -> Line:
    return line.model_copy(update={"data": {**line.data, **data}, "time": when.time})


def _said(house: House, line: Line) -> list[tuple[str, dict[str, Any]]]:
    """What a line says; the authority registers a new unit's key right after the unit."""
    said = [(line.type, line.data)]
    if line.type == UNIT_REGISTERED:
        code = line.data["unit"]
        house.publishers[code] = house.publisher(code, ALGORITHMS[code])
        said.append((KEY_REGISTERED, house.registration(house.publishers[code])))
    return said


async def _flush(house: House, batch: list[tuple[str, str]]) -> None:
    moment, house.now = house.now, None
    told = await house.post(json.dumps([jws for _, jws in batch]))
    house.now = moment
    outcomes = [result["outcome"] for result in told.json()["results"]]
    assert outcomes == ["recorded"] * len(batch), told.text
    batch.clear()


async def until(holds: Any, what: str) -> None:
    """Return when ``await holds()`` is true; fails after a while."""
    deadline = asyncio.get_running_loop().time() + SECONDS
    while not await holds():
        assert asyncio.get_running_loop().time() < deadline, what
        await asyncio.sleep(0.01)
