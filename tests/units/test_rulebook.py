"""The rulebook: who adopts it, when, and every fault by its name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused
from thidua.contracts.base import Share
from thidua.contracts.rulebook import (
    Band,
    Criterion,
    Deadlines,
    Ladder,
    Question,
    Requirements,
    ScoringTable,
    TieRule,
)
from thidua.deciding import Recorded, Refused
from thidua.refusals import Code

AT = "2020-03-20 09:00"


def band(low: str, high: str, points: str, ends: str = "[]") -> Band:
    """A band such as ``[50, 75)``: square brackets where the end belongs."""
    return Band(
        low=Decimal(low),
        low_belongs=ends[0] == "[",
        high=Decimal(high),
        high_belongs=ends[1] == "]",
        points=Decimal(points),
    )


def small(*criteria: Criterion, total: str = "10", step: str = "0.5") -> ScoringTable:
    return ScoringTable(total=Decimal(total), step=Decimal(step), criteria=criteria)


def steps(*given: tuple[int, str], beyond: str = "0") -> Ladder:
    made = tuple(Ladder.Step(days=days, points=Decimal(points)) for days, points in given)
    return Ladder(report="yearly", steps=made, beyond=Decimal(beyond))


TEN = year.criterion("I", "10")


def judged(**changed: object) -> Recorded | Refused:
    return telling.opened().when(AT, year.CHAIR, year.rulebook(**changed))  # type: ignore[arg-type]


def table_judged(*criteria: Criterion, **more: str) -> Recorded | Refused:
    return judged(scoring=small(*criteria, **more), ties=())


def test_the_rulebook_of_2020_is_adopted() -> None:
    assert judged() == Recorded()


@pytest.mark.parametrize("source", ["/units/CBG", year.MINISTRY])
def test_only_chair_or_deputy_adopt_the_rulebook(source: str) -> None:
    judgement = telling.opened().when(AT, source, year.rulebook())

    assert_refused(judgement, Code.ROLE_REQUIRED, required=["chair", "deputy"])


def test_versions_of_the_rulebook_follow_one_another() -> None:
    story = telling.ruled()

    assert_refused(story.when(AT, year.CHAIR, year.rulebook(1)), Code.ALREADY_DONE)
    gap = story.when(AT, year.CHAIR, year.rulebook(3))
    assert_refused(gap, Code.STATE_FORBIDS, state="rulebook 1", needed="rulebook 2")
    accept(story, AT, year.CHAIR, year.rulebook(2))


def test_the_rulebook_is_not_replaced_once_score_sheets_stand() -> None:
    story = telling.scored()

    judgement = story.when("2020-11-03 09:00", year.CHAIR, year.rulebook(2))

    assert_refused(judgement, Code.STATE_FORBIDS, needed="no score sheet")


def test_a_rulebook_is_not_adopted_on_a_day_to_come() -> None:
    assert_refused(judged(adopted_on=date(2020, 3, 21)), Code.DATE_INVALID, given="2020-03-21")


def test_the_maxima_must_add_up_to_the_total() -> None:
    assert_refused(
        table_judged(TEN, total="99"), Code.TABLE_SUM_WRONG, expected="99.0", given="10", of="total"
    )


def test_a_heading_must_be_the_sum_of_its_lines() -> None:
    lines = (year.criterion("I.1", "4"), year.criterion("I.2", "6"))

    assert table_judged(year.criterion("I", "10"), *lines) == Recorded()
    wrong = table_judged(year.criterion("I", "11"), *lines)
    assert_refused(wrong, Code.TABLE_SUM_WRONG, expected="11.0", given="10", of="I")


FAULTY_TABLES = [
    (small(TEN, step="0"), "step: not above zero"),
    (small(TEN, step="-1"), "step: not above zero"),
    (
        small(year.criterion("I", "10000.5"), total="10000.5"),
        "total: not above zero and at most 10000",
    ),
    (small(year.criterion("I", "0"), total="0"), "total: not above zero and at most 10000"),
    (
        ScoringTable(total=Decimal(10), step=Decimal(1), bonus_cap=Decimal(-1), criteria=(TEN,)),
        "bonus cap: below zero",
    ),
    (small(year.criterion("I", "10", group="II")), "criterion I: II is not its group"),
    (
        small(year.criterion("I.4", "10", group="I.3")),
        "criterion I.4: I.3 is not its group",
    ),
    (
        small(year.criterion("I", "9.7"), year.criterion("II", "0.3")),
        "criterion I: maximum 9.7 is below zero or between the steps of 0.5",
    ),
    (
        small(year.criterion("I", "11"), year.criterion("II", "-1")),
        "criterion II: maximum -1 is below zero or between the steps of 0.5",
    ),
    (
        small(year.criterion("I", "10", evidence=True), year.criterion("I.1", "10")),
        "criterion I: a heading has no points of its own",
    ),
    (
        small(year.criterion("I", "10", ladder=year.ladder(), bands=(band("0", "100", "5"),))),
        "criterion I: ladder and bands at once",
    ),
    (
        small(year.criterion("I", "10", ladder=steps((0, "11")))),
        "criterion I: 11 points are out of range or between the steps of 0.5",
    ),
    (
        small(year.criterion("I", "10", ladder=steps((0, "5"), beyond="0.3"))),
        "criterion I: 0.3 points are out of range or between the steps of 0.5",
    ),
    (
        small(year.criterion("I", "10", ladder=steps((2, "5"), (2, "4")))),
        "criterion I: ladder: its days do not rise",
    ),
    (
        small(year.criterion("I", "10", ladder=steps((0, "4"), (2, "5")))),
        "criterion I: ladder: later gives more",
    ),
]


@pytest.mark.parametrize(("table", "fault"), FAULTY_TABLES)
def test_a_scoring_table_is_refused_by_the_name_of_its_fault(
    table: ScoringTable, fault: str
) -> None:
    assert_refused(judged(scoring=table, ties=()), Code.RULEBOOK_INVALID, fault=fault)


def test_a_criterion_stands_once_in_the_table() -> None:
    twice = small(year.criterion("I", "10"), year.criterion("I", "10"))

    assert_refused(
        judged(scoring=twice, ties=()), Code.RULEBOOK_INVALID, fault="criterion I stands twice"
    )


SOUND_BANDS = (
    band("95", "100", "10", "(]"),
    band("75", "95", "8", "[]"),
    band("50", "75", "5", "[)"),
    band("0", "50", "0", "[)"),
)


def test_bands_that_hold_every_value_once_are_sound() -> None:
    assert table_judged(year.criterion("I", "10", bands=SOUND_BANDS)) == Recorded()


@pytest.mark.parametrize(
    ("bands", "fault"),
    [
        ((band("0", "90", "5"), band("91", "100", "10")), "gap between 90 and 91"),
        ((band("0", "90", "5", "[)"), band("90", "100", "10", "(]")), "gap between 90 and 90"),
        ((band("0", "90", "5"), band("90", "100", "10")), "overlap between 90 and 90"),
        ((band("0", "91", "5"), band("90", "100", "10")), "overlap between 90 and 91"),
        ((band("50", "100", "5"),), "gap between 0 and 50"),
        ((band("0", "99.5", "5"),), "gap between 99.5 and 100"),
        ((band("0", "100", "5", "(]"),), "gap between 0 and 0"),
        ((band("100", "0", "5"),), "band 100-0 is empty"),
        ((band("50", "50", "5", "[)"),), "band 50-50 is empty"),
    ],
)
def test_bands_with_a_gap_or_an_overlap_are_refused(bands: tuple[Band, ...], fault: str) -> None:
    judgement = table_judged(year.criterion("I", "10", bands=bands))

    assert_refused(judgement, Code.RULEBOOK_INVALID, fault=f"criterion I: {fault}")


@pytest.mark.parametrize(
    ("ties", "fault"),
    [
        ((TieRule(by="base"), TieRule(by="base")), "tie step base stands twice"),
        ((TieRule(by="group"),), "tie step group: a group belongs to the step group alone"),
        (
            (TieRule(by="base", group="I"),),
            "tie step base: a group belongs to the step group alone",
        ),
        ((TieRule(by="group", group="V"),), "tie step group: V is no group of the table"),
        (
            (TieRule(by="conference"), TieRule(by="base")),
            "tie step conference: it must be the last",
        ),
    ],
)
def test_a_tie_break_list_is_refused_by_the_name_of_its_fault(
    ties: tuple[TieRule, ...], fault: str
) -> None:
    assert_refused(judged(ties=ties), Code.RULEBOOK_INVALID, fault=fault)


def question(about: str, **changed: object) -> Question:
    given = {
        "about": about,
        "form": "agree",
        "threshold": Share(num=1, den=2),
        "base": "members",
    }
    return Question.model_validate({**given, **changed})


NONE, ABOVE = Share(num=0, den=1), Share(num=3, den=2)


@pytest.mark.parametrize(
    ("voting", "fault"),
    [
        ({"quorum": ABOVE}, "quorum: none, or more than all members"),
        ({"quorum": NONE}, "quorum: none, or more than all members"),
        (
            {"questions": (question("chair"), question("chair"))},
            "question chair stands twice",
        ),
        (
            {"questions": (question("chair", threshold=Share(num=1, den=1, op="more-than")),)},
            "question chair: threshold: none, or more than all",
        ),
        (
            {"questions": (question("co-bo", form="choose"),)},
            "question co-bo: how many may be chosen is missing",
        ),
        (
            {"questions": (question("co-tinh"),)},
            "question co-tinh: no title of the year's regulation",
        ),
        (
            {"questions": (question("ctdcp"),)},
            "question ctdcp: a state-level title is not balloted",
        ),
    ],
)
def test_voting_rules_are_refused_by_the_name_of_their_fault(
    voting: dict[str, object], fault: str
) -> None:
    changed = year.voting().model_copy(update=voting)

    assert_refused(judged(voting=changed), Code.RULEBOOK_INVALID, fault=fault)


def test_a_minimum_total_is_not_below_zero() -> None:
    requirements = Requirements(minimum_total=Decimal(-1))

    judgement = judged(requirements=requirements)

    assert_refused(judgement, Code.RULEBOOK_INVALID, fault="minimum total: below zero")


def test_a_ladder_needs_a_deadline_to_count_from() -> None:
    story = telling.opened()
    without = year.regulation(deadlines=Deadlines())
    accept(story, AT, year.MINISTRY, without)

    judgement = story.when(AT, year.CHAIR, year.rulebook())

    fault = "criterion III.3: the year has no deadline for the yearly report"
    assert_refused(judgement, Code.RULEBOOK_INVALID, fault=fault)


def test_a_table_has_at_most_12_groups() -> None:
    def of(number: int) -> ScoringTable:
        lines = (year.criterion(letter, "1") for letter in "ABCDEFGHIKLMN"[:number])
        return small(*lines, total=str(number))

    assert judged(scoring=of(12), ties=()) == Recorded()
    judgement = judged(scoring=of(13), ties=())
    assert_refused(judgement, Code.RULEBOOK_INVALID, fault="more than 12 groups")
