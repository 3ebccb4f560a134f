"""What must stand before a secret ballot opens: its draft, its trustees, their drill, credentials."""

from __future__ import annotations

import pytest

from services.ballots.domain import Cycle
from tests.ballots import conference_2020 as conf
from tests.ballots.conference_2020 import book, question, ready
from tests.ballots.decisions.year_2020 import CHAIR, MINISTRY, UNITS, accept, join, refusal
from tests.ballots.secret.phieu_kin import (
    DRAFTED,
    GROUPS,
    NAME,
    OPENED,
    Held,
    custody,
    draft,
    drafted,
    fixed,
    is_open,
)
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts import units as u
from thidua.refusals import Code
from thidua.testing.story import Story, local


def group(threshold: int, *sources: str) -> s.TrusteeGroup:
    holders = tuple(
        s.Holder(source=source, office=f"khoa-{at}") for at, source in enumerate(sources)
    )
    return s.TrusteeGroup(threshold=threshold, holders=holders)


OF_MEMBERS = group(2, "/units/DBN", "/units/CBG", "/units/SLA")


def code_of(data: s.ElectionDrafted, source: str = CHAIR) -> Code:
    return refusal(ready(), DRAFTED, data, source).code


@pytest.mark.parametrize(
    "groups",
    [
        (group(2, MINISTRY, MINISTRY), OF_MEMBERS),
        (GROUPS[0], group(3, "/units/DBN", "/units/CBG", "/units/SLA")),
        (GROUPS[0], group(4, *(f"/units/{unit}" for unit in UNITS[:5]))),
        (GROUPS[0],),
        (GROUPS[0], group(1, MINISTRY, "/units/DBN")),
        (group(1, "/units/LCA", "/units/LCA"), group(1, "/units/LCH", "/units/LSN")),
    ],
    ids=["2-of-2", "3-of-3", "4-of-5", "ministry-alone", "ministry-in-both", "nominees-alone"],
)
def test_trustees_that_could_block_or_collude_are_refused(
    groups: tuple[s.TrusteeGroup, ...],
) -> None:
    assert code_of(draft(trustees=groups)) is Code.TRUSTEES_INVALID


def test_a_trustee_is_named_once_and_is_the_authority_or_a_member() -> None:
    assert code_of(draft(trustees=(GROUPS[0], GROUPS[1], GROUPS[1]))) is Code.OVERLAP
    stranger = group(1, "/units/TQG", "/units/DBN")
    assert code_of(draft(trustees=(GROUPS[0], stranger))) is Code.UNIT_UNKNOWN
    other = group(1, "/authorities/BKHCN", MINISTRY)
    assert code_of(draft(trustees=(other, OF_MEMBERS))) is Code.REFERENCE_UNKNOWN


def test_only_whoever_presides_drafts_and_of_known_units_and_matters() -> None:
    assert code_of(draft(), "/units/LSN") is Code.ROLE_REQUIRED
    assert code_of(draft("co-khac")) is Code.REFERENCE_UNKNOWN
    assert code_of(draft("co-bo", "LCA", "TQG")) is Code.UNIT_UNKNOWN
    assert code_of(draft("co-bo", "LCA", "LCA")) is Code.OVERLAP
    assert code_of(draft(conference="khac")) is Code.REFERENCE_UNKNOWN
    assert code_of(draft(keys_of="khac")) is Code.REFERENCE_UNKNOWN
    assert code_of(draft(form="each")) is Code.MODE_WRONG
    assert code_of(draft(min_ballots=8)) is Code.NO_QUORUM


def test_a_name_or_a_uuid_serves_one_draft_alone() -> None:
    held = drafted()
    same = refusal(held.story, DRAFTED, draft(uuid="EwLZiBDiuUsXo5"), CHAIR)
    assert same.code is Code.ALREADY_DONE
    assert refusal(held.story, DRAFTED, draft(ballot="khac"), CHAIR).code is Code.ALREADY_DONE


