"""INRIA's belenios-tool 2.0 counts again what the service has judged: its export at every stage, up to 63 voters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import CONFERENCE, book, question, ready
from tests.ballots.decisions.year_2020 import CHAIR, UNITS, accept, join
from tests.ballots.secret.phieu_kin import DRAFTED, NAME, Held, draft, fixed, is_open
from tests.shared.voting.test_belenios_tool import tool
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.voting.exporting import Archives
from thidua.voting.verifying import verify_archive

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.ballots


def accepted(held: Held, folder: Path, earlier: Path | None = None) -> bytes:
    """Both verifiers accept the export, and it continues the *earlier* one."""
    archives = Archives()
    for event in held.story.events:
        archives.take(event)
    found = archives.get(held.story.cycle, NAME)
    assert found is not None
    folder.mkdir()
    (folder / f"{held.draft.uuid}.bel").write_bytes(found.bel)
    done = tool(folder, "election", "verify", "--dir", ".")
    assert done.returncode == 0, done.stderr
    assert "all checks passed" in done.stderr
    if earlier is not None:
        words = ("election", "verify-diff", "--dir1", str(earlier), "--dir2", ".")
        assert tool(folder, *words).returncode == 0
    verify_archive(found.bel)
    return found.bel


@pytest.mark.parametrize("form", ["list", "each"])
def test_the_tool_accepts_what_was_judged_open_closed_and_counted(
    form: str, tmp_path: Path
) -> None:
    agree = question("bang-khen-bo", base="valid")
    held = is_open(draft("bang-khen-bo", "SLA", "HGI", form=form), agree)
    accepted(held, tmp_path / "open")
    held.all_vote(dict.fromkeys(UNITS[:4], ("SLA",)))
    for unit in UNITS[4:]:
        accept(held.story, "2020-11-21 09:11", held.vote(unit, no=("HGI",)), f"/units/{unit}")
    held.all_vote({"LCA": ("HGI",)})
    accepted(held, tmp_path / "voted", tmp_path / "open")
    held.closed()
    accepted(held, tmp_path / "closed", tmp_path / "voted")
    held.counted()
    accepted(held, tmp_path / "counted", tmp_path / "closed")


@pytest.mark.parametrize("voters", [5, 63])
def test_so_many_voters_are_counted_and_accepted_by_both_verifiers(
    voters: int, tmp_path: Path
) -> None:
    story = ready(rulebook=book(question("co-bo"), quorum=conf.HALF) if voters > 7 else None)
    more = tuple(f"X{at:02}" for at in range(voters - len(UNITS)))
    for code in more:
        join(story, code)
    everybody = (*UNITS, *more)
    there = b.AttendanceRecorded(conference=CONFERENCE, present=everybody)
    accept(story, DRAFTED, there, CHAIR)
    held = fixed(draft(), story=story).drilled().registered(everybody[:voters]).opened()
    votes = dict.fromkeys(everybody[:voters], ("LCA", "LSN"))
    held.all_vote(votes).closed()
    held.counted()
    assert held.story.told(s.ResultPublished)[0] == s.ResultPublished(
        ballot=NAME, counted=voters, result=((0, voters, 0, voters),)
    )
    accepted(held, tmp_path / "counted")
