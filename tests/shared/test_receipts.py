"""A signed receipt says what stands in the log, and no other bytes, key or log pass for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.contracts.secret_ballots import SecretVoteCast
from thidua.errors import MalformedError, SignatureError
from thidua.genesis import Founding, first_entries
from thidua.log import read_entry, write_recorded, write_refused
from thidua.receipts import (
    DOOR_KID,
    RECEIPT_TYP,
    Receipt,
    check_receipt,
    door_key,
    hash_in,
    parse_receipt,
    sign_receipt,
)
from thidua.signing import Algorithm, SigningKey, VerifyingKey, parse_jws, sign

ORIGIN = "so.example.vn/p0"
DOOR = SigningKey.generate(Algorithm.EDDSA)
OTHER = SigningKey.generate(Algorithm.EDDSA)
FOUNDING = Founding(
    origin=ORIGIN,
    authority="BNV",
    name_vi="Bộ Thử nghiệm",
    name_en=None,
    root=SigningKey.generate(Algorithm.ES256),
    services={"door": DOOR, "units": OTHER},
    rx_ms=1_700_000_000_000,
)
FIRST = [read_entry(at, one.raw) for at, one in enumerate(first_entries(FOUNDING)[0], 1)]
JWS = FIRST[1].jws or b""
RECEIPT = Receipt.of(ORIGIN, parse_jws(JWS).hash, FIRST[1])
TOKEN = sign_receipt(RECEIPT, DOOR)
TRACKER = "A" * 43
VOTE = {
    "type": SecretVoteCast.TYPE,
    "note": SecretVoteCast.TYPE,
    "data": {"ballot": "b", "vote": "{}", "tracker": TRACKER, "sequence": 1},
}


def test_a_receipt_names_the_entry_it_was_given_for_and_no_other() -> None:
    assert check_receipt(TOKEN, DOOR.verifying_key, origin=ORIGIN) == RECEIPT
    assert (RECEIPT.position, RECEIPT.outcome, RECEIPT.code) == (2, "recorded", None)
    assert [RECEIPT.names(entry) for entry in FIRST[:3]] == [False, True, False]

    judged_otherwise = write_refused(FIRST[1].rx_ms, "units/1", "ALREADY_DONE", {}, JWS)
    assert not RECEIPT.names(read_entry(2, judged_otherwise))


def test_the_receipt_of_a_refusal_carries_its_code() -> None:
    entry = read_entry(9, write_refused(5, "units/1", "ALREADY_DONE", {}, JWS))
    receipt = Receipt.of(ORIGIN, parse_jws(JWS).hash, entry)

    assert (receipt.outcome, receipt.code) == ("refused", "ALREADY_DONE")
    assert check_receipt(sign_receipt(receipt, DOOR), DOOR.verifying_key) == receipt


def test_the_receipt_of_a_vote_has_its_tracker_and_no_other_event_has_one() -> None:
    voted = sign(json.dumps(VOTE).encode(), OTHER, "LCA/1")
    entry = read_entry(7, write_recorded(5, "ballots/1", voted.encode()))
    receipt = Receipt.of(ORIGIN, parse_jws(voted).hash, entry)
    token = sign_receipt(receipt, DOOR)

    assert check_receipt(token, DOOR.verifying_key).tracker == TRACKER
    assert receipt.names(entry)
    assert not receipt.model_copy(update={"tracker": "B" * 43}).names(entry)
    assert "tracker" not in RECEIPT.document()
    refused = read_entry(7, write_refused(5, "ballots/1", "ALREADY_DONE", {}, voted.encode()))
    assert Receipt.of(ORIGIN, receipt.hash, refused).tracker is None
    said = json.dumps({**VOTE, "type": "thidua.units.note.v1"}).encode()
    other = read_entry(7, write_recorded(5, "units/1", sign(said, OTHER, "LCA/1").encode()))
    assert Receipt.of(ORIGIN, hash_in(other), other).tracker is None


def test_a_receipt_of_before_there_were_trackers_still_names_its_vote() -> None:
    voted = sign(json.dumps(VOTE).encode(), OTHER, "LCA/1")
    entry = read_entry(7, write_recorded(5, "ballots/1", voted.encode()))
    old = Receipt.of(ORIGIN, hash_in(entry), entry).model_copy(update={"tracker": None})

    assert "tracker" not in old.document()
    assert check_receipt(sign_receipt(old, DOOR), DOOR.verifying_key).names(entry)


def test_the_doors_key_is_found_in_the_log_and_checks_the_receipt() -> None:
    found = door_key(FIRST)

    assert found == VerifyingKey.from_spki(DOOR.verifying_key.spki, "EdDSA")
    assert check_receipt(TOKEN, found, origin=ORIGIN) == RECEIPT


@pytest.mark.parametrize("kid", ["services/units", "BNV/root", "services/door/2"])
def test_no_other_owners_key_counts_as_the_doors(kid: str) -> None:
    with pytest.raises(SignatureError):
        door_key(FIRST, kid)


def test_a_log_that_was_founded_without_a_key_of_the_door_has_none() -> None:
    with pytest.raises(SignatureError):
        door_key([])


@pytest.mark.parametrize("key", [OTHER, SigningKey.generate(Algorithm.ES256)])
def test_a_receipt_by_another_key_is_none(key: SigningKey) -> None:
    with pytest.raises(SignatureError):
        check_receipt(sign_receipt(RECEIPT, key), DOOR.verifying_key)


def test_a_receipt_of_another_log_is_none() -> None:
    with pytest.raises(SignatureError):
        check_receipt(TOKEN, DOOR.verifying_key, origin="sandbox/so.example.vn/p0")


def test_a_signed_event_is_no_receipt_even_by_the_doors_own_key() -> None:
    with pytest.raises(MalformedError):
        parse_receipt(sign(RECEIPT.model_dump_json().encode(), DOOR, DOOR_KID))


@pytest.mark.parametrize(
    "changed",
    [
        {"position": 0},
        {"position": "2"},
        {"outcome": "pending"},
        {"more": 1},
        {"hash": "x"},
        {"code": "a b"},
        {"tracker": "short"},
    ],
)
def test_a_receipt_has_exactly_its_members(changed: dict[str, object]) -> None:
    payload = json.dumps({**RECEIPT.model_dump(), **changed}).encode()

    with pytest.raises(MalformedError):
        parse_receipt(sign(payload, DOOR, DOOR_KID, RECEIPT_TYP))


@given(st.data())
def test_a_changed_receipt_is_refused_by_name(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TOKEN) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda char: char != TOKEN[at]))

    with pytest.raises((MalformedError, SignatureError)):
        check_receipt(TOKEN[:at] + letter + TOKEN[at + 1 :], DOOR.verifying_key)
