"""Every manipulation of a sealed folder, the check that must name it, and the exit code that follows."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from thidua.base64url import decode_base64url, encode_base64url
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import NoteSigner, read_checkpoint
from thidua.tlog.tiles import CHECKPOINT, KEPT, bundle_path, tile_path, write_bundle
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.copies import Copy

FAILS: Final = 4
NOT_CHECKED: Final = 9
ENDLESS: Final = 10 * 2**30

Bytes = Callable[[bytes], bytes]
Entries = Callable[[list[bytes]], list[bytes]]


class Manipulation(NamedTuple):
    """What is done to a copy, which check names it, and the exit code of whoever verifies it."""

    name: str
    change: Callable[[Copy], None]
    check: str
    code: int = FAILS


def bundle(copy: Copy) -> Path:
    return copy.folder / bundle_path(0, copy.size)


def tile(copy: Copy) -> Path:
    return copy.folder / tile_path(0, 0, copy.size)


def newest(copy: Copy) -> Path:
    return copy.folder / CHECKPOINT


def kept(copy: Copy) -> Path:
    return min((copy.folder / KEPT).iterdir())


Where = Callable[["Copy"], "Path"]
FILES: Final[tuple[tuple[Where, str], ...]] = (
    (bundle, "V01"),
    (tile, "V02"),
    (newest, "V03"),
    (kept, "V05"),
)


def bit(raw: bytes) -> bytes:
    at = len(raw) // 2
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def edit(where: Where, how: Bytes) -> Callable[[Copy], None]:
    def change(copy: Copy) -> None:
        path = where(copy)
        path.write_bytes(how(path.read_bytes()))

    return change


def in_bundle(how: Entries) -> Callable[[Copy], None]:
    """The entries of the bundle changed, and nothing else."""
    return lambda copy: bundle(copy).write_bytes(write_bundle(how(copy.entries()))) and None


def by_the_log(how: Entries) -> Callable[[Copy], None]:
    """A whole archive of other entries, sealed with the log's own key."""
    return lambda copy: copy.sealed_again(how(copy.entries()))


def linked(where: Where) -> Callable[[Copy], None]:
    def change(copy: Copy) -> None:
        path = where(copy)
        outside = copy.folder.parent / "outside"
        shutil.move(path, outside)
        path.symlink_to(outside)

    return change


def endless(where: Where) -> Callable[[Copy], None]:
    return lambda copy: os.truncate(where(copy), ENDLESS)


def gone(where: Where) -> Callable[[Copy], None]:
    return lambda copy: where(copy).unlink()


def other_width(copy: Copy) -> None:
    path = bundle(copy)
    path.rename(path.with_name(str(copy.size - 1)))


def swapped(entries: list[bytes]) -> list[bytes]:
    return [*entries[:50], entries[51], entries[50], *entries[52:]]


def dropped(entries: list[bytes]) -> list[bytes]:
    return entries[:19] + entries[20:]


def doubled(entries: list[bytes]) -> list[bytes]:
    return [*entries[:60], entries[59], *entries[60:]]


def tail_cut(entries: list[bytes]) -> list[bytes]:
    return entries[:-9]


def at_100(how: Bytes) -> Entries:
    return lambda entries: [*entries[:100], how(entries[100]), *entries[101:]]


def backdated(raw: bytes) -> bytes:
    return raw.replace(b'"rx":"2', b'"rx":"1', 1)


def of_another_judge(entries: list[bytes]) -> list[bytes]:
    return [raw.replace(b'"by":"pledges/1"', b'"by":"units/1"') for raw in entries]


def jws_of(raw: bytes) -> list[str]:
    return str(json.loads(raw)["jws"]).split(".")


def with_jws(raw: bytes, header: str, payload: str, signature: str) -> bytes:
    before = ".".join(jws_of(raw)).encode()
    return raw.replace(before, f"{header}.{payload}.{signature}".encode())


def signed_by_another(raw: bytes) -> bytes:
    header, payload, _ = jws_of(raw)
    alg = Algorithm(json.loads(decode_base64url(header.encode()))["alg"])
    signature = SigningKey.generate(alg).sign(f"{header}.{payload}".encode())
    return with_jws(raw, header, payload, encode_base64url(signature))


def with_payload(how: Bytes) -> Bytes:
    def change(raw: bytes) -> bytes:
        header, payload, signature = jws_of(raw)
        other = encode_base64url(how(decode_base64url(payload.encode())))
        return with_jws(raw, header, other, signature)

    return change


def renamed(payload: bytes) -> bytes:
    return payload.replace(b'"id":"', b'"id":"x', 1)


def member_twice(raw: bytes) -> bytes:
    return raw.replace(b"{", b'{"aud":"log.khac.vn/p0",', 1)


def said_twice(entries: list[bytes]) -> list[bytes]:
    """A refusal with two codes: its reader would believe the second."""
    at = next(n for n, raw in enumerate(entries) if b'"refused":{"code":' in raw)
    twice = entries[at].replace(b'"refused":{', b'"refused":{"code":"CHAIN_EXPECTED",', 1)
    return [*entries[:at], twice, *entries[at + 1 :]]


