"""What happens before a secret ballot opens: passphrases, credentials lost and made anew, keys used again."""

from __future__ import annotations

import shutil
from contextlib import chdir
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.ballots.clients.house import CYCLE
from tests.ballots.clients.town import BALLOT, DRAFT, Town, done, founded, said
from tests.shared.custody.desks import CHEAP
from thidua.cli import app, custody, trustee
from thidua.contracts import secret_ballots as s

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = "bốn từ không ai đoán"


@pytest.fixture
def drafted(tmp_path: Path) -> Iterator[Town]:
    """A town in which a secret ballot was drafted, and nothing more."""
    with founded(tmp_path) as town:
        town.say("SOA", "election-drafted", DRAFT)
        yield town


def typed(town: Town, who: str, keyboard: str, *words: str) -> tuple[int, str]:
    """A command whose questions are answered at the keyboard: its exit code and all that was on the screen."""
    with pytest.MonkeyPatch.context() as here, chdir(town.people[who].folder):
        here.setattr(custody, "COST", CHEAP)
        told = CliRunner().invoke(app.app, words, input=keyboard)
    return told.exit_code, told.output


def test_a_new_passphrase_is_asked_for_twice_and_never_shown(drafted: Town) -> None:
    words = ("ballot", "credential", CYCLE, BALLOT)
    code, screen = typed(drafted, "SOA", f"{WORDS}\n{WORDS}\n", *words)
    assert code == 0, screen
    assert screen.count("Câu mật khẩu / passphrase") == 1
    assert WORDS not in screen
    code, screen = typed(drafted, "SOA", f"{WORDS}\n", *words)
    assert code == 0, screen
    assert len(said(drafted, s.CredentialRegistered)) == 1


def test_a_short_passphrase_is_refused_before_anything_is_made(drafted: Town) -> None:
    person = drafted.people["SOA"]
    (person.folder / "passphrase").write_text("ngắn\n")
    for words in (("ballot", "credential"), ("trustee", "init")):
        told = person.secretly(*words, CYCLE, BALLOT)
        assert (told.code, "ít nhất 12 ký tự" in told.err) == (3, True)
    assert list(person.folder.rglob("*.sealed")) == []
    for raw in (None, b"", b"\xff\xfe"):
        (person.folder / "passphrase").unlink(missing_ok=True)
        if raw is not None:
            (person.folder / "passphrase").write_bytes(raw)
        told = person.secretly("trustee", "init", CYCLE, BALLOT)
        assert (told.code, "câu mật khẩu" in told.err) == (3, True)


def test_a_credential_that_was_lost_before_the_opening_is_replaced_by_a_new_one(
    drafted: Town,
) -> None:
    person = drafted.people["SOB"]
    words = ("ballot", "credential", CYCLE, BALLOT)
    done(person.secretly(*words, "--paper", "paper.txt"))
    paper = (person.folder / "paper.txt").read_text().strip()
    assert len(paper) == 19
    assert (person.folder / "paper.txt").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(person.folder / "custody")
    done(person.secretly(*words))
    first, second = said(drafted, s.CredentialRegistered)
    assert first.credential != second.credential


def test_nobody_votes_confirms_or_decrypts_before_it_is_time(drafted: Town) -> None:
    for words in (("ballot", "cast"), ("trustee", "drill"), ("trustee", "decrypt")):
        told = drafted.people["SOA"].secretly(*words, CYCLE, BALLOT)
        assert (told.code, "chưa đến lúc" in told.err) == (7, True), words
    absent = drafted.people["SOA"].run("ballot", "check", CYCLE, BALLOT, "A" * 43)
    assert absent.code == 7
    unknown = drafted.people["SOA"].run("ballot", "check", CYCLE, "khong-co", "A" * 43)
    assert unknown.code == 3


def test_a_trustee_with_patience_goes_on_by_itself_when_the_others_have_spoken(
    drafted: Town,
) -> None:
    for person, office in drafted.trustees()[:4]:
        done(person.secretly("trustee", "init", CYCLE, BALLOT, *office))
    with pytest.MonkeyPatch.context() as here:
        here.setattr(trustee, "PAUSE", 0.01)
        told = drafted.people["SOC"].secretly(
            "trustee", "init", CYCLE, BALLOT, "--patience", "3", "--json"
        )
    assert (told.code, told.document["waits_for"]) == (7, [1, 2, 3, 4])
    assert [one.owner for one in said(drafted, s.TrusteePublished)] == [5]


def test_keys_of_an_earlier_ballot_are_confirmed_and_drilled_for_a_later_one(
    closed: Town,
) -> None:
    later = {
        **DRAFT,
        "ballot": "b-co",
        "about": "co",
        "form": "list",
        "nominees": ["SOA", "SOB", "SOC"],
        "uuid": "22334455667788",
        "keys_of": BALLOT,
    }
    closed.say("SOA", "election-drafted", later)
    person = closed.people["SOC"]
    made = done(person.secretly("trustee", "init", CYCLE, "b-co", "--json"))
    assert made.document["done"] is True
    told = person.run("trustee", "confirm", CYCLE, "b-co", keyboard="?\n")
    [line] = [line for line in told.out.splitlines() if "fingerprint" in line]
    heard = line.split("\t")[1]
    done(person.run("trustee", "confirm", CYCLE, "b-co", "--fingerprint", heard))
    done(person.secretly("trustee", "drill", CYCLE, "b-co"))
    done(person.secretly("trustee", "decrypt", CYCLE, BALLOT))
    needed = person.run("trustee", "destroy", CYCLE, "b-co", "--confirm", "b-co")
    assert (needed.code, "b-bk, b-co" in needed.err) == (3, True)
