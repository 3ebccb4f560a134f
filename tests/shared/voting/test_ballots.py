from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.voting.changing import fault_in, malformed_changes, misshapen, plausible_changes
from tests.shared.voting.making import FORMS, GROUP, VOTES, chance, found
from thidua.voting.ballots import (
    MOST_BYTES,
    check_ballot,
    largest_ballot,
    make_ballot,
    read_ballot,
)
from thidua.voting.canonical import short_hash, written
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import prove_knowledge
from thidua.voting.questions import Question, approve, at_most, chair_and_deputy, on_each

FULL = found(1, on_each(["Bằng khen cho X?"]))
SHORT = found(1, [approve("Danh hiệu?", ["A"])])


def accept(held, text: str) -> None:
    check_ballot(held.election, read_ballot(held.election, text))


def ballot_of(held, *choices: tuple[int, ...]):
    return make_ballot(held.election, held.credentials[0], choices, chance(3))


def signed_again(held, document) -> str:
    """What a voter who owns the credential can do: change a ballot and sign it."""
    unsigned = {name: item for name, item in document.items() if name != "signature"}
    digest = short_hash(written(unsigned))
    secret = held.credentials[0].secret
    proof = prove_knowledge(GROUP, f"sig|{digest}|", [GROUP.g], secret, chance(4))
    return written({**unsigned, "signature": {"hash": digest, "proof": proof.document()}})


@pytest.mark.parametrize("votes", VOTES[:3])
def test_a_ballot_on_all_forms_of_question_is_accepted(votes) -> None:
    held = found(1)
    ballot = ballot_of(held, *votes)
    accept(held, ballot.text)
    assert read_ballot(held.election, ballot.text) == ballot
    assert ballot.tracker == short_hash(ballot.text)


questions = st.builds(
    lambda width, low, high, blank: Question(
        "Q", tuple("ABC"[:width]), min(low, high, width), max(min(high, width), 1), blank
    ),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(1, 3),
    st.booleans(),
)


@settings(max_examples=12, deadline=None)
@given(questions, st.lists(st.integers(0, 2), min_size=1, max_size=4))
def test_a_choice_within_the_rule_always_verifies_and_one_outside_is_never_made(
    question: Question, numbers: list[int]
) -> None:
    held = replace(SHORT, election=replace(SHORT.election, questions=(question,)))
    choice = tuple(numbers)
    if question.allows(choice):
        accept(held, ballot_of(held, choice).text)
        return
    with pytest.raises(BallotFaultError) as caught:
        ballot_of(held, choice)
    assert str(choice) not in str(caught.value)


@pytest.mark.parametrize(
    ("question", "allowed", "refused"),
    [
        (on_each(["X"])[0], [(0, 1, 0), (0, 0, 1), (1, 0, 0)], [(0, 1, 1), (0, 0, 0), (1, 1, 0)]),
        (approve("Q", ["A", "B"]), [(0, 0), (1, 1)], [(1,), (0, 2), (-1, 1), (0, 0, 0)]),
        (at_most("Q", ["A", "B", "C"], 2), [(1, 0, 0, 0), (0, 1, 1, 0)], [(0, 1, 1, 1), (0,) * 4]),
        (chair_and_deputy(["A", "B"])[1], [(0, 0, 1), (1, 0, 0)], [(0, 1, 1), (1, 1, 0)]),
    ],
)
def test_each_form_allows_what_it_says(question: Question, allowed, refused) -> None:
    assert [choice for choice in allowed + refused if question.allows(choice)] == allowed


@pytest.mark.parametrize(("held", "choice"), [(FULL, (0, 1, 0)), (SHORT, (1,))])
def test_no_single_field_of_a_ballot_can_be_changed(held, choice) -> None:
    document = json.loads(ballot_of(held, choice).text)
    changes = [*plausible_changes(document), *malformed_changes(document)]
    assert len(changes) > 100
    for place, text in changes:
        assert fault_in(accept, held, text), place


