"""The ministry's council and decisions: E28-E29 of the worked year, V11, V13 and V16."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import pytest

from services.ballots.domain.awards import reward
from services.ballots.domain.council import passed
from services.ballots.domain.decisions import CouncilVote
from tests.ballots.decisions.year_2020 import (
    CERTIFICATE,
    CHAIR,
    FLAG,
    MINISTRY,
    PROPOSED,
    REWARDS,
    UNITS,
    accept,
    appraised,
    award,
    awarded,
    code_of,
    council,
    proposed,
    refusal,
    regulation,
    titles,
    voted,
)
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.base import Share
from thidua.contracts.rulebook import Council
from thidua.refusals import Code

TITLES: Final = {title.code: title for title in titles()}


def revoked(unit: str, title: str, on: date) -> b.AwardRevoked:
    reason = "Phát hiện số liệu không trung thực"
    return b.AwardRevoked(unit=unit, award=title, decision="QĐ 900", decided_on=on, reason=reason)


def downgraded(unit: str, title: str, to: str, on: date, money: int) -> b.AwardDowngraded:
    return b.AwardDowngraded(
        unit=unit,
        award=title,
        to=to,
        decision="QĐ 900",
        decided_on=on,
        reason="Phát hiện khuyết điểm trong năm xét",
        reward=money,
    )


def quota(title: str, number: int) -> b.QuotaSet:
    return b.QuotaSet(title=title, quota=number, basis="CV 12/BVHTTDL-TĐKT")


def suggested(unit: str, title: str = "ctdcp") -> b.StateTitleProposed:
    return b.StateTitleProposed(unit=unit, title=title, basis="TTr 5/TTr-UBND")


@pytest.mark.parametrize(
    ("title", "salary", "step", "expected"),
    [
        ("co-bo", 1_490_000, 10_000, 11_920_000),
        ("bang-khen-bo", 1_490_000, 10_000, 2_980_000),
        ("co-bo", 1_490_001, 10_000, 11_930_000),
        ("bang-khen-bo", 1_490_000, 1_000_000, 3_000_000),
    ],
)
def test_a_reward_is_rounded_up_to_the_step(
    title: str, salary: int, step: int, expected: int
) -> None:
    assert reward(TITLES[title], salary, step) == expected


def test_three_tenths_of_the_salary_of_2024_are_710_000_by_the_rule() -> None:
    lesser = TITLES["co-bo"].model_copy(update={"multiple": Decimal("0.3")})
    assert reward(lesser, 2_340_000, 10_000) == 710_000
    assert reward(lesser, 2_340_000, 1) == 702_000


def test_e29_seven_awards_of_47_680_000_dong() -> None:
    story = awarded()
    decided = [data for data in story.told(b.AwardDecided) if isinstance(data, b.AwardDecided)]
    assert {data.unit: data.award for data in decided} == PROPOSED
    assert sum(data.reward for data in decided) == 47_680_000


def test_invariant_5_a_proposal_is_no_award() -> None:
    story = proposed()
    assert not story.state.decisions.awards


@pytest.mark.parametrize("source", ["/units/LCA", CHAIR, "/services/ballots"])
def test_invariant_5_only_the_authority_decides_an_award(source: str) -> None:
    story = voted()
    decision = story.when("2021-02-05 10:00", source, award("LCA", "co-bo"))
    assert code_of(decision) is Code.ROLE_REQUIRED


def test_invariant_5_the_reward_is_that_of_the_base_salary_on_the_day_of_the_decision() -> None:
    story = voted()
    wrong = refusal(story, "2021-02-05 10:00", award("LCA", "co-bo", 14_400_000))
    assert wrong.code is Code.REWARD_MISMATCH
    assert wrong.facts == {"expected": 11_920_000, "given": 14_400_000}
    later = award("LCA", "co-bo", 14_400_000).model_copy(update={"decided_on": date(2023, 7, 3)})
    accept(story, "2023-07-03 10:00", later)


def test_a_decision_names_all_that_it_lacks() -> None:
    story = appraised("LCA")
    lacking = refusal(story, "2021-02-05 10:00", award("SLA", "co-bo"))
    assert lacking.code is Code.DECISION_UNFOUNDED
    assert lacking.facts["missing"] == ["dossier-appraised: qualified", "council-voted"]
    stranger = refusal(story, "2021-02-05 10:00", award("TQG", "co-bo"))
    assert stranger.facts["missing"] == [
        "proposal-recorded",
        "dossier-appraised: qualified",
        "council-voted",
    ]
    unvoted = refusal(story, "2021-02-05 10:00", award("LCA", "co-bo"))
    assert unvoted.facts["missing"] == ["council-voted"]


def test_a_decision_is_not_older_than_the_councils_vote_nor_of_a_day_to_come() -> None:
    story = voted()
    given = award("LCA", "co-bo")
    for day in (date(2021, 1, 27), date(2021, 2, 6)):
        dated = given.model_copy(update={"decided_on": day})
        assert refusal(story, "2021-02-05 10:00", dated).code is Code.DATE_INVALID


def test_an_award_is_decided_once() -> None:
    story = awarded()
    assert refusal(story, "2021-02-06 10:00", award("LCA", "co-bo")).code is Code.ALREADY_DONE


def test_v11_the_quota_falls_to_two_and_lang_son_gets_the_certificate() -> None:
    story = appraised()
    accept(story, "2021-01-25 08:00", quota("co-bo", 2))
    accept(story, "2021-01-28 16:00", council("co-bo", dict.fromkeys(FLAG, 18)))
    votes = dict.fromkeys((*CERTIFICATE, "LSN"), 18)
    accept(story, "2021-01-28 16:10", council("bang-khen-bo", votes))
    for unit in ("LCA", "LCH"):
        accept(story, "2021-02-05 10:00", award(unit, "co-bo"))
    exceeded = refusal(story, "2021-02-05 10:00", award("LSN", "co-bo"))
    assert exceeded.code is Code.QUOTA_EXCEEDED
    assert exceeded.facts == {"title": "co-bo", "quota": 2, "max": 2, "given": 3}
    reason = "Chỉ tiêu Cờ thi đua của Bộ năm 2020 là 2"
    accept(story, "2021-02-05 10:10", b.AwardRefused(unit="LSN", title="co-bo", reason=reason))
    accept(story, "2021-02-05 10:20", award("LSN", "bang-khen-bo"))
    assert ("LSN", "co-bo") in {(data.unit, data.title) for data in _proposals(story.told)}
    assert ("LSN", "bang-khen-bo") in story.state.decisions.awards


def _proposals(told: object) -> list[b.ProposalRecorded]:
    assert callable(told)
    return [data for data in told(b.ProposalRecorded) if isinstance(data, b.ProposalRecorded)]


def test_a_quota_is_not_set_below_what_was_awarded() -> None:
    story = awarded()
    assert refusal(story, "2021-02-08 08:00", quota("co-bo", 2)).code is Code.QUOTA_EXCEEDED
    accept(story, "2021-02-08 08:00", quota("co-bo", 3))


def test_a_raised_quota_admits_what_the_regulations_own_did_not() -> None:
    story = voted()
    accept(story, "2021-01-29 08:00", council("co-bo", {"SLA": 20}))
    for unit in FLAG:
        accept(story, "2021-02-05 10:00", award(unit, "co-bo"))
    assert refusal(story, "2021-02-05 10:00", award("SLA", "co-bo")).code is Code.QUOTA_EXCEEDED
    accept(story, "2021-02-05 11:00", quota("co-bo", 4))
    accept(story, "2021-02-05 12:00", award("SLA", "co-bo"))


def test_v16_a_unit_proposed_for_the_governments_flag_gets_no_flag_of_the_ministry() -> None:
    story = voted()
    accept(story, "2021-02-01 08:00", suggested("LCA"), "/units/LCA")
    excluded = refusal(story, "2021-02-05 10:00", award("LCA", "co-bo"))
    assert excluded.code is Code.EXCLUSIVE_TITLE
    assert (excluded.facts["title"], excluded.facts["other"]) == ("co-bo", "ctdcp")


def test_invariant_6_who_holds_the_ministrys_flag_is_not_proposed_for_the_governments() -> None:
    story = awarded()
    assert refusal(story, "2021-02-08 08:00", suggested("LCA")).code is Code.EXCLUSIVE_TITLE
    accept(story, "2021-02-08 08:00", suggested("SLA"))


@pytest.mark.parametrize(
    ("first", "second"), [("co-bo", "bang-khen-bo"), ("bang-khen-bo", "co-bo")]
)
def test_invariant_6_one_achievement_earns_one_form(first: str, second: str) -> None:
    story = appraised("SLA")
    for title in (first, second):
        accept(story, "2021-01-28 16:00", council(title, {"SLA": 20}))
    accept(story, "2021-02-05 10:00", award("SLA", first))
    assert refusal(story, "2021-02-05 10:00", award("SLA", second)).code is Code.EXCLUSIVE_TITLE


def test_a_member_proposes_only_itself_for_a_state_title_and_the_chair_anybody() -> None:
    story = proposed()
    member = b.BoardMember(member="truong-ban", unit="SLA", head=True)
    called = b.ConferenceConvened(
        conference="tong-ket", starts=story.events[-1].rx, place="Lai Châu"
    )
    story.given("2020-11-21 08:00", CHAIR, called)
    board = b.CountingBoardElected(conference="tong-ket", members=(member,))
    story.given("2020-11-21 08:10", CHAIR, board)
    other = refusal(story, "2021-02-01 08:00", suggested("LCA"), "/units/SLA")
    assert other.code is Code.ROLE_REQUIRED
    accept(story, "2021-02-01 08:00", suggested("LCA"), CHAIR)
    assert refusal(story, "2021-02-01 09:00", suggested("LCA")).code is Code.ALREADY_DONE
    wrong = refusal(story, "2021-02-01 09:00", suggested("SLA", "co-bo"))
    assert wrong.code is Code.REFERENCE_UNKNOWN


def test_v13_a_fault_found_in_2022_takes_the_award_back_after_the_year_was_closed() -> None:
    story = awarded()
    story.given("2021-06-30 08:00", MINISTRY, u.CycleClosed())
    accept(story, "2022-05-10 08:00", revoked("LSN", "co-bo", date(2022, 5, 9)))
    assert ("LSN", "co-bo") not in story.state.decisions.awards
    again = refusal(story, "2022-05-11 08:00", revoked("LSN", "co-bo", date(2022, 5, 9)))
    assert again.code is Code.REFERENCE_UNKNOWN


def test_v13_an_award_is_downgraded_in_2022_with_the_lesser_reward() -> None:
    story = awarded()
    story.given("2021-06-30 08:00", MINISTRY, u.CycleClosed())
    on = date(2022, 5, 9)
    wrong = downgraded("LSN", "co-bo", "bang-khen-bo", on, 11_920_000)
    assert refusal(story, "2022-05-10 08:00", wrong).code is Code.REWARD_MISMATCH
    accept(story, "2022-05-10 08:00", downgraded("LSN", "co-bo", "bang-khen-bo", on, 2_980_000))
    assert {title for unit, title in story.state.decisions.awards if unit == "LSN"} == {
        "bang-khen-bo"
    }


def test_invariant_9_a_correction_is_not_dated_before_what_it_corrects() -> None:
    story = awarded()
    early = revoked("LSN", "co-bo", date(2021, 2, 4))
    assert refusal(story, "2022-05-10 08:00", early).code is Code.DATE_INVALID


def test_invariant_9_the_corrected_decision_stays_in_the_story() -> None:
    story = awarded()
    accept(story, "2022-05-10 08:00", revoked("LSN", "co-bo", date(2022, 5, 9)))
    assert award("LSN", "co-bo") in story.told(b.AwardDecided)
    assert len(story.told(b.AwardRevoked)) == 1


def test_an_award_is_not_downgraded_to_one_that_is_worth_as_much_or_more() -> None:
    story = awarded()
    for given, to in (("LSN", "co-bo"), ("SLA", "co-bo")):
        held = PROPOSED[given]
        raised = downgraded(given, held, to, date(2022, 5, 9), REWARDS[to])
        expected = Code.ALREADY_DONE if held == to else Code.STATE_FORBIDS
        assert refusal(story, "2022-05-10 08:00", raised).code is expected


def test_a_revoked_award_frees_its_place_in_the_quota() -> None:
    story = awarded()
    accept(story, "2021-03-01 08:00", revoked("LSN", "co-bo", date(2021, 3, 1)))
    accept(story, "2021-03-01 08:00", revoked("SLA", "bang-khen-bo", date(2021, 3, 1)))
    accept(story, "2021-03-02 08:00", council("co-bo", {"SLA": 20}))
    accept(story, "2021-03-03 08:00", award("SLA", "co-bo"))


def test_only_a_proposal_is_refused_and_only_once() -> None:
    story = voted()
    reason = "Chưa đạt tiêu chuẩn"
    refused = b.AwardRefused(unit="SLA", title="bang-khen-bo", reason=reason)
    other = b.AwardRefused(unit="SLA", title="co-bo", reason=reason)
    assert refusal(story, "2021-02-05 10:00", other).code is Code.DECISION_UNFOUNDED
    accept(story, "2021-02-05 10:00", refused)
    assert refusal(story, "2021-02-05 10:00", refused).code is Code.ALREADY_DONE
    held = b.AwardRefused(unit="HGI", title="bang-khen-bo", reason=reason)
    accept(story, "2021-02-05 10:00", award("HGI", "bang-khen-bo"))
    assert refusal(story, "2021-02-05 11:00", held).code is Code.STATE_FORBIDS


def test_e30_units_are_notified_of_what_was_decided() -> None:
    story = voted()
    notice = b.ResultNotified(units=UNITS, notified_on=date(2021, 2, 24))
    assert refusal(story, "2021-02-24 08:00", notice).code is Code.DECISION_UNFOUNDED
    told = awarded()
    accept(told, "2021-02-24 08:00", notice)
    assert refusal(told, "2021-02-23 08:00", notice).code is Code.DATE_INVALID


def test_the_councils_threshold_is_a_share_of_all_its_members() -> None:
    rules = regulation().council
    assert passed(CouncilVote(date(2021, 1, 28), 13, chair_agrees=False), rules)
    assert not passed(CouncilVote(date(2021, 1, 28), 11, chair_agrees=True), rules)


def test_a_tied_council_follows_its_chair_where_the_regulation_says_so() -> None:
    rules = regulation().council
    for agrees in (True, False):
        assert passed(CouncilVote(date(2021, 1, 28), 12, chair_agrees=agrees), rules) is agrees
    strict = rules.model_copy(update={"tie": "fails"})
    assert not passed(CouncilVote(date(2021, 1, 28), 12, chair_agrees=True), strict)


def test_a_threshold_of_two_thirds_at_least_has_no_tie() -> None:
    rules = Council(members=24, quorum=Share(num=1, den=2), threshold=Share(num=2, den=3))
    assert passed(CouncilVote(date(2021, 1, 28), 16, chair_agrees=False), rules)
    assert not passed(CouncilVote(date(2021, 1, 28), 15, chair_agrees=True), rules)


def test_e28_the_figures_of_the_council_agree_with_each_other() -> None:
    story = appraised()
    at = "2021-01-28 16:00"
    crowded = refusal(story, at, council("co-bo", {"LCA": 20}, present=25))
    assert crowded.code is Code.COUNT_ARITHMETIC
    empty = refusal(story, at, council("co-bo", {"LCA": 12}, present=12))
    assert (empty.code, empty.facts) == (Code.NO_QUORUM, {"present": 12, "needed": 13})
    many = refusal(story, at, council("co-bo", {"LCA": 21}, present=20))
    assert many.code is Code.COUNT_ARITHMETIC
    stray = refusal(story, at, council("co-bo", {"LCA": 12}, agrees=("LCH",)))
    assert stray.code is Code.REFERENCE_UNKNOWN
    state = refusal(story, at, council("ctdcp", {"LCA": 20}))
    assert state.code is Code.REFERENCE_UNKNOWN


def test_a_vote_that_did_not_carry_founds_no_award() -> None:
    story = appraised()
    accept(story, "2021-01-28 16:00", council("co-bo", {"LCA": 12, "LCH": 12}, agrees=("LCH",)))
    lacking = refusal(story, "2021-02-05 10:00", award("LCA", "co-bo"))
    assert lacking.facts["missing"] == ["council-voted"]
    accept(story, "2021-02-05 10:00", award("LCH", "co-bo"))
