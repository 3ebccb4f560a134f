"""How long a voter waits for the judgement on its secret vote, by the clock, from real processes on this machine."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import randbelow
from typing import TYPE_CHECKING, Any, Final

from services.sandbox import sandbox
from services.scenarios.format import read_scenario
from services.scenarios.hands import Custody, Voters
from tests.ballots.decisions.year_2020 import UNITS
from tests.ballots.secret.phieu_kin import draft
from tests.bench.voting import ANSWERED_MS
from tests.conftest import SEED
from thidua.contracts import ballots as b
from thidua.publishing import DoorClient
from thidua.voting.election import read_election

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from services.player import Player
    from tests.bench.figures import Report
    from thidua.contracts import EventData

CYCLE: Final = "BVHTTDL/BGPB/2020"
MORNING: Final = datetime.fromisoformat("2020-11-21T08:50:00+07:00")
NOMINEES: Final = ("SLA", "HGI", "DBN", "CBG")
"""In the form with full minutes: yes, no or none for each, so twelve encrypted choices in a vote."""
VOTES_EACH: Final = 3


def answered(report: Report, folder: Path) -> None:
    """Add the time from posting a vote to the door to its being judged, recorded and answered."""
    whole = read_scenario(SEED)
    until = next(at for at, line in enumerate(whole.lines) if line.type == b.BallotOpened.TYPE)
    scenario = replace(whole, lines=whole.lines[:until], numbers=whole.numbers[:until])
    with sandbox(scenario, folder) as box, closing(DoorClient(box.system.url("door"))) as door:
        player = box.player(door)
        player.play()
        took = list(_voted(_Conference(player), lambda name: box.set_up(CYCLE, name)))
    name = f"a secret vote of {3 * len(NOMINEES)} choices, posted to judged"
    report.add(name, "ms", [seconds * 1e3 for seconds in took], at_most=ANSWERED_MS)


@dataclass
class _Conference:
    player: Player
    now: datetime = MORNING

    def say(self, source: str, data: EventData) -> float:
        """Publish a second later than the last time; how many seconds the door took to answer."""
        self.now += timedelta(seconds=1)
        signer = self.player._publishers[source.rsplit("/", 1)[-1]]
        jws = signer.sign(data.TYPE, CYCLE, data.model_dump(mode="json"), time=self.now)
        self.player.settle()
        started = time.perf_counter()
        reply = self.player.door.send(jws, arrival=self.now)
        took = time.perf_counter() - started
        if reply.outcome != "recorded":
            raise AssertionError(reply.document)
        signer.entered(data.TYPE, jws)
        return took


def _voted(held: _Conference, set_up: Callable[[str], dict[str, Any]]) -> Iterator[float]:
    drafted = draft("bang-khen-bo", *NOMINEES, form="each", conference="tong-ket-2020")
    trustees, voters = Custody(drafted, randbelow), Voters(drafted.ballot, drafted.uuid, randbelow)
    held.say("LCH", drafted)
    for message in trustees.key_generation():
        held.say(trustees.source(message.owner), message)
    held.player.settle()
    election = read_election(set_up(drafted.ballot)["election"])
    for seat in trustees.seats:
        passed = trustees.drill(drafted.ballot, election.uuid, election.fingerprint, seat.owner)
        held.say(seat.source, passed)
    for unit in UNITS:
        held.say(unit, voters.register(unit))
    names = ("ballot", "conference", "about", "nominees", "for_year")
    opening = {name: getattr(drafted, name) for name in names}
    opening |= {"mode": "secret", "closes": held.now + timedelta(hours=1)}
    held.say("LCH", b.BallotOpened.model_validate(opening))
    choices = [(0, 1, 0)] * len(NOMINEES)
    for _ in range(VOTES_EACH):
        for unit in UNITS:
            yield held.say(unit, voters.vote(unit, election, choices))
