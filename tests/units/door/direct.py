"""Units that publish straight into Redis: let in, adding to their streams, reading their receipts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.units.door.house import AUTHORITY, KEY_REGISTERED, NAMES, UNIT_REGISTERED, until
from thidua.signing import Algorithm, parse_jws

if TYPE_CHECKING:
    from tests.units.door.house import House
    from thidua.refusals import Code

GRANTED: Final = "thidua.units.access-granted.v1"
APPOINTED: Final = "thidua.units.delegate-appointed.v1"


async def let_in(house: House, code: str) -> None:
    """A unit with a key, and with access."""
    unit = {"unit": code, "name_vi": f"Sở {code}", "short_vi": code, "kind": "other"}
    unit |= {"province": code, "valid_from": "2015-01-01", "basis": "QĐ 2"}
    house.publishers[code] = house.publisher(code, Algorithm.ES256)
    await say(house, UNIT_REGISTERED, unit)
    await say(house, KEY_REGISTERED, house.registration(house.publishers[code]))
    await say(house, GRANTED, {"unit": code, "basis": "QĐ 3"})


async def say(house: House, wire_type: str, data: dict[str, Any]) -> None:
    """The authority says something that is recorded."""
    answer = await house.send(AUTHORITY, house.sign(AUTHORITY, wire_type, data, subject=AUTHORITY))
    assert answer.json()["outcome"] == "recorded", answer.text


def appointed(house: House, publisher: str) -> str:
    """The publisher's next event, which the units service records."""
    signer = house.publishers[publisher]
    seq = signer.heads["units"].seq + 1 if "units" in signer.heads else 1
    data = {"unit": publisher, "delegate": f"dai-dien-{seq}", "role_vi": "Chuyên viên"}
    data |= {"commitment": "ab" * 32, "valid_from": "2020-01-01"}
    return house.sign(publisher, APPOINTED, data, subject=AUTHORITY)


async def add(house: House, publisher: str, token: str | bytes, entry_id: str = "*") -> None:
    await house.redis.xadd(NAMES.incoming(publisher), {"e": token}, id=entry_id)


async def told(house: House, publisher: str, after: bytes | str = "-") -> list[dict[bytes, bytes]]:
    """What stands in a publisher's receipts."""
    found = await house.redis.xrange(NAMES.receipts(publisher), min=after)
    return [fields for _, fields in found]


async def recorded(house: House, publisher: str, jws: str) -> None:
    """Return when the event is recorded and its receipt stands in its publisher's stream."""
    name = parse_jws(jws).hash.encode()

    async def stands() -> bool:
        receipts = await told(house, publisher)
        return any(one[b"hash"] == name and one.get(b"outcome") == b"recorded" for one in receipts)

    await until(stands, f"{publisher}: no receipt")
    house.moved(publisher, jws)


async def answered(house: House, publisher: str, code: Code) -> dict[str, Any]:
    """The problem document with this code from a publisher's receipts."""
    found: list[dict[str, Any]] = []

    async def stands() -> bool:
        answers = [
            json.loads(one[b"answer"]) for one in await told(house, publisher) if b"answer" in one
        ]
        found[:] = [answer for answer in answers if answer["code"] == code]
        return bool(found)

    await until(stands, f"{publisher}: no {code}")
    return found[-1]
