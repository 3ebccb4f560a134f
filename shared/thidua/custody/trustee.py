"""
The trustee's desk: its secrets under a passphrase, its journal, and the one partial decryption it ever makes.

The journal says what is about to be done before it is done. A process that is killed between computing and
publishing finds its text there and gives the same one again, or computes it for the same sum; never for another.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from thidua.custody.files import FileMissingError
from thidua.custody.keeping import Keeping
from thidua.custody.record import OtherElectionError, OtherHistoryError, Record, Seen
from thidua.custody.sealing import STRONG, Cost
from thidua.errors import RejectError
from thidua.journal import Journal
from thidua.voting.canonical import hex_hash, written
from thidua.voting.group import group_named
from thidua.voting.key_generation import Party, draw_party
from thidua.voting.tally import decrypt_partially

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thidua.voting.election import Election
    from thidua.voting.group import Chance, Group
    from thidua.voting.tally import EncryptedTally

JOURNAL: Final = "trustee.jsonl"
PARTY: Final = "party.sealed"
SHARE: Final = "share.sealed"


class NoTrusteeError(RejectError):
    """Nothing was made in this folder yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: chưa có khóa nào / no key was made here")

    def diagnostics(self) -> str:
        """Name the command."""
        return "Chạy trước: thidua trustee init / Make the key first."


class TrusteeTakenError(RejectError):
    """The folder holds the keys of another election or seat."""

    def __init__(self, folder: Path, uuid: str) -> None:
        super().__init__(
            f"{folder}: đã dùng cho {uuid} / already holds the keys of another election or seat"
        )

    def diagnostics(self) -> str:
        """Say that each election has its own."""
        return "Mỗi cuộc bầu một khóa mới, một thư mục riêng. / Every election has new keys in a folder of its own."


