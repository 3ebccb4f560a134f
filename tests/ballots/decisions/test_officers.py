"""Chair and deputy of a year: carried over, recognised or refused (E02, E31, V12)."""

from __future__ import annotations

from datetime import date

import pytest

from services.ballots.domain import Cycle
from tests.ballots.decisions.year_2020 import (
    CYCLE,
    MINISTRY,
    NEXT,
    accept,
    code_of,
    founded,
    proposed,
    refusal,
)
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.deciding import Recorded
from thidua.refusals import Code
from thidua.testing.story import Story


def carried(office: b.Office, unit: str, on: date = date(2020, 11, 21)) -> b.OfficerCarriedOver:
    return b.OfficerCarriedOver(office=office, unit=unit, elected_on=on, basis="Biên bản")


def recognised(office: b.Office, unit: str) -> b.OfficerRecognised:
    return b.OfficerRecognised(
        office=office, unit=unit, decision="QĐ 900", decided_on=date(2021, 3, 26)
    )


def unrecognised(office: b.Office, unit: str) -> b.RecognitionRefused:
    return b.RecognitionRefused(
        office=office, unit=unit, reason="Chưa đủ điều kiện", decided_on=date(2021, 3, 26)
    )


def elected_2021() -> Story[Cycle]:
    """The year 2021 opened, with Lào Cai and Hà Giang elected by the conference of 2020."""
    story = proposed()
    story.given("2020-11-20 08:00", MINISTRY, u.CycleOpened(), NEXT)
    for kind, unit in ((b.ChairElected, "LCA"), (b.DeputyElected, "HGI")):
        elected = kind(unit=unit, for_year=2021, ballot="bau-2021", votes=7)
        story.given("2020-11-21 11:00", "/services/ballots", elected, CYCLE)
    return story


def test_e31_the_ministry_recognises_whom_the_members_elected() -> None:
    story = elected_2021()
    for decision in (recognised("chair", "LCA"), recognised("deputy", "HGI")):
        assert isinstance(story.when("2021-03-26 08:00", MINISTRY, decision, NEXT), Recorded)
        again = story.when("2021-03-26 09:00", MINISTRY, decision, NEXT)
        assert code_of(again) is Code.ALREADY_DONE
    frame = story.fold.cycle(NEXT).frame
    assert frame.chair is not None
    assert frame.deputy is not None
    assert (frame.chair.status, frame.deputy.status) == ("recognised", "recognised")


def test_nobody_is_recognised_who_was_not_elected() -> None:
    story = elected_2021()
    other = story.when("2021-03-26 08:00", MINISTRY, recognised("chair", "SLA"), NEXT)
    assert code_of(other) is Code.REFERENCE_UNKNOWN


def test_no_officer_is_recognised_before_an_election() -> None:
    story = proposed()
    story.given("2020-11-20 08:00", MINISTRY, u.CycleOpened(), NEXT)
    early = story.when("2021-03-26 08:00", MINISTRY, recognised("chair", "LCA"), NEXT)
    assert code_of(early) is Code.STATE_FORBIDS


def test_e02_a_carried_over_officer_may_be_recognised() -> None:
    story = founded()
    decision = recognised("chair", "LCH").model_copy(update={"decided_on": date(2020, 3, 18)})
    accept(story, "2020-03-18 08:00", decision)


def test_v12_the_ministry_does_not_recognise_the_deputy_and_a_new_election_may_be() -> None:
    story = elected_2021()
    refused = story.when("2021-03-26 08:00", MINISTRY, unrecognised("deputy", "HGI"), NEXT)
    assert isinstance(refused, Recorded)
    late = story.when("2021-03-26 09:00", MINISTRY, recognised("deputy", "HGI"), NEXT)
    assert code_of(late) is Code.STATE_FORBIDS
    twice = story.when("2021-03-26 09:00", MINISTRY, unrecognised("deputy", "HGI"), NEXT)
    assert code_of(twice) is Code.ALREADY_DONE
    anew = b.DeputyElected(unit="SLA", for_year=2021, ballot="bau-lai", votes=5)
    story.given("2021-04-20 17:00", "/services/ballots", anew, NEXT)
    decision = recognised("deputy", "SLA").model_copy(update={"decided_on": date(2021, 4, 28)})
    assert isinstance(story.when("2021-04-28 08:00", MINISTRY, decision, NEXT), Recorded)


