"""Protests against verified points: when they may be made, and who answers them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.units import telling
from tests.units import year_2020 as year
from tests.units.telling import accept, answer, assert_refused, protest
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.domain import Cycle
    from thidua.testing.story import Story

CHECKED = "2020-11-07 09:00"
PROTESTED = "2020-11-12 09:00"


def protested() -> Story[Cycle]:
    story = telling.checked()
    accept(story, PROTESTED, "/units/CBG", protest())
    return story


def test_a_protest_waits_for_the_cross_check_and_ends_with_scoring() -> None:
    early = telling.scored().when(CHECKED, "/units/CBG", protest())
    assert_refused(early, Code.STATE_FORBIDS, needed="CBG cross-checked")
    again = protest().model_copy(update={"protest": "khieu-nai-2"})
    late = telling.closed().when("2020-11-14 08:00", "/units/CBG", again)
    assert_refused(late, Code.STATE_FORBIDS, state="scoring closed")


def test_one_protest_at_a_time_is_open_on_a_criterion() -> None:
    story = protested()
    second = protest().model_copy(update={"protest": "khieu-nai-2"})
    other = protest("I.1", "9.5").model_copy(update={"protest": "khieu-nai-3"})

    assert_refused(story.when(PROTESTED, "/units/CBG", protest()), Code.ALREADY_DONE)
    assert_refused(story.when(PROTESTED, "/units/CBG", second), Code.ALREADY_DONE)
    accept(story, PROTESTED, "/units/CBG", other)
    accept(story, PROTESTED, year.CHAIR, answer("rejected"))
    accept(story, PROTESTED, "/units/CBG", second)


@pytest.mark.parametrize(
    ("line", "claimed", "code"),
    [
        ("IX", "1", Code.CRITERION_UNKNOWN),
        ("I.4", "12.5", Code.CRITERION_OUT_OF_RANGE),
        ("I.4", "10.75", Code.SCORE_STEP_WRONG),
    ],
)
def test_a_protest_claims_points_the_table_allows(line: str, claimed: str, code: Code) -> None:
    judgement = telling.checked().when(PROTESTED, "/units/CBG", protest(line, claimed))

    assert_refused(judgement, code, criterion=line)


def test_an_upheld_protest_sets_the_points() -> None:
    story = protested()

    accept(story, PROTESTED, year.CHAIR, answer("upheld", "11"))

    assert story.state.checks["CBG"].points["I.4"] == Decimal(11)


def test_a_rejected_protest_leaves_the_points() -> None:
    story = protested()

    with_points = story.when(PROTESTED, year.CHAIR, answer("rejected", "11"))
    assert_refused(with_points, Code.STATE_FORBIDS, state="rejected")
    accept(story, PROTESTED, year.CHAIR, answer("rejected"))
    assert story.state.checks["CBG"].points["I.4"] == Decimal("10.5")


def test_an_upheld_protest_names_points_the_table_and_its_ladder_allow() -> None:
    story = protested()

    none = story.when(PROTESTED, year.CHAIR, answer("upheld"))
    assert_refused(none, Code.SCORES_INCOMPLETE, missing=["I.4"])
    above = story.when(PROTESTED, year.CHAIR, answer("upheld", "13"))
    assert_refused(above, Code.CRITERION_OUT_OF_RANGE)
    on_ladder = telling.checked()
    accept(on_ladder, PROTESTED, "/units/CBG", protest("III.3", "4.5"))
    lower = on_ladder.when(PROTESTED, year.CHAIR, answer("upheld", "4.5"))
    assert_refused(lower, Code.LADDER_MISMATCH, expected="5.0", given="4.5")


def test_a_protest_is_answered_once_and_must_exist() -> None:
    story = protested()
    accept(story, PROTESTED, year.CHAIR, answer("rejected"))
    unknown = answer("rejected").model_copy(update={"protest": "khieu-nai-9"})

    assert_refused(story.when(PROTESTED, year.CHAIR, answer("rejected")), Code.ALREADY_DONE)
    assert_refused(story.when(PROTESTED, year.CHAIR, unknown), Code.REFERENCE_UNKNOWN)


def test_the_deputy_answers_when_the_chairs_own_unit_protests() -> None:
    story = telling.checked()
    own = protest().model_copy(update={"unit": "LCH", "claimed": Decimal("11.5")})
    accept(story, PROTESTED, year.CHAIR, own)
    resolved = answer("upheld", "11.5").model_copy(update={"unit": "LCH"})

    assert_refused(story.when(PROTESTED, year.CHAIR, resolved), Code.SELF_SCORING, unit="LCH")
    accept(story, PROTESTED, year.DEPUTY, resolved)
