"""Plays a scenario through the real way in: one event at a time over HTTP, each answer awaited."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from thidua.clock import to_ms
from thidua.errors import StopError
from thidua.knowledge import ChainHead
from thidua.publishing import DoorClient, DoorUnreachableError, Publisher, Reply
from thidua.signing import Algorithm, SigningKey, possession_proof

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from services.scenarios.format import Line, Scenario
    from thidua.signing import SigningKey as PrivateKey

UNIT_REGISTERED: Final = "thidua.units.unit-registered.v1"
KEY_REGISTERED: Final = "thidua.units.key-registered.v1"
PATIENCE_SECONDS: Final = 60.0


class UnexpectedAnswerError(StopError):
    """A line of the scenario was answered otherwise than it says."""

    def __init__(self, number: int, line: Line, reply: Reply) -> None:
        document = reply.document
        code = document.get("code", document.get("outcome"))
        detail = document.get("detail_vi") or document.get("detail") or document
        wanted = line.expect or "recorded"
        super().__init__(
            f"dòng {number} / line {number} ({line.publisher} {line.type}): {wanted} expected, {code}: {detail}"
        )


class NotQuietError(StopError):
    """The services did not settle in time after an event."""

    def __init__(self, status: dict[str, Any]) -> None:
        super().__init__(f"the services did not settle: {status}")


@dataclass(slots=True)
class Played:
    """What became of a scenario's own lines."""

    recorded: int = 0
    refused: int = 0


@dataclass(slots=True)
class Player:
    """
    Publishes a scenario's events in order, each with its own publisher's key.

    Keys are made here (a sandbox's) and registered by the authority right after their unit is. After
    each event it waits until every service has followed and has nothing due, so that the sandbox's
    clock never passes a deadline unseen. *patience* is how many seconds it goes on asking a door that
    does not answer, or services that do not settle.
    """

    scenario: Scenario
    door: DoorClient
    root: PrivateKey
    root_kid: str
    on_progress: Callable[[int, int, str], None] = lambda _done, _all, _what: None
    patience: float = PATIENCE_SECONDS
    words: Callable[[Line], dict[str, Any]] = lambda line: line.data
    """What a line says when its turn has come: its data, or what only its publisher's client can add."""
    played: Played = field(default_factory=Played)
    _publishers: dict[str, Publisher] = field(default_factory=dict)

    def play(self) -> Played:
        """Play every line; raises :class:`UnexpectedAnswerError` at the first surprise."""
        setup = self.scenario.setup
        authority = setup.authority.code
        self._publishers[authority] = self._publisher(
            authority, f"/authorities/{authority}", self.root_kid, self.root
        )
        total = len(self.scenario.lines)
        for done, (number, line) in enumerate(
            zip(self.scenario.numbers, self.scenario.lines, strict=True), 1
        ):
            reply = self._say(line)
            outcome = reply.document.get("code") if reply.outcome != "recorded" else None
            if outcome != line.expect:
                raise UnexpectedAnswerError(number, line, reply)
            if outcome is None:
                self.played.recorded += 1
            else:
                self.played.refused += 1
            if line.type == UNIT_REGISTERED and outcome is None:
                self._register_key(line)
            self.on_progress(done, total, line.type)
        self.settle()
        return self.played

    def settle(self) -> None:
        """Return when every service has followed the log and has nothing due."""
        deadline = time.monotonic() + self.patience
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            try:
                status = self.door.status()
            except DoorUnreachableError:
                time.sleep(0.2)
                continue
            if status.get("quiet"):
                return
            time.sleep(0.004)
        raise NotQuietError(status)

    def _say(self, line: Line) -> Reply:
        publisher = self._publishers.get(line.publisher)
        if publisher is None:
            setup = self.scenario.setup
            code = line.publisher
            key = SigningKey.generate(Algorithm(setup.publishers[code]))
            publisher = self._publisher(code, f"/units/{code}", f"{code}/1", key)
            self._publishers[code] = publisher
        jws = publisher.sign(line.type, line.subject, self.words(line), time=line.sent or line.time)
        reply = self.deliver(jws, line.arrival)
        if reply.in_log:
            publisher.entered(line.type, jws)
        return reply

    def deliver(self, jws: str, arrival: datetime) -> Reply:
        """Send when the services have settled, until it is answered for good; the same bytes again are harmless."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                self.settle()
                reply = self.door.send(jws, arrival=arrival)
            except DoorUnreachableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
                continue
            retry = reply.outcome == "pending" or (
                reply.document.get("retryable") and not reply.in_log
            )
            if retry and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            return reply

    def _register_key(self, line: Line) -> None:
        """The authority registers the new unit's key, when that unit publishes."""
        code = str(line.data["unit"])
        alg = self.scenario.setup.publishers.get(code)
        if alg is None:
            return
        key = SigningKey.generate(Algorithm(alg))
        kid = f"{code}/1"
        self._publishers[code] = self._publisher(code, f"/units/{code}", kid, key)
        data = {
            "kid": kid,
            "owner": f"/units/{code}",
            "alg": alg,
            "spki": key.verifying_key.spki,
            "proof": possession_proof(key, self.scenario.setup.origin, kid),
        }
        told = line.model_copy(update={"type": KEY_REGISTERED, "data": data, "expect": None})
        reply = self._say(told)
        if reply.outcome != "recorded":
            raise UnexpectedAnswerError(0, told, reply)

    def _publisher(self, code: str, source: str, kid: str, key: PrivateKey) -> Publisher:
        publisher = Publisher(self.scenario.setup.origin, source, kid, key)
        if code == self.scenario.setup.authority.code:
            head = self.door.head(kid, "units")
            publisher.heads["units"] = head if head.seq else ChainHead()
        return publisher


def first_moment(scenario: Scenario) -> int:
    """The sandbox's first moment: that of the first line, in milliseconds."""
    return to_ms(scenario.lines[0].arrival) if scenario.lines else 0
