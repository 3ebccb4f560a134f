"""A ballot of the page's script in an archive that INRIA's belenios-tool 2.0 judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ballots.page.script import Script
from tests.shared.voting.making import VOTES, found
from tests.shared.voting.test_belenios_tool import accepted
from thidua.voting.ballots import read_ballot

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.ballots


def test_an_election_held_with_ballots_of_the_script_is_accepted(tmp_path: Path) -> None:
    held = found(3, shape=((2, 1), (3, 2)))
    with Script() as script:
        for voter, votes in enumerate(VOTES[:3]):
            code = held.texts[voter]
            told = script.ask("ballot", text=held.election.text, code=code, choices=votes)
            held.ballots.append(read_ballot(held.election, told["text"]))
            held.writer.ballot(told["text"])
    accepted(held, tmp_path / "open")
    held.close()
    for owner in (2, 3, 5):
        held.decrypt(owner)
    held.publish()
    accepted(held, tmp_path / "counted")
