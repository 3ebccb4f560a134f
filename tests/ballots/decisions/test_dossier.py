"""The dossier to the ministry and its clocks: E23-E30 of the worked year, V10 and V18."""

from __future__ import annotations

from datetime import date

from tests.ballots.decisions.year_2020 import (
    CHAIR,
    CYCLE,
    HOLIDAYS,
    accept,
    appraised,
    award,
    code_of,
    completed,
    council,
    proposed,
    ranking,
    received,
    refusal,
    regulation,
    returned,
    submitted,
)
from thidua.contracts import ballots as b
from thidua.contracts.base import Deadline
from thidua.contracts.rulebook import Deadlines
from thidua.deciding import Recorded
from thidua.refusals import Code
from thidua.working_days import add_working_days

QUALIFIED = b.DossierAppraised(unit="HGI", result="qualified")


def report(version: int) -> b.ClusterReportSubmitted:
    return b.ClusterReportSubmitted(ranking=version, document="1" * 64)


def test_only_a_proposed_unit_sends_a_dossier_and_for_what_it_is_proposed() -> None:
    story = proposed()
    refused = refusal(story, "2020-12-02 08:00", submitted("LSN", "bang-khen-bo"), "/units/LSN")
    assert refused.code is Code.DECISION_UNFOUNDED
    assert refused.facts["missing"] == ["proposal-recorded"]
    accept(story, "2020-12-02 08:00", submitted("LSN"), "/units/LSN")


def test_a_unit_sends_one_dossier() -> None:
    story = proposed()
    accept(story, "2020-12-02 08:00", submitted("LSN"), "/units/LSN")
    again = story.when("2020-12-02 09:00", "/units/LSN", submitted("LSN"))
    assert code_of(again) is Code.ALREADY_DONE


def test_e24_a_dossier_posted_on_4_december_and_received_on_8_december_is_on_time() -> None:
    story = proposed()
    accept(story, "2020-12-04 16:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-08 09:00", received("HGI", date(2020, 12, 4), date(2020, 12, 8)))
    accept(story, "2021-01-20 08:00", QUALIFIED)


def test_v18_a_dossier_postmarked_4_december_and_received_11_december_is_on_time() -> None:
    story = proposed()
    accept(story, "2020-12-04 16:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-11 09:00", received("HGI", date(2020, 12, 4), date(2020, 12, 11)))
    accept(story, "2021-01-20 08:00", QUALIFIED)


def test_a_dossier_postmarked_5_december_is_received_but_never_qualified() -> None:
    story = proposed()
    accept(story, "2020-12-05 08:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-08 09:00", received("HGI", date(2020, 12, 5), date(2020, 12, 8)))
    refused = refusal(story, "2021-01-20 08:00", QUALIFIED)
    assert refused.code is Code.DEADLINE_PASSED
    reason = "Gửi hồ sơ sau thời hạn"
    late = b.DossierAppraised(unit="HGI", result="not-qualified", reason=reason)
    accept(story, "2021-01-20 09:00", late)


def test_invariant_10_a_passed_deadline_names_the_rule_that_was_applied() -> None:
    story = proposed()
    accept(story, "2020-12-05 08:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-08 09:00", received("HGI", date(2020, 12, 5), date(2020, 12, 8)))
    refused = refusal(story, "2021-01-20 08:00", QUALIFIED)
    assert refused.facts == {
        "deadline": "2020-12-05 00:00",
        "received": "2020-12-05",
        "rule": "before 2020-12-05, sent",
    }


def test_invariant_10_where_arrival_counts_the_postmark_does_not_save_a_dossier() -> None:
    story = proposed()
    limit = Deadline(date=date(2020, 12, 4), kind="at-latest", counts="received")
    rules = regulation(deadlines=Deadlines(dossier=limit))
    story.given("2020-11-24 08:00", "/authorities/BVHTTDL", rules)
    accept(story, "2020-12-04 08:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-08 09:00", received("HGI", date(2020, 12, 4), date(2020, 12, 8)))
    refused = refusal(story, "2021-01-20 08:00", QUALIFIED)
    assert refused.code is Code.DEADLINE_PASSED
    assert refused.facts["rule"] == "at-latest 2020-12-04, received"


def test_a_postmark_is_not_later_than_the_arrival_and_neither_lies_ahead() -> None:
    story = proposed()
    accept(story, "2020-12-04 08:00", submitted("HGI"), "/units/HGI")
    for postmark, on in ((9, 8), (4, 9)):
        told = received("HGI", date(2020, 12, postmark), date(2020, 12, on))
        assert code_of(story.when("2020-12-08 09:00", "/authorities/BVHTTDL", told)) is (
            Code.DATE_INVALID
        )


def test_a_dossier_goes_its_way_step_by_step() -> None:
    story = proposed()
    arrival = received("LSN", date(2020, 12, 4), date(2020, 12, 7))
    ministry = "/authorities/BVHTTDL"
    for source, data in ((ministry, arrival), (ministry, returned("LSN"))):
        assert code_of(story.when("2020-12-07 09:00", source, data)) is Code.STATE_FORBIDS
    accept(story, "2020-12-07 09:00", submitted("LSN"), "/units/LSN")
    early = story.when("2020-12-07 09:00", ministry, returned("LSN"))
    assert code_of(early) is Code.STATE_FORBIDS
    accept(story, "2020-12-07 10:00", arrival)
    assert code_of(story.when("2020-12-07 11:00", ministry, arrival)) is Code.ALREADY_DONE
    unasked = story.when("2020-12-07 11:00", "/units/LSN", completed("LSN"))
    assert code_of(unasked) is Code.STATE_FORBIDS


