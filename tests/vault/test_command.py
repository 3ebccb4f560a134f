"""``thidua vault`` beside a real door: a name is committed, kept, disclosed and erased, and the log says so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import redis
from typer.testing import CliRunner

from services.sandbox import JUDGES
from services.vault.command import NotHandedInError, NotSaidError, NotTheirsError, app
from tests.system.one_unit import AUTHORITY, ORIGIN, OneUnit, one_unit
from thidua.audit.rejudging import Rejudging
from thidua.cli.app import app as library
from thidua.log import Entry, Names
from thidua.log.entry import read_entry
from thidua.outbox import Outbox
from thidua.publishing import Publisher
from thidua.sending import PublisherClient
from thidua.signing import Algorithm, SigningKey, parse_jws
from thidua.vault import DisclosureError, read_disclosure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result
NAME = "Nguyễn Thị Sông Hương"
GIVEN = ["--basis", "Điều 14 Luật 91/2025/QH15"]


@dataclass
class Beside(OneUnit):
    """A running door and units, the unit LCA with its key, and the vault's keeper."""

    persons: int = 0

    @property
    def identity(self) -> list[str]:
        """LCA's options."""
        key = str(self.folder / "lca.pem")
        return [
            *("--key-file", key, "--kid", "LCA/1", "--source", "/units/LCA", "--origin", ORIGIN)
        ]

    @property
    def sending(self) -> list[str]:
        """LCA's options with door and outbox."""
        url = self.system.url("door")
        return [*self.identity, "--url", url, "--outbox", str(self.folder / "outbox")]

    @property
    def kept(self) -> list[str]:
        """Where the vault is."""
        return ["--vault", f"sqlite:///{self.folder}/vault.sqlite3"]

    @property
    def asking(self) -> list[str]:
        """Where Redis is."""
        return ["--redis-url-file", str(self.folder / "redis-url")]

    def run(self, *words: str) -> Result:
        """``thidua vault``."""
        return CliRunner().invoke(app, [*words])

    def listed(self) -> dict[str, Any]:
        """``thidua vault list --json``."""
        told = self.run("list", *self.kept, "--json")
        found: dict[str, Any] = json.loads(told.stdout)
        return found

    def appoint(self) -> tuple[str, Path]:
        """LCA commits to a name, says so in the log and signs a file for the vault; its ref."""
        self.persons += 1
        file = self.folder / f"person-{self.persons}.jws"
        asked = ["personal", "commit", str(file), "--subject", AUTHORITY, *GIVEN]
        asked += ["--keep-until", "2099-12-31", *self.identity]
        told = CliRunner().invoke(library, asked, input=f"{NAME}\n")
        assert told.exit_code == 0, told.output
        made = json.loads(told.stdout)
        data = {
            "unit": "LCA",
            "delegate": f"dai-dien-{self.persons}",
            "role_vi": "Phó Giám đốc",
            "commitment": made["commitment"],
            "valid_from": "2020-01-15",
        }
        key = SigningKey.from_pem((self.folder / "lca.pem").read_bytes())
        publisher = Publisher(ORIGIN, "/units/LCA", "LCA/1", key)
        client = PublisherClient(Outbox(self.folder / "outbox"), publisher, self.door)
        client.queue("thidua.units.delegate-appointed.v1", AUTHORITY, data)
        assert client.flush().recorded
        return made["ref"], file

    def entries(self) -> list[Entry]:
        """The whole log."""
        with redis.Redis.from_url(self.system.redis_url) as client:
            found = client.xrange(Names().log)
            return [read_entry(int(at.split(b"-")[0]), fields[b"e"]) for at, fields in found]


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    with one_unit(tmp_path_factory.mktemp("vault"), Beside) as one:
        one.register("LCA/1", "lca.pem")
        (one.folder / "redis-url").write_text(f"{one.system.redis_url}\n")
        yield one


def test_a_name_goes_from_its_unit_into_the_vault_to_an_auditor_and_is_erased(
    beside: Beside,
) -> None:
    ref, file = beside.appoint()
    assert file.stat().st_mode & 0o077 == 0
    for word in ("taken", "was there"):
        told = beside.run("put", str(file), *beside.kept, *beside.asking, "--origin", ORIGIN)
        assert told.exit_code == 0, told.output
        assert word in told.output
    assert NAME in beside.run("show", ref, *beside.kept).output
    assert NAME not in beside.run("list", *beside.kept).output
    out = beside.folder / "to-auditor.jws"
    asked = ["disclose", ref, "--out", str(out), "--to", "Thanh tra", *GIVEN, *beside.kept]
    assert beside.run(*asked, *beside.identity).exit_code == 0
    assert isinstance(beside.run(*asked, *beside.identity).exception, DisclosureError)
    assert read_disclosure(out.read_bytes())[0].rows[0].value == NAME

    before = beside.entries()
    for _ in range(2):
        told = beside.run("erase", ref, *GIVEN, *beside.kept, *beside.sending)
        assert told.exit_code == 0, told.output
    [entry] = beside.entries()[len(before) :]
    said = json.loads(parse_jws(entry.jws or b"").payload)
    assert (said["type"], said["data"]["ground"]) == (
        "thidua.units.personal-data-erased.v1",
        "request",
    )
    erased = {one["ref"]: one["position"] for one in beside.listed()["erased"]}
    assert erased[ref] == entry.position
    assert NAME.encode() not in (beside.folder / "vault.sqlite3").read_bytes()
    assert not any(NAME.encode() in one.raw for one in beside.entries())
    root = beside.founding.root.verifying_key.spki
    counts = Rejudging(JUDGES, origin=ORIGIN, root_spki=root).run(beside.entries())
    assert counts.signatures == entry.position - counts.said


