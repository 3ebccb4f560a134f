"""What the judge of units says depends on the state and nothing else: judged again, a year is the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

from services.units.domain import JUDGE
from services.units.domain.judge import alarm, due
from tests.units import telling
from tests.units import year_2020 as year
from thidua.contracts import units as u
from thidua.deciding import Recorded
from thidua.testing.story import Story

if TYPE_CHECKING:
    from services.units.domain import Cycle

TYPES = get_args(u.UnitsEvent)
JUDGED = {kind.TYPE for kind in TYPES}


def whole_story() -> Story[Cycle]:
    story = Story(JUDGE, authority=year.AUTHORITY, cycle=year.CYCLE)
    story.fold.apply_all(telling.whole_year())
    return story


def test_the_same_event_in_the_same_state_is_judged_the_same() -> None:
    story = whole_story()
    view = story.fold.view()

    for event in (event for event in telling.whole_year() if event.data.TYPE in JUDGED):
        first = JUDGE.judge(event, view, event.rx)
        assert first == JUDGE.judge(event, view, event.rx)


def test_the_year_2020_judged_again_gives_the_same_events() -> None:
    told = telling.whole_year()
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
    view = whole_story().fold.view()

    for subject in (year.AUTHORITY, year.CYCLE):
        assert due(view, subject, datetime(2030, 1, 1, tzinfo=UTC)) == ()
        assert alarm(view, subject) is None


def test_the_judge_reads_the_registry_and_both_years_it_depends_on() -> None:
    story = whole_story()
    view = story.fold.view()
    event = story.event("2020-11-23 08:00", year.CHAIR, u.ScoringClosed())

    JUDGE.judge(event, view, event.rx)

    assert view.noted == {year.AUTHORITY, year.CYCLE, "BVHTTDL/BGPB/2019"}
