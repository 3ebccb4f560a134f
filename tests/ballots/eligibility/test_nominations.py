"""Nominations for titles and offices."""

from __future__ import annotations

from datetime import date

import pytest

from services.ballots.domain import Cycle
from tests.ballots.decisions.year_2020 import (
    CHAIR,
    MINISTRY,
    UNITS,
    accept,
    prepared,
    ranking,
    refusal,
)
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.refusals import Code
from thidua.testing.story import Story

AT = "2020-11-21 08:30"


def ranked(**absent: str) -> Story[Cycle]:
    """The year on the morning of the conference, with one unit *absent* from registration."""
    gone = absent.get("registered")
    story = prepared(registered=tuple(unit for unit in UNITS if unit != gone))
    story.given("2020-11-13 17:00", "/services/units", ranking())
    story.due(at="2020-11-13 17:00")
    return story


def nominated(about: str, nominee: str, for_year: int | None = None) -> b.NominationSubmitted:
    return b.NominationSubmitted(about=about, nominee=nominee, for_year=for_year)


def test_a_member_names_another_or_itself_for_a_title() -> None:
    story = ranked()
    accept(story, AT, nominated("co-bo", "LCA"), "/units/SLA")
    accept(story, AT, nominated("co-bo", "SLA"), "/units/SLA")
    again = refusal(story, AT, nominated("co-bo", "LCA"), CHAIR)
    assert again.code is Code.ALREADY_DONE


def test_invariant_1_a_unit_that_did_not_register_is_not_nominated_for_a_title() -> None:
    refused = refusal(ranked(registered="CBG"), AT, nominated("co-bo", "CBG"), "/units/SLA")
    assert refused.code is Code.NOT_ELIGIBLE
    assert refused.facts == {
        "nominee": "CBG",
        "rule": "registration",
        "fact": "chưa đăng ký thi đua",
    }


def test_invariant_1_nobody_is_nominated_for_a_title_before_the_ranking() -> None:
    refused = refusal(prepared(), "2020-11-01 08:00", nominated("co-bo", "LCA"), "/units/SLA")
    assert (refused.code, refused.facts["rule"]) == (Code.NOT_ELIGIBLE, "ranking")


def test_v9_a_suspended_unit_is_nominated_once_it_is_cleared() -> None:
    story = ranked()
    suspended = u.UnitSuspended(unit="CBG", reason="Đang thanh tra", basis="NĐ 152/2025")
    story.given("2020-11-20 08:00", MINISTRY, suspended)
    refused = refusal(story, AT, nominated("bang-khen-bo", "CBG"), "/units/SLA")
    assert (refused.code, refused.facts["rule"]) == (Code.NOT_ELIGIBLE, "not-suspended")
    lifted = u.SuspensionLifted(unit="CBG", reason="Không sai phạm", basis="KL 12")
    story.given("2021-01-11 08:00", MINISTRY, lifted)
    accept(story, "2021-01-11 09:00", nominated("bang-khen-bo", "CBG"), "/units/SLA")


@pytest.mark.parametrize("about", ["ctdcp", "huan-chuong"])
def test_only_titles_that_are_balloted_are_nominated_for(about: str) -> None:
    refused = refusal(ranked(), AT, nominated(about, "LCA"), "/units/SLA")
    assert refused.code is Code.REFERENCE_UNKNOWN


def test_a_nominee_is_a_member_that_exists() -> None:
    story = ranked()
    unknown = refusal(story, AT, nominated("chair", "TQG", 2021), "/units/SLA")
    assert unknown.code is Code.UNIT_UNKNOWN
    left = u.MembershipEnded(cluster="BGPB", unit="CBG", last_day=date(2020, 10, 1), basis="QĐ 9")
    story.given("2020-11-20 08:00", MINISTRY, left)
    gone = refusal(story, AT, nominated("chair", "CBG", 2021), "/units/SLA")
    assert gone.code is Code.NOT_MEMBER


def test_an_office_needs_no_title_but_its_year() -> None:
    story = ranked(registered="CBG")
    accept(story, AT, nominated("deputy", "CBG", 2021), "/units/SLA")
    for year in (None, 2019, 2022):
        refused = refusal(story, AT, nominated("deputy", "HGI", year), "/units/SLA")
        assert refused.code is Code.DATE_INVALID


def test_a_title_is_of_the_cycles_own_year() -> None:
    story = ranked()
    refused = refusal(story, AT, nominated("co-bo", "LCA", 2021), "/units/SLA")
    assert refused.code is Code.DATE_INVALID
    accept(story, AT, nominated("co-bo", "LCA", 2020), "/units/SLA")


def test_a_unit_of_the_counting_board_does_not_stand_for_an_office_while_the_board_sits() -> None:
    story = ranked()
    members = tuple(
        b.BoardMember(member=f"uy-vien-{unit.lower()}", unit=unit, head=unit == "SLA")
        for unit in ("SLA", "DBN", "CBG")
    )
    starts = story.events[-1].rx
    called = b.ConferenceConvened(conference="tong-ket", starts=starts, place="Lai Châu")
    story.given("2020-11-16 08:00", CHAIR, called)
    story.given("2020-11-21 08:00", CHAIR, b.ConferenceOpened(conference="tong-ket"))
    board = b.CountingBoardElected(conference="tong-ket", members=members)
    story.given("2020-11-21 08:10", CHAIR, board)
    refused = refusal(story, AT, nominated("deputy", "SLA", 2021), "/units/SLA")
    assert refused.code is Code.BOARD_INVALID
    accept(story, AT, nominated("bang-khen-bo", "SLA"), "/units/SLA")
    story.given("2020-11-21 11:30", CHAIR, b.ConferenceClosed(conference="tong-ket"))
    accept(story, "2020-11-23 08:00", nominated("deputy", "SLA", 2021), "/units/SLA")
