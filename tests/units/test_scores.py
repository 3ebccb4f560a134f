"""Reports, evidence, score sheets, bonus and minus: what units and the secretariat put in."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused
from thidua.contracts import units as u
from thidua.contracts.base import Evidence
from thidua.refusals import Code

SHA = "ab" * 32
AT = "2020-11-02 10:00"


def report(unit: str = "LCA", kind: str = "yearly", **changed: object) -> u.ReportSubmitted:
    return u.ReportSubmitted.model_validate({"unit": unit, "kind": kind, **changed})


def withdrawn(unit: str = "LCA") -> u.ReportWithdrawn:
    return u.ReportWithdrawn(unit=unit, kind="yearly", reason="Số liệu chưa đủ")


def file(criterion: str | None = None, sha256: str = SHA) -> Evidence:
    return Evidence(sha256=sha256, bytes=1024, name="minh-chung.pdf", criterion=criterion)


def test_a_late_report_is_taken() -> None:
    accept(telling.registered(), "2020-12-24 08:00", "/units/LCA", report())


def test_a_report_is_handed_in_by_its_own_unit() -> None:
    judgement = telling.registered().when(AT, "/units/LCH", report("LCA"))

    assert_refused(judgement, Code.ROLE_REQUIRED, required=["member LCA"])


def test_a_report_may_be_replaced_and_withdrawn_until_it_is_cross_checked() -> None:
    story = telling.reported()

    accept(story, AT, "/units/LCA", report())
    accept(story, AT, "/units/LCA", withdrawn())
    again = story.when(AT, "/units/LCA", withdrawn())
    assert_refused(again, Code.REFERENCE_UNKNOWN, what="yearly report", given="LCA")


@pytest.mark.parametrize("data", [report(), withdrawn()])
def test_a_cross_checked_units_report_stays_as_it_is(data: u.ReportSubmitted) -> None:
    judgement = telling.checked().when("2020-11-10 08:00", "/units/LCA", data)

    assert_refused(judgement, Code.STATE_FORBIDS, state="LCA cross-checked")


def test_after_scoring_is_closed_nobody_reports() -> None:
    six = tuple(code for code in year.UNITS if code != "CBG")

    judgement = telling.closed(six).when("2020-11-14 08:00", "/units/CBG", report("CBG"))

    assert_refused(judgement, Code.STATE_FORBIDS, state="scoring closed")


def test_a_replaced_or_withdrawn_report_counts_its_days_late_anew() -> None:
    story = telling.reported()
    accept(story, "2020-11-02 07:00", "/units/LCA", withdrawn())
    accept(story, "2020-11-02 08:00", "/units/LCA", report())
    accept(story, AT, "/units/LCA", year.sheet("LCA"))

    on_time = story.when("2020-11-07 09:00", "/units/HGI", year.check("LCA"))
    assert_refused(on_time, Code.LADDER_MISMATCH, criterion="III.3", expected="4.0", given="5.0")


def test_evidence_names_a_criterion_of_the_table_and_stands_once_in_a_report() -> None:
    story = telling.registered()

    unknown = story.when(AT, "/units/LCA", report(evidence=(file("IX"),)))
    assert_refused(unknown, Code.CRITERION_UNKNOWN, criterion="IX")
    twice = story.when(AT, "/units/LCA", report(evidence=(file(), file())))
    assert_refused(twice, Code.OVERLAP, given=SHA)
    accept(story, AT, "/units/LCA", report(evidence=(file("I.5"),)))


STORE = "/services/door"


def test_only_the_store_says_that_it_holds_a_file_and_once_for_each_unit() -> None:
    story = telling.registered()
    stored = u.EvidenceStored(unit="LCA", evidence=file("I.5"))
    unknown = u.EvidenceStored(unit="LCA", evidence=file("IX"))

    for stranger in ("/units/LCA", year.CHAIR, year.MINISTRY, "/services/ballots"):
        assert_refused(story.when(AT, stranger, stored), Code.ROLE_REQUIRED)
    assert_refused(story.when(AT, STORE, unknown), Code.CRITERION_UNKNOWN)
    accept(story, AT, STORE, stored)
    assert_refused(story.when(AT, STORE, stored), Code.ALREADY_DONE)
    accept(story, AT, STORE, u.EvidenceStored(unit="LCH", evidence=file("I.5")))


def test_a_file_is_stored_for_members_of_the_cluster_alone() -> None:
    story = telling.registered()
    stranger = u.EvidenceStored(unit="XXX", evidence=file())
    assert_refused(story.when(AT, STORE, stranger), Code.UNIT_UNKNOWN)


def without_note(*hashes: str) -> u.ScoreSheetSubmitted:
    whole = year.sheet("LCA")
    marks = tuple(
        mark.model_copy(update={"note": None, "evidence": hashes})
        if mark.criterion == "I.5"
        else mark
        for mark in whole.marks
    )
    return whole.model_copy(update={"marks": marks})


def test_a_criterion_that_asks_for_evidence_needs_a_file_or_a_note() -> None:
    story = telling.reported()

    bare = story.when(AT, "/units/LCA", without_note())
    assert_refused(bare, Code.EVIDENCE_MISSING, criterion="I.5")
    accept(story, AT, "/units/LCA", without_note(SHA))
    accept(story, AT, "/units/LCA", year.sheet("LCA"))


def test_a_score_sheet_has_every_criterion_once() -> None:
    story = telling.reported()
    whole = year.sheet("LCA")
    short = whole.model_copy(update={"marks": whole.marks[:-2]})
    double = whole.model_copy(update={"marks": (*whole.marks, whole.marks[0])})

    missing = story.when(AT, "/units/LCA", short)
    assert_refused(missing, Code.SCORES_INCOMPLETE, missing=["IV.2", "IV.3"])
    assert_refused(story.when(AT, "/units/LCA", double), Code.OVERLAP, given="I.1")


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ("10.5", Code.CRITERION_OUT_OF_RANGE),
        ("-0.5", Code.CRITERION_OUT_OF_RANGE),
        ("9.75", Code.SCORE_STEP_WRONG),
    ],
)
def test_points_lie_in_range_and_on_a_step(points: str, code: Code) -> None:
    judgement = telling.reported().when(AT, "/units/LCA", year.sheet("LCA", I_1=points))

    assert_refused(judgement, code, criterion="I.1")


def test_a_criterion_outside_the_table_is_unknown() -> None:
    judgement = telling.reported().when(AT, "/units/LCA", year.sheet("LCA", V="1"))

    assert_refused(judgement, Code.CRITERION_UNKNOWN, criterion="V")


def test_a_self_score_may_claim_what_the_ladder_will_not_give() -> None:
    accept(telling.reported(), AT, "/units/SLA", year.sheet("SLA", III_3="5"))


def test_a_score_sheet_names_the_rulebook_in_force() -> None:
    story = telling.reported()
    other = year.sheet("LCA").model_copy(update={"rulebook": 2})

    judgement = story.when(AT, "/units/LCA", other)

    assert_refused(judgement, Code.REFERENCE_UNKNOWN, what="rulebook in force", given="2")


def test_an_unregistered_unit_hands_in_no_score_sheet() -> None:
    story = telling.registered(("LCA", "LCH"))

    judgement = story.when(AT, "/units/CBG", year.sheet("CBG"))

    assert_refused(judgement, Code.NOT_REGISTERED, unit="CBG")


def test_a_score_sheet_is_replaced_until_it_is_cross_checked() -> None:
    story = telling.scored()
    accept(story, AT, "/units/LCA", year.sheet("LCA", I_1="9"))
    accept(story, "2020-11-07 09:00", "/units/HGI", year.check("LCA"))

    judgement = story.when("2020-11-07 10:00", "/units/LCA", year.sheet("LCA"))

    assert_refused(judgement, Code.STATE_FORBIDS, state="LCA cross-checked")


def test_adjustments_have_names_of_their_own_in_each_unit() -> None:
    story = telling.registered()
    first = year.adjustment("LCA", "thuong-1", "bonus", "1")

    accept(story, AT, year.CHAIR, first)
    assert_refused(story.when(AT, year.DEPUTY, first), Code.ALREADY_DONE)
    accept(story, AT, year.CHAIR, year.adjustment("LCH", "thuong-1", "bonus", "1"))


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ("0", Code.CRITERION_OUT_OF_RANGE),
        ("-1", Code.CRITERION_OUT_OF_RANGE),
        ("10000.5", Code.CRITERION_OUT_OF_RANGE),
        ("0.75", Code.SCORE_STEP_WRONG),
    ],
)
def test_an_adjustment_is_above_zero_and_on_a_step(points: str, code: Code) -> None:
    data = year.adjustment("LCA", "tru-1", "minus", points)

    assert_refused(telling.registered().when(AT, year.CHAIR, data), code, criterion="minus")


def test_adjustments_need_a_rulebook_a_registration_and_open_scoring() -> None:
    data = year.adjustment("CBG", "thuong-9", "bonus", "1")

    early = telling.opened()
    accept(early, "2020-03-12 08:00", "/units/CBG", year.participation("CBG"))
    assert_refused(early.when(AT, year.CHAIR, data), Code.STATE_FORBIDS, needed="rulebook")
    outside = telling.registered(("LCA",)).when(AT, year.CHAIR, data)
    assert_refused(outside, Code.NOT_REGISTERED, unit="CBG")
    late = telling.closed().when("2020-11-14 08:00", year.CHAIR, data)
    assert_refused(late, Code.STATE_FORBIDS, state="scoring closed")


def test_a_member_gives_no_bonus() -> None:
    data = year.adjustment("CBG", "thuong-9", "bonus", "1")

    judgement = telling.registered().when(AT, "/units/CBG", data)

    assert_refused(judgement, Code.ROLE_REQUIRED, required=["chair", "deputy"])


def test_totals_add_up_exactly_in_decimal_tenths() -> None:
    lines = tuple(year.criterion(f"I.{number}", "0.1") for number in range(1, 4))
    table = year.table(total=Decimal("0.3"), step=Decimal("0.1"), criteria=lines)
    rulebook = year.rulebook(scoring=table, ties=())
    story = telling.registered(("LCA",), rulebook)
    marks = tuple(u.Mark(criterion=line.code, points=Decimal("0.1")) for line in lines)
    accept(story, AT, "/units/LCA", u.ScoreSheetSubmitted(unit="LCA", rulebook=1, marks=marks))
    accept(story, AT, year.CHAIR, telling.planned(("LCA",)))
    check = u.CrossCheckRecorded(unit="LCA", team="doan-2", findings=())
    accept(story, "2020-11-07 09:00", "/units/HGI", check)

    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert telling.totals(story) == {"LCA": "0.3"}


def test_a_units_bonus_points_add_up_to_at_most_10000() -> None:
    story = telling.registered()
    accept(story, AT, year.CHAIR, year.adjustment("LCA", "thuong-1", "bonus", "9999.5"))
    more = year.adjustment("LCA", "thuong-2", "bonus", "1")

    judgement = story.when(AT, year.CHAIR, more)

    assert_refused(judgement, Code.CRITERION_OUT_OF_RANGE, max="0.5", given="1.0")
    accept(story, AT, year.CHAIR, year.adjustment("LCA", "tru-1", "minus", "1"))
