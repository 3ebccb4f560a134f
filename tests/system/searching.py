"""What a system has kept, searched for secrets: every place, every way in which a number or a text may be written."""

from __future__ import annotations

import asyncio
import gzip
import re
import threading
from base64 import b64decode, b64encode, urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final

from tests.loopback import listening
from thidua.stream import new_client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TRACES: Final = "traces"
_FOLDERS: Final = {"valkey": "redis", "archive": "archive", TRACES: TRACES, "keys": "keys"}
_SUFFIXES: Final = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9+/_-]{24,}")
_DIGITS: Final = re.compile(rb"[0-9]{20,}")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{50,}")
_SCALAR: Final = re.compile(rb'\\?"(?:challenge|response)\\?": ?\\?"([0-9]+)')
_PLAIN: Final = re.compile(rb'"marks": ?\{"[A-Z0-9-]+": ?"(?:yes|no|none)"')
_ALIGNMENTS: Final = 3
_LONGEST: Final = 700
"""Digits of the longest numbers: elements of the group."""


def place_of(path: Path, folder: Path) -> str:
    """Which place of a system in *folder* the file *path* belongs to."""
    inside = path.relative_to(folder)
    if inside.parts[0] in _FOLDERS:
        return _FOLDERS[inside.parts[0]]
    if path.suffix in _SUFFIXES:
        return "database"
    return "logs" if path.suffix == ".log" else "rest"


@dataclass
class Seen:
    """What stands in bytes and in what they encode, wherever it could be a secret."""

    numbers: set[int] = field(default_factory=set)
    scalars: set[int] = field(default_factory=set)
    """Of proofs: they are drawn as secrets are, and meant to be seen."""
    choices: list[bytes] = field(default_factory=list)
    votes: int = 0
    _texts: set[bytes] = field(default_factory=set)

    def take(self, raw: bytes) -> bool:
        """Look at *raw* and at what its base64 stands for; whether it was new."""
        if raw in self._texts:
            return False
        self._texts.add(raw)
        self.numbers |= {int(one) for one in _DIGITS.findall(raw) if len(one) < _LONGEST}
        self.numbers |= {int(one, 16) for one in _HEX.findall(raw)}
        self.scalars |= {int(one) for one in _SCALAR.findall(raw)}
        self.choices += _PLAIN.findall(raw)
        for token in _TOKEN.findall(raw):
            for part in {token, *token.split(b"/"), *token.split(b"-")}:
                self._decode(part)
        return True

    def __len__(self) -> int:
        return sum(map(len, self._texts))

    def holds(self, secrets: Iterable[int | str]) -> list[int | str]:
        """Which of *secrets* stand there: plain, in hexadecimal, in base64 or base64url, or as a number's bytes."""
        whole = b"\0".join(self._texts)
        return [
            one
            for one in secrets
            if one in self.numbers or any(needle in whole for needle in _written(one))
        ]

    def _decode(self, token: bytes) -> None:
        try:
            decoded = b64decode(token + b"=" * (-len(token) % 4), altchars=b"-_")
        except ValueError:
            return
        self.numbers.add(int.from_bytes(decoded, "big"))
        if decoded.isascii() and self.take(decoded):
            self.votes += b'"thidua.ballots.secret-vote-cast.v1"' in decoded


def _written(secret: int | str) -> set[bytes]:
    """The ways in which a secret may be written, whatever stands beside it."""
    if isinstance(secret, str):
        return _encoded(secret.encode())
    raw = secret.to_bytes(32, "big")
    return _encoded(raw) | _encoded(str(secret).encode())


def _encoded(raw: bytes) -> set[bytes]:
    needles = {raw, raw.hex().encode(), raw.hex().upper().encode()}
    for before in range(_ALIGNMENTS):
        padded = bytes(before) + raw
        whole = padded[: len(padded) // 3 * 3]
        for encode in (b64encode, urlsafe_b64encode):
            # The first group mixes with what stands before; the rest is the same wherever it stands.
            needles.add(encode(whole)[4 if before else 0 :])
    return needles


def seen_in(folder: Path, redis_url: str) -> dict[str, Seen]:
    """By place, what a system in *folder* has kept: its files, and all that its store answers."""
    found = {
        name: Seen() for name in ("redis", "database", "archive", "logs", TRACES, "keys", "rest")
    }
    for value in asyncio.run(_stored(redis_url)):
        found["redis"].take(value)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[place_of(path, folder)].take(path.read_bytes())
    return found


async def _stored(redis_url: str) -> list[bytes]:
    """Every value of the store, after it has written all that it holds anew."""
    client: Any = new_client(redis_url)
    reading = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"stream": client.xrange,
    }
    try:
        await client.save()
        found = []
        async for key in client.scan_iter():
            kind = await client.type(key)
            kind = kind if isinstance(kind, bytes) else kind.encode()
            found += list(_leaves(await reading[kind](key)))
        return found
    finally:
        await client.aclose()


def _leaves(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set)):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, (bytes, str)):
        yield value if isinstance(value, bytes) else value.encode()


@contextmanager
def receiving(folder: Path) -> Iterator[str]:
    """A receiver of traces over HTTP (OTLP) that keeps in *folder* whatever it gets; its address."""
    folder.mkdir()
    lock = threading.Lock()

    class Keeping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            with lock:
                (folder / f"{len(list(folder.iterdir()))}").write_bytes(body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

    with listening(Keeping) as address:
        yield address
