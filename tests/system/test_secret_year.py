"""The seed year with every ballot in secret: the same outcome, an archive that proves it, and no secret anywhere."""

from __future__ import annotations

import asyncio
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest

from services.sandbox import Sandbox, sandbox
from services.scenarios.format import read_scenario
from services.scenarios.secret import Desk, in_secret, questions_of
from tests.conftest import SEED
from thidua.audit.secret import archives_in, hold_archives
from thidua.publishing import DoorClient
from thidua.stream import new_client
from thidua.voting.verifying import verify_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

CYCLE = "BVHTTDL/BGPB/2020"
BALLOTS = ("phieu-1", "phieu-2", "phieu-3", "phieu-4")


class Recorded:
    """Chance that remembers every number that was drawn of it."""

    def __init__(self) -> None:
        self.drawn: set[int] = set()

    def __call__(self, bound: int) -> int:
        number = secrets.randbelow(bound)
        if bound > 2**64:
            self.drawn.add(number)
        return number


class SecretYear:
    """The year played by desks whose secrets a test may know."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.chance = Recorded()
        self.desk = Desk(box.set_up, questions_of(box.scenario), self.chance)

    def play(self) -> None:
        door = DoorClient(self.box.system.url("door"))
        try:
            player = self.box.player(door)
            player.words = self.desk.words
            player.play()
        finally:
            door.close()


@pytest.fixture(scope="module")
def secret_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretYear]:
    scenario = in_secret(read_scenario(SEED))
    with sandbox(scenario, tmp_path_factory.mktemp("secret")) as box:
        year = SecretYear(box)
        year.play()
        yield year


def test_the_year_in_secret_ends_as_the_worked_example_says(secret_year: SecretYear) -> None:
    outcome = secret_year.box.outcome()
    assert (outcome["chair"], outcome["deputy"]) == ("LCA", "HGI")
    votes = [
        (one["subject"], one["mode"], one["valid"], one["votes"], one["threshold"], one["passed"])
        for one in outcome["ballots"]
    ]
    assert votes == [
        ("co-bo", "secret", 7, {"LCA": 7, "LCH": 7, "LSN": 6, "SLA": 1}, 5, ["LCA", "LCH", "LSN"]),
        (
            "bang-khen-bo",
            "secret",
            7,
            {"SLA": 7, "HGI": 7, "DBN": 7, "CBG": 6},
            4,
            ["SLA", "HGI", "DBN", "CBG"],
        ),
        ("chair", "secret", 7, {"LCA": 7}, 4, ["LCA"]),
        ("deputy", "secret", 7, {"HGI": 7}, 4, ["HGI"]),
    ]
    assert outcome["reward_total"] == 47_680_000
    assert outcome["fingerprints_equal"]
    assert outcome["verified"]


def test_every_ballot_of_the_log_holds_by_its_own_proof(secret_year: SecretYear) -> None:
    archives = archives_in(secret_year.box.entries())
    assert hold_archives(archives) == len(BALLOTS)
    for name in BALLOTS:
        found = archives.get(CYCLE, name)
        assert found is not None
        assert verify_archive(found.bel).cast == 7


def test_no_byte_of_redis_database_archive_or_logs_holds_a_choice_or_a_secret(
    secret_year: SecretYear,
) -> None:
    folder = secret_year.box.system.folder
    asyncio.run(_saved(secret_year.box.system.redis_url))
    files = [path for path in folder.rglob("*") if path.is_file()]
    kinds = {path.suffix or path.name for path in files}
    assert {".sqlite3", ".log", ".aof"} <= kinds
    seen = _Seen()
    for path in files:
        seen.take(path.read_bytes())
    assert seen.votes == 4 * 7 + 1

    proofs = {int(number) for number in seen.scalars}
    secret = secret_year.chance.drawn - proofs
    custody = secret_year.desk.custody["phieu-1"]
    held = set(custody.secrets.values())
    held |= {
        one.secret for name in BALLOTS for one in secret_year.desk.voters[name].credentials.values()
    }
    assert len(held) == 4 + 4 * 7
    assert len(secret) > 200
    for number in secret | held:
        assert str(number) not in seen.decimals
        assert f"{number:x}" not in seen.hexadecimals
    assert not seen.texts & {
        text for name in BALLOTS for text in secret_year.desk.voters[name].texts
    }
    assert not seen.choices


async def _saved(redis_url: str) -> None:
    """Redis writes all that it holds anew."""
    client = new_client(redis_url)
    try:
        await client.save()
    finally:
        await client.aclose()


class _Seen:
    """What stands in bytes and in what they encode, wherever it could be a secret."""

    def __init__(self) -> None:
        self.decimals: set[str] = set()
        self.hexadecimals: set[str] = set()
        self.scalars: set[str] = set()
        self.texts: set[str] = set()
        self.choices: list[bytes] = []
        self.votes = 0
        self._payloads: set[bytes] = set()

    def take(self, raw: bytes) -> None:
        self._look(raw)
        for token in re.findall(rb"(?<![\w.-])eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+", raw):
            payload = urlsafe_b64decode(token + b"=" * (-len(token) % 4))
            if payload not in self._payloads:
                self._payloads.add(payload)
                self._look(payload)
                self.votes += b'"thidua.ballots.secret-vote-cast.v1"' in payload

    def _look(self, raw: bytes) -> None:
        self.decimals |= {one.decode() for one in re.findall(rb"[0-9]{20,}", raw)}
        self.hexadecimals |= {one.decode().lower() for one in re.findall(rb"[0-9a-fA-F]{50,}", raw)}
        found = re.findall(rb'\\?"(?:challenge|response)\\?": ?\\?"([0-9]+)', raw)
        self.scalars |= {one.decode() for one in found}
        card = rb"(?:[1-9A-HJ-NP-Za-km-z]{3}-){4}[1-9A-HJ-NP-Za-km-z]{3}"
        self.texts |= {one.decode() for one in re.findall(card, raw)}
        self.choices += re.findall(rb'"marks": ?\{"[A-Z0-9-]+": ?"(?:yes|no|none)"', raw)


def test_the_search_finds_what_is_planted_plainly_or_within_an_event() -> None:
    card = b"fNG-Qzz-jE7-oMA-ZVY"
    number = str(2**255 - 19).encode()
    planted = b'{"marks":{"LCA":"yes"},"secret":"' + number + b'","card":"' + card + b'"}'
    inside = urlsafe_b64encode(planted).rstrip(b"=")
    for raw in (planted, b'x{"jws":"eyJhbGciOiJFZERTQSJ9.' + inside + b'.c2ln"}', number + card):
        seen = _Seen()
        seen.take(raw)
        assert number.decode() in seen.decimals
        assert card.decode() in seen.texts
    assert not _Seen().choices
    seen = _Seen()
    seen.take(b"eyJhbGciOiJFZERTQSJ9." + inside + b".c2ln")
    assert seen.choices
