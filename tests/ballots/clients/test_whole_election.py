"""A whole secret ballot as three units and their trustees do it, each with commands at its own machine."""

from __future__ import annotations

from tests.ballots.clients.house import CYCLE
from tests.ballots.clients.town import BALLOT, Town, done, said
from thidua.contracts import secret_ballots as s


def test_one_office_and_two_units_open_the_sum_and_nobody_more_is_needed(closed: Town) -> None:
    for person, office in closed.trustees()[1:4]:
        told = done(person.secretly("trustee", "decrypt", CYCLE, BALLOT, *office))
        assert "Đã đếm lại 3 phiếu / ballots counted again" in told.out
    [result] = said(closed, s.ResultPublished)
    assert result.result == ((1, 1, 1), (0, 3, 0))
    late = done(closed.people["SOC"].secretly("trustee", "decrypt", CYCLE, BALLOT, "--json"))
    assert late.document["needed"] is False
    assert len(said(closed, s.PartiallyDecrypted)) == 3
