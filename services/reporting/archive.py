"""
The archive's first form: what the log has held is sealed here, and only an equal log is opened.

Redis may start with a shorter log and say nothing. So the gate opens for one run of the server only
after everything sealed was compared with what the log holds now: as many entries, each with the same
SHA-256. What is sealed is never unsealed by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Column, LargeBinary, Table, Text, func, insert, select, update
from sqlalchemy.exc import OperationalError

from services.reporting.columns import number
from services.reporting.database import OWN, looking, prepare, writing
from thidua.errors import LogCorruptError, RetryError
from thidua.log import EntryError
from thidua.stream import Follower

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from faststream.redis import RedisBroker
    from sqlalchemy import Connection, Engine

    from thidua.log import Entry, EventLog
    from thidua.stream import RawEntry

log = structlog.get_logger(__name__)

PAGE: Final = 1000
NOTHING: Final = hashlib.sha256(b"").hexdigest()
"""The rolling hash before the first entry."""

CLOSED: Final = "closed by the archive"
"""What stands in the place of a run id when the log must not be open."""

seals: Final = Table(
    "archive_seals",
    OWN,
    number("position", key=True),
    Column("sha256", LargeBinary, nullable=False),
)
archive_state: Final = Table(
    "archive_state",
    OWN,
    number("id", key=True),
    number("position"),
    Column("rolling", Text, nullable=False),
    Column("run_id", Text),
    Column("is_open", Text, nullable=False),
    Column("reason", Text),
)


class SealedElsewhereError(RetryError):
    """Another replica has sealed these entries; this one takes up where that one is."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the archive is no longer at position {position}")


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """
    How far the archive has sealed, and whether it has opened the log.

    ``rolling`` is the hash over all sealed entries; ``reason`` says why the log is not open.
    """

    position: int
    rolling: str
    run_id: str | None
    is_open: bool
    reason: str | None


def roll(rolling: str, digest: bytes) -> str:
    """The rolling hash after one more entry."""
    return hashlib.sha256(bytes.fromhex(rolling) + digest).hexdigest()


def archive_status(engine: Engine) -> ArchiveStatus:
    """The archive's state as it is stored."""
    with looking(engine) as connection:
        return _status(connection)


