"""The ranking: the worked example, ties, the bonus cap, corrections, and what never changes it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.units.domain import Cycle
from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused, ranking, totals
from thidua.contracts import units as u
from thidua.refusals import Code
from thidua.testing.story import Story

ROWS_2020 = [
    # unit, I, II, III, IV, self, base, bonus, minus, total, rank, tie
    ("LCA", "58", "15", "15", "9", "98", "97", "1.5", "0", "98.5", 1, None),
    ("LCH", "57.5", "15", "14.5", "9.5", "97.5", "96.5", "2", "0", "98.5", 2, "base"),
    ("LSN", "57.5", "14.5", "15", "9", "96.5", "96", "1", "0", "97", 3, None),
    ("SLA", "58", "14.5", "14", "9", "96", "95.5", "1", "0.5", "96", 4, None),
    ("HGI", "57", "14.5", "14.5", "9", "95.5", "95", "1", "0", "96", 5, "base"),
    ("DBN", "57", "14.5", "14", "9", "95", "94.5", "0.5", "0", "95", 6, None),
    ("CBG", "56.5", "14", "14.5", "9", "94.5", "94", "0.5", "1", "93.5", 7, None),
]
ROMAN = ("I", "II", "III", "IV")


def as_row(row: u.Standing) -> tuple[object, ...]:
    sums = (row.self_score, row.base, row.bonus, row.minus, row.total)
    return (row.unit, *(row.groups[name] for name in ROMAN), *sums, row.rank, row.tie)


def expected(row: tuple[object, ...]) -> tuple[object, ...]:
    unit, *numbers, rank, tie = row
    return (unit, *(Decimal(str(number)) for number in numbers), rank, tie)


def test_the_year_2020_gives_the_ranking_of_the_worked_example() -> None:
    story = telling.closed()

    assert [as_row(row) for row in ranking(story).rows] == [expected(row) for row in ROWS_2020]
    assert ranking(story).left_out == ()
    assert (ranking(story).version, ranking(story).rulebook) == (1, 1)


def test_the_ranking_follows_from_the_closing_in_the_same_append() -> None:
    story = telling.checked()

    judgement = accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert [(own.data.TYPE, own.subject, own.cause) for own in judgement.follows] == [
        (u.RankingConsolidated.TYPE, year.CYCLE, "")
    ]


def test_nobody_publishes_the_ranking_in_the_services_place() -> None:
    story = telling.closed()
    again = ranking(story)

    for source in (year.CHAIR, year.MINISTRY, "/services/ballots"):
        judgement = story.when("2020-11-13 11:00", source, again)
        assert_refused(judgement, Code.ROLE_REQUIRED, required=["service"])


def test_scoring_is_closed_once() -> None:
    story = telling.closed()

    judgement = story.when("2020-11-13 11:00", year.CHAIR, u.ScoringClosed())

    assert_refused(judgement, Code.ALREADY_DONE)


def test_scoring_is_not_closed_while_a_unit_is_not_cross_checked() -> None:
    story = telling.scored()

    judgement = story.when("2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert_refused(judgement, Code.SCORES_INCOMPLETE, missing=sorted(year.UNITS))


def test_scoring_is_not_closed_while_a_protest_is_open() -> None:
    story = telling.checked()
    accept(story, "2020-11-12 09:00", "/units/CBG", telling.protest())

    judgement = story.when("2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert_refused(judgement, Code.STATE_FORBIDS, state="open protests: CBG khieu-nai-1")


def test_a_member_does_not_close_scoring() -> None:
    story = telling.checked()

    judgement = story.when("2020-11-13 10:00", "/units/CBG", u.ScoringClosed())

    assert_refused(judgement, Code.ROLE_REQUIRED, required=["chair", "deputy"])


def test_invariant_1_a_unit_that_did_not_register_is_left_out_of_the_ranking() -> None:
    six = tuple(code for code in year.UNITS if code != "CBG")
    story = telling.closed(six)

    assert set(totals(story)) == set(six)
    assert ranking(story).left_out == ("CBG",)


def test_invariant_1_a_unit_excepted_from_registration_is_ranked_with_its_score() -> None:
    six = tuple(code for code in year.UNITS if code != "CBG")
    story = telling.checked(six)
    exception = u.ExceptionGranted(unit="CBG", rule="registration", reason="Bão lũ, mất liên lạc")
    accept(story, "2020-11-10 10:00", year.MINISTRY, exception)

    waiting = story.when("2020-11-10 11:00", year.CHAIR, u.ScoringClosed())
    assert_refused(waiting, Code.SCORES_INCOMPLETE, missing=["CBG"])

    accept(story, "2020-11-10 12:00", year.CHAIR, telling.planned())
    report = u.ReportSubmitted(unit="CBG", kind="yearly")
    accept(story, "2020-11-10 13:00", "/units/CBG", report)
    accept(story, "2020-11-10 14:00", "/units/CBG", year.sheet("CBG"))
    late = year.finding("III.3", "0", "Báo cáo muộn 11 ngày")
    accept(story, "2020-11-11 09:00", "/units/LCH", year.check("CBG", late))
    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert "CBG" in totals(story)
    assert ranking(story).left_out == ()


def test_a_suspended_unit_stays_in_the_ranking() -> None:
    story = telling.checked()
    suspended = u.UnitSuspended(unit="CBG", reason="Đang thanh tra", basis="QĐ 12/QĐ-TTr")
    accept(story, "2020-11-11 09:00", year.MINISTRY, suspended)

    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert "CBG" in totals(story)


def test_bonus_points_above_the_cap_are_recorded_and_not_counted() -> None:
    story = telling.checked()
    accept(story, "2020-11-11 09:00", year.CHAIR, year.adjustment("LCH", "thuong-2", "bonus", "4"))

    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    row = next(row for row in ranking(story).rows if row.unit == "LCH")
    assert (row.bonus, row.total) == (Decimal(5), Decimal("101.5"))


def test_variant_v19_a_total_of_107_is_accepted() -> None:
    rulebook = year.rulebook(scoring=year.table(bonus_cap=None))
    story = telling.checked(rulebook=rulebook)
    accept(story, "2020-11-11 09:00", year.CHAIR, year.adjustment("LCA", "co-cp", "bonus", "8.5"))

    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert totals(story)["LCA"] == "107.0"


def test_minus_points_never_push_a_total_below_zero() -> None:
    story = telling.checked()
    accept(story, "2020-11-11 09:00", year.CHAIR, year.adjustment("CBG", "tru-2", "minus", "500"))

    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    row = ranking(story).rows[-1]
    assert (row.unit, row.minus, row.total) == ("CBG", Decimal(501), Decimal(0))


CORRECTION = u.ScoreCorrected(
    unit="LCH",
    criterion="I.4",
    points=Decimal("11.5"),
    reason="Số liệu du lịch tính thiếu một quý",
    reference="Biên bản 02/BB-CTĐ ngày 23/11/2020",
)


def test_variant_v10_a_score_corrected_after_the_ranking_makes_version_2() -> None:
    story = telling.closed()
    first = ranking(story)

    accept(story, "2020-11-23 09:00", "/units/LCA", CORRECTION)

    assert ranking(story).version == 2
    assert list(totals(story))[:2] == ["LCH", "LCA"]
    assert story.told(u.RankingConsolidated) == [first, ranking(story)]


def test_invariant_9_a_correction_is_a_new_event_with_reason_author_and_reference() -> None:
    story = telling.closed()
    before = list(story.events)
    known_then = ranking(story)

    accept(story, "2020-11-23 09:00", "/units/LCA", CORRECTION)

    assert story.events[: len(before)] == before
    corrected = story.events[len(before)]
    assert (corrected.data, corrected.source) == (CORRECTION, "/units/LCA")
    fold = Story(story.judge, authority=year.AUTHORITY, cycle=year.CYCLE).fold
    fold.apply_all(before)
    assert fold.cycle(year.CYCLE).ranking == known_then


def test_a_correction_needs_a_ranking() -> None:
    story = telling.checked()

    judgement = story.when("2020-11-12 09:00", "/units/LCA", CORRECTION)

    assert_refused(judgement, Code.STATE_FORBIDS, needed="ranking")


def test_a_correction_that_changes_nothing_is_already_done() -> None:
    story = telling.closed()
    same = CORRECTION.model_copy(update={"points": Decimal("10.5")})

    assert_refused(story.when("2020-11-23 09:00", "/units/LCA", same), Code.ALREADY_DONE)


def test_nobody_corrects_the_score_of_its_own_unit() -> None:
    story = telling.closed()

    judgement = story.when("2020-11-23 09:00", year.CHAIR, CORRECTION)

    assert_refused(judgement, Code.SELF_SCORING, unit="LCH")


def test_a_unit_left_out_of_the_ranking_cannot_be_corrected() -> None:
    six = tuple(code for code in year.UNITS if code != "CBG")
    story = telling.closed(six)
    other = CORRECTION.model_copy(update={"unit": "CBG"})

    judgement = story.when("2020-11-23 09:00", year.CHAIR, other)

    assert_refused(judgement, Code.REFERENCE_UNKNOWN, given="CBG")


@settings(max_examples=15)
@given(data=st.data())
def test_the_order_of_submission_never_changes_the_totals(data: st.DataObject) -> None:
    def shuffled() -> tuple[str, ...]:
        return tuple(data.draw(st.permutations(year.UNITS)))

    story: Story[Cycle] = telling.ruled()
    for code in shuffled():
        accept(story, year.REGISTERED[code], f"/units/{code}", year.participation(code))
    accept(story, "2020-08-17 10:00", year.CHAIR, telling.planned())
    for code in shuffled():
        report = u.ReportSubmitted(unit=code, kind="yearly")
        accept(story, year.REPORTED[code], f"/units/{code}", report)
    for code in shuffled():
        accept(story, "2020-11-02 09:00", f"/units/{code}", year.sheet(code))
    for code in shuffled():
        accept(story, "2020-11-07 09:00", year.lead_of(code), year.check(code))
    for code, name, kind, points in data.draw(st.permutations(year.ADJUSTMENTS)):
        given = year.adjustment(code, name, kind, points)
        accept(story, "2020-11-10 09:00", year.CHAIR, given)
    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert [as_row(row) for row in ranking(story).rows] == [expected(row) for row in ROWS_2020]


def test_a_ranking_of_the_largest_cluster_fits_one_entry_of_the_log() -> None:
    groups = {f"AAAA{letter}.99.99.99": Decimal("9999.99") for letter in "ABCDEFGHIJKL"}
    row = u.Standing(
        unit="A" * 16,
        self_score=Decimal("9999.99"),
        base=Decimal("9999.99"),
        bonus=Decimal("9999.99"),
        minus=Decimal("9999.99"),
        total=Decimal("19999.98"),
        rank=64,
        groups=groups,
        tie="women-share",
    )
    whole = u.RankingConsolidated(version=1, rulebook=1, rows=(row,) * 64, left_out=())

    assert len(whole.model_dump_json(exclude_none=True)) < 44_000


def test_variant_v14_a_unit_that_ended_is_neither_ranked_nor_waited_for() -> None:
    story = telling.checked()
    accept(story, "2020-11-11 09:00", "/units/CBG", telling.protest())
    merged = u.UnitMerged(
        units=("CBG",), into="LSN", on=date(2020, 11, 12), basis="Nghị quyết của Quốc hội"
    )
    accept(story, "2020-11-11 10:00", year.MINISTRY, merged)

    accept(story, "2020-11-13 10:00", year.CHAIR, u.ScoringClosed())

    assert "CBG" not in totals(story)
    assert ranking(story).left_out == ()


def test_each_correction_makes_the_next_version_for_the_units_of_the_first() -> None:
    story = telling.closed()
    accept(story, "2020-11-23 09:00", "/units/LCA", CORRECTION)
    merged = u.UnitMerged(
        units=("CBG",), into="LSN", on=date(2020, 11, 24), basis="Nghị quyết của Quốc hội"
    )
    accept(story, "2020-11-23 10:00", year.MINISTRY, merged)
    other = CORRECTION.model_copy(update={"unit": "CBG", "points": Decimal(11)})

    accept(story, "2020-11-25 09:00", "/units/LCA", other)

    assert ranking(story).version == 3
    assert totals(story)["CBG"] == "94.0"
    assert set(totals(story)) == set(year.UNITS)
