"""An auditor counts the secret ballots of a log again (V16): what holds, and every lie that is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ballots.decisions.year_2020 import UNITS
from tests.ballots.secret.phieu_kin import NAME, Held, is_open
from thidua.audit.secret import hold_archives
from thidua.contracts import ballots as b
from thidua.contracts import secret_ballots as s
from thidua.voting.exporting import Archives
from thidua.voting.faults import BallotFaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from thidua.contracts import Event, EventData


@pytest.fixture(scope="module")
def counted() -> Held:
    return is_open().all_vote(dict.fromkeys(UNITS, ("LCA", "LSN"))).closed().counted()


def told(held: Held, change: Callable[[Event], EventData | None] = lambda event: event.data) -> int:
    """How many secret ballots hold in the story when its events are what *change* makes of them."""
    archives = Archives()
    for event in held.story.events:
        data = change(event)
        if data is not None:
            archives.take(event._replace(data=data))
    return hold_archives(archives)


def test_a_counted_ballot_holds_and_so_does_one_still_open(counted: Held) -> None:
    assert told(counted) == 1
    assert told(is_open()) == 1


def other(held: Held, kind: type[EventData], **changed: Any) -> None:
    """The story with events of *kind* changed is found not to hold."""

    def change(event: Event) -> EventData:
        is_it = isinstance(event.data, kind)
        return event.data.model_copy(update=changed) if is_it else event.data

    with pytest.raises(BallotFaultError, match=NAME):
        told(held, change)


def test_a_published_figure_that_the_votes_do_not_give_is_found(counted: Held) -> None:
    other(counted, s.ResultPublished, result=((0, 7, 1, 6),))
    marks = {unit: b.Answers(yes=7) for unit in ("LCA", "LCH", "LSN")}
    other(counted, b.TallyPublished, marks=marks)
    other(counted, b.TallyPublished, valid=8)


def test_another_set_up_than_was_announced_is_found(counted: Held) -> None:
    other(counted, s.ElectionFixed, fingerprint="A" * 43)
    other(counted, s.ElectionFixed, trustees="0" * 64)
    other(counted, s.ElectionOpened, credentials="0" * 64)
    other(counted, s.ElectionOpened, fingerprint="A" * 43)
    other(counted, b.RollFrozen, roll=UNITS[:6])


def test_a_vote_that_is_taken_out_or_told_twice_is_found(counted: Held) -> None:
    dropped = next(e for e in counted.story.events if isinstance(e.data, s.SecretVoteCast))
    with pytest.raises(BallotFaultError, match=NAME):
        told(counted, lambda event: None if event is dropped else event.data)
    archives = Archives()
    for event in counted.story.events:
        archives.take(event)
        if event is dropped:
            archives.take(event)
    with pytest.raises(BallotFaultError, match="copy"):
        hold_archives(archives)


def test_a_decryption_of_another_sum_is_found(counted: Held) -> None:
    decryptions = [
        e.data.decryption for e in counted.story.events if isinstance(e.data, s.PartiallyDecrypted)
    ]
    other(counted, s.PartiallyDecrypted, decryption=decryptions[0])
    other(counted, s.TallyEncrypted, counted=6)
