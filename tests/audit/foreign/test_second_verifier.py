"""Two verifiers that share no code agree: on the sealed year, on every manipulation and on every mutation of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.audit.copies import Copy
from tests.audit.manipulations import FAILS, MANIPULATIONS, NOT_CHECKED, Manipulation
from thidua.tlog.policy import write_policy
from thidua.tlog.tiles import CHECKPOINT, KEPT, bundle_path, tile_path, write_bundle

pytestmark = pytest.mark.foreign

PROGRAM = Path(__file__).parents[3] / "shared" / "verifiers" / "verify.mjs"
SEED = 20_261_125
MUTATIONS = int(os.environ.get("THIDUA_MUTATIONS", "24"))
"""``make test-audit`` asks for more."""


def second(copy: Copy, policy: Path, *options: str) -> tuple[int, dict[str, Any]]:
    node = shutil.which("node")
    assert node, "Node.js is not here: apt-get install nodejs"
    policy.write_text(write_policy(copy.policy), encoding="utf-8")
    told = subprocess.run(
        [node, str(PROGRAM), str(copy.folder), str(policy), "--json", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr == ""
    return told.returncode, json.loads(told.stdout)


def test_the_second_verifier_says_the_same_of_the_sealed_year(
    sealed_year: Copy, tmp_path: Path
) -> None:
    code, said = second(sealed_year, tmp_path / "policy")
    assert (code, said["holds"]) == (0, True), said
    ours = sealed_year.verify()
    assert (said["size"], said["root"]) == (ours.size, ours.root)


@pytest.mark.parametrize("one", MANIPULATIONS, ids=lambda one: one.name)
def test_the_second_verifier_names_every_manipulation_by_the_same_check(
    copy: Copy, tmp_path: Path, one: Manipulation
) -> None:
    one.change(copy)
    code, said = second(copy, tmp_path / "policy")
    assert code == one.code, said
    told = {result["check"]: result["verdict"] for result in said["checks"]}
    expected = "fails" if one.code == FAILS else "not-checked"
    assert told[one.check] == expected, said


def files_of(copy: Copy) -> list[Path]:
    size = copy.size
    return [
        copy.folder / bundle_path(0, size),
        copy.folder / bundle_path(0, size),
        copy.folder / tile_path(0, 0, size),
        copy.folder / CHECKPOINT,
        copy.folder / KEPT / f"{size:012d}",
    ]


def edited(copy: Copy, chance: random.Random) -> str:
    """Other bytes in one of the files."""
    path = chance.choice(files_of(copy))
    raw = bytearray(path.read_bytes())
    at = chance.randrange(len(raw))
    kind = chance.choice(("bit", "cut", "longer", "swap", "byte"))
    match kind:
        case "bit":
            raw[at] ^= 1 << chance.randrange(8)
        case "cut":
            del raw[at:]
        case "longer":
            raw += raw[at : at + 40] or b"x"
        case "swap":
            other = chance.randrange(len(raw))
            while raw[other] == raw[at]:
                at, other = chance.randrange(len(raw)), chance.randrange(len(raw))
            raw[at], raw[other] = raw[other], raw[at]
        case _:
            raw[at] = (raw[at] + chance.randrange(1, 255)) % 256
    path.write_bytes(raw)
    return f"{kind} at {at} of {path.name}"


def restructured(copy: Copy, chance: random.Random) -> str:
    """Other entries or hashes in well-formed files."""
    entries, size = copy.entries(), copy.size
    bundle, tile = copy.folder / bundle_path(0, size), copy.folder / tile_path(0, 0, size)
    first, second_ = sorted(chance.sample(range(size), 2))
    kind = chance.choice(("swapped", "twice", "tail dropped", "stale", "other width", "hashes"))
    match kind:
        case "swapped":
            entries[first], entries[second_] = entries[second_], entries[first]
        case "twice":
            entries[second_] = entries[first]
        case "tail dropped":
            del entries[second_:]
        case "stale":
            tile.write_bytes(tile.read_bytes()[: 32 * second_])
        case "other width":
            chosen = chance.choice((bundle, tile))
            chosen.rename(chosen.with_name(str(second_)))
        case _:
            hashes = bytearray(tile.read_bytes())
            one, other = slice(32 * first, 32 * first + 32), slice(32 * second_, 32 * second_ + 32)
            hashes[one], hashes[other] = hashes[other], hashes[one]
            tile.write_bytes(hashes)
    if kind in {"swapped", "twice", "tail dropped"}:
        bundle.write_bytes(write_bundle(entries))
    return f"{kind}: {first}, {second_}"


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_every_mutation_is_refused_by_both(copy: Copy, tmp_path: Path, number: int) -> None:
    chance = random.Random(SEED + number)
    what = (edited if number % 3 else restructured)(copy, chance)
    code, said = second(copy, tmp_path / "policy")
    ours = copy.verify_without_application()
    assert not ours.holds
    assert code == (FAILS if ours.fails else NOT_CHECKED), f"{what}: {said} {ours.results}"
    if code != FAILS:
        told = json.dumps(said)
        assert "is cut" in told or "ENOENT" in told, f"{what}: {said}"
