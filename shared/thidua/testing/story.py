"""Given, when, then for judges: a story of events on a service's pure half, without log or broker."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from thidua.contracts import Event, EventData
from thidua.deciding import Judge, Judgement, Own, Recorded
from thidua.folding import Folded

S = TypeVar("S")


def local(text: str) -> datetime:
    """A local moment (+07:00) such as ``2020-11-21 08:00``, as UTC."""
    return (datetime.fromisoformat(text) - timedelta(hours=7)).replace(tzinfo=UTC)


class Story(Generic[S]):
    """
    What happened so far, and what a judge makes of the next event.

    >>> story = Story(JUDGE, authority="BVHTTDL", cycle="BVHTTDL/BGPB/2020")  # doctest: +SKIP
    >>> story.given("2020-03-12 08:00", "/units/LCA", ParticipationRegistered(...))  # doctest: +SKIP
    >>> assert story.when("2020-03-25 00:10", "/units/CBG", ...) == Refused(...)  # doctest: +SKIP
    """

    def __init__(self, judge: Judge[S], *, authority: str, cycle: str) -> None:
        self.judge = judge
        self.fold: Folded[S] = Folded(judge)
        self.authority = authority
        self.cycle = cycle
        self.events: list[Event] = []
        self._told = 0

    def event(
        self,
        at: str | datetime,
        source: str,
        data: EventData,
        subject: str | None = None,
        cause: str | None = None,
    ) -> Event:
        """An event as it would arrive *at* a local time; its hash is made up and unique in the story."""
        self._told += 1
        rx = local(at) if isinstance(at, str) else at
        digest = hashlib.sha256(f"{self._told} {data.TYPE}".encode()).digest()
        under = subject or (self.cycle if data.SCOPE == "cycle" else self.authority)
        made_up = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return Event(
            hash=made_up,
            id=f"e-{self._told}",
            source=source,
            subject=under,
            time=rx,
            rx=rx,
            kid=f"{source.rsplit('/', 1)[1]}/1",
            data=data,
            cause=cause,
        )

    def given(
        self, at: str | datetime, source: str, data: EventData, subject: str | None = None
    ) -> Event:
        """*data* stands in the log as recorded, whatever the judge thinks of it (also another service's)."""
        event = self.event(at, source, data, subject)
        self._record(event)
        return event

    def when(
        self, at: str | datetime, source: str, data: EventData, subject: str | None = None
    ) -> Judgement:
        """
        The judgement on *data*; recorded, it and what follows become part of the story.

        What is due before it is recorded first, as the service does it.
        """
        event = self.event(at, source, data, subject)
        self.due(event.subject, event.rx)
        judgement = self.judge.judge(event, self.fold.view(), event.rx)
        if isinstance(judgement, Recorded):
            self._record(event)
            for own in judgement.follows:
                self._record(self._own(own, event.rx, own.cause or event.hash))
        return judgement

    def due(self, subject: str | None = None, at: str | datetime | None = None) -> list[EventData]:
        """Record all that *subject* owes at a moment, and return it; nothing is left due afterwards."""
        under = subject or self.cycle
        rx = local(at) if isinstance(at, str) else (at or self.events[-1].rx)
        done: list[EventData] = []
        owed: tuple[Own, ...] = ()
        for _ in range(100):
            owed = self.judge.due(self.fold.view(), under, rx)
            if not owed:
                return done
            for own in owed:
                self._record(self._own(own, rx, own.cause))
                done.append(own.data)
        msg = f"{under} still owes events after 100 rounds: {owed}"
        raise AssertionError(msg)

    @property
    def state(self) -> S:
        """The service's state of the story's cycle."""
        return self.fold.cycle(self.cycle)

    def told(self, kind: type[EventData]) -> list[EventData]:
        """All recorded data of one event type, in order."""
        return [event.data for event in self.events if isinstance(event.data, kind)]

    def _own(self, own: Own, rx: datetime, cause: str) -> Event:
        return self.event(rx, f"/services/{self.judge.service}", own.data, own.subject, cause)

    def _record(self, event: Event) -> None:
        self.fold.apply(event)
        self.events.append(event)