def test_recognition_is_refused_only_of_an_officer_who_was_elected_and_not_yet_recognised() -> None:
    story = elected_2021()
    accept(story, "2021-03-26 08:00", recognised("chair", "LCH"))
    settled = refusal(story, "2021-03-26 09:00", unrecognised("chair", "LCH"))
    assert settled.code is Code.STATE_FORBIDS
    carried_over = refusal(story, "2021-03-26 09:00", unrecognised("deputy", "LCA"))
    assert carried_over.code is Code.STATE_FORBIDS


def test_invariant_7_a_year_has_one_chair_and_one_deputy() -> None:
    story = founded()
    for office in ("chair", "deputy"):
        second = refusal(story, "2020-12-01 08:00", carried(office, "SLA"))
        assert second.code is Code.ALREADY_DONE


@pytest.mark.parametrize(("first", "second"), [("chair", "deputy"), ("deputy", "chair")])
def test_invariant_7_chair_and_deputy_are_different_units(
    first: b.Office, second: b.Office
) -> None:
    story = proposed()
    story.given("2020-11-20 08:00", MINISTRY, u.CycleOpened(), NEXT)
    story.given("2020-12-01 08:00", MINISTRY, carried(first, "SLA"), NEXT)
    same = story.when("2020-12-01 08:00", MINISTRY, carried(second, "SLA"), NEXT)
    assert code_of(same) is Code.OVERLAP
    other = story.when("2020-12-01 08:00", MINISTRY, carried(second, "HGI"), NEXT)
    assert isinstance(other, Recorded)


def test_invariant_7_an_officer_is_a_member_when_it_takes_office() -> None:
    story = elected_2021()
    stranger = story.when(
        "2020-12-01 08:00", MINISTRY, carried("chair", "TQG"), "BVHTTDL/BGPB/2019"
    )
    assert code_of(stranger) is Code.CYCLE_UNKNOWN
    left = u.MembershipEnded(cluster="BGPB", unit="LCA", last_day=date(2020, 12, 31), basis="QĐ 7")
    story.given("2020-12-01 08:00", MINISTRY, left)
    gone = story.when("2021-03-26 08:00", MINISTRY, recognised("chair", "LCA"), NEXT)
    assert code_of(gone) is Code.NOT_MEMBER


def test_a_merged_unit_is_not_recognised_under_its_old_code() -> None:
    story = elected_2021()
    heir = u.UnitRegistered(
        unit="TQG",
        name_vi="Sở Văn hóa, Thể thao và Du lịch tỉnh Tuyên Quang",
        short_vi="Sở VHTTDL Tuyên Quang",
        kind="culture-sports-tourism",
        province="TQG",
        valid_from=date(2008, 3, 1),
        basis="NĐ 13/2008/NĐ-CP",
    )
    story.given("2021-01-04 08:00", MINISTRY, heir)
    merged = u.UnitMerged(units=("HGI",), into="TQG", on=date(2021, 3, 1), basis="NQ 202")
    story.given("2021-01-04 08:00", MINISTRY, merged)
    gone = story.when("2021-03-26 08:00", MINISTRY, recognised("deputy", "HGI"), NEXT)
    assert code_of(gone) is Code.UNIT_MERGED


def test_nobody_was_elected_on_a_day_to_come() -> None:
    story = proposed()
    story.given("2020-11-20 08:00", MINISTRY, u.CycleOpened(), NEXT)
    early = story.when("2020-11-20 08:00", MINISTRY, carried("chair", "LCA"), NEXT)
    assert code_of(early) is Code.DATE_INVALID
