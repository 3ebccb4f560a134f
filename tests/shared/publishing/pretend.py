"""A door of one process's memory, with the log's rules for chains, that can be struck at every call."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thidua.contracts import service_of
from thidua.journal import Journal
from thidua.knowledge import ChainHead
from thidua.outbox import Outbox
from thidua.publishing import DoorBusyError, DoorClient, DoorUnreachableError, Publisher, Reply
from thidua.refusals import Code, problem
from thidua.sending import PublisherClient
from thidua.signing import Algorithm, SigningKey, parse_jws

ORIGIN = "so.example.vn/p0"
KEY = SigningKey.generate(Algorithm.EDDSA)
SUBJECT = "BNV/KHOI/2026"
TYPES = {
    "units": "thidua.units.report-submitted.v1",
    "pledges": "thidua.pledges.pledge-signed.v1",
    "ballots": "thidua.ballots.vote-cast.v1",
}
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Crash(BaseException):
    """The publisher's process is killed."""


class PretendDoor(DoorClient):
    """
    A log with chains per key and service.

    ``fault`` is asked before each call: ``None``, ``"away"`` (nothing arrives), ``"lost"`` (the reply
    does not), ``"twice"`` (it arrives twice), ``"busy"``, ``"later"`` (stored, judged at the next call).
    ``never`` are ids whose events can never enter, ``wrong`` ids of events that are refused in the log.
    """

    def __init__(self, fault: Callable[[], str | None] = lambda: None) -> None:
        super().__init__("http://door.test")
        self.fault = fault
        self.never: set[str] = set()
        self.wrong: set[str] = set()
        self.down: set[str] = set()
        self.log: list[tuple[str, str, str]] = []  # hash, kid, outcome
        self.chains: dict[tuple[str, str], list[str]] = {}
        self.inbox: list[str] = []
        self.said: dict[str, dict[str, Any]] = {}
        self.calls = 0

    def send_all(self, tokens: Any, *, wait: int = 10) -> list[Reply]:
        fault = self._struck()
        if fault == "later":
            self.inbox += tokens
            return [Reply(202, {"outcome": "pending"}) for _ in tokens]
        told = [self._judged(token) for token in tokens]
        if fault == "twice":
            told = [self._judged(token) for token in tokens]
        if fault == "lost":
            raise DoorUnreachableError(self.url, "reset")
        return told

    def head(self, kid: str, service: str) -> ChainHead:
        fault = self._struck()
        if fault == "lost":
            raise DoorUnreachableError(self.url, "reset")
        chain = self.chains.get((kid, service), [])
        return ChainHead(len(chain), chain[-1]) if chain else ChainHead()

    def receipt(self, event_hash: str) -> Reply:
        fault = self._struck()
        if fault == "lost":
            raise DoorUnreachableError(self.url, "reset")
        return self._receipt(event_hash) or Reply(
            404, problem(Code.RECEIPT_UNKNOWN, {"given": event_hash})
        )

    def recorded(self, service: str) -> list[str]:
        """The ids that entered the log through a service, in its order."""
        told = [self.said[event_hash] for event_hash, _, _ in self.log]
        return [one["id"] for one in told if service_of(one["type"]) == service]

    def forget(self, most: int) -> None:
        """Lose what stands after the first *most* entries."""
        for event_hash, kid, _ in self.log[most:]:
            self.chains[kid, service_of(self.said[event_hash]["type"]) or ""].remove(event_hash)
        del self.log[most:]

    def judge_inbox(self) -> None:
        waiting, self.inbox = self.inbox, []
        for token in waiting:
            self._judged(token)

    def _struck(self) -> str | None:
        self.calls += 1
        fault = self.fault()
        if fault == "away":
            raise DoorUnreachableError(self.url, "refused")
        if fault == "busy":
            raise DoorBusyError(self.url, "BUSY", 2.0)
        if fault != "later":
            self.judge_inbox()
        return fault

    def _judged(self, token: str) -> Reply:
        parsed = parse_jws(token)
        payload = payload_of(token)
        self.said[parsed.hash] = payload
        service = service_of(payload["type"]) or ""
        if service in self.down:
            self.inbox.append(token)
            return Reply(202, {"outcome": "pending"})
        known = self._receipt(parsed.hash)
        if known is not None:
            return known
        if payload["id"] in self.never:
            return Reply(400, {"code": "AUDIENCE_WRONG", "retryable": False, "outcome": "answered"})
        chain = self.chains.setdefault((parsed.kid, service), [])
        if payload["seq"] <= len(chain):
            return Reply(409, {"code": "CHAIN_FORK", "retryable": False, "outcome": "answered"})
        if (payload["seq"], payload["prev"]) != (
            len(chain) + 1,
            chain[-1] if chain else ChainHead().hash,
        ):
            return Reply(409, {"code": "CHAIN_EXPECTED", "retryable": True, "outcome": "answered"})
        chain.append(parsed.hash)
        outcome = "refused" if payload["id"] in self.wrong else "recorded"
        self.log.append((parsed.hash, parsed.kid, outcome))
        receipt = self._receipt(parsed.hash)
        assert receipt is not None
        return receipt

    def _receipt(self, event_hash: str) -> Reply | None:
        for position, (found, _, outcome) in enumerate(self.log, 1):
            if found == event_hash:
                code = {"code": "DEADLINE_PASSED"} if outcome == "refused" else {}
                told = {"position": position, "outcome": outcome, "hash": found, **code}
                return Reply(200 if outcome == "recorded" else 422, told)
        return None


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def client(
    folder: Path, door: PretendDoor, *, kid: str = "SOA/1", batch: int = 3
) -> PublisherClient:
    """A process that has just started over *folder*."""
    time = Time()
    return PublisherClient(
        Outbox(folder),
        Publisher(ORIGIN, "/units/SOA", kid, KEY),
        door,
        batch=batch,
        now=lambda: NOW,
        clock=time.clock,
        sleep=time.sleep,
        chance=lambda: 0.0,
    )


def queue(sender: PublisherClient, service: str, event_id: str) -> int:
    """Queue an event that only its id tells from others."""
    return sender.queue(TYPES[service], SUBJECT, {"unit": "SOA"}, event_id=event_id, check=False).n


def payload_of(token: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(parse_jws(token).payload)
    return payload


class KilledJournal(Journal):
    """A journal whose process is killed in an append, *after* some bytes of the line; -1: never."""

    kill_in = -1
    part = 0.0

    def append(self, records: list[dict[str, Any]]) -> None:
        before = self._offset
        super().append(records)
        if self.kill_in == 0:
            with self.path.open("r+b") as file:
                file.truncate(before + int((self._offset - before) * self.part))
            raise Crash
        self.kill_in -= 1
