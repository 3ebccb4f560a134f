"""The auditor's figures: sealing, the whole verification, and programs of others on the same folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pymerkle

from services.reporting.checking import fingerprints_at
from services.reporting.fingerprint import versions
from tests.bench.figures import Report
from tests.bench.load import ORIGIN, Cluster
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner, unsigned
from thidua.tlog.policy import Policy, write_policy
from thidua.tlog.prints import PublishedPrints
from thidua.tlog.tiles import CHECKPOINT, kept_path
from thidua.tlog.writing import TileWriter, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCESSES: Final = 2
SEALED_AT_ONCE: Final = 1_000
SECOND: Final = Path(__file__).parents[2] / "shared" / "verifiers" / "verify.mjs"
FSCK: Final = Path(sys.prefix) / "foreign" / "fsck"
"""Built by ``make test-audit``."""


def audited(report: Report, of: Cluster, folder: Path, entries: Sequence[bytes]) -> None:
    """Add every figure of the auditor's to *report*."""
    count = len(entries)
    archive, seconds = sealed(of, folder, entries)
    subprocess.run([sys.executable, "-c", _COMPILED], env=_environment(), check=True)
    report.add("sealing, 1,000 a checkpoint", "entries/s", [count / seconds], at_least=25_000)
    for signatures, least in ((True, 8_000), (False, 25_000)):
        took = verified(archive, signatures=signatures)
        of_all = f"verify {count:,}, {'with' if signatures else 'without'} signatures"
        report.add(of_all, "entries/s", [count / took.seconds], at_least=least)
        report.add(
            "… CPU of its processes, their start included", "µs/entry", [took.cpu / count * 1e6]
        )
        report.add("… memory of the largest of them", "MB", [took.resident], at_most=300)
    others = {
        "second verifier (Node.js), nothing judged": verified_by_node(archive),
        "Tessera's fsck, tree alone": verified_by_fsck(archive),
    }
    for name, other in others.items():
        if other is not None:
            report.add(name, "entries/s", [count / other.seconds])
    by_pymerkle = rooted_by_pymerkle(entries)
    report.add("pymerkle: root in memory", "entries/s", [count / by_pymerkle])


class Sealed(NamedTuple):
    """An archive in a folder, its policy and the log's key in files beside it, and how many entries it has."""

    folder: Path
    policy: Path
    vkey: Path
    size: int


class Took(NamedTuple):
    """How long a program ran, its CPU seconds in all processes, and the memory of the largest of them in MB."""

    seconds: float
    cpu: float
    resident: float


def sealed(of: Cluster, folder: Path, entries: Sequence[bytes]) -> tuple[Sealed, float]:
    """
    An archive of *entries*, and the seconds that writing, reading back and signing a thousand at a time took.

    The figures they give are published in it, so that a verification has them to rebuild.
    """
    signer = NoteSigner(ORIGIN, SigningKey.generate(Algorithm.EDDSA))
    positioned = list(enumerate(entries, 1))
    archive = folder / "archive"
    began = time.perf_counter()
    writer = TileWriter(archive)
    for first in range(0, len(entries), SEALED_AT_ONCE):
        writer.add(entries[first : first + SEALED_AT_ONCE])
        checkpoint = unsigned(ORIGIN, writer.size, writer.write())
        note = checkpoint.signed(signer.line(checkpoint.text)).note.encode()
        write_whole(archive / kept_path(writer.size), note)
        write_whole(archive / CHECKPOINT, note)
    passed = time.perf_counter() - began
    prints = fingerprints_at(lambda after, most: positioned[after : after + most], len(entries))
    published = PublishedPrints(ORIGIN, len(entries), prints, versions())
    write_whole(archive / published.path, published.signed(signer).encode())
    policy, vkey = folder / "policy", folder / "vkey"
    root = of.founding.root.verifying_key.spki
    policy.write_text(write_policy(Policy(signer.public, root_spki=root)), encoding="utf-8")
    vkey.write_text(signer.public.vkey, encoding="ascii")
    return Sealed(archive, policy, vkey, len(entries)), passed


def verified(of: Sealed, *, signatures: bool) -> Took:
    """``thidua verify`` of the folder on two processes, judging again and rebuilding, from its start to its last word."""
    program = Path(sys.executable).parent / "thidua"
    asked = [str(program), "verify", str(of.folder), "--policy", str(of.policy)]
    asked += ["--jobs", str(PROCESSES), "--signatures" if signatures else "--no-signatures"]
    # Signatures that were left out are "not checked".
    return _timed(asked, 0 if signatures else 9)


def verified_by_node(of: Sealed) -> Took | None:
    """The second verifier, which judges nothing again, if Node.js is here."""
    node = shutil.which("node")
    return _timed([node, str(SECOND), str(of.folder), str(of.policy)], 0) if node else None


def verified_by_fsck(of: Sealed) -> Took | None:
    """Tessera's ``fsck``: tiles and root, no events; if ``make test-audit`` has built it."""
    if not FSCK.exists():
        return None
    asked = [str(FSCK), "-N", "2", "--ui=false", f"--public_key={of.vkey}"]
    return _timed([*asked, f"--storage_url=file://{of.folder}/"], 0)


def rooted_by_pymerkle(entries: Sequence[bytes]) -> float:
    """Seconds in which pymerkle has the root of the same entries: hashing alone, no files."""
    began = time.perf_counter()
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    tree.get_root()
    return time.perf_counter() - began


_COMPILED: Final = "import thidua.cli.app, services.sandbox, services.reporting.checking"
"""Leaves the verifier's modules compiled, as they are from the second time on that an auditor runs it."""
_MEASURED: Final = """
import resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
passed = time.perf_counter() - began
of = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, passed, of.ru_utime + of.ru_stime, of.ru_maxrss / 1000)
"""


def _environment() -> dict[str, str]:
    """Ours, but that modules may be kept compiled: to compile them each time would be half of a short run."""
    return {name: of for name, of in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _timed(command: list[str], code: int) -> Took:
    # Started from a small process: a program's greatest memory counts that of whoever started it, and we hold the log.
    measured = [sys.executable, "-c", _MEASURED, *command]
    done = subprocess.run(measured, capture_output=True, text=True, check=True, env=_environment())
    told = done.stdout.split()
    if int(told[0]) != code:
        raise AssertionError((command, told[0]))
    return Took(*map(float, told[1:]))
