"""What the door answers: batches, the same event again, waiting and asking later, receipts, chain heads."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.units.door.house import (
    AUTHORITY,
    KEY_REGISTERED,
    UNIT_REGISTERED,
    House,
    deciding,
    payload_of,
    until,
)
from thidua.key_material import Algorithm
from thidua.receipts import entry_hash
from thidua.signing import EMPTY_HASH, event_hash, parse_jws

pytestmark = pytest.mark.asyncio(loop_scope="module")

LAUNCHED: Final = "thidua.pledges.movement-launched.v1"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def settled(house: House) -> None:
    """What an earlier test did not wait for is judged, and the publishers go on from there."""
    await until(lambda: judged(house), "units has judged everything")
    await house.heads_from_log()


async def test_a_batch_is_answered_event_by_event_and_each_good_one_is_recorded(
    house: House,
) -> None:
    good = []
    for _ in range(3):
        good.append(house.new_unit())
        house.moved(AUTHORITY, good[-1])
    stranger = house.publisher("SOX", Algorithm.EDDSA).sign(UNIT_REGISTERED, AUTHORITY, {})

    answer = await house.post(json.dumps([good[0], "xin-chao", good[1], stranger, good[2]]))

    told = answer.json()["results"]
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=10"
    assert [(one["http_status"], one["outcome"]) for one in told] == [
        (200, "recorded"),
        (400, "answered"),
        (200, "recorded"),
        (401, "answered"),
        (200, "recorded"),
    ]
    positions = [told[n]["position"] for n in (0, 2, 4)]
    assert positions == sorted(positions)
    assert [told[n]["hash"] for n in (0, 2, 4)] == [parse_jws(jws).hash for jws in good]
    assert [told[n]["code"] for n in (1, 3)] == ["JWS_MALFORMED", "KEY_UNKNOWN"]


async def test_a_batch_that_is_not_waited_for_says_where_each_receipt_will_be(house: House) -> None:
    event = house.new_unit()

    answer = await house.post(json.dumps([event]), wait=None)

    assert answer.status_code == 202
    [told] = answer.json()["results"]
    assert (told["http_status"], told["status"]) == (202, "pending")
    await until(lambda: known(house, told["receipt"]), "the receipt comes")


@pytest.mark.parametrize(
    "body", ["[]", "[1]", '["a"', json.dumps(["a"] * 101), '[["a"]]', "[" * 5000, '"\\ud800"']
)
async def test_a_body_that_is_no_list_of_events_is_one_named_problem(
    house: House, body: str
) -> None:
    answer = await house.post(body)

    assert answer.status_code == 400
    assert answer.json()["code"] in ("JSON_INVALID", "JWS_MALFORMED")


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (b"jws=eyJhbGciOiJFUzI1NiJ9.e30.AA", "a form"),
        (b'--x\r\ncontent-disposition: form-data; name="f"\r\n\r\neyJ.e30.AA\r\n--x--', "a form"),
        (
            b'{"id": "1", "type": "thidua.units.report-submitted.v1"}',
            "an object that is not signed",
        ),
        (b'["a", null]', "an array with what is no text in it"),
        (b"[]", "an array of 0"),
        (b"[" * 10_000, "no JSON"),
        (b"[" + b"9" * 10_000 + b"]", "no JSON"),
        (b'["\xff\xfe"]', "no JSON"),
    ],
)
async def test_who_sends_something_else_than_signed_events_is_told_what_came(
    house: House, body: bytes, given: str
) -> None:
    told = (await house.post(body)).json()

    assert (told["status"], told["given"]) == (400, given)
    assert told["expected"] == "one JWS, or a JSON array of 1 to 100 JWS strings"


@pytest.mark.parametrize("around", [b"\xef\xbb\xbf%b", b"\n  %b\r\n", b"\xef\xbb\xbf [%b ]\n"])
async def test_a_byte_order_mark_and_white_space_around_events_harm_nobody(
    house: House, around: bytes
) -> None:
    event = house.new_unit()
    batch = b"[" in around
    body = around % (json.dumps(event).encode() if batch else event.encode())

    answer = (await house.post(body)).json()

    house.moved(AUTHORITY, event)
    assert (answer["results"][0] if batch else answer)["outcome"] == "recorded"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br, gzip"])
async def test_a_compressed_body_is_not_unpacked(house: House, coding: str) -> None:
    body = gzip.compress(b"0" * 10_000_000)

    told = (await house.post(body, content_encoding=coding)).json()

    assert (told["status"], told["code"]) == (400, "REQUEST_INVALID")
    assert (told["path"], told["given"]) == ("Content-Encoding", coding)


async def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(house: House) -> None:
    async def endless() -> Any:
        while True:
            yield b"a" * 65_536

    answer = await house.http.post("/v1/events", content=endless())

    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


async def test_the_same_event_again_has_the_same_receipt_and_one_entry(house: House) -> None:
    event = house.new_unit()

    first = await house.send(AUTHORITY, event)
    again = await house.post(event)
    many = await house.post(json.dumps([event, event]))

    assert (first.status_code, first.json()["outcome"]) == (200, "recorded")
    assert again.json() == first.json()
    assert [one["position"] for one in many.json()["results"]] == [first.json()["position"]] * 2
    wanted = parse_jws(event).hash
    assert sum(parse_jws(e.jws or b"").hash == wanted for e in await house.entries()) == 1


async def test_events_posted_twice_before_they_are_judged_are_recorded_once(house: House) -> None:
    event = house.new_unit()

    answers = await asyncio.gather(*(house.post(event) for _ in range(8)))

    house.moved(AUTHORITY, event)
    assert {answer.json()["position"] for answer in answers} == {answers[0].json()["position"]}
    await house.goes_on()


async def test_a_refused_event_sent_again_has_the_same_refusal(house: House) -> None:
    twice = payload_of(await recorded_unit(house))["data"]
    event = house.sign(AUTHORITY, UNIT_REGISTERED, twice, subject=AUTHORITY)

    first = await house.send(AUTHORITY, event)
    again = await house.post(event)

    assert (first.status_code, first.json()["outcome"]) == (422, "refused")
    assert again.json() == first.json()
    asked = await house.http.get(f"/v1/receipts/{first.json()['hash']}")
    assert (asked.status_code, asked.json()) == (200, first.json())


@pytest.mark.parametrize("key", ["id", "hash"])
async def test_an_idempotency_key_is_the_events_own_id_or_hash(house: House, key: str) -> None:
    event = house.new_unit()
    given = payload_of(event)["id"] if key == "id" else parse_jws(event).hash

    answers = [await house.post(event, idempotency_key=given) for _ in range(2)]

    house.moved(AUTHORITY, event)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_an_idempotency_key_of_another_event_is_answered_and_nothing_is_stored(
    house: House,
) -> None:
    event = house.new_unit()
    tail = await house.log.tail()

    answer = await house.post(event, idempotency_key="another")

    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, "REQUEST_INVALID")
    assert (told["path"], told["expected"]) == ("Idempotency-Key", payload_of(event)["id"])
    await house.goes_on()
    assert await house.log.tail() == tail + 1


async def test_who_does_not_wait_is_told_where_to_ask(house: House) -> None:
    event = house.new_unit()

    answer = await house.post(event, wait=None)

    house.moved(AUTHORITY, event)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.headers["location"] == f"/v1/receipts/{parse_jws(event).hash}"
    assert "preference-applied" not in answer.headers
    await until(lambda: known(house, answer.headers["location"]), "the receipt comes")


@pytest.mark.parametrize("prefer", ["wait=x", "respond-async", "wait", "wait=-1", "", "a=1,,b"])
async def test_a_preference_that_is_not_understood_is_not_waited_for(
    house: House, prefer: str
) -> None:
    event = house.new_unit()

    answer = await house.post(event, prefer=prefer)

    house.moved(AUTHORITY, event)
    assert answer.status_code == 202


async def test_what_nobody_judges_in_time_is_pending_and_its_receipt_comes_later(
    house: House,
) -> None:
    data = {"title": "Thi đua 2024", "period": "2024", "basis": "QĐ 1"}
    event = house.sign(AUTHORITY, LAUNCHED, data, subject="BNV/KHOI-3/2024")

    answer = await house.post(event, prefer="respond-async, wait=1")

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    unknown = await house.http.get(answer.headers["location"])
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RECEIPT_UNKNOWN")
    assert unknown.json()["retryable"] is True
    await house.goes_on()
    async with deciding(house, "pledges"):
        waiting = await house.post(event)
        house.moved(AUTHORITY, event)
        later = await house.http.get(answer.headers["location"])
    assert later.status_code == 200
    assert later.json()["position"] == waiting.json()["position"]
    assert later.json()["outcome"] in ("recorded", "refused")


async def test_an_answer_that_is_not_in_the_log_can_be_asked_for_later(house: House) -> None:
    publisher = house.publishers[AUTHORITY]
    ahead = payload_of(house.new_unit()) | {"seq": publisher.heads["units"].seq + 7}
    event = publisher.sign(ahead["type"], AUTHORITY, ahead["data"])
    house.moved(AUTHORITY, event)
    gap = house.new_unit()
    await house.heads_from_log()

    answer = await house.post(gap)

    assert (answer.status_code, answer.json()["code"]) == (409, "CHAIN_EXPECTED")
    asked = await house.http.get(f"/v1/receipts/{parse_jws(gap).hash}")
    assert asked.json() == answer.json()


async def test_a_receipt_names_the_very_bytes_that_stand_in_the_log(house: House) -> None:
    event = await recorded_unit(house)

    told = (await house.http.get(f"/v1/receipts/{parse_jws(event).hash}")).json()

    entry = await house.entry_of(event)
    assert entry is not None
    assert (told["position"], told["entry_hash"]) == (entry.position, entry_hash(entry))
    assert (told["outcome"], told["by"]) == ("recorded", "units/1")


@pytest.mark.parametrize("given", ["x", event_hash(b"never sent"), "%00", "é" * 100])
async def test_a_receipt_of_what_was_never_sent_is_unknown(house: House, given: str) -> None:
    answer = await house.http.get(f"/v1/receipts/{given}")

    assert (answer.status_code, answer.json()["code"]) == (404, "RECEIPT_UNKNOWN")


async def test_a_keys_heads_are_found_under_its_name_with_slashes(house: House) -> None:
    signer = house.publisher("BNV", Algorithm.EDDSA, kid="BNV/phong/2026-1")
    signer.source = f"/authorities/{AUTHORITY}"
    new = house.sign(AUTHORITY, KEY_REGISTERED, house.registration(signer), subject=AUTHORITY)
    assert (await house.send(AUTHORITY, new)).json()["outcome"] == "recorded"
    house.publishers["phong"] = signer

    before = await house.http.get(f"/v1/keys/{signer.kid}/head", params={"service": "units"})
    data = payload_of(house.new_unit())["data"]
    event = house.sign("phong", UNIT_REGISTERED, data, subject=AUTHORITY)
    assert (await house.send("phong", event)).json()["outcome"] == "recorded"
    after = await house.http.get(f"/v1/keys/{signer.kid}/head")

    assert before.json() == {"kid": signer.kid, "heads": {"units": {"seq": 0, "hash": None}}}
    heads = after.json()["heads"]
    assert heads["units"] == {"seq": 1, "hash": parse_jws(event).hash}
    assert heads["ballots"] == {"seq": 0, "hash": None}
    assert payload_of(event)["prev"] == EMPTY_HASH


async def test_who_asks_only_for_one_service_that_is_none_is_told_so(house: House) -> None:
    answer = await house.http.get("/v1/keys/BNV/root/head", params={"service": "archive"})

    assert 400 <= answer.status_code < 500


async def test_the_status_counts_what_waits_in_each_inbox(house: House) -> None:
    status = (await house.http.get("/v1/status")).json()

    assert (status["origin"], status["sandbox"], status["gate"]) == (
        house.founding.origin,
        False,
        "open",
    )
    assert set(status["inboxes"]) == {"units", "ballots", "pledges"}


async def test_a_real_log_takes_no_arrival_from_anybody(house: House) -> None:
    answer = await house.post(house.new_unit(), thidua_arrival="2020-01-01T00:00:00Z")

    assert (answer.status_code, answer.json()["path"]) == (400, "Thidua-Arrival")


async def test_a_method_that_an_address_does_not_take_is_named_with_those_it_takes(
    house: House,
) -> None:
    answer = await house.http.request("PUT", "/v1/events", content=b"{}")

    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_UNKNOWN")
    assert (answer.json()["given"], answer.json()["expected"]) == ("PUT", "POST")


async def recorded_unit(house: House) -> str:
    event = house.new_unit()
    assert (await house.send(AUTHORITY, event)).json()["outcome"] == "recorded"
    return event


async def judged(house: House) -> bool:
    return await house.log.pending("units") == 0


async def known(house: House, receipt: str) -> bool:
    return (await house.http.get(receipt)).status_code == 200
