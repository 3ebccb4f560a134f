from __future__ import annotations

import json
from itertools import combinations

import pytest

from tests.shared.voting.changing import fault_in, malformed_changes, misshapen, plausible_changes
from tests.shared.voting.making import GROUP, appoint, chance, found
from thidua.voting.canonical import written
from thidua.voting.faults import BallotFaultError
from thidua.voting.key_generation import draw_party
from thidua.voting.questions import approve
from thidua.voting.tally import open_tally, read_partial_decryption, read_result, result_text
from thidua.voting.trustees import read_trustees

_, TRUSTEES = appoint((1, (2, 2)), chance())


def test_trustees_that_followed_the_key_generation_are_accepted() -> None:
    assert read_trustees(GROUP, TRUSTEES.text) == TRUSTEES
    assert len(TRUSTEES.keys()) == 3


def test_no_single_field_of_the_trustees_record_can_be_changed() -> None:
    document = json.loads(TRUSTEES.text)
    changes = [*plausible_changes(document), *malformed_changes(document)]
    assert len(changes) > 100
    for place, text in changes:
        assert fault_in(read_trustees, GROUP, text), place


def test_no_part_of_the_trustees_record_can_be_added_left_out_or_moved() -> None:
    # Leaving out or repeating a whole item gives other trustees, who have another key.
    for place, changed in misshapen(json.loads(TRUSTEES.text)):
        if place not in {" one more", " one less"}:
            assert fault_in(read_trustees, GROUP, written(changed)), place


def test_coefficients_outside_the_group_are_refused_even_when_their_signs_cancel() -> None:
    document = json.loads(TRUSTEES.text)
    signed = document[1][1]["coefexps"]
    for each in signed:
        content = json.loads(each["message"])
        content["coefexps"][0] = str(GROUP.p - int(content["coefexps"][0]))
        each["message"] = written(content)
    with pytest.raises(BallotFaultError) as caught:
        read_trustees(GROUP, written(document))
    assert caught.value.path == "trustees/1/coefexps/0/message/coefexps/0"
    assert "element" in caught.value.expected


def test_a_share_that_does_not_match_names_its_sender() -> None:
    draw = chance()
    parties = [draw_party(GROUP, 3, 2, at, draw) for at in (1, 2, 3)]
    exponents = [party.exponents() for party in parties]
    shares = [party.share_for(1) for party in parties]
    shares[1] += 1
    with pytest.raises(BallotFaultError) as caught:
        parties[0].secret_key(shares, exponents)
    assert caught.value.path == "shares/2"
    with pytest.raises(BallotFaultError):
        parties[0].secret_key(shares[:2], exponents)


@pytest.mark.parametrize("place", [(3, 4, 1), (3, 0, 1), (3, 2, 0), (3, 2, 4), (101, 2, 1)])
def test_an_impossible_place_in_a_group_is_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(BallotFaultError):
        draw_party(GROUP, *place, chance())


def test_no_secret_of_a_trustee_is_printed() -> None:
    party = draw_party(GROUP, 3, 2, 1, chance())
    assert party.seed not in repr(party)
    assert not any(str(each) in repr(party) for each in party.coefficients)


def counted(shape):
    held = found(2, [approve("Q", ["A"])], shape)
    held.cast(0, (1,))
    held.cast(1, (1,))
    held.close()
    for owner in held.secrets:
        held.decrypt(owner)
    return held


def test_every_threshold_of_each_group_opens_the_same_result_and_one_fewer_opens_none() -> None:
    held = counted(((2, 1), (3, 2)))
    enough = [{1} | set(pair) for pair in combinations((3, 4, 5), 2)] + [{2, 3, 5}, {1, 2, 3, 4, 5}]
    for owners in enough:
        given = {owner: held.decryptions[owner] for owner in owners}
        assert open_tally(held.election, held.trustees, held.tally, given) == ((2,),)
    for owners in ({1, 2}, {3, 4, 5}, {1, 4}, set()):
        given = {owner: held.decryptions[owner] for owner in owners}
        with pytest.raises(BallotFaultError) as caught:
            open_tally(held.election, held.trustees, held.tally, given)
        assert caught.value.path.startswith("trustees ")


def read(held, owner: int, text: str):
    return read_partial_decryption(held.election, held.trustees, held.tally, owner, text)


def test_no_single_field_of_a_partial_decryption_can_be_changed_and_its_trustee_is_named() -> None:
    held = counted((1, 1))
    text = held.decryptions[2].text
    assert read(held, 2, text) == held.decryptions[2]
    document = json.loads(text)
    for place, changed in [*plausible_changes(document), *malformed_changes(document)]:
        assert str(fault_in(read, held, 2, changed)).startswith("trustee 2/"), place
    for place, changed in misshapen(document):
        assert fault_in(read, held, 2, written(changed)), place


def test_a_partial_decryption_is_its_own_trustees_and_of_one_tally_only() -> None:
    held = counted((1, 1))
    text = held.decryptions[2].text
    for owner in (0, 1, 3):
        with pytest.raises(BallotFaultError):
            read(held, owner, text)
    held.cast(0, (0,))
    held.close()
    with pytest.raises(BallotFaultError):
        read(held, 2, text)


def test_a_result_that_no_number_of_ballots_gives_is_refused() -> None:
    held = counted((1, 1))
    swapped = {1: held.decryptions[2], 2: held.decryptions[2]}
    with pytest.raises(BallotFaultError) as caught:
        open_tally(held.election, held.trustees, held.tally, swapped)
    assert caught.value.path == "result/0/0"


@pytest.mark.parametrize("result", [((1,),), ((2, 0),), ((2,), (0,)), ()])
def test_another_result_than_the_decrypted_one_is_refused(result) -> None:
    with pytest.raises(BallotFaultError):
        read_result(result_text(result), ((2,),))
    read_result(result_text(((2,),)), ((2,),))
