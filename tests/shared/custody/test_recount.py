from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from tests.shared.custody.desks import PASSPHRASE, trustee
from tests.shared.custody.story import (
    BALLOT,
    DRAFT,
    SERVICE,
    SUBJECT,
    UNITS,
    Story,
    changed,
    closed,
    with_data,
)
from tests.shared.voting.making import GROUP, chance
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.custody.generating import OtherKeysError, next_step
from thidua.custody.recount import NotYetError, VoidedError, check_fixed, recount
from thidua.custody.told import NoSecretBallotError, Told, told_of
from thidua.voting.canonical import parse, written
from thidua.voting.election import read_election
from thidua.voting.faults import BallotFaultError
from thidua.voting.tally import add_up, last_of_each, open_tally, read_partial_decryption


def fault(told: Told) -> str:
    with pytest.raises(BallotFaultError) as caught:
        recount(told, told)
    return caught.value.path


def told_with(*more: tuple[str, object]) -> Told:
    story = closed()
    longer = Story(story.folder, list(story.events), story.credentials)
    for source, data in more:
        longer.say(source, data)
    return longer.told


def test_the_clients_generate_keys_confirm_vote_and_open_the_sum_with_every_quorum() -> None:
    story = closed()
    counted = recount(story.told, story.told)
    assert (counted.tally.counted, set(counted.ballots)) == (3, set(UNITS))
    texts = {
        owner: story.desk(owner).decrypt(counted.election, counted.tally, PASSPHRASE, chance(owner))
        for owner in (1, 2, 3, 4, 5)
    }
    parts = {
        owner: read_partial_decryption(
            counted.election, counted.trustees, counted.tally, owner, text
        )
        for owner, text in texts.items()
    }
    for quorum in ((1, 3, 4), (2, 4, 5), (1, 3, 5)):
        taking = {owner: parts[owner] for owner in quorum}
        result = open_tally(counted.election, counted.trustees, counted.tally, taking)
        assert result == ((1, 2, 0), (2, 1, 0))
    with pytest.raises(BallotFaultError):
        open_tally(counted.election, counted.trustees, counted.tally, {3: parts[3], 4: parts[4]})


