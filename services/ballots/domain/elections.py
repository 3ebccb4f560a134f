"""A secret ballot's election as the log tells it: trustees, credentials, votes and count; it believes what stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from thidua.contracts import Event
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.voting.rounds import Place, places

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Keys:
    """A key generation: what each trustee said in each round, by owner. *uuid* is the election's it was held for."""

    uuid: str
    seats: tuple[Place, ...]
    committed: Mapping[int, s.TrusteeCommitted] = field(default_factory=dict)
    published: Mapping[int, s.TrusteePublished] = field(default_factory=dict)
    sealed: Mapping[int, s.TrusteeSharesSealed] = field(default_factory=dict)
    confirmed: Mapping[int, s.TrusteeKeyConfirmed] = field(default_factory=dict)
    destroyed: frozenset[int] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether every trustee has confirmed its key."""
        return len(self.confirmed) == len(self.seats)


@dataclass(frozen=True, slots=True)
class Election:
    """
    The secret half of a ballot, from its draft on; the public half is the `Ballot` of the same name, once opened.

    ``votes`` are all votes by member in the order of the log, counted or replaced; ``checked`` are the trackers that
    their members say they have found.
    """

    draft: s.ElectionDrafted
    drafted_by: str
    keys: Keys
    fixed: s.ElectionFixed | None = None
    drilled: frozenset[int] = frozenset()
    credentials: Mapping[str, str] = field(default_factory=dict)
    opened: s.ElectionOpened | None = None
    votes: Mapping[str, tuple[s.SecretVoteCast, ...]] = field(default_factory=dict)
    checked: frozenset[str] = frozenset()
    tally: s.TallyEncrypted | None = None
    decrypted: Mapping[int, str] = field(default_factory=dict)
    result: s.ResultPublished | None = None
    voided_at: datetime | None = None

    @property
    def voided(self) -> bool:
        """Whether it came to nothing."""
        return self.voided_at is not None

    def holder(self, owner: int) -> Place | None:
        """The place of trustee *owner*; None where there is none of that number."""
        return self.keys.seats[owner - 1] if owner <= len(self.keys.seats) else None


def evolve_elections(elections: Mapping[str, Election], event: Event) -> Mapping[str, Election]:
    """The elections after *event*; the same object where it says nothing of them."""
    data = event.data
    if isinstance(data, s.ElectionDrafted):
        drafted = Election(data, event.hash, _keys(elections, data))
        return {**elections, data.ballot: drafted}
    name = getattr(data, "ballot", None)
    election = elections.get(name) if isinstance(name, str) else None
    if election is None:
        return elections
    if isinstance(data, s.KeyShareDestroyed):
        return _destroyed(elections, election, data.owner)
    after = _evolved(election, event)
    return elections if after is election else {**elections, election.draft.ballot: after}


def _keys(elections: Mapping[str, Election], draft: s.ElectionDrafted) -> Keys:
    if draft.keys_of is not None:
        return elections[draft.keys_of].keys
    return Keys(draft.uuid, places(draft.trustees))


def _evolved(election: Election, event: Event) -> Election:  # noqa: C901, PLR0911 - a flat dispatch
    keys = election.keys
    match event.data:
        case s.TrusteeCommitted() as data:
            keys = replace(keys, committed=_with(keys.committed, data.owner, data))
            return replace(election, keys=keys)
        case s.TrusteePublished() as data:
            keys = replace(keys, published=_with(keys.published, data.owner, data))
            return replace(election, keys=keys)
        case s.TrusteeSharesSealed() as data:
            keys = replace(keys, sealed=_with(keys.sealed, data.owner, data))
            return replace(election, keys=keys)
        case s.TrusteeKeyConfirmed() as data:
            keys = replace(keys, confirmed=_with(keys.confirmed, data.owner, data))
            return replace(election, keys=keys)
        case s.ElectionFixed() as data:
            return replace(election, fixed=data)
        case s.TrusteeDrillPassed(owner=owner):
            return replace(election, drilled=election.drilled | {owner})
        case s.CredentialRegistered(credential=credential):
            unit = event.unit or ""
            return replace(election, credentials=_with(election.credentials, unit, credential))
        case s.ElectionOpened() as data:
            return replace(election, opened=data)
        case s.SecretVoteCast() as data:
            unit = event.unit or ""
            votes = (*election.votes.get(unit, ()), data)
            return replace(election, votes=_with(election.votes, unit, votes))
        case s.TrackerChecked(tracker=tracker):
            return replace(election, checked=election.checked | {tracker})
        case s.TallyEncrypted() as data:
            return replace(election, tally=data)
        case s.PartiallyDecrypted(owner=owner, decryption=text):
            return replace(election, decrypted=_with(election.decrypted, owner, text))
        case s.ResultPublished() as data:
            return replace(election, result=data)
        case b.BallotVoided():
            return replace(election, voided_at=event.rx)
        case _:
            return election


def _destroyed(
    elections: Mapping[str, Election], of: Election, owner: int
) -> Mapping[str, Election]:
    """A share is gone for every election that was held with it."""
    return {
        name: replace(
            election, keys=replace(election.keys, destroyed=election.keys.destroyed | {owner})
        )
        if election.keys.uuid == of.keys.uuid
        else election
        for name, election in elections.items()
    }


def _with(known: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    return {**known, key: value}
