"""
Restoring a lost log into Redis from its archive: verified first, byte for byte, never over anything else.

The gate stays shut: the archive opens it after comparing, as after any restart. The entry a restored log ends with
is written in one step with everything that Redis keeps beside entries, so whoever looks in between sees a log that
is still too short.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.ballots.domain import JUDGE as BALLOTS
from services.pledges.domain import JUDGE as PLEDGES
from services.rebuilding import Kept
from services.units.domain import JUDGE as UNITS
from thidua.audit.rejudging import Rejudging
from thidua.clock import from_ms
from thidua.contracts import SERVICES
from thidua.contracts.units import LogOpened, LogRestored
from thidua.drafting import derived_id
from thidua.errors import ThiduaError
from thidua.knowledge import own_kid, recorded_event
from thidua.log import EntryError, read_entry, write_recorded
from thidua.publishing import Publisher
from thidua.signing import SigningKey, sign
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.merkle import leaf_hash
from thidua.tlog.notes import MOST_NOTE_BYTES, Checkpoint, read_checkpoint
from thidua.tlog.tiles import CHECKPOINT, TileFolder, check_levels, read_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thidua.audit.rejudging import Missing
    from thidua.contracts import Event
    from thidua.log import Entry
    from thidua.log.redis_log import RedisLog
    from thidua.tlog.policy import Policy

PAGE: Final = 1000
PUBLIC: Final = "archive"
OURS: Final = "thidua-"
"""What the connections of our processes are called."""


class NotRestoredError(ThiduaError):
    """Nothing was restored, and why; nothing was written."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")

    def diagnostics(self) -> str:
        """Say that nothing has changed."""
        return "Chưa ghi gì vào Redis. / Nothing was written into Redis."


def archive_folder(folder: Path) -> Path:
    """The part of *folder* that holds the checkpoint: itself, or its part ``archive/``."""
    inside = folder / PUBLIC
    return inside if (inside / CHECKPOINT).exists() else folder


def final_checkpoint(folder: Path, policy: Policy) -> Checkpoint:
    """The newest checkpoint of a folder; raises :class:`ArchiveFaultError` when not signed or short of a quorum."""
    checkpoint = read_checkpoint(read_inside(folder, CHECKPOINT, MOST_NOTE_BYTES))
    quorum = policy.check(checkpoint)
    if not quorum.reached:
        told = ", ".join(sorted(quorum.cosigned)) or "nobody"
        raise ArchiveFaultError(CHECKPOINT, "a quorum of witnesses", told)
    return checkpoint


def check_tree(folder: Path, checkpoint: Checkpoint) -> TileFolder:
    """The files under a checkpoint; raises :class:`ArchiveFaultError` when they are not what it signs."""
    files = TileFolder(folder, checkpoint.size)
    check_levels(files)
    if files.root() != checkpoint.root:
        raise ArchiveFaultError(CHECKPOINT, "the root of the tiles", "another")
    for position, raw in files.entries():
        if leaf_hash(raw) != files.leaf(position):
            raise ArchiveFaultError(f"position {position}", "the leaf in the tiles", "another")
    return files


