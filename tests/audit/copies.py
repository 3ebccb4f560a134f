"""Copies of a sealed archive, and what a cheat who holds this or that key can do to them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.reporting.checking import rebuilding
from services.reporting.fingerprint import versions
from services.sandbox import JUDGES
from thidua.audit.verifying import Task, verify
from thidua.tlog.notes import read_checkpoint, unsigned
from thidua.tlog.prints import FOLDER, PublishedPrints, read_prints
from thidua.tlog.tiles import CHECKPOINT, TileFolder, kept_path
from thidua.tlog.writing import TileWriter, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from thidua.audit.verifying import Verified
    from thidua.tlog.notes import NoteSigner
    from thidua.tlog.policy import Policy


@dataclass(frozen=True)
class Copy:
    """An archive folder, the key that sealed it, and the policy to hold it to."""

    folder: Path
    signer: NoteSigner
    policy: Policy

    @property
    def size(self) -> int:
        """Entries under the newest checkpoint."""
        return read_checkpoint((self.folder / CHECKPOINT).read_bytes()).size

    def copied(self, folder: Path) -> Copy:
        """The same in another folder, to tamper with."""
        shutil.copytree(self.folder, folder)
        return Copy(folder, self.signer, self.policy)

    def entries(self) -> list[bytes]:
        """All sealed entries."""
        return [raw for _, raw in TileFolder(self.folder, self.size).entries()]

    def verify(self, policy: Policy | None = None, *, signatures: bool = True) -> Verified:
        """What the whole verification says."""
        task = Task(
            self.folder,
            policy or self.policy,
            judges=JUDGES,
            rebuilding=rebuilding,
            signatures=signatures,
        )
        return verify(task)

    def verify_without_application(self) -> Verified:
        """What the library alone says: it judges nothing again and rebuilds nothing."""
        return verify(Task(self.folder, self.policy))

    def sealed_again(self, entries: Sequence[bytes], signer: NoteSigner | None = None) -> None:
        """Write a whole archive of other entries in its place: what whoever holds the log's key can do."""
        signer = signer or self.signer
        shutil.rmtree(self.folder)
        writer = TileWriter(self.folder)
        writer.add(entries)
        checkpoint = unsigned(signer.name, len(entries), writer.write())
        note = checkpoint.signed(signer.line(checkpoint.text)).note.encode()
        write_whole(self.folder / kept_path(len(entries)), note)
        write_whole(self.folder / CHECKPOINT, note)

    def publish(
        self, prints: dict[str, str], position: int, named: Mapping[str, str] | None = None
    ) -> None:
        """Publish other figures under the log's own key, of today's versions unless others are *named*."""
        of = versions() if named is None else named
        published = PublishedPrints(self.signer.name, position, prints, of)
        write_whole(self.folder / published.path, published.signed(self.signer).encode())

    def published(self) -> dict[str, str]:
        """The figures that were published for all that is sealed."""
        note = (self.folder / FOLDER / f"{self.size:012d}").read_bytes()
        return dict(read_prints(note, self.policy.log).prints)

    def without_figures(self) -> None:
        """Take the published figures away."""
        shutil.rmtree(self.folder / FOLDER)
