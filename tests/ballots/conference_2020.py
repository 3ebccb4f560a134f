"""
The conference of 21/11/2020 at Lai Châu, told as far as a test needs it.

Every step is judged and must be recorded; only what other services say is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from services.ballots.domain import Cycle
from tests.ballots.decisions import year_2020 as year
from tests.ballots.decisions.year_2020 import CHAIR, UNITS, accept
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.base import Share
from thidua.contracts.rulebook import Question, VotingRules
from thidua.deciding import Judgement
from thidua.testing.story import Story, local

HALF: Final = Share(num=1, den=2, op="more-than")
TWO_THIRDS: Final = Share(num=2, den=3)
CONFERENCE: Final = "tong-ket-2020"
BOARD: Final = (
    b.BoardMember(member="truong-ban", unit="DBN", head=True),
    b.BoardMember(member="uy-vien-1", unit="SLA"),
    b.BoardMember(member="uy-vien-2", unit="CBG"),
)
OF_BOARD: Final = {member.member: f"/units/{member.unit}" for member in BOARD}
CALL_ENDS: Final = "2020-11-21 11:00"
Data = TypeVar("Data", bound=EventData)


def question(about: str, **changed: object) -> Question:
    """How the cluster votes on a matter (domain §10.1), with parts *changed*."""
    usual: dict[str, dict[str, object]] = {
        "co-bo": {"form": "choose", "threshold": TWO_THIRDS, "places": 3},
        "bang-khen-bo": {"form": "agree", "threshold": HALF},
        "chair": {"form": "agree", "threshold": HALF, "places": 1},
        "deputy": {"form": "agree", "threshold": HALF, "places": 1},
    }
    return Question.model_validate({"about": about, "base": "members", **usual[about], **changed})


def book(*questions: Question, version: int = 1, **voting: object) -> u.RulebookAdopted:
    """The rulebook of 2020 with other *questions* or *voting* rules."""
    own = {one.about: one for one in questions}
    abouts = ("co-bo", "bang-khen-bo", "chair", "deputy")
    rules = {
        "quorum": TWO_THIRDS,
        "self_vote": True,
        "written_opinions": True,
        "suspended_vote": True,
        "questions": tuple(own.get(about) or question(about) for about in abouts),
        **voting,
    }
    changed = {"version": version, "voting": VotingRules.model_validate(rules)}
    return year.rulebook().model_copy(update=changed)


def ranked(rulebook: u.RulebookAdopted | None = None) -> Story[Cycle]:
    """The year up to the ranking of 13 November."""
    story = year.prepared(book=rulebook or book())
    story.given("2020-11-13 17:00", "/services/units", year.ranking())
    story.due(at="2020-11-13 17:00")
    return story


def convened(rulebook: u.RulebookAdopted | None = None) -> Story[Cycle]:
    """Lai Châu, the chair, has invited."""
    story = ranked(rulebook)
    invitation = b.ConferenceConvened(
        conference=CONFERENCE, starts=local("2020-11-21 08:00"), place="Lai Châu"
    )
    accept(story, "2020-11-16 08:00", invitation, CHAIR)
    return story


def attended(
    present: Iterable[str] = UNITS,
    rulebook: u.RulebookAdopted | None = None,
    *,
    by: str = CHAIR,
) -> Story[Cycle]:
    """The conference is open and *present* are there."""
    story = convened(rulebook)
    absent = None if by == CHAIR else "Cụm trưởng đi công tác"
    opening = b.ConferenceOpened(conference=CONFERENCE, chair_absent=absent)
    accept(story, "2020-11-21 08:00", opening, by)
    accept(story, "2020-11-21 08:05", attendance(present), by)
    return story


def ready(
    present: Iterable[str] = UNITS,
    rulebook: u.RulebookAdopted | None = None,
    *,
    by: str = CHAIR,
) -> Story[Cycle]:
    """Scores are accepted and the counting board is elected: ballots may be opened."""
    story = attended(present, rulebook, by=by)
    accept(story, "2020-11-21 08:30", b.ScoresAccepted(conference=CONFERENCE, ranking=1), by)
    accept(story, "2020-11-21 08:40", elected_board(), by)
    return story


def attendance(present: Iterable[str], remote: Iterable[str] = ()) -> b.AttendanceRecorded:
    """Who is there; all other members are absent."""
    here, far = tuple(present), tuple(remote)
    absent = tuple(unit for unit in UNITS if unit not in {*here, *far})
    return b.AttendanceRecorded(conference=CONFERENCE, present=here, remote=far, absent=absent)


def elected_board(*members: b.BoardMember) -> b.CountingBoardElected:
    """The board of three, or another."""
    return b.CountingBoardElected(conference=CONFERENCE, members=members or BOARD)


def ballot(about: str, *nominees: str, **changed: object) -> b.BallotOpened:
    """A paper ballot of the conference, named like its matter; with parts *changed*."""
    usual: dict[str, object] = {
        "ballot": about,
        "conference": CONFERENCE,
        "about": about,
        "mode": "paper",
        "nominees": nominees or UNITS,
        "for_year": 2021 if about in ("chair", "deputy") else None,
    }
    return b.BallotOpened.model_validate({**usual, **changed})


def call(about: str, *nominees: str, **changed: object) -> b.BallotOpened:
    """A roll call of the conference that ends at eleven."""
    return ballot(about, *nominees, **{"mode": "roll-call", "closes": local(CALL_ENDS), **changed})


def slips(name: str, *units: str) -> b.SlipsIssued:
    """Ten prepared slips handed out to *units* (all seven if none is named)."""
    to = units or UNITS
    return b.SlipsIssued(ballot=name, prepared=10, issued_to=to, unused=10 - len(to))


def count(
    name: str,
    yes: Mapping[str, int],
    number: int = 1,
    counter: str = "uy-vien-1",
    **changed: object,
) -> b.CountRecorded:
    """A count of seven valid slips, *yes* for each nominee; with parts *changed*."""
    usual: dict[str, object] = {
        "ballot": name,
        "count": number,
        "counters": (counter,),
        "issued": 7,
        "returned": 7,
        "valid": 7,
        "marks": {unit: b.Answers(yes=votes) for unit, votes in yes.items()},
    }
    return b.CountRecorded.model_validate({**usual, **changed})


def agreed(
    name: str, yes: Mapping[str, int], number: int = 1, **changed: object
) -> b.CountRecorded:
    """A count of an agree/disagree slip: who did not say yes said no."""
    valid = changed.get("valid", 7)
    assert isinstance(valid, int)
    marks = {unit: b.Answers(yes=votes, no=valid - votes) for unit, votes in yes.items()}
    return count(name, yes, number, **{"marks": marks, **changed})


def boxed(story: Story[Cycle], at: str, name: str, *units: str) -> None:
    """Slips go out to *units*, the box is sealed and opened again."""
    head = OF_BOARD["truong-ban"]
    for step in (slips(name, *units), b.BoxSealed(ballot=name), b.BoxOpened(ballot=name)):
        accept(story, at, step, head)


def counted(story: Story[Cycle], at: str, first: b.CountRecorded) -> None:
    """Two equal counts by different members, signed by the head and one more: the ballot is decided."""
    second = first.model_copy(update={"count": 2, "counters": ("uy-vien-2",)})
    accept(story, at, first, OF_BOARD["uy-vien-1"])
    accept(story, at, second, OF_BOARD["uy-vien-2"])
    for member in ("uy-vien-1", "truong-ban"):
        accept(story, at, signature(first.ballot, member), OF_BOARD[member])


def signature(name: str, member: str, number: int = 1) -> b.CountSigned:
    """A board member's signature under a count."""
    return b.CountSigned(ballot=name, count=number, member=member)


