"""
The envelope of every event: CloudEvents 1.0 JSON with the extensions ``aud``, ``seq``, ``prev``, ``seen`` and ``cause``.

A payload is parsed once, typed, in one pass. What is wrong with its ``data`` is a fault of form and may
stand in the log by its paths; what is wrong with the envelope itself is only answered.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, cast

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import SchemaValidator, from_json

from thidua.contracts.base import EventData, Scope, Source
from thidua.contracts.registry import CONTRACTS, Event
from thidua.text import first_not_nfc, is_nfc

if TYPE_CHECKING:
    from collections.abc import Container

EventHash = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
REGISTRY_SUBJECT: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{1,15}")
CYCLE_SUBJECT: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{1,15}/[A-Z0-9][A-Z0-9-]{1,15}/(19|20|21)\d\d")
_TYPE: Final = re.compile(rb'"type" ?: ?"([a-z0-9.-]{1,80})"')
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_SHOWN: Final = 12


class Seen(BaseModel):
    """The last checkpoint of the archive that the publisher verified."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    size: Annotated[int, Field(ge=0)]
    root: EventHash


class Envelope(BaseModel):
    """A payload's members; ``data`` is the contract's frozen type when the envelope was read typed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    specversion: Literal["1.0"]
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]
    source: Source
    type: Annotated[
        str, StringConstraints(pattern=r"^thidua\.[a-z]{2,20}\.[a-z0-9-]{2,40}\.v[0-9]{1,3}$")
    ]
    subject: Annotated[
        str, StringConstraints(pattern=r"^[A-Z0-9-]{2,16}(/[A-Z0-9-]{2,16}/[0-9]{4})?$")
    ]
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    aud: Annotated[str, StringConstraints(min_length=3, max_length=128)]
    seq: Annotated[int, Field(ge=1, le=2**53)]
    prev: EventHash
    cause: EventHash | None = None
    seen: Seen | None = None
    data: Any


class EnvelopeError(Exception):
    """The envelope itself is not as it must be; ``path`` names the member."""

    def __init__(self, path: str, given: str, expected: str) -> None:
        super().__init__(f"{path}: {expected}, given {given}")
        self.path, self.given, self.expected = path, given, expected


class FormError(Exception):
    """
    The envelope stands, its ``data`` does not: unknown type, schema, or a subject of the wrong kind.

    ``facts`` holds paths and what was expected there, never a value.
    """

    def __init__(self, envelope: Envelope, code: str, facts: dict[str, object]) -> None:
        super().__init__(f"{code}: {facts}")
        self.envelope, self.code, self.facts = envelope, code, facts


def _typed(data: type[EventData]) -> type[Envelope]:
    return create_model(
        f"{data.__name__}Envelope",
        __base__=Envelope,
        type=(Literal[data.TYPE], ...),  # type: ignore[arg-type]  # the type's own name is its one value
        data=(data, ...),
    )


_TYPED: Final[dict[bytes, SchemaValidator]] = {
    name.encode(): cast("SchemaValidator", _typed(contract.data).__pydantic_validator__)
    for name, contract in CONTRACTS.items()
}


def read_envelope(payload: bytes) -> Envelope:
    """
    The envelope of a payload with its typed data.

    Raises :class:`EnvelopeError` when it is no envelope, :class:`FormError` when only its data is wrong.
    """
    guess = _TYPE.search(payload)
    typed = _TYPED.get(guess.group(1)) if guess else None
    if typed is not None:
        try:
            envelope: Envelope = typed.validate_json(payload)
        except ValidationError:
            pass
        else:
            if _subject_fits(envelope) and (
                is_nfc(payload) or first_not_nfc(json.loads(payload)) is None
            ):
                return envelope
    return _explain(payload)


def believe_envelope(payload: bytes) -> Envelope:
    """
    The envelope of a recorded event, which :func:`read_envelope` once took; its text is not looked at again.

    Raises as that does when it cannot be typed.
    """
    guess = _TYPE.search(payload)
    typed = _TYPED.get(guess.group(1)) if guess else None
    if typed is not None:
        try:
            envelope: Envelope = typed.validate_json(payload)
        except ValidationError:
            pass
        else:
            return envelope
    return _explain(payload)


class Outline(NamedTuple):
    """Of a recorded event whose data nobody asks for: who said it, its id, and under which subject."""

    source: str
    id: str
    subject: str


def outline(payload: bytes, wanted: Container[bytes]) -> Outline | None:
    """
    The outline of a recorded event of a type that is not *wanted*, a set of wire names.

    ``None`` when the event is to be read whole, by :func:`believe_envelope`.
    """
    guess = _TYPE.search(payload)
    if guess is None or guess.group(1) in wanted:
        return None
    members = from_json(payload)
    if members["type"].encode() != guess.group(1):
        return None
    return Outline(members["source"], members["id"], members["subject"])


def _subject_fits(envelope: Envelope) -> bool:
    scope = envelope.data.SCOPE
    pattern = REGISTRY_SUBJECT if scope is Scope.REGISTRY else CYCLE_SUBJECT
    return pattern.fullmatch(envelope.subject) is not None


def _path(loc: tuple[int | str, ...]) -> str:
    """A JSON path; a member's name that a publisher made up may be a person's and is left out."""
    return "/" + "/".join(part if _PLAIN.fullmatch(part := str(step)) else "*" for step in loc)


def _explain(payload: bytes) -> Envelope:
    """The slow way round: says what is wrong, or reads a payload whose first ``type`` was not its own."""
    try:
        plain = Envelope.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise EnvelopeError(
            _path(first["loc"]), type(first["input"]).__name__, first["msg"]
        ) from None
    contract = CONTRACTS.get(plain.type)
    if contract is None:
        raise FormError(plain, "TYPE_UNKNOWN", {"path": "/type"})
    try:
        envelope: Envelope = _TYPED[plain.type.encode()].validate_json(payload)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        paths = [_path(fault["loc"]) for fault in faults[:_SHOWN]]
        expected = [fault["type"] for fault in faults[:_SHOWN]]
        raise FormError(
            plain, "SCHEMA_INVALID", {"path": paths[0], "paths": paths, "expected": expected}
        ) from None
    if not _subject_fits(envelope):
        raise FormError(
            plain,
            "SCHEMA_INVALID",
            {"path": "/subject", "paths": ["/subject"], "expected": [contract.data.SCOPE.value]},
        )
    at = first_not_nfc(json.loads(payload))
    if at is not None:
        raise FormError(plain, "TEXT_NOT_NFC", {"path": _path(tuple(at.strip("/").split("/")))})
    return envelope


def as_event(envelope: Envelope, *, event_hash: str, kid: str, rx: datetime) -> Event:
    """The event as domains see it, from a typed envelope and its arrival."""
    return Event(
        event_hash,
        envelope.id,
        envelope.source,
        envelope.subject,
        envelope.time,
        rx,
        kid,
        envelope.data,
        envelope.cause,
    )
