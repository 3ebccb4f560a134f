"""
``make test-faults``: the seed year under faults comes to what the calm year comes to.

The year is played calmly once; then once per case, with the very same signed events, while processes
are killed or doubled and the store is killed, emptied or rolled back. Afterwards the log must hold the
same entries (none lost, none doubled), in the same order per subject and per publisher's chain, must
follow again by the pure judges, and must give the same read models. Exit code 1 when anything differs.

With ``--docker`` the same in containers, as root, for so many minutes. The engine itself is killed when the environment
says by which command it is started again: ``THIDUA_ENGINE_RESTART`` (and where its pid stands, when that is not
``/var/run/docker.pid``: ``THIDUA_ENGINE_PID_FILE``). The engine is left alone while it runs anybody else's containers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.scenarios.format import read_scenario
from tests.deploy.steps import Steps
from tests.faults.cases import CASES
from tests.faults.long_form import play_round
from tests.faults.running import Run
from tests.faults.tape import founded_at, record, system, with_access
from thidua.testing.servers import engine_answers

if TYPE_CHECKING:
    from tests.faults.running import Result
    from tests.faults.tape import Tape

SEED_YEAR: Final = Path(__file__).parents[2] / "services" / "scenarios" / "border-2020.jsonl"
HEAD: Final = ("case", "kills", "entries", "lost", "doubled", "other", "order", "read models", "s")
WIDTHS: Final = (10, 6, 8, 6, 8, 6, 6, 12, 7)
SHOWN: Final = 8
SHORT_PART: Final = 0.35


def main() -> int:
    """Play, compare, print; 1 when any case differs."""
    asked = argparse.ArgumentParser(prog="make test-faults", description=__doc__)
    asked.add_argument(
        "--short",
        action="store_true",
        help="a third of the year and few strikes, within three minutes",
    )
    asked.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    asked.add_argument("--seed", type=int, default=2020, help="what all chance comes from")
    asked.add_argument("--only", choices=[*CASES], action="append", help="this case alone")
    asked.add_argument(
        "--kind", action="append", default=[], help="with --docker: faults with this word alone"
    )
    asked.add_argument(
        "--docker", action="store_true", help="containers, every kind of fault, round after round"
    )
    asked.add_argument(
        "--minutes", type=float, default=30, help="with --docker: begin rounds so long"
    )
    asked.add_argument("--keep", type=Path, help="leave logs and data in this folder")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="thidua-faults-") as name:
        folder = chosen.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        return _in_containers(chosen, folder) if chosen.docker else _all(chosen, folder)


def _all(chosen: argparse.Namespace, folder: Path) -> int:
    began = time.monotonic()
    tape = _calm(folder, SHORT_PART if chosen.short else 1)
    _say(chosen, f"calm year: {len(tape.said)} events, {len(tape.entries)} entries", began)
    _say(chosen, " ".join(f"{word:<{width}}" for word, width in zip(HEAD, WIDTHS, strict=True)))

    def struck(name: str) -> Result:
        case, chance = CASES[name], random.Random(f"{chosen.seed} {name}")
        strikes = (chosen.short and case.short) or case.long
        return case.run(Run(tape, folder / name, chance, strikes))

    names = chosen.only or [name for name in CASES if CASES[name].short or not chosen.short]
    results: dict[str, Result] = {}
    # A publisher mostly waits; two years at once take little longer than one.
    with ThreadPoolExecutor(2 if chosen.short else 1) as hands:
        for name, result in zip(names, hands.map(struck, names), strict=True):
            results[name] = result
            _say(chosen, _row(name, result))
            for line in (*result.notes, *_faults(result)):
                _say(chosen, f"    {line}")
    holds = all(result.holds for result in results.values())
    if chosen.json:
        print(json.dumps(_document(chosen, results, time.monotonic() - began), indent=1))
    elif not holds:
        _say(
            chosen,
            "Differs. Run again with --only CASE --keep FOLDER --seed "
            f"{chosen.seed} and read FOLDER/CASE/*.log.",
        )
    else:
        _say(chosen, "All hold.", began)
    return 0 if holds else 1


def _in_containers(chosen: argparse.Namespace, folder: Path) -> int:
    """Rounds in containers until the time is over; the round that has begun is ended."""
    if not engine_answers():
        print("Không có Docker engine nào trả lời. / No Docker engine answers.", file=sys.stderr)
        return 1
    if os.geteuid() != 0:
        print("Cần quyền root để làm đầy đĩa. / Disks are filled by root alone.", file=sys.stderr)
        return 1
    # Ended from outside it must still take its containers and disks away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began, steps, number, faults = time.monotonic(), Steps(), 0, list[str]()
    done = Counter[str]()
    tape = _calm(folder, SHORT_PART if chosen.short else 1)
    while number == 0 or time.monotonic() - began < 60 * chosen.minutes:
        number += 1
        print(f"round {number}, seed {chosen.seed}", flush=True)
        place = folder / f"round-{number}"
        place.mkdir()
        told = play_round(
            tape,
            place,
            random.Random(f"{chosen.seed} {number}"),
            steps,
            short=chosen.short,
            only=chosen.kind,
        )
        for line in (*told.notes, *(f"FAULT {fault}" for fault in told.faults)):
            print(f"    {line}", flush=True)
        faults += told.faults
        done += told.done
        print(f"    {told.done.total()} faults of {len(told.done)} kinds, ", end="")
        print(f"{told.acknowledged} events acknowledged, {told.sealed} entries sealed: ", end="")
        print("holds" if not told.faults else "DIFFERS", flush=True)
    for name, count in sorted(done.items()):
        print(f"{count:3} x {name}")
    print(f"{number} rounds, {(time.monotonic() - began) / 60:.1f} minutes")
    return 1 if faults else 0


def _calm(folder: Path, part: float) -> Tape:
    scenario = with_access(read_scenario(SEED_YEAR))
    end = round(len(scenario.lines) * part)
    scenario = replace(scenario, lines=scenario.lines[:end], numbers=scenario.numbers[:end])
    seed = folder / "seed"
    asyncio.run(founded_at(scenario, seed))
    with system(scenario, seed, folder / "calm") as box:
        return record(box, seed)


def _row(name: str, result: Result) -> str:
    d = result.difference
    cells = (
        name,
        result.kills,
        result.entries,
        len(d.lost),
        len(d.doubled),
        len(d.other),
        len(d.order),
        "equal" if not d.fingerprints else f"{len(d.fingerprints)} differ",
        f"{result.seconds:.1f}",
    )
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def _faults(result: Result) -> list[str]:
    d = result.difference
    return [
        f"{kind}: {one}"
        for kind, found in (
            ("lost", d.lost),
            ("doubled", d.doubled),
            ("other", d.other),
            ("order", d.order),
            ("read model", d.fingerprints),
            ("fault", result.faults),
        )
        for one in found[:SHOWN]
    ]


def _document(
    chosen: argparse.Namespace, results: dict[str, Result], seconds: float
) -> dict[str, Any]:
    return {
        "seed": chosen.seed,
        "short": chosen.short,
        "holds": all(result.holds for result in results.values()),
        "seconds": round(seconds, 1),
        "cases": {
            name: {
                "kills": result.kills,
                "entries": result.entries,
                "lost": len(result.difference.lost),
                "doubled": len(result.difference.doubled),
                "other": len(result.difference.other),
                "order": len(result.difference.order),
                "fingerprints_equal": not result.difference.fingerprints,
                "faults": list(result.faults),
                "seconds": round(result.seconds, 1),
            }
            for name, result in results.items()
        },
    }


def _say(chosen: argparse.Namespace, text: str, began: float | None = None) -> None:
    if not chosen.json:
        passed = "" if began is None else f" ({time.monotonic() - began:.1f} s)"
        print(f"{text}{passed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
