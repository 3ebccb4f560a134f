"""Every way in which an event can be wrong: its answer, and what the log keeps of it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pytest

from tests.units.door.house import (
    AUTHORITY,
    CYCLE,
    KEY_REGISTERED,
    REPORT,
    House,
    payload_of,
)
from thidua.base64url import encode_base64url
from thidua.key_material import Algorithm
from thidua.publishing import Publisher
from thidua.refusals import CATALOGUE, Code
from thidua.signing import TYP, event_hash, parse_jws, sign

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET: Final = "Nguyễn Thị Bí Mật"
FOREIGN: Final = "thidua.reporting.page-viewed.v1"
KEPT_OUT: Final = "no"
ENGLISH: Final = re.compile(
    r"\b(the|other|another|should|value|text|bytes|input|required|not)\b", re.IGNORECASE
)

Make = Callable[[House], Awaitable[str]]


@dataclass(frozen=True)
class Row:
    """One way to be wrong: who says it, the code it meets, and whether it stands in the log."""

    name: str
    make: Make
    code: Code
    in_log: Literal["no", "said", "refused"] = "no"
    publisher: str = "SOC"
    says: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return CATALOGUE[self.code].status if self.in_log == "no" else 422


ROWS: list[Row] = []


def row(name: str, code: Code, in_log: Any = "no", publisher: str = "SOC", **says: Any) -> Any:
    def keep(make: Make) -> Make:
        ROWS.append(Row(name, make, code, in_log, publisher, says))
        return make

    return keep


def raw(house: House, payload: bytes, *, publisher: str = "SOC", **header: Any) -> str:
    """Bytes signed as they are, under a header of our own."""
    signer = house.publishers[publisher]
    members = {"alg": signer.key.alg, "kid": signer.kid, "typ": TYP, **header}
    text = json.dumps({name: value for name, value in members.items() if value is not None})
    signing_input = f"{encode_base64url(text.encode())}.{encode_base64url(payload)}"
    return f"{signing_input}.{encode_base64url(signer.key.sign(signing_input.encode()))}"


def payload(house: House, **changed: Any) -> dict[str, Any]:
    return payload_of(house.signed("SOC", **changed))


# Not a signed event.


@row("no JWS", Code.JWS_MALFORMED, expected="three parts and two dots", given="0 dots")
async def _(house: House) -> str:
    return "xin-chao"


@row("an empty text", Code.JWS_MALFORMED, expected="three parts and two dots")
async def _(house: House) -> str:
    return ""


@row("padding in base64url", Code.JWS_MALFORMED, path="signature")
async def _(house: House) -> str:
    return house.signed("SOC") + "="


@row("oversize", Code.TOO_LARGE, expected="at most 64000 bytes", given="64001 bytes")
async def _(house: House) -> str:
    return "a" * 64_001


@row("duplicate members", Code.DUPLICATE_MEMBER, path="subject")
async def _(house: House) -> str:
    text = json.dumps(payload(house))
    return raw(house, f'{text[:-1]}, "subject": "{CYCLE}"}}'.encode())


@row("no JSON", Code.JSON_INVALID, expected="JSON")
async def _(house: House) -> str:
    return raw(house, b"{'id': 1}")


@row("not UTF-8", Code.JSON_INVALID, expected="UTF-8")
async def _(house: House) -> str:
    return raw(house, '{"id": "Hòa"}'.encode("latin-1"))


@row("a decimal number", Code.JSON_INVALID)
async def _(house: House) -> str:
    return raw(house, json.dumps(payload(house, data={"points": 1.5})).encode())


@row("a lone surrogate", Code.JSON_INVALID)
async def _(house: House) -> str:
    text = json.dumps(payload(house, data={"note": "half"}))
    return raw(house, text.replace("half", "\\ud800").encode())


@row("nested 10,000 deep", Code.NESTING_TOO_DEEP, expected="at most 64 levels")
async def _(house: House) -> str:
    text = json.dumps(payload(house, data=None))
    return raw(house, f'{text[:-1]}, "data": {"[" * 10_000}{"]" * 10_000}}}'.encode())


@row("a header with one member more", Code.HEADER_INVALID, expected="exactly alg, kid, typ")
async def _(house: House) -> str:
    return raw(house, json.dumps(payload(house)).encode(), crit=["b64"])


@row("alg none", Code.HEADER_INVALID, path="header/alg", given="'none'")
async def _(house: House) -> str:
    return raw(house, json.dumps(payload(house)).encode(), alg="none")


@row("another typ", Code.HEADER_INVALID, path="header/typ", expected=TYP)
async def _(house: House) -> str:
    return raw(house, json.dumps(payload(house)).encode(), typ="JWT")


# Not from whom it says, not for this log.


@row("an unknown key", Code.KEY_UNKNOWN, retryable=True)
async def _(house: House) -> str:
    stranger = house.publisher("SOC", Algorithm.ES256, kid="SOC/chua-dang-ky")
    return stranger.sign(REPORT, CYCLE, {"unit": "SOC", "kind": "yearly"}, time=house.now)


@row("a revoked key", Code.KEY_EXPIRED, publisher="SOE")
async def _(house: House) -> str:
    old = await second_key(house, "SOE/cu")
    revoked = {"kid": old.kid, "reason": "Thay máy chủ"}
    told = await authority(house, "thidua.units.key-revoked.v1", revoked)
    assert told["outcome"] == "recorded", told
    return old.sign(REPORT, CYCLE, {"unit": "SOE", "kind": "yearly"}, time=house.now)


@row("a bad signature", Code.SIGNATURE_INVALID, retryable=False)
async def _(house: House) -> str:
    signing_input, _, _ = house.signed("SOC").rpartition(".")
    _, _, other = house.signed("SOC", id="another").rpartition(".")
    return f"{signing_input}.{other}"


@row(
    "another algorithm than the key's",
    Code.SIGNATURE_INVALID,
    expected="alg RS256, as the key is registered",
)
async def _(house: House) -> str:
    return raw(house, json.dumps(payload(house)).encode(), alg="EdDSA")


@row(
    "an audience that is another log",
    Code.AUDIENCE_WRONG,
    path="/aud",
    given="so.khac.vn/p0",
    expected="sandbox/three-2023",
)
async def _(house: House) -> str:
    return house.signed("SOC", aud="so.khac.vn/p0")


@row(
    "a source that is not the key's",
    Code.SOURCE_WRONG,
    path="/source",
    given="/units/SOA",
    expected="/units/SOC",
)
async def _(house: House) -> str:
    return house.signed("SOC", source="/units/SOA")


@row("a service's own key", Code.SOURCE_WRONG, given="/services/units")
async def _(house: House) -> str:
    key = house.founding.services["units"]
    body = json.dumps(payload(house, source="/services/units"))
    return sign(body.encode(), key, "services/units")


@row("a type of no service", Code.TYPE_UNKNOWN_SERVICE, path="/type", given=FOREIGN)
async def _(house: House) -> str:
    return house.signed("SOC", type=FOREIGN)


@row("an envelope without its time", Code.ENVELOPE_INVALID, path="/time")
async def _(house: House) -> str:
    return house.signed("SOC", time=None)


@row("an envelope with one member more", Code.ENVELOPE_INVALID, path="/traceparent")
async def _(house: House) -> str:
    return house.signed("SOC", traceparent="00-1")


@row("seq as a text", Code.ENVELOPE_INVALID, path="/seq", given="str")
async def _(house: House) -> str:
    return house.signed("SOC", seq="1")


# Not the next of its chain.


@row("a gap in the chain", Code.CHAIN_EXPECTED, retryable=True)
async def _(house: House) -> str:
    return house.signed("SOC", seq=house.publishers["SOC"].heads["units"].seq + 5)


@row("another event before it", Code.CHAIN_EXPECTED, retryable=True)
async def _(house: House) -> str:
    return house.signed("SOC", prev=event_hash(b"another"))


@row("a fork", Code.CHAIN_FORK, retryable=False)
async def _(house: House) -> str:
    return house.signed("SOC", seq=1, prev=event_hash(b""))


# The form of its data.


@row("a member is missing", Code.SCHEMA_INVALID, "said", path="/data/kind")
async def _(house: House) -> str:
    return house.sign("SOC", REPORT, {"unit": "SOC", "summary": SECRET})


@row("a value of another kind", Code.SCHEMA_INVALID, "said", path="/data/unit")
async def _(house: House) -> str:
    return house.sign("SOC", REPORT, {"unit": [SECRET], "kind": "yearly"})


@row("data that is no object", Code.SCHEMA_INVALID, "said", path="/data")
async def _(house: House) -> str:
    return house.sign("SOC", REPORT, SECRET)


@row("a subject of the other kind", Code.SCHEMA_INVALID, "said", path="/subject")
async def _(house: House) -> str:
    data = {"unit": "SOC", "kind": "yearly", "summary": SECRET}
    return house.sign("SOC", REPORT, data, subject=AUTHORITY)


@row("a person's name where none may be", Code.SCHEMA_INVALID, "said", path="/data/nguoi_ky")
async def _(house: House) -> str:
    return house.sign("SOC", REPORT, {"unit": "SOC", "kind": "yearly", "nguoi_ky": SECRET})


@row("a person's name as a member's name", Code.SCHEMA_INVALID, "said", path="/data/*")
async def _(house: House) -> str:
    return house.sign("SOC", REPORT, {"unit": "SOC", "kind": "yearly", SECRET: "ký thay"})


@row("an unknown type under a known service", Code.TYPE_UNKNOWN, "said", path="/type")
async def _(house: House) -> str:
    return house.sign("SOC", "thidua.units.report-burnt.v1", {"name": SECRET})


@row("text that is not NFC", Code.TEXT_NOT_NFC, "said", path="/data/summary")
async def _(house: House) -> str:
    summary = unicodedata.normalize("NFD", SECRET)
    return house.sign("SOC", REPORT, {"unit": "SOC", "kind": "yearly", "summary": summary})


# State and rules.


@row("past the deadline", Code.DEADLINE_PASSED, "refused", "SOD", retryable=False)
async def _(house: House) -> str:
    data = {"unit": "SOD", "aims": [{"title": "co"}]}
    return house.sign("SOD", "thidua.units.participation-registered.v1", data)


@row("a state that forbids it", Code.STATE_FORBIDS, "refused", "SOA")
async def _(house: House) -> str:
    rulebook = next(
        payload_of((entry.jws or b"").decode())["data"]
        for entry in await house.entries()
        if entry.jws and b"rulebook-adopted" in parse_jws(entry.jws).payload
    )
    return house.sign("SOA", "thidua.units.rulebook-adopted.v1", {**rulebook, "version": 2})


@row("not a member", Code.NOT_MEMBER, "refused", "SOE")
async def _(house: House) -> str:
    data = {"unit": "SOE", "aims": [{"title": "co"}]}
    return house.sign("SOE", "thidua.units.participation-registered.v1", data)


@row("scoring one's own unit", Code.SELF_SCORING, "refused", "SOB")
async def _(house: House) -> str:
    data = {"unit": "SOB", "team": "t2", "findings": []}
    return house.sign("SOB", "thidua.units.cross-check-recorded.v1", data)


@row("a role that the publisher does not hold", Code.ROLE_REQUIRED, "refused")
async def _(house: House) -> str:
    data = {"unit": "SOA", "kind": "yearly"}
    return house.sign("SOC", REPORT, data)


@row("a cycle that was never opened", Code.CYCLE_UNKNOWN, "refused")
async def _(house: House) -> str:
    data = {"unit": "SOC", "kind": "yearly"}
    return house.sign("SOC", REPORT, data, subject="BNV/KHOI-3/1999")


@row("the same id with other content", Code.DUPLICATE_ID, "refused", "SOA")
async def _(house: House) -> str:
    first = house.sign("SOA", REPORT, {"unit": "SOA", "kind": "half-year"})
    assert (await house.send("SOA", first)).status_code == 200
    data = {"unit": "SOA", "kind": "half-year", "summary": "Nội dung khác"}
    return house.sign("SOA", REPORT, data, event_id=payload_of(first)["id"])


async def authority(house: House, wire_type: str, data: dict[str, Any]) -> dict[str, Any]:
    jws = house.sign(AUTHORITY, wire_type, data, subject=AUTHORITY)
    told: dict[str, Any] = (await house.send(AUTHORITY, jws)).json()
    return told


async def second_key(house: House, kid: str) -> Publisher:
    publisher = house.publisher("SOE", Algorithm.ES256, kid=kid)
    told = await authority(house, KEY_REGISTERED, house.registration(publisher))
    assert told["outcome"] == "recorded", told
    return publisher


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_bad_input_is_named_and_harms_nobody_else(year: House, row: Row) -> None:
    await year.heads_from_log()
    bad = await row.make(year)
    other = "SOA" if row.publisher == "SOB" else "SOB"
    fine, own = year.new_unit(), replace_me(year, other)

    batch = await year.post(json.dumps([fine, bad, own]))

    told = batch.json()["results"]
    assert [told[n]["outcome"] for n in (0, 2)] == ["recorded", "recorded"], batch.text
    year.moved(AUTHORITY, fine)
    year.moved(other, own)
    problem = told[1]
    assert_problem(problem, row, problem["http_status"])
    entry = await year.entry_of(bad) if problem.get("hash") else None
    if row.in_log == "no":
        assert entry is None
    else:
        assert entry is not None
        assert entry.position == problem["position"]
        assert (entry.said is not None) == (row.in_log == "said")
        assert (entry.jws is None) == (row.in_log == "said")
        year.moved(row.publisher, bad)

    alone = await year.post(bad)

    assert alone.headers["content-type"] == "application/problem+json"
    assert_problem(alone.json(), row, alone.status_code)
    assert alone.json().get("position") == problem.get("position")
    after = await year.send(row.publisher, replace_me(year, row.publisher))
    assert after.json().get("position"), "the key's own chain goes on where it was"
    await year.goes_on()
    assert await keys_with(year, SECRET) == set()


@pytest.mark.parametrize("dry", ["", "?dry_run=true"])
async def test_a_sandbox_plays_nothing_before_what_its_subject_has_seen(
    year: House, dry: str
) -> None:
    await year.heads_from_log()
    late = replace_me(year, "SOB")
    headers = {"thidua-arrival": "2016-01-01T00:00:00Z", "prefer": "wait=10"}

    told = (await year.http.post(f"/v1/events{dry}", content=late, headers=headers)).json()

    assert (told["code"], told["given"]) == ("CLOCK_BACKWARD", "2016-01-01T00:00:00.000Z")
    assert told["expected"].startswith(">= 20")
    assert await year.entry_of(late) is None


def replace_me(house: House, code: str) -> str:
    """A report that the unit may send as often as it likes."""
    return house.sign(code, REPORT, {"unit": code, "kind": "half-year"})


def assert_problem(problem: dict[str, Any], row: Row, status: int) -> None:
    words = CATALOGUE[row.code]
    assert (problem["code"], status) == (row.code, row.status), problem
    assert problem["status"] == status
    assert (problem["title_vi"], problem["title_en"]) == (words.title_vi, words.title_en)
    assert problem["retryable"] is words.retryable
    assert problem["outcome"] == ("answered" if row.in_log == "no" else "refused")
    for text in ("detail_vi", "detail_en", "fix_vi", "fix_en"):
        assert problem[text], text
        assert "—" not in problem[text], f"a fact is missing: {problem[text]}"
    assert not ENGLISH.search(problem["detail_vi"]), problem["detail_vi"]
    assert {name: problem[name] for name in row.says} == row.says


async def keys_with(house: House, text: str) -> set[str]:
    """Every key of the store, but for the erasable one, in which a text stands in whatever form."""
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    wanted = {form.encode() for form in forms} | {json.dumps(form)[1:-1].encode() for form in forms}
    found = set()
    async for key in house.redis.scan_iter():
        kind = await house.redis.type(key)
        if kind == b"stream":
            content = repr_bytes(await house.redis.xrange(key))
        elif kind == b"hash":
            content = repr_bytes(await house.redis.hgetall(key))
        else:
            content = await house.redis.get(key)
        if key != b"{p0}:said" and any(form in content for form in wanted):
            found.add(key.decode())
    return found


def repr_bytes(value: Any) -> bytes:
    """All bytes in a reply, and every JWS in it opened."""
    if isinstance(value, bytes):
        return value + opened(value)
    if isinstance(value, dict):
        return b"".join(repr_bytes(part) for pair in value.items() for part in pair)
    return b"".join(repr_bytes(part) for part in value)


def opened(value: bytes) -> bytes:
    if value.startswith(b"{"):
        members = json.loads(value)
        value = str(members.get("jws", "")).encode()
    if value.count(b".") != 2 or not value.startswith(b"eyJ"):
        return b""
    return parse_jws(value).payload
