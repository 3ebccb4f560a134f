"""What a person gets wrong at the command line ends in one named error, with what to do about it in Vietnamese and English."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.shared.publishing.desk import AWAY
from tests.shared.publishing.pretend import KEY, ORIGIN
from thidua.publishing import DoorUnreachableError
from thidua.refusals import CATALOGUE, Code
from thidua.uploading import EvidenceClient

if TYPE_CHECKING:
    from tests.shared.publishing.desk import Desk


@pytest.mark.parametrize("url", ["nonsense", "127.0.0.1:8081", "ftp://so.example.vn", "http://"])
def test_an_address_that_is_none_is_named_before_anything_is_kept(desk: Desk, url: str) -> None:
    told = desk.run("event", "send", desk.event(), "--url", url)
    assert told.code == 2
    assert told.err.startswith("url: cần / expected địa chỉ cổng tiếp nhận")
    assert desk.run("outbox", "list", "--json").document["events"] == []


@pytest.mark.parametrize(("kid", "origin"), [("SOA 2", ORIGIN), ("", ORIGIN), ("SOA/2", "p0")])
def test_no_key_is_made_under_a_name_or_for_a_log_that_no_authority_could_register(
    desk: Desk, kid: str, origin: str
) -> None:
    told = desk.run("keygen", "new.pem", "--kid", kid, "--origin", origin)
    assert (told.code, told.out) == (2, "")
    assert not (desk.folder / "new.pem").exists()


def test_a_file_that_is_not_there_is_looked_for_and_no_example_of_an_event_is_shown(
    desk: Desk,
) -> None:
    for given in ("no.json", "."):
        told = desk.run("event", "send", given)
        assert told.code == 3
        assert "Kiểm tra đường dẫn" in told.err
        assert "example" not in told.err


def test_a_byte_order_mark_as_windows_writes_it_is_no_fault(desk: Desk) -> None:
    for path in (desk.folder / "thidua.toml", Path(desk.event())):
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert desk.run("event", "send", "event.json").code == 0


def test_why_events_are_held_back_is_said_in_words(desk: Desk) -> None:
    desk.door.never = {"e-1"}
    told = desk.run("event", "send", desk.event())
    words = CATALOGUE[Code.AUDIENCE_WRONG]
    assert f"units: {words.title_vi} / {words.title_en} (AUDIENCE_WRONG)" in told.err


def test_an_unknown_receipt_is_told_in_sentences(desk: Desk) -> None:
    told = desk.run("receipt", "show", "b" * 43)
    assert told.code == 5
    words = CATALOGUE[Code.RECEIPT_UNKNOWN]
    assert told.out.splitlines()[-1] == f"{words.fix_vi} / {words.fix_en}"
    assert "{" not in told.out


def test_a_key_of_the_door_that_is_none_is_said_in_vietnamese_too(desk: Desk) -> None:
    told = desk.run("receipt", "check", "b" * 43, "--door-key", "xx")
    assert told.code == 3
    assert not told.err.splitlines()[0].isascii()


def test_a_witness_is_given_an_ed25519_key_and_a_logs_key_or_is_told_so(desk: Desk) -> None:
    desk.run("keygen", "es256.pem", "--kid", "SOA/w", "--origin", ORIGIN, "--alg", "ES256")
    desk.run("keygen", "ed25519.pem", "--kid", "SOA/w", "--origin", ORIGIN, "--alg", "EdDSA")
    named = ("--name", "soa.example.vn/cosigner", "--key-file")
    for wrong in ("es256.pem", "no.pem", "."):
        told = desk.run("witness", "vkey", *named, wrong)
        assert (told.code, told.out) == (2, ""), wrong
        assert "không đọc được khóa" in told.err
    assert desk.run("witness", "vkey", *named, "ed25519.pem").code == 0
    told = desk.run("witness", "run", *named, "ed25519.pem", "--log", "zz", "--port", "0")
    assert told.code == 2
    assert "khóa của sổ như trên giấy" in told.err


def test_whoever_sends_a_file_over_a_line_that_is_away_hears_of_it_before_patience_ends(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bao-cao.pdf"
    path.write_bytes(b"%PDF-1.7")
    heard: list[str] = []
    client = EvidenceClient(AWAY, ORIGIN, "SOA/1", KEY, patience=0.5, on_wait=heard.append)
    with pytest.raises(DoorUnreachableError):
        client.put(path, unit="SOA", subject="BNV/KHOI/2026")
    assert len(heard) == 1
