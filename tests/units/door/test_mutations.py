"""Whatever is done to an event's bytes, the border answers by name; nothing else is ever raised."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import TYPE_CHECKING, Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scenarios.format import read_scenario
from services.units.admission import (
    Admissible,
    NotAdmittedError,
    admissible,
    arrival_of,
    each_admissible,
    parsed,
)
from services.units.door_answers import problem_of
from services.units.door_requests import check_same, read_tokens, read_wait
from tests.units.door.house import THREE
from thidua.base64url import encode_base64url
from thidua.contracts.envelope import Envelope, EnvelopeError, FormError
from thidua.drafting import InboxItem, read_item
from thidua.errors import MalformedError
from thidua.log import read_entry, write_said
from thidua.receipts import RECEIPT_TYP, parse_receipt
from thidua.refusals import CATALOGUE, Stage
from thidua.signing import EMPTY_HASH, TYP, Algorithm, ParsedJws, SigningKey
from thidua.standing import Key

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN: Final = "so.example.vn/p0"
SIGNING: Final = SigningKey.generate(Algorithm.EDDSA)
KEY: Final = Key("SOA/1", "/units/SOA", "EdDSA", SIGNING.verifying_key.spki)
EACH: Final = 50
"""Mutated inputs for one seed; a failing seed makes the same ones again."""
SEEDS: Final = int(os.environ.get("THIDUA_TEST_INPUTS", "2000")) // EACH
FEWER: Final = max(40, SEEDS // 10)
STEP: Final = 10_000
"""After so many of them a long run says how far it is."""

BASES: Final = [
    {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": KEY.owner,
        "type": line.type,
        "subject": line.subject,
        "time": "2023-05-01T08:00:00+07:00",
        "datacontenttype": "application/json",
        "aud": ORIGIN,
        "seq": 1,
        "prev": EMPTY_HASH,
        "data": line.data,
    }
    for number, line in enumerate(read_scenario(THREE).lines)
]
ODD: Final[list[Any]] = [
    None, True, 0, -1, 2**53, 2**53 + 1, 10**400, 1.5, 1e308, "", " ", "\0", "\u202e", "é", "e\u0301",
    "\ud800", "A" * 70_000, [], {}, [[]], {"": {}}, "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "2023-02-29T00:00:00Z", "/units/", "//", "../..", "NaN",
]  # fmt: skip
"""Values that some reader, somewhere, has stumbled over."""


LIKELY: Final[list[dict[str, Any]]] = [
    {"type": "thidua.units.report-burnt.v1"},
    {"type": "thidua.reporting.page-viewed.v1"},
    {"source": "/units/SOB"},
    {"aud": "so.khac.vn/p0"},
    {"subject": "BNV"},
    {"seq": 7},
    {"id": "\ud800"},
    {"type": "thidua.units.report-submitted.v1", "subject": "BNV/KHOI-3/2023",
     "data": {"unit": "SOA", "kind": "yearly", "summary": "Hoa\u0300"}},
]  # fmt: skip
"""What a publisher gets wrong, and nothing else is."""


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member and element."""
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    else:
        return [at]
    return [at, *(path for step, one in steps for path in places(one, (*at, step)))]


def mutated(chance: Random, base: dict[str, Any]) -> dict[str, Any]:
    """*base* with one to three members replaced, removed, renamed, moved or nested."""
    document = deepcopy(base)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(places(document))
        if not path:
            continue
        parent = document
        for step in path[:-1]:
            parent = parent[step]
        last = path[-1]
        match chance.randrange(6):
            case 0:
                parent[last] = deepcopy(chance.choice(ODD))
            case 1:
                del parent[last]
            case 2 if isinstance(parent, dict):
                parent[str(chance.choice(ODD))[:30]] = parent.pop(last)
            case 3:
                depth = chance.choice([1, 2, 63, 64, 65, 120])
                for _ in range(depth):
                    parent[last] = [parent[last]]
            case 4:
                parent[last] = deepcopy(chance.choice(BASES)["data"])
            case _:
                text = str(parent[last])
                at = chance.randint(0, len(text))
                parent[last] = text[:at] + chance.choice("é\u0301/-.0Zx \u200b") + text[at:]
    return document


