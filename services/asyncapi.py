"""
The AsyncAPI 3 document: every stream of the log, who follows it, and what a publisher adds and reads.

Who follows what is told by FastStream from the apps themselves; what scripts write stands here.
``make golden`` writes the document down.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from faststream.specification import AsyncAPI
from pydantic import SecretStr

from services.ballots.app import BallotsSettings
from services.ballots.app import create_app as ballots_app
from services.pledges.app import create_app as pledges_app
from services.reporting.app import ReportingSettings
from services.reporting.app import create_app as reporting_app
from services.units.app import create_app as units_app
from services.units.door_app import create_app as door_app
from services.units.door_settings import DoorSettings
from thidua.clock import format_ms
from thidua.contracts import CONTRACTS, SERVICES
from thidua.contracts.envelope import Envelope
from thidua.log import Names, write_recorded, write_refused, write_said
from thidua.refusals import Code, problem
from thidua.serving import ServiceSettings
from thidua.signing import Algorithm, SigningKey, parse_jws, sign
from thidua.stream import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

KEPT: Final = Path(__file__).with_suffix(".json")
NAMES: Final = Names()
ORIGIN: Final = "sandbox/border-2020"
RX_MS: Final = 1_584_669_600_123
KEY: Final = SigningKey(Algorithm.EDDSA, Ed25519PrivateKey.from_private_bytes(bytes(32)))
"""Signs the example, so that it is the same every time; 32 zero bytes are nobody's secret."""
JWS: Final = sign(
    json.dumps(
        {
            "specversion": "1.0",
            "id": "giao-uoc-2020-LCA",
            "source": "/units/LCA",
            "type": "thidua.pledges.pledge-signed.v1",
            "subject": "BVHTTDL/BGPB/2020",
            "time": "2020-03-20T09:00:00+07:00",
            "datacontenttype": "application/json",
            "aud": ORIGIN,
            "seq": 1,
            "prev": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
            "data": {"unit": "LCA", "version": 1, "signer_role": "Giám đốc"},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode(),
    KEY,
    "LCA/2020-1",
)
HASH: Final = parse_jws(JWS).hash
_LATE: Final = {"deadline": "2020-03-30 00:00", "received": "2020-03-30T01:00:00+07:00"}
_SAID: Final = {
    "hash": HASH,
    "kid": "LCA/2020-1",
    "seq": 1,
    "prev": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    "id": "giao-uoc-2020-LCA",
    "type": "thidua.pledges.pledge-signed.v1",
    "subject": "BVHTTDL/BGPB/2020",
}

ABOUT: Final = (
    "Sự kiện đã ký đi vào qua cổng, được dịch vụ xét và ghi vào nhật ký. Các luồng là Redis Streams; không dùng "
    "consumer group. / Signed events enter through the door, are judged by the service that owns their type, and "
    "stand in the log. All streams are Redis Streams read without consumer groups; a message is the fields of one "
    "stream entry. Publishers who speak HTTP need none of this: POST /v1/events takes the same JWS."
)
SERVER: Final = "Redis ≥ 6.2 or Valkey; the address is the deployment's (THIDUA_REDIS_URL)."

_CHANNELS: Final = {
    "log": (NAMES.log, "The log: id `<position>-0`, positions dense from 1.", ("entry",)),
    "answers": (
        NAMES.answers,
        "Answers to events that did not enter the log, the latest ten thousand.",
        ("answer",),
    ),
    "in": (
        NAMES.incoming("{publisher}"),
        "A publisher's own stream: add one field `e` with a compact JWS under any id. Drained in order; trimmed when taken.",
        ("event",),
    ),
    "receipts": (
        NAMES.receipts("{publisher}"),
        "What became of a publisher's events, the latest thousand; the log itself can tell it again.",
        ("receipt", "answer"),
    ),
} | {
    f"inbox-{service}": (
        NAMES.inbox(service),
        f"What {service} has to judge, in order of arrival; written by the door and by wake-ups, trimmed when judged.",
        ("arrival", "wake-up"),
    )
    for service in SERVICES
}
"""Channel → key in Redis, what it is, which messages."""

_BY_HAND: Final = (
    ("door", "receive", "in", "The door drains every registered publisher's stream."),
    ("door", "send", "receipts", "The door answers what it did not let in."),
    *(("door", "send", f"inbox-{one}", "Admission, and wake-ups.") for one in SERVICES),
    *((one, "send", f"inbox-{one}", "Wake-ups at deadlines.") for one in SERVICES),
    *((one, "send", "log", "Judged batches, in one atomic append.") for one in SERVICES),
    *((one, "send", "receipts", "With each append.") for one in SERVICES),
    *((one, "send", "answers", "Events that could not enter the log.") for one in SERVICES),
)
"""What scripts and streams of publishers to come do, which no app can tell beforehand."""


def document() -> Json:
    """The document of all processes together; the same bytes at every call."""
    said = {name: _of_process(broker) for name, broker in _brokers().items()}
    operations = [
        *(one for name, told in said.items() for one in _followers(name, told)),
        *_BY_HAND,
    ]
    door = said["door"]
    return {
        "asyncapi": door["asyncapi"],
        "info": door["info"],
        "defaultContentType": door["defaultContentType"],
        "servers": {"redis": {**door["servers"]["development"], "description": SERVER}},
        "channels": {name: _channel(*told) for name, told in _CHANNELS.items()},
        "operations": {
            f"{who}-{action}-{channel}": _operation(action, channel, sentence)
            for who, action, channel, sentence in sorted(operations)
        },
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def document_text() -> str:
    """The document as it is kept."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def _brokers() -> dict[str, Any]:
    """The broker of every process, made as it is when it runs; none connects."""
    key = SecretStr(KEY.to_pem().decode())
    deciding = ServiceSettings(origin=ORIGIN, signing_key=key)
    reading = ReportingSettings(
        origin=ORIGIN,
        database_url=SecretStr("sqlite://"),
        signing_key=key,
    )
    return {
        "door": door_app(DoorSettings(origin=ORIGIN)).state.broker,
        "units": units_app(deciding).broker,
        "ballots": ballots_app(BallotsSettings(origin=ORIGIN, signing_key=key)).broker,
        "pledges": pledges_app(deciding).broker,
        "reporting": reporting_app(reading).state.broker,
    }


def _of_process(broker: Any) -> Json:
    """What FastStream says of one process."""
    title = "Thi đua: các luồng sự kiện / the streams"
    told = AsyncAPI(broker, title=title, version="1", description=ABOUT)
    said: Json = told.to_specification().to_jsonable()
    return said


def _followers(process: str, said: Json) -> Iterable[tuple[str, str, str, str]]:
    """Every follower of a process by the stream it follows; where it has several, each has its own name."""
    channel_of = {key: name for name, (key, _, _) in _CHANNELS.items()}
    for title, operation in said["operations"].items():
        channel = said["channels"][unquote(operation["channel"]["$ref"].rsplit("/", 1)[-1])]
        who = title.partition(":")[0]
        name = channel_of[channel["address"]]
        yield process if who == FOLLOW else who, operation["action"], name, channel["description"]


def _channel(key: str, description: str, messages: tuple[str, ...]) -> Json:
    """A channel; the braces of a key's hash tag are no parameter, so the tag becomes the value of one."""
    parameters: Json = {
        "partition": {
            "description": "Hash tag of the log's partition; its braces belong to the key's name.",
            "default": f"{{{NAMES.partition}}}",
            "examples": [f"{{{NAMES.partition}}}"],
        }
    }
    if "{publisher}" in key:
        parameters["publisher"] = {
            "description": "Code of a unit or an authority that has a registered key.",
            "examples": ["LCA"],
        }
    return {
        "address": key.replace(f"{{{NAMES.partition}}}", "{partition}"),
        "description": description,
        "servers": [{"$ref": "#/servers/redis"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "parameters": parameters,
    }


def _operation(action: str, channel: str, summary: str) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(
    title: str, summary: str, fields: Json, *examples: Json, beside: Json | None = None
) -> Json:
    """A message: the fields of one stream entry, and what may stand *beside* them."""
    payload = _object(fields)
    payload["properties"] |= beside or {}
    return {
        "title": title,
        "summary": summary,
        "payload": payload,
        "examples": [{"payload": example} for example in examples],
    }


def _messages() -> Json:
    jws = {"$ref": "#/components/schemas/Jws"}
    rx = {"type": "string", "pattern": "^[0-9]+$", "description": "Arrival, ms since 1970."}
    event_hash = {"$ref": "#/components/schemas/EventHash"}
    raw = JWS.encode()
    entries = (
        write_recorded(RX_MS, "pledges/1", raw),
        write_refused(RX_MS, "pledges/1", Code.DEADLINE_PASSED, _LATE, raw),
        write_said(RX_MS, "pledges/1", Code.SCHEMA_INVALID, {"path": "/data/version"}, _SAID),
    )
    expected = {"kid": "LCA/2021-1", "expected_seq": 4, "expected_prev": HASH, "given_seq": 6}
    answer = problem(Code.CHAIN_EXPECTED, expected, event=HASH)
    trace = {
        "traceparent": {
            "type": "string",
            "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            "description": "W3C Trace Context, where the door traces; no part of what is signed or judged.",
        }
    }
    return {
        "event": _message(
            "Sự kiện / event", "One signed event.", {"e": jws}, {"e": JWS}, beside=trace
        ),
        "arrival": _message(
            "Sự kiện đến / arrival",
            "An event that passed the door, with its arrival.",
            {"rx": rx, "jws": jws},
            {"rx": str(RX_MS), "jws": JWS},
            beside=trace,
        ),
        "wake-up": _message(
            "Đến hạn / wake-up",
            "Something is due for this subject; not signed, a doubled one does nothing.",
            {"rx": rx, "wake": {"type": "string", "description": "The subject."}},
            {"rx": str(RX_MS), "wake": "BVHTTDL/BGPB/2020"},
        ),
        "entry": _message(
            "Mục nhật ký / entry",
            "One position of the log; the bytes of `e` are what is hashed.",
            {"e": _json_text("Entry")},
            *({"e": entry.decode()} for entry in entries),
        ),
        "receipt": _message(
            "Biên nhận / receipt",
            "The event stands in the log, recorded or refused.",
            {
                "hash": event_hash,
                "position": {"type": "string", "pattern": "^[0-9]+$"},
                "outcome": {"enum": ["recorded", "refused"]},
                "code": {
                    "type": "string",
                    "description": "The refusal's code; empty when recorded.",
                },
            },
            {"hash": HASH, "position": "131", "outcome": "recorded", "code": ""},
        ),
        "answer": _message(
            "Trả lời / answer",
            "The event did not enter the log: the problem document that a request would get; every code stands at /v1/refusals.",
            {"hash": event_hash, "answer": _json_text("Answer")},
            {"hash": HASH, "answer": json.dumps(answer, ensure_ascii=False)},
        ),
    }


def _json_text(schema: str) -> Json:
    """A string that holds JSON of a schema of this document."""
    return {
        "type": "string",
        "contentMediaType": "application/json",
        "description": f"JSON text, see #/components/schemas/{schema}.",
    }


def _schemas() -> Json:
    envelope = Envelope.model_json_schema(ref_template="#/components/schemas/{model}")
    nested = envelope.pop("$defs")
    types = {name: [str(role) for role in one.data.ROLES] for name, one in CONTRACTS.items()}
    envelope["properties"]["type"] = {"type": "string", "enum": list(types)}
    envelope["x-published-by"] = types
    code = {"type": "string", "pattern": "^[A-Z_]+$"}
    facts = {"type": "object", "description": "Facts for machines, by name; never a form's values."}
    refused = _object({"code": code, "facts": facts})
    head = {
        "v": {"const": 1},
        "rx": {"type": "string", "format": "date-time", "examples": [format_ms(RX_MS)]},
        "by": {"type": "string", "pattern": "^[a-z]{2,20}/[0-9]{1,4}$"},
    }
    said = _object({name: {"type": "integer" if name == "seq" else "string"} for name in _SAID})
    jws = {"$ref": "#/components/schemas/Jws"}
    return {
        "Jws": {
            "type": "string",
            "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
            "description": "Compact JWS (RFC 7515) with the header members alg, kid and typ `thidua-event+jws`; its "
            "payload is an Event.",
            "examples": [JWS],
        },
        "Event": envelope,
        **nested,
        "EventHash": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{43}$",
            "description": "SHA-256 of the JWS signing input `header.payload`, base64url.",
            "examples": [HASH],
        },
        "Entry": {
            "description": "Recorded; refused for state or rule; refused for its form, then without its values.",
            "oneOf": [
                _object({**head, "jws": jws}),
                _object({**head, "refused": refused, "jws": jws}),
                _object({**head, "refused": refused, "said": said}),
            ],
        },
        "Answer": {
            "type": "object",
            "required": ["code"],
            "properties": {"code": code, "facts": facts},
        },
    }


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


if __name__ == "__main__":
    KEPT.write_text(document_text(), encoding="utf-8")
