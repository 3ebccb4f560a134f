"""What never and always holds of pledges, whoever sends what in whichever order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.pledges.domain import JUDGE
from tests.pledges.telling import (
    CHAIR,
    MINISTRY,
    UNITS,
    answer,
    concluded,
    declined,
    left,
    merged,
    opened,
    revision,
    signed,
    whole_year,
)
from tests.units import year_2020 as year
from thidua.contracts import pledges as p
from thidua.deciding import Recorded
from thidua.testing.story import Story, local

if TYPE_CHECKING:
    from services.pledges.domain import Cycle
    from thidua.contracts import EventData

TYPES: Final = get_args(p.PledgesEvent)
SLOW: Final = [HealthCheck.too_slow, HealthCheck.data_too_large]
Step = tuple[str, "EventData"]
Going = tuple[Callable[["Story[Cycle]", str, date], None], str, int]


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
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)
    story.fold.apply_all(whole_year())
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
