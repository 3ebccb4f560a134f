"""What the door knows of the log: registered keys, and where every event of the log stands."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from services.units.places import Places
from thidua.clock import format_ms
from thidua.contracts import CONTRACTS, Scope
from thidua.evolving import evolve_registry
from thidua.folding import registry_of, touched
from thidua.knowledge import moment, open_jws
from thidua.log import Entry
from thidua.receipts import entry_hash
from thidua.refusals import Code, problem
from thidua.signing import parse_jws
from thidua.standing import Key, Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

_REGISTRY_TYPES = tuple(
    f'"{name}"'.encode() for name, contract in CONTRACTS.items() if contract.scope is Scope.REGISTRY
)
MOST_ANSWERS = 20_000


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to an event that did not enter the log; ``trial`` is what a dry run came to."""

    code: str
    facts: dict[str, Any]
    trial: dict[str, Any] | None = None


class Receipts:
    """
    The door's fold of the log: keys by name, positions by event hash, and who waits for which event.

    Entries are opened no deeper than their hash, but for those of the registry.
    """

    def __init__(self) -> None:
        self.position = 0
        self.clock_ms = 0
        self._registries: dict[str, Registry] = {}
        self._keys_in: dict[str, str] = {}
        self._places = Places()
        self._of: dict[str, array[int]] = {}
        self._answers: dict[str, Told] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._left = False

    def take(self, entry: Entry) -> None:
        """Take in the next entry."""
        if entry.said is not None:
            event_hash, kid = str(entry.said["hash"]), str(entry.said["kid"])
        else:
            parsed = parse_jws(entry.jws or b"")
            event_hash, kid = parsed.hash, parsed.kid
            if entry.is_recorded and any(name in parsed.payload for name in _REGISTRY_TYPES):
                self._register(entry)
        self._places.put(event_hash, entry.position)
        key = self.key(kid)
        if key is not None and not key.owner.startswith("/services/"):
            self._of.setdefault(_code(key.owner), array("Q")).append(entry.position)
        self.position = entry.position
        self.clock_ms = max(self.clock_ms, entry.rx_ms)
        self._wake(event_hash)

    def answered(self, event_hash: str, told: Told) -> None:
        """Keep what was said about an event that did not enter the log."""
        if len(self._answers) >= MOST_ANSWERS:
            del self._answers[next(iter(self._answers))]
        self._answers[event_hash] = told
        self._wake(event_hash)

    def forget_answer(self, event_hash: str) -> None:
        """The event comes again; what was said before no longer stands for it."""
        self._answers.pop(event_hash, None)

    def key(self, kid: str) -> Key | None:
        """The key registered under a name."""
        registry = self._registries.get(self._keys_in.get(kid, ""))
        return None if registry is None else registry.keys.get(kid)

    def registry(self, authority: str) -> Registry | None:
        """The registry of an authority; ``None`` when nothing of it stands in the log."""
        return self._registries.get(authority)

    def keys_of(self, owner: str) -> list[Key]:
        """Every key an owner ever had."""
        registries = self._registries.values()
        return [key for one in registries for key in one.keys.values() if key.owner == owner]

    def publishers(self) -> set[str]:
        """The codes of all who own a key and are no service."""
        owners = {
            key.owner for registry in self._registries.values() for key in registry.keys.values()
        }
        return {_code(owner) for owner in owners if not owner.startswith("/services/")}

    def direct(self) -> frozenset[str]:
        """The units that may publish straight into Redis."""
        return frozenset().union(*(registry.direct for registry in self._registries.values()))

    def name_of(self, owner: str, spki: str) -> str | None:
        """The name under which *owner*'s active public key is registered; ``None`` when it is not."""
        for registry in self._registries.values():
            for key in registry.keys.values():
                if (key.owner, key.spki, key.status) == (owner, spki, "active"):
                    return key.kid
        return None

    def positions_of(self, publisher: str, after: int, most: int) -> list[int]:
        """At most *most* positions, in order, of a publisher's events after a position."""
        mine = self._of.get(publisher, array("Q"))
        start = bisect_right(mine, after)
        return mine[start : start + most].tolist()

    def place(self, event_hash: str) -> int | None:
        """The position of an event of the log."""
        return self._places.find(event_hash)

    def answer(self, event_hash: str) -> Told | None:
        """What was said about an event that did not enter the log."""
        return self._answers.get(event_hash)

    async def wait(self, hashes: Iterable[str], seconds: float) -> None:
        """Return when every event has its place or its answer, the time is over, or the process leaves."""
        loop = asyncio.get_running_loop()
        futures: dict[asyncio.Future[None], str] = {}
        for event_hash in () if self._left else hashes:
            if self.place(event_hash) is None and self.answer(event_hash) is None:
                future: asyncio.Future[None] = loop.create_future()
                self._waiting.setdefault(event_hash, []).append(future)
                futures[future] = event_hash
        try:
            if futures:
                await asyncio.wait(futures, timeout=seconds)
        finally:
            for future, event_hash in futures.items():
                if not future.done():
                    future.cancel()
                    self._leave(event_hash, future)

    def leave(self) -> None:
        """The process ends: nobody waits any longer, and nobody begins to."""
        self._left = True
        for event_hash in list(self._waiting):
            self._wake(event_hash)

    def _register(self, entry: Entry) -> None:
        event = open_jws(parse_jws(entry.jws or b""), moment(entry.rx_ms)).event
        for subject in touched(event):
            if "/" not in subject:
                before = self._registries.get(subject, Registry(registry_of(subject)))
                self._registries[subject] = evolve_registry(before, event)
                for kid in self._registries[subject].keys.keys() - before.keys.keys():
                    self._keys_in[kid] = subject

    def _leave(self, event_hash: str, future: asyncio.Future[None]) -> None:
        """Nobody waits any more; what may never come must not be remembered for ever."""
        waiting = self._waiting.get(event_hash, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._waiting.pop(event_hash, None)

    def _wake(self, event_hash: str) -> None:
        for future in self._waiting.pop(event_hash, ()):
            if not future.done():
                future.set_result(None)


def _code(source: str) -> str:
    return source.rsplit("/", 1)[-1]


def receipt(event_hash: str, entry: Entry) -> dict[str, Any]:
    """The receipt of an event of the log, with the problem's members when it was refused."""
    told: dict[str, Any] = {
        "hash": event_hash,
        "position": entry.position,
        "entry_hash": entry_hash(entry),
        "outcome": "recorded" if entry.is_recorded else "refused",
        "rx": format_ms(entry.rx_ms),
        "by": entry.by,
    }
    if entry.refused is not None:
        said = entry.said or {}
        words = _words(event_hash, entry.refused["code"], entry.refused["facts"], said.get("type"))
        told = {**words, **told}
    return told


def rehearsed(event_hash: str, told: Told) -> tuple[int, dict[str, Any]]:
    """What the receipt of a judged event would say, but for the place in the log that it has not."""
    trial = told.trial or {}
    members = {"hash": event_hash, **{name: trial[name] for name in ("outcome", "rx", "by")}}
    if trial["outcome"] == "recorded":
        return HTTPStatus.OK, members
    words = _words(event_hash, told.code, told.facts, trial.get("type"))
    return HTTPStatus.UNPROCESSABLE_ENTITY, {**words, **members}


def _words(
    event_hash: str, code: str, facts: dict[str, Any], wire_type: str | None
) -> dict[str, Any]:
    # A form refusal keeps no values; the wire type is one of the members that ``said`` names.
    given = wire_type if code == Code.TYPE_UNKNOWN else None
    status = int(HTTPStatus.UNPROCESSABLE_ENTITY)
    return {**problem(Code(code), facts, given=given, event=event_hash), "status": status}
