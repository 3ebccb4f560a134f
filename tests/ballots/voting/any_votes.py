"""Strategies for whole conferences: ballots that come to an outcome, with anything else in between."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st

from services.ballots.domain import Cycle
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import BOARD, CONFERENCE, OF_BOARD, book, question, ready
from tests.ballots.decisions.year_2020 import CHAIR, DEPUTY, MINISTRY, SHA256, UNITS
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.base import Share
from thidua.deciding import Recorded, Refused
from thidua.testing.story import Story

Step = tuple[str, EventData] | None
"""Who says what; ``None`` is an hour after which time has closed what it closes."""
NAMED: Final = ("mot", "hai", "ba", "bon")
ABOUTS: Final = ("co-bo", "bang-khen-bo", "chair", "deputy")
STANDING: Final = ("LCA", "LCH", "LSN", "HGI")
HEAD: Final = OF_BOARD["truong-ban"]
WHY: Final = "Ghi nhầm"

shares = st.sampled_from(
    (Share(num=1, den=4), conf.HALF, conf.HALF, conf.TWO_THIRDS, Share(num=9, den=10))
)
names = st.sampled_from(NAMED)
abouts = st.sampled_from(ABOUTS)
codes = st.sampled_from((*UNITS, "TQG"))
answers = st.sampled_from(("yes", "yes", "no", "none"))
nominees = st.lists(st.sampled_from(UNITS), min_size=1, max_size=4, unique=True).map(tuple)
most = st.permutations(UNITS).map(lambda units: tuple(units[:5]))
subsets = st.lists(st.sampled_from(UNITS), max_size=7, unique=True).map(tuple)
marks = st.dictionaries(codes, answers, max_size=4)
counters = st.sampled_from(tuple(member.member for member in BOARD))
figures = st.integers(0, 8)


@st.composite
def rulebooks(draw: st.DrawFn, version: int = 1) -> u.RulebookAdopted:
    """A rulebook with any thresholds, bases, forms, places and rounds."""
    questions = []
    for about in ABOUTS:
        changed: dict[str, object] = {
            "threshold": draw(shares),
            "base": draw(st.sampled_from(("members", "present", "valid"))),
            "rounds": draw(st.integers(1, 2)),
            "repeat": draw(st.sampled_from(("first", "last"))),
            "tie": draw(st.sampled_from(("ranking", "empty"))),
        }
        if about in ("co-bo", "bang-khen-bo"):
            changed["form"] = draw(st.sampled_from(("choose", "agree")))
            changed["places"] = draw(st.integers(1, 4))
        questions.append(question(about, **changed))
    return book(
        *questions,
        version=version,
        quorum=draw(st.sampled_from((conf.HALF, conf.TWO_THIRDS))),
        self_vote=draw(st.booleans()),
        written_opinions=draw(st.booleans()),
    )


def _opened(name: str, about: str, named: tuple[str, ...], mode: str) -> b.BallotOpened:
    return conf.ballot(about, *named, ballot=name, mode=mode)


def _again(name: str, about: str, named: tuple[str, ...], previous: str) -> b.BallotOpened:
    return conf.ballot(about, *named, ballot=name, mode="roll-call", previous=previous)


def _counted(name: str, number: int, counter: str, said: list[int]) -> b.CountRecorded:
    issued, returned, valid, *yes = said
    given = {unit: b.Answers(yes=votes) for unit, votes in zip(STANDING, yes, strict=True)}
    changed: dict[str, object] = {"issued": issued, "returned": returned, "valid": valid}
    return conf.count(name, {}, number, counter, marks=given, **changed)


def _left(code: str) -> u.MembershipEnded:
    return u.MembershipEnded(cluster="BGPB", unit=code, last_day=date(2020, 11, 20), basis="QĐ 3")


of_members = codes.map("/units/{}".format)
of_board = st.sampled_from(tuple(OF_BOARD.values()))
presiding = st.sampled_from((CHAIR, CHAIR, DEPUTY))
anything: st.SearchStrategy[Step] = st.one_of(
    st.none(),
    st.tuples(
        presiding,
        st.one_of(
            st.builds(_opened, names, abouts, nominees, st.sampled_from(("paper", "roll-call"))),
            st.builds(_again, names, abouts, nominees, names),
            st.builds(b.BallotVoided, ballot=names, reason=st.just(WHY)),
            st.builds(b.BallotExtended, ballot=names, closes=st.just(conf.local(conf.CALL_ENDS)),
                      reason=st.just(WHY)),
            st.builds(conf.attendance, st.just(UNITS) | most),
            st.builds(b.WrittenOpinionReceived, ballot=names, member=codes,
                      document=st.just(SHA256), marks=marks),
            st.builds(b.ConferenceAdjourned, conference=st.just(CONFERENCE), reason=st.just(WHY)),
            st.builds(b.ConferenceOpened, conference=st.just(CONFERENCE)),
        ),
    ),
    st.tuples(
        of_members,
        st.builds(b.VoteCast, ballot=names, marks=marks)
        | st.builds(b.VoteCorrected, ballot=names, marks=marks, reason=st.just(WHY)),
    ),
    st.tuples(
        of_board,
        st.one_of(
            st.builds(b.SlipsIssued, ballot=names, prepared=st.just(7), issued_to=subsets,
                      unused=figures),
            st.builds(b.BoxSealed, ballot=names),
            st.builds(b.BoxOpened, ballot=names),
            st.builds(_counted, names, st.integers(1, 4), counters,
                      st.lists(figures, min_size=7, max_size=7)),
            st.builds(b.CountSigned, ballot=names, count=st.integers(1, 3), member=counters),
            st.builds(b.CountDisputed, ballot=names, count=st.integers(1, 3), member=counters,
                      reason=st.just(WHY)),
        ),
    ),
    st.tuples(
        st.just(MINISTRY),
        st.builds(_left, st.sampled_from(("DBN", "CBG")))
        | st.builds(b.QuotaSet, title=st.just("co-bo"), quota=st.integers(0, 4), basis=st.just("CV")),
    ),
    st.tuples(st.just("/units/LCH"), rulebooks(version=2)),
)  # fmt: skip
"""Any step, mostly out of place."""


def _calls(draw: st.DrawFn, opened: list[tuple[str, str]]) -> list[Step]:
    """Roll calls side by side, most of the members' votes, their end, and a further round of each."""
    steps: list[Step] = [
        (CHAIR, _opened(name, about, STANDING, "roll-call")) for name, about in opened
    ]
    likely = draw(st.lists(st.sampled_from(STANDING), min_size=1, max_size=2, unique=True))
    stray = draw(st.sampled_from(STANDING))
    for name, _ in opened:
        voters = draw(st.permutations(UNITS))[: draw(st.integers(4, 7))]
        steps += [(f"/units/{unit}", conf.cast(name, *likely)) for unit in voters[1:]]
        steps.append((f"/units/{voters[0]}", conf.cast(name, stray)))
    steps += [*draw(st.lists(anything, max_size=2)), None]
    for name, about in opened:
        again = f"{name}-2"
        steps.append((CHAIR, _again(again, about, STANDING, name)))
        steps += [(f"/units/{unit}", conf.cast(again, stray)) for unit in UNITS]
    return [*steps, None]


