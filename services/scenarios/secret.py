"""
A scenario with all its ballots in secret: the same nominees, the same voters, the same sums.

What a trustee or voter says depends on keys and on the log, so its line holds only who says what; the
`Desk` puts the words in when the line's turn has come.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from services.scenarios.format import Line, Scenario
from services.scenarios.hands import Custody, Voters
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts.rulebook import Question
from thidua.contracts.units import ClockAdvanced, RulebookAdopted
from thidua.errors import StopError
from thidua.voting.credentials import draw_base58
from thidua.voting.election import Election, read_election
from thidua.voting.rounds import places
from thidua.voting.setup import choices_of
from thidua.voting.tally import tally_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thidua.voting.group import Chance

_MINISTRY_SHARES: Final = ("vu-thi-dua", "van-phong")
_MEMBER_SHARES: Final = ("khoa-1", "khoa-2", "khoa-3")
_ON_PAPER: Final = (
    b.SlipsIssued,
    b.BoxSealed,
    b.BoxOpened,
    b.CountRecorded,
    b.CountSigned,
    b.CountDisputed,
)
_STEP: Final = timedelta(seconds=1)
_VOTING: Final = timedelta(minutes=8)
_COMPLAINTS: Final = 60
_PATIENCE_SECONDS: Final = 60.0
_SILENT: Final = (2, 1, 0, 3)
"""How many of a ballot's voters do not say that they found their vote, one ballot after the other."""


class FingerprintError(StopError):
    """An election is not the one that was drafted; a trustee's client does not take part then."""

    def __init__(self, ballot: str) -> None:
        super().__init__(f"{ballot}: nội dung phiếu không khớp / the election is another")


def in_secret(scenario: Scenario) -> Scenario:
    """*scenario* with every ballot held in secret: trustees are two offices of the authority and three members."""
    conversion = _Conversion(scenario)
    lines = sorted(conversion.lines(), key=lambda line: line.arrival)
    return Scenario(scenario.setup, tuple(lines), tuple(range(2, len(lines) + 2)))


