"""
A signed package: the events of an outbox in one file, for the day the line is down.

A zip of ``manifest.json``, ``manifest.jws`` (the publisher's signature over the manifest's SHA-256) and
one ``events/000001.jws`` per event, in order. Whoever carries it can change nothing: each event has its
own signature, which the door checks, and the manifest has one over which events there are.
"""

from __future__ import annotations

import json
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from thidua.clock import format_instant
from thidua.contracts import service_of
from thidua.contracts.base import Kid, Sha256, Source
from thidua.contracts.envelope import Envelope, EventHash
from thidua.errors import MalformedError, RejectError, RetryError, SignatureError
from thidua.outbox import State
from thidua.signing import MAX_TOKEN_BYTES, parse_jws, sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from thidua.outbox import Item, Outbox
    from thidua.publishing import DoorClient, Publisher, Reply
    from thidua.signing import VerifyingKey

PACKAGE_TYP: Final = "thidua-package+jws"
FORMAT: Final = "thidua-package/1"
MOST_EVENTS: Final = 10_000
MOST_MANIFEST: Final = 8 * 1024 * 1024
MOST_BYTES: Final = 128 * 1024 * 1024
"""Of everything in a package, unpacked."""
BATCH: Final = 50
_MANIFEST: Final = "manifest.json"
_SEAL: Final = "manifest.jws"
_SHOWN: Final = 60
_UNREADABLE: Final = (
    OSError,
    ValueError,
    EOFError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)
"""What the zip library raises on bytes that are no zip, or one it cannot read."""


class PackedEvent(BaseModel):
    """One event as the manifest lists it; ``time`` is when its publisher drew it up."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    file: Annotated[str, StringConstraints(pattern=r"^events/[0-9]{6}\.jws$")]
    sha256: Sha256
    hash: EventHash
    id: str
    type: str
    subject: str
    time: str


class Manifest(BaseModel):
    """What a package holds, by whom, for which log."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    format: Literal["thidua-package/1"]
    origin: Annotated[str, StringConstraints(min_length=3, max_length=128)]
    source: Source
    kid: Kid
    made: str
    events: Annotated[list[PackedEvent], Field(min_length=1, max_length=MOST_EVENTS)]


class EmptyPackageError(RejectError):
    """There is nothing to pack."""

    def __init__(self) -> None:
        super().__init__("hộp gửi không có sự kiện nào chưa gửi / nothing is unsent")

    def diagnostics(self) -> str:
        """Say that nothing need be carried."""
        return "Không có gì phải gói; chưa ghi tệp nào. / Nothing need be carried; no file was written."


class PackageFaultsError(RejectError):
    """The package is not what it should be; ``faults`` names everything that is wrong with it."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__("\n".join([f"{path}: gói không dùng được / not usable:", *faults]))
        self.faults = faults

    def diagnostics(self) -> str:
        """Say that nothing was sent."""
        return "Chưa gửi gì; hãy xin đơn vị gói lại (thidua package make). / Nothing was sent; have it made again."


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was read: its manifest and the events' tokens, in order."""

    manifest: Manifest
    tokens: tuple[str, ...]
    sealed_by: str | None
    """The SPKI the seal was checked with; ``None`` when it was not checked."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one event of a package; ``reply`` is ``None`` while it was not sent."""

    event: PackedEvent
    reply: Reply | None


def make_package(path: Path, outbox: Outbox, publisher: Publisher, *, now: datetime) -> Manifest:
    """
    Sign what is unsent, write it into *path* (which must not exist) and return what it holds.

    The outbox keeps the events: when the line is back the same bytes meet the same receipts. Raises
    ``EmptyPackageError``, ``FileExistsError``, ``LockedError``.
    """
    with outbox.sending():
        signed = []
        for run in _runs(outbox.unsent):
            signed += outbox.sign(run, publisher)
        signed.sort(key=lambda version: version.n)
        if not signed:
            raise EmptyPackageError
        events = []
        for number, version in enumerate(signed, 1):
            item = outbox.item(version.n)
            events.append(
                PackedEvent(
                    file=f"events/{number:06}.jws",
                    sha256=sha256(version.jws.encode()).hexdigest(),
                    hash=version.hash,
                    id=item.id,
                    type=item.type,
                    subject=item.subject,
                    time=format_instant(item.time),
                )
            )
        manifest = Manifest(
            format=FORMAT,
            origin=publisher.origin,
            source=publisher.source,
            kid=publisher.kid,
            made=format_instant(now),
            events=events,
        )
        with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            text = manifest.model_dump_json(indent=1).encode()
            archive.writestr(_MANIFEST, text)
            archive.writestr(_SEAL, sign(_sealed(text), publisher.key, publisher.kid, PACKAGE_TYP))
            for event, version in zip(events, signed, strict=True):
                archive.writestr(event.file, version.jws)
    return manifest


