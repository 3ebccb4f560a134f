"""Putting a matter to the vote: who may, in which form, about whom, and what is frozen with it."""

from __future__ import annotations

from datetime import date

import pytest

from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import CONFERENCE, ballot, book, call, cast, question, ready
from tests.ballots.decisions.year_2020 import (
    CHAIR,
    DEPUTY,
    MINISTRY,
    NEXT,
    UNITS,
    accept,
    code_of,
    join,
    ranking,
    refusal,
    regulation,
)
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.base import Share
from thidua.refusals import Code
from thidua.testing.story import local

AT = "2020-11-21 09:00"
LATER = "2020-11-21 09:30"


def suspended() -> u.UnitSuspended:
    return u.UnitSuspended(unit="CBG", reason="Đang thanh tra", basis="NĐ 152/2025")


def test_roll_quorum_and_places_are_frozen_when_a_ballot_is_opened() -> None:
    story = ready(UNITS[:5])
    accept(story, AT, ballot("co-bo", "LCA", "LCH", "LSN", "SLA"), CHAIR)
    (frozen,) = conf.told(story, b.RollFrozen)
    assert frozen == b.RollFrozen(
        ballot="co-bo", rulebook=1, roll=tuple(sorted(UNITS)), quorum=5, places=3, round=1
    )


@pytest.mark.parametrize(
    ("quota", "nominees", "places"),
    [(None, UNITS, 3), (2, UNITS, 2), (5, UNITS, 3), (None, ("LCA", "LCH"), 2)],
    ids=["rulebook", "quota-below", "quota-above", "few-nominees"],
)
def test_there_are_no_more_places_than_rulebook_quota_and_nominees_allow(
    quota: int | None, nominees: tuple[str, ...], places: int
) -> None:
    story = ready()
    if quota is not None:
        accept(story, AT, b.QuotaSet(title="co-bo", quota=quota, basis="CV 12"), MINISTRY)
    accept(story, AT, ballot("co-bo", *nominees), CHAIR)
    assert story.state.ballots["co-bo"].places == places


def test_each_ballot_has_its_own_name() -> None:
    story = ready()
    accept(story, AT, ballot("co-bo"), CHAIR)
    again = refusal(story, AT, ballot("bang-khen-bo", ballot="co-bo"), CHAIR)
    assert again.code is Code.ALREADY_DONE


def test_only_what_the_rulebook_has_a_question_about_is_voted_on() -> None:
    refused = refusal(ready(), AT, ballot("huan-chuong", "LCA"), CHAIR)
    assert refused.code is Code.REFERENCE_UNKNOWN


def test_nothing_is_voted_on_before_there_is_a_rulebook() -> None:
    story = ready()
    story.given("2020-11-20 08:00", MINISTRY, u.CycleOpened(), NEXT)
    refused = conf.answer(story, AT, call("deputy", "SLA", conference=None), CHAIR, NEXT)
    assert code_of(refused) is Code.STATE_FORBIDS


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"mode": "secret"}, Code.DATE_INVALID),
        ({"conference": None}, Code.MODE_WRONG),
        ({"conference": "khac"}, Code.REFERENCE_UNKNOWN),
        ({"mode": "roll-call"}, Code.DATE_INVALID),
        ({"mode": "roll-call", "closes": local(AT)}, Code.DATE_INVALID),
        ({"nominees": ("LCA", "LCH", "LCA")}, Code.OVERLAP),
        ({"nominees": ("LCA", "TQG")}, Code.UNIT_UNKNOWN),
    ],
    ids=[
        "secret",
        "paper-at-home",
        "no-such-conference",
        "no-end",
        "past-end",
        "twice",
        "stranger",
    ],
)
def test_a_ballot_has_a_form_that_can_be_held(changed: dict[str, object], code: Code) -> None:
    story = ready()
    assert refusal(story, AT, ballot("co-bo", **changed), CHAIR).code is code
    assert not story.state.ballots


