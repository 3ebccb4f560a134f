"""A whole secret ballot as three units and their trustees do it, each with commands at its own machine."""

from __future__ import annotations

from tests.ballots.clients.conftest import BALLOT, Town
from tests.ballots.clients.house import CYCLE


def test_three_units_vote_and_their_trustees_open_the_sum(town: Town) -> None:
    town.make_keys()
    town.confirm()
    town.register()
    town.open()
    first = town.vote("SOA", '{"SOA": "yes", "SOB": "yes"}')
    town.vote("SOB", '{"SOA": "no", "SOB": "yes"}')
    town.vote("SOC", '{"SOA": "none"}')
    last = town.vote("SOA", '{"SOA": "yes", "SOB": "no"}')
    replaced = town.people["SOC"].run("ballot", "check", CYCLE, BALLOT, first, "--json")
    assert (replaced.code, replaced.document["counts"]) == (0, False)
    counted = town.people["SOA"].run("ballot", "check", CYCLE, BALLOT, "--json")
    assert (counted.code, counted.document["tracker"], counted.document["counts"]) == (
        0,
        last,
        True,
    )
    early = town.people["SOA"].secretly("trustee", "decrypt", CYCLE, BALLOT)
    assert early.code == 4, early
    town.house.pass_to(town.closes)
    for person, office in town.trustees()[1:4]:
        told = person.secretly("trustee", "decrypt", CYCLE, BALLOT, *office)
        assert told.code == 0, told
        assert "Đã đếm lại 3 phiếu" in told.out
    for one in town.house.raw[-12:]:
        print(one[:300])
