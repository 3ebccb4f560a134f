from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared.custody.desks import PASSPHRASE, Killed, dying, opened, voter
from tests.shared.voting.making import GROUP, chance
from thidua.custody.files import FileMissingError
from thidua.custody.record import OtherElectionError
from thidua.custody.sealing import WrongPassphraseError
from thidua.custody.voter import (
    PREPARED,
    BallotCastError,
    BallotOpenedError,
    NoCredentialError,
    NothingPreparedError,
    OtherCredentialError,
    VoterDesk,
)
from thidua.errors import ThiduaError
from thidua.voting.ballots import check_ballot, read_ballot
from thidua.voting.challenge import check_challenge
from thidua.voting.credentials import check_registration
from thidua.voting.faults import BallotFaultError
from thidua.voting.proofs import read_proof

ELECTION = opened().election


def registered(folder: Path) -> VoterDesk:
    desk = voter(folder)
    desk.make(GROUP, ELECTION.uuid, "LCA", PASSPHRASE, chance())
    return desk


def test_the_voters_own_client_makes_a_credential_that_can_be_registered(tmp_path: Path) -> None:
    said = registered(tmp_path).record.registration
    proof = read_proof(GROUP, {name: said[name] for name in ("challenge", "response")}, "proof")
    check_registration(GROUP, ELECTION.uuid, "LCA", int(said["credential"]), proof)


def test_a_credential_is_made_once(tmp_path: Path) -> None:
    first = registered(tmp_path).record.registration
    assert voter(tmp_path).make(GROUP, ELECTION.uuid, "LCA", PASSPHRASE, chance(9)) == first
    with pytest.raises(OtherElectionError):
        voter(tmp_path).make(GROUP, "2" * 14, "LCA", PASSPHRASE, chance())


def test_the_secret_credential_is_on_no_disk_in_plain(tmp_path: Path) -> None:
    desk = registered(tmp_path)
    desk.prepare(ELECTION, [(1, 0)], PASSPHRASE, chance())
    secret = desk.credential(GROUP, PASSPHRASE).secret
    for path in tmp_path.iterdir():
        raw = path.read_bytes()
        assert desk.credential_text(PASSPHRASE).encode() not in raw
        assert str(secret).encode() not in raw
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_prepared_ballot_is_cast_as_it_was_shown_and_its_randomness_is_gone(
    tmp_path: Path,
) -> None:
    desk = registered(tmp_path)
    tracker = desk.prepare(ELECTION, [(1, 0)], PASSPHRASE, chance())
    text = voter(tmp_path).cast(tracker)
    ballot = read_ballot(ELECTION, text)
    check_ballot(ELECTION, ballot)
    assert ballot.tracker == tracker
    assert voter(tmp_path).cast(tracker) == text
    assert not (tmp_path / PREPARED).exists()
    with pytest.raises(BallotCastError):
        voter(tmp_path).open(tracker, PASSPHRASE)


def test_a_challenged_ballot_is_shown_to_another_device_and_never_cast(tmp_path: Path) -> None:
    desk = registered(tmp_path)
    tracker = desk.prepare(ELECTION, [(0, 1)], PASSPHRASE, chance())
    shown = voter(tmp_path).open(tracker, PASSPHRASE)
    check_challenge(ELECTION, shown.ballot, [(0, 1)], shown.seed)
    assert voter(tmp_path).open(tracker, PASSPHRASE) == shown
    with pytest.raises(BallotOpenedError, match="is never cast"):
        voter(tmp_path).cast(tracker)
    again = desk.prepare(ELECTION, [(0, 1)], PASSPHRASE, chance(2))
    assert again != tracker
    voter(tmp_path).cast(again)


@given(
    steps=st.lists(
        st.sampled_from(["prepare", "killed", "cast", "open", "old-cast", "old-open"]), max_size=8
    )
)
def test_whatever_a_voter_does_no_ballot_is_both_cast_and_shown(steps: list[str]) -> None:
    with TemporaryDirectory() as name:
        folder, trackers = Path(name), [""]
        cast, shown = set(), set()
        registered(folder)
        for at, step in enumerate(steps):
            desk, tracker = voter(folder), trackers[0 if step.startswith("old") else -1]
            try:
                match step.removeprefix("old-"):
                    case "prepare":
                        trackers.append(
                            desk.prepare(ELECTION, [(1, 1)], PASSPHRASE, chance(at + 10))
                        )
                    case "killed":
                        desk.prepare(ELECTION, [(1, 1)], PASSPHRASE, dying(at * 7))
                    case "cast":
                        desk.cast(tracker)
                        cast.add(tracker)
                    case _:
                        desk.open(tracker, PASSPHRASE)
                        shown.add(tracker)
            except (ThiduaError, Killed):
                continue
        assert not cast & shown


def test_a_ballot_that_another_has_replaced_is_neither_cast_nor_opened(tmp_path: Path) -> None:
    desk = registered(tmp_path)
    old = desk.prepare(ELECTION, [(1, 0)], PASSPHRASE, chance(1))
    desk.prepare(ELECTION, [(1, 0)], PASSPHRASE, chance(2))
    with pytest.raises(NothingPreparedError):
        desk.cast(old)
    with pytest.raises(NothingPreparedError):
        desk.open(old, PASSPHRASE)


def test_a_kill_between_noting_and_hiding_leaves_a_ballot_that_can_only_be_cast(
    tmp_path: Path,
) -> None:
    desk = registered(tmp_path)
    tracker = desk.prepare(ELECTION, [(1, 0)], PASSPHRASE, chance(1))
    (tmp_path / PREPARED).unlink()
    with pytest.raises(FileMissingError):
        voter(tmp_path).open(tracker, PASSPHRASE)
    voter(tmp_path).cast(tracker)


def test_a_choice_that_is_not_allowed_is_refused_without_being_said(tmp_path: Path) -> None:
    with pytest.raises(BallotFaultError) as caught:
        registered(tmp_path).prepare(ELECTION, [(7, 1)], PASSPHRASE, chance())
    assert "7" not in str(caught.value)


def test_a_voter_is_not_led_to_another_election(tmp_path: Path) -> None:
    desk = registered(tmp_path)
    desk.prepare(ELECTION, [(1, 0)], PASSPHRASE, chance())
    other = replace(ELECTION, fingerprint="another")
    with pytest.raises(OtherElectionError):
        desk.prepare(other, [(1, 0)], PASSPHRASE, chance())


def test_a_desk_whose_credential_is_not_the_rolls_says_so_before_the_vote(tmp_path: Path) -> None:
    desk = registered(tmp_path)
    desk.of_roll(int(desk.record.registration["credential"]))
    for public in (None, 1, GROUP.g):
        with pytest.raises(OtherCredentialError):
            desk.of_roll(public)
    with pytest.raises(NoCredentialError):
        voter(tmp_path / "empty").of_roll(GROUP.g)


def test_without_a_credential_or_with_a_wrong_passphrase_nothing_is_prepared(
    tmp_path: Path,
) -> None:
    with pytest.raises(NoCredentialError):
        voter(tmp_path).prepare(ELECTION, [(1, 0)], PASSPHRASE, chance())
    with pytest.raises(WrongPassphraseError):
        registered(tmp_path).prepare(ELECTION, [(1, 0)], "một câu hoàn toàn khác", chance())
