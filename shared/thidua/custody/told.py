"""What the log says of the secret ballots of one cycle, folded from its recorded events by who must not trust a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.errors import RejectError
from thidua.knowledge import own_source
from thidua.voting.faults import BallotFaultError
from thidua.voting.rounds import Place, places

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from thidua.contracts import Event

T = TypeVar("T")
_UNITS: Final = "/units/"


class Vote(NamedTuple):
    """One accepted vote: of which unit, its text, and where it stands."""

    unit: str
    text: str
    tracker: str
    sequence: int
    hash: str


class NoSecretBallotError(RejectError):
    """The cycle has no secret ballot of that name by the log that was read."""

    def __init__(self, subject: str, ballot: str) -> None:
        super().__init__(
            f"{subject}: không có cuộc bỏ phiếu kín {ballot} / no secret ballot of this name"
        )

    def diagnostics(self) -> str:
        """Say that the copy may be old."""
        return "Kiểm tra tên, hoặc lấy bản kho lưu mới hơn. / Check the name, or get a newer copy of the archive."


@dataclass(slots=True)
class Told:
    """One secret ballot as the log has it; nothing in it was checked against anything else."""

    subject: str
    draft: s.ElectionDrafted
    drafted: str
    """Hash of the draft's event: the election's text repeats it."""
    committed: dict[int, s.TrusteeCommitted] = field(default_factory=dict)
    published: dict[int, s.TrusteePublished] = field(default_factory=dict)
    sealed: dict[int, s.TrusteeSharesSealed] = field(default_factory=dict)
    confirmed: dict[int, s.TrusteeKeyConfirmed] = field(default_factory=dict)
    drilled: dict[int, str] = field(default_factory=dict)
    """By owner the fingerprint that the trustee says it computed."""
    fixed: s.ElectionFixed | None = None
    registered: dict[str, s.CredentialRegistered] = field(default_factory=dict)
    """By unit the credential that stands; after the opening none is taken in."""
    opened: s.ElectionOpened | None = None
    closes: datetime | None = None
    votes: list[Vote] = field(default_factory=list)
    late: int = 0
    """Votes that stand behind the closing: an honest log has none."""
    closed: bool = False
    tally: s.TallyEncrypted | None = None
    decryptions: dict[int, str] = field(default_factory=dict)
    result: s.ResultPublished | None = None
    void: str | None = None
    destroyed: dict[int, str] = field(default_factory=dict)
    """By owner its statement."""

    @property
    def places(self) -> tuple[Place, ...]:
        """The trustees' places, by owner number from 1."""
        return places(self.draft.trustees)

    def take(self, event: Event) -> None:
        """
        Take in the next event that names this ballot.

        Raises BallotFaultError where an honest service records nothing: a trustee's word by somebody else, a second
        set-up, opening or sum, and a service's word by another source.
        """
        data = event.data
        match data:
            case s.TrusteeCommitted():
                self._keep(self.committed, event, data.owner, data)
            case s.TrusteePublished():
                self._keep(self.published, event, data.owner, data)
            case s.TrusteeSharesSealed():
                self._keep(self.sealed, event, data.owner, data)
            case s.TrusteeKeyConfirmed():
                self._keep(self.confirmed, event, data.owner, data)
            case s.TrusteeDrillPassed():
                self._keep(self.drilled, event, data.owner, data.fingerprint)
            case s.PartiallyDecrypted():
                self._keep(self.decryptions, event, data.owner, data.decryption)
            case s.KeyShareDestroyed():
                self._keep(self.destroyed, event, data.owner, data.statement)
            case s.CredentialRegistered() if self.opened is None:
                self.registered[event.source.removeprefix(_UNITS)] = data
            case s.SecretVoteCast():
                unit = event.source.removeprefix(_UNITS)
                self.late += self.closed
                self.votes.append(Vote(unit, data.vote, data.tracker, data.sequence, event.hash))
            case b.BallotOpened() | b.BallotExtended():
                self.closes = data.closes
            case b.BallotVoided():
                self.void = data.reason
            case _:
                self._of_service(event)

    def _of_service(self, event: Event) -> None:
        data = event.data
        match data:
            case s.ElectionFixed():
                self.fixed = self._first(self.fixed, event, data)
            case s.ElectionOpened():
                self.opened = self._first(self.opened, event, data)
            case b.BallotClosed():
                self.closed = self._first(self.closed or None, event, True) is True
            case s.TallyEncrypted():
                self.tally = self._first(self.tally, event, data)
            case s.ResultPublished():
                self.result = self._first(self.result, event, data)
            case _:
                pass

    def _keep(self, kept: dict[int, T], event: Event, owner: int, said: T) -> None:
        """A trustee says each thing once, from the source that its draft names."""
        path = f"trustee {owner}/{event.data.TYPE}"
        if owner > len(self.places) or self.places[owner - 1].source != event.source:
            raise BallotFaultError(path, "the source that the draft names", event.source)
        if owner in kept:
            raise BallotFaultError(path, "said once", "said again")
        kept[owner] = said

    def _first(self, before: T | None, event: Event, said: T) -> T:
        """The deciding service says each thing once."""
        path = f"{self.draft.ballot}/{event.data.TYPE}"
        if event.source != own_source("ballots"):
            raise BallotFaultError(path, own_source("ballots"), event.source)
        if before is not None:
            raise BallotFaultError(path, "said once", "said again")
        return said


class SecretBallots:
    """The secret ballots of the cycle *subject*, by name."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._told: dict[str, Told] = {}

    def take(self, event: Event) -> None:
        """Take in a recorded event of any subject. Raises BallotFaultError as :meth:`Told.take` does."""
        if event.subject != self.subject:
            return
        data = event.data
        name = getattr(data, "ballot", None)
        if isinstance(data, s.ElectionDrafted):
            if name in self._told:
                raise BallotFaultError(f"{data.ballot}/{data.TYPE}", "said once", "said again")
            self._told[data.ballot] = Told(self.subject, data, event.hash)
        elif name in self._told:
            self._told[name].take(event)

    def named(self, ballot: str) -> Told:
        """One ballot. Raises :class:`NoSecretBallotError`."""
        try:
            return self._told[ballot]
        except KeyError:
            raise NoSecretBallotError(self.subject, ballot) from None

    def keys_for(self, told: Told) -> Told:
        """The ballot for which the trustees' keys of *told* were made: itself, or an earlier one of the cycle."""
        seen: list[str] = []
        while told.draft.keys_of is not None:
            if told.draft.ballot in seen:
                raise NoSecretBallotError(self.subject, told.draft.keys_of)
            seen.append(told.draft.ballot)
            told = self.named(told.draft.keys_of)
        return told

    def open_with(self, keys: Told) -> list[str]:
        """The ballots that use the keys made for *keys* and have neither a result nor been voided."""
        return [
            name
            for name, told in self._told.items()
            if self.keys_for(told) is keys and told.result is None and told.void is None
        ]


def told_of(subject: str, events: Iterable[Event]) -> SecretBallots:
    """The secret ballots of the cycle *subject* after *events*."""
    found = SecretBallots(subject)
    for event in events:
        found.take(event)
    return found
