"""The command line of a person on duty: what is printed where, and what a script reads off the exit code."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.shared.publishing.desk import AWAY
from tests.shared.publishing.pretend import KEY, ORIGIN
from thidua.receipts import Receipt, sign_receipt
from thidua.signing import Algorithm, SigningKey, check_possession, parse_jws

if TYPE_CHECKING:
    from tests.shared.publishing.desk import Desk, Told

DOOR_KEY = SigningKey.generate(Algorithm.EDDSA)


def test_validate_names_every_fault_in_vietnamese_and_english_without_any_settings(
    desk: Desk,
) -> None:
    (desk.folder / "thidua.toml").unlink()
    data = {"unit": "soa", "summary": "Hoa\u0300", "evidence": "x", "nam": 1}
    told = desk.run("event", "validate", desk.event(subject="BNV", data=data, more=1), "--json")
    assert told.code == 3
    paths = [fault["path"] for fault in told.document["faults"]]
    assert {"/more", "/subject", "/data/unit", "/data/kind", "/data/evidence", "/data/nam"} <= {
        *paths
    }
    assert all(fault["detail_vi"] and fault["detail_en"] for fault in told.document["faults"])
    text = desk.run("event", "validate", desk.event(data={"unit": "SOA"}))
    assert (text.code, text.out.count("\n")) == (3, 1)
    assert text.out.startswith("/data/kind: thiếu trường này / Field required")


def test_validate_says_that_the_form_is_right(desk: Desk) -> None:
    assert desk.run("event", "validate", desk.event()).code == 0
    told = desk.run("event", "validate", desk.events("a", "b"), "--json")
    assert told.document == {"schema_version": 1, "valid": True, "events": 2, "faults": []}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "không phải JSON"),
        ('{"a": 1.5}', "nhận được số thập phân"),
        ('{"a": 1, "a": 2}', "hai lần"),
        ("[]", "cần một đối tượng JSON"),
        ("[" * 5_000, "lồng nhau"),
        ('{"events": []}', "events"),
    ],
)
def test_a_file_that_holds_no_event_is_named_in_one_message(
    desk: Desk, text: str, words: str
) -> None:
    path = desk.folder / "bad.json"
    path.write_text(text)
    for command in ("validate", "send", "sign"):
        told = desk.run("event", command, str(path))
        assert (told.code, told.out) == (3, ""), command
        assert words in told.err
        assert "Traceback" not in told.err


def test_send_prints_what_became_of_it_and_the_outbox_is_empty(desk: Desk) -> None:
    told = desk.run("event", "send", desk.event(), "--json")
    assert told.code == 0
    [event] = told.document["events"]
    assert (event["state"], event["answer"]["position"]) == ("recorded", 1)
    assert desk.run("outbox", "list", "--json").document["unsent"] == 0
    again = desk.run("event", "send", desk.event(), "--json")
    assert again.document == told.document
    assert len(desk.door.log) == 1


def test_a_refusal_is_exit_3_some_refused_exit_8_and_the_reason_is_printed(desk: Desk) -> None:
    desk.door.wrong = {"e-1"}
    told = desk.run("event", "send", desk.event())
    assert told.code == 3
    assert "DEADLINE_PASSED" in told.out
    assert desk.run("event", "send", desk.events("e-1", "e-2")).code == 8


def test_while_the_door_is_away_events_are_kept_and_sent_by_a_later_flush(desk: Desk) -> None:
    told = desk.run("event", "send", desk.events("a", "b"), "--url", AWAY)
    assert told.code == 7
    assert "outbox flush" in told.err
    listed = desk.run("outbox", "list")
    assert [line.split("\t")[1] for line in listed.out.splitlines()] == ["a", "b"]
    assert desk.run("outbox", "flush", "--url", AWAY).code == 7
    flushed = desk.run("outbox", "flush", "--json")
    assert (flushed.code, flushed.document["recorded"], flushed.document["unsent"]) == (0, 2, 0)
    assert desk.door.recorded("units") == ["a", "b"]


def test_what_can_never_enter_is_dropped_with_its_id_typed_again(desk: Desk) -> None:
    desk.door.never = {"a"}
    assert desk.run("event", "send", desk.events("a", "b")).code == 8
    assert desk.run("outbox", "drop", "1").code == 2
    assert desk.run("outbox", "drop", "9", "--confirm", "a").code == 5
    assert desk.run("outbox", "drop", "1", "--confirm", "a").code == 0
    assert desk.run("outbox", "flush").code == 0
    assert desk.door.recorded("units") == ["b"]
    assert desk.run("outbox", "drop", "2", "--confirm", "b").code == 3


def test_a_missing_setting_is_named_with_the_three_places(desk: Desk) -> None:
    (desk.folder / "thidua.toml").unlink()
    told = desk.run("event", "send", desk.event(), "--origin", ORIGIN)
    assert told.code == 2
    for place in ("--key-file", "THIDUA_KEY_FILE", "thidua.toml"):
        assert place in told.err


@pytest.mark.parametrize(
    ("name", "given"), [("origin", ""), ("origin", "p0"), ("source", "LCA"), ("kid", "LCA 1")]
)
def test_a_setting_that_no_log_would_take_is_named_before_anything_is_signed(
    desk: Desk, name: str, given: str
) -> None:
    settings = desk.folder / "thidua.toml"
    kept = [one for one in settings.read_text().splitlines() if not one.startswith(name)]
    settings.write_text("\n".join([*kept, f'{name} = "{given}"']))
    for words in (("event", "send", desk.event()), ("package", "make", "a.zip")):
        told = desk.run(*words)
        assert told.code == 2
        assert name in told.err
    assert desk.door.recorded("units") == []


def test_a_flag_stands_before_the_environment_and_that_before_the_files(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = desk.folder / "config" / "thidua" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text('kid = "SOA/user"\nsource = "/units/USER"\n')

    def kid(*words: str) -> str:
        return parse_jws(desk.run("event", "sign", desk.event(), *words).out.strip()).kid

    assert kid() == "SOA/1"
    monkeypatch.setenv("THIDUA_KID", "SOA/env")
    assert kid() == "SOA/env"
    assert kid("--kid", "SOA/flag") == "SOA/flag"
    monkeypatch.delenv("THIDUA_KID")
    project = desk.folder / "thidua.toml"
    project.write_text(project.read_text().replace('kid = "SOA/1"\n', ""))
    assert kid() == "SOA/user"


@pytest.mark.parametrize("text", ['kidd = "x"', "kid = 7", "kid = "])
def test_a_settings_file_with_a_wrong_line_is_named(desk: Desk, text: str) -> None:
    (desk.folder / "thidua.toml").write_text(text)
    told = desk.run("outbox", "list")
    assert told.code == 2
    assert "thidua.toml" in told.err


def test_a_key_file_that_is_none_is_named(desk: Desk) -> None:
    (desk.folder / "soa.pem").write_text("-----BEGIN PRIVATE KEY-----")
    told = desk.run("event", "send", desk.event())
    assert told.code == 2
    assert "cần khóa riêng dạng PEM, không mã hóa" in told.err
    assert desk.run("event", "send", desk.event(), "--key-file", "no.pem").code == 2


def test_a_new_key_is_proven_and_never_written_over_another(desk: Desk) -> None:
    told = desk.run("keygen", "new.pem", "--kid", "SOA/2", "--origin", ORIGIN)
    shown = json.loads(told.out)
    key = SigningKey.from_pem((desk.folder / "new.pem").read_bytes())
    check_possession(shown["proof"], key.verifying_key, ORIGIN, "SOA/2")
    assert (desk.folder / "new.pem").stat().st_mode & 0o077 == 0
    assert desk.run("keygen", "new.pem", "--kid", "SOA/2", "--origin", ORIGIN).code == 2


def rotate(desk: Desk, *words: str) -> Told:
    return desk.run("key", "rotate", "new.pem", "--new-kid", "SOA/2", "--authority", "BNV", *words)


def test_the_old_key_is_used_until_the_log_has_recorded_the_new_one(desk: Desk) -> None:
    settings = (desk.folder / "thidua.toml").read_text()
    desk.run("event", "send", desk.event())
    faults = iter([None, None, None, None, "lost"])
    desk.door.fault = lambda: next(faults, None)
    assert rotate(desk).code == 7
    assert (desk.folder / "thidua.toml").read_text() == settings

    assert rotate(desk).code == 0

    changed = (desk.folder / "thidua.toml").read_text()
    assert 'kid = "SOA/2"' in changed
    assert "# ours" in changed
    assert (desk.folder / "soa.pem").exists()
    assert [kid for _, kid, _ in desk.door.log] == ["SOA/1", "SOA/1"]
    said = desk.door.said[desk.door.log[-1][0]]["data"]
    new = SigningKey.from_pem((desk.folder / "new.pem").read_bytes())
    check_possession(said["proof"], new.verifying_key, ORIGIN, "SOA/2")
    assert said["heads"] == [{"service": "units", "seq": 1, "hash": desk.door.log[0][0]}]
    assert desk.run("event", "send", desk.event(id="e-2")).code == 0
    assert desk.door.log[-1][1] == "SOA/2"


def test_a_key_is_not_handed_over_while_the_old_one_has_something_to_say(desk: Desk) -> None:
    desk.run("event", "send", desk.event(), "--url", AWAY)
    assert rotate(desk, "--url", AWAY).code == 7
    assert desk.run("outbox", "list", "--json").document["unsent"] == 1


def signed_receipt(desk: Desk) -> tuple[str, str]:
    desk.run("event", "send", desk.event())
    event_hash = desk.door.log[0][0]
    receipt = Receipt(
        origin=ORIGIN,
        hash=event_hash,
        position=1,
        entry_hash="a" * 43,
        outcome="recorded",
        code=None,
        rx="2026-03-01T00:00:00.000Z",
    )
    desk.receipts[event_hash] = sign_receipt(receipt, DOOR_KEY)
    return event_hash, DOOR_KEY.verifying_key.spki


def test_a_receipt_is_checked_from_the_door_and_from_a_file(desk: Desk) -> None:
    event_hash, spki = signed_receipt(desk)
    told = desk.run("receipt", "check", event_hash, "--door-key", spki, "--json")
    assert (told.code, told.document["position"]) == (0, 1)
    shown = desk.run("receipt", "show", event_hash, "--signed")
    (desk.folder / "receipt.jws").write_text(shown.out)
    assert desk.run("receipt", "check", "receipt.jws", "--door-key", spki, "--url", AWAY).code == 0


def test_a_receipt_that_does_not_hold_or_cannot_be_checked_is_never_exit_0(desk: Desk) -> None:
    event_hash, spki = signed_receipt(desk)
    path = desk.folder / "receipt.jws"
    path.write_text(desk.receipts[event_hash])
    other = SigningKey.generate(Algorithm.EDDSA).verifying_key.spki
    assert desk.run("receipt", "check", "receipt.jws", "--door-key", other).code == 4
    elsewhere = ("--door-key", spki, "--origin", "so.khac/p0")
    assert desk.run("receipt", "check", "receipt.jws", *elsewhere).code == 4
    assert desk.run("receipt", "check", "receipt.jws").code == 2
    assert desk.run("receipt", "check", "b" * 43, "--door-key", spki).code == 5
    assert desk.run("receipt", "check", event_hash, "--door-key", spki, "--url", AWAY).code == 7
    assert desk.run("receipt", "check", "no.jws", "--door-key", spki, "--url", AWAY).code == 5
    desk.receipts["c" * 43] = desk.receipts[event_hash]
    assert desk.run("receipt", "check", "c" * 43, "--door-key", spki).code == 4
    path.write_text("xin chao")
    assert desk.run("receipt", "check", "receipt.jws", "--door-key", spki).code == 3


def test_a_receipt_is_shown_and_an_unknown_one_is_not_found(desk: Desk) -> None:
    event_hash, _ = signed_receipt(desk)
    assert desk.run("receipt", "show", event_hash, "--json").document["outcome"] == "recorded"
    assert desk.run("receipt", "show", "b" * 43).code == 5
    assert desk.run("receipt", "show", "-" + "A" * 42).code == 5, "no option, but a hash"


def test_a_package_is_made_looked_at_and_imported(desk: Desk) -> None:
    desk.door.wrong = {"b"}
    desk.run("event", "send", desk.events("a", "b"), "--url", AWAY)
    assert desk.run("package", "make", "p.zip").code == 0
    assert desk.run("package", "make", "p.zip").code == 2
    assert desk.run("package", "import", "no.zip").code == 5
    assert desk.run("package", "import", "p.zip", "--url", AWAY).code == 7
    sealed = ("--publisher-key", f"EdDSA:{KEY.verifying_key.spki}")
    looked = desk.run("package", "import", "p.zip", "--dry-run", "--json", *sealed)
    assert (looked.code, looked.document["sealed"], desk.door.log) == (0, "checked", [])
    told = desk.run("package", "import", "p.zip", "--json")
    assert told.code == 8
    assert [one["outcome"] for one in told.document["events"]] == ["recorded", "refused"]
    assert desk.run("package", "make", "q.zip").code == 0
    assert desk.run("outbox", "flush", "--json").document["unsent"] == 0
    assert desk.run("package", "make", "r.zip").code == 3


def test_every_command_and_option_is_told_in_its_help(desk: Desk) -> None:
    """Golden: a flag that goes or comes is a change scripts must hear of."""
    shown = {}
    for command in COMMANDS:
        told = desk.run(*command.split(), "--help")
        assert told.code == 0
        bare = re.sub(r"\x1b\[[0-9;]*m", "", told.out)
        assert " / " in bare, f"{command}: Vietnamese and English"
        shown[command] = " ".join(sorted(set(re.findall(r"--[a-z][a-z-]+", bare)) - {"--help"}))
    assert shown == COMMANDS


COMMANDS = {
    "event send": "--json --key-file --kid --origin --outbox --source --url --wait",
    "event sign": "--key-file --kid --origin --prev --seq --source",
    "event validate": "--json",
    "key rotate": "--alg --authority --json --key-file --kid --new-kid --origin --outbox --source --url --wait",
    "keygen": "--alg --kid --origin",
    "outbox drop": "--confirm --json --origin --outbox --source",
    "outbox flush": "--adopt --json --key-file --kid --origin --outbox --patience --source --url --wait",
    "outbox list": "--all --json --origin --outbox --source",
    "package import": "--dry-run --json --publisher-key --url --wait",
    "package make": "--json --key-file --kid --origin --outbox --source",
    "receipt check": "--door-key --json --origin --url",
    "receipt show": "--json --signed --url",
}