def test_e26_a_dossier_returned_on_10_december_is_completed_until_17_december() -> None:
    story = proposed()
    accept(story, "2020-12-04 08:00", submitted("LSN"), "/units/LSN")
    accept(story, "2020-12-07 09:00", received("LSN", date(2020, 12, 4), date(2020, 12, 7)))
    accept(story, "2020-12-10 16:00", returned("LSN"))
    late = refusal(story, "2020-12-18 00:00", completed("LSN"), "/units/LSN")
    assert late.code is Code.DEADLINE_PASSED
    assert late.facts["deadline"] == "2020-12-17 24:00"
    accept(story, "2020-12-17 23:59", completed("LSN"), "/units/LSN")


def test_e27_a_returned_dossier_is_not_appraised_before_it_is_complete() -> None:
    story = proposed()
    accept(story, "2020-12-04 08:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-07 09:00", received("HGI", date(2020, 12, 4), date(2020, 12, 7)))
    accept(story, "2020-12-10 16:00", returned("HGI"))
    assert refusal(story, "2020-12-15 08:00", QUALIFIED).code is Code.STATE_FORBIDS
    accept(story, "2020-12-16 08:00", completed("HGI"), "/units/HGI")
    accept(story, "2021-01-21 16:00", QUALIFIED)


def test_a_dossier_never_completed_can_only_be_found_not_qualified() -> None:
    story = proposed()
    accept(story, "2020-12-04 08:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-07 09:00", received("HGI", date(2020, 12, 4), date(2020, 12, 7)))
    accept(story, "2020-12-10 16:00", returned("HGI"))
    assert refusal(story, "2020-12-18 08:00", QUALIFIED).code is Code.DEADLINE_PASSED
    result = b.DossierAppraised(unit="HGI", result="not-qualified", reason="Không bổ sung")
    accept(story, "2020-12-18 09:00", result)


def test_the_authority_being_late_with_a_return_is_recorded_all_the_same() -> None:
    story = proposed()
    accept(story, "2020-12-04 08:00", submitted("LSN"), "/units/LSN")
    accept(story, "2020-12-07 09:00", received("LSN", date(2020, 12, 4), date(2020, 12, 7)))
    accept(story, "2020-12-21 16:00", returned("LSN"))
    accept(story, "2020-12-28 16:00", completed("LSN"), "/units/LSN")


def test_a_dossier_is_found_not_qualified_only_with_a_reason() -> None:
    story = proposed()
    accept(story, "2020-12-04 08:00", submitted("HGI"), "/units/HGI")
    accept(story, "2020-12-07 09:00", received("HGI", date(2020, 12, 4), date(2020, 12, 7)))
    bare = b.DossierAppraised(unit="HGI", result="not-qualified")
    assert refusal(story, "2020-12-18 08:00", bare).code is Code.REASON_REQUIRED


def test_invariant_9_an_appraisal_is_corrected_by_another_with_its_reason() -> None:
    story = appraised("LSN")
    changed = b.DossierAppraised(unit="LSN", result="not-qualified", reason="Số liệu chưa đúng")
    accept(story, "2021-01-21 08:00", changed)
    vote = council("co-bo", {"LSN": 20})
    assert refusal(story, "2021-01-28 08:00", vote).code is Code.DECISION_UNFOUNDED


def test_an_appraisal_on_which_an_award_rests_stands() -> None:
    story = appraised("LSN")
    accept(story, "2021-01-28 16:00", council("co-bo", {"LSN": 20}))
    accept(story, "2021-02-05 10:00", award("LSN", "co-bo"))
    changed = b.DossierAppraised(unit="LSN", result="not-qualified", reason="Số liệu chưa đúng")
    assert refusal(story, "2021-02-08 08:00", changed).code is Code.STATE_FORBIDS


def test_the_clocks_of_e25_to_e30_end_on_the_days_of_the_worked_year() -> None:
    story = appraised()
    holidays = story.fold.registry("BVHTTDL").holidays()
    assert holidays == frozenset(HOLIDAYS[2020]) | frozenset(HOLIDAYS[2021])
    days = regulation().working_days
    clocks = (
        (date(2020, 12, 7), days.return_within, date(2020, 12, 10)),
        (date(2020, 12, 10), days.complete_within, date(2020, 12, 17)),
        (date(2020, 12, 16), days.appraise_within, date(2021, 1, 21)),
        (date(2021, 1, 28), days.decide_within, date(2021, 2, 8)),
        (date(2021, 2, 5), days.notify_within, date(2021, 2, 26)),
    )
    for start, within, limit in clocks:
        assert add_working_days(start, within, holidays) == limit


def test_e23_the_cluster_report_carries_the_approved_ranking_before_5_december() -> None:
    story = proposed()
    late = refusal(story, "2020-12-05 00:00", report(1), CHAIR)
    assert late.code is Code.DEADLINE_PASSED
    accept(story, "2020-12-04 23:59", report(1), CHAIR)
    assert refusal(story, "2020-12-04 23:59", report(1), CHAIR).code is Code.ALREADY_DONE


def test_v10_a_corrected_ranking_is_reported_only_after_it_is_approved_again() -> None:
    story = proposed()
    accept(story, "2020-11-26 08:00", report(1), CHAIR)
    story.given("2020-11-30 08:00", "/services/units", ranking(2))
    outdated = refusal(story, "2020-12-07 08:00", report(1), CHAIR)
    assert outdated.code is Code.RANKING_OUTDATED
    assert outdated.facts["expected"] == 2
    assert refusal(story, "2020-12-07 08:00", report(2), CHAIR).code is Code.STATE_FORBIDS
    story.given("2020-12-07 08:30", CHAIR, b.RankingApproved(ranking=2))
    assert isinstance(story.when("2020-12-07 09:00", CHAIR, report(2), CYCLE), Recorded)
