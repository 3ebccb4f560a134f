"""
The voter's desk: its credential under a passphrase, and each prepared ballot until it is cast or opened.

A ballot whose randomness was shown must never be cast, or everybody could read it; one that is cast must never be
opened. The journal says which of the two a ballot is for before either is done.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from thidua.custody.files import FileMissingError
from thidua.custody.keeping import Keeping
from thidua.custody.record import NewerRecordError, OtherElectionError
from thidua.custody.sealing import STRONG, Cost
from thidua.errors import RejectError
from thidua.journal import Journal
from thidua.voting.challenge import prepare_ballot
from thidua.voting.credentials import draw_credential, open_credential, prove_registration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from thidua.voting.credentials import Credential
    from thidua.voting.election import Election
    from thidua.voting.group import Chance, Group
    from thidua.voting.questions import Choice

JOURNAL: Final = "voter.jsonl"
CREDENTIAL: Final = "credential.sealed"
PREPARED: Final = "prepared.sealed"
Fate: TypeAlias = Literal["open", "opened", "cast"]


class NoCredentialError(RejectError):
    """No credential was made in this folder yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: chưa có mã bỏ phiếu / no credential was made here")

    def diagnostics(self) -> str:
        """Name the command."""
        return "Chạy trước, khi chưa mở bỏ phiếu: thidua ballot credential / Make one before the ballot opens."


class NothingPreparedError(RejectError):
    """No ballot waits for its voter's decision."""

    def __init__(self) -> None:
        super().__init__("không có phiếu nào chờ quyết định / no prepared ballot waits")

    def diagnostics(self) -> str:
        """Name the command."""
        return "Lập phiếu: thidua ballot cast --prepare / Prepare one first."


class BallotOpenedError(RejectError):
    """The ballot's randomness was shown: whoever saw it could read the vote, so it is never cast."""

    def __init__(self, tracker: str) -> None:
        super().__init__(
            f"{tracker}: phiếu này đã mở để kiểm tra, không bao giờ được gửi / was opened and is never cast"
        )

    def diagnostics(self) -> str:
        """Say what to do."""
        return "Lập phiếu mới: thidua ballot cast / Prepare a new ballot."


class BallotCastError(RejectError):
    """The ballot is in the box, or on its way: its randomness is never shown."""

    def __init__(self, tracker: str) -> None:
        super().__init__(
            f"{tracker}: phiếu này đã gửi, không mở ra được / was cast and is never opened"
        )

    def diagnostics(self) -> str:
        """Say what to do."""
        return (
            "Muốn kiểm tra máy, lập một phiếu khác. / To test the client, prepare another ballot."
        )


class OtherCredentialError(RejectError):
    """The roll does not hold the credential of this desk: nothing that is prepared here would be taken."""

    def __init__(self) -> None:
        super().__init__(
            "danh sách cử tri không có mã bỏ phiếu của máy này / the roll does not hold this machine's credential"
        )

    def diagnostics(self) -> str:
        """Name the causes."""
        return (
            "Mã được tạo ở máy khác, đăng ký sau khi mở, hoặc có người dùng khóa ký của đơn vị. / "
            "It was made on another machine or registered too late, or somebody else uses the unit's signing key."
        )


@dataclass(frozen=True, slots=True)
class VoterRecord:
    """What the journal says: the election, the public credential, and the newest prepared ballot with its fate."""

    uuid: str = ""
    member: str = ""
    registration: Mapping[str, str] | None = None
    fingerprint: str | None = None
    tracker: str | None = None
    ballot: str = ""
    fate: Fate = "open"
    cast: tuple[str, ...] = ()
    """Trackers of the ballots that were cast, in order."""

    def after(self, said: Mapping[str, Any]) -> VoterRecord:
        """The record with one line of the journal more."""
        match said["op"]:
            case "made":
                texts = dict(said["registration"])
                return replace(self, uuid=said["uuid"], member=said["member"], registration=texts)
            case "prepared":
                return replace(
                    self,
                    fingerprint=said["fingerprint"],
                    tracker=said["tracker"],
                    ballot=said["ballot"],
                    fate="open",
                )
            case "opened":
                return replace(self, fate="opened")
            case "cast":
                return replace(self, fate="cast", cast=(*self.cast, self.tracker or ""))
            case other:
                raise NewerRecordError(str(other))

    def may_cast(self, tracker: str) -> None:
        """Raise unless the ballot *tracker* may be cast: it waits, or was cast before."""
        self._present(tracker)
        if self.fate == "opened":
            raise BallotOpenedError(tracker)

    def may_open(self, tracker: str) -> None:
        """Raise unless the randomness of the ballot *tracker* may be shown: it waits, or was shown before."""
        self._present(tracker)
        if self.fate == "cast":
            raise BallotCastError(tracker)

    def _present(self, tracker: str) -> None:
        if self.tracker is None or tracker != self.tracker:
            raise NothingPreparedError


@dataclass(frozen=True, slots=True)
class Shown:
    """A ballot that was opened: for another device, which works out the same text from choices and seed."""

    ballot: str
    choices: tuple[Choice, ...]
    seed: bytes


