"""What a year came to, without what depends on positions, and how two such years differ."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from services.reporting.as_of import as_of
from services.reporting.fingerprint import fingerprints
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from thidua.log import Entry

Order = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Year:
    """
    The entries of a log by what they say, in order; per subject, per key's chain; and its read models.

    Publishers' events are named by their hash. A service's own event is named by its content and by what
    caused it: its hash also holds its place in the service's chain, which runs through all subjects.
    """

    names: tuple[str, ...]
    subjects: Order
    chains: Order
    fingerprints: Mapping[str, str]
    words: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, entries: Sequence[Entry], fingerprints: Mapping[str, str]) -> Self:
        """The year that stands in *entries* and was projected to read models with *fingerprints*."""
        by_hash: dict[str, str] = {}
        words: dict[str, str] = {}
        names: list[str] = []
        subjects: dict[str, list[str]] = defaultdict(list)
        chains: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            said = _said(entry)
            own = said["source"].startswith("/services/")
            content = _own(said, by_hash) if own else [said["hash"]]
            name = _digest([*content, entry.rx_ms, entry.by, _outcome(entry)])
            by_hash[said["hash"]] = name
            words[name] = f"{entry.position} {said['type']} {said['subject']} {_outcome(entry)[0]}"
            names.append(name)
            if entry.is_recorded:
                subjects[said["subject"]].append(name)
            if not own:
                chains[f"{entry.by} {said['kid']}"].append(name)
        return cls(tuple(names), _frozen(subjects), _frozen(chains), fingerprints, words)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a year differs from the calm one: entries in words, subjects and chains, read models."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    other: tuple[str, ...]
    order: tuple[str, ...]
    fingerprints: tuple[str, ...]


def difference(calm: Year, year: Year) -> Difference:
    """What *year* has lost, doubled, said otherwise, said in another order or shows otherwise than *calm*."""
    wanted, found = Counter(calm.names), Counter(year.names)
    lost, more = wanted - found, found - wanted
    order = [
        f"{kind} {name}"
        for kind, left, right in (
            ("subject", calm.subjects, year.subjects),
            ("chain", calm.chains, year.chains),
        )
        for name in sorted(left.keys() | right.keys())
        if left.get(name, ()) != right.get(name, ())
    ]
    return Difference(
        lost=tuple(calm.words[name] for name in lost.elements()),
        doubled=tuple(year.words[name] for name in more.elements() if name in wanted),
        other=tuple(year.words[name] for name in more.elements() if name not in wanted),
        order=tuple(order),
        fingerprints=tuple(
            name
            for name in sorted(calm.fingerprints.keys() | year.fingerprints.keys())
            if calm.fingerprints.get(name) != year.fingerprints.get(name)
        ),
    )


def read_models(entries: Sequence[Entry], *, bound_to_log: bool) -> dict[str, str]:
    """The fingerprints of the read models that these entries alone give."""

    def pages(after: int, most: int) -> list[tuple[int, bytes]]:
        return [(entry.position, entry.raw) for entry in entries[after : after + most]]

    engine = as_of(pages, len(entries))
    try:
        return fingerprints(engine, bound_to_log=bound_to_log)
    finally:
        engine.dispose()


def not_served(anew: Mapping[str, str], served: Mapping[str, str]) -> list[str]:
    """The read models that are served otherwise than the log alone gives them *anew*."""
    return [
        f"{name} as served is not what the log gives"
        for name in anew
        if anew[name] != served.get(name)
    ]


def _said(entry: Entry) -> dict[str, Any]:
    if entry.said is not None:
        return {"source": "", **entry.said}
    parsed = parse_jws(entry.jws or b"")
    return {**json.loads(parsed.payload), "hash": parsed.hash, "kid": parsed.kid}


def _own(said: Mapping[str, Any], by_hash: Mapping[str, str]) -> list[Any]:
    cause = by_hash.get(said["cause"], said["cause"])
    return [said["type"], said["subject"], said["time"], cause, said["data"]]


def _outcome(entry: Entry) -> list[Any]:
    refused = entry.refused
    return ["recorded"] if refused is None else [refused["code"], refused["facts"]]


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _frozen(order: Mapping[str, list[str]]) -> Order:
    return {name: tuple(names) for name, names in order.items()}
