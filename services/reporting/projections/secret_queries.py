"""Questions to the secret ballots: the set-up that a client needs, the box by tracker, the key generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.reporting.projections.secret_ballots import (
    credentials,
    elections,
    key_shares,
    secret_votes,
)
from thidua.contracts import EventData
from thidua.contracts import secret_ballots as s
from thidua.voting.archive import roll_text
from thidua.voting.group import BELENIOS_2048
from thidua.voting.rounds import places, trustees_of

if TYPE_CHECKING:
    from services.reporting.reading import Reading
    from services.reporting.rows import Row


_AHEAD: Final = ("drafted", "fixed")


@dataclass(frozen=True, slots=True)
class SecretElection:
    """
    A secret ballot's set-up and how far it has come; what is not known yet is empty.

    ``state`` is ``drafted``, ``fixed``, ``open``, ``closed``, ``counted`` or ``void``. ``election``, ``trustees`` and
    ``credentials`` are the exact texts of the archive; ``registered`` are public credentials by unit.
    """

    cycle: str
    ballot: str
    state: str
    uuid: str
    about: str
    nominees: list[str]
    form: str
    previous: str | None
    drafted: str
    trustees_wanted: list[dict[str, Any]]
    keys_of: str | None
    min_ballots: int
    decrypt_hours: int
    complaint_days: int
    fingerprint: str | None
    election: str | None
    trustees: str | None
    credentials: str | None
    registered: dict[str, str]
    drilled: list[int]
    closes: str | None
    timestamp: int | None
    counted: int | None
    tally: str | None
    decryptions: dict[str, str]
    result: list[list[int]] | None
    void_reason: str | None


@dataclass(frozen=True, slots=True)
class TrackedVote:
    """A vote in the box, by tracker; ``counts`` unless the same member voted again."""

    tracker: str
    unit: str
    sequence: int
    counts: bool
    rx: str
    position: int
    hash: str


@dataclass(frozen=True, slots=True)
class CheckedTrackers:
    """
    Of the votes that count, how many their own members say they have looked for and found; nobody is named.

    They say so in a signed event of the log (``tracker-checked``). Whoever looked without saying so is not counted.
    """

    checked: int
    of: int


@dataclass(frozen=True, slots=True)
class TrusteeShare:
    """What one trustee has published, round by round."""

    owner: int
    source: str
    office: str
    committed: dict[str, Any] | None
    published: dict[str, Any] | None
    sealed: dict[str, Any] | None
    confirmed: dict[str, Any] | None
    drilled: bool
    decrypted: bool
    destroyed: bool


def secret_election(read: Reading, cycle: str, ballot: str) -> SecretElection | None:
    """The set-up of a secret ballot; None where the ballot is none."""
    row = read.one(elections, cycle=cycle, ballot=ballot)
    if row is None:
        return None
    registered = {
        one["unit"]: one["credential"] for one in read.rows(credentials, cycle=cycle, ballot=ballot)
    }
    shares = read.rows(key_shares, cycle=cycle, ballot=ballot)
    on_roll = [one for unit, one in registered.items() if unit in (row["roll"] or ())]
    opened = row["box_opened"] is not None
    return SecretElection(
        cycle=cycle,
        ballot=ballot,
        state=row["state"],
        uuid=row["uuid"],
        about=row["about"],
        nominees=row["nominees"],
        form=row["form"],
        previous=row["previous"],
        drafted=row["drafted_by"],
        trustees_wanted=row["trustees_wanted"],
        keys_of=row["keys_of"],
        min_ballots=row["min_ballots"],
        decrypt_hours=row["decrypt_hours"],
        complaint_days=row["complaint_days"],
        fingerprint=row["fingerprint"],
        election=row["election_text"],
        trustees=_trustees(read, row) if row["fingerprint"] else None,
        credentials=roll_text([int(one) for one in on_roll]) if opened else None,
        registered=registered,
        drilled=[one["trustee"] for one in shares if one["drilled"]],
        closes=row["closes"],
        timestamp=row["box_opened"],
        counted=row["counted"],
        tally=row["encrypted_sum"],
        decryptions={str(one["trustee"]): one["decryption"] for one in shares if one["decryption"]},
        result=row["sums"],
        void_reason=row["void_reason"],
    )


def trackers_of(read: Reading, cycle: str, ballot: str) -> list[TrackedVote] | None:
    """The box, oldest vote first; None where the ballot is no secret one."""
    if read.one(elections, cycle=cycle, ballot=ballot) is None:
        return None
    rows = sorted(
        read.rows(secret_votes, cycle=cycle, ballot=ballot), key=lambda row: row["position"]
    )
    last = {row["unit"]: row["sequence"] for row in rows}
    return [
        TrackedVote(
            tracker=row["tracker"],
            unit=row["unit"],
            sequence=row["sequence"],
            counts=last[row["unit"]] == row["sequence"],
            rx=row["rx"],
            position=row["position"],
            hash=row["hash"],
        )
        for row in rows
    ]


def checked_trackers(read: Reading, cycle: str, ballot: str) -> CheckedTrackers | None:
    """How many of the counting votes were checked by their members; None where the ballot is no secret one."""
    votes = trackers_of(read, cycle, ballot)
    if votes is None:
        return None
    rows = read.rows(secret_votes, cycle=cycle, ballot=ballot)
    checked = {row["tracker"] for row in rows if row["checked"]}
    counting = [vote.tracker for vote in votes if vote.counts]
    return CheckedTrackers(sum(tracker in checked for tracker in counting), len(counting))


def elections_ahead(read: Reading, cycle: str) -> list[dict[str, Any]]:
    """The secret ballots of a year that are drafted and not open yet, with their fingerprint once they have one."""
    ahead = [row for row in read.rows(elections, cycle=cycle) if row["state"] in _AHEAD]
    named = ("ballot", "state", "about", "nominees", "fingerprint", "position")
    return [{name: row[name] for name in named} for row in ahead]


def key_generation(read: Reading, cycle: str, ballot: str) -> list[TrusteeShare] | None:
    """Every trustee's messages in the order of their numbers; None where the ballot is no secret one."""
    if read.one(elections, cycle=cycle, ballot=ballot) is None:
        return None
    return [
        TrusteeShare(
            owner=row["trustee"],
            source=row["source"],
            office=row["office"],
            committed=row["committed"],
            published=row["key_published"],
            sealed=row["shared_out"],
            confirmed=row["key_confirmed"],
            drilled=row["drilled"],
            decrypted=row["decryption"] is not None,
            destroyed=row["destroyed"],
        )
        for row in read.rows(key_shares, cycle=cycle, ballot=ballot)
    ]


def _trustees(read: Reading, row: Row) -> str:
    """The exact text of the trustees, from the ballot for which their keys were made."""
    while row["keys_of"] is not None:
        earlier = read.one(elections, cycle=row["cycle"], ballot=row["keys_of"])
        if earlier is None:
            break
        row = earlier
    name = row["ballot"]
    said: tuple[dict[int, Any], dict[int, Any], dict[int, Any]] = ({}, {}, {})
    kinds: tuple[type[EventData], ...] = (
        s.TrusteePublished,
        s.TrusteeSharesSealed,
        s.TrusteeKeyConfirmed,
    )
    columns = ("key_published", "shared_out", "key_confirmed")
    for share in read.rows(key_shares, cycle=row["cycle"], ballot=name):
        for kind, column, found in zip(kinds, columns, said, strict=True):
            given = {"ballot": name, "owner": share["trustee"], **share[column]}
            found[share["trustee"]] = kind.model_validate(given, strict=False)
    groups = [s.TrusteeGroup.model_validate(one, strict=False) for one in row["trustees_wanted"]]
    return trustees_of(BELENIOS_2048, places(groups), *said).text
