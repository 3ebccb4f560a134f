"""Electing next year's chair and deputy (*Cụm trưởng, Cụm phó*), and anew when one is not recognised: V12."""

from __future__ import annotations

from datetime import date

import pytest

from services.ballots.domain import Cycle
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import all_cast, ballot, book, call, cast, outcome, ready
from tests.ballots.decisions.year_2020 import (
    CHAIR,
    CYCLE,
    MINISTRY,
    NEXT,
    UNITS,
    accept,
    code_of,
    refusal,
)
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.deciding import Recorded
from thidua.refusals import Code
from thidua.testing.story import Story, local

AT = "2020-11-21 09:00"
LATER = "2020-11-21 09:30"
AFTER = "2020-11-21 11:10"


def elected(story: Story[Cycle]) -> dict[str, tuple[str, int, int]]:
    """Who was last elected to which office: unit, year and votes."""
    found: dict[str, tuple[str, int, int]] = {}
    for event in story.events:
        match event.data:
            case b.ChairElected(unit=unit, for_year=year, votes=votes):
                found["chair"] = (unit, year, votes)
            case b.DeputyElected(unit=unit, for_year=year, votes=votes):
                found["deputy"] = (unit, year, votes)
            case _:
                pass
    return found


def seed_elections() -> Story[Cycle]:
    """The conference of 2020 elects by roll call, all seven for Lào Cai and Hà Giang."""
    story = ready()
    for office, unit in (("chair", "LCA"), ("deputy", "HGI")):
        accept(story, AT, call(office, unit), CHAIR)
        all_cast(story, LATER, office, dict.fromkeys(UNITS, (unit,)))
    story.due(at=conf.CALL_ENDS)
    return story


def year_2021() -> Story[Cycle]:
    """The year 2021 is open under its rulebook; the ministry recognised the chair and not the deputy."""
    story = seed_elections()
    story.given("2021-01-04 08:00", MINISTRY, u.CycleOpened(), NEXT)
    story.given("2021-03-20 08:00", "/units/LCA", book(), NEXT)
    decided = {"decided_on": date(2021, 3, 26)}
    yes = b.OfficerRecognised(office="chair", unit="LCA", decision="QĐ 900", **decided)
    no = b.RecognitionRefused(office="deputy", unit="HGI", reason="Chưa đủ điều kiện", **decided)
    for decision in (yes, no):
        assert isinstance(story.when("2021-03-26 08:00", MINISTRY, decision, NEXT), Recorded)
    return story


def test_the_seed_years_chair_and_deputy_are_elected_for_2021() -> None:
    story = seed_elections()
    assert elected(story) == {"chair": ("LCA", 2021, 7), "deputy": ("HGI", 2021, 7)}
    frame = story.fold.cycle(NEXT).frame
    assert frame.chair is not None
    assert frame.deputy is not None
    assert (frame.chair.unit, frame.chair.status) == ("LCA", "elected")
    assert (frame.deputy.unit, frame.deputy.status) == ("HGI", "elected")
    this_year = story.state.frame
    assert this_year.chair is not None
    assert this_year.chair.unit == "LCH"


def test_an_office_is_elected_on_paper_too() -> None:
    story = ready()
    accept(story, AT, ballot("chair", "LCA", "LSN"), CHAIR)
    conf.boxed(story, AT, "chair")
    conf.counted(story, AT, conf.agreed("chair", {"LCA": 6, "LSN": 3}))
    assert elected(story) == {"chair": ("LCA", 2021, 6)}


@pytest.mark.parametrize("year", [None, 2019, 2022])
def test_an_office_is_of_this_year_or_the_next(year: int | None) -> None:
    refused = refusal(ready(), AT, ballot("chair", "LCA", for_year=year), CHAIR)
    assert refused.code is Code.DATE_INVALID


def test_nobody_is_elected_to_an_office_that_is_held() -> None:
    story = seed_elections()
    for year in (2020, 2021):
        again = ballot("chair", "LSN", ballot="bau-lai", for_year=year)
        assert refusal(story, AFTER, again, CHAIR).code is Code.ALREADY_DONE


