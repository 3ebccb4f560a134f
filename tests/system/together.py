"""The three deciding services' pure halves over one shared story: what one records, all take in and react to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from services.ballots.domain import JUDGE as BALLOTS
from services.pledges.domain import JUDGE as PLEDGES
from services.units.domain import JUDGE as UNITS
from tests.pledges.telling import draft, signed
from tests.units import telling
from tests.units import year_2020 as year
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.registry import service_of
from thidua.deciding import Judge, Judgement, Recorded
from thidua.testing.story import Story, local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from thidua.contracts import Event, EventData
    from thidua.standing import Frame

Data = TypeVar("Data", bound="EventData")

NEXT: Final = "BVHTTDL/BGPB/2021"
CONFERENCE: Final = "tong-ket-2020"
SERVICES: Final = ("units", "ballots", "pledges")


class Together:
    """One log and its three judges; after every event each service records what it owes."""

    def __init__(self) -> None:
        judges: tuple[Judge[Any], ...] = (UNITS, BALLOTS, PLEDGES)
        self.stories: dict[str, Story[Any]] = {
            judge.service: Story(judge, authority=year.AUTHORITY, cycle=year.CYCLE)
            for judge in judges
        }
        self.events: list[Event] = []

    def stands(self, at: str | datetime, source: str, data: EventData) -> None:
        """*data* stands in the log unjudged, as the founding does."""
        self._story(data).given(at, source, data)
        self._share()

    def says(
        self, at: str | datetime, source: str, data: EventData, subject: str | None = None
    ) -> Judgement:
        """What its service judges of *data*; then every service records what is due."""
        judgement = self._story(data).when(at, source, data, subject)
        self._share()
        self.settle(local(at) if isinstance(at, str) else at)
        return judgement

    def accepts(
        self, at: str | datetime, source: str, data: EventData, subject: str | None = None
    ) -> None:
        """*data* is recorded."""
        judgement = self.says(at, source, data, subject)
        assert isinstance(judgement, Recorded), (data, judgement)

    def settle(self, at: str | datetime) -> None:
        """Every service records what every cycle owes it at that moment."""
        for _ in range(20):
            before = len(self.events)
            for story in self.stories.values():
                for subject in story.fold.subjects():
                    story.due(subject, at)
                    self._share()
            if len(self.events) == before:
                return
        msg = "the services never come to rest"
        raise AssertionError(msg)

    def told(self, kind: type[Data], subject: str = year.CYCLE) -> list[Data]:
        """The recorded data of one event type under a subject, in order."""
        return [
            event.data
            for event in self.events
            if isinstance(event.data, kind) and event.subject == subject
        ]

    def event(self, kind: type[EventData], number: int = -1) -> Event:
        """The last event of a type, or that of another number."""
        return [event for event in self.events if isinstance(event.data, kind)][number]

    def frames(self, subject: str) -> list[Frame]:
        """What each service knows of a cycle's frame."""
        return [story.fold.cycle(subject).frame for story in self.stories.values()]

    def _story(self, data: EventData) -> Story[Any]:
        service = service_of(data.TYPE)
        assert service is not None
        return self.stories[service]

    def _share(self) -> None:
        """What one service has recorded, the others take in."""
        known = len(self.events)
        for story in self.stories.values():
            new = story.events[known:]
            if new:
                for other in self.stories.values():
                    if other is not story:
                        other.fold.apply_all(new)
                        other.events.extend(new)
                self.events.extend(new)
                return


def unchanged(data: EventData) -> EventData:
    """The year as it was."""
    return data


def opened(
    until: str = "2020-01-31 00:00", change: Callable[[EventData], EventData] = unchanged
) -> Together:
    """The year 2020 up to a local moment, judged step by step, with what *change* makes of its events."""
    together = Together()
    told = sorted(telling.closed().events, key=lambda event: event.rx)
    for event in told:
        if event.rx >= local(until):
            break
        if event.source.startswith("/services/"):
            continue
        data = change(event.data)
        if isinstance(data, u.LogOpened | u.AuthorityEstablished):
            together.stands(event.rx, event.source, data)
        else:
            together.accepts(event.rx, event.source, data, event.subject)
        if isinstance(data, u.RulebookAdopted):
            together.accepts("2020-03-20 09:10", year.CHAIR, change(draft()))
            for code in year.UNITS:
                together.accepts("2020-03-20 09:30", f"/units/{code}", change(signed(code)))
    return together


def ranked(change: Callable[[EventData], EventData] = unchanged) -> Together:
    """The year 2020 with its pledge, up to the closing of scoring."""
    return opened("2020-11-14 00:00", change)


def meeting(together: Together, present: Iterable[str] = year.UNITS) -> Together:
    """Next year's cycle is open and the conference of 21 November has begun."""
    here = tuple(present)
    together.accepts("2020-11-20 08:00", year.MINISTRY, u.CycleOpened(), NEXT)
    together.accepts(
        "2020-11-20 09:00",
        year.CHAIR,
        b.ConferenceConvened(
            conference=CONFERENCE, starts=local("2020-11-21 08:00"), place="Lai Châu"
        ),
    )
    together.accepts("2020-11-21 08:00", year.CHAIR, b.ConferenceOpened(conference=CONFERENCE))
    attending = b.AttendanceRecorded(
        conference=CONFERENCE,
        present=here,
        absent=tuple(code for code in year.UNITS if code not in here),
    )
    together.accepts("2020-11-21 08:05", year.CHAIR, attending)
    ranking = together.told(u.RankingConsolidated)[-1].version
    accepted = b.ScoresAccepted(conference=CONFERENCE, ranking=ranking)
    together.accepts("2020-11-21 08:30", year.CHAIR, accepted)
    return together


def call(
    about: str,
    *nominees: str,
    name: str | None = None,
    conference: str | None = CONFERENCE,
    closes: str | datetime = "2020-11-21 11:00",
) -> b.BallotOpened:
    """A roll call, of an officer of 2021 or of a title of 2020."""
    return b.BallotOpened.model_validate(
        {
            "ballot": name or about,
            "conference": conference,
            "about": about,
            "mode": "roll-call",
            "nominees": nominees,
            "for_year": 2021 if about in ("chair", "deputy") else None,
            "closes": local(closes) if isinstance(closes, str) else closes,
        }
    )


def elect(
    together: Together,
    office: str,
    unit: str,
    *,
    by: str = year.CHAIR,
    at: str = "2020-11-21 09:00",
    voters: Iterable[str] = year.UNITS,
    opening: b.BallotOpened | None = None,
) -> None:
    """All *voters* elect *unit* by roll call; it is closed when its time has come, 20 minutes at a conference."""
    ballot = opening or call(office, unit, closes=local(at) + timedelta(minutes=20))
    together.accepts(at, by, ballot)
    for code in voters:
        vote = b.VoteCast(ballot=ballot.ballot, marks={unit: "yes"})
        together.accepts(at, f"/units/{code}", vote)
    assert ballot.closes is not None
    together.settle(ballot.closes)


def elected() -> Together:
    """The conference has elected Lào Cai and Hà Giang for 2021."""
    together = meeting(ranked())
    elect(together, "chair", "LCA")
    elect(together, "deputy", "HGI", at="2020-11-21 09:30")
    return together
