"""A challenge's file is the same thing from the page and from the command line: each is checked by the other's code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.ballots.clients.house import CYCLE
from tests.ballots.clients.town import BALLOT, Town, done, founded, said
from tests.ballots.page.script import Script
from thidua.contracts import secret_ballots as s
from thidua.custody.voter import VoterDesk
from thidua.voting.canonical import short_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.page

CHOICES = [[0, 0, 1], [1, 0, 0]]
SEED = "5a" * 32


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with founded(tmp_path_factory.mktemp("town")) as town:
        town.make_keys()
        town.confirm()
        town.register()
        town.open()
        yield town


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with Script() as running:
        yield running


@pytest.fixture
def election(town: Town) -> str:
    [fixed] = said(town, s.ElectionFixed)
    return str(fixed.election)


def code_of(town: Town, unit: str) -> str:
    """What the unit types at the page."""
    person = town.people[unit]
    [folder] = person.folder.glob("custody/*/voter")
    return VoterDesk(folder, bytes).credential_text(
        (person.folder / "passphrase").read_text().strip()
    )


def of_the_page(script: Script, election: str, code: str) -> dict[str, Any]:
    """The file as the page writes it for a ballot that its modules made."""
    made = script.ask("ballot", text=election, code=code, choices=CHOICES, seed=SEED)
    return {"election": election, "ballot": made["text"], "choices": CHOICES, "seed": SEED}


def written(town: Town, document: dict[str, Any]) -> Path:
    """The file on another device."""
    path = town.people["SOC"].folder / "phieu-kiem-tra.json"
    path.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    return path


def test_the_pages_file_is_checked_at_the_command_line_and_no_other_choice_passes(
    town: Town, script: Script, election: str
) -> None:
    file = of_the_page(script, election, code_of(town, "SOA"))
    path = written(town, file)
    words = ("ballot", "check", CYCLE, BALLOT, "--challenge", path.name, "--json")
    told = done(town.people["SOC"].run(*words)).document
    assert told["choices"] == {"SOA": "no", "SOB": "none"}
    assert told["tracker"] == short_hash(file["ballot"])
    for lie in ({"choices": [[0, 1, 0], [1, 0, 0]]}, {"seed": "5b" * 32}):
        written(town, {**file, **lie})
        assert town.people["SOC"].run(*words).code == 4


def test_the_command_lines_file_opens_with_the_pages_code_to_the_very_same_ballot(
    town: Town, script: Script, election: str
) -> None:
    voter = town.people["SOB"]
    (voter.folder / "choices.json").write_text('{"SOA": "no"}')
    options = ("--choices", "choices.json", "--prepare", "--json")
    done(voter.secretly("ballot", "cast", CYCLE, BALLOT, *options))
    done(voter.secretly("ballot", "challenge", CYCLE, BALLOT, "--to", "kiem-tra.json"))
    file = json.loads((voter.folder / "kiem-tra.json").read_text())
    assert set(file) == {"election", "ballot", "choices", "seed"}
    assert (file["election"], file["choices"]) == (election, CHOICES)
    again = script.ask(
        "ballot",
        text=file["election"],
        code=code_of(town, "SOB"),
        choices=file["choices"],
        seed=file["seed"],
    )
    told, remade = json.loads(file["ballot"]), json.loads(again["text"])
    # The signature alone has chance of its own: a challenge gives the code away to nobody.
    assert told["answers"] == remade["answers"]
    assert told["signature"]["hash"] == remade["signature"]["hash"]
    assert told["signature"]["proof"] != remade["signature"]["proof"]
