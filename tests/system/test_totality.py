"""A judge answers everything, in every state a year can be in; what it records always evolves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.pledges.domain import JUDGE as PLEDGES
from services.units.domain import JUDGE as UNITS
from tests.pledges import telling as pledging
from tests.units import telling as reporting
from tests.units import year_2020 as year
from tests.units.any_events import any_data
from thidua.contracts import Scope
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import CATALOGUE
from thidua.testing.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable

    from thidua.contracts import Event, EventData
    from thidua.deciding import Judge


@dataclass(frozen=True, slots=True)
class Told:
    """A judge, the year 2020 as it has told it, the beginning of that year, and what no story may force into it."""

    judge: Judge[Any]
    types: tuple[type[EventData], ...]
    year: Callable[[], tuple[Event, ...]]
    begun: Callable[[], Story[Any]]
    forceable: tuple[type[EventData], ...]

    def up_to(self, length: int) -> Story[Any]:
        """A story that begins with the first *length* events of the year."""
        story = Story(self.judge, authority=year.AUTHORITY, cycle=year.CYCLE)
        begun = self.year()[:length]
        story.fold.apply_all(begun)
        story.events.extend(begun)
        return story


def of_cycle(types: tuple[type[EventData], ...]) -> tuple[type[EventData], ...]:
    return tuple(kind for kind in types if kind.SCOPE is Scope.CYCLE)


UNITS_TYPES: Final = get_args(u.UnitsEvent)
PLEDGES_TYPES: Final = get_args(p.PledgesEvent)
TOLD: Final = {
    "units": Told(
        UNITS,
        UNITS_TYPES,
        reporting.whole_year,
        reporting.registered,
        tuple(kind for kind in of_cycle(UNITS_TYPES) if kind is not u.RulebookAdopted),
    ),
    "pledges": Told(
        PLEDGES,
        PLEDGES_TYPES,
        pledging.whole_year,
        pledging.opened_year,
        of_cycle(PLEDGES_TYPES),
    ),
}
SOURCES: Final = (
    *(f"/units/{code}" for code in ("LCH", "LCA", "HGI", "CBG", "TQU", "XYZ")),
    year.MINISTRY,
    "/authorities/BTP",
    "/services/units",
    "/services/pledges",
)
MOMENTS: Final = (
    datetime(2020, 1, 1, tzinfo=UTC),
    datetime(2020, 3, 20, 2, tzinfo=UTC),
    datetime(2020, 3, 24, 17, tzinfo=UTC),
    datetime(2020, 3, 29, 17, tzinfo=UTC),
    datetime(2020, 11, 7, tzinfo=UTC),
    datetime(2020, 11, 23, tzinfo=UTC),
    datetime(2025, 7, 1, tzinfo=UTC),
)
SLOW: Final = [HealthCheck.too_slow, HealthCheck.data_too_large]
judges = pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)


def any_of(types: tuple[type[EventData], ...]) -> st.SearchStrategy[EventData]:
    return st.one_of([any_data(kind) for kind in types])


def subject_of(data: EventData, *, elsewhere: bool) -> str:
    if data.SCOPE is Scope.REGISTRY:
        return "BTP" if elsewhere else year.AUTHORITY
    return "BVHTTDL/BGPB/2021" if elsewhere else year.CYCLE


def assert_public(judgement: Judgement) -> None:
    """A refusal's code is in the catalogue; its facts are strings, integers, and lists of strings."""
    assert isinstance(judgement, Recorded | Refused)
    if isinstance(judgement, Refused):
        assert judgement.code in CATALOGUE
        for name, fact in judgement.facts.items():
            parts = fact if isinstance(fact, list) else [fact]
            assert all(isinstance(part, str | int) for part in parts), (name, fact)


@judges
@settings(max_examples=400, suppress_health_check=SLOW)
@given(drawn=st.data())
def test_every_event_in_every_state_is_recorded_or_refused_and_what_is_recorded_evolves(
    told: Told, drawn: st.DataObject
) -> None:
    story = told.up_to(drawn.draw(st.integers(0, len(told.year()))))
    step = st.tuples(
        any_of(told.types),
        st.sampled_from(SOURCES),
        st.sampled_from(MOMENTS),
        st.integers(0, 9).map(lambda number: number == 0),
    )

    for data, source, at, elsewhere in drawn.draw(st.lists(step, min_size=1, max_size=6)):
        assert_public(story.when(at, source, data, subject_of(data, elsewhere=elsewhere)))


@pytest.mark.parametrize(
    ("told", "kind"),
    [pytest.param(one, kind, id=kind.__name__) for one in TOLD.values() for kind in one.types],
)
@settings(max_examples=25, suppress_health_check=SLOW)
@given(drawn=st.data())
def test_a_judge_answers_its_rightful_publisher_whatever_the_data(
    told: Told, kind: type[EventData], drawn: st.DataObject
) -> None:
    story = told.up_to(drawn.draw(st.integers(20, len(told.year()))))
    data = drawn.draw(any_data(kind))
    unit = getattr(data, "unit", None)
    own = f"/units/{unit}" if unit in year.UNITS else year.CHAIR
    source = drawn.draw(st.sampled_from((year.MINISTRY, year.CHAIR, year.DEPUTY, own)))

    assert_public(story.when(drawn.draw(st.sampled_from(MOMENTS)), source, data))


@judges
@settings(max_examples=60, suppress_health_check=SLOW)
@given(drawn=st.data())
def test_even_in_a_state_no_judge_would_have_allowed_there_is_a_judgement(
    told: Told, drawn: st.DataObject
) -> None:
    story = told.begun()
    for forced in drawn.draw(st.lists(any_of(told.forceable), max_size=5)):
        story.given("2020-11-05 08:00", year.CHAIR, forced)
    data, source = drawn.draw(st.tuples(any_of(told.types), st.sampled_from(SOURCES)))

    assert_public(story.when("2020-11-07 08:00", source, data))
    told.judge.alarm(story.fold.view(), year.CYCLE)