def spoilt(chance: Random, text: bytes) -> bytes:
    """Bytes cut, doubled, swapped or overwritten."""
    for _ in range(chance.randint(0, 2)):
        at, end = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
        match chance.randrange(5):
            case 0:
                text = text[:at]
            case 1:
                text = text[:at] + text[end:]
            case 2:
                text = text[:end] + text[at:end] + text[end:]
            case 3:
                text = text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]
            case _:
                text = text[:at] + chance.choice([b'"', b"{", b"]", b",", b".", b"\\u", b"\xc3"])
    return text


def token(chance: Random, typ: str, base: dict[str, Any]) -> bytes:
    """An event or receipt wrong in its document, its text, its header or its token, most of them signed as they are."""
    document = mutated(chance, base)
    plain = chance.random() < 0.25
    if plain:
        document = {**base, **chance.choice(LIKELY)}
    text = json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if not plain and chance.random() < 0.3:
        text = spoilt(chance, text)
    header: dict[str, Any] = {"alg": "EdDSA", "kid": KEY.kid, "typ": typ}
    if chance.random() < 0.05:
        header["kid"] = "SOB/1"
    elif chance.random() < 0.15:
        header = mutated(chance, header)
    head = json.dumps(header).encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        head = spoilt(chance, head)
    signing_input = f"{encode_base64url(head)}.{encode_base64url(text)}".encode()
    signature = encode_base64url(SIGNING.sign(signing_input)).encode()
    whole = signing_input + b"." + signature
    return spoilt(chance, whole) if chance.random() < 0.15 else whole


def at_the_border(raw: bytes) -> str:
    """The code an event meets, or how far it comes; raises only when the border does."""
    try:
        jws = parsed(raw)
        check_same(jws.hash, raw)
        same_as_another(raw)
        event = admissible(jws, raw, KEY if jws.kid == KEY.kid else None, ORIGIN)
        said = Envelope.model_validate_json(jws.payload)
        assert event[4:7] == (said.subject, said.type, said.id)
        assert event.time.isoformat() == said.time.isoformat()
        arrival_of(None, event, sandbox=True)
    except NotAdmittedError as error:
        return answered(error)
    match read_item(InboxItem("1-0", 1_700_000_000_000, raw)).read:
        case EnvelopeError():
            return "envelope"
        case FormError(code=code, facts=facts, envelope=envelope):
            said = {
                "hash": jws.hash,
                "kid": jws.kid,
                "seq": envelope.seq,
                "prev": envelope.prev,
                "id": envelope.id,
                "type": envelope.type,
                "subject": envelope.subject,
            }
            entry = read_entry(1, write_said(1_700_000_000_000, "units/1", code, facts, said))
            assert entry.said == said
            return f"said {code}"
        case _:
            return "to be judged"


def same_as_another(raw: bytes) -> None:
    try:
        check_same("another", raw)
    except NotAdmittedError as error:
        answered(error)


def answered(error: NotAdmittedError) -> str:
    status, document = problem_of(error)
    assert json.loads(json.dumps(document, ensure_ascii=False).encode())["code"] == error.code
    assert CATALOGUE[error.code].stage is Stage.ANSWERED
    assert 400 <= status < 500
    return str(error.code)


def for_many_seeds(check: Callable[[Random], str], seeds: int = SEEDS) -> Counter[str]:
    """How often each end was met."""
    ends: Counter[str] = Counter()

    @settings(max_examples=max(1, seeds), deadline=None, database=None)
    @given(st.integers(0, 2**64 - 1))
    def run(seed: int) -> None:
        chance = Random(seed)
        for _ in range(EACH):
            ends[check(chance)] += 1
        if ends.total() % STEP == 0:
            print(f"· {ends.total():,} / {EACH * seeds:,}", file=sys.stderr, flush=True)

    run()
    return ends


