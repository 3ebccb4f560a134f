"""
The load of the benchmarks: the border cluster's years up to their reports, then as many reports as asked.

Nothing is simplified for speed: every event is signed by its unit's key, admitted, judged and recorded
by the product's own code, and its data is that of the seed year.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from services.ballots.domain import JUDGE as BALLOTS
from services.founding import found, plan
from services.pledges.domain import JUDGE as PLEDGES
from services.scenarios.format import Scenario, read_scenario
from services.units.domain import JUDGE as UNITS
from thidua.clock import to_ms
from thidua.contracts import service_of
from thidua.drafting import InboxItem, Signer
from thidua.genesis import Founding
from thidua.judging import BATCH, Judging, inbox_item
from thidua.log import Admission, Admitted, Names
from thidua.log.redis_log import RedisLog
from thidua.publishing import Publisher
from thidua.signing import Algorithm, SigningKey, possession_proof
from thidua.stream import new_client

ORIGIN: Final = "sandbox/bench"
SEED: Final = Path(__file__).parents[2] / "services" / "scenarios" / "border-2020.jsonl"
JUDGES: Final = (UNITS, BALLOTS, PLEDGES)
UNTIL: Final = "2020-10-26"
"""The seed year's day from which its units report; the load takes its place."""
ONCE: Final = ("cluster-formed", "unit-registered", "membership-started")
EVENTS_A_YEAR: Final = 5_000
OCTOBER: Final = "-10-26T08:00:00+07:00"


@dataclass(frozen=True, slots=True)
class Signed:
    """One signed event and where it goes."""

    service: str
    subject: str
    jws: bytes
    rx_ms: int

    def admission(self) -> Admission:
        """As the door admits it."""
        return Admission(self.service, self.subject, "jws", self.jws, self.rx_ms)


def shifted(text: str, years: int) -> str:
    """*text* with the seed year's years moved."""
    return re.sub(r"20(19|2[01])(?=\D)", lambda found: str(int(found.group()) + years), text)


