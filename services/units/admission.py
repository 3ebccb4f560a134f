"""Whether an event may pass the door: size, form, key, signature, audience, source; in that order."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from pydantic import AwareDatetime, Field, ValidationError

from thidua.clock import parse_rfc3339, to_ms
from thidua.contracts import service_of
from thidua.contracts.envelope import Envelope
from thidua.errors import MalformedError, RejectError, SignatureError
from thidua.refusals import Code
from thidua.signing import ParsedJws, VerifyingKey, parse_jws, parse_payload
from thidua.standing import Key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class NotAdmittedError(RejectError):
    """The door answers the event and does not let it in; nothing of it stands in the log."""

    def __init__(
        self, code: Code, facts: dict[str, object] | None = None, *, event: str | None = None
    ) -> None:
        super().__init__(f"{code}: {facts or {}}")
        self.code = code
        self.facts = facts or {}
        self.event = event


class Admissible(NamedTuple):
    """An authentic event: its hash, the service that judges it, and what its inbox must know, its ``trace`` beside it."""

    hash: str
    kid: str
    jws: bytes
    service: str
    subject: str
    type: str
    id: str
    seq: int
    publisher: str
    time: datetime
    trace: str = ""


class _Parsed(Envelope):
    """An envelope of which only the text was read; moments are still texts there."""

    time: Annotated[AwareDatetime, Field(strict=False)]


_PARSED: Final = _Parsed.__pydantic_validator__
"""Takes nothing that the text would not be taken for, at half the cost of reading that again."""


def parsed(token: bytes | str) -> ParsedJws:
    """The parts of a token; raises :class:`NotAdmittedError` when it is no signed event."""
    try:
        return parse_jws(token)
    except MalformedError as error:
        raise _malformed(error) from None


def admissible(jws: ParsedJws, token: bytes, key: Key | None, origin: str) -> Admissible:
    """
    An event that may enter its inbox, by the key registered under its ``kid``.

    Raises :class:`NotAdmittedError` at the first check that fails. What is wrong with its ``data`` is for
    the judge to say, in the log.
    """
    return _meant(jws, token, _signer(jws, key), origin)


def each_admissible(
    read: Mapping[int, ParsedJws],
    tokens: Sequence[bytes],
    keys: Mapping[str, Key | None],
    origin: str,
) -> dict[int, Admissible | NotAdmittedError]:
    """
    What :func:`admissible` returns or raises for each of several tokens that were read, by their numbers.

    All signatures are verified before any payload is looked at: what the processor keeps at hand serves one
    of the two at a time.
    """
    found: dict[int, Admissible | NotAdmittedError] = {}
    vouched: dict[int, Key] = {}
    for at, jws in read.items():
        try:
            vouched[at] = _signer(jws, keys[jws.kid])
        except NotAdmittedError as error:
            found[at] = error
    for at, key in vouched.items():
        try:
            found[at] = _meant(read[at], tokens[at], key, origin)
        except NotAdmittedError as error:
            found[at] = error
    return found


def _signer(jws: ParsedJws, key: Key | None) -> Key:
    """*key*, when it may sign and has signed."""
    if key is None:
        raise NotAdmittedError(Code.KEY_UNKNOWN, {"kid": jws.kid}, event=jws.hash)
    if key.status != "active":
        raise NotAdmittedError(
            Code.KEY_EXPIRED, {"kid": jws.kid, "status": key.status}, event=jws.hash
        )
    try:
        jws.verify(VerifyingKey.from_spki(key.spki, key.alg))
    except SignatureError as error:
        facts: dict[str, object] = {
            "kid": jws.kid,
            "given": error.given,
            "expected": error.expected,
            "path": "signature",
        }
        raise NotAdmittedError(Code.SIGNATURE_INVALID, facts, event=jws.hash) from None
    return key


def _meant(jws: ParsedJws, token: bytes, key: Key, origin: str) -> Admissible:
    """What *key* has signed, when it is an event of this log that its owner may send."""
    envelope = _envelope(jws)
    if envelope.aud != origin:
        facts: dict[str, object] = {"given": envelope.aud, "expected": origin, "path": "/aud"}
        raise NotAdmittedError(Code.AUDIENCE_WRONG, facts, event=jws.hash)
    if envelope.source != key.owner or key.owner.startswith("/services/"):
        facts = {
            "kid": jws.kid,
            "given": envelope.source,
            "expected": key.owner,
            "path": "/source",
        }
        raise NotAdmittedError(Code.SOURCE_WRONG, facts, event=jws.hash)
    service = service_of(envelope.type)
    if service is None:
        facts = {"given": envelope.type, "path": "/type"}
        raise NotAdmittedError(Code.TYPE_UNKNOWN_SERVICE, facts, event=jws.hash)
    return Admissible(
        jws.hash,
        jws.kid,
        token,
        service,
        envelope.subject,
        envelope.type,
        envelope.id,
        envelope.seq,
        envelope.source.rpartition("/")[2],
        envelope.time,
    )


def arrival_of(header: str | None, event: Admissible, *, sandbox: bool) -> int:
    """The arrival in milliseconds that a sandbox plays; a real log sets its own and takes none."""
    if header is None:
        return to_ms(event.time)
    if not sandbox:
        facts: dict[str, object] = {
            "path": "Thidua-Arrival",
            "given": header,
            "expected": "no such header on a real log",
        }
        raise NotAdmittedError(Code.REQUEST_INVALID, facts, event=event.hash)
    try:
        return to_ms(parse_rfc3339(header))
    except ValueError as error:
        facts = {"path": "Thidua-Arrival", "given": header[:64], "expected": str(error)}
        raise NotAdmittedError(Code.REQUEST_INVALID, facts, event=event.hash) from None


def _envelope(jws: ParsedJws) -> Envelope:
    try:
        document = parse_payload(jws.payload)
    except MalformedError as error:
        raise _malformed(error, jws.hash) from None
    if type(document.get("time")) is str:
        try:
            envelope: Envelope = _PARSED.validate_python(document)
        except ValidationError:
            pass
        else:
            return envelope
    # What is wrong is said about the text as it came, as everywhere.
    try:
        return Envelope.model_validate_json(jws.payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        facts: dict[str, object] = {
            "path": "/" + "/".join(str(part) for part in first["loc"]),
            "given": type(first["input"]).__name__,
            "expected": first["msg"],
        }
        raise NotAdmittedError(Code.ENVELOPE_INVALID, facts, event=jws.hash) from None


def _malformed(error: MalformedError, event: str | None = None) -> NotAdmittedError:
    facts: dict[str, object] = {
        "path": error.path,
        "given": error.given,
        "expected": error.expected,
    }
    return NotAdmittedError(error.code, facts, event=event)
