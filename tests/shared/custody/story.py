"""A small secret ballot told by events alone: trustees 1 of 2 and 2 of 3, three voters, one of whom votes twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.shared.custody.desks import PASSPHRASE, trustee
from tests.shared.voting.making import GROUP, chance
from thidua.contracts import Event
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts.base import EventData, Share
from thidua.contracts.rulebook import Question
from thidua.custody.generating import drilled, next_step
from thidua.custody.recount import check_fixed
from thidua.custody.told import Told, told_of
from thidua.custody.trustee import TrusteeDesk
from thidua.knowledge import own_source
from thidua.voting.archive import roll_text
from thidua.voting.ballots import Ballot, make_ballot, read_ballot
from thidua.voting.canonical import hex_hash
from thidua.voting.credentials import (
    Credential,
    draw_credential,
    open_credential,
    prove_registration,
)
from thidua.voting.election import Election
from thidua.voting.rounds import trustees_of
from thidua.voting.setup import Frozen, election_of
from thidua.voting.tally import add_up, last_of_each

SUBJECT = "BVHTTDL/BGPB/2021"
BALLOT = "co-thi-dua"
UUID = "1" * 14
SERVICE = own_source("ballots")
UNITS = ("LCA", "HGI", "DBN")
CHOICES = (((0, 1, 0), (0, 0, 1)), ((0, 1, 0), (1, 0, 0)), ((1, 0, 0), (0, 1, 0)))
NOW = datetime(2021, 12, 1, tzinfo=UTC)
DRAFT = s.ElectionDrafted(
    ballot=BALLOT,
    about="co-thi-dua",
    nominees=("LCA", "HGI"),
    uuid=UUID,
    form="each",
    trustees=(
        s.TrusteeGroup(
            threshold=1,
            holders=(
                s.Holder(source="/authorities/BVHTTDL", office="vu-tchc"),
                s.Holder(source="/authorities/BVHTTDL", office="van-phong"),
            ),
        ),
        s.TrusteeGroup(
            threshold=2,
            holders=tuple(s.Holder(source=f"/units/{unit}", office="so") for unit in UNITS),
        ),
    ),
    min_ballots=3,
    decrypt_hours=48,
    complaint_days=15,
)
FROZEN = Frozen(
    subject=SUBJECT,
    drafted_by="",
    question=Question(
        about="co-thi-dua", form="agree", threshold=Share(num=1, den=2), base="members", places=2
    ),
    quorum=Share(num=2, den=3),
    rulebook=1,
    roll=UNITS,
    places=2,
    round=1,
    names={"LCA": "Sở Lào Cai", "HGI": "Sở Hà Giang"},
)


@dataclass
class Story:
    """Events so far; *folder* holds the trustees' desks."""

    folder: Path
    events: list[Event] = field(default_factory=list)
    credentials: dict[str, Credential] = field(default_factory=dict)

    def say(self, source: str, data: EventData) -> Event:
        number = f"{len(self.events) + 1}"
        event = Event(f"h{number}", number, source, SUBJECT, NOW, NOW, "k", data)
        self.events.append(event)
        return event

    @property
    def told(self) -> Told:
        return told_of(SUBJECT, self.events).named(BALLOT)

    def desk(self, owner: int) -> TrusteeDesk:
        return trustee(self.folder / str(owner))

    def generate(self) -> None:
        waiting = True
        while waiting:
            waiting = False
            for place in self.told.places:
                step = next_step(
                    self.told, place, self.desk(place.owner), PASSPHRASE, chance(place.owner)
                )
                if step.says is not None:
                    self.say(place.source, step.says)
                    waiting = True

    def fix(self) -> Election:
        told = self.told
        trustees = trustees_of(GROUP, told.places, told.published, told.sealed, told.confirmed)
        frozen = Frozen(**{**_fields(FROZEN), "drafted_by": told.drafted})
        election = election_of(DRAFT, frozen, trustees.election_key(GROUP))
        fixed = s.ElectionFixed(
            ballot=BALLOT,
            uuid=UUID,
            fingerprint=election.fingerprint,
            election=election.text,
            trustees=hex_hash(trustees.text),
        )
        self.say(SERVICE, fixed)
        return election

    def confirm(self) -> None:
        for place in self.told.places:
            election, trustees = check_fixed(self.told, self.told)
            desk = self.desk(place.owner)
            desk.confirm(election)
            said = drilled(self.told, trustees, place, desk, PASSPHRASE, chance(place.owner))
            self.say(place.source, said)

    def register(self, unit: str, seed: int) -> None:
        draw = chance(seed)
        credential = open_credential(GROUP, UUID, draw_credential(draw))
        self.credentials[unit] = credential
        proof = prove_registration(GROUP, UUID, unit, credential, draw)
        said = s.CredentialRegistered(
            ballot=BALLOT, credential=str(credential.public), proof=s.Proof(**proof.document())
        )
        self.say(f"/units/{unit}", said)

    def open(self, election: Election) -> None:
        roll = [credential.public for credential in self.credentials.values()]
        said = s.ElectionOpened(
            ballot=BALLOT,
            fingerprint=election.fingerprint,
            credentials=hex_hash(roll_text(roll)),
            registered=len(roll),
            timestamp=1_700_000_000,
        )
        self.say(SERVICE, said)

    def cast(self, election: Election, unit: str, choices, sequence: int = 1) -> Ballot:
        ballot = make_ballot(
            election, self.credentials[unit], choices, chance(100 + len(self.events))
        )
        said = s.SecretVoteCast(
            ballot=BALLOT, vote=ballot.text, tracker=ballot.tracker, sequence=sequence
        )
        self.say(f"/units/{unit}", said)
        return ballot

    def close(self, election: Election) -> None:
        ballots = [read_ballot(election, vote.text) for vote in self.told.votes]
        tally = add_up(election, last_of_each(ballots))
        self.say(SERVICE, b.BallotClosed(ballot=BALLOT, reason="deadline"))
        self.say(SERVICE, s.TallyEncrypted(ballot=BALLOT, counted=tally.counted, tally=tally.text))


@cache
def closed() -> Story:
    """The story up to the closing; whoever changes it changes a copy of its events."""
    story = Story(Path(mkdtemp(prefix="story-")))
    story.say("/units/LCA", DRAFT)
    story.generate()
    election = story.fix()
    for seed, unit in enumerate(UNITS):
        story.register(unit, 40 + seed)
    story.confirm()
    story.open(election)
    for unit, choices in zip(UNITS, CHOICES, strict=True):
        story.cast(election, unit, choices)
    story.cast(election, "LCA", CHOICES[1], sequence=2)
    story.close(election)
    return story


def changed(kind: type[EventData], change: Callable[[Event], Event | None], at: int = 0) -> Told:
    """The story with its event number *at* of one *kind* changed, or left out."""
    story = closed()
    found = [event for event in story.events if isinstance(event.data, kind)][at]
    events = []
    for event in story.events:
        new = change(event) if event is found else event
        events += [new] if new is not None else []
    return told_of(SUBJECT, events).named(BALLOT)


def with_data(**members: object) -> Callable[[Event], Event]:
    """The event with other members of its data."""
    return lambda event: event._replace(data=event.data.model_copy(update=members))


def _fields(frozen: Frozen) -> dict[str, object]:
    return {name: getattr(frozen, name) for name in Frozen.__dataclass_fields__}