def with_members(number: int) -> tuple[Story[Cycle], tuple[str, ...]]:
    """The conference of a cluster to which *number* further units belong."""
    story = conf.attended(rulebook=book(question("bang-khen-bo", base="valid")))
    codes = tuple(f"X{at:02}" for at in range(number))
    for code in codes:
        join(story, code)
    return story, codes


def test_a_list_too_long_for_an_entry_is_refused_with_the_number_that_fits() -> None:
    story, codes = with_members(30)
    each = draft("bang-khen-bo", *codes, form="each")
    refused = refusal(story, DRAFTED, each, CHAIR)
    assert (refused.code, refused.facts) == (Code.BALLOT_TOO_LONG, {"given": 30, "fits": 7})
    listed = refusal(story, DRAFTED, draft("bang-khen-bo", *codes), CHAIR)
    assert listed.code is Code.BALLOT_TOO_LONG
    fits = listed.facts["fits"]
    assert isinstance(fits, int)
    assert fits >= 20
    accept(story, DRAFTED, draft("bang-khen-bo", *codes[:fits]), CHAIR)


def test_a_round_of_the_key_generation_begins_when_the_one_before_is_complete() -> None:
    held = drafted()
    said = list(custody(held.draft)[1])
    rounds = [said[at : at + 5] for at in range(0, 20, 5)]
    for number, messages in enumerate(rounds):
        if number + 1 < len(rounds):
            ahead = rounds[number + 1][0]
            source = held.hands.source(ahead.owner)
            assert refusal(held.story, DRAFTED, ahead, source).code is Code.STATE_FORBIDS
        for one in messages:
            source = held.hands.source(one.owner)
            accept(held.story, DRAFTED, one, source)
            if one is not messages[-1] or number < 3:
                again = refusal(held.story, DRAFTED, one, source)
                assert again.code is Code.ALREADY_DONE
    assert len(held.story.told(s.ElectionFixed)) == 1


def test_nobody_speaks_for_the_share_of_another() -> None:
    held = drafted()
    first = custody(held.draft)[1][0]
    for source in (CHAIR, "/units/DBN"):
        assert refusal(held.story, DRAFTED, first, source).code is Code.ROLE_REQUIRED
    beyond = first.model_copy(update={"owner": 6})
    assert refusal(held.story, DRAFTED, beyond, MINISTRY).code is Code.ROLE_REQUIRED


def until(kind: type[s.TrusteeEvent]) -> tuple[Held, s.TrusteeEvent]:
    """The key generation up to the first message of that kind."""
    held = drafted()
    for one in custody(held.draft)[1]:
        if isinstance(one, kind):
            return held, one
        accept(held.story, DRAFTED, one, held.hands.source(one.owner))
    raise AssertionError(kind)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (s.TrusteePublished, "certificate"),
        (s.TrusteePublished, "coefexps"),
        (s.TrusteeSharesSealed, "approval"),
        (s.TrusteeKeyConfirmed, "public_key"),
        (s.TrusteeKeyConfirmed, "proof"),
        (s.TrusteeKeyConfirmed, "signature"),
    ],
)
def test_a_message_with_another_trustees_part_in_it_is_refused_and_its_trustee_named(
    kind: type[s.TrusteeEvent], name: str
) -> None:
    held, given = until(kind)
    other = [one for one in custody(held.draft)[1] if isinstance(one, kind)][-1]
    forged = given.model_copy(update={name: getattr(other, name)})
    refused = refusal(held.story, DRAFTED, forged, held.hands.source(given.owner))
    assert refused.code is Code.BALLOT_INVALID
    assert str(refused.facts["path"]).startswith(f"trustee {given.owner}/")


def test_the_box_opens_only_when_every_trustee_has_tried_its_share() -> None:
    held = fixed().registered()
    for seat in held.hands.seats:
        waits = refusal(held.story, OPENED, held.opening(), CHAIR)
        assert waits.code is Code.STATE_FORBIDS
        accept(held.story, DRAFTED, held.drill(seat.owner), seat.source)
    held.opened()