def test_invariant_7_the_chair_elect_is_no_nominee_for_deputy() -> None:
    story = ready()
    accept(story, AT, call("chair", "LCA", closes=local(LATER)), CHAIR)
    all_cast(story, AT, "chair", dict.fromkeys(UNITS, ("LCA",)))
    refused = refusal(story, AFTER, ballot("deputy", "LCA"), CHAIR)
    assert refused.code is Code.OVERLAP


def test_invariant_7_who_wins_the_first_of_two_parallel_elections_drops_out_of_the_second() -> None:
    story = ready()
    for office in ("chair", "deputy"):
        accept(story, AT, call(office, "LCA", "HGI"), CHAIR)
    all_cast(story, LATER, "chair", dict.fromkeys(UNITS, ("LCA",)))
    all_cast(story, LATER, "deputy", dict.fromkeys(UNITS, ("LCA",)))
    for voter in UNITS[:5]:
        accept(story, LATER, b.VoteCast(ballot="deputy", marks={"LCA": "yes"}), f"/units/{voter}")
    for voter in UNITS[5:]:
        accept(story, LATER, cast("deputy", "HGI"), f"/units/{voter}")
    story.due(at=conf.CALL_ENDS)
    assert elected(story) == {"chair": ("LCA", 2021, 7)}
    second = outcome(story, "deputy")
    assert second.votes == {"LCA": 5, "HGI": 2}
    assert (second.passed, second.next) == ((), "second-round")
    (round_two,) = conf.told(story, b.RevoteOrdered)
    assert round_two.among == ("HGI",)


def test_invariant_7_an_office_filled_while_it_was_voted_on_is_not_filled_twice() -> None:
    story = ready()
    story.given("2020-11-20 08:00", MINISTRY, u.CycleOpened(), NEXT)
    accept(story, AT, call("chair", "LSN"), CHAIR)
    all_cast(story, AT, "chair", dict.fromkeys(UNITS, ("LSN",)))
    carried = b.OfficerCarriedOver(
        office="chair", unit="LCA", elected_on=date(2020, 11, 20), basis="QĐ 1"
    )
    assert isinstance(story.when(LATER, MINISTRY, carried, NEXT), Recorded)
    story.due(at=conf.CALL_ENDS)
    assert elected(story) == {}
    assert [one.ballot for one in conf.told(story, b.BallotVoided)] == ["chair"]
    chair = story.fold.cycle(NEXT).frame.chair
    assert chair is not None
    assert chair.unit == "LCA"


def test_who_sits_on_the_counting_board_does_not_stand_for_an_office() -> None:
    refused = refusal(ready(), AT, ballot("chair", "LCA", "SLA"), CHAIR)
    assert (refused.code, refused.facts["given"]) == (Code.BOARD_INVALID, "SLA")


def test_who_stands_for_an_office_does_not_sit_on_the_counting_board() -> None:
    story = conf.attended()
    named = b.NominationSubmitted(about="deputy", nominee="SLA", for_year=2021)
    accept(story, AT, named, "/units/HGI")
    refused = refusal(story, AT, conf.elected_board(), CHAIR)
    assert (refused.code, refused.facts["given"]) == (Code.BOARD_INVALID, "SLA")


def test_an_office_needs_no_ranking_and_no_title_to_stand() -> None:
    story = conf.attended()
    accept(story, AT, call("chair", "CBG"), CHAIR)
    all_cast(story, LATER, "chair", dict.fromkeys(UNITS[:4], ("CBG",)))
    accept(story, LATER, cast("chair", no=("CBG",)), "/units/HGI")
    story.due(at=conf.CALL_ENDS)
    assert elected(story) == {"chair": ("CBG", 2021, 4)}


