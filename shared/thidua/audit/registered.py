"""The keys that a folder's entries register: under which of them a signature is to be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from thidua.base64url import encode_base64url
from thidua.contracts.units import KeyRegistered, KeyRotated, LogOpened
from thidua.knowledge import recorded_event
from thidua.log.entry import read_entry
from thidua.tlog.tiles import TileFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thidua.log.entry import Entry


class KeyLine(NamedTuple):
    """A key as a signature is checked under it, wherever it is valid."""

    spki: str
    alg: str


def _inside_base64(text: bytes) -> tuple[bytes, ...]:
    """How *text* looks within base64url, at each of the three places where it may begin."""
    cut = ((0, 0), (1, 2), (2, 3))
    coded = (encode_base64url(b"\0" * before + text).encode() for before, _ in cut)
    return tuple(
        one[skip : len(one) - (1 if (len(text) + before) % 3 else 0)]
        for one, (before, skip) in zip(coded, cut, strict=True)
    )


_SAYS_A_KEY: Final = tuple(
    piece
    for data in (LogOpened, KeyRegistered, KeyRotated)
    for piece in _inside_base64(data.TYPE.encode())
)
"""An event with a key, found in its JWS without decoding that."""


def keys_of(folder: Path, size: int) -> dict[str, KeyLine]:
    """Every key that was ever registered, by name; whether it was valid where it signed is another check."""
    keys: dict[str, KeyLine] = {}
    for entry in _with_a_key(TileFolder(folder, size)):
        data = recorded_event(entry).data
        match data:
            case LogOpened():
                keys[data.root_kid] = KeyLine(data.root_spki, data.root_alg)
            case KeyRegistered():
                keys.setdefault(data.kid, KeyLine(data.spki, data.alg))
            case KeyRotated():
                keys.setdefault(data.new_kid, KeyLine(data.spki, data.alg))
            case _:
                pass
    return keys


def _with_a_key(files: TileFolder) -> Iterator[Entry]:
    """The recorded entries that may register a key; hardly a bundle has one, so whole bundles are searched."""
    for after, bundle in files.bundles():
        whole = b"\n".join(bundle)
        if not any(piece in whole for piece in _SAYS_A_KEY):
            continue
        for position, raw in enumerate(bundle, after + 1):
            if any(piece in raw for piece in _SAYS_A_KEY):
                entry = read_entry(position, raw)
                if entry.is_recorded:
                    yield entry