Change = Callable[[], Told]
ATTACKS: dict[str, tuple[Change, str]] = {
    "another sum": (
        lambda: changed(s.TallyEncrypted, with_data(tally=_other_sum())),
        "tally",
    ),
    "another number of votes": (lambda: changed(s.TallyEncrypted, with_data(counted=2)), "tally"),
    "a vote left out of the box": (
        lambda: changed(s.SecretVoteCast, lambda _: None, at=1),
        "box",
    ),
    "the first vote of a re-vote left out": (
        lambda: changed(s.SecretVoteCast, lambda _: None, at=0),
        "vote 3",
    ),
    "a vote behind the closing": (
        lambda: told_with(("/units/DBN", _vote(0).model_copy(update={"sequence": 2}))),
        "box",
    ),
    "a vote twice": (
        lambda: changed(s.SecretVoteCast, with_data(vote=_vote(0).vote), at=3),
        "box",
    ),
    "a vote under another unit": (
        lambda: changed(s.SecretVoteCast, lambda event: event._replace(source="/units/HGI"), at=3),
        "vote 4",
    ),
    "another tracker": (
        lambda: changed(s.SecretVoteCast, with_data(tracker="A" * 43)),
        "vote 1",
    ),
    "a sequence that jumps": (lambda: changed(s.SecretVoteCast, with_data(sequence=2)), "vote 1"),
    "a vote with a changed proof": (
        lambda: changed(s.SecretVoteCast, with_data(vote=_vote(0).vote.replace("1", "2", 9))),
        "vote 1",
    ),
    "a credential changed behind the proof": (
        lambda: changed(s.CredentialRegistered, with_data(credential=str(GROUP.g))),
        "credential",
    ),
    "a stranger's credential in the place of a member's": (
        lambda: changed(s.CredentialRegistered, lambda event: event._replace(source="/units/XXX")),
        "credentials",
    ),
    "a roll that is shorter than the opening says": (
        lambda: changed(s.CredentialRegistered, lambda _: None),
        "credentials",
    ),
    "an opening under another fingerprint": (
        lambda: changed(s.ElectionOpened, with_data(fingerprint="A" * 43)),
        "opened/fingerprint",
    ),
    "a trustee that confirms another fingerprint": (
        lambda: changed(s.TrusteeDrillPassed, with_data(fingerprint="A" * 43), at=1),
        "trustee 2",
    ),
    "another key of the election": (
        lambda: changed(s.ElectionFixed, lambda event: _fixed(event, "public_key", str(GROUP.g))),
        "election/public_key",
    ),
    "an election of another draft": (
        lambda: changed(s.ElectionFixed, lambda event: _fixed(event, "x_log", "h9")),
        "election/x_log",
    ),
    "a lower minimum in the election": (
        lambda: changed(s.ElectionFixed, lambda event: _fixed(event, "x_min_ballots", 1)),
        "election/x_min_ballots",
    ),
    "another uuid": (
        lambda: changed(s.ElectionFixed, lambda event: _fixed(event, "uuid", "2" * 14)),
        "election/uuid",
    ),
    "a fingerprint that is not the text's": (
        lambda: changed(s.ElectionFixed, with_data(fingerprint="A" * 43)),
        "election/fingerprint",
    ),
    "trustees of another hash": (
        lambda: changed(s.ElectionFixed, with_data(trustees="0" * 64)),
        "election/trustees",
    ),
    "coefficients other than committed to": (
        lambda: changed(s.TrusteeCommitted, with_data(coefexps="0" * 64), at=3),
        "trustee 4/coefexps",
    ),
    "a trustee's public key that is not its share's": (
        lambda: changed(s.TrusteeKeyConfirmed, with_data(public_key=str(GROUP.g)), at=2),
        "trustee 3",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_trustee_recounts_nothing_from_a_log_with(name: str) -> None:
    change, path = ATTACKS[name]
    assert fault(change()).startswith(path)


def test_a_box_that_is_not_closed_and_an_election_that_is_void_are_never_summed() -> None:
    with pytest.raises(NotYetError, match="not closed"):
        recount(*[changed(b.BallotClosed, lambda _: None)] * 2)
    with pytest.raises(NotYetError, match="not open"):
        recount(*[changed(s.ElectionOpened, lambda _: None)] * 2)
    with pytest.raises(NotYetError, match="trustee 3 has no key"):
        recount(*[changed(s.TrusteeKeyConfirmed, lambda _: None, at=2)] * 2)
    void = b.BallotVoided(ballot=BALLOT, reason="không hợp lệ")
    with pytest.raises(VoidedError, match="không hợp lệ"):
        recount(*[told_with(("/units/LCA", void))] * 2)


def test_fewer_votes_than_the_minimum_are_never_summed() -> None:
    told = replace(closed().told, draft=DRAFT.model_copy(update={"min_ballots": 4}))
    fixed = told.fixed
    told.fixed = fixed.model_copy(update=_texts(fixed, "x_min_ballots", 4))
    for owner in told.drilled:
        told.drilled[owner] = told.fixed.fingerprint
    told.opened = told.opened.model_copy(update={"fingerprint": told.fixed.fingerprint})
    assert fault(told) == "box"


@pytest.mark.parametrize(
    "kind", [s.ElectionFixed, s.ElectionOpened, b.BallotClosed, s.TallyEncrypted]
)
def test_a_second_set_up_opening_closing_or_sum_is_refused_and_so_is_one_by_another(kind) -> None:
    said = next(event.data for event in closed().events if isinstance(event.data, kind))
    for source in (SERVICE, "/units/LCA"):
        with pytest.raises(BallotFaultError):
            told_with((source, said))


@pytest.mark.parametrize("source", ["/units/LCA", "/units/HGI"])
def test_a_trustee_speaks_once_for_itself_and_nobody_speaks_for_it(source: str) -> None:
    said = next(
        event.data
        for event in closed().events
        if isinstance(event.data, s.TrusteePublished) and event.data.owner == 3
    )
    with pytest.raises(BallotFaultError, match="trustee 3"):
        told_with((source, said))


def test_a_trustee_whose_desk_is_another_than_the_logs_is_stopped(tmp_path) -> None:
    story = closed()
    place = story.told.places[0]
    with pytest.raises(OtherKeysError, match="trustee-committed"):
        next_step(story.told, place, trustee(tmp_path), PASSPHRASE, chance(77))


def test_a_share_that_is_not_the_published_polynomials_names_its_sender(tmp_path) -> None:
    story = Story(tmp_path)
    story.say("/units/LCA", DRAFT)
    while 4 not in story.told.sealed or len(story.told.sealed) < 5:
        for place in story.told.places:
            step = next_step(
                story.told, place, story.desk(place.owner), PASSPHRASE, chance(place.owner)
            )
            if step.says is not None:
                story.say(place.source, step.says)
    told = story.told
    wrong = told.sealed[4]
    shares = (wrong.shares[1], *wrong.shares[1:])
    told.sealed[4] = wrong.model_copy(update={"shares": shares})
    with pytest.raises(BallotFaultError) as caught:
        next_step(told, told.places[2], story.desk(3), PASSPHRASE, Random(1).randrange)
    assert caught.value.path == "shares/4"


def test_a_ballot_that_was_never_drafted_is_named() -> None:
    with pytest.raises(NoSecretBallotError, match="khong-co"):
        told_of(SUBJECT, closed().events).named("khong-co")


def test_keys_made_for_an_earlier_ballot_serve_a_later_one_and_are_needed_until_both_are_done() -> (
    None
):
    later = DRAFT.model_copy(update={"ballot": "lan-hai", "uuid": "2" * 14, "keys_of": BALLOT})
    story = closed()
    longer = Story(story.folder, list(story.events))
    longer.say("/units/LCA", later)
    ballots = told_of(SUBJECT, longer.events)
    assert ballots.keys_for(ballots.named("lan-hai")) is ballots.named(BALLOT)
    assert ballots.open_with(ballots.named(BALLOT)) == [BALLOT, "lan-hai"]


def test_a_vote_is_counted_from_the_last_ballot_of_each_unit() -> None:
    story = closed()
    election, _ = check_fixed(story.told, story.told)
    counted = recount(story.told, story.told)
    assert counted.ballots["LCA"].tracker == story.told.votes[-1].tracker
    assert add_up(election, last_of_each(list(counted.ballots.values()))).text == counted.tally.text


def _vote(at: int) -> s.SecretVoteCast:
    votes = [event.data for event in closed().events if isinstance(event.data, s.SecretVoteCast)]
    return votes[at]


def _other_sum() -> str:
    told = closed().told
    election = read_election(told.fixed.election)
    return add_up(election, [recount(told, told).ballots["HGI"]]).text


def _texts(fixed: s.ElectionFixed, name: str, value: object) -> dict[str, str]:
    text = written({**parse(fixed.election, "election"), name: value})
    return {"election": text, "fingerprint": read_election(text).fingerprint}


def _fixed(event, name: str, value: object):
    return with_data(**_texts(event.data, name, value))(event)
