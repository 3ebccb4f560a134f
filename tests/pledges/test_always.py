"""What never and always holds of pledges, whoever sends what in whichever order; and every event has a judgement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.pledges.domain import JUDGE
from tests.pledges.telling import (
    CHAIR,
    MINISTRY,
    NEXT,
    UNITS,
    answer,
    concluded,
    declined,
    left,
    merged,
    opened,
    opened_year,
    result,
    revision,
    signed,
)
from tests.units import year_2020 as year
from tests.units.any_events import any_data
from thidua.contracts import Scope
from thidua.contracts import pledges as p
from thidua.deciding import Recorded, Refused
from thidua.refusals import CATALOGUE
from thidua.testing.story import Story, local

if TYPE_CHECKING:
    from services.pledges.domain import Cycle
    from thidua.contracts import Event, EventData

TYPES: Final = get_args(p.PledgesEvent)
SOURCES: Final = (
    *(f"/units/{code}" for code in ("LCH", "LCA", "HGI", "CBG", "TQU", "XYZ")),
    MINISTRY,
    "/authorities/BTP",
    "/services/pledges",
)
MOMENTS: Final = (
    datetime(2020, 1, 1, tzinfo=UTC),
    datetime(2020, 3, 20, 2, tzinfo=UTC),
    datetime(2020, 3, 29, 17, tzinfo=UTC),
    datetime(2020, 11, 23, tzinfo=UTC),
    datetime(2025, 7, 1, tzinfo=UTC),
)
SLOW: Final = [HealthCheck.too_slow, HealthCheck.data_too_large]
Step = tuple[str, "EventData"]
Going = tuple[Callable[["Story[Cycle]", str, date], None], str, int]


@cache
def whole_year() -> tuple[Event, ...]:
    """The pledge of 2020 from the registry to a revised target and its results."""
    story = concluded()
    for at, source, data in (
        ("2020-03-27 10:00", CHAIR, p.PledgeSent(version=1)),
        ("2020-04-20 15:00", CHAIR, revision()),
        ("2020-11-02 08:00", "/units/SLA", result("SLA")),
    ):
        assert isinstance(story.when(at, source, data), Recorded)
    return tuple(story.events)


def told_up_to(length: int) -> Story[Cycle]:
    """A story that begins with the first *length* events of the year."""
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)
    begun = whole_year()[:length]
    story.fold.apply_all(begun)
    story.events.extend(begun)
    return story


def subject_of(data: EventData, *, elsewhere: bool) -> str:
    if data.SCOPE is Scope.REGISTRY:
        return "BTP" if elsewhere else year.AUTHORITY
    return NEXT if elsewhere else year.CYCLE


def assert_public(refused: Refused) -> None:
    """The code is in the catalogue; facts are strings, integers, and lists of strings."""
    assert refused.code in CATALOGUE
    for fact in refused.facts.values():
        parts = fact if isinstance(fact, list) else [fact]
        assert all(isinstance(part, str | int) for part in parts), refused


@settings(max_examples=300, suppress_health_check=SLOW)
@given(
    length=st.integers(0, 37),
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
        judgement = story.when(at, source, data, subject_of(data, elsewhere=elsewhere))
        if isinstance(judgement, Refused):
            assert_public(judgement)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
@settings(max_examples=25, suppress_health_check=SLOW)
@given(drawn=st.data())
def test_a_judge_answers_its_rightful_publisher_whatever_the_data(
    kind: type[EventData], drawn: st.DataObject
) -> None:
    story = told_up_to(drawn.draw(st.integers(20, len(whole_year()))))
    data = drawn.draw(any_data(kind))
    own = f"/units/{getattr(data, 'unit', 'LCH')}"
    source = drawn.draw(st.sampled_from((MINISTRY, CHAIR, year.DEPUTY, own)))
    assert isinstance(
        story.when(drawn.draw(st.sampled_from(MOMENTS)), source, data), Recorded | Refused
    )


@settings(max_examples=60, suppress_health_check=SLOW)
@given(
    forced=st.lists(
        st.one_of([any_data(kind) for kind in TYPES if kind.SCOPE is Scope.CYCLE]), max_size=5
    ),
    data=st.one_of([any_data(kind) for kind in TYPES]),
    source=st.sampled_from(SOURCES),
)
def test_even_in_a_state_no_judge_would_have_allowed_there_is_a_judgement(
    forced: list[EventData], data: EventData, source: str
) -> None:
    story = opened_year()
    for item in forced:
        story.given("2020-03-20 08:00", CHAIR, item)
    assert isinstance(story.when("2020-11-07 08:00", source, data), Recorded | Refused)
    JUDGE.alarm(story.fold.view(), year.CYCLE)


def test_the_pledge_of_2020_judged_again_gives_the_same_events() -> None:
    told = whole_year()
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)
    following: list[EventData] = []
    for event in told:
        if event.source == "/services/pledges":
            following = following or [
                own.data for own in JUDGE.due(story.fold.view(), event.subject, event.rx)
            ]
            assert event.data == following.pop(0)
        elif isinstance(event.data, TYPES):
            judgement = JUDGE.judge(event, story.fold.view(), event.rx)
            assert isinstance(judgement, Recorded)
            following = [own.data for own in judgement.follows]
        story.fold.apply(event)
    assert following == []


def test_the_judge_reads_the_registry_and_both_years_it_depends_on() -> None:
    story = told_up_to(len(whole_year()))
    view = story.fold.view()
    event = story.event("2020-11-23 08:00", CHAIR, revision())
    JUDGE.judge(event, view, event.rx)
    assert view.noted == {year.AUTHORITY, year.CYCLE, "BVHTTDL/BGPB/2019"}


# --- who signs, in whatever order ---------------------------------------------------------------

codes = st.sampled_from((*UNITS, "TQU"))
answers = st.one_of(
    st.builds(signed, codes, st.sampled_from((1, 1, 1, 2))),
    st.builds(declined, codes, st.sampled_from((1, 1, 1, 2))),
)
own_answers = answers.map(lambda data: (f"/units/{data.unit}", data))
others = st.tuples(st.sampled_from((*(f"/units/{code}" for code in UNITS), MINISTRY)), answers)
# Noise, then most of the members in some order: without these hardly any random story is concluded.
sent_in_any_order = st.builds(
    lambda noise, order, cut: noise + [(f"/units/{code}", signed(code)) for code in order[cut:]],
    st.lists(own_answers | others, max_size=10),
    st.permutations(UNITS),
    st.integers(0, 3),
)
goings = st.none() | st.tuples(
    st.sampled_from((merged, left)), st.sampled_from(UNITS), st.integers(0, 1)
)
START: Final = local("2020-03-20 09:00")
END: Final = START + timedelta(days=60)


def signing(sent: list[Step], going: Going | None) -> Story[Cycle]:
    """An opened pledge from which a member may go while *sent* arrives, one every two hours, and what was due in 60 days."""
    story = opened()
    if going is not None:
        go, code, days = going
        go(story, code, date(2020, 3, 20) + timedelta(days=days))
    for number, (source, data) in enumerate(sent):
        story.when(START + timedelta(hours=2 * number), source, data)
    story.due(at=END)
    return story


@settings(max_examples=200, suppress_health_check=SLOW)
@given(sent=sent_in_any_order, going=goings)
def test_a_member_never_answers_twice_and_nobody_ever_for_another(
    sent: list[Step], going: Going | None
) -> None:
    story = signing(sent, going)
    said = []
    for event in story.events:
        if isinstance(event.data, p.PledgeSigned | p.PledgeDeclined):
            assert event.source == f"/units/{event.data.unit}"
            said.append(event.source)
    assert len(set(said)) == len(said)


@settings(max_examples=200, suppress_health_check=SLOW)
@given(sent=sent_in_any_order, going=goings)
def test_a_pledge_is_concluded_at_most_once_and_exactly_when_no_member_of_the_roll_is_left_to_answer(
    sent: list[Step], going: Going | None
) -> None:
    story = signing(sent, going)
    state = story.state
    members = story.fold.registry(year.AUTHORITY).members(year.CLUSTER, END.date())
    left_to_answer = set(UNITS) & set(members) - state.answered
    found = story.told(p.PledgeConcluded)
    assert len(found) == (0 if left_to_answer or not state.answered else 1)
    for data in found:
        assert isinstance(data, p.PledgeConcluded)
        assert (data.signed, data.declined) == (state.signed, state.declined)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(order=st.permutations(UNITS), refusing=st.sets(st.sampled_from(UNITS), max_size=7))
def test_the_order_of_answers_never_changes_who_has_signed(
    order: list[str], refusing: set[str]
) -> None:
    story = opened()
    for code in order:
        story.when(START, f"/units/{code}", declined(code) if code in refusing else signed(code))
    (conclusion,) = story.told(p.PledgeConcluded)
    assert isinstance(conclusion, p.PledgeConcluded)
    assert set(conclusion.signed) == set(UNITS) - refusing
    assert set(conclusion.declined) == refusing


@settings(max_examples=100)
@given(noticed=st.sets(st.sampled_from((*UNITS, "TQU")), min_size=1))
def test_a_target_is_never_revised_without_the_notice_of_every_signatory(noticed: set[str]) -> None:
    story = opened()
    answer(story, UNITS)
    judgement = story.when("2020-04-20 15:00", CHAIR, revision(*sorted(noticed)))
    assert isinstance(judgement, Recorded) == (noticed == set(UNITS))


@settings(max_examples=100)
@given(minutes=st.integers(-60 * 24 * 3, 60 * 24 * 3))
def test_a_pledge_is_never_recorded_as_sent_after_its_deadline_and_always_before(
    minutes: int,
) -> None:
    at = local("2020-03-30 00:00") + timedelta(minutes=minutes)
    judgement = concluded().when(at, CHAIR, p.PledgeSent(version=1))
    assert isinstance(judgement, Recorded) == (minutes < 0)