def voted_on_paper(
    story: Story[Cycle],
    at: str,
    opening: b.BallotOpened,
    yes: Mapping[str, int],
    by: str = CHAIR,
) -> b.OutcomeDecided:
    """A whole paper ballot of all seven, marking at most so many names; its outcome."""
    accept(story, at, opening, by)
    boxed(story, at, opening.ballot)
    counted(story, at, count(opening.ballot, yes))
    return outcome(story, opening.ballot)


def cast(name: str, *yes: str, no: Iterable[str] = ()) -> b.VoteCast:
    """A vote by roll call."""
    marks: b.Marks = {**dict.fromkeys(yes, "yes"), **dict.fromkeys(no, "no")}
    return b.VoteCast(ballot=name, marks=marks)


def opinion(name: str, member: str, *yes: str) -> b.WrittenOpinionReceived:
    """An absent member's opinion, read out by whoever presides."""
    marks: b.Marks = dict.fromkeys(yes, "yes")
    return b.WrittenOpinionReceived(ballot=name, member=member, document=year.SHA256, marks=marks)


def all_cast(story: Story[Cycle], at: str, name: str, votes: Mapping[str, Iterable[str]]) -> None:
    """Every voter of *votes* says yes to its names."""
    for voter, chosen in votes.items():
        accept(story, at, cast(name, *chosen), f"/units/{voter}")


def outcome(story: Story[Cycle], name: str) -> b.OutcomeDecided:
    """What the ballot of that name decided."""
    found = [one for one in told(story, b.OutcomeDecided) if one.ballot == name]
    assert len(found) == 1, found
    return found[0]


def tally(story: Story[Cycle], name: str) -> b.TallyPublished:
    """The figures of the ballot of that name."""
    (found,) = (one for one in told(story, b.TallyPublished) if one.ballot == name)
    return found


def proposed(story: Story[Cycle], title: str = "co-bo") -> tuple[str, ...]:
    """The units proposed for a title, in their order."""
    proposals = [one for one in told(story, b.ProposalRecorded) if one.title == title]
    assert [one.order for one in proposals] == list(range(1, len(proposals) + 1))
    return tuple(one.unit for one in proposals)


def told(story: Story[Cycle], kind: type[Data]) -> list[Data]:
    """All recorded data of one event type."""
    return [event.data for event in story.events if isinstance(event.data, kind)]


def answer(
    story: Story[Cycle], at: str, data: EventData, source: str = CHAIR, subject: str | None = None
) -> Judgement:
    """What the judge says to *data*, the chair's unless another is named."""
    return story.when(at, source, data, subject)