def test_a_mutated_event_meets_a_code_of_the_catalogue_or_the_judge() -> None:
    ends = for_many_seeds(lambda chance: at_the_border(token(chance, TYP, chance.choice(BASES))))

    assert ends.total() >= EACH * SEEDS
    assert {
        "JWS_MALFORMED", "TOO_LARGE", "JSON_INVALID", "NESTING_TOO_DEEP", "HEADER_INVALID",
        "KEY_UNKNOWN", "SIGNATURE_INVALID", "ENVELOPE_INVALID", "AUDIENCE_WRONG", "SOURCE_WRONG",
        "TYPE_UNKNOWN_SERVICE", "said SCHEMA_INVALID", "said TYPE_UNKNOWN", "said TEXT_NOT_NFC", "to be judged",
    } <= ends.keys(), ends  # fmt: skip


def test_events_of_a_batch_are_answered_as_each_alone() -> None:
    def told(one: Admissible | NotAdmittedError) -> object:
        return (one.code, one.facts, one.event) if isinstance(one, NotAdmittedError) else one

    def alone(jws: ParsedJws, raw: bytes, key: Key | None) -> Admissible | NotAdmittedError:
        try:
            return admissible(jws, raw, key, ORIGIN)
        except NotAdmittedError as error:
            return error

    def check(chance: Random) -> str:
        tokens = [token(chance, TYP, chance.choice(BASES)) for _ in range(3)]
        read: dict[int, ParsedJws] = {}
        for at, raw in enumerate(tokens):
            with suppress(NotAdmittedError):
                read[at] = parsed(raw)
        keys = {jws.kid: KEY if jws.kid == KEY.kid else None for jws in read.values()}
        together = each_admissible(read, tokens, keys, ORIGIN)
        assert {at: told(one) for at, one in together.items()} == {
            at: told(alone(jws, tokens[at], keys[jws.kid])) for at, jws in read.items()
        }
        return (
            "admitted" if any(isinstance(one, Admissible) for one in together.values()) else "none"
        )

    assert {"admitted", "none"} <= for_many_seeds(check, FEWER).keys()


def test_a_mutated_receipt_is_malformed_or_a_receipt() -> None:
    base = {
        "origin": ORIGIN,
        "hash": EMPTY_HASH,
        "position": 3,
        "entry_hash": EMPTY_HASH,
        "outcome": "refused",
        "code": "BUSY",
        "rx": "2026-01-01T00:00:00.000Z",
    }

    def check(chance: Random) -> str:
        try:
            return parse_receipt(token(chance, RECEIPT_TYP, base)).receipt.outcome
        except MalformedError as error:
            return str(error.code)

    assert {"JSON_INVALID", "HEADER_INVALID", "refused"} <= for_many_seeds(check, FEWER).keys()


def test_a_mutated_body_is_tokens_or_one_named_problem() -> None:
    def check(chance: Random) -> str:
        tokens = [token(chance, TYP, chance.choice(BASES)).decode("latin-1") for _ in range(2)]
        body = json.dumps(chance.choice([tokens, tokens[0], [tokens], {"events": tokens}]))
        try:
            found, batch = read_tokens(spoilt(chance, body.encode()), 2)
        except NotAdmittedError as error:
            return answered(error)
        assert 1 <= len(found) <= 2
        return f"tokens {batch}"

    assert {"JSON_INVALID", "tokens True", "tokens False"} <= for_many_seeds(check, FEWER).keys()


@given(st.one_of(st.text(), st.from_regex(r"wait=\S*", fullmatch=True)))
def test_no_preference_whatever_does_harm(prefer: str) -> None:
    assert 0 <= read_wait(prefer) <= 9999
