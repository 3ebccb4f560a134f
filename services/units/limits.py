"""What the door asks of a client beside the signature: not too much at once, and proof of who it is where that is set."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from services.units.admission import NotAdmittedError
from thidua.errors import SettingsError
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.door_traces import Visit

BURST_SECONDS: Final = 10
"""So many seconds' worth may come at once after a pause."""


class Client(NamedTuple):
    """
    What a request says of its sender: a bearer token, and the certificate's subject from the TLS proxy.

    ``visit`` has the request's spans where it is traced.
    """

    token: str | None = None
    subject: str | None = None
    visit: Visit | None = None


@dataclass(slots=True)
class _Bucket:
    """What a publisher may still send now of one measure; it fills up with time."""

    level: float
    at: float


@dataclass(slots=True)
class Rates:
    """
    How many events and bytes each publisher may send a second, on average; 0 is without limit.

    A limit is of this door alone and never decides anything in the log.
    """

    events: int = 0
    bytes: int = 0
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)

    def charge(self, publisher: str, size: int, event: str) -> None:
        """Count one event of *size* bytes; raises :class:`NotAdmittedError` when it is too many."""
        asked = [("events", self.events, 1), ("bytes", self.bytes, size)]
        now = self.clock()
        buckets = [
            (self._filled(publisher, name, rate, now), rate, cost)
            for name, rate, cost in asked
            if rate
        ]
        wait = max((_wait(bucket.level, rate, cost) for bucket, rate, cost in buckets), default=0)
        if wait > 0:
            raise NotAdmittedError(
                Code.RATE_LIMITED, {"seconds": max(1, math.ceil(wait))}, event=event
            )
        for bucket, _, cost in buckets:
            bucket.level -= cost

    def _filled(self, publisher: str, name: str, rate: int, now: float) -> _Bucket:
        bucket = self._buckets.setdefault((publisher, name), _Bucket(rate * BURST_SECONDS, now))
        bucket.level = min(rate * BURST_SECONDS, bucket.level + (now - bucket.at) * rate)
        bucket.at = now
        return bucket


def _wait(level: float, rate: int, cost: int) -> float:
    # One event may be larger than a whole burst; it passes when the bucket is full.
    return (min(cost, rate * BURST_SECONDS) - level) / rate


@dataclass(frozen=True, slots=True)
class Proofs:
    """
    What a publisher must prove beside its signature.

    ``tokens`` are the SHA-256 digests of a publisher's bearer tokens; who is not named needs none. With
    ``subjects`` everybody needs a client certificate whose common name is the publisher's code.
    """

    tokens: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    subjects: bool = False

    def check(self, publisher: str, client: Client, event: str) -> None:
        """Return when *client* may speak for *publisher*; raises :class:`NotAdmittedError`."""
        wanted = self.tokens.get(publisher)
        if wanted is not None:
            given = _digest(client.token or "")
            if not any([compare_digest(given, one) for one in wanted]):  # noqa: C419 - all are compared, so that time tells nothing
                raise _unproven(publisher, "Authorization", "Bearer …", event)
        if self.subjects and _common_name(client.subject) != publisher:
            raise _unproven(publisher, "client certificate", f"CN={publisher}", event)


def read_tokens(text: str) -> dict[str, tuple[bytes, ...]]:
    """
    Publishers' tokens: a code and a token a line; several lines of one code are tokens of equal right.

    Raises :class:`SettingsError` that names the line, never its content.
    """
    tokens: dict[str, tuple[bytes, ...]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or len(words[1]) < 16:  # noqa: PLR2004 - a code and a token nobody guesses
            raise SettingsError(
                "THIDUA_PUBLISHER_TOKENS",
                f"line {number}: expected a publisher's code and a token of at least 16 characters",
            )
        tokens[words[0]] = (*tokens.get(words[0], ()), _digest(words[1]))
    return tokens


def bearer(header: str | None) -> str | None:
    """The token of an ``Authorization: Bearer`` header (RFC 6750)."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _common_name(subject: str | None) -> str | None:
    """The one common name in a certificate's subject as proxies write it (RFC 4514)."""
    try:
        name = x509.Name.from_rfc4514_string(subject or "")
    except ValueError:
        return None
    names = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _unproven(publisher: str, path: str, expected: str, event: str) -> NotAdmittedError:
    facts: dict[str, object] = {"publisher": publisher, "path": path, "expected": expected}
    return NotAdmittedError(Code.CLIENT_UNPROVEN, facts, event=event)
