"""A copy of an archive over HTTP, kept on one's own disk: only what is new comes over the line, all of it is held."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx

from thidua.audit.held import HeldFolder, hold
from thidua.errors import RetryError
from thidua.log.entry import MAX_ENTRY_BYTES
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.notes import MOST_NOTE_BYTES, Checkpoint, read_checkpoint
from thidua.tlog.tiles import CHECKPOINT, WIDTH, bundle_path, read_bundle, read_inside
from thidua.tlog.writing import TileWriter, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from thidua.tlog.policy import Policy

SECONDS: Final = 30.0
_MOST_BUNDLE: Final = WIDTH * (2 + MAX_ENTRY_BYTES)
_AT_ONCE: Final = 16 * WIDTH
"""Entries that are brought to disk together."""


class ArchiveAwayError(RetryError):
    """The archive's server does not give a file."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: không lấy được / cannot be fetched: {reason}")

    def diagnostics(self) -> str:
        """Say that another copy does as well."""
        return (
            "Thử lại sau, hoặc dùng một bản sao khác của kho lưu. / "
            "Try again later, or use another copy of the archive."
        )


def fetch(
    url: str, folder: Path, policy: Policy, transport: httpx.BaseTransport | None = None
) -> HeldFolder:
    """
    The archive at *url*, copied to *folder* as far as it is not there yet, and held to *policy*.

    Raises ``ArchiveFaultError`` when a proof says no, also when what comes does not continue the copy, and
    :class:`ArchiveAwayError`. A killed copy goes on where it was.
    """
    had = _had(folder, policy)
    with httpx.Client(base_url=url.rstrip("/") + "/", timeout=SECONDS, transport=transport) as site:
        newest = read_checkpoint(_get(site, CHECKPOINT, MOST_NOTE_BYTES))
        policy.check(newest)
        if newest.size < had:
            raise ArchiveFaultError(CHECKPOINT, f"at least {had} entries", f"{newest.size}")
        writer = TileWriter(folder, had)
        while writer.size < newest.size:
            writer.add(_entries(site, writer.size, newest.size))
            if writer.size % _AT_ONCE == 0 or writer.size == newest.size:
                _continues(writer, newest)
                writer.write()
    write_whole(folder / CHECKPOINT, newest.note.encode())
    return hold(folder, policy)


def _had(folder: Path, policy: Policy) -> int:
    """How many entries the copy has, by its own checkpoint."""
    if not (folder / CHECKPOINT).exists():
        return 0
    checkpoint = read_checkpoint(read_inside(folder, CHECKPOINT, MOST_NOTE_BYTES))
    policy.check(checkpoint)
    return checkpoint.size


def _entries(site: httpx.Client, after: int, size: int) -> list[bytes]:
    """The entries after a position, up to the end of their bundle."""
    index = after // WIDTH
    width = min(WIDTH, size - index * WIDTH)
    where = bundle_path(index, width)
    return read_bundle(_get(site, where, _MOST_BUNDLE), width, where)[after % WIDTH :]


def _continues(writer: TileWriter, newest: Checkpoint) -> None:
    if writer.size == newest.size and writer.root() != newest.root:
        raise ArchiveFaultError(CHECKPOINT, "the root of the entries", "another history")


def _get(site: httpx.Client, path: str, most: int) -> bytes:
    found = bytearray()
    try:
        with site.stream("GET", path) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise ArchiveAwayError(f"{site.base_url}{path}", f"HTTP {answer.status_code}")
            for part in answer.iter_bytes():
                found += part
                if len(found) > most:
                    raise ArchiveFaultError(path, f"at most {most} bytes", "more")
    except httpx.HTTPError as error:
        raise ArchiveAwayError(
            f"{site.base_url}{path}", str(error) or type(error).__name__
        ) from None
    return bytes(found)
