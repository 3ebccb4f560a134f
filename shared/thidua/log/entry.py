"""
The entry: the exact bytes that stand at a position of the log and are hashed as a Merkle leaf.

They are written once and never serialised again; whoever needs a member reads it out of these bytes.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from thidua.clock import format_ms, parse_ms
from thidua.errors import StopError

MAX_ENTRY_BYTES: Final = 65_535
"""A bundle of the archive gives every entry a 16-bit length."""

_RECORDED: Final = re.compile(
    rb'\{"v":1,"rx":"([0-9TZ:.-]{24})","by":"([a-z]{2,20}/[0-9]{1,4})","jws":"'
)
_LONGEST_FACT: Final = 60
_MOST_PARTS: Final = 3
_END: Final = b'"}'
_JWS: Final = (string.ascii_letters + string.digits + "-_.").encode()
_BY: Final = re.compile(r"[a-z]{2,20}/[0-9]{1,4}")
_REFUSED: Final = ("v", "rx", "by", "refused", "jws")
_SAID: Final = ("v", "rx", "by", "refused", "said")
_WAS_SAID: Final = {
    "hash": str,
    "kid": str,
    "seq": int,
    "prev": str,
    "id": str,
    "type": str,
    "subject": str,
}


class EntryError(StopError):
    """Bytes in the log that are no entry."""

    def __init__(self, position: int, fault: str) -> None:
        super().__init__(f"position {position} holds no entry: {fault}")
        self.position = position
        self.fault = fault


class Entry(NamedTuple):
    """
    One entry: recorded when neither ``refused`` nor ``said`` is there.

    ``refused`` has ``code`` and ``facts``; an event refused for its form has ``said`` instead of ``jws``.
    """

    position: int
    rx_ms: int
    by: str
    raw: bytes
    jws: bytes | None = None
    refused: Mapping[str, Any] | None = None
    said: Mapping[str, Any] | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether the event stands."""
        return self.refused is None


def write_recorded(rx_ms: int, by: str, jws: bytes) -> bytes:
    """The entry of an event that was accepted."""
    return _bounded(
        b'{"v":1,"rx":"%b","by":"%b","jws":"%b"}' % (format_ms(rx_ms).encode(), by.encode(), jws)
    )


def write_refused(rx_ms: int, by: str, code: str, facts: Mapping[str, object], jws: bytes) -> bytes:
    """
    The entry of an event refused for state or rule, with its public reason.

    Facts that would not fit beside the event are cut, always alike; without them if need be.
    """
    cut = {name: _cut(fact) for name, fact in facts.items()}
    for told in (facts, cut):
        refused = _json({"code": code, "facts": told})
        raw = _refused(rx_ms, by, refused, jws)
        if len(raw) <= MAX_ENTRY_BYTES:
            return raw
    return _bounded(_refused(rx_ms, by, _json({"code": code, "facts": {}}), jws))


def write_said(
    rx_ms: int, by: str, code: str, facts: Mapping[str, object], said: Mapping[str, object]
) -> bytes:
    """The entry of an event refused for its form: what was said about it, without any of its values."""
    head = (
        format_ms(rx_ms).encode(),
        by.encode(),
        _json({"code": code, "facts": facts}),
        _json(said),
    )
    return _bounded(b'{"v":1,"rx":"%b","by":"%b","refused":%b,"said":%b}' % head)


def read_entry(position: int, raw: bytes) -> Entry:
    """The entry in *raw*; raises :class:`EntryError`, and nothing else, for any other bytes."""
    try:
        if (begin := _RECORDED.match(raw)) and raw.endswith(_END) and len(raw) <= MAX_ENTRY_BYTES:
            jws = raw[begin.end() : -len(_END)]
            # Nothing is left but for the alphabet of a JWS; a third of what a pattern takes.
            if jws and not jws.translate(None, _JWS):
                rx, by = begin.groups()
                return Entry(position, parse_ms(rx.decode()), by.decode(), raw, jws)
        return _read_refused(position, raw)
    except (ValueError, RecursionError) as error:
        raise EntryError(position, str(error) or type(error).__name__) from None


def _read_refused(position: int, raw: bytes) -> Entry:
    if len(raw) > MAX_ENTRY_BYTES:
        raise EntryError(position, f"{len(raw)} bytes, at most {MAX_ENTRY_BYTES}")
    members = json.loads(raw)
    if (
        not isinstance(members, dict)
        or tuple(members) not in (_REFUSED, _SAID)
        or members["v"] != 1
    ):
        raise EntryError(position, "other members than an entry's")
    if _json(members) != raw:
        raise EntryError(position, "bytes that no log writes: a member twice, or blanks")
    refused, by, rx = members["refused"], members["by"], members["rx"]
    if (
        not isinstance(refused, dict)
        or tuple(refused) != ("code", "facts")
        or not isinstance(refused["code"], str)
        or not isinstance(refused["facts"], dict)
    ):
        raise EntryError(position, "a refusal without code and facts")
    if not isinstance(by, str) or not _BY.fullmatch(by) or not isinstance(rx, str):
        raise EntryError(position, "no judge or no arrival")
    said = members.get("said")
    jws = members.get("jws")
    if jws is not None and not isinstance(jws, str):
        raise EntryError(position, "the event is no JWS")
    if "said" in members and (
        not isinstance(said, dict)
        or {name: type(value) for name, value in said.items()} != _WAS_SAID
    ):
        raise EntryError(position, "other members than what was said has")
    return Entry(
        position, parse_ms(rx), by, raw, None if jws is None else jws.encode(), refused, said
    )


def _refused(rx_ms: int, by: str, refused: bytes, jws: bytes) -> bytes:
    head = format_ms(rx_ms).encode(), by.encode(), refused, jws
    return b'{"v":1,"rx":"%b","by":"%b","refused":%b,"jws":"%b"}' % head


def _cut(fact: object) -> object:
    if isinstance(fact, list | tuple):
        return [_cut(part) for part in fact[:_MOST_PARTS]]
    return fact if isinstance(fact, int) else str(fact)[:_LONGEST_FACT]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _bounded(raw: bytes) -> bytes:
    if len(raw) > MAX_ENTRY_BYTES:
        raise ValueError(f"an entry of {len(raw)} bytes, at most {MAX_ENTRY_BYTES}")
    return raw
