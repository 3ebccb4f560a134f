"""
A secret ballot of the conference of 2020, told as far as a test needs it; every step is judged.

The trustees are two offices of the ministry, of which one is enough, and three members of which two are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from services.ballots.domain import Cycle
from services.scenarios.hands import Custody, Voters
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import CONFERENCE, book, question, ready
from tests.ballots.decisions.year_2020 import CHAIR, MINISTRY, UNITS, accept
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts.rulebook import Question
from thidua.testing.story import Story, local
from thidua.voting.election import Election, read_election
from thidua.voting.setup import choices_of
from thidua.voting.tally import tally_in

DRAFTED = "2020-11-21 08:45"
OPENED = "2020-11-21 09:00"
VOTED = "2020-11-21 09:10"
CLOSES = "2020-11-21 09:30"
AFTER = "2020-11-21 09:31"
NAME = "phieu-kin"
UUID = "DvKYhAChtTrWn4"
GROUPS = (
    s.TrusteeGroup(
        threshold=1,
        holders=(
            s.Holder(source=MINISTRY, office="vu-thi-dua"),
            s.Holder(source=MINISTRY, office="van-phong"),
        ),
    ),
    s.TrusteeGroup(
        threshold=2,
        holders=(
            s.Holder(source="/units/DBN", office="khoa-1"),
            s.Holder(source="/units/CBG", office="khoa-2"),
            s.Holder(source="/units/SLA", office="khoa-3"),
        ),
    ),
)
THREE = ("LCA", "LCH", "LSN")


def draft(about: str = "co-bo", *nominees: str, **changed: object) -> s.ElectionDrafted:
    """The draft of a secret ballot on the flag among three, or on another matter; with parts *changed*."""
    usual: dict[str, object] = {
        "ballot": NAME,
        "conference": CONFERENCE,
        "about": about,
        "nominees": nominees or THREE,
        "for_year": 2021 if about in ("chair", "deputy") else None,
        "uuid": UUID,
        "form": "list",
        "trustees": GROUPS,
        "min_ballots": 3,
        "decrypt_hours": 48,
        "complaint_days": 30,
    }
    return s.ElectionDrafted.model_validate({**usual, **changed})


@cache
def custody(drafted: s.ElectionDrafted) -> tuple[Custody, tuple[s.TrusteeEvent, ...]]:
    """The trustees of a draft and all that they say up to their keys, the same in every test."""
    hands = Custody(drafted, Random(7).randrange)
    return hands, tuple(hands.key_generation())


@dataclass
class Held:
    """A secret ballot in a story, with the hands of its trustees and voters."""

    story: Story[Cycle]
    draft: s.ElectionDrafted
    hands: Custody
    voters: Voters

    @property
    def election(self) -> Election:
        """As it was fixed."""
        fixed = self.story.state.elections[self.draft.ballot].fixed
        assert fixed is not None
        return read_election(fixed.election)

    @property
    def state(self) -> b.BallotOpened | object:
        """The public half."""
        return self.story.state.ballots[self.draft.ballot]

    def opening(self, **changed: object) -> b.BallotOpened:
        """The opening as it was drafted, until half past nine."""
        usual: dict[str, object] = {
            "mode": "secret",
            "ballot": self.draft.ballot,
            "closes": local(CLOSES),
            "previous": self.draft.previous,
            "for_year": self.draft.for_year,
        }
        return conf.ballot(self.draft.about, *self.draft.nominees, **{**usual, **changed})

    def drilled(self) -> Held:
        """Every trustee has tried its share."""
        for seat in self.hands.seats:
            accept(self.story, DRAFTED, self.drill(seat.owner), seat.source)
        return self

    def drill(self, owner: int) -> s.TrusteeDrillPassed:
        """What trustee *owner* says once it has tried its share."""
        known = self.election
        return self.hands.drill(self.draft.ballot, known.uuid, known.fingerprint, owner)

    def registered(self, units: Iterable[str] = UNITS) -> Held:
        """Credentials of *units*."""
        for unit in units:
            accept(self.story, DRAFTED, self.voters.register(unit), f"/units/{unit}")
        return self

    def opened(self) -> Held:
        """The box is open."""
        accept(self.story, OPENED, self.opening(), CHAIR)
        return self

    def vote(self, unit: str, *yes: str, no: Iterable[str] = ()) -> s.SecretVoteCast:
        """The next encrypted vote of *unit*."""
        marks = {**dict.fromkeys(yes, "yes"), **dict.fromkeys(no, "no")}
        asked = self.story.state.ballots[self.draft.ballot].question
        choices = choices_of(self.draft.form, asked, self.draft.nominees, marks)
        return self.voters.vote(unit, self.election, choices)

    def all_vote(self, votes: Mapping[str, Iterable[str]], at: str = VOTED) -> Held:
        """Every voter of *votes* says yes to its names."""
        for unit, yes in votes.items():
            accept(self.story, at, self.vote(unit, *yes), f"/units/{unit}")
        return self

    def closed(self, at: str = AFTER) -> Held:
        """Time has closed the box."""
        self.story.due(at=at)
        return self

    def decryption(self, owner: int) -> s.PartiallyDecrypted:
        """What trustee *owner* contributes."""
        added = self.story.state.elections[self.draft.ballot].tally
        assert added is not None
        tally = tally_in(added.tally, added.counted)
        return self.hands.decrypt(self.draft.ballot, self.election, tally, owner)

    def counted(self, *owners: int) -> Held:
        """Trustees 1, 3 and 5, or others, have opened the count."""
        for owner in owners or (1, 3, 5):
            accept(self.story, AFTER, self.decryption(owner), self.hands.source(owner))
        return self


def drafted(
    data: s.ElectionDrafted | None = None, *about: Question, story: Story[Cycle] | None = None
) -> Held:
    """The draft stands; nobody has made a key."""
    given = data or draft()
    story = story or ready(rulebook=book(*about))
    accept(story, DRAFTED, given, CHAIR)
    hands, _ = custody(given)
    return Held(story, given, hands, Voters(given.ballot, given.uuid, Random(11).randrange))


def fixed(
    data: s.ElectionDrafted | None = None, *about: Question, story: Story[Cycle] | None = None
) -> Held:
    """All keys are made."""
    held = drafted(data, *about, story=story)
    for one in custody(held.draft)[1]:
        accept(held.story, DRAFTED, one, held.hands.source(one.owner))
    return held


def is_open(data: s.ElectionDrafted | None = None, *about: Question) -> Held:
    """All seven have registered, and the box is open."""
    return fixed(data, *about).drilled().registered().opened()


FIRST = question("co-bo", repeat="first")