def test_paper_needs_a_counting_board_and_a_roll_call_does_not() -> None:
    story = conf.attended()
    accept(story, AT, b.ScoresAccepted(conference=CONFERENCE, ranking=1), CHAIR)
    assert refusal(story, AT, ballot("co-bo"), CHAIR).code is Code.BOARD_INVALID
    accept(story, AT, call("co-bo"), CHAIR)


def test_a_matter_is_voted_on_once_at_a_time_and_decided_once() -> None:
    story = ready()
    accept(story, AT, ballot("co-bo"), CHAIR)
    other = ballot("co-bo", ballot="co-bo-2")
    assert refusal(story, AT, other, CHAIR).code is Code.STATE_FORBIDS
    conf.boxed(story, LATER, "co-bo")
    conf.counted(story, LATER, conf.count("co-bo", dict.fromkeys(UNITS, 3)))
    story = ready()
    conf.voted_on_paper(story, AT, ballot("bang-khen-bo"), dict.fromkeys(UNITS, 7))
    other = ballot("bang-khen-bo", ballot="bang-khen-2")
    assert refusal(story, LATER, other, CHAIR).code is Code.ALREADY_DONE


@pytest.mark.parametrize("year", [2019, 2021])
def test_a_title_is_of_the_cycles_own_year_and_naming_it_makes_no_second_matter(year: int) -> None:
    story = ready()
    refused = refusal(story, AT, ballot("co-bo", for_year=year), CHAIR)
    assert refused.code is Code.DATE_INVALID
    accept(story, AT, ballot("co-bo"), CHAIR)
    named = ballot("co-bo", ballot="co-bo-2020", for_year=2020)
    assert refusal(story, AT, named, CHAIR).code is Code.STATE_FORBIDS


def test_a_voided_ballot_leaves_its_matter_free() -> None:
    story = ready()
    accept(story, AT, ballot("co-bo"), CHAIR)
    accept(story, AT, b.BallotVoided(ballot="co-bo", reason="Phiếu in sai tên"), CHAIR)
    accept(story, LATER, ballot("co-bo", ballot="co-bo-2"), CHAIR)


def test_v9_a_unit_under_inspection_is_no_nominee_but_keeps_its_vote() -> None:
    story = ready()
    story.given("2020-11-21 08:50", MINISTRY, suspended())
    refused = refusal(story, AT, ballot("co-bo", "LCA", "CBG"), CHAIR)
    assert (refused.code, refused.facts["rule"]) == (Code.NOT_ELIGIBLE, "not-suspended")
    accept(story, AT, call("co-bo", "LCA", "LCH"), CHAIR)
    assert story.state.ballots["co-bo"].roll == frozenset(UNITS)
    accept(story, LATER, cast("co-bo", "LCA"), "/units/CBG")


def test_v9_where_the_rulebook_says_so_a_unit_under_inspection_has_no_vote() -> None:
    story = ready(rulebook=book(suspended_vote=False))
    story.given("2020-11-21 08:50", MINISTRY, suspended())
    accept(story, AT, call("co-bo", "LCA", "LCH"), CHAIR)
    (frozen,) = conf.told(story, b.RollFrozen)
    assert (len(frozen.roll), frozen.quorum) == (6, 4)
    refused = refusal(story, LATER, cast("co-bo", "LCA"), "/units/CBG")
    assert refused.code is Code.NOT_ON_ROLL


def test_v10_after_a_correction_titles_are_voted_on_only_on_the_new_ranking() -> None:
    story = ready()
    accept(story, AT, b.RankingApproved(conference=CONFERENCE, ranking=1), CHAIR)
    accept(story, AT, b.ConferenceClosed(conference=CONFERENCE), CHAIR)
    story.given("2020-11-30 08:00", "/services/units", ranking(2))
    written = call("co-bo", conference=None, closes=local("2020-12-02 17:00"))
    refused = refusal(story, "2020-11-30 09:00", written, CHAIR)
    assert (refused.code, refused.facts) == (Code.RANKING_OUTDATED, {"given": 1, "expected": 2})
    accept(story, "2020-11-30 10:00", b.RankingApproved(ranking=2), CHAIR)
    accept(story, "2020-11-30 11:00", written, CHAIR)


