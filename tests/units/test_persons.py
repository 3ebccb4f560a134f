"""Personal data erased: said of a commitment that stands, once, by who made it or by the authority."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused, opened
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.domain import Cycle
    from thidua.testing.story import Story

AT = "2020-11-22 08:00"
OF_DELEGATE, OF_COUNTER = "d" * 64, "c" * 64
LCA = "/units/LCA"


def erased(
    unit: str = "LCA", commitment: str = OF_DELEGATE, **more: object
) -> u.PersonalDataErased:
    given = {"ground": "request", "basis": "Điều 14 Luật 91/2025/QH15", **more}
    return u.PersonalDataErased.model_validate({"unit": unit, "commitment": commitment, **given})


@pytest.fixture
def story() -> Story[Cycle]:
    """Lào Cai has appointed a delegate; one of Hà Giang is in the counting board of the year."""
    story = opened()
    delegate = u.DelegateAppointed(
        unit="LCA",
        delegate="dai-dien-1",
        role_vi="Phó Giám đốc",
        commitment=OF_DELEGATE,
        valid_from=date(2020, 1, 15),
    )
    accept(story, "2020-01-15 08:00", LCA, delegate)
    counter = b.BoardMember(member="kiem-phieu-1", unit="HGI", head=True, commitment=OF_COUNTER)
    board = b.CountingBoardElected(conference="tong-ket", members=(counter,))
    story.given("2020-11-21 08:00", year.CHAIR, board)
    return story


@pytest.mark.parametrize("source", [LCA, year.MINISTRY])
def test_the_unit_or_the_authority_says_once_that_a_delegates_name_was_erased(
    story: Story[Cycle], source: str
) -> None:
    accept(story, AT, source, erased())
    again = story.when(AT, year.MINISTRY, erased())
    assert_refused(again, Code.ALREADY_DONE, what=f"erasure of {OF_DELEGATE}")


def test_another_unit_does_not_say_it(story: Story[Cycle]) -> None:
    refused = story.when(AT, "/units/HGI", erased())
    assert_refused(refused, Code.ROLE_REQUIRED, held=["/units/HGI"])


def test_a_counting_board_members_name_is_erased_in_the_cycle_where_it_stands(
    story: Story[Cycle],
) -> None:
    counter = erased("HGI", OF_COUNTER)
    assert_refused(story.when(AT, "/units/HGI", counter), Code.REFERENCE_UNKNOWN)
    accept(story, AT, "/units/HGI", erased("HGI", OF_COUNTER, cycle=year.CYCLE))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (erased(commitment="0" * 64), "commitment"),
        (erased("HGI"), "commitment"),
        (erased(cycle=year.CYCLE), "commitment"),
        (erased(cycle="BNV/BGPB/2020"), "cycle"),
    ],
    ids=["made by nobody", "made by another unit", "made elsewhere", "another authority's cycle"],
)
def test_what_was_never_committed_there_is_not_erased(
    story: Story[Cycle], data: u.PersonalDataErased, what: str
) -> None:
    refused = story.when(AT, year.MINISTRY, data)
    assert_refused(refused, Code.REFERENCE_UNKNOWN, what=what)


def test_a_further_delegate_has_a_commitment_of_its_own_to_erase(story: Story[Cycle]) -> None:
    accept(story, AT, LCA, erased())
    again = u.DelegateAppointed(
        unit="LCA",
        delegate="dai-dien-2",
        role_vi="Phó Giám đốc",
        commitment="e" * 64,
        valid_from=date(2020, 11, 22),
    )
    accept(story, AT, LCA, again)
    accept(story, AT, LCA, erased(commitment="e" * 64))
