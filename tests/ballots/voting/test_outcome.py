"""What a ballot decides: thresholds, bases, forms, places, ties, further rounds and empty places: V6, V7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from services.ballots.domain import Cycle
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import (
    CONFERENCE,
    all_cast,
    ballot,
    book,
    call,
    outcome,
    proposed,
    question,
    ready,
    voted_on_paper,
)
from tests.ballots.decisions.year_2020 import CHAIR, UNITS, accept, refusal
from thidua.contracts import ballots as b
from thidua.contracts.base import Share
from thidua.contracts.rulebook import Question
from thidua.refusals import Code
from thidua.testing.story import Story

AT = "2020-11-21 09:00"
LATER = "2020-11-21 09:30"
LAST = "2020-11-21 10:00"
V6: Final = {"LCA": 6, "LCH": 5, "LSN": 5, "SLA": 5}
V7: Final = {"LCA": 7, "LCH": 6, "LSN": 4, "SLA": 4}
TIED: Final = ("LCH", "LSN", "SLA")


def voted(yes: Mapping[str, int], *about: Question) -> Story[Cycle]:
    """The flags were voted on by paper, with *yes* for each nominee."""
    story = ready(rulebook=book(*about))
    voted_on_paper(story, AT, ballot("co-bo", *yes), yes)
    return story


def again(*nominees: str, **changed: object) -> b.BallotOpened:
    """The second round on the flags."""
    given = {"ballot": "co-bo-2", "previous": "co-bo", **changed}
    return ballot("co-bo", *nominees, **given)


def ordered(story: Story[Cycle]) -> b.RevoteOrdered:
    """The one further round that was ordered."""
    (found,) = conf.told(story, b.RevoteOrdered)
    return found


def by_call(voters: int, yes: int, *, threshold: Share, base: str) -> b.OutcomeDecided:
    """A roll call in which *yes* of *voters* agree; the others say no."""
    asked = question("bang-khen-bo", threshold=threshold, base=base)
    story = ready(UNITS[:voters], book(asked, quorum=Share(num=1, den=2, op="more-than")))
    accept(story, AT, call("bang-khen-bo", "HGI"), CHAIR)
    all_cast(story, LATER, "bang-khen-bo", dict.fromkeys(UNITS[:yes], ("HGI",)))
    for voter in UNITS[yes:voters]:
        accept(story, LATER, conf.cast("bang-khen-bo", no=("HGI",)), f"/units/{voter}")
    story.due(at=conf.CALL_ENDS)
    return outcome(story, "bang-khen-bo")


def test_the_seed_years_ballot_on_the_flags() -> None:
    story = voted({"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1})
    decided = outcome(story, "co-bo")
    assert (decided.needed, decided.base, decided.base_of) == (5, 7, "members")
    assert (decided.passed, decided.next) == (("LCA", "LCH", "LSN"), "done")
    assert proposed(story) == ("LCA", "LCH", "LSN")


def test_the_seed_years_ballot_on_the_certificates() -> None:
    story = ready()
    yes = {"SLA": 7, "HGI": 7, "DBN": 7, "CBG": 6}
    accept(story, AT, ballot("bang-khen-bo", *yes), CHAIR)
    conf.boxed(story, AT, "bang-khen-bo")
    conf.counted(story, AT, conf.agreed("bang-khen-bo", yes))
    assert outcome(story, "bang-khen-bo").needed == 4
    assert proposed(story, "bang-khen-bo") == ("SLA", "HGI", "DBN", "CBG")


@pytest.mark.parametrize(
    ("share", "needed"),
    [
        (Share(num=1, den=2, op="more-than"), {7: 4, 6: 4, 5: 3, 4: 3}),
        (Share(num=3, den=5), {7: 5, 6: 4, 5: 3, 4: 3}),
        (Share(num=2, den=3), {7: 5, 6: 4, 5: 4, 4: 3}),
        (Share(num=70, den=100), {7: 5, 6: 5, 5: 4, 4: 3}),
        (Share(num=3, den=4), {7: 6, 6: 5, 5: 4, 4: 3}),
        (Share(num=4, den=5), {7: 6, 6: 5, 5: 4, 4: 4}),
        (Share(num=9, den=10), {7: 7, 6: 6, 5: 5, 4: 4}),
    ],
    ids=["more-than-half", "60", "two-thirds", "70", "75", "80", "90"],
)
def test_one_vote_less_than_the_threshold_is_too_few(share: Share, needed: dict[int, int]) -> None:
    for voters, enough in needed.items():
        passing = by_call(voters, enough, threshold=share, base="present")
        assert (passing.base, passing.needed, passing.passed) == (voters, enough, ("HGI",))
        failing = by_call(voters, enough - 1, threshold=share, base="present")
        assert failing.passed == ()


@pytest.mark.parametrize(("base", "of"), [("members", 7), ("present", 5), ("valid", 5)])
def test_the_threshold_is_a_share_of_members_of_those_present_or_of_valid_ballots(
    base: str, of: int
) -> None:
    decided = by_call(5, 4, threshold=Share(num=2, den=3), base=base)
    assert (decided.base_of, decided.base) == (base, of)
    assert bool(decided.passed) is (base != "members")


def test_a_silent_member_who_is_present_stands_in_that_base_and_not_among_valid_ballots() -> None:
    bases = {}
    for base in ("present", "valid"):
        story = ready(rulebook=book(question("co-bo", base=base)))
        accept(story, AT, call("co-bo", "LCA"), CHAIR)
        all_cast(story, LATER, "co-bo", dict.fromkeys(UNITS[:5], ("LCA",)))
        story.due(at=conf.CALL_ENDS)
        bases[base] = outcome(story, "co-bo").base
    assert bases == {"present": 7, "valid": 5}


def test_more_who_reach_the_threshold_than_places_leaves_the_highest() -> None:
    story = voted({"LCA": 5, "LCH": 5, "LSN": 4, "SLA": 7}, question("co-bo", threshold=conf.HALF))
    decided = outcome(story, "co-bo")
    assert decided.reached == ("SLA", "LCA", "LCH", "LSN")
    assert (decided.passed, decided.next) == (("SLA", "LCA", "LCH"), "done")


def test_agree_ballots_without_places_pass_all_who_reach_the_threshold_and_hold_no_further_round() -> (
    None
):
    story = ready()
    yes = {"SLA": 4, "HGI": 3, "DBN": 7, "CBG": 0}
    accept(story, AT, ballot("bang-khen-bo", *yes), CHAIR)
    conf.boxed(story, AT, "bang-khen-bo")
    conf.counted(story, AT, conf.agreed("bang-khen-bo", yes))
    decided = outcome(story, "bang-khen-bo")
    assert (decided.passed, decided.next) == (("DBN", "SLA"), "done")


def test_equal_votes_are_ordered_by_the_ranking_so_that_proposals_have_a_strict_order() -> None:
    story = voted({"LSN": 6, "LCH": 6, "LCA": 6})
    assert proposed(story) == ("LCA", "LCH", "LSN")


def test_v6_a_tie_across_the_last_place_orders_a_re_vote_among_the_tied() -> None:
    story = voted(V6)
    decided = outcome(story, "co-bo")
    assert (decided.passed, decided.next) == (("LCA",), "revote")
    assert ordered(story) == b.RevoteOrdered(
        ballot="co-bo", among=TIED, places=2, round=2, reason="tie"
    )
    assert proposed(story) == ("LCA",)


def test_v6_the_re_vote_gives_the_places_to_the_highest_without_a_threshold() -> None:
    story = voted(V6)
    yes = {"LCH": 3, "LSN": 4, "SLA": 7}
    voted_on_paper(story, LATER, again(*TIED), yes)
    decided = outcome(story, "co-bo-2")
    assert (decided.round, decided.places, decided.passed) == (2, 2, ("SLA", "LSN"))
    assert proposed(story) == ("LCA", "SLA", "LSN")


def test_v6_still_tied_the_ranking_gives_the_places() -> None:
    story = voted(V6)
    voted_on_paper(story, LATER, again(*TIED), {"LCH": 4, "LSN": 5, "SLA": 4})
    decided = outcome(story, "co-bo-2")
    assert (decided.passed, decided.tie_by, decided.next) == (("LSN", "LCH"), "ranking", "done")
    assert proposed(story) == ("LCA", "LSN", "LCH")


def test_v6_where_the_rulebook_says_so_places_still_tied_stay_empty() -> None:
    story = voted(V6, question("co-bo", tie="empty"))
    voted_on_paper(story, LATER, again(*TIED), {"LCH": 4, "LSN": 5, "SLA": 4})
    decided = outcome(story, "co-bo-2")
    assert (decided.passed, decided.next) == (("LSN",), "empty")


def test_v7_too_few_who_reach_the_threshold_order_a_second_round_among_the_two_best() -> None:
    story = voted(V7)
    decided = outcome(story, "co-bo")
    assert (decided.passed, decided.next) == (("LCA", "LCH"), "second-round")
    assert ordered(story) == b.RevoteOrdered(
        ballot="co-bo", among=("LSN", "SLA"), places=1, round=2, reason="too-few"
    )


def test_v7_the_second_round_fills_the_place_when_one_reaches_the_threshold() -> None:
    story = voted(V7)
    voted_on_paper(story, LATER, again("LSN", "SLA"), {"LSN": 2, "SLA": 5})
    assert proposed(story) == ("LCA", "LCH", "SLA")
    assert [one.against_ranking for one in conf.told(story, b.ProposalRecorded)][-1]


def test_v7_when_nobody_reaches_it_then_the_third_place_stays_empty() -> None:
    story = voted(V7)
    voted_on_paper(story, LATER, again("LSN", "SLA"), {"LSN": 4, "SLA": 3})
    decided = outcome(story, "co-bo-2")
    assert (decided.needed, decided.passed, decided.next) == (5, (), "empty")
    assert proposed(story) == ("LCA", "LCH")
    third = again("LSN", "SLA", ballot="co-bo-3", previous="co-bo-2")
    assert refusal(story, LAST, third, CHAIR).code is Code.REFERENCE_UNKNOWN


def test_who_is_tied_with_the_last_of_the_best_takes_part_in_the_second_round_too() -> None:
    story = voted({"LCA": 7, "LCH": 6, "LSN": 3, "SLA": 2, "HGI": 2, "DBN": 1})
    assert ordered(story).among == ("LSN", "SLA", "HGI")


def test_nobody_without_a_vote_takes_part_in_a_second_round() -> None:
    story = voted({"LCA": 7, "LCH": 6, "LSN": 0, "SLA": 0})
    decided = outcome(story, "co-bo")
    assert (decided.passed, decided.next) == (("LCA", "LCH"), "empty")


def test_with_one_round_in_the_rulebook_there_is_no_further_one() -> None:
    story = voted(V7, question("co-bo", rounds=1))
    assert outcome(story, "co-bo").next == "empty"
    story = voted(V6, question("co-bo", rounds=1))
    decided = outcome(story, "co-bo")
    assert (decided.passed, decided.tie_by) == (("LCA", "LCH", "LSN"), "ranking")


def test_a_quota_of_nothing_proposes_nobody_however_many_agree() -> None:
    story = ready(rulebook=book(question("co-bo", form="agree")))
    accept(story, AT, b.QuotaSet(title="co-bo", quota=0, basis="CV 12"))
    accept(story, AT, ballot("co-bo", "LCA"), CHAIR)
    conf.boxed(story, AT, "co-bo")
    conf.counted(story, AT, conf.agreed("co-bo", {"LCA": 7}))
    decided = outcome(story, "co-bo")
    assert (decided.reached, decided.passed, decided.next) == (("LCA",), (), "done")


def test_an_ordered_round_is_held_before_the_matter_is_opened_anew() -> None:
    story = voted(V7)
    fresh = ballot("co-bo", ballot="co-bo-2")
    assert refusal(story, LATER, fresh, CHAIR).code is Code.STATE_FORBIDS
    accept(story, LATER, again("SLA", "LSN"), CHAIR)
    (first, second) = conf.told(story, b.RollFrozen)
    assert (first.round, first.places) == (1, 3)
    assert (second.round, second.places) == (2, 1)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"nominees": ("LSN", "SLA", "HGI")}, Code.NOT_A_NOMINEE),
        ({"nominees": ("LSN",)}, Code.NOT_A_NOMINEE),
        ({"previous": "khac"}, Code.REFERENCE_UNKNOWN),
        ({"about": "bang-khen-bo"}, Code.REFERENCE_UNKNOWN),
    ],
    ids=["one-more", "one-less", "no-such-ballot", "other-matter"],
)
def test_a_further_round_is_on_the_same_matter_among_those_it_was_ordered_for(
    changed: dict[str, object], code: Code
) -> None:
    opening = again("LSN", "SLA").model_copy(update=changed)
    assert refusal(voted(V7), LATER, opening, CHAIR).code is code


def test_an_ordered_round_is_held_once() -> None:
    story = voted(V7)
    voted_on_paper(story, LATER, again("LSN", "SLA"), {"LSN": 4, "SLA": 3})
    twice = again("LSN", "SLA", ballot="co-bo-3")
    assert refusal(story, LAST, twice, CHAIR).code is Code.ALREADY_DONE


@pytest.mark.parametrize("about", ["co-bo", "chair"])
def test_a_voided_round_is_held_again_and_not_replaced_by_a_new_first_one(about: str) -> None:
    story = ready()
    yes = {"LCA": 3, "LSN": 3}
    accept(story, AT, call(about, *yes), CHAIR)
    for voter, choice in zip(UNITS, ("LCA", "LSN") * 3, strict=False):
        accept(story, AT, conf.cast(about, choice), f"/units/{voter}")
    story.due(at=conf.CALL_ENDS)
    assert outcome(story, about).next == "second-round"
    second = ballot(about, *yes, ballot="vong-2", previous=about)
    accept(story, "2020-11-21 11:10", second, CHAIR)
    accept(story, "2020-11-21 11:10", b.BallotVoided(ballot="vong-2", reason="In sai"), CHAIR)
    fresh = ballot(about, *yes, ballot="bau-lai")
    refused = refusal(story, "2020-11-21 11:20", fresh, CHAIR)
    assert (refused.code, refused.facts["needed"]) == (Code.STATE_FORBIDS, "previous")
    accept(story, "2020-11-21 11:20", second.model_copy(update={"ballot": "vong-2b"}), CHAIR)
    assert story.state.ballots["vong-2b"].round == 2


def test_a_further_round_waits_for_a_conference_that_is_open() -> None:
    story = voted(V7)
    accept(story, LATER, b.ConferenceClosed(conference=CONFERENCE), CHAIR)
    assert refusal(story, LAST, again("LSN", "SLA"), CHAIR).code is Code.STATE_FORBIDS
