"""What holds for every story of dossiers and decisions, whatever is sent and by whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ballots.domain import Cycle
from services.ballots.domain.awards import reward
from tests.ballots.decisions.year_2020 import (
    CHAIR,
    CYCLE,
    MINISTRY,
    UNITS,
    award,
    council,
    proposed,
    titles,
    voted,
)
from thidua.contracts import EventData
from thidua.contracts import ballots as b
from thidua.deciding import Recorded, Refused
from thidua.testing.story import Story

TITLES: Final = {title.code: title for title in titles()}
SOURCES: Final = (MINISTRY, CHAIR, "/units/LCA", "/units/SLA", "/units/TQG", "/services/ballots")

units = st.sampled_from((*UNITS, "TQG"))
codes = st.sampled_from((*TITLES, "huan-chuong"))
days = st.dates(date(2020, 11, 20), date(2021, 3, 31))
counts = st.integers(0, 30)
rewards = st.sampled_from((11_920_000, 2_980_000, 17_880_000, 0, 1))
texts = st.just("QĐ 501/QĐ-BVHTTDL")
documents = st.just((b.Document(kind="to-trinh", name="Tờ trình", sha256="0" * 64),))
offices = st.sampled_from(get_args(b.Office))

WAYS: Final[tuple[st.SearchStrategy[EventData], ...]] = (
    st.builds(b.NominationSubmitted, about=codes | offices, nominee=units,
              for_year=st.none() | st.integers(2019, 2022), reason=st.none()),
    st.builds(b.OfficerCarriedOver, office=offices, unit=units, elected_on=days, basis=texts),
    st.builds(b.OfficerRecognised, office=offices, unit=units, decision=texts, decided_on=days),
    st.builds(b.RecognitionRefused, office=offices, unit=units, reason=texts, decided_on=days),
    st.builds(b.QuotaSet, title=codes, quota=st.integers(0, 4), basis=texts),
    st.builds(b.StateTitleProposed, unit=units, title=codes, basis=texts),
    st.builds(b.DossierSubmitted, unit=units, titles=st.tuples(codes), documents=documents),
    st.builds(b.DossierReceived, unit=units, postmark=days, received_on=days),
    st.builds(b.DossierReturned, unit=units, missing=st.just(("Biên bản",)), reason=texts),
    st.builds(b.DossierCompleted, unit=units, documents=documents),
    st.builds(b.DossierAppraised, unit=units,
              result=st.sampled_from(("qualified", "not-qualified")), reason=st.none() | texts),
    st.builds(b.ClusterReportSubmitted, ranking=st.integers(1, 3), document=st.just("1" * 64)),
    st.builds(b.CouncilVoted, title=codes, held_on=days, present=counts,
              votes=st.dictionaries(units, counts, max_size=4),
              chair_agrees=st.lists(units, max_size=2).map(tuple)),
    st.builds(b.AwardDecided, unit=units, award=codes, decision=texts, decided_on=days,
              reward=rewards),
    st.builds(b.AwardRefused, unit=units, title=codes, reason=texts),
    st.builds(b.AwardRevoked, unit=units, award=codes, decision=texts, decided_on=days,
              reason=texts),
    st.builds(b.AwardDowngraded, unit=units, award=codes, to=codes, decision=texts,
              decided_on=days, reason=texts, reward=rewards),
    st.builds(b.ResultNotified, units=st.tuples(units), notified_on=days),
)  # fmt: skip
# Steps that are mostly recorded: without them hardly any random story ever comes to an award.
DECIDED: Final = date(2021, 2, 4)
few = st.sampled_from(("LCA", "SLA", "HGI"))
likely = st.tuples(
    st.just(MINISTRY),
    st.one_of(
        st.builds(
            lambda unit, title: award(unit, title).model_copy(update={"decided_on": DECIDED}),
            few,
            st.sampled_from(("co-bo", "bang-khen-bo")),
        ),
        st.builds(
            lambda title: council(title, dict.fromkeys(UNITS, 20)),
            st.sampled_from(("co-bo", "bang-khen-bo")),
        ),
        st.builds(b.StateTitleProposed, unit=few, title=st.just("ctdcp"), basis=texts),
        st.builds(b.QuotaSet, title=st.just("co-bo"), quota=st.integers(0, 4), basis=texts),
        st.builds(
            b.AwardDowngraded,
            unit=few,
            award=st.just("co-bo"),
            to=st.just("bang-khen-bo"),
            decision=texts,
            decided_on=st.just(DECIDED),
            reason=texts,
            reward=st.just(2_980_000),
        ),
    ),
)
decisive = st.lists(likely, min_size=8, max_size=25)
steps = st.lists(st.tuples(st.sampled_from(SOURCES), st.one_of(*WAYS)), max_size=25)
beginnings = st.sampled_from((proposed, voted))


def told(begin: Callable[[], Story[Cycle]], sent: list[tuple[str, EventData]]) -> Story[Cycle]:
    """The story after all of *sent*, an hour apart; every judgement is one of the two."""
    story = begin()
    at = story.events[-1].rx + timedelta(days=7)
    for source, data in sent:
        at += timedelta(hours=1)
        judgement = story.when(at, source, data, CYCLE)
        assert isinstance(judgement, Recorded | Refused)
    return story


@settings(deadline=None, max_examples=60)
@given(begin=beginnings, sent=steps)
def test_whatever_is_sent_is_recorded_or_refused(
    begin: Callable[[], Story[Cycle]], sent: list[tuple[str, EventData]]
) -> None:
    told(begin, sent)


@settings(deadline=None, max_examples=60)
@given(begin=beginnings, sent=steps | decisive)
def test_invariant_5_no_award_ever_stands_without_the_authoritys_decision(
    begin: Callable[[], Story[Cycle]], sent: list[tuple[str, EventData]]
) -> None:
    story = told(begin, sent)
    decided: set[tuple[str, str]] = set()
    for event in story.events:
        match event.data:
            case b.AwardDecided(unit=unit, award=title) | b.AwardDowngraded(unit=unit, to=title):
                assert event.source == MINISTRY
                decided.add((unit, title))
            case _:
                pass
    assert set(story.state.decisions.awards) <= decided


@settings(deadline=None, max_examples=60)
@given(sent=decisive)
def test_invariant_6_no_unit_ever_holds_two_titles_that_exclude_each_other(
    sent: list[tuple[str, EventData]],
) -> None:
    story = told(voted, sent)
    for unit in UNITS:
        held = story.state.decisions.held(unit)
        assert not any(other in TITLES[title].excludes for title in held for other in held)


@settings(deadline=None, max_examples=60)
@given(sent=decisive)
def test_no_title_is_ever_awarded_beyond_its_quota(sent: list[tuple[str, EventData]]) -> None:
    story = told(voted, sent)
    decisions = story.state.decisions
    quota = decisions.quotas.get("co-bo", 3)
    assert sum(title == "co-bo" for _, title in decisions.awards) <= quota


@settings(deadline=None, max_examples=60)
@given(sent=steps)
def test_invariant_7_chair_and_deputy_are_never_the_same_unit(
    sent: list[tuple[str, EventData]],
) -> None:
    frame = told(proposed, sent).state.frame
    standing = [officer for officer in (frame.chair, frame.deputy) if officer is not None]
    assert len({officer.unit for officer in standing}) == len(standing)


multiples = st.integers(0, 10_000_000).map(lambda hundredths: Decimal(hundredths) / 100)


@given(
    multiple=multiples,
    factor=st.integers(1, 10),
    salary=st.integers(1, 10**10),
    step=st.integers(1, 10**7),
)
def test_a_reward_is_always_a_multiple_of_the_step_and_never_below_the_exact_product(
    multiple: Decimal, factor: int, salary: int, step: int
) -> None:
    title = TITLES["co-bo"].model_copy(update={"multiple": multiple, "factor": factor})
    given_reward = reward(title, salary, step)
    exact = Fraction(multiple) * salary * factor
    assert given_reward % step == 0
    assert exact <= given_reward < exact + step
