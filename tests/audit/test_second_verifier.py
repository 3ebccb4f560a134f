"""Two verifiers that share no code agree: on the sealed year, and on every mutation of it."""

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
from thidua.tlog.policy import write_policy
from thidua.tlog.tiles import CHECKPOINT, KEPT, bundle_path, tile_path

PROGRAM = Path(__file__).parents[2] / "shared" / "verifiers" / "verify.mjs"
SEED = 20_261_125
MUTATIONS = int(os.environ.get("THIDUA_MUTATIONS", "24"))
"""``make test-audit`` asks for more."""


def second(copy: Copy, policy: Path) -> tuple[int, dict[str, Any]]:
    node = shutil.which("node")
    assert node, "Node.js is not here: apt-get install nodejs"
    policy.write_text(write_policy(copy.policy), encoding="utf-8")
    told = subprocess.run(
        [node, str(PROGRAM), str(copy.folder), str(policy), "--json"],
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


def files_of(copy: Copy) -> list[Path]:
    size = copy.size
    return [
        copy.folder / bundle_path(0, size),
        copy.folder / bundle_path(0, size),
        copy.folder / tile_path(0, 0, size),
        copy.folder / CHECKPOINT,
        copy.folder / KEPT / f"{size:012d}",
    ]


def mutate(copy: Copy, chance: random.Random) -> str:
    """One change that no honest archive has; its name for the report."""
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


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_every_mutation_is_refused_by_both(copy: Copy, tmp_path: Path, number: int) -> None:
    what = mutate(copy, random.Random(SEED + number))
    code, said = second(copy, tmp_path / "policy")
    assert code == 4, f"{what}: {said}"
    found = copy.verify()
    assert found.fails, f"{what}: {found.results}"
    assert not found.holds


def test_a_file_that_is_missing_is_no_proof_for_either(copy: Copy, tmp_path: Path) -> None:
    (copy.folder / tile_path(0, 0, copy.size)).unlink()
    code, said = second(copy, tmp_path / "policy")
    assert (code, said["holds"], said["fails"]) == (9, False, False)
