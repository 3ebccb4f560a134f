"""What holds for every vote, whatever is sent and by whom: the invariants of the domain that concern ballots."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ballots.domain import Cycle
from services.ballots.domain.outcome import decide
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import ballot, book, boxed, question, ready, told
from tests.ballots.decisions.year_2020 import CHAIR, NEXT, UNITS, accept, prepared, ranking, titles
from tests.ballots.voting.any_votes import STANDING, Step, held, rulebooks, shares, stories
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.rulebook import Question
from thidua.deciding import Recorded
from thidua.testing.story import Story, local

AT = "2020-11-21 09:00"
subsets = st.lists(st.sampled_from(UNITS), max_size=7, unique=True).map(tuple)
often = settings(deadline=None, max_examples=50)


@settings(deadline=None, max_examples=40)
@given(registered=subsets, signed=subsets, scored=subsets, nominee=st.sampled_from(UNITS))
def test_invariant_1_a_nominee_is_always_registered_pledged_and_scored(
    registered: tuple[str, ...], signed: tuple[str, ...], scored: tuple[str, ...], nominee: str
) -> None:
    story = prepared(book=book(), registered=registered, signed=signed)
    scored = scored or (nominee,)
    story.given("2020-11-13 17:00", "/services/units", ranking(1, *scored))
    accept(story, AT, b.RankingApproved(ranking=1), CHAIR)
    opening = conf.call("co-bo", nominee, conference=None, closes=local("2020-11-23 17:00"))
    judgement = story.when(AT, CHAIR, opening)
    assert isinstance(judgement, Recorded) is (
        nominee in registered and nominee in signed and nominee in scored
    )


@often
@given(rulebook=rulebooks(), steps=stories())
def test_invariant_2_each_unit_is_counted_at_most_once_and_only_while_the_ballot_is_open(
    rulebook: u.RulebookAdopted, steps: list[Step]
) -> None:
    story = held(rulebook, steps)
    running: dict[str, dict[str, b.Marks]] = {}
    for event in story.events:
        match event.data:
            case b.BallotOpened(ballot=name):
                running[name] = {}
            case b.VoteCast(ballot=name, marks=marks) | b.VoteCorrected(ballot=name, marks=marks):
                running[name][event.unit or ""] = marks
            case b.WrittenOpinionReceived(ballot=name, member=member, marks=marks):
                frozen = story.state.ballots[name]
                if name in running and frozen.rules.written_opinions and frozen.mode != "paper":
                    assert member not in running[name]
                    running[name][member] = marks
            case b.TallyPublished(ballot=name, mode="roll-call") as tally:
                counted = running[name].values()
                assert tally.returned == len(counted)
                assert {unit: of.yes for unit, of in tally.marks.items()} == {
                    unit: sum(marks.get(unit) == "yes" for marks in counted) for unit in tally.marks
                }
                del running[name]
            case b.BallotVoided(ballot=name):
                running.pop(name, None)
            case _:
                pass
    for held_ballot in story.state.ballots.values():
        took_part = held_ballot.votes.keys() | (held_ballot.issued or frozenset())
        assert not took_part & held_ballot.written.keys()


@often
@given(rulebook=rulebooks(), steps=stories())
def test_invariant_2_the_figures_of_every_tally_add_up(
    rulebook: u.RulebookAdopted, steps: list[Step]
) -> None:
    story = held(rulebook, steps)
    for tally in told(story, b.TallyPublished):
        voted = story.state.ballots[tally.ballot]
        assert tally.returned <= tally.issued <= len(voted.roll)
        assert tally.returned == tally.valid + sum(tally.invalid.values())
        assert tally.written <= tally.valid
        for of in tally.marks.values():
            assert of.yes + of.no + of.none <= tally.valid
        if voted.question.form == "choose":
            assert sum(of.yes for of in tally.marks.values()) <= voted.places * tally.valid


numbers = st.integers(0, 8)


@settings(deadline=None, max_examples=150)
@given(
    issued=st.sampled_from((7, 7, 7, 6)),
    returned=numbers,
    valid=numbers,
    blank=st.integers(0, 3),
    many=st.integers(0, 3),
    yes=st.tuples(numbers, numbers),
    no=st.tuples(numbers, numbers),
    form=st.sampled_from(("choose", "agree")),
    add_up=st.booleans(),
)
def test_invariant_2_a_count_stands_exactly_when_its_figures_add_up(
    issued: int,
    returned: int,
    valid: int,
    blank: int,
    many: int,
    yes: tuple[int, int],
    no: tuple[int, int],
    form: str,
    *,
    add_up: bool,
) -> None:
    if add_up:
        returned = valid + blank + many
    if add_up and form == "agree":
        yes = (min(yes[0], valid), min(yes[1], valid))
        no = (valid - yes[0], valid - yes[1])
    if add_up and form == "choose":
        yes = (min(yes[0], valid), min(yes[1], max(valid - yes[0], 0)))
        no = (0, 0)
    story = ready(rulebook=book(question("co-bo", form=form, places=1)))
    accept(story, AT, ballot("co-bo", "LCA", "LSN"), CHAIR)
    boxed(story, AT, "co-bo")
    marks = {
        unit: b.Answers(yes=for_, no=against)
        for unit, for_, against in zip(("LCA", "LSN"), yes, no, strict=True)
    }
    count = conf.count(
        "co-bo",
        {},
        issued=issued,
        returned=returned,
        valid=valid,
        invalid={"blank": blank, "too-many": many},
        marks=marks,
    )
    every = [for_ + against for for_, against in zip(yes, no, strict=True)]
    right = (
        issued == 7
        and returned <= issued
        and returned == valid + blank + many
        and all(one <= valid for one in every)
        and (all(one == valid for one in every) if form == "agree" else sum(yes) <= valid)
    )
    note(f"{form}: {right}")
    judgement = story.when(AT, conf.OF_BOARD["uy-vien-1"], count)
    assert isinstance(judgement, Recorded) is right


@often
@given(rulebook=rulebooks(), steps=stories())
def test_invariant_3_rules_and_roll_are_always_those_of_the_moment_of_opening(
    rulebook: u.RulebookAdopted, steps: list[Step]
) -> None:
    story = held(rulebook, steps)
    members, in_force = len(UNITS), rulebook
    opened: dict[str, tuple[int, u.RulebookAdopted]] = {}
    gone: set[str] = set()
    for event in story.events:
        match event.data:
            case u.RulebookAdopted() as adopted:
                in_force = adopted
            case u.MembershipEnded(unit=unit):
                gone.add(unit)
            case b.BallotOpened(ballot=name):
                opened[name] = (members - len(gone), in_force)
            case b.OutcomeDecided(ballot=name) as decided:
                on_roll, rules = opened[name]
                asked = next(q for q in rules.voting.questions if q.about == decided.about)
                assert (decided.members, decided.rulebook) == (on_roll, rules.version)
                assert decided.quorum == rules.voting.quorum.needed(on_roll)
                assert (decided.share, decided.base_of) == (asked.threshold, asked.base)
                assert decided.needed == asked.threshold.needed(decided.base)
                assert decided.participants >= decided.quorum
                assert decided.base == on_roll or decided.base_of != "members"
            case _:
                pass


@often
@given(rulebook=rulebooks(), steps=stories())
def test_invariant_4_proposals_for_a_title_always_have_a_strict_order_within_its_places(
    rulebook: u.RulebookAdopted, steps: list[Step]
) -> None:
    story = held(rulebook, steps)
    note(f"proposals: {min(len(told(story, b.ProposalRecorded)), 3)}")
    for title in titles():
        made = [one for one in told(story, b.ProposalRecorded) if one.title == title.code]
        assert [one.order for one in made] == list(range(1, len(made) + 1))
        assert len({one.unit for one in made}) == len(made)
        first = [one for one in told(story, b.RollFrozen) if one.round == 1]
        about = {one.ballot: one.about for one in told(story, b.BallotOpened)}
        places = [one.places for one in first if about[one.ballot] == title.code]
        assert len(made) <= max(places, default=0)


@often
@given(rulebook=rulebooks(), steps=stories())
def test_invariant_6_no_unit_is_ever_proposed_for_two_titles_that_exclude_each_other(
    rulebook: u.RulebookAdopted, steps: list[Step]
) -> None:
    story = held(rulebook, steps)
    of = {title.code: title for title in titles()}
    for unit, title in story.state.proposed:
        for other in of[title].excludes:
            assert (unit, other) not in story.state.proposed


@often
@given(rulebook=rulebooks(), steps=stories())
def test_invariant_7_no_election_ever_makes_one_unit_chair_and_deputy_or_two_of_either(
    rulebook: u.RulebookAdopted, steps: list[Step]
) -> None:
    story = held(rulebook, steps)
    chairs, deputies = told(story, b.ChairElected), told(story, b.DeputyElected)
    note(f"elected: {len(chairs)} {len(deputies)}")
    assert len(chairs) <= 1
    assert len(deputies) <= 1
    assert not {one.unit for one in chairs} & {one.unit for one in deputies}
    frame = story.fold.cycle(NEXT).frame
    assert [frame.chair.unit if frame.chair else None] == ([one.unit for one in chairs] or [None])


@often
@given(rulebook=rulebooks(), steps=stories())
def test_invariant_9_what_a_ballot_decided_is_never_decided_otherwise(
    rulebook: u.RulebookAdopted, steps: list[Step]
) -> None:
    story = held(rulebook, steps)
    decided = {one.ballot: one for one in told(story, b.OutcomeDecided)}
    note(f"decided: {min(len(decided), 3)}")
    assert len(told(story, b.OutcomeDecided)) == len(decided)
    assert len({one.ballot for one in told(story, b.BallotClosed)}) == len(
        told(story, b.BallotClosed)
    )
    for name, one in story.state.ballots.items():
        assert one.outcome == decided.get(name)


def _decidable(form: str, places: int, rounds: int, rules: Question) -> Story[Cycle]:
    asked = rules.model_copy(update={"form": form, "places": places, "rounds": rounds})
    story = ready(rulebook=book(asked))
    accept(story, AT, ballot("co-bo", *STANDING), CHAIR)
    return story


@settings(deadline=None, max_examples=200)
@given(
    votes=st.tuples(*[st.integers(0, 7)] * 4),
    share=shares,
    places=st.integers(0, 4),
    form=st.sampled_from(("choose", "agree")),
    rounds=st.integers(1, 2),
    tie=st.booleans(),
)
def test_an_outcome_never_passes_over_who_has_more_votes_nor_whom_the_threshold_holds_back(
    votes: tuple[int, ...], share: conf.Share, places: int, form: str, rounds: int, *, tie: bool
) -> None:
    story = _decidable(form, 3, rounds, question("co-bo", threshold=share))
    opened = replace(story.state.ballots["co-bo"], places=places, tie=tie)
    given_votes = dict(zip(STANDING, votes, strict=True))
    found = decide(opened, given_votes, 7, {unit: rank for rank, unit in enumerate(UNITS, 1)})
    reached = {unit for unit in STANDING if tie or share.reached(given_votes[unit], 7)}
    assert set(found.reached) == reached
    assert set(found.passed) <= reached
    assert len(found.passed) <= places
    left = reached - set(found.passed)
    assert not left or min([given_votes[u] for u in found.passed], default=99) >= max(
        given_votes[u] for u in left
    )
    assert not set(found.among) & set(found.passed)
    if left and len(found.passed) < places:
        assert found.next in ("revote", "empty")
    if found.next in ("revote", "second-round"):
        assert rounds == 2
        assert len(found.among) > 0