def test_a_drill_of_another_share_or_of_another_fingerprint_is_refused() -> None:
    held = fixed()
    drill = held.drill(3)
    other = held.drill(4)
    for changed in (
        {"fingerprint": "A" * 43},
        {"factor": other.factor, "proof": other.proof},
    ):
        refused = refusal(held.story, DRAFTED, drill.model_copy(update=changed), "/units/DBN")
        assert refused.code is Code.BALLOT_INVALID


def test_it_is_opened_as_it_was_drafted_and_with_an_end() -> None:
    held = fixed().drilled().registered()
    for changed in ({"nominees": ("LCA", "LCH")}, {"previous": "khac"}, {"closes": None}):
        assert isinstance(refusal(held.story, OPENED, held.opening(**changed), CHAIR).code, Code)
    unknown = held.opening(ballot="khac")
    assert refusal(held.story, OPENED, unknown, CHAIR).code is Code.STATE_FORBIDS


def test_it_does_not_open_with_fewer_credentials_than_votes_are_needed() -> None:
    held = fixed().drilled().registered(UNITS[:2])
    assert refusal(held.story, OPENED, held.opening(), CHAIR).code is Code.NO_QUORUM
    held.registered(UNITS[2:3]).opened()


def test_a_roll_that_changed_since_the_keys_were_made_asks_for_a_new_draft() -> None:
    held = fixed().drilled().registered()
    left = u.MembershipEnded(
        cluster="BGPB", unit="CBG", last_day=local("2020-11-20 12:00").date(), basis="QĐ 3"
    )
    held.story.given(DRAFTED, MINISTRY, left, "BVHTTDL")
    refused = refusal(held.story, OPENED, held.opening(), CHAIR)
    assert refused.code is Code.STATE_FORBIDS
    assert refused.facts["needed"] == "election-drafted"


def test_a_credential_is_its_members_own_and_of_nobody_else_and_of_no_other_ballot() -> None:
    held = fixed()
    mine = held.voters.register("LCA")
    stolen = refusal(held.story, DRAFTED, mine, "/units/LSN")
    assert stolen.code is Code.BALLOT_INVALID
    accept(held.story, DRAFTED, mine, "/units/LCA")
    assert refusal(held.story, DRAFTED, mine, "/units/LSN").code is Code.KEY_USED
    unknown = mine.model_copy(update={"ballot": "khac"})
    assert refusal(held.story, DRAFTED, unknown, "/units/LCA").code is Code.BALLOT_NOT_OPEN
    one = mine.model_copy(update={"credential": "1"})
    assert refusal(held.story, DRAFTED, one, "/units/LCA").code is Code.BALLOT_INVALID


def test_a_lost_credential_is_replaced_before_the_opening_and_never_after() -> None:
    held = fixed().drilled().registered()
    again = held.voters.register("LCA")
    accept(held.story, DRAFTED, again, "/units/LCA")
    held.opened()
    late = refusal(held.story, OPENED, held.voters.register("LCA"), "/units/LCA")
    assert late.code is Code.STATE_FORBIDS
    assert held.story.state.elections[NAME].credentials["LCA"] == again.credential


def test_while_it_is_open_no_other_ballot_on_its_matter_is() -> None:
    held = is_open()
    other = conf.call("co-bo", "LCA", ballot="khac")
    assert refusal(held.story, OPENED, other, CHAIR).code is Code.STATE_FORBIDS
    held.closed()
    assert held.story.state.ballots[NAME].state == "voided"


def test_a_draft_may_be_voided_and_no_key_is_made_for_it_then() -> None:
    held = drafted()
    void = b.BallotVoided(ballot=NAME, reason="Chia lại người giữ khóa")
    accept(held.story, DRAFTED, void, CHAIR)
    first = custody(held.draft)[1][0]
    assert refusal(held.story, DRAFTED, first, MINISTRY).code is Code.BALLOT_CLOSED
    card = held.voters.register("LCA")
    assert refusal(held.story, DRAFTED, card, "/units/LCA").code is Code.BALLOT_CLOSED
