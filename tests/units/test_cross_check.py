"""The cross-check: nobody decides over its own points, and ladders and bands are kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused
from thidua.contracts import units as u
from thidua.contracts.rulebook import Band
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.domain import Cycle
    from thidua.testing.story import Story

PLANNED = "2020-08-17 10:00"
CHECKED = "2020-11-07 09:00"


def team(name: str, lead: str, members: tuple[str, ...], checks: tuple[str, ...]) -> u.Team:
    return u.Team(team=name, lead=lead, members=members, checks=checks)


def plan(*teams: u.Team, **changed: object) -> u.CrossCheckPlanned:
    given = {"teams": teams or year.TEAMS, "starts": date(2020, 11, 6), "ends": date(2020, 11, 9)}
    return u.CrossCheckPlanned.model_validate({**given, **changed})


ONE = ("LCH", "DBN", "SLA", "LCA")
TWO = ("HGI", "CBG", "LSN")


@pytest.mark.parametrize(
    ("data", "code", "facts"),
    [
        (
            plan(team("a", "LCH", ONE, ("CBG", "LCA")), team("b", "HGI", TWO, ("LCH",))),
            Code.SELF_SCORING,
            {"unit": "LCA"},
        ),
        (
            plan(team("a", "LCH", ONE, TWO), team("b", "HGI", (*TWO, "LCA"), ("LCH",))),
            Code.TEAM_OVERLAP,
            {"unit": "LCA"},
        ),
        (
            plan(
                team("a", "LCH", ("LCH", "DBN"), (*TWO, "LCA", "SLA")),
                team("b", "HGI", TWO, ("LCH", "DBN", "LCA")),
            ),
            Code.TEAM_OVERLAP,
            {"unit": "LCA"},
        ),
        (
            plan(team("a", "LCH", ONE, TWO), team("b", "HGI", TWO, ("LCH", "DBN"))),
            Code.SCORES_INCOMPLETE,
            {"missing": ["LCA", "SLA"]},
        ),
        (
            plan(team("a", "HGI", ONE, TWO), team("b", "HGI", TWO, ONE)),
            Code.REFERENCE_UNKNOWN,
            {"what": "member of team a", "given": "HGI"},
        ),
        (
            plan(team("a", "LCH", ONE, TWO), team("a", "HGI", TWO, ONE)),
            Code.OVERLAP,
            {"given": "a"},
        ),
        (
            plan(team("a", "LCH", (*ONE, "XYZ"), TWO), team("b", "HGI", TWO, ONE)),
            Code.UNIT_UNKNOWN,
            {"given": "XYZ"},
        ),
        (plan(ends=date(2020, 11, 5)), Code.DATE_INVALID, {"given": "2020-11-05"}),
    ],
)
def test_a_plan_covers_every_unit_once_and_nobody_checks_itself(
    data: u.CrossCheckPlanned, code: Code, facts: dict[str, object]
) -> None:
    judgement = telling.registered().when(PLANNED, year.CHAIR, data)

    assert_refused(judgement, code, **facts)


def test_only_chair_or_deputy_plan_the_cross_check_on_a_rulebook() -> None:
    assert_refused(telling.registered().when(PLANNED, "/units/CBG", plan()), Code.ROLE_REQUIRED)
    judgement = telling.opened().when(PLANNED, year.CHAIR, plan())
    assert_refused(judgement, Code.STATE_FORBIDS, needed="rulebook")


def test_units_that_did_not_register_are_not_planned() -> None:
    judgement = telling.registered(ONE).when(PLANNED, year.CHAIR, plan())

    assert_refused(judgement, Code.NOT_REGISTERED, unit="HGI")


def test_a_later_plan_keeps_who_was_checked_with_the_team_that_did_it() -> None:
    story = telling.scored()
    accept(story, CHECKED, "/units/LCH", year.check("CBG"))
    other = plan(team("doan-3", "LCH", ONE, TWO), team("doan-2", "HGI", TWO, ONE))
    longer = plan(ends=date(2020, 11, 20))

    assert_refused(story.when(CHECKED, year.CHAIR, other), Code.ALREADY_DONE)
    accept(story, CHECKED, year.CHAIR, longer)


def test_any_member_of_the_team_records_the_cross_check() -> None:
    accept(telling.scored(), CHECKED, "/units/DBN", year.check("CBG"))


@pytest.mark.parametrize(
    ("source", "data", "code"),
    [
        ("/units/CBG", year.check("CBG"), Code.SELF_SCORING),
        ("/units/HGI", year.check("CBG"), Code.ROLE_REQUIRED),
        (year.MINISTRY, year.check("CBG"), Code.ROLE_REQUIRED),
        (
            "/units/HGI",
            year.check("LSN").model_copy(update={"team": "doan-2"}),
            Code.SELF_SCORING,
        ),
        (
            "/units/LCH",
            year.check("CBG").model_copy(update={"team": "doan-9"}),
            Code.REFERENCE_UNKNOWN,
        ),
    ],
)
def test_nobody_but_the_team_sent_there_records_a_cross_check(
    source: str, data: u.CrossCheckRecorded, code: Code
) -> None:
    assert_refused(telling.scored().when(CHECKED, source, data), code)


def test_no_cross_check_is_recorded_before_its_first_day_and_late_ones_are_taken() -> None:
    story = telling.scored()

    early = story.when("2020-11-05 23:59", "/units/LCH", year.check("CBG"))
    assert_refused(early, Code.TOO_EARLY, earliest="2020-11-06 00:00")
    accept(story, "2020-11-06 00:00", "/units/LCH", year.check("CBG"))
    accept(story, "2020-11-11 08:00", "/units/LCH", year.check("HGI"))


def test_a_unit_is_cross_checked_once_and_only_on_its_score_sheet() -> None:
    story = telling.scored()
    accept(story, CHECKED, "/units/LCH", year.check("CBG"))

    assert_refused(story.when(CHECKED, "/units/LCH", year.check("CBG")), Code.ALREADY_DONE)
    without = telling.reported().when(CHECKED, "/units/LCH", year.check("CBG"))
    assert_refused(without, Code.STATE_FORBIDS, needed="score sheet of CBG")


@pytest.mark.parametrize(
    ("finding", "code"),
    [
        (year.finding("I.4", "10.5", None), Code.REASON_REQUIRED),
        (year.finding("I.4", "12.5"), Code.CRITERION_OUT_OF_RANGE),
        (year.finding("I.4", "10.25"), Code.SCORE_STEP_WRONG),
        (year.finding("IX", "1"), Code.CRITERION_UNKNOWN),
    ],
)
def test_a_finding_has_a_reason_and_lies_in_range_and_on_a_step(
    finding: u.Finding, code: Code
) -> None:
    story = telling.scored()

    judgement = story.when(CHECKED, "/units/LCH", year.check("CBG", finding))

    assert_refused(judgement, code, criterion=finding.criterion)


def test_a_criterion_is_found_once() -> None:
    twice = (year.finding("I.4", "10.5"), year.finding("I.4", "10"))

    judgement = telling.scored().when(CHECKED, "/units/LCH", year.check("CBG", *twice))

    assert_refused(judgement, Code.OVERLAP, given="I.4")


def test_criteria_not_named_keep_the_self_score() -> None:
    story = telling.scored()
    same = year.finding("I.1", "10", None)

    accept(story, CHECKED, "/units/LCH", year.check("CBG", same))

    own = {mark.criterion: mark.points for mark in year.sheet("CBG").marks}
    assert story.state.checks["CBG"].points == own


@pytest.mark.parametrize(
    ("arrived", "points"),
    [
        ("2020-10-30 23:59", "5"),
        ("2020-10-31 00:00", "4.5"),
        ("2020-11-01 23:59", "4.5"),
        ("2020-11-02 00:00", "4"),
        ("2020-11-04 23:59", "4"),
        ("2020-11-05 00:00", "2.5"),
        ("2020-11-09 23:59", "2.5"),
        ("2020-11-10 00:00", "0"),
        (None, "0"),
    ],
)
def test_the_lateness_ladder_counts_whole_local_days(arrived: str | None, points: str) -> None:
    story = telling.registered()
    accept(story, PLANNED, year.CHAIR, plan())
    accept(story, "2020-10-20 08:00", "/units/SLA", year.sheet("SLA"))
    if arrived is not None:
        accept(story, arrived, "/units/SLA", u.ReportSubmitted(unit="SLA", kind="yearly"))

    for wrong in {"5", "4.5", "4", "2.5", "0"} - {points}:
        data = year.check("SLA", year.finding("III.3", wrong))
        judgement = story.when("2020-11-12 09:00", "/units/HGI", data)
        assert_refused(judgement, Code.LADDER_MISMATCH, criterion="III.3")
    right = year.check("SLA", year.finding("III.3", points))
    accept(story, "2020-11-12 09:00", "/units/HGI", right)


def test_a_late_report_uncorrected_by_the_team_is_a_mismatch() -> None:
    story = telling.scored()
    data = year.check("SLA", year.finding("I.1", "9.5"))

    judgement = story.when(CHECKED, "/units/HGI", data)

    assert_refused(judgement, Code.LADDER_MISMATCH, expected="4.5", given="5.0")


def band(low: str, high: str, points: str, *, low_belongs: bool, high_belongs: bool) -> Band:
    return Band(
        low=Decimal(low),
        low_belongs=low_belongs,
        high=Decimal(high),
        high_belongs=high_belongs,
        points=Decimal(points),
    )


BANDS = (
    band("0", "75", "0", low_belongs=True, high_belongs=False),
    band("75", "95", "1", low_belongs=True, high_belongs=True),
    band("95", "100", "1.5", low_belongs=False, high_belongs=True),
)


def banded() -> Story[Cycle]:
    """A year with one criterion, which bands decide; Lào Cai claims 1.5 for 96 percent."""
    line = year.criterion("VIII", "1.5", bands=BANDS)
    table = year.table(total=Decimal("1.5"), criteria=(line,))
    story = telling.registered(("LCA",), year.rulebook(scoring=table, ties=()))
    mark = u.Mark(criterion="VIII", points=Decimal("1.5"), value=Decimal(96))
    sheet = u.ScoreSheetSubmitted(unit="LCA", rulebook=1, marks=(mark,))
    accept(story, "2020-10-30 08:00", "/units/LCA", sheet)
    accept(story, "2020-10-30 09:00", year.CHAIR, telling.planned(("LCA",)))
    return story


def measured(value: str | None, points: str) -> u.CrossCheckRecorded:
    share = None if value is None else Decimal(value)
    finding = u.Finding(
        criterion="VIII", points=Decimal(points), value=share, reason="Đếm lại văn bản"
    )
    return u.CrossCheckRecorded(unit="LCA", team="doan-2", findings=(finding,))


@pytest.mark.parametrize(
    ("value", "points"),
    [("100", "1.5"), ("95.01", "1.5"), ("95", "1"), ("75", "1"), ("74.99", "0"), (None, "1.5")],
)
def test_bands_decide_by_the_measured_value_ends_included_as_stated(
    value: str | None, points: str
) -> None:
    accept(banded(), CHECKED, "/units/HGI", measured(value, points))


def test_points_other_than_the_bands_are_a_mismatch() -> None:
    judgement = banded().when(CHECKED, "/units/HGI", measured("95", "1.5"))
    assert_refused(judgement, Code.LADDER_MISMATCH, expected="1.0", given="1.5")
    none_such = banded().when(CHECKED, "/units/HGI", measured("95", "0.5"))
    assert_refused(none_such, Code.LADDER_MISMATCH, expected="0.0 / 1.0 / 1.5", given="0.5")


def test_a_value_outside_all_bands_is_out_of_range() -> None:
    judgement = banded().when(CHECKED, "/units/HGI", measured("100.01", "1.5"))

    assert_refused(judgement, Code.CRITERION_OUT_OF_RANGE, max="100.0", given="100.01")


def test_bands_need_a_measured_value() -> None:
    story = banded()
    mark = u.Mark(criterion="VIII", points=Decimal("1.5"))
    sheet = u.ScoreSheetSubmitted(unit="LCA", rulebook=1, marks=(mark,))
    accept(story, "2020-10-30 10:00", "/units/LCA", sheet)

    judgement = story.when(CHECKED, "/units/HGI", measured(None, "1.5"))

    assert_refused(judgement, Code.SCORES_INCOMPLETE, missing=["VIII value"])
