"""A trustee at the command line: what it refuses, and what a killed one does when it comes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.audit.copies import Copy
from tests.ballots.clients.house import CYCLE
from tests.ballots.clients.town import BALLOT, DRAFT, Town, done, founded, said
from thidua.cli import custody
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.custody.trustee import JOURNAL, PARTY, SHARE
from thidua.knowledge import recorded_event
from thidua.log.entry import read_entry

if TYPE_CHECKING:
    from tests.ballots.clients.conftest import Reached
    from tests.ballots.clients.people import Person, Told

COMMAND = "from thidua.cli.app import main; main()"
PATIENCE = 60.0


def decrypt(person: Person, *more: str) -> Told:
    return person.secretly("trustee", "decrypt", CYCLE, BALLOT, *more)


def desk(person: Person) -> Path:
    """The folder of the one share that this person holds."""
    [folder] = person.folder.glob("custody/*/trustee-*")
    return folder


def journal(person: Person) -> list[dict[str, str]]:
    lines = (desk(person) / JOURNAL).read_text().splitlines()
    return [record for line in lines for record in json.loads(line[9:])]


def test_a_wrong_passphrase_is_a_named_error_and_the_right_one_still_works(closed: Town) -> None:
    person = closed.people["SOA"]
    right = (person.folder / "passphrase").read_text()
    (person.folder / "passphrase").write_text("một câu hoàn toàn khác\n")
    wrong = decrypt(person)
    assert (wrong.code, "sai câu mật khẩu" in wrong.err) == (3, True)
    assert said(closed, s.PartiallyDecrypted) == []
    (person.folder / "passphrase").write_text(right)
    done(decrypt(person))


def test_the_same_command_again_publishes_nothing_new(closed: Town) -> None:
    person = closed.people["SOA"]
    first, again = done(decrypt(person, "--json")), done(decrypt(person, "--json"))
    assert first.document["event"]["hash"] == again.document["event"]["hash"]
    assert len(said(closed, s.PartiallyDecrypted)) == 1


def test_a_trustee_killed_before_its_part_arrived_publishes_exactly_that_part(closed: Town) -> None:
    person = closed.people["SOA"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        environment = {
            **os.environ,
            "THIDUA_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "XDG_CONFIG_HOME": str(person.folder / "none"),
        }
        words = ("trustee", "decrypt", CYCLE, BALLOT, "--passphrase-file", "passphrase")
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            cwd=person.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        connection, _ = silent.accept()
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        connection.close()
    [kept] = [line["text"] for line in journal(person) if line["op"] == "decrypted"]
    assert said(closed, s.PartiallyDecrypted) == []
    done(decrypt(person))
    [published] = said(closed, s.PartiallyDecrypted)
    assert published.decryption == kept


def test_a_door_that_is_away_leaves_the_part_in_the_outbox(closed: Town) -> None:
    person = closed.people["SOB"]
    away = decrypt(person, "--url", "http://127.0.0.1:9")
    assert (away.code, "outbox flush" in away.err) == (7, True)
    done(decrypt(person))
    assert len(said(closed, s.PartiallyDecrypted)) == 1


def test_a_log_that_does_not_continue_the_one_that_was_seen_is_refused(
    closed: Town, at_opening: Reached
) -> None:
    person = closed.people["SOA"]
    done(decrypt(person))
    older = str(at_opening.folder / "house" / "sealed" / "archive")
    told = decrypt(person, "--archive", older)
    assert (told.code, "does not continue" in told.err) == (4, True)


@pytest.mark.parametrize("installed", [True, False])
def test_a_log_from_which_a_vote_was_taken_is_refused_though_its_keeper_sealed_it_again(
    closed: Town, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    if not installed:
        monkeypatch.setattr(custody, "entry_points", lambda **_: ())
    folder = closed.folder / "forged"
    shutil.copytree(closed.house.archive.public, folder)
    copy = Copy(folder, closed.house.signer, closed.house.policy)
    entries = copy.entries()
    votes = [at for at in range(len(entries)) if _is_vote(closed, at)]
    copy.sealed_again([raw for at, raw in enumerate(entries) if at != votes[-1]])
    person = closed.people["SOA"]
    told = decrypt(person, "--archive", str(folder))
    assert told.code == 4, told
    assert said(closed, s.PartiallyDecrypted) == []
    honest = done(decrypt(person))
    assert ("quy tắc chưa xét lại" in honest.err) is not installed


def _is_vote(town: Town, at: int) -> bool:
    entry = read_entry(at + 1, town.house.raw[at])
    return entry.is_recorded and isinstance(recorded_event(entry).data, s.SecretVoteCast)


def test_nothing_is_decrypted_while_the_box_is_open_or_once_it_is_void(opened: Town) -> None:
    open_box = decrypt(opened.people["SOA"])
    assert (open_box.code, "not closed" in open_box.err) == (7, True)
    opened.vote("SOA", "{}")
    opened.close()
    [voided] = said(opened, b.BallotVoided)
    assert "Không đủ số phiếu" in voided.reason
    void = decrypt(opened.people["SOA"])
    assert (void.code, "is void" in void.err) == (3, True)
    assert said(opened, s.PartiallyDecrypted) == []


def test_another_fingerprint_than_the_one_heard_confirms_nothing(opened: Town) -> None:
    person = opened.people["SOA"]
    for heard in ("A" * 43, "A", opened.fingerprint()[:15]):
        told = person.run("trustee", "confirm", CYCLE, BALLOT, "--fingerprint", heard)
        assert (told.code, "dấu vân" in told.err) == (4, True), heard
    beginning = opened.fingerprint()[:20]
    done(person.run("trustee", "confirm", CYCLE, BALLOT, "--fingerprint", beginning))


def test_no_drill_before_the_fingerprint_was_confirmed_and_each_wait_names_for_whom(
    tmp_path: Path,
) -> None:
    with founded(tmp_path) as town:
        unknown = town.people["SOA"].secretly("trustee", "init", CYCLE, BALLOT)
        assert (unknown.code, "no secret ballot" in unknown.err) == (3, True)
        town.say("SOA", "election-drafted", DRAFT)
        first = done(town.people["SOA"].secretly("trustee", "init", CYCLE, BALLOT, "--json"))
        assert first.document["event"]["type"] == s.TrusteeCommitted.TYPE
        waiting = town.people["SOA"].secretly("trustee", "init", CYCLE, BALLOT, "--json")
        assert (waiting.code, waiting.document["waits_for"]) == (7, [1, 2, 4, 5])
        several = town.people["BNV"].secretly("trustee", "init", CYCLE, BALLOT)
        assert (several.code, "vu, van-phong" in several.err) == (3, True)
        early = town.people["SOA"].run("trustee", "confirm", CYCLE, BALLOT, keyboard="x\n")
        assert (early.code, "not yet" in early.err) == (7, True)
        for _round in range(4):
            for person, office in town.trustees():
                person.secretly("trustee", "init", CYCLE, BALLOT, *office)
        told = town.people["SOA"].secretly("trustee", "init", CYCLE, BALLOT, "--json")
        assert (told.code, told.document["done"]) == (0, True)
        drill = town.people["SOA"].secretly("trustee", "drill", CYCLE, BALLOT)
        assert (drill.code, "never confirmed here" in drill.err) == (3, True)


def test_a_share_is_destroyed_after_the_minutes_and_never_before_the_result(closed: Town) -> None:
    person = closed.people["SOB"]
    words = ("trustee", "destroy", CYCLE, BALLOT)
    assert person.run(*words).code == 2
    early = person.run(*words, "--confirm", BALLOT)
    assert (early.code, "still needed" in early.err) == (3, True)
    for one, office in closed.trustees()[1:4]:
        done(decrypt(one, *office))
    refused = person.run(*words, "--confirm", BALLOT)
    assert (refused.code, "STATE_FORBIDS" in refused.out) == (3, True)
    assert (desk(person) / SHARE).exists()
    closed.minute()
    done(person.run(*words, "--confirm", BALLOT))
    assert not {PARTY, SHARE} & {path.name for path in desk(person).iterdir()}
    assert [one.owner for one in said(closed, s.KeyShareDestroyed)] == [4]
    gone = decrypt(person)
    assert gone.code == 0
    assert "không cần" in gone.out