def _runs(unsent: Sequence[Item]) -> list[list[Item]]:
    """Per service what can be signed: up to the first that is stuck."""
    runs: dict[str, list[Item]] = {}
    stuck: set[str] = set()
    for item in unsent:
        if item.state is State.STUCK:
            stuck.add(item.service)
        if item.service not in stuck:
            runs.setdefault(item.service, []).append(item)
    return list(runs.values())


def _sealed(manifest: bytes) -> bytes:
    told = {"format": FORMAT, "manifest_sha256": sha256(manifest).hexdigest()}
    return json.dumps(told, separators=(",", ":")).encode()


def read_package(path: Path, key: VerifyingKey | None = None) -> Package:
    """
    The package in a file, with its seal checked when the publisher's *key* is given.

    Nothing is unpacked to disk, and no more is read than a package may hold. Raises
    ``PackageFaultsError`` naming every fault: paths that lead elsewhere, files that do not belong,
    doubled or missing ones, wrong hashes, bombs, a broken seal.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reading(path, archive).package(key)
    except FileNotFoundError:
        raise
    except _UNREADABLE as error:
        raise PackageFaultsError(
            path, [f"không phải tệp zip đọc được / no readable zip: {error}"]
        ) from None


class _Reading:
    """One package being read, and what is wrong with it."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self.archive = archive
        self.faults: list[str] = []
        self.left = MOST_BYTES

    def package(self, key: VerifyingKey | None) -> Package:
        infos = self._infos()
        self._stop_at_faults()
        text = self._bytes(infos, _MANIFEST, MOST_MANIFEST)
        seal = self._bytes(infos, _SEAL, MAX_TOKEN_BYTES)
        self._stop_at_faults()
        manifest = self._manifest(text)
        self._seal(seal, text, manifest, key)
        listed = [event.file for event in manifest.events]
        self.faults += [
            f"{_quoted(name)}: tệp lạ / does not belong here"
            for name in infos
            if name not in {*listed, _MANIFEST, _SEAL}
        ]
        if len(set(listed)) != len(listed):
            self.faults.append(f"{_MANIFEST}: một tệp ghi hai lần / lists a file twice")
        tokens = [self._event(infos, event, manifest) for event in manifest.events]
        self._stop_at_faults()
        return Package(manifest, tuple(tokens), key.spki if key is not None else None)

    def _infos(self) -> dict[str, zipfile.ZipInfo]:
        infos: dict[str, zipfile.ZipInfo] = {}
        entries = self.archive.infolist()
        if len(entries) > MOST_EVENTS + 2:
            self.faults.append(f"{len(entries)} tệp / files; ≤ {MOST_EVENTS + 2}")
            return infos
        for info in entries:
            # The library cuts a name at a zero byte and turns backslashes; the name as written counts.
            name = info.orig_filename
            parts = name.replace("\\", "/").split("/")
            if (
                name.startswith(("/", "\\"))
                or ".." in parts
                or ":" in name
                or "\0" in name
                or "\\" in name
            ):
                self.faults.append(
                    f"{_quoted(name)}: đường dẫn ra ngoài gói / its path leads elsewhere"
                )
            elif stat.S_ISLNK(info.external_attr >> 16):
                self.faults.append(f"{_quoted(name)}: liên kết / a link")
            elif name in infos:
                self.faults.append(f"{_quoted(name)}: có hai lần / is there twice")
            elif info.flag_bits & 1:
                self.faults.append(f"{_quoted(name)}: có mật khẩu / is encrypted")
            infos[name] = info
        return infos

    def _bytes(self, infos: dict[str, zipfile.ZipInfo], name: str, most: int) -> bytes:
        info = infos.get(name)
        if info is None:
            self.faults.append(f"{name}: thiếu / is missing")
            return b""
        most = min(most, self.left)
        # What the file says of its own size is not believed.
        with self.archive.open(info) as file:
            content = file.read(most + 1)
        if len(content) > most:
            self.faults.append(f"{name}: quá lớn / is too large (> {most} bytes)")
            return b""
        self.left -= len(content)
        return content

    def _manifest(self, text: bytes) -> Manifest:
        try:
            return Manifest.model_validate_json(text)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            told = [
                f"{_MANIFEST} /{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in faults
            ]
            raise PackageFaultsError(self.path, told) from None

    def _seal(self, seal: bytes, text: bytes, manifest: Manifest, key: VerifyingKey | None) -> None:
        try:
            jws = parse_jws(seal, PACKAGE_TYP)
            if key is not None:
                jws.verify(key)
        except (MalformedError, SignatureError) as error:
            self.faults.append(f"{_SEAL}: chữ ký không hợp lệ / the seal does not hold: {error}")
            return
        if jws.kid != manifest.kid or jws.payload != _sealed(text):
            self.faults.append(f"{_SEAL}: niêm phong tệp kê khác / seals another manifest")

    def _event(
        self, infos: dict[str, zipfile.ZipInfo], event: PackedEvent, manifest: Manifest
    ) -> str:
        token = self._bytes(infos, event.file, MAX_TOKEN_BYTES)
        if not token:
            return ""
        if sha256(token).hexdigest() != event.sha256:
            self.faults.append(f"{event.file}: mã băm không khớp / its hash differs")
            return ""
        try:
            jws = parse_jws(token)
            envelope = Envelope.model_validate_json(jws.payload)
        except (MalformedError, ValidationError):
            self.faults.append(f"{event.file}: không phải sự kiện đã ký / no signed event")
            return ""
        given = (jws.kid, jws.hash, envelope.aud, envelope.source, envelope.id, envelope.type)
        told = (manifest.kid, event.hash, manifest.origin, manifest.source, event.id, event.type)
        if given != told:
            self.faults.append(f"{event.file}: khác tệp kê / is not what the manifest says")
        if service_of(envelope.type) is None:
            self.faults.append(f"{event.file}: không có loại này / no such type: {event.type}")
        return token.decode("ascii")

    def _stop_at_faults(self) -> None:
        if self.faults:
            raise PackageFaultsError(self.path, self.faults)


