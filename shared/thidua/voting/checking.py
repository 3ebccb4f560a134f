"""Many ballots checked on several cores, a share for each process."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Final

from thidua.voting.ballots import Ballot, check_ballot, read_ballot
from thidua.voting.election import read_election
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORTH_A_PROCESS: Final = 32
"""Ballots whose check takes longer than a process takes to start."""


def jobs_for(ballots: int) -> int:
    """How many processes are worth starting for that many ballots on this machine."""
    return max(1, min(os.cpu_count() or 1, ballots // _WORTH_A_PROCESS))


def check_ballots(election_text: str, texts: Sequence[str], jobs: int) -> dict[str, Ballot]:
    """
    By text, those of *texts* that are ballots of the election in which everything holds.

    What is wrong with the others is `read_ballot`'s and `check_ballot`'s to say.
    """
    shares = [texts[at::jobs] for at in range(jobs)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        found = list(pool.map(_holding, [election_text] * jobs, shares))
    return {ballot.text: ballot for share in found for ballot in share}


def _holding(election_text: str, texts: Sequence[str]) -> list[Ballot]:
    election = read_election(election_text).prepared()
    held = []
    for text in texts:
        try:
            ballot = read_ballot(election, text)
            check_ballot(election, ballot)
        except BallotFaultError:
            continue
        held.append(ballot)
    return held