@dataclass(slots=True)
class Restoration:
    """
    A verified archive and what the log is to hold after it.

    ``added`` are entries that no archive holds: own events the archive was cut before, and ``log-restored``.
    """

    files: TileFolder
    origin: str
    kept: Kept
    rejudging: Rejudging
    added: list[bytes] = field(default_factory=list)
    _root: tuple[str, str] = ("", "")

    @property
    def sealed(self) -> int:
        """How many entries the archive holds."""
        return self.files.size

    def complete(self, keys: Path) -> None:
        """
        Add what the last append recorded after the archive's last entry, with the services' keys in *keys*.

        An accepted event and what follows from it are one append; an archive may end between them.
        """
        while (owed := self.rejudging.missing()) is not None:
            path = keys / f"{owed.service}.pem"
            if not path.exists():
                raise NotRestoredError(
                    f"sổ ngắt giữa chừng, cần khóa {path.name}",
                    f"the archive ends within an append; the key {path} is needed to complete it",
                )
            self.add(_own_entry(owed, path))

    def announce(self, reason: str, root: SigningKey, now_ms: int) -> None:
        """Add ``log-restored``, signed by the authority that founded the log."""
        authority, kid = self._root
        head = self.rejudging.authentic.head("units", kid)
        publisher = Publisher(self.origin, f"/authorities/{authority}", kid, root, {"units": head})
        # A sandbox's moment is the log's own: its clock must not be carried past what it plays next.
        clock = self.kept.clock.get(authority if self.kept.sandbox else UNITS.service, 0)
        rx_ms = clock if self.kept.sandbox else max(now_ms, clock)
        data = LogRestored(position=self.kept.position, reason=reason)
        jws = publisher.sign(
            data.TYPE,
            authority,
            data.model_dump(mode="json", exclude_none=True),
            event_id=str(derived_id(f"{self.origin}\0restored\0{self.sealed}\0{now_ms}")),
            time=from_ms(rx_ms),
        )
        self.add(write_recorded(rx_ms, f"{UNITS.service}/{UNITS.version}", jws.encode()))

    def entries(self, after: int) -> Iterator[tuple[int, bytes]]:
        """All entries the log is to hold after a position."""
        yield from self.files.entries(after)
        for position, raw in enumerate(self.added, self.sealed + 1):
            if position > after:
                yield position, raw

    def take(self, entry: Entry) -> None:
        """Hold the next entry to signature, key, chain and judge, and keep what follows from it."""
        self.rejudging.take(entry)
        self.kept.take(entry, self.rejudging.authentic)
        if entry.position == 1:
            opened: Event = recorded_event(entry)
            assert isinstance(opened.data, LogOpened)  # noqa: S101 - authenticity has held it to that
            self._root = (opened.subject, opened.data.root_kid)

    def add(self, raw: bytes) -> None:
        """Add the next entry, which no archive holds, held to signature, key, chain and judge like the others."""
        self.take(read_entry(self.kept.position + 1, raw))
        self.added.append(raw)


def verified(folder: Path, policy: Policy) -> Restoration:
    """
    Verify a whole archive: checkpoint, quorum, tree, every signature, chain and judgement.

    Raises ``ArchiveFaultError``, ``ArchiveUnreadableError``, ``NotAuthenticError`` or ``NotFollowingError``.
    """
    folder = archive_folder(folder)
    checkpoint = final_checkpoint(folder, policy)
    files = check_tree(folder, checkpoint)
    if not files.size:
        raise NotRestoredError("kho lưu trống", "the archive is empty")
    origin = checkpoint.origin
    rejudging = Rejudging((UNITS, BALLOTS, PLEDGES), origin=origin, root_spki=policy.root_spki)
    restoration = Restoration(files, origin, Kept(sandbox=origin.startswith("sandbox/")), rejudging)
    for position, raw in files.entries():
        restoration.take(read_entry(position, raw))
    return restoration


@dataclass(frozen=True, slots=True)
class Found:
    """What Redis still holds of the log: positions ``begins`` to ``ends`` exactly as sealed, and unjudged inbox entries."""

    begins: int = 0
    ends: int = 0
    unjudged: int = 0


async def look(log: RedisLog, restoration: Restoration) -> Found:
    """What Redis holds; raises :class:`NotRestoredError` for anything that is not exactly a part of the archive."""
    meta = await log.meta()
    if meta and meta.get("origin") != restoration.origin:
        given = meta.get("origin")
        raise NotRestoredError(f"Redis giữ sổ khác: {given}", f"Redis holds another log: {given}")
    found = await _compared(log, restoration)
    if found.ends >= restoration.sealed:
        return found
    if working := sorted(
        {one["name"] for one in await log.client.client_list() if one["name"].startswith(OURS)}
    ):
        # What they know of entries that were never sealed would be wrong for ever.
        told = ", ".join(working)
        raise NotRestoredError(f"hãy dừng các tiến trình: {told}", f"stop these first: {told}")
    if (await log.gate()).is_open:
        raise NotRestoredError("sổ đang mở để ghi", "the log is open for writing")
    if beyond := restoration.kept.beyond(await log.heads(), await log.chains(), await _ids(log)):
        raise NotRestoredError(
            f"Redis biết nhiều hơn kho lưu ({beyond})",
            f"Redis keeps what the archive does not account for ({beyond})",
        )
    unjudged = [await log.client.xlen(log.names.inbox(service)) for service in SERVICES]
    return Found(found.begins, found.ends, sum(unjudged))