def test_v14_a_merger_changes_the_roll_of_ballots_opened_after_it_only() -> None:
    story = ready()
    join(story, "TQG")
    story.given(
        "2020-11-20 08:00",
        MINISTRY,
        u.MembershipEnded(cluster="BGPB", unit="TQG", last_day=date(2019, 12, 31), basis="QĐ 2"),
    )
    accept(story, AT, call("chair", "LCA", closes=local("2020-12-30 17:00")), CHAIR)
    merged = u.UnitMerged(units=("HGI",), into="TQG", on=date(2020, 12, 1), basis="NQ 202")
    story.given("2020-11-30 08:00", MINISTRY, merged)
    there = tuple(unit for unit in UNITS if unit != "HGI")
    present = b.AttendanceRecorded(conference=CONFERENCE, present=there)
    accept(story, "2020-12-01 08:00", present, CHAIR)
    accept(
        story, "2020-12-01 09:00", call("deputy", "LSN", closes=local("2020-12-30 17:00")), CHAIR
    )
    rolls = {one.ballot: (len(one.roll), one.quorum) for one in conf.told(story, b.RollFrozen)}
    assert rolls == {"chair": (7, 5), "deputy": (6, 4)}
    for name, nominee in (("chair", "LCA"), ("deputy", "LSN")):
        for voter in there[:4]:
            accept(story, "2020-12-02 08:00", cast(name, nominee), f"/units/{voter}")
    accept(story, "2020-12-02 08:00", cast("chair", "LCA"), f"/units/{there[4]}")
    story.due(at="2020-12-30 17:00")
    needed = {one.ballot: (one.base, one.needed) for one in conf.told(story, b.OutcomeDecided)}
    assert needed == {"chair": (7, 4), "deputy": (6, 4)}


def test_v20_a_province_with_two_departments_has_the_votes_of_its_memberships() -> None:
    story = ready()
    join(story, "LCA-DL")
    accept(story, AT, conf.attendance((*UNITS, "LCA-DL")), CHAIR)
    accept(story, AT, call("chair", "LCA"), CHAIR)
    assert {"LCA", "LCA-DL"} < story.state.ballots["chair"].roll
    for department in ("LCA", "LCA-DL"):
        accept(story, LATER, cast("chair", "LCA"), f"/units/{department}")
    assert len(story.state.ballots["chair"].votes) == 2


def test_a_rulebook_adopted_during_a_ballot_does_not_change_it() -> None:
    story = ready(UNITS[:5])
    accept(story, AT, call("co-bo", "LCA", "LCH"), CHAIR)
    every = Share(num=1, den=1)
    later = book(question("co-bo", threshold=every), version=2, quorum=every)
    story.given("2020-11-21 09:10", CHAIR, later)
    for voter in UNITS[:5]:
        accept(story, LATER, cast("co-bo", "LCA"), f"/units/{voter}")
    story.due(at=conf.CALL_ENDS)
    decided = conf.outcome(story, "co-bo")
    assert (decided.rulebook, decided.quorum, decided.needed) == (1, 5, 5)
    assert decided.passed == ("LCA",)


def test_a_unit_proposed_for_one_title_is_no_nominee_for_a_title_that_excludes_it() -> None:
    story = ready()
    conf.voted_on_paper(story, AT, ballot("co-bo", "LCA"), {"LCA": 7})
    refused = refusal(story, LATER, ballot("bang-khen-bo", "LCA", "SLA"), CHAIR)
    assert (refused.code, refused.facts["holds"]) == (Code.EXCLUSIVE_TITLE, "co-bo")
    accept(story, LATER, ballot("bang-khen-bo", "SLA"), CHAIR)


