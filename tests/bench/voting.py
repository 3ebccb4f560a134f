"""Secret ballots' figures in CPU time: proving, checking, adding up, whole archives; beside belenios-tool in the same run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from math import inf
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING, Final

from thidua.contracts.base import Share
from thidua.voting.archive import ArchiveWriter, roll_text
from thidua.voting.ballots import Ballot, check_ballot, make_ballot, read_ballot
from thidua.voting.checking import jobs_for
from thidua.voting.credentials import draw_base58, draw_credential, open_credential
from thidua.voting.election import Election, draft_election
from thidua.voting.group import BELENIOS_2048
from thidua.voting.key_generation import draw_party
from thidua.voting.questions import approve
from thidua.voting.rule import Rule
from thidua.voting.tally import add_up, decrypt_partially, open_tally
from thidua.voting.trustees import Pedersen, Trustees
from thidua.voting.verifying import verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.bench.figures import Report
    from thidua.voting.group import Chance

GROUP: Final = BELENIOS_2048.with_tables(BELENIOS_2048.g)
TOOL: Final = "belenios-tool"
PROVED: Final = 5
"""How much longer than ours belenios-tool must take to prove a ballot."""
ANSWERED_MS: Final = 250
ANSWERED_OPTIONS: Final = 10
SAMPLED: Final = 100
STARTS: Final = 3
TIMESTAMP: Final = 1_700_000_000
HALF: Final = Share(num=1, den=2)


def voted(report: Report, folder: Path, ballots: Sequence[int], options: Sequence[int]) -> None:
    """Add the figures of elections with so many *ballots* and *options* to *report*."""
    for number in options:
        for count in ballots:
            print(f"· {count} ballots of {number} options", file=sys.stderr, flush=True)
            _election(report, folder / f"{count}-{number}", count, number)


def _election(report: Report, folder: Path, count: int, options: int) -> None:
    """
    One election by us and then by belenios-tool, in seconds of CPU; the whole archive also by the clock.

    What one check takes is found from at most ``SAMPLED`` ballots by both. The tool makes and checks no ballot
    but by a command over an archive: of its checks, what the same command takes without ballots is taken off.
    A ballot is held against its whole command (start, proof, its own check), which is what its voters wait for;
    the proof alone is told beside it.
    """
    made = _made(count, options)
    what = f"{count:,} × {options}"
    sample = made.ballots[:SAMPLED]
    checked = _took(lambda: _check(made.election, sample)).cpu / len(sample) * 1e3
    jobs = jobs_for(count)
    whole = _took(lambda: verify_archive(made.bel, jobs=jobs))
    theirs = _Theirs.of(made, folder, options) if shutil.which(TOOL) else _Theirs()
    answer = ANSWERED_MS if options <= ANSWERED_OPTIONS else theirs.checking
    rows = [
        ("secret ballot, prove", "ms/ballot", made.proving / count * 1e3, theirs.command / PROVED),
        ("… check, as the judge does", "ms/ballot", checked, min(answer, theirs.checking)),
        ("… add up", "ms", made.adding * 1e3, theirs.adding),
        ("… whole archive", "s CPU", whole.cpu, theirs.whole.cpu),
        (f"… whole archive, {jobs} at once", "s", whole.clock, theirs.whole.clock),
    ]
    for name, unit, ours, most in rows:
        report.add(f"{name}, {what}", unit, [ours], at_most=most if most < inf else None)
    told = [
        ("one ballot, its whole command", "ms", theirs.command),
        ("prove alone", "ms/ballot", theirs.proving),
        ("check", "ms/ballot", theirs.checking),
        ("add up", "ms", theirs.adding),
        ("whole archive", "s CPU", theirs.whole.cpu),
    ]
    for name, unit, figure in told:
        if figure < inf:
            report.add(f"… {TOOL}: {name}, {what}", unit, [figure])


@dataclass(frozen=True)
class _Cost:
    """Seconds of CPU, those of processes that were started for it included, and by the clock."""

    cpu: float = inf
    clock: float = inf


@dataclass(frozen=True)
class _Theirs:
    """What belenios-tool takes for an election: milliseconds for one ballot and for the sum, and the whole archive."""

    command: float = inf
    proving: float = inf
    checking: float = inf
    adding: float = inf
    whole: _Cost = _Cost()

    @classmethod
    def of(cls, made: _Made, folder: Path, options: int) -> _Theirs:
        """Run it: over the archive without ballots, with a sample of them, and whole."""
        sampled = min(SAMPLED, len(made.ballots))
        for name, raw in {
            "opened": made.opened(0),
            "sampled": made.opened(sampled),
            "whole": made.bel,
        }.items():
            (folder / name).mkdir(parents=True)
            (folder / name / f"{made.election.uuid}.bel").write_bytes(raw)
        (folder / "card").write_text(made.card, encoding="utf-8")
        (folder / "marks").write_text(f"[[{','.join('1' * options)}]]", encoding="utf-8")
        verify = ("verify", "--dir", ".")
        prove = ("generate-ballot", "--dir", ".", "--privcred", "../card", "--ballot", "../marks")
        start = min(_tool(folder / "opened", *verify).cpu for _ in range(STARTS))
        checking = (_tool(folder / "sampled", *verify).cpu - start) / sampled
        command = min(_tool(folder / "opened", *prove).cpu for _ in range(STARTS))
        proving = command - start - checking
        # It checks every ballot before it adds them up, so more of them tell nothing more.
        adding = inf
        if sampled == len(made.ballots):
            adding = _tool(folder / "whole", "compute-encrypted-tally", "--dir", ".").cpu
        whole = _tool(folder / "whole", *verify)
        return cls(command * 1e3, proving * 1e3, checking * 1e3, adding * 1e3, whole)


def _check(election: Election, ballots: Sequence[Ballot]) -> None:
    for ballot in ballots:
        check_ballot(election, read_ballot(election, ballot.text))


@dataclass(frozen=True)
class _Made:
    election: Election
    ballots: list[Ballot]
    setup: tuple[str, str, str]
    card: str
    bel: bytes
    proving: float
    adding: float

    def opened(self, ballots: int) -> bytes:
        """The archive with its first *ballots* only, still open."""
        writer = ArchiveWriter(TIMESTAMP)
        writer.setup(*self.setup)
        for ballot in self.ballots[:ballots]:
            writer.ballot(ballot.text)
        return bytes(writer)


def _made(count: int, options: int) -> _Made:
    draw: Chance = Random(7).randrange
    secrets, trustees = _trustees(draw)
    names = [f"Đơn vị {at}" for at in range(options)]
    election = draft_election(
        uuid=draw_base58(14, draw),
        name="Đo tốc độ",
        key=trustees.election_key(GROUP),
        questions=[approve("Danh hiệu", names)],
        rule=Rule("members", HALF, HALF),
    ).prepared()
    cards = [draw_credential(draw) for _ in range(count)]
    credentials = [open_credential(GROUP, election.uuid, card) for card in cards]
    setup = (election.text, trustees.text, roll_text([one.public for one in credentials]))
    writer = ArchiveWriter(TIMESTAMP)
    writer.setup(*setup)
    choice = ((1,) * options,)
    started = time.process_time()
    ballots = [make_ballot(election, one, choice, draw) for one in credentials]
    proving = time.process_time() - started
    for ballot in ballots:
        writer.ballot(ballot.text)
    started = time.process_time()
    tally = add_up(election, ballots)
    adding = time.process_time() - started
    writer.end_ballots()
    writer.encrypted_tally(tally)
    given = {at: decrypt_partially(election, tally, secrets[at], draw) for at in (1, 3)}
    for owner, part in given.items():
        writer.partial_decryption(owner, part)
    writer.result(open_tally(election, trustees, tally, given))
    return _Made(election, ballots, setup, cards[0], bytes(writer), proving, adding)


def _trustees(draw: Chance) -> tuple[dict[int, int], Trustees]:
    """Two of three."""
    parties = [draw_party(GROUP, 3, 2, at, draw) for at in (1, 2, 3)]
    certificates = [party.certificate(draw) for party in parties]
    exponents = [party.exponents() for party in parties]
    keys = {
        party.index: party.secret_key([one.share_for(party.index) for one in parties], exponents)
        for party in parties
    }
    item = Pedersen(
        2,
        tuple(certificates),
        tuple(party.commitment(draw) for party in parties),
        tuple(party.approval(certificates, draw) for party in parties),
        tuple(party.member_key(keys[party.index], draw) for party in parties),
    )
    return keys, Trustees((item,))


def _took(work: Callable[[], object]) -> _Cost:
    """What *work* costs."""
    cpu, clock = _cpu(), time.perf_counter()
    work()
    return _Cost(_cpu() - cpu, time.perf_counter() - clock)


def _cpu() -> float:
    """Seconds of CPU of this process and of those it has waited for, finer than the clock's ticks."""
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _tool(folder: Path, *words: str) -> _Cost:
    environment = {"BELENIOS_USE_URANDOM": "1", "PATH": os.environ["PATH"]}
    command = [TOOL, "election", *words]
    return _took(
        lambda: subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=True
        )
    )