async def _compared(log: RedisLog, restoration: Restoration) -> Found:
    try:
        first = await log.read(0, 1)
        if not first:
            return Found()
        begins = first[0].position
        sealed = restoration.files.entries(begins - 1)
        after = begins - 1
        while page := await log.read(after, PAGE):
            kept = list(islice(sealed, len(page)))
            for (position, raw), entry in zip(kept, page, strict=False):
                if (entry.position, entry.raw) != (position, raw):
                    raise NotRestoredError(
                        f"vị trí {position} trong Redis khác kho lưu",
                        f"position {position} in Redis is not what was sealed",
                    )
            after = page[-1].position
            if len(kept) < len(page):
                return Found(begins, await log.tail())
    except EntryError as error:
        raise NotRestoredError(
            f"Redis giữ thứ khác: {error}", f"Redis holds something else: {error}"
        ) from None
    return Found(begins, after)


def _own_entry(owed: Missing, path: Path) -> bytes:
    key = SigningKey.from_pem(path.read_bytes())
    jws = sign(owed.payload, key, own_kid(owed.service)).encode()
    return write_recorded(owed.rx_ms, f"{owed.service}/{owed.version}", jws)


async def _ids(log: RedisLog) -> dict[str, int]:
    held: dict[str, int] = {}
    async for name in log.client.scan_iter(match=log.names.ids("*"), count=PAGE):
        shard = name.decode().rpartition(":")[2]
        held |= {
            f"{shard}{rest.decode()}": int(at)
            for rest, at in (await log.client.hgetall(name)).items()
        }
    return held


async def _noted(log: RedisLog) -> list[bytes]:
    """The keys in which the doors note where entries stand."""
    found: list[bytes] = []
    for pattern in (log.names.places("*"), log.names.entries("*")):
        found += [name async for name in log.client.scan_iter(match=pattern, count=PAGE)]
    return found


async def restore(log: RedisLog, restoration: Restoration, found: Found, now_ms: int) -> int:
    """Write what is missing after *found*; how many entries were written."""
    names, client = log.names, log.client
    missing = restoration.entries(found.ends)
    written, last = found.ends, restoration.sealed - 1
    while written < last:
        page = list(islice(missing, min(PAGE, last - written)))
        async with client.pipeline(transaction=True) as pipe:
            for position, raw in page:
                pipe.xadd(names.log, {"e": raw}, id=f"{position}-0")
            await pipe.execute()
        written = page[-1][0]
    offsets = await client.hgetall(names.offsets)
    noted = [names.placed, *await _noted(log)]
    async with client.pipeline(transaction=True) as pipe:
        for position, raw in missing:
            pipe.xadd(names.log, {"e": raw}, id=f"{position}-0")
        await _beside(pipe, log, restoration)
        # Other entries may have stood at the last positions; the doors note anew where everything stands.
        pipe.delete(*noted)
        for service in SERVICES:
            # Above every id an inbox has ever given out, so whoever was at work before the loss is fenced.
            past = int(offsets.get(f"last:{service}".encode(), 0)) + 1
            start = max(now_ms, past)
            pipe.hset(names.offsets, f"last:{service}", str(start))
            pipe.hset(names.offsets, f"inbox:{service}", f"{start}-0")
            pipe.delete(names.inbox(service))
        await pipe.execute()
    return restoration.kept.position - found.ends


async def _beside(pipe: Any, log: RedisLog, restoration: Restoration) -> None:
    names, kept = log.names, restoration.kept
    sandbox = str(int(kept.sandbox))
    pipe.hset(names.meta, mapping={"origin": restoration.origin, "sandbox": sandbox})
    pipe.hset(names.heads, mapping=kept.heads)
    pipe.hset(names.chains, mapping=kept.chains)
    shards: dict[str, dict[str, int]] = {}
    for used, position in kept.ids.items():
        shards.setdefault(used[:3], {})[used[3:]] = position
    for shard, ids in shards.items():
        pipe.hset(names.ids(shard), mapping=ids)
    seen = {name.decode(): int(at) for name, at in (await log.client.hgetall(names.clock)).items()}
    clock = {name: max(at, seen.get(name, 0)) for name, at in kept.clock.items()}
    pipe.hset(names.clock, mapping=clock)
    for publisher, receipts in kept.receipts.items():
        if await log.client.exists(names.receipts(publisher)):
            continue
        for receipt in receipts:
            pipe.xadd(names.receipts(publisher), dict(receipt._asdict()))