@dataclass(slots=True)
class Cluster:
    """A founded log with its publishers, and a judge of each service to bring it to the load's beginning."""

    founding: Founding
    redis_url: str
    publishers: dict[str, Publisher] = field(default_factory=dict)
    years: int = 0
    moment: int = 0

    async def prepare(self, years: int) -> None:
        """Record *years* years up to their reports."""
        self.years = years
        await found(self.founding, self.redis_url)
        client = new_client(self.redis_url)
        try:
            await _Prelude(self, RedisLog(client, Names())).play(read_scenario(SEED), years)
        finally:
            await client.aclose()

    def reports(
        self, count: int, *, only: str | None = None, units: Sequence[str] | None = None
    ) -> Iterator[Signed]:
        """
        The next *count* events of the load, of one service when *only* names it, spread over the years.

        They are of *units*, or of all.

        Of seven events of a unit four are reports, one is a score sheet, two are results of a pledge's target.
        """
        scenario = read_scenario(SEED)
        per_year = -(-count // self.years)
        for year in range(2020, 2020 + self.years):
            said = self._year(scenario, year, only, units or list(scenario.setup.publishers))
            yield from islice(said, min(per_year, count))
            count -= min(per_year, count)

    def _year(
        self, scenario: Scenario, year: int, only: str | None, units: Sequence[str]
    ) -> Iterator[Signed]:
        subject = f"BVHTTDL/BGPB/{year}"
        begins = to_ms(datetime.fromisoformat(f"{year}{OCTOBER}"))
        kinds = [kind for kind in _kinds(scenario, year) if only in (None, service_of(kind[0]))]
        for kind, data in cycle(kinds):
            self.moment += 1
            for unit in units:
                yield self.say(unit, kind, subject, {**data, "unit": unit}, begins + self.moment)

    def say(self, code: str, kind: str, subject: str, data: dict[str, Any], rx_ms: int) -> Signed:
        """One publisher's next event; it is taken to enter the log."""
        publisher = self.publishers[code]
        jws = publisher.sign(kind, subject, data)
        publisher.entered(kind, jws)
        return Signed(service_of(kind) or "", subject, jws.encode(), rx_ms)


def years_for(count: int) -> int:
    """Over how many years a load of *count* events is spread."""
    return max(1, count // EVENTS_A_YEAR)


def cluster(folder: Path, redis_url: str) -> Cluster:
    """A cluster whose log is not founded yet."""
    setup = read_scenario(SEED).setup
    founding = plan(
        folder,
        origin=ORIGIN,
        authority=setup.authority.code,
        name_vi=setup.authority.name_vi,
        name_en=setup.authority.name_en,
        rx_ms=to_ms(datetime.fromisoformat("2020-01-02T00:00:00+07:00")),
    )
    return Cluster(founding, redis_url)


async def admit(event_log: RedisLog, events: Iterator[Signed]) -> None:
    """Put *events* into their inboxes, as the door does in batches."""
    while batch := [event.admission() for event in islice(events, BATCH)]:
        answer = await event_log.admit(batch, sandbox=True)
        if not isinstance(answer, Admitted) or not all(isinstance(p, str) for p in answer.places):
            raise AssertionError(answer)


async def inbox(event_log: RedisLog, service: str) -> list[InboxItem]:
    """What stands in a service's inbox."""
    raw = await event_log.client.xrange(event_log.names.inbox(service))
    return [inbox_item(name.decode(), fields) for name, fields in raw]


class _Prelude:
    """Plays the beginning of each year with the three judges in this process, event by event."""

    def __init__(self, of: Cluster, event_log: RedisLog) -> None:
        self.of = of
        self.log = event_log
        founding = of.founding
        self.judging = {
            judge.service: Judging(
                judge,
                event_log,
                Signer(judge.service, founding.origin, founding.services[judge.service]),
                sandbox=True,
            )
            for judge in JUDGES
        }

    async def play(self, scenario: Scenario, years: int) -> None:
        founding = self.of.founding
        code = founding.authority
        root = Publisher(founding.origin, f"/authorities/{code}", founding.root_kid, founding.root)
        async with asyncio.timeout(600):
            for judging in self.judging.values():
                await judging.start()
            root.heads["units"] = self.judging["units"].knowledge.chain(founding.root_kid).head
            self.of.publishers[code] = root
            for shift in range(years):
                await self._year(scenario, shift)

    async def _year(self, scenario: Scenario, shift: int) -> None:
        for line in scenario.lines:
            if line.arrival.isoformat() >= UNTIL:
                return
            name = line.type.split(".")[2]
            if shift and name in ONCE:
                continue
            data = json.loads(shifted(json.dumps(line.data, ensure_ascii=False), shift))
            subject = shifted(f"{line.subject} ", shift).strip()
            rx_ms = to_ms(datetime.fromisoformat(shifted(line.arrival.isoformat(), shift)))
            await self._record([self.of.say(line.publisher, line.type, subject, data, rx_ms)])
            if name == "unit-registered":
                alg = Algorithm.EDDSA if len(self.of.publishers) % 2 else Algorithm.ES256
                await self._record([self._key(str(data["unit"]), alg, rx_ms)])

    def _key(self, unit: str, alg: Algorithm, rx_ms: int) -> Signed:
        key, kid = SigningKey.generate(alg), f"{unit}/1"
        self.of.publishers[unit] = Publisher(ORIGIN, f"/units/{unit}", kid, key)
        data = {
            "kid": kid,
            "owner": f"/units/{unit}",
            "alg": alg.value,
            "spki": key.verifying_key.spki,
            "proof": possession_proof(key, ORIGIN, kid),
        }
        authority = self.of.founding.authority
        return self.of.say(authority, "thidua.units.key-registered.v1", authority, data, rx_ms)

    async def _record(self, events: Sequence[Signed]) -> None:
        await admit(self.log, iter(events))
        busy = True
        while busy:
            busy = False
            for service, judging in self.judging.items():
                await judging.catch_up()
                await judging.wake(0)
                if items := await inbox(self.log, service):
                    busy = True
                    await judging.consume(items)


def _kinds(scenario: Scenario, year: int) -> list[tuple[str, dict[str, Any]]]:
    """What a unit says in the load: type and data, but for its own code."""
    found = {
        line.type: json.loads(shifted(json.dumps(line.data, ensure_ascii=False), year - 2020))
        for line in scenario.lines
        if line.publisher == "LCA" and line.arrival.isoformat().startswith("2020-10-26")
    }
    report, sheet = sorted(found)
    result = "thidua.pledges.target-result-reported.v1"
    drafted = next(line for line in scenario.lines if line.type.endswith("pledge-drafted.v1"))
    target = drafted.data["targets"][0]
    told = {"target": target["target"], "value": "1", "as_of": f"{year}-10-25"}
    order = (report, report, result, sheet, report, result, report)
    return [(kind, told if kind == result else found[kind]) for kind in order]