@pytest.mark.parametrize(("held", "choice"), [(FULL, (0, 1, 0)), (SHORT, (1,))])
def test_no_number_of_an_answer_can_be_changed_by_the_voter_who_signs_again(held, choice) -> None:
    document = json.loads(ballot_of(held, choice).text)
    accept(held, signed_again(held, document))
    for place, text in plausible_changes(document):
        if place.startswith("answers"):
            with pytest.raises(BallotFaultError) as caught:
                accept(held, signed_again(held, json.loads(text)))
            assert "proof" in caught.value.path, place


def test_no_member_of_a_ballot_can_be_added_left_out_or_moved() -> None:
    document = json.loads(ballot_of(SHORT, (1,)).text)
    for place, changed in misshapen(document):
        assert fault_in(accept, SHORT, written(changed)), place


def test_a_ballot_worth_two_is_refused_though_signed() -> None:
    document = json.loads(ballot_of(SHORT, (1,)).text)
    choice = document["answers"][0]["choices"][0]
    choice["beta"] = str(int(choice["beta"]) * GROUP.g % GROUP.p)
    with pytest.raises(BallotFaultError) as caught:
        accept(SHORT, signed_again(SHORT, document))
    assert caught.value.path == "ballot/answers/0/individual_proofs/0"


def test_more_choices_than_allowed_are_refused_though_each_is_proven() -> None:
    one, two = approve("Q", ["A", "B"]), replace(approve("Q", ["A", "B"]), most=1)
    lenient = replace(SHORT, election=replace(SHORT.election, questions=(one,)))
    strict = replace(SHORT, election=replace(SHORT.election, questions=(two,)))
    document = json.loads(ballot_of(lenient, (1, 1)).text)
    document["answers"][0]["overall_proof"].pop()
    with pytest.raises(BallotFaultError) as caught:
        accept(strict, signed_again(strict, document))
    assert caught.value.path == "ballot/answers/0/overall_proof"


def test_an_element_outside_the_group_is_refused_where_it_stands() -> None:
    document = json.loads(ballot_of(SHORT, (1,)).text)
    choice = document["answers"][0]["choices"][0]
    choice["alpha"] = str(GROUP.p - int(choice["alpha"]))
    with pytest.raises(BallotFaultError) as caught:
        accept(SHORT, signed_again(SHORT, document))
    assert caught.value.path == "ballot/answers/0/choices/0/alpha"


def test_an_answer_copied_under_another_credential_is_refused() -> None:
    held = found(2, [approve("Danh hiệu?", ["A"])])
    document = json.loads(ballot_of(held, (1,)).text)
    document["credential"] = str(held.credentials[1].public)
    thief = replace(held, credentials=held.credentials[1:])
    with pytest.raises(BallotFaultError) as caught:
        accept(thief, signed_again(thief, document))
    assert caught.value.path == "ballot/answers/0/individual_proofs/0"


def test_a_ballot_of_another_election_is_refused() -> None:
    other = found(1, [approve("Danh hiệu?", ["A"])], seed=8)
    with pytest.raises(BallotFaultError) as caught:
        accept(other, ballot_of(SHORT, (1,)).text)
    assert caught.value.path == "ballot/election_uuid"


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"{}"', " " * 1_000_000, "{" * 40_000], ids=lambda t: t[:4]
)
def test_what_is_no_ballot_ends_in_the_one_error(text: str) -> None:
    with pytest.raises(BallotFaultError) as caught:
        read_ballot(SHORT.election, text)
    assert caught.value.path == "ballot"


def test_the_largest_ballot_is_foreseen_closely() -> None:
    held = found(1)
    size = len(ballot_of(held, *VOTES[0]).text.encode())
    assert size <= largest_ballot(FORMS) <= size * 1.05


def test_twenty_nominees_fit_the_short_form_and_six_the_full_minutes() -> None:
    names = [f"Đơn vị {number}" for number in range(30)]
    assert largest_ballot([approve("Q", names[:20])]) <= MOST_BYTES
    assert largest_ballot([approve("Q", names[:26])]) > MOST_BYTES
    assert largest_ballot(on_each(names[:6])) <= MOST_BYTES
    assert largest_ballot(on_each(names[:8])) > MOST_BYTES
