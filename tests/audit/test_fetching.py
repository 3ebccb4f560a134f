"""A copy of an archive over HTTP: only what is new comes, and nothing of it is believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.audit.signed_log import SignedLog, signed_log
from thidua.audit.fetching import ArchiveAwayError, fetch
from thidua.custody.following import events_in, held_log
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError
from thidua.tlog.notes import unsigned
from thidua.tlog.policy import Policy, write_policy
from thidua.tlog.tiles import CHECKPOINT, WIDTH
from thidua.tlog.writing import TileWriter, write_whole

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://archive.test/archive"


@dataclass
class Site(httpx.BaseTransport):
    """A server of the files of *folder*; *instead* are other bytes for some of them, None: it breaks off."""

    folder: Path
    instead: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/archive/")
        self.asked.append(path)
        if path in self.instead:
            raw = self.instead[path]
            if raw is None:
                raise httpx.ReadError("reset")
            return httpx.Response(200, content=raw)
        file = self.folder / path
        if not file.is_file():
            return httpx.Response(404)
        return httpx.Response(200, content=file.read_bytes())


@dataclass
class Kept:
    """A log, its archive's folder, a site of it and the policy to hold it to."""

    log: SignedLog
    site: Site
    policy: Policy

    def seal(self) -> None:
        writer = TileWriter(self.site.folder)
        writer.add(self.log.entries)
        checkpoint = unsigned(self.policy.log.name, writer.size, writer.write())
        note = checkpoint.signed(self.log.signer.line(checkpoint.text)).note
        write_whole(self.site.folder / CHECKPOINT, note.encode())

    def fetched(self, folder: Path) -> int:
        return fetch(URL, folder, self.policy, self.site).size


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    log = signed_log(tmp_path / "log", WIDTH + 10)
    root = log.founding.root.verifying_key.spki
    kept = Kept(log, Site(tmp_path / "served"), Policy(log.signer.public, root_spki=root))
    kept.seal()
    return kept


def test_a_copy_holds_what_is_served_and_later_fetches_only_what_is_new(
    kept: Kept, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    assert kept.fetched(copy) == len(kept.log.entries)
    list(kept.log.grow(WIDTH))
    kept.seal()
    kept.site.asked.clear()
    held = fetch(URL, copy, kept.policy, kept.site)
    assert [raw for _, raw in held.entries()] == kept.log.entries
    assert "tile/entries/000" not in kept.site.asked
    kept.site.asked.clear()
    kept.fetched(copy)
    assert kept.site.asked == [CHECKPOINT]


def test_a_copy_that_broke_off_goes_on(kept: Kept, tmp_path: Path) -> None:
    kept.site.instead["tile/entries/001.p/" + str(len(kept.log.entries) - WIDTH)] = None
    with pytest.raises(ArchiveAwayError):
        kept.fetched(tmp_path / "copy")
    kept.site.instead.clear()
    assert kept.fetched(tmp_path / "copy") == len(kept.log.entries)


def test_a_site_that_serves_another_history_or_a_shorter_one_is_refused(
    kept: Kept, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    kept.fetched(copy)
    whole = kept.log.entries
    for other in (whole[:-5], [whole[1], *whole[1:], *whole[:3]]):
        kept.log.entries = other
        kept.seal()
        with pytest.raises(ArchiveFaultError):
            kept.fetched(copy)
    kept.log.entries = whole
    kept.seal()
    assert kept.fetched(copy) == len(whole)


@pytest.mark.parametrize("what", ["other bytes", "too many", "none", "unsigned"])
def test_nothing_of_what_comes_is_believed(kept: Kept, tmp_path: Path, what: str) -> None:
    first, note = "tile/entries/000", (kept.site.folder / CHECKPOINT).read_bytes()
    bundle = (kept.site.folder / first).read_bytes()
    kept.site.instead = {
        "other bytes": {first: bundle[:-1] + b"?"},
        "too many": {CHECKPOINT: note + b"x" * 70_000},
        "none": {first: b""},
        "unsigned": {CHECKPOINT: note[: note.rindex(b"\n\n") + 2] + b"\xe2\x80\x94 a AAAAAAAA\n"},
    }[what]
    with pytest.raises((ArchiveFaultError, ArchiveUnreadableError)):
        kept.fetched(tmp_path / "copy")


def test_a_server_that_has_no_archive_is_named_and_asked_again_later(
    kept: Kept, tmp_path: Path
) -> None:
    kept.site.folder = tmp_path / "nowhere"
    with pytest.raises(ArchiveAwayError, match="HTTP 404"):
        kept.fetched(tmp_path / "copy")


def test_a_voter_reads_no_log_whose_policy_does_not_name_the_root_key(
    kept: Kept, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.txt"
    policy.write_text(write_policy(Policy(kept.log.signer.public)))
    with pytest.raises(ArchiveFaultError, match="root key"):
        held_log(str(kept.site.folder), policy, tmp_path)
    policy.write_text(write_policy(kept.policy))
    held = held_log(str(kept.site.folder), policy, tmp_path)
    assert len(list(events_in(held))) == len(kept.log.entries)
