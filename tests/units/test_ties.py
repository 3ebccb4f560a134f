"""The tie-break list on states made by hand: each step, equal ranks, and when ranks are strict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.units.domain.ranking import ranked
from services.units.domain.state import Checked, Cycle, Participation
from tests.units import year_2020 as year
from thidua.contracts.rulebook import TieRule
from thidua.standing import Frame

RX = datetime(2020, 10, 20, tzinfo=UTC)


def tied(
    ties: tuple[TieRule, ...] = year.TIES,
    points: dict[str, dict[str, str]] | None = None,
    women: dict[str, str] | None = None,
    reported: dict[str, int] | None = None,
    minus: dict[str, str] | None = None,
    bonus: dict[str, str] | None = None,
) -> list[tuple[str, int, str | None]]:
    """Unit, rank and separating step of units with the given parts; all else is equal."""
    cycle = Cycle(
        Frame(year.CYCLE),
        checks={
            unit: Checked("doan-1", {line: Decimal(given) for line, given in parts.items()})
            for unit, parts in (points or {}).items()
        },
        participations={
            unit: Participation(Decimal(share), RX) for unit, share in (women or {}).items()
        },
        reports={
            (unit, "yearly"): RX + timedelta(minutes=late)
            for unit, late in (reported or {}).items()
        },
        adjustments={
            (unit, kind): year.adjustment(unit, kind, kind, given)
            for kind, of_units in (("minus", minus or {}), ("bonus", bonus or {}))
            for unit, given in of_units.items()
        },
    )
    rulebook = year.rulebook(ties=ties)
    made = ranked(cycle, rulebook, tuple(points or {}), version=1, left_out=())
    return [(row.unit, row.rank, row.tie) for row in made.rows]


EQUAL = {"AAA": {"I.1": "9", "II": "9"}, "BBB": {"I.1": "9", "II": "9"}}


def test_equal_totals_are_separated_by_the_higher_base_score() -> None:
    points = {"AAA": {"II": "9"}, "BBB": {"II": "10"}}

    assert tied(points=points, bonus={"AAA": "1"}) == [("BBB", 1, None), ("AAA", 2, "base")]


def test_equal_bases_are_separated_by_the_group_named_in_the_rulebook() -> None:
    points = {"AAA": {"I.1": "8", "II": "10"}, "BBB": {"I.1": "9", "II": "9"}}

    assert tied(points=points) == [("BBB", 1, None), ("AAA", 2, "group")]


def test_fewer_minus_points_come_first() -> None:
    ties = (TieRule(by="minus"),)
    points = {"AAA": {"II": "10"}, "BBB": {"II": "9"}}

    assert tied(ties, points, minus={"AAA": "1"}) == [("BBB", 1, None), ("AAA", 2, "minus")]


def test_a_collective_of_at_least_70_percent_women_comes_first() -> None:
    found = tied(points=EQUAL, women={"AAA": "69.99", "BBB": "70"})

    assert found == [("BBB", 1, None), ("AAA", 2, "women-share")]


def test_the_earlier_yearly_report_comes_first_and_none_comes_last() -> None:
    points = EQUAL | {"CCC": EQUAL["AAA"]}

    found = tied(points=points, reported={"BBB": 0, "AAA": 1})

    assert found == [("BBB", 1, None), ("AAA", 2, "report-date"), ("CCC", 3, "report-date")]


def test_invariant_4_score_ranks_may_be_equal_and_the_next_rank_is_skipped() -> None:
    points = {
        "AAA": {"II": "10"},
        "BBB": {"II": "9"},
        "CCC": {"II": "9"},
        "DDD": {"II": "8"},
    }

    found = tied((TieRule(by="base"),), points)

    assert found == [("AAA", 1, None), ("BBB", 2, None), ("CCC", 2, "equal"), ("DDD", 4, None)]


def test_what_only_the_conference_can_separate_stays_equal() -> None:
    assert tied(points=EQUAL) == [("AAA", 1, None), ("BBB", 1, "conference")]


def test_the_rulebook_sets_the_order_of_the_steps() -> None:
    ties = (TieRule(by="women-share"), TieRule(by="base"))
    points = {"AAA": {"II": "10"}, "BBB": {"II": "9"}}

    found = tied(ties, points, women={"BBB": "80"}, bonus={"BBB": "1"})

    assert found == [("BBB", 1, None), ("AAA", 2, "women-share")]


HALVES = st.integers(0, 3).map(lambda halves: str(Decimal(halves) / 2))
PARTS = st.fixed_dictionaries({"I.1": HALVES, "II": HALVES})
STEPS = st.lists(st.sampled_from(year.TIES[:5]), unique=True).map(tuple)


@given(
    ties=STEPS,
    points=st.dictionaries(st.sampled_from(year.UNITS), PARTS, min_size=2),
    bonus=st.dictionaries(st.sampled_from(year.UNITS), st.sampled_from(["0.5", "1"])),
    minus=st.dictionaries(st.sampled_from(year.UNITS), st.sampled_from(["0.5", "1"])),
    women=st.dictionaries(st.sampled_from(year.UNITS), st.sampled_from(["69", "70"])),
    reported=st.dictionaries(st.sampled_from(year.UNITS), st.integers(0, 2)),
)
def test_ranks_are_strict_unless_every_step_of_the_list_is_equal(
    ties: tuple[TieRule, ...],
    points: dict[str, dict[str, str]],
    bonus: dict[str, str],
    minus: dict[str, str],
    women: dict[str, str],
    reported: dict[str, int],
) -> None:
    found = tied(ties, points, women, reported, minus, bonus)

    def fact(unit: str, step: str) -> object:
        base = sum((Decimal(part) for part in points[unit].values()), Decimal(0))
        plus, less = Decimal(bonus.get(unit, "0")), Decimal(minus.get(unit, "0"))
        return {
            "total": max(Decimal(0), base + plus - less),
            "base": base,
            "group": Decimal(points[unit]["I.1"]),
            "minus": less,
            "women-share": women.get(unit) == "70",
            "report-date": reported.get(unit),
        }[step]

    assert sorted(unit for unit, _, _ in found) == sorted(points)
    assert found[0][1:] == (1, None)
    steps = ["total", *(rule.by for rule in ties)]
    for place, ((first, high, _), (second, low, tie)) in enumerate(pairwise(found), start=2):
        differing = [step for step in steps if fact(first, step) != fact(second, step)]
        assert low == (place if differing else high)
        assert tie == (
            (None if differing[0] == "total" else differing[0]) if differing else "equal"
        )
