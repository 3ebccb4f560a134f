"""
The verifier of an archive: all that `belenios-tool election verify` asks, and what it does not.

S1 the order of the events, one set-up, one run of ballots, one closing, one tally, one result;
S2 the archived tally is the product of the ballots; S3 every element is in the group, also in the key generation;
S4 no trustee decrypts twice, owners are in range; S5 no record to which nothing refers; S6 all signatures of
the key generation. Beyond these, no ballot stands twice, and the archive is byte for byte what its texts make.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from thidua.voting.archive import ArchiveWriter, Record, read_archive, roll_text
from thidua.voting.ballots import Ballot, check_ballot, read_ballot
from thidua.voting.canonical import integer, items, members, parse, shown, string
from thidua.voting.checking import check_ballots
from thidua.voting.election import Election, read_election
from thidua.voting.faults import BallotFaultError
from thidua.voting.tally import (
    EncryptedTally,
    PartialDecryption,
    Result,
    add_up,
    last_of_each,
    open_tally,
    owned_text,
    read_partial_decryption,
    read_result,
)
from thidua.voting.trustees import Trustees, read_trustees

_FOLLOWING: Final[dict[str | None, frozenset[str]]] = {
    None: frozenset({"Setup"}),
    "Setup": frozenset({"Ballot", "EndBallots"}),
    "Ballot": frozenset({"Ballot", "EndBallots"}),
    "EndBallots": frozenset({"EncryptedTally"}),
    "EncryptedTally": frozenset({"PartialDecryption"}),
    "PartialDecryption": frozenset({"PartialDecryption", "Result"}),
    "Result": frozenset(),
}
_WORTH_TABLES: Final = 8
"""From how many events on a table of powers pays for itself."""


@dataclass(frozen=True, slots=True)
class Verified:
    """An archive in which everything holds: what it says, with no word about any single choice."""

    election: Election
    state: str
    """The last event: ``Setup``, ``Ballot``, ``EndBallots``, ``EncryptedTally``, ``PartialDecryption``, ``Result``."""
    roll: frozenset[int]
    cast: int
    trackers: tuple[str, ...]
    """Of the ballots that count, sorted."""
    owners: tuple[int, ...]
    """The trustees that decrypted."""
    result: Result | None
    last_event: str
    sha256: str


def verify_archive(raw: bytes, *, jobs: int = 1) -> Verified:
    """
    What the archive *raw* says, once all of it has been found to hold; an election still open is fine.

    *jobs* processes check the ballots; `thidua.voting.checking.jobs_for` says how many are worth starting.

    Raises BallotFaultError for the first thing that does not.
    """
    archive = read_archive(raw)
    data = {record.digest: record.text for record in archive.records if record.kind == "data"}
    events = [record for record in archive.records if record.kind == "event"]
    replay = _Replay(
        ArchiveWriter(archive.timestamp), data, many=len(events) > _WORTH_TABLES, jobs=jobs
    )
    for at, event in enumerate(events):
        replay.take(event, f"event {at}")
    if replay.last is None or replay.writer.last_event is None:
        raise BallotFaultError("archive", "a Setup", "no event")
    if bytes(replay.writer) != raw:
        raise BallotFaultError(
            "archive", "the records its events refer to, in their order", "other records"
        )
    return Verified(
        election=replay.election,
        state=replay.last,
        roll=replay.roll,
        cast=len(replay.ballots),
        trackers=tuple(sorted(ballot.tracker for ballot in last_of_each(replay.ballots))),
        owners=tuple(sorted(replay.decryptions)),
        result=replay.result,
        last_event=replay.writer.last_event,
        sha256=sha256(raw).hexdigest(),
    )


def read_roll(election: Election, text: str) -> frozenset[int]:
    """
    The public credentials in *text*: each once, in the group, without weights, in the order of their texts.

    Raises BallotFaultError.
    """
    listed = [
        election.group.element(each, f"credentials/{at}")
        for at, each in enumerate(items(parse(text, "credentials"), "credentials"))
    ]
    if 1 in listed:
        raise BallotFaultError("credentials", "credentials with a secret", "the number 1")
    if len(set(listed)) != len(listed):
        raise BallotFaultError("credentials", "different credentials", "one of them twice")
    if roll_text(listed) != text:
        raise BallotFaultError("credentials", "the sorted canonical list", "another text")
    return frozenset(listed)


class _Replay:
    """The events taken so far; everything that held is written again, to compare the bytes at the end."""

    election: Election
    trustees: Trustees
    tally: EncryptedTally

    def __init__(
        self, writer: ArchiveWriter, data: dict[str, str], *, many: bool, jobs: int
    ) -> None:
        self.writer = writer
        self.last: str | None = None
        self.roll: frozenset[int] = frozenset()
        self.ballots: list[Ballot] = []
        self.decryptions: dict[int, PartialDecryption] = {}
        self.result: Result | None = None
        self._data = data
        self._many = many
        self._jobs = jobs
        self._checked: dict[str, Ballot] = {}
        self._seen: set[str] = set()

    def take(self, record: Record, path: str) -> None:
        """Check one event and what it refers to; raise BallotFaultError where it does not hold."""
        event = members(
            parse(record.text, path), path, "height", "type", optional=("parent", "payload")
        )
        kind = string(event["type"], f"{path}/type")
        if kind not in _FOLLOWING[self.last]:
            expected = " | ".join(sorted(_FOLLOWING[self.last])) or "nothing more"
            raise BallotFaultError(f"{path}/type", f"{expected} after {self.last}", shown(kind))
        if event.get("parent") != self.writer.last_event:
            raise BallotFaultError(f"{path}/parent", "the event before", "another")
        if ("payload" in event) != (kind != "EndBallots"):
            raise BallotFaultError(f"{path}/payload", "a payload on all but EndBallots", "other")
        payload = None if kind == "EndBallots" else self._text(event["payload"], f"{path}/payload")
        self._take(kind, payload or "", path)
        if self.writer.last_event != record.digest:
            raise BallotFaultError(path, "the event that follows from its content", "another")
        self.last = kind

    def _take(self, kind: str, payload: str, path: str) -> None:
        match kind:
            case "Setup":
                self._set_up(self._members(payload, path, "election", "trustees", "credentials"))
            case "Ballot":
                self._add_ballot(payload)
            case "EndBallots":
                self.writer.end_ballots()
            case "EncryptedTally":
                self._add_up(payload, path)
            case "PartialDecryption":
                self._decrypt(payload, path)
            case _:
                self.result = open_tally(self.election, self.trustees, self.tally, self.decryptions)
                read_result(payload, self.result)
                self.writer.result(self.result)

    def _set_up(self, named: dict[str, Any]) -> None:
        texts = {name: self._text(named[name], name) for name in named}
        election = read_election(texts["election"])
        self.trustees = read_trustees(election.group, texts["trustees"])
        if self.trustees.election_key(election.group) != election.key:
            raise BallotFaultError(
                "election/public_key", "the product of the trustees' keys", "another key"
            )
        self.roll = read_roll(election, texts["credentials"])
        self.election = election.prepared() if self._many else election
        self.writer.setup(texts["election"], texts["trustees"], texts["credentials"])
        if self._jobs > 1:
            ballots = [text for text in self._data.values() if '"election_hash"' in text]
            self._checked = check_ballots(texts["election"], ballots, self._jobs)

    def _add_ballot(self, text: str) -> None:
        path = f"ballot {len(self.ballots) + 1}"
        if text in self._seen:
            raise BallotFaultError(path, "a ballot that is new", "a copy of an earlier one")
        self._seen.add(text)
        ballot = self._checked.get(text) or read_ballot(self.election, text, path)
        if ballot.credential not in self.roll:
            raise BallotFaultError(f"{path}/credential", "one of the roll", "a stranger's")
        if text not in self._checked:
            check_ballot(self.election, ballot, path)
        self.ballots.append(ballot)
        self.writer.ballot(text)

    def _add_up(self, payload: str, path: str) -> None:
        self.tally = add_up(self.election, last_of_each(self.ballots))
        names = ("num_tallied", "total_weight", "encrypted_tally")
        sized = self._members(payload, path, *names)
        for name in names[:2]:
            counted = integer(sized[name], f"{path}/{name}", 0, len(self.ballots))
            if counted != self.tally.counted:
                raise BallotFaultError(f"{path}/{name}", f"{self.tally.counted}", f"{counted}")
        if self._text(sized["encrypted_tally"], f"{path}/encrypted_tally") != self.tally.text:
            raise BallotFaultError(
                f"{path}/encrypted_tally", "the product of the ballots", "another tally"
            )
        self.writer.encrypted_tally(self.tally)

    def _decrypt(self, payload: str, path: str) -> None:
        owned = self._members(payload, path, "owner", "payload")
        owner = integer(owned["owner"], f"{path}/owner", 1, len(self.trustees.keys()))
        if owner in self.decryptions:
            raise BallotFaultError(
                f"{path}/owner", "a trustee's first decryption", f"{owner} again"
            )
        text = self._text(owned["payload"], f"{path}/payload")
        given = read_partial_decryption(self.election, self.trustees, self.tally, owner, text)
        if owned_text(owner, given) != payload:
            raise BallotFaultError(path, "the canonical text", "the same content written otherwise")
        self.decryptions[owner] = given
        self.writer.partial_decryption(owner, given)

    def _members(self, text: str, path: str, *names: str) -> dict[str, Any]:
        return members(parse(text, path), path, *names)

    def _text(self, digest: object, path: str) -> str:
        if not isinstance(digest, str) or digest not in self._data:
            raise BallotFaultError(path, "the hash of a record", "another value")
        return self._data[digest]