def fork(copy: Copy) -> None:
    """Another history under the log's own key, beside a checkpoint that was published before."""
    shown = kept(copy)
    name, note = shown.name, shown.read_bytes()
    copy.sealed_again(doubled(copy.entries())[10:])
    write_whole(copy.folder / KEPT / name, note)


def shortened(copy: Copy) -> None:
    """The log signs a shorter history than it did before."""
    before = newest(copy).read_bytes()
    size = copy.size
    copy.sealed_again(tail_cut(copy.entries()))
    write_whole(copy.folder / KEPT / f"{size:012d}", before)


def second_key(copy: Copy) -> None:
    """A second line in the log's name and key id, whose signature another key made."""
    checkpoint = read_checkpoint(newest(copy).read_bytes())
    stranger = NoteSigner(copy.signer.name, SigningKey.generate(Algorithm.EDDSA))
    raw = base64.b64decode(stranger.line(checkpoint.text).rsplit(" ", 1)[1])
    blob = base64.b64encode(copy.signer.public.id + raw[4:]).decode()
    note = f"{checkpoint.note}— {copy.signer.name} {blob}\n"
    newest(copy).write_text(note, encoding="utf-8")


DEEP: Final = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
HOSTILE: Final[dict[str, bytes]] = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "no JSON": b"\x00\xff\xfe",
    "another encoding": '{"v":1}'.encode("utf-16"),
    "a number without end": b'{"v":' + b"9" * 6_000 + b"}",
    "brackets without end": b"[" * 60_000,
    "deep": DEEP,
    "refused by nobody": b'{"v":1,"rx":"2020-01-01T00:00:00.000Z","by":"units/1","refused":{},"said":{}}',
    "said by nobody": (
        b'{"v":1,"rx":"2020-01-01T00:00:00.000Z","by":"units/1",'
        b'"refused":{"code":"X","facts":{}},"said":{}}'
    ),
}

MANIPULATIONS: Final[tuple[Manipulation, ...]] = (
    Manipulation("a bit of an entry", edit(bundle, bit), "V01"),
    Manipulation("a bit of a hash", edit(tile, bit), "V01"),
    Manipulation("a bit of the checkpoint", edit(newest, bit), "V03"),
    Manipulation("a bit of a kept checkpoint", edit(kept, bit), "V05"),
    Manipulation("entries swapped in the bundle", in_bundle(swapped), "V01"),
    Manipulation("an entry dropped from the bundle", in_bundle(dropped), "V01"),
    Manipulation("an entry inserted into the bundle", in_bundle(doubled), "V01"),
    Manipulation("one more hash in the tile", edit(tile, lambda raw: raw + raw[-32:]), "V02"),
    *(
        Manipulation(f"{where.__name__} is a link", linked(where), check)
        for where, check in FILES
        if where is not tile
    ),
    Manipulation("tile is a link", linked(tile), "V02"),
    Manipulation("all tiles are a link", linked(lambda copy: copy.folder / "tile"), "V02"),
    *(
        Manipulation(f"{where.__name__} of 10 GB, sparse", endless(where), check)
        for where, check in FILES
    ),
    Manipulation("swapped and sealed again", by_the_log(swapped), "V10"),
    Manipulation("dropped and sealed again", by_the_log(dropped), "V08"),
    Manipulation("doubled and sealed again", by_the_log(doubled), "V08"),
    Manipulation("backdated and sealed again", by_the_log(at_100(backdated)), "V10"),
    Manipulation("given to another judge", by_the_log(of_another_judge), "V08"),
    Manipulation("signed with another key", by_the_log(at_100(signed_by_another)), "V06"),
    Manipulation("a payload changed", by_the_log(at_100(with_payload(renamed))), "V06"),
    Manipulation("a member twice", by_the_log(at_100(member_twice)), "V12"),
    Manipulation("a payload's member twice", by_the_log(at_100(with_payload(member_twice))), "V12"),
    Manipulation("a refusal with two codes", by_the_log(said_twice), "V12"),
    Manipulation("a payload without end", by_the_log(at_100(with_payload(lambda _: DEEP))), "V12"),
    *(
        Manipulation(f"an entry that is {name}", by_the_log(at_100(lambda _, raw=raw: raw)), "V12")
        for name, raw in HOSTILE.items()
    ),
    Manipulation("a fork beside a kept checkpoint", fork, "V05"),
    Manipulation("a tail cut after it was signed", shortened, "V05"),
    Manipulation("two keys under one name", second_key, "V03"),
    Manipulation("the bundle cut in an entry", edit(bundle, lambda raw: raw[:-9]), "V01", 9),
    Manipulation("the bundle without its tail", in_bundle(tail_cut), "V01", 9),
    Manipulation("a stale partial bundle", in_bundle(lambda entries: entries[:-1]), "V01", 9),
    Manipulation("a bundle of another width", other_width, "V01", 9),
    Manipulation("the tile cut", edit(tile, lambda raw: raw[:-9]), "V02", 9),
    Manipulation("the checkpoint cut", edit(newest, lambda raw: raw[:-9]), "V03", 9),
    Manipulation("an empty checkpoint", edit(newest, lambda _: b""), "V03", 9),
    Manipulation("a kept checkpoint cut", edit(kept, lambda raw: raw[:-9]), "V05", 9),
    *(
        Manipulation(f"{where.__name__} is missing", gone(where), check, 9)
        for where, check in FILES[:3]
    ),
)
