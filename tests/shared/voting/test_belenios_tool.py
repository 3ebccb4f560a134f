"""Judged by a program of others: INRIA's belenios-tool 2.0 reads what this library writes, and the reverse."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.shared.voting.forging import ATTACKS
from tests.shared.voting.making import VOTES, Held, found
from thidua.voting.ballots import check_ballot, read_ballot
from thidua.voting.tally import last_of_each, read_partial_decryption
from thidua.voting.verifying import verify_archive

pytestmark = pytest.mark.ballots

SHAPES = {
    "one trustee": ((1,), [1]),
    "three, all needed": ((1, 1, 1), [2, 1, 3]),
    "2 of 3": (((3, 2),), [3, 1]),
    "one and 3 of 5": ((1, (5, 3)), [1, 2, 4, 6]),
    "ministry 1 of 2, members 2 of 3": (((2, 1), (3, 2)), [2, 3, 5]),
}


def tool(folder: Path, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["belenios-tool", *words],
        cwd=folder,
        env={"BELENIOS_USE_URANDOM": "1", "PATH": os.environ["PATH"]},
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def keep(held: Held, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{held.election.uuid}.bel"
    path.write_bytes(bytes(held.writer))
    return path


def accepted(held: Held, folder: Path) -> None:
    keep(held, folder)
    done = tool(folder, "election", "verify", "--dir", ".")
    assert done.returncode == 0, done.stderr
    assert "all checks passed" in done.stderr
    verify_archive(bytes(held.writer))


@pytest.mark.parametrize("voters", [3, 7])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_election_is_accepted_open_closed_and_counted(
    shape: str, voters: int, tmp_path: Path
) -> None:
    items, deciders = SHAPES[shape]
    held = found(voters, shape=items, more={"x_roll": "cd" * 32, "x_log_head": "ab" * 32})
    held.cast(0, *VOTES[1])  # voted again below: the last one counts
    for voter in range(voters):
        held.cast(voter, *VOTES[voter])
    accepted(held, tmp_path)
    held.close()
    accepted(held, tmp_path)
    for owner in deciders:
        held.decrypt(owner)
    rows = zip(*VOTES[:voters], strict=True)
    assert held.publish() == tuple(
        tuple(sum(column) for column in zip(*row, strict=True)) for row in rows
    )
    accepted(held, tmp_path)


def test_ballots_and_decryptions_of_the_tool_are_accepted_and_the_bytes_are_the_same(
    tmp_path: Path,
) -> None:
    held = found(3, shape=(1, (3, 2)))
    path = keep(held, tmp_path)
    (tmp_path / "credential").write_text(held.texts[0] + "\n", encoding="utf-8")
    (tmp_path / "choices").write_text(json.dumps(VOTES[0]) + "\n", encoding="utf-8")
    files = ("--privcred", "credential", "--ballot", "choices")
    cast = tool(tmp_path, "election", "generate-ballot", *files)
    ballot = read_ballot(held.election, cast.stdout.strip())
    check_ballot(held.election, ballot)
    held.ballots.append(ballot)
    held.writer.ballot(ballot.text)
    for voter in (1, 2):
        held.cast(voter, *VOTES[voter])
    held.close()
    keep(held, tmp_path)
    summed = tool(tmp_path, "election", "compute-encrypted-tally")
    assert summed.stdout.splitlines()[0] == held.tally.text
    held.decrypt(2)
    for owner in (4, 1):
        secret = json.dumps(str(held.secrets[owner]))
        (tmp_path / "key").write_text(secret + "\n", encoding="utf-8")
        words = ("--privkey", "key", "--trustee-id", str(owner))
        text = tool(tmp_path, "election", "decrypt", *words).stdout.splitlines()[0]
        given = read_partial_decryption(held.election, held.trustees, held.tally, owner, text)
        held.decryptions[owner] = given
        held.writer.partial_decryption(owner, given)
    keep(held, tmp_path)
    computed = tool(tmp_path, "election", "compute-result").stdout
    assert json.loads(computed)["result"] == [list(row) for row in held.publish()]
    assert len(last_of_each(held.ballots)) == 3
    tool(tmp_path, "archive", "add-event", "--type", "Result", said=computed)
    assert path.read_bytes() == bytes(held.writer)


def test_an_earlier_archive_is_the_beginning_of_a_later_one(tmp_path: Path) -> None:
    held = found(3)
    keep(held, tmp_path / "old")
    held.cast(0, *VOTES[0])
    held.close()
    keep(held, tmp_path / "new")
    done = tool(tmp_path, "election", "verify-diff", "--dir1", "old", "--dir2", "new")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_the_tool_alone_would_let_a_fraud_pass(attack, tmp_path: Path) -> None:
    keep(attack(), tmp_path)
    done = tool(tmp_path, "election", "verify", "--dir", ".")
    assert done.returncode == 0, done.stderr
