"""The judge answers everything, in every state a year can be in; what it records always evolves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.units.domain import JUDGE
from services.units.domain.judge import alarm, due
from tests.units import telling
from tests.units import year_2020 as year
from tests.units.any_events import any_data
from thidua.contracts import Scope
from thidua.contracts import units as u
from thidua.deciding import Recorded, Refused
from thidua.refusals import CATALOGUE
from thidua.testing.story import Story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.units.domain import Cycle
    from thidua.contracts import Event, EventData

TYPES = get_args(u.UnitsEvent)
JUDGED = {kind.TYPE for kind in TYPES}
SOURCES = (
    *(f"/units/{code}" for code in ("LCH", "LCA", "HGI", "CBG", "TQU", "XYZ")),
    year.MINISTRY,
    "/authorities/BTP",
    "/services/units",
)
MOMENTS = (
    datetime(2020, 1, 1, tzinfo=UTC),
    datetime(2020, 3, 20, 2, tzinfo=UTC),
    datetime(2020, 3, 24, 17, tzinfo=UTC),
    datetime(2020, 11, 7, tzinfo=UTC),
    datetime(2020, 11, 23, tzinfo=UTC),
    datetime(2025, 7, 1, tzinfo=UTC),
)


@cache
def whole_year() -> tuple[Event, ...]:
    return tuple(telling.closed().events)


def told_up_to(length: int) -> Story[Cycle]:
    """A story that begins with the first *length* events of the year 2020."""
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)
    begun = whole_year()[:length]
    story.fold.apply_all(begun)
    story.events.extend(begun)
    return story


def subject_of(data: EventData, other: bool) -> str:
    if data.SCOPE is Scope.REGISTRY:
        return "BTP" if other else year.AUTHORITY
    return "BVHTTDL/BGPB/2021" if other else year.CYCLE


def assert_public(facts: Sequence[tuple[str, object]]) -> None:
    """Facts are strings, integers, and lists of strings."""
    for name, fact in facts:
        assert isinstance(name, str)
        parts = fact if isinstance(fact, list) else [fact]
        assert all(isinstance(part, str | int) for part in parts), (name, fact)


@settings(
    max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    length=st.integers(0, 71),
    steps=st.lists(
        st.tuples(
            st.one_of([any_data(kind) for kind in TYPES]),
            st.sampled_from(SOURCES),
            st.sampled_from(MOMENTS),
            st.integers(0, 9).map(lambda number: number == 0),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_every_event_in_every_state_is_recorded_or_refused_and_what_is_recorded_evolves(
    length: int, steps: list[tuple[EventData, str, datetime, bool]]
) -> None:
    story = told_up_to(length)

    for data, source, at, elsewhere in steps:
        judgement = story.when(at, source, data, subject_of(data, elsewhere))

        assert isinstance(judgement, Recorded | Refused)
        if isinstance(judgement, Refused):
            assert judgement.code in CATALOGUE
            assert_public(list(judgement.facts.items()))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(drawn=st.data())
def test_a_judge_answers_its_rightful_publisher_whatever_the_data(
    kind: type[EventData], drawn: st.DataObject
) -> None:
    story = told_up_to(drawn.draw(st.integers(20, 71)))
    data = drawn.draw(any_data(kind))
    unit = getattr(data, "unit", None)
    own = f"/units/{unit}" if unit in year.UNITS else year.CHAIR
    source = drawn.draw(st.sampled_from((year.MINISTRY, year.CHAIR, year.DEPUTY, own)))

    judgement = story.when(drawn.draw(st.sampled_from(MOMENTS)), source, data)

    assert isinstance(judgement, Recorded | Refused)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    forced=st.lists(
        st.one_of(
            [
                any_data(kind)
                for kind in TYPES
                if kind.SCOPE is Scope.CYCLE and kind is not u.RulebookAdopted
            ]
        ),
        max_size=5,
    ),
    data=st.one_of([any_data(kind) for kind in TYPES if kind.SCOPE is Scope.CYCLE]),
    source=st.sampled_from(SOURCES),
)
def test_even_in_a_state_no_judge_would_have_allowed_there_is_a_judgement(
    forced: list[EventData], data: EventData, source: str
) -> None:
    story = telling.registered()
    for item in forced:
        story.given("2020-11-05 08:00", year.CHAIR, item)

    assert isinstance(story.when("2020-11-07 08:00", source, data), Recorded | Refused)


def test_the_same_event_in_the_same_state_is_judged_the_same() -> None:
    story = told_up_to(len(whole_year()))
    view = story.fold.view()

    for event in (event for event in whole_year() if event.data.TYPE in JUDGED):
        first = JUDGE.judge(event, view, event.rx)
        assert first == JUDGE.judge(event, view, event.rx)


def test_the_year_2020_judged_again_gives_the_same_events() -> None:
    told = whole_year()
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)

    for event in told:
        if event.data.TYPE in JUDGED and event.source != "/services/units":
            judgement = JUDGE.judge(event, story.fold.view(), event.rx)
            founding = isinstance(event.data, u.LogOpened | u.AuthorityEstablished)
            assert founding or isinstance(judgement, Recorded)
            expected = (
                [own.data for own in judgement.follows] if isinstance(judgement, Recorded) else []
            )
            place = told.index(event)
            assert expected == [item.data for item in told[place + 1 : place + 1 + len(expected)]]
        story.fold.apply(event)


def test_time_alone_makes_nothing_due() -> None:
    view = told_up_to(len(whole_year())).fold.view()

    for subject in (year.AUTHORITY, year.CYCLE):
        assert due(view, subject, datetime(2030, 1, 1, tzinfo=UTC)) == ()
        assert alarm(view, subject) is None


def test_the_judge_reads_the_registry_and_both_years_it_depends_on() -> None:
    story = told_up_to(len(whole_year()))
    view = story.fold.view()
    event = story.event("2020-11-23 08:00", year.CHAIR, u.ScoringClosed())

    JUDGE.judge(event, view, event.rx)

    assert view.noted == {year.AUTHORITY, year.CYCLE, "BVHTTDL/BGPB/2019"}
