"""What the page is told of a secret ballot as the log stands: nothing before there is something to vote on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from services.ballots.page.finding import find_running, find_setup, find_vote
from tests.ballots import conference_2020 as conf
from tests.ballots.decisions.year_2020 import CHAIR, CYCLE, MINISTRY, UNITS, accept
from tests.ballots.secret.phieu_kin import (
    AFTER,
    DRAFTED,
    FIRST,
    NAME,
    VOTED,
    custody,
    draft,
    drafted,
    fixed,
    is_open,
)
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.contracts import units as u
from thidua.signing import Algorithm, SigningKey
from thidua.testing.story import local

if TYPE_CHECKING:
    from services.ballots.page.setup import BoxedVote, Setup
    from tests.ballots.secret.phieu_kin import Held


def told(held: Held, *, sandbox: bool = False) -> dict[str, Any]:
    setup = seen(held)
    assert setup is not None
    return setup.document(origin="so/p0", sandbox=sandbox, door_url="https://so.vn")


def seen(held: Held, subject: str = CYCLE, name: str = NAME) -> Setup | None:
    return find_setup(held.story.fold, local(VOTED), subject, name)


def test_there_is_nothing_to_vote_on_before_the_keys_are_complete() -> None:
    assert seen(drafted()) is None
    assert seen(fixed()) is not None


@pytest.mark.parametrize(
    ("subject", "name"), [(CYCLE, "khac"), ("BVHTTDL/BGPB/2019", NAME), ("", ""), ("BVHTTDL", NAME)]
)
def test_a_ballot_that_is_not_there_is_not_found(subject: str, name: str) -> None:
    assert seen(fixed(), subject, name) is None


def test_a_ballot_of_another_mode_is_none_of_the_pages() -> None:
    held = fixed()
    accept(held.story, VOTED, conf.ballot("bang-khen-bo", "SLA", "HGI"), CHAIR)
    assert seen(held, CYCLE, "bang-khen-bo") is None


def test_a_ballot_is_registered_for_then_open_then_closed() -> None:
    held = fixed()
    assert told(held)["state"] == "registering"
    assert told(held)["closes"] is None
    held.drilled().registered().opened()
    assert told(held)["state"] == "open"
    assert told(held)["closes"] == "2020-11-21T02:30:00.000Z"
    held.all_vote(dict.fromkeys(UNITS[:5], ("LCA",))).closed()
    assert told(held)["state"] == "closed"
    held.counted()
    assert told(held)["state"] == "closed"


def test_a_ballot_is_listed_while_somebody_can_do_something_for_it() -> None:
    held = drafted()
    assert running(held) == []
    for one in custody(held.draft)[1]:
        accept(held.story, DRAFTED, one, held.hands.source(one.owner))
    assert running(held) == [(NAME, "registering")]
    held.drilled().registered().opened()
    assert running(held) == [(NAME, "open")]
    held.all_vote(dict.fromkeys(UNITS[:5], ("LCA",))).closed()
    assert running(held) == []


def running(held: Held) -> list[tuple[str, str]]:
    found = find_running(held.story.fold)
    assert all(one.matter[0] == "Cờ thi đua của Bộ" and one.subject == CYCLE for one in found)
    return [(one.ballot, one.state) for one in found]


def test_a_voided_ballot_is_closed_even_before_it_was_opened() -> None:
    held = fixed()
    accept(held.story, VOTED, b.BallotVoided(ballot=NAME, reason="Lập lại"), CHAIR)
    assert told(held)["state"] == "closed"
    assert running(held) == []


def test_the_roll_says_who_has_registered_and_how_often_each_has_voted() -> None:
    held = is_open().all_vote({"LCA": ("LCA",), "LCH": ()})
    accept(held.story, VOTED, held.vote("LCA", "LCH"), "/units/LCA")
    roll = {each["unit"]: each for each in told(held)["roll"]}
    assert set(roll) == set(UNITS)
    assert {unit: each["votes"] for unit, each in roll.items() if each["votes"]} == {
        "LCA": 2,
        "LCH": 1,
    }
    credentials = {unit: str(one.public) for unit, one in held.voters.credentials.items()}
    assert {unit: each["credential"] for unit, each in roll.items()} == credentials


def test_text_and_fingerprint_are_those_that_stand_in_the_log() -> None:
    held, first = is_open(), is_open(None, FIRST)
    document = told(held)
    assert document["election"] == held.election.text
    assert document["fingerprint"] == held.election.fingerprint
    assert document["matter"] == {"vi": "Cờ thi đua của Bộ", "en": "Ministry's emulation flag"}
    assert document["repeat"] == "last"
    assert told(first)["repeat"] == "first"


def test_a_sandbox_tells_its_own_clock_and_a_real_log_none() -> None:
    held = is_open()
    assert told(held, sandbox=True)["clock"] == "2020-11-21T02:10:00.000Z"
    assert told(held)["clock"] is None


def test_only_keys_that_may_sign_now_are_told() -> None:
    held = fixed()
    assert told(held)["keys"] == []
    for unit, kid in (("LCA", "LCA/1"), ("LCA", "LCA/2"), ("HGI", "HGI/1")):
        register(held, unit, kid)
    revoked = u.KeyRevoked.model_validate({"kid": "LCA/1", "reason": "Mất máy"})
    held.story.given(AFTER, MINISTRY, revoked, "BVHTTDL")
    assert [key["kid"] for key in told(held)["keys"]] == ["HGI/1", "LCA/2"]
    assert json.dumps(told(held)["keys"]).isascii()


def register(held: Held, unit: str, kid: str) -> None:
    spki = SigningKey.generate(Algorithm.EDDSA).verifying_key.spki
    data = {"kid": kid, "owner": f"/units/{unit}", "alg": "EdDSA", "spki": spki, "proof": "A" * 86}
    held.story.given(AFTER, MINISTRY, u.KeyRegistered.model_validate(data), "BVHTTDL")


@pytest.mark.parametrize(
    ("about", "said"), [("chair", "Bầu Cụm trưởng"), ("deputy", "Bầu Cụm phó")]
)
def test_an_election_to_an_office_is_called_so(about: str, said: str) -> None:
    held = drafted(draft(about, "LCA", "HGI"))
    for one in custody(held.draft)[1]:
        accept(held.story, VOTED, one, held.hands.source(one.owner))
    assert told(held)["matter"]["vi"] == said


def boxed(held: Held, tracker: str) -> BoxedVote | None:
    box = find_vote(held.story.fold, 812, CYCLE, NAME, tracker)
    assert box is not None
    assert (box.fingerprint, box.position) == (held.election.fingerprint, 812)
    return box.vote


def test_a_vote_is_found_in_the_box_by_its_tracker_with_whose_it_is_and_whether_it_counts() -> None:
    held = is_open().all_vote({"LCA": ("LCA",), "LCH": ()})
    accept(held.story, VOTED, held.vote("LCA", "LCH"), "/units/LCA")
    first, second = held.story.state.elections[NAME].votes["LCA"]
    found = boxed(held, first.tracker)
    assert found is not None
    assert (found.unit, found.sequence, found.state, found.text) == (
        "LCA",
        1,
        "replaced",
        first.vote,
    )
    found = boxed(held, second.tracker)
    assert found is not None
    assert (found.sequence, found.state, found.checked) == (2, "counts", False)
    accept(held.story, VOTED, s.TrackerChecked(ballot=NAME, tracker=second.tracker), "/units/LCA")
    found = boxed(held, second.tracker)
    assert found is not None
    assert found.checked
    assert boxed(held, "A" * 43) is None


def test_a_vote_of_a_voided_ballot_is_found_and_does_not_count() -> None:
    held = is_open().all_vote({"LCA": ("LCA",)})
    [vote] = held.story.state.elections[NAME].votes["LCA"]
    accept(held.story, VOTED, b.BallotVoided(ballot=NAME, reason="Lập lại"), CHAIR)
    found = boxed(held, vote.tracker)
    assert found is not None
    assert found.state == "void"


@pytest.mark.parametrize(("subject", "name"), [(CYCLE, "khac"), ("BVHTTDL/BGPB/2019", NAME)])
def test_where_there_is_no_ballot_there_is_no_box(subject: str, name: str) -> None:
    assert find_vote(fixed().story.fold, 1, subject, name, "A" * 43) is None


def test_a_ballot_without_its_keys_has_no_box() -> None:
    assert find_vote(drafted().story.fold, 1, CYCLE, NAME, "A" * 43) is None
