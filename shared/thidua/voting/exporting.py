"""The ``.bel`` archives of all secret ballots in a log: a pure function of its recorded events, in their order (I9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.voting.archive import ArchiveWriter, roll_text
from thidua.voting.group import BELENIOS_2048
from thidua.voting.rounds import places, trustees_of
from thidua.voting.tally import decryption_in, tally_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thidua.contracts import Event

GROUP: Final = BELENIOS_2048


@dataclass(slots=True)
class Exported:
    """
    One secret ballot of *subject* as the log tells it so far.

    ``texts`` are those of election, trustees and credentials, once the box was opened; ``bel`` the archive up
    to here, empty before. What the service published of it stands beside: ``opened``, ``tally``, ``result``.
    """

    subject: str
    draft: s.ElectionDrafted
    drafted_by: str
    fixed: s.ElectionFixed | None = None
    opened: s.ElectionOpened | None = None
    texts: tuple[str, str, str] | None = None
    roll: tuple[str, ...] = ()
    credentials: dict[str, str] = field(default_factory=dict)
    tally: s.TallyEncrypted | None = None
    result: s.ResultPublished | None = None
    published: b.TallyPublished | None = None
    void: str | None = None
    writer: ArchiveWriter | None = None
    _rounds: dict[type[s.TrusteeEvent], dict[int, Any]] = field(default_factory=dict)

    @property
    def ballot(self) -> str:
        """Its name."""
        return self.draft.ballot

    @property
    def bel(self) -> bytes:
        """The archive up to here."""
        return b"" if self.writer is None else bytes(self.writer)


class Archives:
    """Every secret ballot of a log; give it each recorded event in order."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Exported] = {}

    def __iter__(self) -> Iterator[Exported]:
        """All of them, in the order of their drafts."""
        return iter(self._known.values())

    def get(self, subject: str, ballot: str) -> Exported | None:
        """The ballot of that name in a cycle."""
        return self._known.get((subject, ballot))

    def take(self, event: Event) -> None:
        """Follow the log by one recorded event."""
        data = event.data
        if isinstance(data, s.ElectionDrafted):
            drafted = Exported(event.subject, data, event.hash)
            if data.keys_of is not None and (kept := self.get(event.subject, data.keys_of)):
                drafted._rounds = kept._rounds
            self._known[event.subject, data.ballot] = drafted
            return
        name = getattr(data, "ballot", None)
        known = self.get(event.subject, name) if isinstance(name, str) else None
        if known is not None:
            _take(known, event)


def _take(known: Exported, event: Event) -> None:
    match event.data:
        case s.TrusteePublished() | s.TrusteeSharesSealed() | s.TrusteeKeyConfirmed() as data:
            known._rounds.setdefault(type(data), {})[data.owner] = data
        case s.ElectionFixed() as data:
            known.fixed = data
        case s.CredentialRegistered(credential=credential):
            known.credentials[event.unit or ""] = credential
        case b.RollFrozen(roll=roll):
            known.roll = roll
        case s.ElectionOpened() as data:
            _open(known, data)
        case s.SecretVoteCast(vote=text) if known.writer is not None:
            known.writer.ballot(text)
        case s.TallyEncrypted() as data if known.writer is not None:
            known.tally = data
            known.writer.end_ballots()
            known.writer.encrypted_tally(tally_in(data.tally, data.counted))
        case s.PartiallyDecrypted(owner=owner, decryption=text) if known.writer is not None:
            known.writer.partial_decryption(owner, decryption_in(text))
        case s.ResultPublished() as data if known.writer is not None:
            known.result = data
            known.writer.result(data.result)
        case b.TallyPublished() as data:
            known.published = data
        case b.BallotVoided(reason=reason):
            known.void = reason
        case _:
            pass


def _open(known: Exported, data: s.ElectionOpened) -> None:
    known.opened = data
    if known.fixed is None:
        return
    said = known._rounds
    trustees = trustees_of(
        GROUP,
        places(known.draft.trustees),
        said[s.TrusteePublished],
        said[s.TrusteeSharesSealed],
        said[s.TrusteeKeyConfirmed],
    )
    listed = [int(one) for unit, one in known.credentials.items() if unit in known.roll]
    known.texts = known.fixed.election, trustees.text, roll_text(listed)
    known.writer = ArchiveWriter(data.timestamp)
    known.writer.setup(*known.texts)
