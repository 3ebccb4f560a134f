"""What the service's own verifications of its archive found, and the three lamps that pages show of the last one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from thidua.audit.checks import CHECKS, Verdict
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "checks.json"
MOST: Final = 20
"""So many past checks are kept; of those before the last, only what came of them."""

LAMPS: Final[dict[str, tuple[str, ...]]] = {
    "chain": ("V01", "V02", "V05", "V08", "V09", "V10", "V11"),
    "signatures": ("V03", "V04", "V06", "V07", "V12"),
    "figures": ("V13", "V14", "V15", "V16"),
}
"""Each lamp, and the numbered checks of ``thidua verify`` that it stands for."""


@dataclass(frozen=True, slots=True)
class Check:
    """One verification: when it ended, of how many entries, under which root, and what came of each check."""

    at: str
    position: int
    root: str
    verdict: str
    witnesses: tuple[str, ...] = ()
    results: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Lamp:
    """
    One lamp: ``holds``, ``fails``, ``not-checked``, or ``stored`` before anything was checked.

    ``results`` are the checks behind it; ``position`` is the first bad position where there is one.
    """

    name: str
    state: str
    results: tuple[dict[str, Any], ...] = ()
    position: int | None = None


def read_checks(folder: Path) -> list[Check]:
    """The checks that were kept, the last first; none before there was one."""
    try:
        found = json.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return []
    return [
        Check(**{**one, "witnesses": tuple(one["witnesses"]), "results": tuple(one["results"])})
        for one in found
    ]


def keep_check(folder: Path, check: Check) -> None:
    """Write the newest check before those that were kept."""
    earlier = [{**asdict(one), "results": ()} for one in read_checks(folder)]
    kept = [asdict(check), *earlier][:MOST]
    write_whole(folder / FILE, json.dumps(kept, ensure_ascii=False).encode())


def check_of(document: dict[str, Any], at: str, witnesses: tuple[str, ...]) -> Check:
    """The check in the JSON report of ``thidua verify``."""
    if document["fails"]:
        verdict = Verdict.FAILS
    else:
        verdict = Verdict.HOLDS if document["holds"] else Verdict.NOT_CHECKED
    return Check(
        at=at,
        position=document["size"],
        root=document["root"],
        verdict=str(verdict),
        witnesses=witnesses,
        results=tuple(document["checks"]),
    )


def lamps(check: Check | None) -> list[Lamp]:
    """The three lamps of a check; nothing is called verified that was only stored."""
    if check is None:
        return [Lamp(name, "stored") for name in LAMPS]
    found = {one["check"]: one for one in check.results}
    return [
        _lamp(name, [found[of] for of in checks if of in found]) for name, checks in LAMPS.items()
    ]


def _lamp(name: str, results: list[dict[str, Any]]) -> Lamp:
    worded = tuple({**one, **_words(one["check"])} for one in results)
    failing = [one for one in results if one["verdict"] == Verdict.FAILS]
    if failing:
        positions = [one["position"] for one in failing if one["position"] is not None]
        return Lamp(name, "fails", worded, min(positions, default=None))
    good = {str(Verdict.HOLDS), str(Verdict.NOTHING)}
    whole = results and all(one["verdict"] in good for one in results)
    return Lamp(name, "holds" if whole else "not-checked", worded)


def _words(check: str) -> dict[str, str]:
    words = CHECKS[check]
    return {
        "title_vi": words.title_vi,
        "title_en": words.title_en,
        "proves_vi": words.proves_vi,
        "proves_en": words.proves_en,
    }
