"""The seed year with every ballot in secret: the same outcome, an archive that proves it, and no secret anywhere."""

from __future__ import annotations

import gzip
import secrets
import sqlite3
from base64 import b64encode, urlsafe_b64encode
from contextlib import closing
from typing import TYPE_CHECKING, Final

import httpx
import pytest
import redis

from services.sandbox import Sandbox, sandbox
from services.scenarios.format import read_scenario
from services.scenarios.secret import Desk, in_secret, questions_of
from tests.conftest import SEED
from tests.system.searching import TRACES, Seen, receiving, seen_in
from thidua.audit.secret import archives_in, hold_archives
from thidua.publishing import DoorClient
from thidua.voting.verifying import verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.timeout(900)

TRACING: Final = {"THIDUA_OTLP_ENDPOINT": "{}", "OTEL_BSP_SCHEDULE_DELAY": "200"}
"""What tells a process to send its traces to an address."""
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

    def __init__(self, box: Sandbox, traces: str) -> None:
        self.box = box
        self.traces = traces
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

    def searched(self) -> dict[str, Seen]:
        """What the system has kept by now, by place."""
        return seen_in(self.box.system.folder, self.box.system.redis_url)

    def held(self) -> tuple[set[int], set[str]]:
        """The long-lived secrets of trustees and voters: numbers, and texts that they are derived from."""
        custody = self.desk.custody[BALLOTS[0]]
        parties = list(custody._parties.values())
        numbers = set(custody.secrets.values())
        numbers |= {number for party in parties for number in party.coefficients}
        for party in parties:
            numbers |= {party.signing_secret, party.reading_secret}
        texts = {party.seed for party in parties}
        for voters in (self.desk.voters[name] for name in BALLOTS):
            numbers |= {one.secret for one in voters.credentials.values()}
            texts |= set(voters.texts)
        return numbers, texts


@pytest.fixture(scope="module")
def secret_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretYear]:
    scenario = in_secret(read_scenario(SEED))
    folder = tmp_path_factory.mktemp("secret")
    with receiving(folder / TRACES) as traces, pytest.MonkeyPatch.context() as environment:
        for name, value in TRACING.items():
            environment.setenv(name, value.format(traces))
        with sandbox(scenario, folder) as box:
            year = SecretYear(box, traces)
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


def test_the_pages_tell_of_each_ballot_how_many_of_its_voters_confirmed_that_they_found_their_vote(
    secret_year: SecretYear,
) -> None:
    with httpx.Client(base_url=secret_year.box.system.url("reporting"), timeout=60) as reader:
        for name, checked in zip(BALLOTS, (5, 6, 7, 4), strict=True):
            told = reader.get(f"/v1/cycles/{CYCLE}/ballots/{name}").json()["data"]
            assert told["checked"] == {"checked": checked, "of": 7}
            for path in ("", "/bien-ban"):
                page = reader.get(f"/nam/{CYCLE}/bo-phieu/{name}{path}").text
                assert f"{checked}/7" in page.partition("tìm thấy trong hòm")[2][:60]


def test_every_ballot_of_the_log_holds_by_its_own_proof(secret_year: SecretYear) -> None:
    archives = archives_in(secret_year.box.entries())
    assert hold_archives(archives) == len(BALLOTS)
    for name in BALLOTS:
        found = archives.get(CYCLE, name)
        assert found is not None
        assert verify_archive(found.bel).cast == 7


def test_no_byte_of_redis_database_archive_logs_or_traces_holds_a_choice_or_a_secret(
    secret_year: SecretYear,
) -> None:
    places = secret_year.searched()
    for name in PLANTING:
        assert len(places[name]) > 1000, name
    assert places["redis"].votes == places["archive"].votes == 4 * 7 + 1

    proofs = {number for seen in places.values() for number in seen.scalars}
    drawn = secret_year.chance.drawn - proofs
    assert len(drawn) > 200
    numbers, texts = secret_year.held()
    assert (len(numbers), len(texts)) == (4 + 8 + 10 + 4 * 7, 5 + 4 * 7)
    for name, seen in places.items():
        assert not seen.choices, name
        assert not drawn & seen.numbers, name
        assert not seen.holds(numbers | texts), name


WRITTEN: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "decimal": lambda _, number: str(number).encode(),
    "hexadecimal": lambda raw, _: raw.hex().encode(),
    "HEXADECIMAL": lambda raw, _: raw.hex().upper().encode(),
    "base64": lambda raw, _: b64encode(raw),
    "base64url": lambda raw, _: urlsafe_b64encode(raw).rstrip(b"="),
    "bytes": lambda raw, _: raw,
    "in an event": lambda raw, _: (
        b"eyJhbGciOiJFZERTQSJ9."
        + urlsafe_b64encode(
            b'{"secret":"' + str(int.from_bytes(raw, "big")).encode() + b'"}'
        ).rstrip(b"=")
        + b".c2ln"
    ),
}
"""How a number of 32 bytes may stand somewhere."""


def test_a_secret_planted_in_any_place_in_any_way_of_writing_is_found_there(
    secret_year: SecretYear,
) -> None:
    numbers = {
        (place, how): 2**255 + secrets.randbelow(2**255) for place in PLANTING for how in WRITTEN
    }
    texts = {place: secrets.token_urlsafe(16) for place in PLANTING}
    for place, plant in PLANTING.items():
        for (where, how), number in numbers.items():
            if where == place:
                plant(secret_year, WRITTEN[how](number.to_bytes(32, "big"), number))
        plant(secret_year, b"xy" + b64encode(b"a " + texts[place].encode() + b" b"))
        plant(secret_year, b'{"marks":{"LCA":"yes"}}')
    places = secret_year.searched()
    for name, seen in places.items():
        found = set(seen.holds([*numbers.values(), *texts.values()]))
        here = {number for (place, _), number in numbers.items() if place == name}
        assert found == here | ({texts[name]} if name in texts else set()), name
        assert bool(seen.choices) == (name in PLANTING), name


def in_redis(year: SecretYear, raw: bytes) -> None:
    with redis.Redis.from_url(year.box.system.redis_url) as client:
        client.rpush("planted", raw)


def in_database(year: SecretYear, raw: bytes) -> None:
    [path] = year.box.system.folder.glob("*.sqlite3")
    with closing(sqlite3.connect(path, timeout=30)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS planted (raw BLOB)")
        database.execute("INSERT INTO planted VALUES (?)", (raw,))


def in_file(name: str) -> Callable[[SecretYear, bytes], None]:
    def plant(year: SecretYear, raw: bytes) -> None:
        with (year.box.system.folder / name).open("ab") as file:
            file.write(b"\n" + raw + b"\n")

    return plant


def in_traces(year: SecretYear, raw: bytes) -> None:
    body = gzip.compress(b"\x0a\x12" + raw)
    headers = {"content-encoding": "gzip"}
    assert httpx.post(f"{year.traces}/v1/traces", content=body, headers=headers).status_code == 200


PLANTING: Final = {
    "redis": in_redis,
    "database": in_database,
    "archive": in_file("archive/planted"),
    "logs": in_file("ballots.log"),
    TRACES: in_traces,
}
"""How something gets into each place, as a careless program would put it there."""
