"""What the page's script makes is what the library makes: the same elections, credentials, ballots and refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ballots.page.script import Script, ScriptFaultError
from tests.shared.voting.changing import fault_in, malformed_changes, misshapen, plausible_changes
from tests.shared.voting.making import FORMS, GROUP, VOTES, appoint, chance, found
from thidua.signing import MAX_TOKEN_BYTES
from thidua.voting.ballots import MOST_BYTES, check_ballot, largest_ballot, read_ballot
from thidua.voting.canonical import short_hash, written
from thidua.voting.challenge import check_challenge
from thidua.voting.credentials import (
    check_registration,
    draw_credential,
    open_credential,
)
from thidua.voting.election import read_election
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import read_proof
from thidua.voting.questions import Question, approve, at_most, chair_and_deputy, on_each
from thidua.voting.trustees import read_trustees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.shared.voting.making import Held

pytestmark = pytest.mark.page

NAMES = ["Lào Cai", "Hà Giang", "Cao Bằng", "Lạng Sơn"]
SHAPES = {
    "full minutes": (tuple(on_each(NAMES[:2])), ((0, 1, 0), (1, 0, 0))),
    "short": ((approve("Cờ thi đua?", NAMES),), ((1, 0, 1, 1),)),
    "none approved": ((approve("Cờ thi đua?", NAMES),), ((0, 0, 0, 0),)),
    "at most two": ((at_most("Bằng khen?", NAMES, 2),), ((0, 1, 0, 0, 1),)),
    "left blank": ((at_most("Bằng khen?", NAMES, 2),), ((1, 0, 0, 0, 0),)),
    "chair and deputy": (chair_and_deputy(NAMES), ((0, 1, 0, 0, 0), (0, 0, 0, 0, 1))),
}


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with Script() as running:
        yield running


def cast(script: Script, held: Held, choices: Any, **more: str) -> dict[str, str]:
    told: dict[str, str] = script.ask(
        "ballot", text=held.election.text, code=held.texts[0], choices=choices, **more
    )
    return told


def accept(held: Held, told: dict[str, str]) -> None:
    ballot = read_ballot(held.election, told["text"])
    check_ballot(held.election, ballot)
    assert ballot.credential == held.credentials[0].public
    assert ballot.tracker == told["tracker"]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_ballot_of_every_form_of_question_is_accepted(script: Script, shape: str) -> None:
    questions, choices = SHAPES[shape]
    held = found(1, questions)
    accept(held, cast(script, held, choices))


@pytest.mark.parametrize("votes", VOTES[:3])
def test_a_ballot_on_all_forms_at_once_is_counted_as_it_was_chosen(
    script: Script, votes: tuple[tuple[int, ...], ...]
) -> None:
    held = found(1)
    held.ballots.append(read_ballot(held.election, cast(script, held, votes)["text"]))
    held.writer.ballot(held.ballots[0].text)
    held.close()
    held.decrypt(1)
    assert held.publish() == votes


@st.composite
def asked(draw: st.DrawFn) -> tuple[Question, tuple[int, ...]]:
    answers = tuple(draw(st.lists(st.text(max_size=12), min_size=1, max_size=4, unique=True)))
    most = draw(st.integers(1, len(answers)))
    question = Question(
        draw(st.text(max_size=30)), answers, draw(st.integers(0, most)), most, draw(st.booleans())
    )
    return question, tuple(draw(st.lists(st.integers(0, 2), min_size=1, max_size=5)))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(asked(), min_size=1, max_size=2))
def test_any_choice_that_its_question_allows_verifies_and_any_other_is_never_encrypted(
    script: Script, put: list[tuple[Question, tuple[int, ...]]]
) -> None:
    held = found(1, [question for question, _ in put])
    choices = [choice for _, choice in put]
    if all(question.allows(choice) for question, choice in put):
        accept(held, cast(script, held, choices))
        return
    with pytest.raises(ScriptFaultError) as caught:
        cast(script, held, choices)
    assert caught.value.path == "choice"
    assert str(choices) not in str(caught.value)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=32, max_size=32))
def test_a_ballot_opened_by_its_seed_is_the_librarys_own_and_no_other_choice_passes(
    script: Script, seed: bytes
) -> None:
    held = found(1)
    told = cast(script, held, VOTES[0], seed=seed.hex())
    check_challenge(held.election, told["text"], VOTES[0], seed)
    with pytest.raises(BallotFaultError):
        check_challenge(held.election, told["text"], VOTES[1], seed)


def test_two_ballots_of_one_choice_have_nothing_in_common(script: Script) -> None:
    held = found(1)
    first, second = (json.loads(cast(script, held, VOTES[0])["text"]) for _ in range(2))
    for one, other in zip(first["answers"], second["answers"], strict=True):
        for name in one:
            assert written(one[name]) != written(other[name])
    assert first["signature"]["proof"] != second["signature"]["proof"]


def test_a_code_that_the_script_draws_opens_the_same_credential_in_the_library(
    script: Script,
) -> None:
    drawn = {script.ask("code")["code"] for _ in range(5)}
    assert len(drawn) == 5
    for code in drawn:
        public = script.ask("credential", uuid="11111111111111", code=code)["public"]
        assert str(open_credential(GROUP, "11111111111111", code).public) == public


def test_the_specifications_credential_is_derived_as_it_says(script: Script) -> None:
    told = script.ask("credential", uuid="11111111111111", code="fNG-Qzz-jE7-oMA-ZVY")
    known = open_credential(GROUP, "11111111111111", "fNG-Qzz-jE7-oMA-ZVY")
    assert told["public"] == str(known.public)


@pytest.mark.parametrize("member", ["LCA", 'a"b\\é\n'])
def test_a_registration_holds_for_its_member_and_for_no_other(script: Script, member: str) -> None:
    code = draw_credential(chance(11))
    told = script.ask("registration", uuid="11111111111111", code=code, member=member)
    proof = read_proof(GROUP, told["proof"], "proof")
    public = GROUP.element(told["public"], "public")
    check_registration(GROUP, "11111111111111", member, public, proof)
    for uuid, whose in (("11111111111112", member), ("11111111111111", "HGI")):
        with pytest.raises(BallotFaultError):
            check_registration(GROUP, uuid, whose, public, proof)


@pytest.mark.parametrize("at", range(19))
def test_a_code_with_one_letter_changed_is_refused_without_a_part_of_it(
    script: Script, at: int
) -> None:
    code = "fNG-Qzz-jE7-oMA-ZVY"
    wrong = code[:at] + ("3" if code[at] != "3" else "4") + code[at + 1 :]
    with pytest.raises(ScriptFaultError) as caught:
        script.ask("credential", uuid="11111111111111", code=wrong)
    assert not any(part in str(caught.value) for part in wrong.split("-"))


@pytest.mark.parametrize("bound", [1, 2, 3, 58, 256, 257, GROUP.q])
def test_what_is_drawn_stays_below_its_bound(script: Script, bound: int) -> None:
    drawn = [int(each) for each in script.ask("draws", bound=str(bound), count=200)["drawn"]]
    assert all(0 <= each < bound for each in drawn)
    assert len(set(drawn)) >= min(bound, 100) * 0.9


def test_the_fingerprint_is_the_librarys(script: Script) -> None:
    text = found(
        1, FORMS, more={"x_roll": ["LCA"], "x_note": "“Đồng ý” \u2028\x7f\t"}
    ).election.text
    assert script.ask("election", text=text)["fingerprint"] == short_hash(text)


@pytest.mark.parametrize("shape", [(1,), ((3, 2),), (1, (2, 2)), ((2, 1), (3, 2))])
def test_the_key_of_every_kind_of_trustees_is_the_product_that_the_library_finds(
    script: Script, shape: tuple[Any, ...]
) -> None:
    _, trustees = appoint(shape, chance(5))
    told = script.ask("trustees", text=trustees.text)
    assert told["key"] == str(trustees.election_key(GROUP))
    sizes = [(1, 1) if one == 1 else one for one in shape]
    assert [(one["of"], one["enough"]) for one in told["groups"]] == sizes


def test_no_single_field_of_the_trustees_record_can_be_changed_for_the_script(
    script: Script,
) -> None:
    document = json.loads(appoint((1, (2, 2)), chance())[1].text)
    changes = [*plausible_changes(document), *list(malformed_changes(document))[::5]]
    for place, text in changes:
        with pytest.raises(ScriptFaultError) as ours:
            script.ask("trustees", text=text)
        library = fault_in(read_trustees, GROUP, text)
        assert library, place
        assert ours.value.path == library.path, place


def test_no_part_of_the_trustees_record_can_be_added_left_out_or_moved_for_the_script(
    script: Script,
) -> None:
    document = json.loads(appoint((1, (2, 2)), chance())[1].text)
    for place, changed in [*misshapen(document)]:
        if place not in {" one more", " one less"}:
            with pytest.raises(ScriptFaultError):
                script.ask("trustees", text=written(changed))


def test_the_scripts_bounds_are_the_librarys(script: Script) -> None:
    assert script.ask("limits") == {"ballot": MOST_BYTES, "token": MAX_TOKEN_BYTES}


def test_the_largest_ballot_that_may_be_asked_for_is_made_and_accepted(script: Script) -> None:
    most = next(
        count
        for count in range(30, 0, -1)
        if largest_ballot([approve("Cờ?", [f"Đơn vị {at}" for at in range(count)])]) <= MOST_BYTES
    )
    held = found(1, [approve("Cờ?", [f"Đơn vị {at}" for at in range(most)])])
    accept(held, cast(script, held, [[1] * most]))


def _non_residue() -> str:
    return next(str(number) for number in range(2, 50) if not GROUP.contains(number))


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(found(1).election.text)
    return document


DOCUMENT = _document()
CHANGES: dict[str, dict[str, Any]] = {
    "another group": {"group": "RFC-3526-2048"},
    "no group": {"group": None},
    "a group's own numbers": {"group": {"p": "23", "q": "11", "g": "2"}},
    "a key outside the subgroup": {"public_key": _non_residue()},
    "a key of p": {"public_key": str(GROUP.p)},
    "a key of p + 1": {"public_key": str(GROUP.p + 1)},
    "a key of p - 1": {"public_key": str(GROUP.p - 1)},
    "a key of 0": {"public_key": "0"},
    "a key of 1": {"public_key": "1"},
    "a key with a sign": {"public_key": "-" + DOCUMENT["public_key"]},
    "a key with a leading zero": {"public_key": "0" + DOCUMENT["public_key"]},
    "a key in hexadecimal": {"public_key": "0x10"},
    "a key that is a number": {"public_key": 4},
    "an unknown member": {"weight": 2},
    "another version": {"version": 2},
    "a version of text": {"version": "1"},
    "no questions": {"questions": []},
    "questions that are none": {"questions": {}},
    "a uuid too short": {"uuid": "123"},
    "a uuid not of Base58": {"uuid": "0" * 14},
    "a name that is a number": {"name": 7},
    "no rule": {"x_rule": None},
    "an unknown base": {"x_rule": {**DOCUMENT["x_rule"], "base": "all"}},
    "an unknown operator": {"x_rule": {**DOCUMENT["x_rule"], "op": "<"}},
    "more than the whole": {"x_rule": {**DOCUMENT["x_rule"], "num": 11}},
    "a quorum without denominator": {"x_rule": {**DOCUMENT["x_rule"], "quorum": {"num": 1}}},
    "an unknown member of the rule": {"x_rule": {**DOCUMENT["x_rule"], "note": ""}},
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "no answers": {"answers": []},
    "an answer twice": {"answers": ["A", "A", "B"]},
    "an answer that is a number": {"answers": ["A", 2, "C"]},
    "a maximum above the answers": {"max": 4},
    "a maximum of 0": {"max": 0},
    "a minimum above the maximum": {"min": 4},
    "a minimum below 0": {"min": -1},
    "a number that is true": {"max": True},
    "a blank of 1": {"blank": 1},
    "a question that is no text": {"question": None},
    "an unknown member of a question": {"mixnet": True},
}


def _refused(script: Script, text: str) -> None:
    """Both refuse *text* and name the same place; the script then makes no ballot for it either."""
    with pytest.raises(BallotFaultError) as library:
        read_election(text)
    with pytest.raises(ScriptFaultError) as ours:
        script.ask("election", text=text)
    assert ours.value.path == library.value.path
    with pytest.raises(ScriptFaultError):
        script.ask(
            "ballot", text=text, code="fNG-Qzz-jE7-oMA-ZVY", choices=[list(v) for v in VOTES[0]]
        )


@pytest.mark.parametrize("change", CHANGES)
def test_a_malformed_election_is_refused_by_the_place_the_library_names(
    script: Script, change: str
) -> None:
    _refused(script, written({**DOCUMENT, **CHANGES[change]}))


@pytest.mark.parametrize("change", QUESTIONS)
def test_a_malformed_question_is_refused_by_the_place_the_library_names(
    script: Script, change: str
) -> None:
    first, *others = DOCUMENT["questions"]
    _refused(script, written({**DOCUMENT, "questions": [{**first, **QUESTIONS[change]}, *others]}))


@pytest.mark.parametrize("member", list(DOCUMENT))
def test_an_election_without_one_of_its_members_is_refused(script: Script, member: str) -> None:
    _refused(script, written({k: v for k, v in DOCUMENT.items() if k != member}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"x"', "{}"])
def test_what_is_no_election_is_refused(script: Script, text: str) -> None:
    _refused(script, text)


def test_an_election_with_a_member_twice_or_not_canonical_is_refused(script: Script) -> None:
    text = found(1).election.text
    twice = text.replace('"version":1', '"version":1,"version":1')
    fraction = text.replace('"version":1', '"version":1.0')
    for wrong in (twice, fraction, text.replace(",", ", ", 1), text + "\n"):
        with pytest.raises(ScriptFaultError) as caught:
            script.ask("election", text=wrong)
        assert caught.value.path == "election"
