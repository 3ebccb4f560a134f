"""Voters and trustees whose passphrases the machine's own key store holds: nobody types one, and none lies in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from keyring.backends import fail

from tests.ballots.clients.house import CYCLE
from tests.ballots.clients.town import BALLOT, DRAFT, Town, done, founded, said
from tests.shared.custody.stores import MemoryStore, with_store
from thidua.contracts import secret_ballots as s

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE = ("--key-store", "os")
HERE = (CYCLE, BALLOT)


@pytest.fixture
def drafted(tmp_path: Path) -> Iterator[Town]:
    """A town in which a secret ballot was drafted, and nothing more."""
    with founded(tmp_path) as town:
        town.say("SOA", "election-drafted", DRAFT)
        yield town


def test_a_voter_and_a_trustee_work_with_passphrases_that_only_the_key_store_knows(
    drafted: Town,
) -> None:
    person, store = drafted.people["SOA"], MemoryStore()
    with with_store(store):
        done(person.run("ballot", "credential", *HERE, *STORE, "--paper", "paper.txt"))
        assert person.run("trustee", "init", *HERE, *STORE).code == 0
        assert person.run("trustee", "init", *HERE, *STORE).code == 7
    names = [name for _, name in store.kept]
    assert [name.rpartition("/")[2] for name in names] == ["voter", "trustee-3"]
    assert len(set(store.kept.values())) == 2
    for path in person.folder.rglob("*"):
        for secret in store.kept.values():
            assert not path.is_file() or secret.encode() not in path.read_bytes()
    typed = person.secretly("ballot", "credential", *HERE, "--paper", "again.txt")
    assert "sai câu mật khẩu" in typed.err
    with with_store(store):
        done(person.run("ballot", "credential", *HERE, *STORE, "--paper", "again.txt"))
    assert (person.folder / "again.txt").read_text() == (person.folder / "paper.txt").read_text()


def test_a_machine_without_a_key_store_makes_nothing_and_names_the_way_out(drafted: Town) -> None:
    person = drafted.people["SOA"]
    for words in (("ballot", "credential"), ("trustee", "init")):
        with with_store(fail.Keyring()):
            told = person.run(*words, *HERE, *STORE)
        assert (told.code, "--passphrase-file" in told.err) == (3, True), told
        assert "Traceback" not in told.err
    assert list(person.folder.rglob("*.sealed")) == []
    assert said(drafted, s.CredentialRegistered) == []
    wrong = person.run("trustee", "init", *HERE, "--key-store", "cloud")
    assert (wrong.code, "none | os" in wrong.err) == (2, True)
    done(person.secretly("trustee", "init", *HERE, *STORE))


def test_what_another_account_made_is_not_in_this_key_store(drafted: Town) -> None:
    person = drafted.people["SOA"]
    with with_store(MemoryStore()):
        done(person.run("ballot", "credential", *HERE, *STORE))
    with with_store(MemoryStore()):
        told = person.run("ballot", "credential", *HERE, *STORE, "--paper", "paper.txt")
    assert (told.code, "--key-store none" in told.err) == (3, True)
    assert not (person.folder / "paper.txt").exists()


def test_a_destroyed_share_leaves_nothing_in_the_key_store(closed: Town) -> None:
    person, store = closed.people["SOB"], MemoryStore()
    [folder] = person.folder.glob("custody/*/trustee-4")
    uuid = folder.parent.name
    kept = ("thidua", f"{closed.house.origin}/units/SOB/{uuid}/trustee-4")
    store.kept[kept] = (person.folder / "passphrase").read_text().strip()
    settings = person.folder / "thidua.toml"
    settings.write_text(f'{settings.read_text()}key_store = "os"\n')
    with with_store(store):
        done(person.run("trustee", "decrypt", *HERE))
        for one, office in (closed.trustees()[0], closed.trustees()[2]):
            done(one.secretly("trustee", "decrypt", *HERE, *office))
        closed.minute()
        done(person.run("trustee", "destroy", *HERE, "--confirm", BALLOT))
    assert store.kept == {}
