"""A house, and everybody's machine around it; a stage that took long to reach is kept and gone on from."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.ballots.clients.house import CONFERENCE, CYCLE, House, Stage, begun, served
from tests.ballots.clients.people import Person, Told
from thidua.clock import format_instant
from thidua.knowledge import recorded_event
from thidua.log.entry import read_entry
from thidua.tlog.policy import write_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from services.player import Player

BALLOT = "b-bk"
UNITS = ("SOA", "SOB", "SOC")
SOURCES = {"BNV": "/authorities/BNV", **{unit: f"/units/{unit}" for unit in UNITS}}
OFFICES = (("--office", "vu"), ("--office", "van-phong"))
DRAFT = {
    "ballot": BALLOT,
    "conference": CONFERENCE,
    "about": "bk",
    "nominees": ["SOA", "SOB"],
    "uuid": "BbCcDdEeFfGgHh",
    "form": "each",
    "trustees": [
        {
            "threshold": 1,
            "holders": [
                {"source": "/authorities/BNV", "office": "vu"},
                {"source": "/authorities/BNV", "office": "van-phong"},
            ],
        },
        {
            "threshold": 2,
            "holders": [{"source": f"/units/{unit}", "office": "so"} for unit in UNITS],
        },
    ],
    "min_ballots": 3,
    "decrypt_hours": 48,
    "complaint_days": 0,
}


@dataclass
class Town:
    """Everybody of the year, at work."""

    house: House
    url: str
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    closes: datetime | None = None
    draft: dict[str, Any] = field(default_factory=lambda: dict(DRAFT))

    @property
    def ballot(self) -> str:
        """The name of the ballot at hand."""
        return str(self.draft["ballot"])

    def trustees(self) -> list[tuple[Person, tuple[str, ...]]]:
        """The five trustees: two offices of the authority, three units."""
        authority = [(self.people["BNV"], office) for office in OFFICES]
        return authority + [(self.people[unit], ()) for unit in UNITS]

    def say(self, who: str, wire_type: str, data: dict[str, object]) -> None:
        """An event of *who* that has no command of its own."""
        event = {"type": f"thidua.ballots.{wire_type}.v1", "subject": CYCLE, "data": data}
        done(self.people[who].send(event))

    def make_keys(self) -> None:
        """The draft, and all rounds of the key generation."""
        self.say("SOA", "election-drafted", self.draft)
        for _round in range(4):
            for person, office in self.trustees():
                done(person.secretly("trustee", "init", CYCLE, self.ballot, *office))

    def fingerprint(self) -> str:
        """What one trustee reads out to the others."""
        told = self.people["SOC"].run("trustee", "confirm", CYCLE, self.ballot, keyboard="?\n")
        assert told.code == 4, told
        [line] = [line for line in told.out.splitlines() if "fingerprint" in line]
        return line.split("\t")[1]

    def confirm(self) -> None:
        """Everybody confirms the fingerprint and passes the drill."""
        heard = self.fingerprint()
        for person, office in self.trustees():
            done(
                person.run(
                    "trustee", "confirm", CYCLE, self.ballot, "--fingerprint", heard, *office
                )
            )
            done(person.secretly("trustee", "drill", CYCLE, self.ballot, *office))

    def register(self) -> None:
        """Every unit makes its credential."""
        for unit in UNITS:
            done(self.people[unit].secretly("ballot", "credential", CYCLE, self.ballot))

    def open(self) -> None:
        """The box is open for two hours."""
        self.closes = (self.house.now + timedelta(hours=2)).replace(microsecond=0)
        drafted = {name: self.draft[name] for name in ("ballot", "conference", "about", "nominees")}
        closes = format_instant(self.closes)
        self.say("SOA", "ballot-opened", {**drafted, "mode": "secret", "closes": closes})

    def vote(self, unit: str, text: str) -> str:
        """*unit* votes without being asked; its tracker."""
        path = self.people[unit].folder / "choices.json"
        path.write_text(text)
        options = ("--choices", "choices.json", "--yes", "--json")
        told = done(self.people[unit].secretly("ballot", "cast", CYCLE, self.ballot, *options))
        path.unlink()
        tracker: str = told.document["tracker"]
        return tracker

    def vote_all(self) -> list[str]:
        """Three votes, and the first unit again; their trackers."""
        return [
            self.vote("SOA", '{"SOA": "no", "SOB": "no"}'),
            self.vote("SOB", '{"SOA": "no", "SOB": "yes"}'),
            self.vote("SOC", '{"SOB": "yes"}'),
            self.vote("SOA", '{"SOA": "yes", "SOB": "yes"}'),
        ]

    def close(self) -> None:
        """Time goes by until the box is closed."""
        assert self.closes is not None
        self.house.pass_to(self.closes)

    def minute(self) -> None:
        """The conference approves its ranking and issues its minutes."""
        minutes = {"conference": CONFERENCE, "document": "0" * 64, "divergences": []}
        self.say("SOA", "ranking-approved", {"conference": CONFERENCE, "ranking": 1})
        self.say("SOA", "minutes-issued", minutes)


def done(told: Told) -> Told:
    """A command that must have done what it was asked."""
    assert told.code == 0, told
    return told


def said(town: Town, kind: type) -> list:
    """What the log says of one kind."""
    entries = [read_entry(position, raw) for position, raw in enumerate(town.house.raw, 1)]
    data = [recorded_event(entry).data for entry in entries if entry.is_recorded]
    return [one for one in data if isinstance(one, kind)]


@contextmanager
def founded(folder: Path) -> Iterator[Town]:
    """A new town; SOB and SOC read the archive over HTTP, the others from its folder."""
    house, player = begun(folder / "house")
    with served(house) as url:
        town = Town(house, url, folder)
        move_in(town, player, lambda _, home: Person(home))
        yield town


@contextmanager
def gone_on(folder: Path, other: Path, stage: Stage, closes: datetime | None) -> Iterator[Town]:
    """A town that goes on from a *stage* that was reached in the folder *other*."""
    shutil.copytree(other, folder, dirs_exist_ok=True)
    house = House(stage.founding, folder / "house", stage)
    with served(house) as url:
        people = {name: Person(folder / name) for name in SOURCES}
        town = Town(house, url, folder, people, closes)
        _settle(town)
        yield town


def move_in(town: Town, player: Player, sits: Callable[[str, Path], Person]) -> None:
    """Everybody gets a folder with the key that the *player* made; *sits* says by name who works there."""
    for name, source in SOURCES.items():
        home = town.folder / name
        home.mkdir()
        publisher = player._publishers[name]
        (home / "key.pem").write_bytes(publisher.key.to_pem())
        (home / "policy.txt").write_text(write_policy(town.house.policy))
        (home / "passphrase").write_text(f"bốn từ của {source}\n")
        (home / "kid").write_text(publisher.kid)
        town.people[name] = sits(name, home)
    _settle(town)


def _settle(town: Town) -> None:
    for name, person in town.people.items():
        over_http = name in ("SOB", "SOC")
        settings = {
            "origin": town.house.origin,
            "kid": (person.folder / "kid").read_text(),
            "url": town.url,
            "archive": f"{town.url}/archive" if over_http else str(town.house.archive.public),
        }
        person.settle(SOURCES[name], settings)
