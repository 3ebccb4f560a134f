"""Secret ballots' figures in CPU time: proving, checking, adding up, whole archives; beside belenios-tool in the same run."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from random import Random
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
    from typing import TypeVar

    from tests.bench.figures import Report
    from thidua.voting.group import Chance

    T = TypeVar("T")

GROUP: Final = BELENIOS_2048.with_tables(BELENIOS_2048.g)
TOOL: Final = "belenios-tool"
PROVED: Final = 5
ANSWERED_MS: Final = 250
HALF: Final = Share(num=1, den=2)


def voted(report: Report, folder: Path, ballots: Sequence[int], options: Sequence[int]) -> None:
    """Add the figures of elections with so many *ballots* and *options* to *report*."""
    for number in options:
        for count in ballots:
            _election(report, folder / f"{count}-{number}", count, number)


def _election(report: Report, folder: Path, count: int, options: int) -> None:
    made = _made(count, options)
    what = f"{count} × {options}"
    each = made.proving / count * 1e3
    report.add(f"secret ballot, prove, {what}", "ms/ballot", [each])
    started = time.process_time()
    for ballot in made.ballots:
        check_ballot(made.election, read_ballot(made.election, ballot.text))
    checked = time.process_time() - started
    most = ANSWERED_MS if options <= 10 else None
    report.add(
        f"… check, as the judge does, {what}", "ms/ballot", [checked / count * 1e3], at_most=most
    )
    report.add(f"… add up, {what}", "ms", [made.adding * 1e3])
    jobs = jobs_for(count)
    alone = _took(lambda: verify_archive(made.bel, jobs=jobs))
    folder.mkdir(parents=True)
    (folder / f"{made.election.uuid}.bel").write_bytes(made.bel)
    if shutil.which(TOOL) is None:
        report.add(f"… whole archive, {what}", "s CPU", [alone])
        return
    theirs = _took(lambda: _tool(folder, "election", "verify", "--dir", "."))
    report.add(f"… whole archive, {what}", "s CPU", [alone], at_most=theirs)
    report.add(f"… the same by {TOOL}", "s CPU", [theirs])
    (folder / "card").write_text(made.card, encoding="utf-8")
    (folder / "marks").write_text(f"[[{','.join('1' * options)}]]", encoding="utf-8")
    words = ("election", "generate-ballot", "--dir", ".", "--privcred", "card", "--ballot", "marks")
    proving = _took(lambda: _tool(folder, *words)) * 1e3
    report.add(f"… one ballot by {TOOL}, its start included", "ms", [proving], at_least=5 * each)


@dataclass(frozen=True)
class _Made:
    election: Election
    ballots: list[Ballot]
    card: str
    bel: bytes
    proving: float
    adding: float


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
    writer = ArchiveWriter(1_700_000_000)
    writer.setup(election.text, trustees.text, roll_text([one.public for one in credentials]))
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
    return _Made(election, ballots, cards[0], bytes(writer), proving, adding)


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


def _took(work: Callable[[], T]) -> float:
    """Seconds of CPU, those of processes that *work* started included."""
    started = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - started


def _tool(folder: Path, *words: str) -> None:
    environment = {"BELENIOS_USE_URANDOM": "1", "PATH": os.environ["PATH"]}
    subprocess.run([TOOL, *words], cwd=folder, env=environment, capture_output=True, check=True)