def test_of_two_who_reach_the_threshold_for_one_office_the_higher_is_elected() -> None:
    story = ready()
    accept(story, AT, call("chair", "LCA", "LSN"), CHAIR)
    for voter in UNITS[:5]:
        accept(story, LATER, b.VoteCast(ballot="chair", marks={"LSN": "yes"}), f"/units/{voter}")
    for voter in UNITS[5:]:
        accept(story, LATER, cast("chair", "LCA"), f"/units/{voter}")
    story.due(at=conf.CALL_ENDS)
    assert elected(story) == {"chair": ("LSN", 2021, 5)}


def test_a_tie_for_an_office_is_voted_on_again_and_then_settled_by_the_ranking() -> None:
    story = ready()
    accept(story, AT, ballot("chair", "LCA", "LSN"), CHAIR)
    conf.boxed(story, AT, "chair")
    conf.counted(story, AT, conf.agreed("chair", {"LCA": 5, "LSN": 5}))
    assert outcome(story, "chair").next == "revote"
    assert elected(story) == {}
    second = ballot("chair", "LSN", "LCA", ballot="vong-2", previous="chair")
    accept(story, LATER, second, CHAIR)
    conf.boxed(story, LATER, "vong-2")
    conf.counted(story, LATER, conf.agreed("vong-2", {"LCA": 3, "LSN": 3}))
    assert outcome(story, "vong-2").tie_by == "ranking"
    assert elected(story) == {"chair": ("LCA", 2021, 3)}


def test_an_office_left_empty_after_its_rounds_is_elected_anew() -> None:
    story = ready()
    accept(story, AT, ballot("chair", "LCA"), CHAIR)
    conf.boxed(story, AT, "chair")
    conf.counted(story, AT, conf.agreed("chair", {"LCA": 0}))
    assert outcome(story, "chair").next == "empty"
    anew = ballot("chair", "LSN", ballot="bau-lai")
    accept(story, LATER, anew, CHAIR)
    conf.boxed(story, LATER, "bau-lai")
    conf.counted(story, LATER, conf.agreed("bau-lai", {"LSN": 6}))
    assert elected(story) == {"chair": ("LSN", 2021, 6)}


def test_v12_a_deputy_who_is_not_recognised_is_elected_anew_by_written_ballot() -> None:
    story = year_2021()
    ends = "2021-04-10 17:00"
    opening = call("deputy", "SLA", conference=None, closes=local(ends), ballot="bau-lai")
    stranger = story.when("2021-04-01 08:00", CHAIR, opening, NEXT)
    assert code_of(stranger) is Code.ROLE_REQUIRED
    assert isinstance(story.when("2021-04-01 08:00", "/units/LCA", opening, NEXT), Recorded)
    for voter in UNITS[:5]:
        vote = story.when("2021-04-02 08:00", f"/units/{voter}", cast("bau-lai", "SLA"), NEXT)
        assert isinstance(vote, Recorded)
    story.due(NEXT, ends)
    assert elected(story)["deputy"] == ("SLA", 2021, 5)
    deputy = story.fold.cycle(NEXT).frame.deputy
    assert deputy is not None
    assert (deputy.unit, deputy.status) == ("SLA", "elected")


def test_v12_the_recognised_chair_is_not_elected_anew() -> None:
    story = year_2021()
    opening = call("chair", "SLA", conference=None, closes=local("2021-04-10 17:00"))
    refused = story.when("2021-04-01 08:00", "/units/LCA", opening, NEXT)
    assert code_of(refused) is Code.ALREADY_DONE


def test_an_office_whose_unit_was_merged_is_elected_anew() -> None:
    story = year_2021()
    merged = u.UnitMerged(units=("LCA",), into="CBG", on=date(2021, 7, 1), basis="NQ 202")
    story.given("2021-06-01 08:00", MINISTRY, merged)
    opening = call("chair", "LSN", for_year=2021, ballot="bau-lai")
    opening = opening.model_copy(update={"closes": local("2021-07-10 17:00")})
    early = story.when("2021-06-30 08:00", CHAIR, opening, CYCLE)
    assert code_of(early) is Code.ALREADY_DONE
    assert isinstance(story.when("2021-07-01 08:00", CHAIR, opening, CYCLE), Recorded)