def test_while_the_door_is_away_the_row_is_deleted_and_the_event_waits_in_the_outbox(
    beside: Beside,
) -> None:
    ref, file = beside.appoint()
    beside.run("put", str(file), *beside.kept, *beside.asking, "--origin", ORIGIN)
    away = [*beside.sending[:-4], "--url", "http://127.0.0.1:9", *beside.sending[-2:]]
    told = beside.run("erase", ref, *GIVEN, *beside.kept, *away)
    assert told.exit_code == 7, told.output
    assert beside.run("show", ref, *beside.kept).exit_code != 0
    assert beside.run("erase", ref, *GIVEN, *beside.kept, *beside.sending).exit_code == 0
    assert {one["ref"]: one["position"] for one in beside.listed()["erased"]}[ref]


def test_nobody_else_puts_discloses_or_erases(beside: Beside) -> None:
    ref, file = beside.appoint()
    forged = beside.folder / "forged.jws"
    made, _ = read_disclosure(file.read_bytes())
    stranger = SigningKey.generate(Algorithm.ES256)
    forged.write_text(made.signed(stranger, "LCA/9"))
    put = ["put", str(forged), *beside.kept, *beside.asking, "--origin", ORIGIN]
    assert isinstance(beside.run(*put).exception, NotHandedInError)
    key = SigningKey.from_pem((beside.folder / "lca.pem").read_bytes())
    edited = made.rows[0].model_copy(update={"value": "Người Khác"})
    forged.write_text(made.model_copy(update={"rows": (edited,)}).signed(key, "LCA/1"))
    assert isinstance(beside.run(*put).exception, NotHandedInError)
    elsewhere = made.model_copy(update={"aud": "so.khac.vn/p0"})
    forged.write_text(elsewhere.signed(key, "LCA/1"))
    assert isinstance(beside.run(*put).exception, NotHandedInError)
    forged.write_text("")
    assert isinstance(beside.run(*put).exception, DisclosureError)
    assert ref not in {one["ref"] for one in beside.listed()["kept"]}

    beside.run("put", str(file), *beside.kept, *beside.asking, "--origin", ORIGIN)
    other = ["--source", "/units/HGI"]
    erase = ["erase", ref, *GIVEN, *beside.kept, *beside.sending, *other]
    assert isinstance(beside.run(*erase).exception, NotTheirsError)
    out = str(beside.folder / "never.jws")
    asked = ["disclose", ref, "--out", out, "--to", "Ai đó", *GIVEN, *beside.kept]
    assert isinstance(beside.run(*asked, *beside.identity, *other).exception, NotTheirsError)
    assert ref in {one["ref"] for one in beside.listed()["kept"]}


def test_the_bytes_of_an_event_refused_for_its_form_are_erased_and_no_entry_changes(
    beside: Beside,
) -> None:
    wire_type = "thidua.units.unit-renamed.v1"
    jws = beside.authority.sign(wire_type, AUTHORITY, {"person": NAME})
    reply = beside.door.send(jws)
    beside.authority.entered(wire_type, jws)
    event_hash, position = parse_jws(jws).hash, str(reply.document["position"])
    before = beside.entries()
    with redis.Redis.from_url(beside.system.redis_url) as client:
        assert client.hget(Names().said, position) == jws.encode()
        for word in ("đã xóa / erased", "erased before"):
            told = beside.run("erase", "--said", event_hash, *beside.asking)
            assert told.exit_code == 0, told.output
            assert word in told.output
        assert client.hget(Names().said, position) is None
    assert beside.entries() == before
    root = beside.founding.root.verifying_key.spki
    assert Rejudging(JUDGES, origin=ORIGIN, root_spki=root).run(before).said == 1
    recorded = parse_jws(before[0].jws or b"").hash
    for other in (recorded, "A" * 43):
        refused = beside.run("erase", "--said", other, *beside.asking)
        assert isinstance(refused.exception, NotSaidError)


@pytest.mark.parametrize(
    "words",
    [
        ["erase"],
        ["erase", "A" * 22],
        ["erase", "A" * 22, "--said", "x"],
        ["erase", "A" * 22, *GIVEN, "--vault", "sqlite:///x", "--ground", "vì thế"],
        ["erase", "--said", "x"],
    ],
)
def test_a_command_that_says_too_little_or_too_much_is_a_matter_of_usage(
    words: list[str], beside: Beside
) -> None:
    assert beside.run(*words).exit_code == 2


@pytest.mark.parametrize("ref", ["-CQFoc5NQ1dtQw5U_dvkVw", "--Foc5NQ1dtQw5U_dvkVwAB"])
def test_a_ref_that_begins_with_a_hyphen_is_a_ref(ref: str, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["show", ref, "--vault", f"sqlite:///{tmp_path / 'v.sqlite3'}"])
    assert "Usage" not in told.output
    assert ref in str(told.exception)
