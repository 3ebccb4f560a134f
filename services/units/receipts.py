"""What the door knows of the log: registered keys, how long their chains are, and where its latest events stand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.units.places import Placed
from thidua.contracts import CONTRACTS, Scope
from thidua.evolving import evolve_registry
from thidua.folding import registry_of, touched
from thidua.knowledge import judged_by, moment, open_jws
from thidua.signing import parse_jws
from thidua.standing import Key, Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thidua.log import Entry

_REGISTRY_TYPES = tuple(
    f'"{name}"'.encode() for name, contract in CONTRACTS.items() if contract.scope is Scope.REGISTRY
)
MOST_ANSWERS: Final = 20_000
LATEST: Final = 10_000
"""Entries whose events' places are at hand at least; ten pages of the log."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to an event that did not enter the log; ``trial`` is what a dry run came to."""

    code: str
    facts: dict[str, Any]
    trial: dict[str, Any] | None = None


class Receipts:
    """
    The door's fold of the log: keys by name, the places of its latest events, and who waits for which event.

    It does not grow with the log. Entries are opened no deeper than their hash, but for those of the registry.
    """

    def __init__(self) -> None:
        self.position = 0
        self.clock_ms = 0
        self._registries: dict[str, Registry] = {}
        self._keys_in: dict[str, str] = {}
        self._lengths: dict[tuple[str, str], int] = {}
        self._latest: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._answers: dict[str, Told] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._left = False

    def take(self, entry: Entry) -> Placed:
        """Take in the next entry; whose event it is."""
        event_hash, kid, payload = _said(entry)
        if entry.is_recorded and any(name in payload for name in _REGISTRY_TYPES):
            self._register(entry)
        chain = judged_by(entry), kid
        self._lengths[chain] = self._lengths.get(chain, 0) + 1
        if len(self._latest) >= LATEST:
            self._before, self._latest = self._latest, {}
        self._latest[event_hash] = entry.position
        self.position = entry.position
        self.clock_ms = max(self.clock_ms, entry.rx_ms)
        self._wake(event_hash)
        return Placed(event_hash, self._publisher(kid))

    def placed(self, entry: Entry) -> Placed:
        """Whose event an entry is that was taken in before."""
        event_hash, kid, _ = _said(entry)
        return Placed(event_hash, self._publisher(kid))

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

    def latest(self, event_hash: str) -> int | None:
        """The position of an event, when it is one of the latest of the log."""
        return self._latest.get(event_hash) or self._before.get(event_hash)

    def may_stand(self, service: str, kid: str, seq: int) -> bool:
        """Whether a key's chain with a service is so long already; if not, no such event stands in the log."""
        return seq <= self._lengths.get((service, kid), 0)

    def answer(self, event_hash: str) -> Told | None:
        """What was said about an event that did not enter the log."""
        return self._answers.get(event_hash)

    async def wait(self, hashes: Iterable[str], seconds: float) -> None:
        """Return when every event has its place or its answer, the time is over, or the process leaves."""
        loop = asyncio.get_running_loop()
        futures: dict[asyncio.Future[None], str] = {}
        for event_hash in () if self._left else hashes:
            if self.latest(event_hash) is None and self.answer(event_hash) is None:
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

    def _publisher(self, kid: str) -> str:
        key = self.key(kid)
        return "" if key is None or key.owner.startswith("/services/") else _code(key.owner)

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


def _said(entry: Entry) -> tuple[str, str, bytes]:
    """An entry's event hash, the name of its key, and its payload where the log keeps it."""
    if entry.said is not None:
        return str(entry.said["hash"]), str(entry.said["kid"]), b""
    parsed = parse_jws(entry.jws or b"")
    return parsed.hash, parsed.kid, parsed.payload


def _code(source: str) -> str:
    return source.rsplit("/", 1)[-1]
