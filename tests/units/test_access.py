"""Access to Redis: the authority grants it to a unit that exists, once at a time, and takes it back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.units import year_2020 as year
from tests.units.telling import accept, assert_refused, with_units
from thidua.contracts import units as u
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.domain import Cycle
    from thidua.testing.story import Story

AT = "2020-02-01 08:00"
GRANTED = u.AccessGranted(unit="LCA", basis="QĐ 12/QĐ-BVHTTDL")
REVOKED = u.AccessRevoked(unit="LCA", reason="Ngừng hệ thống cũ")


@pytest.fixture
def story() -> Story[Cycle]:
    return with_units()


def test_the_authority_grants_and_revokes_and_grants_again(story: Story[Cycle]) -> None:
    for data in (GRANTED, REVOKED, GRANTED):
        accept(story, AT, year.MINISTRY, data, year.AUTHORITY)


def test_access_that_stands_is_not_granted_twice(story: Story[Cycle]) -> None:
    accept(story, AT, year.MINISTRY, GRANTED, year.AUTHORITY)
    again = story.when(AT, year.MINISTRY, GRANTED, year.AUTHORITY)
    assert_refused(again, Code.ALREADY_DONE, what="access of LCA")


def test_access_that_was_never_granted_is_not_revoked(story: Story[Cycle]) -> None:
    refused = story.when(AT, year.MINISTRY, REVOKED, year.AUTHORITY)
    assert_refused(refused, Code.REFERENCE_UNKNOWN, given="LCA")


def test_nobody_is_granted_access_who_does_not_exist(story: Story[Cycle]) -> None:
    unknown = u.AccessGranted(unit="XYZ", basis="QĐ 12")
    assert_refused(
        story.when(AT, year.MINISTRY, unknown, year.AUTHORITY), Code.UNIT_UNKNOWN, given="XYZ"
    )


def test_access_ends_also_for_a_unit_that_has_ended(story: Story[Cycle]) -> None:
    accept(story, AT, year.MINISTRY, GRANTED, year.AUTHORITY)
    dissolved = u.UnitDissolved(unit="LCA", on=date(2020, 2, 1), basis="NQ 1")
    accept(story, AT, year.MINISTRY, dissolved, year.AUTHORITY)
    accept(story, "2020-02-02 08:00", year.MINISTRY, REVOKED, year.AUTHORITY)


@pytest.mark.parametrize("data", [GRANTED, REVOKED], ids=["granted", "revoked"])
def test_no_unit_says_it_of_itself(
    story: Story[Cycle], data: u.AccessGranted | u.AccessRevoked
) -> None:
    refused = story.when(AT, "/units/LCA", data, year.AUTHORITY)
    assert_refused(refused, Code.ROLE_REQUIRED)