class TrusteeDesk:
    """
    One trustee's keys in *folder*, for the election they were made for and those of the cycle that use them again.

    One process at a time acts (:meth:`alone`).
    *draw* gives random bytes for sealing, *cost* what one guess of the passphrase takes.
    """

    def __init__(self, folder: Path, draw: Callable[[int], bytes], cost: Cost = STRONG) -> None:
        self.folder = folder
        self.record = Record()
        self._secrets = Keeping(folder, draw, cost)
        self._journal = Journal(folder / JOURNAL)
        self._refresh()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one process that acts; raises ``LockedError`` when another does."""
        with self._journal.alone():
            self._refresh()
            yield

    def text(self, name: str) -> str:
        """What was made here to be published, by *name*. Raises :class:`NoTrusteeError` before anything was."""
        self._made()
        return self.record.texts[name]

    def make(
        self,
        group: Group,
        uuid: str,
        seat: tuple[int, int, int],
        passphrase: str,
        chance: Chance,
    ) -> None:
        """
        Draw the secrets of a *seat* (size, threshold, index) and keep them, with the texts that are published.

        Again for the same seat: nothing happens. Raises :class:`TrusteeTakenError` for another one, and
        ``ShortPassphraseError``.
        """
        where = json.dumps(list(seat))
        if self.record.is_made:
            if (self.record.uuid, self.record.texts["seat"]) != (uuid, where):
                raise TrusteeTakenError(self.folder, self.record.uuid)
            return
        party = draw_party(group, *seat, chance)
        self._secrets.keep(PARTY, uuid, _party_document(party), passphrase)
        texts = {
            "seat": where,
            "certificate": written(party.certificate(chance).document()),
            "coefexps": written(party.commitment(chance).document()),
        }
        self._append({"op": "made", "uuid": uuid, "texts": texts})

    def party(self, passphrase: str) -> Party:
        """The secrets that were drawn. Raises ``WrongPassphraseError``."""
        document = self._kept(PARTY, passphrase)
        return Party(
            group_named(document["group"], "party/group"),
            document["size"],
            document["threshold"],
            document["index"],
            document["seed"],
            tuple(int(each) for each in document["coefficients"]),
        )

    def keep_share(self, share: int, passphrase: str) -> None:
        """Keep the trustee's key, got from all members' shares."""
        self._secrets.keep(SHARE, self._made(), {"share": str(share)}, passphrase)

    def share(self, passphrase: str) -> int:
        """The trustee's key. Raises ``WrongPassphraseError``, ``FileMissingError`` before it was kept."""
        return int(self._kept(SHARE, passphrase)["share"])

    @property
    def has_share(self) -> bool:
        """Whether the trustee's key is there."""
        return self._secrets.has(SHARE)

    def say(self, name: str, make: Callable[[], str]) -> str:
        """The text *name* as it was first made: proofs hold chance, and one text only is ever published."""
        if name not in self.record.texts:
            self._made()
            self._append({"op": "said", "texts": {name: make()}})
        return self.record.texts[name]

    def continues(self, size: int, root_then: Callable[[int], str]) -> None:
        """
        Raise ``OtherHistoryError`` unless a log of *size* entries continues the one that was seen before.

        *root_then* gives its root at an earlier size.
        """
        seen = self.record.seen
        if seen is not None and (size < seen.size or root_then(seen.size) != seen.root):
            raise OtherHistoryError(seen, size)

    def see(self, size: int, root: str) -> None:
        """Note the log that was read, once what it says has held: only logs that go on from it are taken from now on."""
        if self.record.seen != (size, root):
            self._append({"op": "seen", **Seen(size, root)._asdict()})

    def confirm(self, election: Election) -> None:
        """
        Note that the fingerprint of *election* was compared with the other trustees'.

        Raises ``OtherElectionError`` when another was confirmed before.
        """
        self._made()
        uuid, fingerprint = election.uuid, election.fingerprint
        self.record.may_confirm(uuid, fingerprint)
        if self.record.part(uuid).fingerprint is None:
            said = {"op": "confirmed", "uuid": uuid, "fingerprint": fingerprint}
            self._append(said, lambda record: record.may_confirm(uuid, fingerprint))

    def confirmed(self, election: Election) -> None:
        """Raise unless exactly this *election* was confirmed."""
        given = self.record.confirmed(election.uuid)
        if given != election.fingerprint:
            raise OtherElectionError(given, election.fingerprint)

    def decrypt(
        self, election: Election, tally: EncryptedTally, passphrase: str, chance: Chance
    ) -> str:
        """
        The text of this trustee's partial decryption of *tally*, which the caller recomputed from the box.

        The same text each time. Raises ``SecondTallyError`` for another sum, ``OtherElectionError`` and
        ``NotConfirmedError`` for another election than was confirmed, ``WrongPassphraseError``.
        """
        self._made()
        uuid, digest = election.uuid, hex_hash(tally.sized_text)

        def allowed(record: Record) -> None:
            record.may_decrypt(uuid, election.fingerprint, digest)

        allowed(self.record)
        part = self.record.part(uuid)
        if part.decryption is not None:
            return part.decryption
        secret = self.share(passphrase)
        if part.tally is None:
            self._append({"op": "decrypting", "uuid": uuid, "tally": digest}, allowed)
        text = decrypt_partially(election, tally, secret, chance).text
        self._append({"op": "decrypted", "uuid": uuid, "text": text}, allowed)
        return text

    def destroy(self) -> None:
        """Remove every secret, after the journal says so; the journal stays and refuses everything after."""
        self._made()
        if not self.record.destroyed:
            self._append({"op": "destroyed"})
        for name in (PARTY, SHARE):
            self._secrets.forget(name)

    def _made(self) -> str:
        if not self.record.is_made:
            raise NoTrusteeError(self.folder)
        return self.record.uuid

    def _kept(self, name: str, passphrase: str) -> dict[str, Any]:
        return self._secrets.kept(name, self._made(), passphrase)

    def _append(
        self, said: dict[str, Any], allowed: Callable[[Record], None] = lambda _: None
    ) -> None:
        with self._journal.locked():
            self._refresh()
            allowed(self.record)
            self._journal.append([said])
            self.record = self.record.after(said)

    def _refresh(self) -> None:
        for said in self._journal.read():
            self.record = self.record.after(said)
        if not self.record.is_made and self._secrets.has(SHARE):
            raise FileMissingError(self.folder / JOURNAL)


def _party_document(party: Party) -> dict[str, Any]:
    return {
        "group": party.group.name,
        "size": party.size,
        "threshold": party.threshold,
        "index": party.index,
        "seed": party.seed,
        "coefficients": [str(each) for each in party.coefficients],
    }