def _paper(draw: st.DrawFn, name: str, about: str) -> list[Step]:
    """A paper ballot, counted twice alike and signed."""
    yes = {unit: draw(st.integers(0, 7)) for unit in STANDING}
    first = draw(st.sampled_from((conf.count, conf.agreed)))(name, yes)
    second = first.model_copy(update={"count": 2, "counters": ("uy-vien-2",)})
    return [
        (CHAIR, _opened(name, about, STANDING, "paper")),
        (HEAD, conf.slips(name)),
        (HEAD, b.BoxSealed(ballot=name)),
        *draw(st.lists(anything, max_size=2)),
        (HEAD, b.BoxOpened(ballot=name)),
        (OF_BOARD["uy-vien-1"], first),
        (OF_BOARD["uy-vien-2"], second),
        (OF_BOARD["uy-vien-1"], conf.signature(name, "uy-vien-1")),
        (HEAD, conf.signature(name, "truong-ban")),
    ]


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    """Every matter is voted on in some order, one or two at a time; whatever is said in between."""
    matters = list(zip(NAMED, draw(st.permutations(ABOUTS)), strict=True))
    steps: list[Step] = []
    while matters:
        steps += draw(st.lists(anything, max_size=1))
        several = draw(st.integers(1, 2))
        now, matters = matters[:several], matters[several:]
        if several == 2 or draw(st.booleans()):
            steps += _calls(draw, now)
        else:
            steps += _paper(draw, *now[0])
    return steps


def held(rulebook: u.RulebookAdopted, steps: list[Step]) -> Story[Cycle]:
    """
    The conference under *rulebook* after *steps*, a minute apart; every judgement is one of the two.

    Roll calls end after forty minutes; a further round is among those it was ordered for.
    """
    story = ready(rulebook=rulebook)
    at = story.events[-1].rx
    for step in steps:
        at += timedelta(hours=1) if step is None else timedelta(minutes=1)
        story.due(at=at)
        if step is None:
            continue
        source, data = step
        if isinstance(data, b.BallotOpened) and data.previous in story.state.ballots:
            ordered = story.state.ballots[data.previous].ordered
            among = data.nominees if ordered is None else ordered.among
            data = data.model_copy(update={"nominees": among})
        if isinstance(data, b.BallotOpened) and data.mode == "roll-call":
            data = data.model_copy(update={"closes": at + timedelta(minutes=40)})
        if isinstance(data, b.BallotExtended):
            data = data.model_copy(update={"closes": at + timedelta(minutes=50)})
        if isinstance(data, u.RulebookAdopted | u.MembershipEnded):
            story.given(at, source, data)
            continue
        assert isinstance(story.when(at, source, data), Recorded | Refused)
    return story
