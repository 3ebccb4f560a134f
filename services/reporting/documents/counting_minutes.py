"""
The counting minutes (*biên bản kiểm phiếu*) of one ballot as a draft; the same form for all three modes.

What a mode has nothing of is empty: a roll call has no slips and no board, a secret ballot no box to unseal. Names of
persons, the number and the date of the paper are for people to write in: nothing of it stands in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from services.reporting.projections.ballot_queries import Ballot, BallotInFull, ballot_in_full
from services.reporting.projections.conferences import Conference, conferences_of
from services.reporting.projections.rules import regulation, rulebook
from services.reporting.projections.secret_queries import (
    CheckedTrackers,
    checked_trackers,
    key_generation,
    secret_election,
    trackers_of,
)
from services.reporting.projections.unit_queries import names
from thidua.clock import LOCAL, parse_instant

if TYPE_CHECKING:
    from services.reporting.documents.boxes import Boxes
    from services.reporting.reading import Reading


@dataclass(frozen=True, slots=True)
class NomineeLine:
    """
    What came back for one nominee.

    ``percent`` is of the outcome's base, in two places, half a hundredth up; ``no`` and ``none`` are empty where names
    are marked in a list, for there no mark says no.
    """

    unit: str
    yes: int
    no: int | None
    none: int | None
    percent: str | None
    outcome: Literal["passed", "reached", "not-passed"] | None


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A trustee of a secret ballot, and whether it took part in opening the sum."""

    owner: int
    source: str
    office: str
    took_part: bool


@dataclass(frozen=True, slots=True)
class SecretBox:
    """
    What lets anybody check the count of a secret ballot.

    ``trackers`` are those of the votes that count, sorted; ``replaced`` how many votes a later one replaced; ``checked``
    how many of those that count their members have looked for, by their own signed word.
    ``bel_sha256`` is empty while the last entry of the ballot is not sealed.
    """

    fingerprint: str
    holders: list[KeyHolder]
    bel_sha256: str | None
    bel_bytes: int | None
    trackers: list[str]
    replaced: int
    checked: CheckedTrackers | None


@dataclass(frozen=True, slots=True)
class WrittenOpinion:
    """A member's opinion on paper, by the hash of its scan; it is signed, hence not secret."""

    unit: str
    document: str | None
    counted: bool


@dataclass(frozen=True, slots=True)
class CountingMinutes:
    """
    The draft: figures, outcome against the threshold, and what they rest on.

    ``ballot`` has times, quorum, threshold and outcome; ``counts`` are those of the counting board; ``names`` are the
    units' names on the day of the count, by code.
    """

    cycle: str
    ballot: Ballot
    bases: list[str]
    rulebook: int | None
    conference: Conference | None
    lines: list[NomineeLine]
    counts: list[dict[str, Any]]
    written: list[WrittenOpinion]
    secret: SecretBox | None
    names: dict[str, str]


def counting_minutes(
    read: Reading, boxes: Boxes, cycle: str, ballot: str
) -> CountingMinutes | None:
    """The minutes of a ballot that was counted or voided; None before that, and for an unknown ballot."""
    full = ballot_in_full(read, cycle, ballot)
    if full is None or full.ballot.state not in ("decided", "void"):
        return None
    one = full.ballot
    held = [each for each in conferences_of(read, cycle) if each.conference == one.conference]
    authority, _, year = cycle.split("/")
    rules = rulebook(read, cycle, one.rulebook)
    issued = regulation(read, authority, int(year))
    bases = [each.basis for each in (issued, rules and rules.rules) if each]
    return CountingMinutes(
        cycle=cycle,
        ballot=one,
        bases=bases,
        rulebook=rules.version if rules else None,
        conference=held[0] if held else None,
        lines=_lines(one, listed=_is_list(read, full, cycle)),
        counts=full.counts,
        written=[
            WrittenOpinion(vote["unit"], vote["document"], not vote["after_opening"])
            for vote in full.votes
            if vote["kind"] == "written"
        ],
        secret=_secret(read, boxes, one, cycle),
        names=_names(read, one, held, cycle),
    )


def percent_of(votes: int, base: int) -> str:
    """*votes* as a percentage of *base* in two places, half a hundredth up: ``85.71``."""
    hundredths = (votes * 20_000 + base) // (2 * base)
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _lines(one: Ballot, *, listed: bool) -> list[NomineeLine]:
    if one.valid is None:
        return []
    found = []
    for code in one.nominees:
        marks = one.marks.get(code, {})
        yes = marks.get("yes", 0)
        outcome: Literal["passed", "reached", "not-passed"] | None = None
        if one.state == "decided":
            outcome = (
                "passed"
                if code in one.passed
                else "reached"
                if code in one.reached
                else "not-passed"
            )
        found.append(
            NomineeLine(
                unit=code,
                yes=yes,
                no=None if listed else marks.get("no", 0),
                none=None if listed else marks.get("none", 0),
                percent=percent_of(yes, one.base) if one.base else None,
                outcome=outcome,
            )
        )
    return found


def _is_list(read: Reading, full: BallotInFull, cycle: str) -> bool:
    """Whether names were marked in a list, rather than each nominee answered."""
    one = full.ballot
    secret = secret_election(read, cycle, one.ballot)
    if secret is not None:
        return secret.form == "list"
    rules = rulebook(read, cycle, one.rulebook)
    questions = rules.rules.voting.questions if rules else ()
    return any(each.form == "choose" for each in questions if each.about == one.about)


def _secret(read: Reading, boxes: Boxes, one: Ballot, cycle: str) -> SecretBox | None:
    election = secret_election(read, cycle, one.ballot)
    if election is None or election.fingerprint is None:
        return None
    votes = trackers_of(read, cycle, one.ballot) or []
    box = boxes.of(read, cycle, one.ballot) if one.state == "decided" else None
    return SecretBox(
        fingerprint=election.fingerprint,
        holders=[
            KeyHolder(each.owner, each.source, each.office, each.decrypted)
            for each in key_generation(read, cycle, one.ballot) or []
        ],
        bel_sha256=box.sha256 if box else None,
        bel_bytes=box.bytes if box else None,
        trackers=sorted(vote.tracker for vote in votes if vote.counts),
        replaced=sum(not vote.counts for vote in votes),
        checked=checked_trackers(read, cycle, one.ballot),
    )


def _names(read: Reading, one: Ballot, held: list[Conference], cycle: str) -> dict[str, str]:
    moment = one.decided or one.closed or one.opened
    day: date = parse_instant(moment).astimezone(LOCAL).date()
    called = names(read)
    codes = {*one.nominees, *one.roll}
    for each in held:
        codes |= {*each.present, *each.remote, *each.absent}
        codes |= {member["unit"] for member in each.board} | {each.presiding or cycle}
    codes -= {cycle}
    return {code: called.full(code, day) for code in sorted(codes)}