@dataclass(slots=True)
class _Conversion:
    scenario: Scenario
    held: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))

    def lines(self) -> Iterator[Line]:
        openings: list[Line] = []
        for line in self.scenario.lines:
            kind = line.type
            if kind == b.BallotOpened.TYPE:
                openings.append(line)
            elif kind in {each.TYPE for each in (*_ON_PAPER, b.VoteCast)}:
                self.held[line.data["ballot"]].append(line)
            else:
                yield line
        if openings:
            yield from self._prepared(openings)
            for opening, silent in zip(openings, cycle(_SILENT)):
                votes = list(self._votes(opening))
                yield from votes
                yield from self._counted(opening, votes, silent)
            yield from self._destroyed(openings[0])

    def _prepared(self, openings: list[Line]) -> Iterator[Line]:
        """Drafts, keys, drills and credentials in the quarter of an hour before the first opening."""
        first = openings[0]
        clock = _Clock(first, first.time - timedelta(minutes=14))
        groups = self._groups()
        seats = places(groups)
        for opening in openings:
            keys_of = None if opening is first else first.data["ballot"]
            yield clock.line(opening.publisher, s.ElectionDrafted, self._draft(opening, keys_of))
            kinds = (
                (
                    s.TrusteeCommitted,
                    s.TrusteePublished,
                    s.TrusteeSharesSealed,
                    s.TrusteeKeyConfirmed,
                )
                if opening is first
                else ()
            )
            for kind in (*kinds, s.TrusteeDrillPassed):
                for seat in seats:
                    data = {"ballot": opening.data["ballot"], "owner": seat.owner}
                    yield clock.line(seat.source.rsplit("/", 1)[-1], kind, data)
            for unit in self.scenario.setup.publishers:
                yield clock.line(unit, s.CredentialRegistered, {"ballot": opening.data["ballot"]})

    def _draft(self, opening: Line, keys_of: str | None) -> dict[str, Any]:
        names = ("ballot", "conference", "about", "nominees", "for_year", "previous")
        kept = {name: opening.data[name] for name in names if name in opening.data}
        each = any(
            "no" in given
            for line in self.held[opening.data["ballot"]]
            if line.type == b.CountRecorded.TYPE
            for given in line.data["marks"].values()
        )
        more = {} if keys_of is None else {"keys_of": keys_of}
        return {
            **kept,
            **more,
            "uuid": draw_base58(14, secrets.randbelow),
            "form": "each" if each else "list",
            "trustees": [group.model_dump(mode="json") for group in self._groups()],
            "min_ballots": 3,
            "decrypt_hours": 48,
            "complaint_days": _COMPLAINTS,
        }

    def _groups(self) -> tuple[s.TrusteeGroup, ...]:
        authority = f"/authorities/{self.scenario.setup.authority.code}"
        members = list(self.scenario.setup.publishers)[-len(_MEMBER_SHARES) :]
        return (
            s.TrusteeGroup(
                threshold=1,
                holders=tuple(s.Holder(source=authority, office=one) for one in _MINISTRY_SHARES),
            ),
            s.TrusteeGroup(
                threshold=2,
                holders=tuple(
                    s.Holder(source=f"/units/{unit}", office=one)
                    for unit, one in zip(members, _MEMBER_SHARES, strict=True)
                ),
            ),
        )

    def _votes(self, opening: Line) -> Iterator[Line]:
        """The opening, and the votes that come to the sums of the paper or were cast by call."""
        name = opening.data["ballot"]
        data = {**opening.data, "mode": "secret", "closes": _closes(opening).isoformat()}
        yield opening.model_copy(update={"data": data})
        for line in self.held[name]:
            if line.type != b.VoteCast.TYPE:
                continue
            update = {"type": s.SecretVoteCast.TYPE, "note": None}
            yield line.model_copy(update=update)
        clock = _Clock(opening, opening.time + timedelta(minutes=1))
        for unit, marks in self._on_paper(name).items():
            yield clock.line(unit, s.SecretVoteCast, {"ballot": name, "marks": marks})

    def _counted(self, opening: Line, votes: list[Line], silent: int) -> Iterator[Line]:
        """The closing, the count, and the word of all voters but *silent* of them that their vote is in the box."""
        name = opening.data["ballot"]
        last = max([_closes(opening), *(line.arrival for line in votes)])
        # Nobody can take part in opening a sum before the sandbox's clock has closed the box.
        closed = last + timedelta(seconds=9)
        yield Line(
            publisher=self.scenario.setup.authority.code,
            time=closed,
            type=ClockAdvanced.TYPE,
            subject=self.scenario.setup.authority.code,
            data={"to": closed.isoformat()},
        )
        clock = _Clock(opening, closed)
        for seat in places(self._groups())[::2]:
            publisher = seat.source.rsplit("/", 1)[-1]
            yield clock.line(publisher, s.PartiallyDecrypted, {"ballot": name, "owner": seat.owner})
        taken = [line for line in votes if line.type == s.SecretVoteCast.TYPE and not line.expect]
        for unit in list(dict.fromkeys(line.publisher for line in taken))[silent:]:
            yield clock.line(unit, s.TrackerChecked, {"ballot": name})

    def _on_paper(self, name: str) -> dict[str, dict[str, str]]:
        """Marks of each voter that add up to what the board counted on paper."""
        issued = [line for line in self.held[name] if line.type == b.SlipsIssued.TYPE]
        counts = [line for line in self.held[name] if line.type == b.CountRecorded.TYPE]
        if not issued or not counts:
            return {}
        marks: dict[str, dict[str, str]] = {unit: {} for unit in issued[0].data["issued_to"]}
        for nominee, given in counts[-1].data["marks"].items():
            fewest = sorted(marks, key=lambda unit: list(marks[unit].values()).count("yes"))
            for at, unit in enumerate(fewest):
                if at < given["yes"]:
                    marks[unit][nominee] = "yes"
                elif at < given["yes"] + given.get("no", 0):
                    marks[unit][nominee] = "no"
        return marks

    def _destroyed(self, opening: Line) -> Iterator[Line]:
        """After minutes and complaints every share is destroyed, for all ballots of the cycle at once."""
        minuted = max(
            line.arrival for line in self.scenario.lines if line.type == b.MinutesIssued.TYPE
        )
        clock = _Clock(opening, minuted + timedelta(days=_COMPLAINTS, hours=1))
        for seat in places(self._groups()):
            data = {
                "ballot": opening.data["ballot"],
                "owner": seat.owner,
                "statement": "Đã xóa mảnh khóa và bản dự phòng trước hai người chứng kiến",
            }
            yield clock.line(seat.source.rsplit("/", 1)[-1], s.KeyShareDestroyed, data)


def _closes(opening: Line) -> datetime:
    if "closes" in opening.data:
        return datetime.fromisoformat(opening.data["closes"])
    return opening.time + _VOTING


