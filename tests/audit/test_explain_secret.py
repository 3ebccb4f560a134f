"""A secret ballot explained from the log: every vote by its tracker, every key, and the sum added up again."""

from __future__ import annotations

from services.auditing.balloting import explain_ballot
from services.auditing.chain import Chain
from services.auditing.facts import facts_of
from tests.ballots.decisions.year_2020 import UNITS
from tests.ballots.secret.phieu_kin import NAME, Held, draft, is_open
from tests.reporting.entries import CYCLE
from tests.reporting.web.test_secret_ballot import counted, entries
from thidua.contracts import ballots as b


def explained(held: Held) -> tuple[Chain, bool]:
    chain = Chain("phieu-kin")
    outcome = explain_ballot(facts_of(entries(held).raw, CYCLE), chain, NAME)
    return chain, outcome is not None


def test_a_counted_secret_ballot_is_explained_without_a_finding() -> None:
    chain, decided = explained(counted())
    assert decided
    assert chain.document()["findings"] == []
    told = str(chain.document())
    for vote in counted().story.state.elections[NAME].votes["CBG"]:
        assert vote.tracker in told


def test_a_secret_ballot_that_was_never_opened_for_want_of_votes_is_explained_as_void() -> None:
    held = is_open(draft(min_ballots=6)).all_vote(dict.fromkeys(UNITS[:5], ("LCA",))).closed()
    assert held.story.told(b.BallotVoided)
    chain, decided = explained(held)
    assert not decided
    assert chain.document()["findings"] == []
