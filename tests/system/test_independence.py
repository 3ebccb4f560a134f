"""With any one deciding service stopped the others record over HTTP, and it catches up when it is back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from services.player import Player
from services.sandbox import sandbox
from services.scenarios.format import Scenario, read_scenario
from tests.conftest import THREE
from thidua.publishing import DoorClient, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from services.sandbox import Sandbox

UNTIL_RANKING = "thidua.units.scoring-closed.v1"


def until(type_: str) -> Scenario:
    """The year of three up to and with the first line of a type."""
    whole = read_scenario(THREE)
    end = next(n for n, line in enumerate(whole.lines) if line.type == type_) + 1
    return Scenario(whole.setup, whole.lines[:end], whole.numbers[:end])


def say(player: Player, publisher: str, type_: str, data: dict[str, Any], at: str) -> Reply:
    line = player.scenario.lines[-1].model_copy(
        update={"publisher": publisher, "type": type_, "data": data, "expect": None}
    )
    line = line.model_validate(
        {**line.model_dump(mode="json"), "time": at, "arrives": None, "sent": None}
    )
    source = player._publishers[publisher]
    jws = source.sign(line.type, line.subject, line.data, time=line.time)
    reply = player.door.send(jws, arrival=line.arrival, wait=10)
    if reply.in_log:
        source.entered(line.type, jws)
    return reply


@pytest.fixture
def box(tmp_path: Path) -> Any:
    with sandbox(until("thidua.pledges.pledge-signed.v1"), tmp_path) as box:
        yield box


SAYS = {
    "units": (
        "SOB",
        "thidua.units.report-submitted.v1",
        {"unit": "SOB", "kind": "half-year"},
    ),
    "pledges": (
        "SOB",
        "thidua.pledges.pledge-signed.v1",
        {"unit": "SOB", "version": 1, "signer_role": "Giám đốc"},
    ),
    "ballots": (
        "SOA",
        "thidua.ballots.conference-convened.v1",
        {"conference": "hn", "starts": "2023-12-15T08:00:00+07:00", "place": "Hà Nội"},
    ),
}


@pytest.mark.parametrize("stopped", ["units", "ballots", "pledges"])
def test_the_others_record_while_one_service_is_stopped(box: Sandbox, stopped: str) -> None:
    door = DoorClient(box.system.url("door"))
    player = box.player(door)
    player.play()
    box.system.kill(stopped)

    for minute, (service, (publisher, type_, data)) in enumerate(SAYS.items(), 1):
        if service != stopped:
            reply = say(player, publisher, type_, data, f"2023-03-11T09:0{minute}:00+07:00")
            assert reply.outcome == "recorded", reply.document

    publisher, type_, data = SAYS[stopped]
    source = player._publishers[publisher]
    line_at = player.scenario.lines[-1].model_validate(
        {**player.scenario.lines[-1].model_dump(mode="json"), "time": "2023-03-12T09:00:00+07:00"}
    )
    jws = source.sign(type_, line_at.subject, data, time=line_at.time)
    waiting = door.send(jws, arrival=line_at.time, wait=1)
    assert waiting.status == 202

    box.system.start(stopped)
    deadline = time.monotonic() + 20
    while (reply := door.receipt(str(waiting.document["hash"]))).outcome != "recorded":
        assert time.monotonic() < deadline, reply.document
        time.sleep(0.05)
    player.settle()
    assert box.outcome()["fingerprints_equal"]
    door.close()