@dataclass(slots=True)
class _Clock:
    """Lines one after the other from a moment on."""

    like: Line
    now: datetime

    def line(self, publisher: str, kind: type[EventData], data: dict[str, Any]) -> Line:
        self.now += _STEP
        return Line(
            publisher=publisher,
            time=self.now,
            type=kind.TYPE,
            subject=self.like.subject,
            data=data,
        )


@dataclass(slots=True)
class Desk:
    """
    The clients of all trustees and voters of a sandbox.

    *look* gives a ballot's set-up, by cycle and name, as the reporting API tells it. What it tells is believed
    only as far as it fits the draft and the keys that were made here.
    """

    look: Callable[[str, str], dict[str, Any]]
    questions: dict[str, Question]
    chance: Chance = field(default=secrets.randbelow, repr=False)
    _drafts: dict[str, s.ElectionDrafted] = field(default_factory=dict)
    custody: dict[str, Custody] = field(default_factory=dict, repr=False)
    _said: dict[tuple[str, str, int], s.TrusteeEvent] = field(default_factory=dict, repr=False)
    voters: dict[str, Voters] = field(default_factory=dict, repr=False)
    _noted: dict[tuple[str, str], str] = field(default_factory=dict)
    """The tracker of the last vote that is to be recorded, by ballot and unit."""

    def words(self, line: Line) -> dict[str, Any]:
        """The data of *line*, with what only its publisher's client can add."""
        told = self._told(line)
        return line.data if told is None else told.model_dump(mode="json", exclude_none=True)

    def _told(self, line: Line) -> EventData | None:
        if not line.type.startswith("thidua.ballots."):
            return None
        name, owner = str(line.data.get("ballot")), line.data.get("owner", 0)
        match line.type:
            case s.ElectionDrafted.TYPE:
                self._draft(s.ElectionDrafted.model_validate(line.data, strict=False))
                return None
            case (
                s.TrusteeCommitted.TYPE
                | s.TrusteePublished.TYPE
                | s.TrusteeSharesSealed.TYPE
                | s.TrusteeKeyConfirmed.TYPE
            ):
                return self._said[name, line.type, owner]
            case s.TrusteeDrillPassed.TYPE:
                known = self._election(line.subject, name)
                custody = self.custody[name]
                return custody.drill(name, known.uuid, known.fingerprint, owner)
            case s.CredentialRegistered.TYPE:
                return self.voters[name].register(line.publisher)
            case s.SecretVoteCast.TYPE:
                draft = self._drafts[name]
                question = self.questions[draft.about]
                choices = choices_of(draft.form, question, draft.nominees, line.data["marks"])
                known = self._election(line.subject, name)
                vote = self.voters[name].vote(line.publisher, known, choices)
                if not line.expect:
                    self._noted[name, line.publisher] = vote.tracker
                return vote
            case s.TrackerChecked.TYPE:
                return s.TrackerChecked(ballot=name, tracker=self._noted[name, line.publisher])
            case s.PartiallyDecrypted.TYPE:
                told = self._seen(line.subject, name, "tally")
                tally = tally_in(told["tally"], told["counted"])
                known = self._election(line.subject, name)
                return self.custody[name].decrypt(name, known, tally, owner)
            case _:
                return None

    def _draft(self, draft: s.ElectionDrafted) -> None:
        self._drafts[draft.ballot] = draft
        self.voters[draft.ballot] = Voters(draft.ballot, draft.uuid, self.chance)
        if draft.keys_of is not None:
            self.custody[draft.ballot] = self.custody[draft.keys_of]
            return
        custody = self.custody[draft.ballot] = Custody(draft, self.chance)
        for one in custody.key_generation():
            self._said[draft.ballot, one.TYPE, one.owner] = one

    def _seen(self, subject: str, name: str, member: str) -> dict[str, Any]:
        """The set-up once *member* of it is told: the read models may come a moment after the services."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (told := self.look(subject, name))[member] is None:
            if time.monotonic() > deadline:
                raise FingerprintError(name)
            time.sleep(0.05)
        return told

    def _election(self, subject: str, name: str) -> Election:
        """The election as it was fixed, once it is found to be the drafted one under the keys made here."""
        draft = self._drafts[name]
        known = read_election(str(self._seen(subject, name, "election")["election"]))
        if known.uuid != draft.uuid or known.key != self.custody[name].key:
            raise FingerprintError(name)
        return known


def questions_of(scenario: Scenario) -> dict[str, Question]:
    """How the scenario's rulebook asks, by matter; the last one where there are several."""
    return {
        question["about"]: Question.model_validate(question, strict=False)
        for line in scenario.lines
        if line.type == RulebookAdopted.TYPE
        for question in line.data["voting"]["questions"]
    }