def import_package(package: Package, door: DoorClient, *, wait: int = 10) -> list[Imported]:
    """
    Post a package's events through the door, in order; what became of each.

    The same package again meets the same receipts. Of a service that leaves one event open, the later
    ones are not sent: they would only be asked to wait for it.
    """
    replies: dict[int, Reply] = {}
    open_at: set[str] = set()
    for run in _posts(package):
        service = service_of(package.manifest.events[run[0]].type) or ""
        if service in open_at:
            continue
        try:
            told: list[Reply] = door.send_all([package.tokens[at] for at in run], wait=wait)
        except RetryError:
            open_at.add(service)
            continue
        replies |= dict(zip(run, told, strict=True))
        if not all(reply.in_log for reply in told):
            open_at.add(service)
    return [Imported(event, replies.get(at)) for at, event in enumerate(package.manifest.events)]


def _posts(package: Package) -> Iterator[list[int]]:
    """Places of events that go into one request: neighbours of one service."""
    run: list[int] = []
    for at, event in enumerate(package.manifest.events):
        before = package.manifest.events[run[-1]].type if run else event.type
        if run and (len(run) == BATCH or service_of(before) != service_of(event.type)):
            yield run
            run = []
        run.append(at)
    yield run


def told_of(imported: Imported) -> dict[str, Any]:
    """One event of an import for people and machines: when it was drawn up and when it arrived."""
    document = imported.reply.document if imported.reply is not None else {"outcome": "unsent"}
    told = {"id": imported.event.id, "hash": imported.event.hash, "type": imported.event.type}
    kept = ("outcome", "position", "rx", "code", "detail_vi", "detail_en", "fix_vi", "fix_en")
    answer = {name: document[name] for name in kept if document.get(name) is not None}
    told |= {"time": imported.event.time, "outcome": "pending", **answer}
    if imported.reply is not None and imported.reply.is_retryable and not imported.reply.in_log:
        told["outcome"] = "unsent"
    return told


def _quoted(name: str) -> str:
    shown = ascii(name)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