class VoterDesk:
    """
    One voter of one election in *folder*; one process at a time acts (:meth:`alone`).

    *draw* gives random bytes for sealing, *cost* what one guess of the passphrase takes.
    """

    def __init__(self, folder: Path, draw: Callable[[int], bytes], cost: Cost = STRONG) -> None:
        self.folder = folder
        self.record = VoterRecord()
        self._secrets = Keeping(folder, draw, cost)
        self._journal = Journal(folder / JOURNAL)
        self._refresh()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one process that acts; raises ``LockedError`` when another does."""
        with self._journal.alone():
            self._refresh()
            yield

    def make(
        self, group: Group, uuid: str, member: str, passphrase: str, chance: Chance
    ) -> Mapping[str, str]:
        """
        The public credential of *member* in the election *uuid* and its proof, made once; texts to be registered.

        The secret one lies under *passphrase*. Raises :class:`OtherElectionError` in a folder of another election.
        """
        if self.record.registration is not None:
            if (self.record.uuid, self.record.member) != (uuid, member):
                raise OtherElectionError(self.record.uuid, uuid)
            return self.record.registration
        text = draw_credential(chance)
        credential = open_credential(group, uuid, text)
        proof = prove_registration(group, uuid, member, credential, chance).document()
        self._secrets.keep(CREDENTIAL, uuid, {"credential": text}, passphrase)
        registration = {"credential": str(credential.public), **proof}
        self._append({"op": "made", "uuid": uuid, "member": member, "registration": registration})
        return registration

    def of_roll(self, public: int | None) -> None:
        """Raise unless *public*, the unit's credential in the roll, is this desk's."""
        if self.record.registration is None:
            raise NoCredentialError(self.folder)
        if str(public) != self.record.registration["credential"]:
            raise OtherCredentialError

    def credential_text(self, passphrase: str) -> str:
        """The secret credential as it goes onto paper. Raises ``WrongPassphraseError``."""
        text: str = self._kept(CREDENTIAL, passphrase)["credential"]
        return text

    def credential(self, group: Group, passphrase: str) -> Credential:
        """The credential. Raises ``WrongPassphraseError``."""
        return open_credential(group, self.record.uuid, self.credential_text(passphrase))

    def prepare(
        self, election: Election, choices: Sequence[Choice], passphrase: str, chance: Chance
    ) -> str:
        """
        The tracker of a new ballot with *choices*; one that waited before is forgotten.

        Raises ``BallotFaultError``, without the choices, when a question does not allow them.
        """
        if self.record.registration is None:
            raise NoCredentialError(self.folder)
        if election.uuid != self.record.uuid:
            raise OtherElectionError(self.record.uuid, election.uuid)
        if self.record.fingerprint not in (None, election.fingerprint):
            raise OtherElectionError(self.record.fingerprint or "", election.fingerprint)
        credential = self.credential(election.group, passphrase)
        prepared = prepare_ballot(election, credential, choices, chance)
        self._secrets.forget(PREPARED)
        tracker = prepared.ballot.tracker
        hidden = {
            "tracker": tracker,
            "choices": [list(choice) for choice in choices],
            "seed": prepared.seed.hex(),
        }
        self._append(
            {
                "op": "prepared",
                "fingerprint": election.fingerprint,
                "tracker": tracker,
                "ballot": prepared.ballot.text,
            }
        )
        self._secrets.keep(PREPARED, self.record.uuid, hidden, passphrase)
        return tracker

    def cast(self, tracker: str) -> str:
        """
        The text of the prepared ballot *tracker*, which is from now on to be cast; its randomness is thrown away.

        Again: the same text. Raises :class:`BallotOpenedError`, :class:`NothingPreparedError`.
        """
        self.record.may_cast(tracker)
        if self.record.fate != "cast":
            self._append({"op": "cast"}, lambda record: record.may_cast(tracker))
        self._secrets.forget(PREPARED)
        return self.record.ballot

    def open(self, tracker: str, passphrase: str) -> Shown:
        """
        What the prepared ballot *tracker* holds, which is from now on never cast.

        Again, until another ballot is prepared: the same. Raises :class:`BallotCastError`, ``WrongPassphraseError``.
        """
        self.record.may_open(tracker)
        hidden = self._kept(PREPARED, passphrase)
        if hidden["tracker"] != tracker:
            raise FileMissingError(self.folder / PREPARED)
        if self.record.fate != "opened":
            self._append({"op": "opened"}, lambda record: record.may_open(tracker))
        choices = tuple(tuple(choice) for choice in hidden["choices"])
        return Shown(self.record.ballot, choices, bytes.fromhex(hidden["seed"]))

    def _kept(self, name: str, passphrase: str) -> dict[str, Any]:
        if self.record.registration is None:
            raise NoCredentialError(self.folder)
        return self._secrets.kept(name, self.record.uuid, passphrase)

    def _append(
        self, said: dict[str, Any], allowed: Callable[[VoterRecord], None] = lambda _: None
    ) -> None:
        with self._journal.locked():
            self._refresh()
            allowed(self.record)
            self._journal.append([said])
            self.record = self.record.after(said)

    def _refresh(self) -> None:
        for said in self._journal.read():
            self.record = self.record.after(said)
