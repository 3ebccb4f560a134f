"""Who stands where: units and members day by day, officers, roles, and the authority of the log."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.contracts import Event, EventData, Role
from thidua.contracts import ballots as b
from thidua.contracts import units as u
from thidua.contracts.base import Share
from thidua.contracts.rulebook import Council, Deadlines, Title, WorkingDays
from thidua.evolving import evolve_frame, evolve_registry
from thidua.folding import touched
from thidua.standing import (
    Frame,
    Membership,
    Officer,
    Registry,
    Unit,
    acting_chair,
    acting_deputy,
    local_day,
    roles_held,
)

MINISTRY = "/authorities/BVHTTDL"
CYCLE = "BVHTTDL/BGPB/2021"
DAY = date(2021, 3, 1)
RX = datetime(2021, 3, 1, 1, tzinfo=UTC)


def event(data: EventData, subject: str = CYCLE, source: str = MINISTRY) -> Event:
    return Event("h" * 43, "e-1", source, subject, RX, RX, "BVHTTDL/root", data)


def unit(code: str, since: date = date(2008, 3, 1), ended: date | None = None) -> Unit:
    return Unit(code, "culture-sports-tourism", code, since, (), ended)


def registry(*units: Unit, acting: Literal["elected", "outgoing"] | None = None) -> Registry:
    made = Registry(
        "BVHTTDL",
        units={item.code: item for item in units},
        memberships=tuple(Membership("BGPB", item.code, item.valid_from) for item in units),
    )
    return made if acting is None else evolve_registry(made, event(regulation(acting), "BVHTTDL"))


def regulation(acting: Literal["elected", "outgoing"]) -> u.RegulationIssued:
    half = Share(num=1, den=2, op="more-than")
    title = Title.model_validate(
        {"code": "co-bo", "name_vi": "Cờ", "name_en": "Flag", "kind": "title", "multiple": "8"}
    )
    clocks = WorkingDays(
        return_within=3, complete_within=5, appraise_within=25, decide_within=7, notify_within=10
    )
    return u.RegulationIssued(
        year=2021,
        basis="TT 07/2019/TT-BVHTTDL",
        deadlines=Deadlines(),
        titles=(title,),
        working_days=clocks,
        council=Council(members=24, quorum=half, threshold=half),
        acting=acting,
        suspended="considered",
        reward_step=10_000,
    )


BOTH = registry(unit("LCA"), unit("LCH"), unit("HGI"))
BEFORE = Frame(
    "BVHTTDL/BGPB/2020",
    chair=Officer("LCH", "recognised", "x"),
    deputy=Officer("LCA", "recognised", "x"),
)
YEAR = Frame(CYCLE)


def elected(kind: type[b.Elected], code: str, year: int = 2021) -> b.Elected:
    return kind(unit=code, for_year=year, ballot="bau", votes=7)


def recognised(code: str) -> b.OfficerRecognised:
    return b.OfficerRecognised(
        office="chair", unit=code, decision="QĐ 1162", decided_on=date(2021, 3, 26)
    )


# --- days -------------------------------------------------------------------------------------


def test_a_day_begins_at_midnight_in_vietnam() -> None:
    assert local_day(datetime(2020, 3, 24, 16, 59, 59, tzinfo=UTC)) == date(2020, 3, 24)
    assert local_day(datetime(2020, 3, 24, 17, 0, tzinfo=UTC)) == date(2020, 3, 25)


def test_a_unit_exists_from_its_first_day_until_the_day_it_ends() -> None:
    found = unit("HGI", date(2008, 3, 1), ended=date(2025, 7, 1))

    assert not found.exists(date(2008, 2, 29))
    assert found.exists(date(2008, 3, 1))
    assert found.exists(date(2025, 6, 30))
    assert not found.exists(date(2025, 7, 1))


def test_a_membership_holds_on_its_last_day() -> None:
    held = Membership("BGPB", "LCA", date(2009, 2, 13), date(2020, 12, 31))

    assert not held.holds(date(2009, 2, 12))
    assert held.holds(date(2020, 12, 31))
    assert not held.holds(date(2021, 1, 1))


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from(("AAA", "BBB"))),
        max_size=4,
    ),
    offset=st.integers(0, 40),
)
def test_a_member_is_always_a_unit_that_exists_and_whose_membership_holds(
    spans: list[tuple[int, int, str]], offset: int
) -> None:
    start = date(2020, 1, 1)
    ended = start + timedelta(days=20)
    made = Registry(
        "BVHTTDL",
        units={"AAA": unit("AAA", start), "BBB": unit("BBB", start, ended)},
        memberships=tuple(
            Membership("BGPB", code, start + timedelta(days=low), start + timedelta(days=high))
            for low, high, code in spans
        ),
    )
    day = start + timedelta(days=offset)

    members = made.members("BGPB", day)

    assert list(members) == sorted(members)
    for code in ("AAA", "BBB"):
        held = any(low <= offset <= high for low, high, of in spans if of == code)
        assert (code in members) == (held and (code == "AAA" or day < ended))


def test_the_base_salary_is_the_last_that_was_set_for_the_day() -> None:
    made = Registry("BVHTTDL")
    for since, amount in ((date(2023, 7, 1), 1_800_000), (date(2019, 7, 1), 1_490_000)):
        salary = u.BaseSalarySet(amount=amount, valid_from=since, basis="NĐ")
        made = evolve_registry(made, event(salary, "BVHTTDL"))

    assert made.salary(date(2019, 6, 30)) is None
    assert made.salary(date(2021, 2, 5)) == 1_490_000
    assert made.salary(date(2023, 7, 1)) == 1_800_000


def test_a_base_salary_set_again_for_a_day_replaces_what_stood() -> None:
    made = Registry("BVHTTDL")
    for amount in (1_940_000, 1_490_000):
        salary = u.BaseSalarySet(amount=amount, valid_from=date(2019, 7, 1), basis="NĐ")
        made = evolve_registry(made, event(salary, "BVHTTDL"))

    assert made.salary(date(2021, 2, 5)) == 1_490_000


def test_an_established_authority_learns_whose_log_it_stands_in() -> None:
    established = event(u.AuthorityEstablished(authority="BTP", name_vi="Bộ Tư pháp"), "BVHTTDL")

    assert touched(established) == ("BVHTTDL", "BTP")
    assert evolve_registry(Registry("BTP"), established).genesis == "BVHTTDL"
    founder = evolve_registry(Registry("BVHTTDL"), established)
    assert (founder.genesis, dict(founder.authorities)) == ("", {"BTP": "Bộ Tư pháp"})


# --- officers ---------------------------------------------------------------------------------


def test_before_an_election_the_officers_of_the_year_before_act() -> None:
    assert acting_chair(BOTH, YEAR, BEFORE, DAY) == "LCH"
    assert acting_deputy(BOTH, YEAR, BEFORE, DAY) == "LCA"


@pytest.mark.parametrize(("acting", "chair"), [("elected", "LCA"), ("outgoing", "LCH")])
def test_the_regulation_says_who_acts_between_election_and_recognition(
    acting: Literal["elected", "outgoing"], chair: str
) -> None:
    standing = registry(unit("LCA"), unit("LCH"), acting=acting)
    frame = evolve_frame(YEAR, event(elected(b.ChairElected, "LCA")))

    assert acting_chair(standing, frame, BEFORE, DAY) == chair


def test_a_recognised_chair_acts_whatever_the_regulation_says() -> None:
    standing = registry(unit("LCA"), unit("LCH"), acting="outgoing")
    frame = evolve_frame(YEAR, event(elected(b.ChairElected, "LCA")))
    frame = evolve_frame(frame, event(recognised("LCA")))

    assert acting_chair(standing, frame, BEFORE, DAY) == "LCA"


def test_a_chair_whose_recognition_was_refused_does_not_act() -> None:
    frame = Frame(CYCLE, chair=Officer("LCA", "refused", "x"))

    assert acting_chair(BOTH, frame, BEFORE, DAY) == "LCH"
    assert acting_chair(BOTH, frame, Frame(BEFORE.subject), DAY) is None


def test_when_the_chairs_unit_no_longer_exists_the_deputy_acts() -> None:
    standing = registry(unit("LCH", ended=date(2021, 2, 1)), unit("LCA"))

    assert acting_chair(standing, BEFORE, Frame("BVHTTDL/BGPB/2019"), DAY) == "LCA"


def test_invariant_7_an_officer_that_has_left_the_cluster_acts_no_more() -> None:
    standing = registry(unit("LCH"), unit("LCA"))
    for code, last_day in (("LCH", DAY - timedelta(days=1)), ("LCA", DAY)):
        ended = u.MembershipEnded(cluster="BGPB", unit=code, last_day=last_day, basis="QĐ 12")
        standing = evolve_registry(standing, event(ended, "BVHTTDL"))

    assert acting_chair(standing, BEFORE, Frame("BVHTTDL/BGPB/2019"), DAY) == "LCA"
    next_day = DAY + timedelta(days=1)
    assert acting_chair(standing, BEFORE, Frame("BVHTTDL/BGPB/2019"), next_day) is None
    assert acting_deputy(standing, BEFORE, Frame("BVHTTDL/BGPB/2019"), next_day) is None


def test_while_the_outgoing_chair_acts_for_a_refused_one_the_outgoing_deputy_stands_in_too() -> (
    None
):
    refused = Frame(CYCLE, chair=Officer("HGI", "refused", "x"))

    assert acting_deputy(BOTH, refused, BEFORE, DAY) == "LCA"
    gone = registry(unit("LCH", ended=date(2021, 2, 1)), unit("LCA"), unit("HGI"))
    assert acting_chair(gone, refused, BEFORE, DAY) == "LCA"


def test_a_refused_deputy_is_not_replaced_by_the_one_of_the_year_before() -> None:
    frame = Frame(
        CYCLE, chair=Officer("LCA", "elected", "x"), deputy=Officer("HGI", "refused", "x")
    )

    assert acting_deputy(BOTH, frame, BEFORE, DAY) is None


def test_an_election_for_another_year_leaves_this_years_officers() -> None:
    frame = evolve_frame(BEFORE, event(elected(b.ChairElected, "HGI", 2021), BEFORE.subject))

    assert frame.chair == BEFORE.chair
    assert event(elected(b.ChairElected, "HGI", 2021), BEFORE.subject).data.touches(
        BEFORE.subject
    ) == (CYCLE,)


def test_chair_and_deputy_are_kept_apart() -> None:
    frame = evolve_frame(YEAR, event(elected(b.ChairElected, "LCA")))
    frame = evolve_frame(frame, event(elected(b.DeputyElected, "HGI")))

    assert (frame.chair, frame.deputy) == (
        Officer("LCA", "elected", "h" * 43),
        Officer("HGI", "elected", "h" * 43),
    )


officers = st.none() | st.builds(
    Officer,
    st.sampled_from(("LCA", "LCH", "HGI", "YBA")),
    st.sampled_from(("carried-over", "elected", "recognised", "refused")),
    st.just("x"),
)
gone_after = st.dictionaries(
    st.sampled_from(("LCA", "LCH", "HGI")), st.sampled_from(("merged", "left"))
)


@given(
    chairs=st.tuples(officers, officers), deputies=st.tuples(officers, officers), gone=gone_after
)
def test_invariant_7_who_acts_as_chair_or_deputy_is_always_a_member_not_refused_by_the_authority(
    chairs: tuple[Officer | None, Officer | None],
    deputies: tuple[Officer | None, Officer | None],
    gone: dict[str, str],
) -> None:
    units = {
        code: unit(code, ended=DAY if gone.get(code) == "merged" else None)
        for code in ("LCA", "LCH", "HGI", "YBA")
    }
    standing = Registry(
        "BVHTTDL",
        units=units,
        memberships=tuple(
            Membership(
                "BGPB",
                code,
                date(2009, 2, 13),
                DAY - timedelta(days=1) if gone.get(code) == "left" else None,
            )
            for code in ("LCA", "LCH", "HGI")
        ),
    )
    frame = Frame(CYCLE, chair=chairs[0], deputy=deputies[0])
    before = Frame(BEFORE.subject, chair=chairs[1], deputy=deputies[1])
    allowed = {
        officer.unit
        for officer in (*chairs, *deputies)
        if officer is not None and officer.status != "refused"
    }
    members = standing.members("BGPB", DAY)

    for acting in (acting_chair, acting_deputy):
        who = acting(standing, frame, before, DAY)
        assert who is None or (who in members and who in allowed)


# --- roles ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "roles"),
    [
        ("/services/units", {Role.SERVICE}),
        (MINISTRY, {Role.AUTHORITY, Role.OWNER}),
        ("/authorities/BTP", {Role.OWNER}),
        ("/units/LCH", {Role.OWNER, Role.MEMBER, Role.CHAIR}),
        ("/units/LCA", {Role.OWNER, Role.MEMBER, Role.DEPUTY}),
        ("/units/HGI", {Role.OWNER, Role.MEMBER}),
        ("/units/YBA", {Role.OWNER}),
    ],
)
def test_roles_follow_from_registry_and_frame(source: str, roles: set[Role]) -> None:
    assert roles_held(source, BOTH, YEAR, BEFORE, DAY) == roles


def test_under_the_registry_a_unit_holds_no_role_but_its_key() -> None:
    assert roles_held("/units/LCH", BOTH, None, None, DAY) == {Role.OWNER}


@given(source=st.sampled_from(("/units/LCA", "/units/XYZ", MINISTRY, "/services/ballots")))
def test_nobody_ever_holds_two_of_service_authority_and_member(source: str) -> None:
    held = roles_held(source, BOTH, YEAR, BEFORE, DAY)

    assert len(held & {Role.SERVICE, Role.AUTHORITY, Role.MEMBER}) <= 1
