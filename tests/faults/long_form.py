"""
The long form of ``make test-faults``: the year again and again in containers, until the time is over.

In every round each container is killed, stores and services are paused and cut off, the stores' disks filled, clocks
moved and Redis' file cut, at random moments. Then the log, the read models and the publishers' receipts must come to
what the calm year came to.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx

from services.player import NotQuietError, Player
from services.sandbox import JUDGES, founded
from tests.deploy.stack import OURS, STORES, Stack, StackError
from tests.faults.comparing import Year, difference, not_served, read_models
from tests.faults.containers import ENGINE_RESTART, PAUSE, Containers
from tests.faults.ledger import Ledger
from tests.faults.running import ALARMS, Strike, Striking
from tests.faults.tape import hold_to
from thidua.audit.authentic import NotAuthenticError
from thidua.audit.rejudging import NotFollowingError, Rejudging
from thidua.clock import format_instant
from thidua.publishing import DoorClient, DoorUnreachableError
from thidua.signing import parse_jws

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.deploy.steps import Steps
    from tests.faults.tape import Tape

SOON: Final = 15.0
"""Seconds after which a publisher that gets nowhere sends what it sent before once more."""
BACK: Final = 12
"""So many events it goes back then; what is in the log is answered by the same receipt."""
ROUND_SECONDS: Final = 5400.0
GATE_FOLLOWS: Final = 20.0


@dataclass(slots=True)
class Round:
    """One year under faults: what was done, and what is wrong with what it came to."""

    acknowledged: int = 0
    sealed: int = 0
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def play_round(
    tape: Tape,
    folder: Path,
    chance: random.Random,
    steps: Steps,
    *,
    short: bool,
    only: Sequence[str] = (),
) -> Round:
    """Play the tape in a stack of its own under every kind of fault."""
    founding_moment = format_instant(tape.scenario.lines[0].arrival)
    stack = Stack(
        folder, tape.scenario.setup, founding_moment, f"thidua-faults-{os.getpid()}", tls=False
    )
    containers, told = Containers(stack, tape), Round()
    try:
        with steps.step("a stack with small disks and a clock that moves"):
            containers.up()
        strikes = _strikes(containers, chance, told, steps, len(tape.said), short=short, only=only)
        ledger = _play(stack, tape, strikes)
        with steps.step("at rest again"):
            containers.all_healthy()
        with steps.step("the checker") as words:
            _check(containers, tape, ledger, told)
            words.append(f"{len(ledger.given)} receipts")
    except (StackError, AssertionError) as error:
        told.faults.append(str(error))
        with_logs = stack.compose("logs", "--no-color", "--tail", "60")
        (folder / "containers.log").write_text(with_logs, encoding="utf-8")
    finally:
        with steps.step("taken away"):
            containers.down()
    return told


def _strikes(
    containers: Containers,
    chance: random.Random,
    told: Round,
    steps: Steps,
    events: int,
    *,
    short: bool,
    only: Sequence[str] = (),
) -> list[Strike]:
    """Every kind at least once, in a random order at random moments; in the *short* form not of every container."""
    killed = list(chance.sample(OURS, 2)) if short else [*STORES, *OURS]
    hindered = [chance.choice(STORES)] if short else [*STORES, chance.choice(OURS)]
    kinds: list[tuple[str, Callable[[], str]]] = [
        *((f"{name} killed", partial(containers.kill, name)) for name in killed),
        *(
            (f"{name} paused", partial(containers.pause, name, chance.uniform(2, 8)))
            for name in hindered
        ),
        *(
            (f"{name} cut off", partial(containers.cut, name, chance.uniform(2, 8)))
            for name in hindered
        ),
        *((f"the disk of {name} full", partial(containers.fill, name, 8)) for name in STORES),
        ("the clock moved", partial(containers.move_clock, 6)),
        (
            "the file of redis cut, what is sealed too",
            partial(containers.cut_file, chance.randrange(3, 8)),
        ),
    ]
    if ENGINE_RESTART in os.environ:
        kinds.append(("the engine killed", containers.kill_engine))
    else:
        containers.skipped.append(f"the engine was not killed: {ENGINE_RESTART} says no command")
    if not short:
        kinds.append(("the file of redis cut, its last append", partial(containers.cut_file, 1)))
    kinds = [one for one in kinds if not only or any(word in one[0] for word in only)]
    chance.shuffle(kinds)
    ats = sorted(chance.randrange(5, events) for _ in kinds)

    def blow(name: str, work: Callable[[], str]) -> None:
        with steps.step(f"  {name}") as words:
            words.append(work())
        if words[0] not in containers.skipped:
            told.done[name] += 1

    return [
        Strike(at, chance.uniform(0, 0.04), partial(blow, name, work))
        for at, (name, work) in zip(ats, kinds, strict=True)
    ]


def _play(stack: Stack, tape: Tape, strikes: list[Strike]) -> Ledger:
    """Send the tape as outboxes would: in order, and again from before when nothing is answered for good."""
    striking, ledger = Striking(strikes), Ledger()
    striking.start()
    door = DoorClient(stack.door_url)
    root = founded(tape.scenario, tape.seed).root
    player = Player(tape.scenario, door, root, "", patience=SOON)
    deadline = time.monotonic() + ROUND_SECONDS
    number = 0
    try:
        while number < len(tape.said) or striking.is_alive():
            if time.monotonic() > deadline or striking.error is not None:
                break
            if number == len(tape.said):
                striking.reached(number)
                PAUSE.wait(1)
                # A file cut after the last event: its publishers look whether they still have their receipts.
                number = max(0, number - BACK)
                continue
            one = tape.said[number]
            striking.reached(number)
            try:
                reply = player.deliver(one.jws, one.arrival)
            except (DoorUnreachableError, NotQuietError, httpx.HTTPError, ValueError):
                number = max(0, number - BACK)
                continue
            if not reply.in_log:
                number = max(0, number - BACK)
                PAUSE.wait(0.5)
                continue
            hold_to(number, one, reply)
            ledger.note(parse_jws(one.jws).hash, int(reply.document["position"]))
            number += 1
    except BaseException:
        striking.abandon()
        raise
    finally:
        door.close()
    if number < len(tape.said):
        striking.abandon()
    striking.finish()
    if number < len(tape.said):
        raise StackError(f"the year came no further than event {number} of {len(tape.said)}")
    return ledger


def _check(containers: Containers, tape: Tape, ledger: Ledger, told: Round) -> None:
    stack = containers.stack
    door = DoorClient(stack.door_url)
    root = founded(tape.scenario, tape.seed).root
    Player(tape.scenario, door, root, "", patience=120).settle()
    door.close()
    entries = stack.entries()
    told.faults += containers.faults
    if [entry.position for entry in entries] != list(range(1, len(entries) + 1)):
        told.faults.append("the positions are not dense")
    try:
        Rejudging(JUDGES, origin=tape.scenario.setup.origin, root_spki=root.verifying_key.spki).run(
            entries
        )
    except (NotFollowingError, NotAuthenticError) as error:
        told.faults.append(f"the log does not follow: {error}")
    served = _served(stack, len(entries))
    anew = read_models(entries, bound_to_log=True)
    told.faults += not_served(anew, served)
    found = difference(tape.year(), Year.of(entries, read_models(entries, bound_to_log=False)))
    restored = [one for one in found.other if "log-restored" in one]
    told.faults += [f"lost: {one}" for one in found.lost] + [
        f"doubled: {one}" for one in found.doubled
    ]
    told.faults += [f"other: {one}" for one in found.other if one not in restored]
    if not restored:
        told.faults += [f"order: {one}" for one in found.order]
    told.faults += ledger.faults(entries, lost=bool(containers.losses))
    told.acknowledged, told.sealed = len(ledger.given), containers.sealed()
    told.notes += containers.skipped
    told.notes += [f"receipt {one}" for one in ledger.moved()]
    told.notes += [f"{count} x {event}" for event, count in sorted(_alarms(stack).items())]


def _served(stack: Stack, position: int) -> dict[str, str]:
    """The fingerprints that the pages tell, once they have followed to the log's end."""
    deadline = time.monotonic() + GATE_FOLLOWS * 3
    while True:
        told = httpx.get(f"{stack.pages_url}/v1/fingerprints", timeout=60).raise_for_status().json()
        if told["position"] == position or time.monotonic() > deadline:
            return dict(told["fingerprints"])
        PAUSE.wait(0.3)


def _alarms(stack: Stack) -> Counter[str]:
    """What the processes' own logs complained of, by name."""
    found: Counter[str] = Counter()
    for line in stack.compose("logs", "--no-color", "--no-log-prefix", *OURS).splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            if told.get("level") in ALARMS:
                found[f"{told.get('service')}: {told['event']}"] += 1
        elif "Traceback" in line:
            found["a traceback"] += 1
    return found
