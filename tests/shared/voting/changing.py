"""Every single-field change of a record, for the rule that none of them is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from thidua.voting.canonical import written
from thidua.voting.faults import BallotFaultError
from thidua.voting.group import BELENIOS_2048 as GROUP

Path = tuple[str | int, ...]


def fault_in(call: Callable[..., object], *given: object) -> BallotFaultError | None:
    """What *call* refuses *given* with; None when it accepts."""
    try:
        call(*given)
    except BallotFaultError as fault:
        return fault
    return None


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in pairs:
            yield from leaves(item, (*path, name))
    else:
        yield path, value


def replaced(document: Any, path: Path, value: Any) -> Any:
    document = deepcopy(document)
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return document


def plausible(leaf: Any) -> Any:
    """Another value of the same kind: an element stays in the group, a scalar below q."""
    if isinstance(leaf, int):
        return leaf + 1
    if leaf.isdigit():
        number = int(leaf)
        if number >= GROUP.q:
            return str(number * GROUP.g % GROUP.p)
        return str((number + 1) % GROUP.q)
    if leaf.startswith("{"):
        inner = json.loads(leaf)
        path, value = next(leaves(inner))
        return written(replaced(inner, path, plausible(value)))
    return ("a" if leaf[0] != "a" else "b") + leaf[1:]


def malformed(leaf: Any) -> list[Any]:
    """Other writings of the same value, and values that stand for none."""
    if isinstance(leaf, str) and leaf.isdigit():
        number = int(leaf)
        order = GROUP.p if number >= GROUP.q else GROUP.q
        return ["0" + leaf, f"+{leaf}", str(order + number), "", number % 10, None, [leaf], "٣"]
    return [None, [leaf], {"text": leaf}]


def plausible_changes(document: Any) -> Iterator[tuple[str, str]]:
    for path, leaf in leaves(document):
        yield "/".join(map(str, path)), written(replaced(document, path, plausible(leaf)))


def malformed_changes(document: Any) -> Iterator[tuple[str, str]]:
    for path, leaf in leaves(document):
        for value in malformed(leaf):
            yield "/".join(map(str, path)), written(replaced(document, path, value))


def misshapen(document: Any, path: Path = ()) -> Iterator[tuple[str, Any]]:
    """A member or an item more, one less, the members in another order; at every depth."""
    here = "/".join(map(str, path))
    if isinstance(document, dict):
        yield f"{here} one more", {**document, "more": 1}
        if len(document) > 1:
            yield f"{here} other order", dict(reversed(document.items()))
        for name in document:
            yield f"{here} without {name}", {k: v for k, v in document.items() if k != name}
    elif isinstance(document, list):
        yield f"{here} one more", [*document, document[-1]]
        yield f"{here} one less", document[:-1]
    pairs = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for name, item in pairs:
        for what, changed in misshapen(item, (*path, name)):
            whole = deepcopy(document)
            whole[name] = changed
            yield what, whole
