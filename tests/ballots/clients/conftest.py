from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.ballots.clients.house import CONFERENCE, CYCLE, House, served
from tests.ballots.clients.people import Person
from thidua.clock import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BALLOT = "b-bk"
TRUSTEES = ("SOA", "SOB", "SOC")
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
            "holders": [{"source": f"/units/{unit}", "office": "so"} for unit in TRUSTEES],
        },
    ],
    "min_ballots": 3,
    "decrypt_hours": 48,
    "complaint_days": 0,
}


@dataclass
class Town:
    """The house, and everybody's machine."""

    house: House
    url: str
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)

    def say(self, who: str, wire_type: str, data: dict[str, object]) -> None:
        """An event of *who* that has no command of its own; it must be recorded."""
        event = {"type": f"thidua.ballots.{wire_type}.v1", "subject": CYCLE, "data": data}
        told = self.people[who].send(event)
        assert told.code == 0, told

    def trustees(self) -> list[tuple[Person, tuple[str, ...]]]:
        """The five trustees: two offices of the authority, three units."""
        offices = [("--office", "vu"), ("--office", "van-phong")]
        return [(self.people["BNV"], office) for office in offices] + [
            (self.people[unit], ()) for unit in TRUSTEES
        ]

    def make_keys(self) -> None:
        """The draft, and all rounds of the key generation."""
        self.say("SOA", "election-drafted", DRAFT)
        for _round in range(4):
            for person, office in self.trustees():
                told = person.secretly("trustee", "init", CYCLE, BALLOT, *office)
                assert told.code == 0, told

    def fingerprint(self) -> str:
        """What one trustee reads out to the others."""
        told = self.people["SOC"].run("trustee", "confirm", CYCLE, BALLOT, keyboard="x" * 43 + "\n")
        assert told.code == 4
        return told.out.rpartition("\t")[2].strip()

    def confirm(self) -> None:
        """Everybody confirms the fingerprint and passes the drill."""
        heard = self.fingerprint()
        for person, office in self.trustees():
            told = person.run("trustee", "confirm", CYCLE, BALLOT, "--fingerprint", heard, *office)
            assert told.code == 0, told
            told = person.secretly("trustee", "drill", CYCLE, BALLOT, *office)
            assert told.code == 0, told

    def register(self) -> None:
        """Every unit makes its credential."""
        for unit in TRUSTEES:
            told = self.people[unit].secretly("ballot", "credential", CYCLE, BALLOT)
            assert told.code == 0, told

    def open(self) -> None:
        """The box is open for an hour."""
        closes = self.house.now.replace(microsecond=0, minute=0, hour=self.house.now.hour + 2)
        self.say(
            "SOA",
            "ballot-opened",
            {
                **{name: DRAFT[name] for name in ("ballot", "conference", "about", "nominees")},
                "mode": "secret",
                "closes": format_instant(closes),
            },
        )
        self.closes = closes

    def vote(self, unit: str, text: str) -> str:
        """*unit* votes without asking; its tracker."""
        path = self.people[unit].folder / "choices.json"
        path.write_text(text)
        told = self.people[unit].secretly(
            "ballot", "cast", CYCLE, BALLOT, "--choices", "choices.json", "--yes", "--json"
        )
        assert told.code == 0, told
        path.unlink()
        tracker: str = told.document["tracker"]
        return tracker


@pytest.fixture
def town(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    house = House(tmp_path / "house")
    with served(house) as url:
        town = Town(house, url, tmp_path)
        for source in ("/authorities/BNV", "/units/SOA", "/units/SOB", "/units/SOC"):
            name = source.rsplit("/", 1)[-1]
            archive = f"{url}/archive" if name == "SOB" else None
            folder = house.settings(source, tmp_path / name, url, archive)
            town.people[name] = Person(folder, capsys, monkeypatch)
        yield town