class Archive:
    """The sealed entries of one log in one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._status = ArchiveStatus(0, NOTHING, None, is_open=False, reason="not started")
        self._one = threading.Lock()

    @property
    def status(self) -> ArchiveStatus:
        """How far it has sealed, and whether the log is open."""
        return self._status

    @property
    def position(self) -> int:
        """The last sealed position."""
        return self._status.position

    def start(self) -> int:
        """Take up what is stored; the position that following goes on from."""
        prepare(self.engine)
        with writing(self.engine) as connection:
            if connection.execute(select(archive_state.c.id)).first() is None:
                first = {"id": 1, "position": 0, "rolling": NOTHING, "is_open": "no"}
                connection.execute(insert(archive_state).values(**first, reason="not compared yet"))
            self._status = _status(connection)
            # The state alone could claim more than is there.
            count = connection.execute(select(func.count()).select_from(seals)).scalar_one()
        if count != self.position:
            expected = f"{self.position} sealed entries in the archive"
            raise LogCorruptError(self.position, expected, f"{count}")
        return self.position

    def seal(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """Seal the next entries, all or none; those sealed before must be the same."""
        with self._one:
            before = self._status
            fresh = [(position, raw) for position, raw in entries if position > before.position]
            if not fresh:
                return
            expected = list(range(before.position + 1, before.position + 1 + len(fresh)))
            if [position for position, _ in fresh] != expected:
                raise LogCorruptError(expected[0], "the next entry", f"position {fresh[0][0]}")
            digests = [hashlib.sha256(raw).digest() for _, raw in fresh]
            rolling = before.rolling
            for digest in digests:
                rolling = roll(rolling, digest)
            self._store(before, fresh[-1][0], rolling, list(zip(expected, digests, strict=True)))

    def note(self, run_id: str, *, is_open: bool, reason: str | None) -> None:
        """Keep the result of a comparison."""
        with self._one, writing(self.engine) as connection:
            values = {"run_id": run_id, "is_open": "yes" if is_open else "no", "reason": reason}
            connection.execute(update(archive_state).values(**values))
            self._status = _status(connection)

    def sealed(self, after: int, most: int) -> list[bytes]:
        """The hashes of at most *most* sealed entries after a position."""
        with looking(self.engine) as connection:
            wanted = (seals.c.position > after) & (seals.c.position <= after + most)
            statement = select(seals.c.sha256).where(wanted).order_by(seals.c.position)
            return [bytes(digest) for digest in connection.execute(statement).scalars()]

    def _store(
        self, before: ArchiveStatus, last: int, rolling: str, digests: list[tuple[int, bytes]]
    ) -> None:
        rows = [{"position": position, "sha256": digest} for position, digest in digests]
        try:
            with writing(self.engine) as connection:
                _move(connection, before.position, last, rolling)
                connection.execute(insert(seals), rows)
                self._status = _status(connection)
        except SealedElsewhereError:
            self.start()
            raise
        except OperationalError as error:
            fault = f"the archive's database does not answer: {error.orig}"
            raise RetryError(fault) from error


async def compare(archive: Archive, event_log: EventLog) -> str | None:
    """
    Why the log may not be opened, or ``None`` when it holds everything that was sealed.

    The log may be longer: what is not sealed yet is sealed next.
    """
    end = archive.position
    for after in range(0, end, PAGE):
        digests = await asyncio.to_thread(archive.sealed, after, min(PAGE, end - after))
        if len(digests) != min(PAGE, end - after):
            return f"the archive itself lacks entries after position {after}"
        try:
            entries = await event_log.read(after, len(digests))
        except EntryError as error:
            return f"the log differs: {error}"
        if (place := _first_difference(after, entries, digests)) is not None:
            return f"position {place} of the log is not what was sealed"
    return None


def _first_difference(after: int, entries: Sequence[Entry], digests: Sequence[bytes]) -> int | None:
    held = {entry.position: hashlib.sha256(entry.raw).digest() for entry in entries}
    for place, digest in enumerate(digests, start=after + 1):
        if held.get(place) != digest:
            return place
    return None


class Gatekeeper:
    """
    Opens the log for each run of its server, after comparing; never without.

    ``check`` is to be called often: it costs two questions to the server while nothing has changed.
    *followers* say how far others have followed: a log that ends before what they took in would
    write other entries at positions they never look at again.
    """

    def __init__(
        self,
        archive: Archive,
        event_log: EventLog,
        followers: Mapping[str, Callable[[], int]] | None = None,
    ) -> None:
        self.archive = archive
        self.log = event_log
        self.followers = dict(followers or {})

    async def check(self) -> bool:
        """Whether the log is open now; opens it if it may be."""
        gate = await self.log.gate()
        status = self.archive.status
        known = gate.is_open and status.is_open and status.run_id == gate.run_id
        # An emptied log can be opened by founding it anew, without a new run of the server.
        if known and await self._too_short() is None:
            return True
        return await self.compare_and_open(gate.run_id)

    async def compare_and_open(self, run_id: str) -> bool:
        """Compare everything, then open the log for this run of the server, or close it and say why."""
        reason = await self._too_short() or await compare(self.archive, self.log)
        if reason is None:
            await asyncio.to_thread(self.archive.note, run_id, is_open=True, reason=None)
            await self.log.open_gate(run_id)
            log.info("gate_opened", run_id=run_id, sealed=self.archive.position)
            return True
        await self.log.open_gate(CLOSED)
        status = self.archive.status
        if (status.run_id, status.reason) != (run_id, reason):
            await asyncio.to_thread(self.archive.note, run_id, is_open=False, reason=reason)
            log.critical("gate_stays_closed", run_id=run_id, reason=reason)
        return False

    async def _too_short(self) -> str | None:
        ends = {name: position() for name, position in self.followers.items()}
        sealed = self.archive.position
        tail = await self.log.tail()
        if tail < sealed:
            return f"the log ends at position {tail}, but {sealed} entries are sealed"
        for name, end in ends.items():
            if tail < end:
                return f"the log ends at position {tail}, but {name} has followed to {end}"
        return None

    async def keep(self, *, every: float = 0.5) -> None:
        """Check for ever; a server that does not answer is asked again."""
        while True:
            try:
                await self.check()
            except (RedisError, OSError, RetryError, OperationalError) as error:
                log.warning("gate_check_failed", error=type(error).__name__, reason=str(error))
            await asyncio.sleep(every)


def follow(
    broker: RedisBroker, stream: str, archive: Archive, told: Callable[[int], Awaitable[None]]
) -> Follower:
    """
    The subscriber that brings the log's entries to *archive*; it goes on from what is sealed.

    *told* hears every position that is sealed.
    """

    async def take(entries: list[RawEntry]) -> None:
        batch = [(int(name.partition("-")[0]), fields[b"e"]) for name, fields in entries]
        await asyncio.to_thread(archive.seal, batch)
        await told(archive.position)

    return Follower(broker, stream, take, lambda: f"{archive.position}-0", most=PAGE, who="archive")


def _status(connection: Connection) -> ArchiveStatus:
    row = connection.execute(select(archive_state)).one()
    return ArchiveStatus(row.position, row.rolling, row.run_id, row.is_open == "yes", row.reason)


def _move(connection: Connection, before: int, last: int, rolling: str) -> None:
    moved = connection.execute(
        update(archive_state)
        .where(archive_state.c.position == before)
        .values(position=last, rolling=rolling)
    )
    if moved.rowcount != 1:
        raise SealedElsewhereError(before)
