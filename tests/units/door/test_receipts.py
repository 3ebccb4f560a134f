"""Receipts to take away: signed by the door, listed by publisher, and not sent twice to who has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.units.door.house import AUTHORITY, KEY_REGISTERED, REAL, House, a_house, until
from thidua.errors import SignatureError
from thidua.receipts import DOOR_KID, check_receipt, door_key, parse_receipt
from thidua.signing import Algorithm, SigningKey, parse_jws, possession_proof

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def settled(house: House) -> None:
    await until(lambda: judged(house), "units has judged everything")
    await house.heads_from_log()


async def judged(house: House) -> bool:
    return await house.log.pending("units") == 0


async def recorded(house: House) -> str:
    event = house.new_unit()
    assert (await house.send(AUTHORITY, event)).json()["outcome"] == "recorded"
    return event


@pytest.mark.parametrize("asked", ["signed=true", "accept"])
async def test_a_signed_receipt_is_checked_with_the_log_alone(house: House, asked: str) -> None:
    event = await recorded(house)
    headers = {"accept": "application/jose"} if asked == "accept" else {}
    query = "" if asked == "accept" else "?signed=true"

    answer = await house.http.get(f"/v1/receipts/{parse_jws(event).hash}{query}", headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jose")
    receipt = check_receipt(answer.text, door_key(await house.entries()), origin=REAL)
    entry = await house.entry_of(event)
    assert entry is not None
    assert receipt.names(entry)
    assert parse_receipt(answer.text).jws.kid == DOOR_KID
    plain = (await house.http.get(f"/v1/receipts/{receipt.hash}")).json()
    assert {name: plain[name] for name in ("hash", "position", "entry_hash", "outcome", "rx")} == {
        name: getattr(receipt, name) for name in ("hash", "position", "entry_hash", "outcome", "rx")
    }


async def test_a_refusal_is_signed_with_its_code(house: House) -> None:
    event = house.sign(
        AUTHORITY, "thidua.units.report-burnt.v1", {"name": "x"}, subject="BNV/KHOI-3/2023"
    )
    told = await house.send(AUTHORITY, event)

    answer = await house.http.get(f"/v1/receipts/{told.json()['hash']}?signed=true")

    receipt = check_receipt(answer.text, house.founding.services["door"].verifying_key)
    assert (receipt.outcome, receipt.code) == ("refused", "TYPE_UNKNOWN")


async def test_what_is_not_in_the_log_has_no_signed_receipt(house: House) -> None:
    unknown = await house.http.get(f"/v1/receipts/{'A' * 43}?signed=true")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RECEIPT_UNKNOWN")

    gap = house.sign(AUTHORITY, KEY_REGISTERED, {}, subject=AUTHORITY)
    house.moved(AUTHORITY, gap)
    gap = house.new_unit()
    assert (await house.post(gap)).json()["code"] == "CHAIN_EXPECTED"
    answered = await house.http.get(f"/v1/receipts/{parse_jws(gap).hash}?signed=true")
    assert (answered.status_code, answered.json()["code"]) == (409, "CHAIN_EXPECTED")


async def test_a_door_without_a_key_or_with_one_the_log_does_not_know_signs_nothing(
    tmp_path: Path,
) -> None:
    stranger = SigningKey.generate(Algorithm.EDDSA)
    for name, key in (("none", None), ("strange", stranger.to_pem().decode())):
        (tmp_path / name).mkdir()
        async with a_house(
            tmp_path / name, origin=REAL, judges=("units",), signing_key=key
        ) as house:
            event = await recorded(house)
            path = f"/v1/receipts/{parse_jws(event).hash}"

            answer = await house.http.get(path, params={"signed": "true"})

            assert (answer.status_code, answer.json()["code"]) == (404, "RECEIPT_UNSIGNED")
            assert (await house.http.get(path)).status_code == 200


async def test_a_key_of_the_door_that_is_registered_later_signs_from_then_on(
    tmp_path: Path,
) -> None:
    key = SigningKey.generate(Algorithm.EDDSA)
    async with a_house(
        tmp_path, origin=REAL, judges=("units",), signing_key=key.to_pem().decode()
    ) as house:
        kid = f"{DOOR_KID}/2"
        said = {"kid": kid, "owner": "/services/door", "alg": "EdDSA"}
        said |= {
            "spki": key.verifying_key.spki,
            "proof": possession_proof(key, house.founding.origin, kid),
        }
        event = house.sign(AUTHORITY, KEY_REGISTERED, said, subject=AUTHORITY)
        told = await house.send(AUTHORITY, event)
        assert told.json()["outcome"] == "recorded", told.text

        answer = await house.http.get(f"/v1/receipts/{told.json()['hash']}?signed=true")

        assert parse_receipt(answer.text).jws.kid == kid
        assert check_receipt(answer.text, door_key(await house.entries(), kid))
        with pytest.raises(SignatureError):
            check_receipt(answer.text, door_key(await house.entries()))


async def test_who_has_a_receipt_is_not_sent_it_again(house: House) -> None:
    path = f"/v1/receipts/{parse_jws(await recorded(house)).hash}"
    for asked in (path, f"{path}?signed=true", f"/v1/publishers/{AUTHORITY}/receipts"):
        first = await house.http.get(asked)
        tag = first.headers["etag"]

        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await house.http.get(asked, headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
        changed = await house.http.get(asked, headers={"if-none-match": '"x"'})
        assert (changed.status_code, changed.content) == (200, first.content)


async def test_a_publishers_receipts_are_read_page_by_page_to_the_end(house: House) -> None:
    for _ in range(3):
        await recorded(house)
    refused = house.sign(AUTHORITY, "thidua.units.report-burnt.v1", {}, subject="BNV/KHOI-3/2023")
    assert (await house.send(AUTHORITY, refused)).json()["outcome"] == "refused"
    unit = house.publisher("BNV-X", Algorithm.EDDSA)
    assert unit.kid

    pages: list[dict[str, Any]] = []
    path: str | None = f"/v1/publishers/{AUTHORITY}/receipts?limit=5"
    while path is not None:
        answer = await house.http.get(path)
        assert answer.status_code == 200
        pages.append(answer.json())
        path = pages[-1]["next"]
        assert (path is None) == ('rel="next"' not in answer.headers["link"])

    receipts = [one for page in pages for one in page["receipts"]]
    assert all(len(page["receipts"]) == 5 for page in pages[:-1])
    mine = [entry.position for entry in await house.entries()]
    assert [one["position"] for one in receipts] == mine, "all so far is the authority's"
    assert (receipts[-1]["outcome"], receipts[-1]["code"]) == ("refused", "TYPE_UNKNOWN")
    alone = await house.http.get(f"/v1/receipts/{receipts[-1]['hash']}")
    assert alone.json() == receipts[-1]


async def test_a_publisher_that_has_said_nothing_has_an_empty_page_and_a_stranger_none(
    house: House,
) -> None:
    empty = await house.http.get(f"/v1/publishers/{AUTHORITY}/receipts?after=100000")
    stranger = await house.http.get("/v1/publishers/SOZ/receipts")

    assert (empty.status_code, empty.json()["receipts"], empty.json()["next"]) == (200, [], None)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=-1", "limit=201"])
async def test_a_page_that_cannot_be_is_named(house: House, query: str) -> None:
    answer = await house.http.get(f"/v1/publishers/{AUTHORITY}/receipts?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "REQUEST_INVALID")
    assert answer.json()["path"] == query.split("=", maxsplit=1)[0]
