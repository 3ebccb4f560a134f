"""Trimming the log in Redis: only what is sealed, final, backed up and followed by everybody, and equal to the archive."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from services.restoring import PAGE, archive_folder, check_tree
from thidua.contracts import SERVICES
from thidua.errors import ThiduaError
from thidua.log import EntryError
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.notes import MOST_NOTE_BYTES, read_checkpoint
from thidua.tlog.tiles import CHECKPOINT, KEPT, TileFolder, read_inside

if TYPE_CHECKING:
    from pathlib import Path

    from thidua.log.redis_log import RedisLog
    from thidua.tlog.notes import Checkpoint
    from thidua.tlog.policy import Policy

FOLLOWERS: Final = (*SERVICES, "projector", "archive")


class NotTrimmedError(ThiduaError):
    """Nothing was trimmed, and why."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")

    def diagnostics(self) -> str:
        """Say that nothing has changed."""
        return "Chưa cắt gì. / Nothing was trimmed."


@dataclass(frozen=True, slots=True)
class Bound:
    """How far the log may be trimmed and what keeps it from more."""

    position: int
    vi: str
    en: str


def newest_final(folder: Path, policy: Policy) -> Checkpoint:
    """The newest checkpoint with a quorum, the kept ones looked at from the newest down."""
    names = sorted((path.name for path in (folder / KEPT).glob("[0-9]*[0-9]")), reverse=True)
    for name in (CHECKPOINT, *(f"{KEPT}/{name}" for name in names)):
        checkpoint = read_checkpoint(read_inside(folder, name, MOST_NOTE_BYTES))
        if policy.check(checkpoint).reached:
            return checkpoint
    raise NotTrimmedError("chưa có điểm niêm nào đủ nhân chứng", "no checkpoint has a quorum")


def backed_up(copy: Path, files: TileFolder, policy: Policy) -> int:
    """
    How many entries a copy of the archive holds whole.

    Raises :class:`NotTrimmedError` when the copy is no whole beginning of this archive.
    """
    try:
        copy = archive_folder(copy)
        checkpoint = read_checkpoint(read_inside(copy, CHECKPOINT, MOST_NOTE_BYTES))
        policy.check(checkpoint)
        check_tree(copy, checkpoint)
        size = min(checkpoint.size, files.size)
        same = TileFolder(copy, checkpoint.size).root(size) == files.root(size)
    except (ArchiveFaultError, ArchiveUnreadableError) as error:
        raise NotTrimmedError(
            f"bản sao không dùng được: {error}", f"the copy cannot be relied on: {error}"
        ) from None
    if not same:
        raise NotTrimmedError("bản sao của lịch sử khác", "the copy is of another history")
    return size


async def bounds(
    log: RedisLog, folder: Path, policy: Policy, *, copy: Path | None, backup_position: int | None
) -> tuple[TileFolder, list[Bound]]:
    """The verified archive, and everything that bounds how far its log may be trimmed."""
    folder = archive_folder(folder)
    final = newest_final(folder, policy)
    files = check_tree(folder, final)
    found = [Bound(final.size, "đã niêm phong và đủ nhân chứng", "sealed and cosigned")]
    if copy is not None:
        found.append(Bound(backed_up(copy, files, policy), "có trong bản sao", "in the backup"))
    elif backup_position is not None:
        found.append(Bound(backup_position, "đã sao lưu theo lời khai", "backed up, as stated"))
    else:
        raise NotTrimmedError(
            "cần --backup hoặc --backup-position",
            "--backup or --backup-position must say what is backed up",
        )
    followed = await log.followed()
    slowest = min(FOLLOWERS, key=lambda name: followed.get(name, 0))
    at = followed.get(slowest, 0)
    found.append(Bound(at, f"{slowest} đã theo đến", f"followed by {slowest}"))
    # The last entry stays, so that the log always says where it ends.
    found.append(Bound(await log.tail() - 1, "trước mục cuối", "before the last entry"))
    return files, found


async def trim(log: RedisLog, files: TileFolder, to: int) -> int:
    """
    Trim the log up to a position; how many entries were trimmed.

    Raises :class:`NotTrimmedError` when Redis holds anything else there than what is sealed: that is evidence.
    """
    first = await log.read(0, 1)
    if not first or first[0].position > to:
        return 0
    after = first[0].position - 1
    sealed = files.entries(after, to)
    while after < to:
        try:
            page = await log.read(after, min(PAGE, to - after))
        except EntryError as error:
            raise NotTrimmedError(
                f"Redis giữ thứ khác: {error}", f"not an entry: {error}"
            ) from None
        kept = list(islice(sealed, len(page)))
        if [(entry.position, entry.raw) for entry in page] != kept or not page:
            raise NotTrimmedError(
                f"sau vị trí {after} Redis khác kho lưu",
                f"after position {after} Redis is not what was sealed",
            )
        after = page[-1].position
    trimmed: int = await log.client.xtrim(log.names.log, minid=f"{to + 1}-0", approximate=False)
    return trimmed
