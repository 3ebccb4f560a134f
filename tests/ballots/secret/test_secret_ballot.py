"""A secret ballot from its draft to its outcome (I1 to I10)."""

from __future__ import annotations

from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import outcome, proposed, tally
from tests.ballots.decisions.year_2020 import UNITS
from tests.ballots.secret.phieu_kin import NAME, is_open
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s

VOTES = dict.fromkeys(UNITS[:6], ("LCA", "LCH", "LSN")) | {"CBG": ("LCA", "LCH")}


def test_a_secret_ballot_comes_to_the_outcome_that_paper_comes_to() -> None:
    held = is_open().all_vote(VOTES).closed().counted()
    on_paper = conf.ready()
    yes = {"LCA": 7, "LCH": 7, "LSN": 6}
    opening = conf.ballot("co-bo", "LCA", "LCH", "LSN", ballot=NAME)
    same = conf.voted_on_paper(on_paper, "2020-11-21 09:10", opening, yes)

    assert outcome(held.story, NAME) == same
    assert tally(held.story, NAME).marks["LSN"] == b.Answers(yes=6, no=0, none=1)
    assert proposed(held.story) == proposed(on_paper) == ("LCA", "LCH", "LSN")
    (result,) = held.story.told(s.ResultPublished)
    assert result == s.ResultPublished(ballot=NAME, counted=7, result=((0, 7, 7, 6),))