def test_titles_exclude_each_other_whichever_is_voted_on_first() -> None:
    story = ready()
    conf.voted_on_paper(story, AT, ballot("bang-khen-bo", "LCA"), {"LCA": 7})
    refused = refusal(story, LATER, ballot("co-bo", "LCA", "LCH"), CHAIR)
    assert (refused.code, refused.facts["holds"]) == (Code.EXCLUSIVE_TITLE, "bang-khen-bo")


def test_who_is_still_voted_on_for_a_title_is_no_nominee_for_one_that_excludes_it() -> None:
    story = ready()
    accept(story, AT, ballot("co-bo", "LCA", "LCH", "LSN", "SLA"), CHAIR)
    certificates = ballot("bang-khen-bo", "SLA", "HGI")
    assert refusal(story, AT, certificates, CHAIR).code is Code.EXCLUSIVE_TITLE
    conf.boxed(story, AT, "co-bo")
    conf.counted(story, AT, conf.count("co-bo", {"LCA": 7, "LCH": 6, "LSN": 4, "SLA": 4}))
    assert refusal(story, LATER, certificates, CHAIR).code is Code.EXCLUSIVE_TITLE
    second = ballot("co-bo", "LSN", "SLA", ballot="co-bo-2", previous="co-bo")
    conf.voted_on_paper(story, LATER, second, {"LSN": 6, "SLA": 1})
    accept(story, LATER, certificates, CHAIR)


def test_a_title_that_is_proposed_on_the_provinces_route_is_not_balloted() -> None:
    assert regulation().titles[2].state_level
    rulebook = book()
    voting = rulebook.voting
    questions = (*voting.questions, question("co-bo").model_copy(update={"about": "ctdcp"}))
    asked = rulebook.model_copy(
        update={"voting": voting.model_copy(update={"questions": questions})}
    )
    refused = refusal(ready(rulebook=asked), AT, ballot("ctdcp", "LCA"), CHAIR)
    assert (refused.code, refused.facts["given"]) == (Code.REFERENCE_UNKNOWN, "ctdcp")


def test_without_a_conference_chair_or_deputy_asks_all_members_in_writing() -> None:
    story = conf.ranked()
    accept(story, "2020-11-16 08:00", b.RankingApproved(ranking=1), CHAIR)
    written = call("co-bo", "LCA", "LCH", conference=None)
    assert refusal(story, "2020-11-16 09:00", written, "/units/SLA").code is Code.ROLE_REQUIRED
    accept(story, "2020-11-16 09:00", written, DEPUTY)
    for voter in UNITS[:5]:
        accept(story, "2020-11-17 08:00", cast("co-bo", "LCA"), f"/units/{voter}")
    story.due(at=conf.CALL_ENDS)
    assert conf.proposed(story) == ("LCA",)


def test_an_open_ballot_is_voided_or_extended_only_by_whoever_presides() -> None:
    story = ready()
    accept(story, AT, call("co-bo"), CHAIR)
    void = b.BallotVoided(ballot="co-bo", reason="Gọi nhầm danh sách")
    longer = b.BallotExtended(ballot="co-bo", closes=local("2020-11-21 12:00"), reason="Mất điện")
    for data in (void, longer):
        assert refusal(story, AT, data, DEPUTY).code is Code.ROLE_REQUIRED
    accept(story, AT, longer, CHAIR)
    accept(story, AT, void, CHAIR)
    assert refusal(story, AT, void, CHAIR).code is Code.BALLOT_CLOSED


def test_a_ballot_that_was_never_opened_is_neither_voided_nor_extended() -> None:
    story = ready()
    void = b.BallotVoided(ballot="co-bo", reason="Gọi nhầm danh sách")
    longer = b.BallotExtended(ballot="co-bo", closes=local("2020-11-21 12:00"), reason="Mất điện")
    for data in (void, longer):
        assert refusal(story, AT, data, CHAIR).code is Code.BALLOT_NOT_OPEN
