from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared.custody.desks import (
    PASSPHRASE,
    Killed,
    dying,
    opened,
    seated,
    together,
    trustee,
)
from tests.shared.voting.making import GROUP, Held, chance
from thidua.custody.files import FileMissingError
from thidua.custody.record import (
    NotConfirmedError,
    OtherElectionError,
    OtherHistoryError,
    SecondTallyError,
    ShareDestroyedError,
)
from thidua.custody.sealing import WrongPassphraseError
from thidua.custody.trustee import (
    JOURNAL,
    PARTY,
    SHARE,
    NoTrusteeError,
    TrusteeDesk,
    TrusteeTakenError,
)
from thidua.journal import LockedError
from thidua.voting.canonical import hex_hash
from thidua.voting.faults import BallotFaultError
from thidua.voting.tally import add_up, last_of_each, read_partial_decryption

HELD = opened()
BALLOTS = [HELD.cast(voter, choice) for voter, choice in enumerate([(1, 0), (1, 1), (0, 0)])]
TALLIES = [add_up(HELD.election, last_of_each(BALLOTS[:count])) for count in (3, 2, 1)]


def confirmed(folder: Path, held: Held = HELD) -> TrusteeDesk:
    desk = seated(folder, held)
    desk.confirm(held.election)
    return desk


def tally_of(text: str) -> set[str]:
    """The sums of which *text* is a partial decryption."""
    found = set()
    for tally in TALLIES:
        try:
            read_partial_decryption(HELD.election, HELD.trustees, tally, 1, text)
        except BallotFaultError:
            continue
        found.add(hex_hash(tally.sized_text))
    return found


def test_a_trustee_decrypts_the_sum_it_recomputed(tmp_path: Path) -> None:
    text = confirmed(tmp_path).decrypt(HELD.election, TALLIES[0], PASSPHRASE, chance())
    read_partial_decryption(HELD.election, HELD.trustees, TALLIES[0], 1, text)


def test_asked_again_a_trustee_gives_the_same_text_also_after_a_restart(tmp_path: Path) -> None:
    first = confirmed(tmp_path).decrypt(HELD.election, TALLIES[0], PASSPHRASE, chance(1))
    again = trustee(tmp_path).decrypt(HELD.election, TALLIES[0], PASSPHRASE, chance(2))
    assert first == again


def test_a_second_sum_of_the_same_election_is_refused_and_both_are_named(tmp_path: Path) -> None:
    desk = confirmed(tmp_path)
    desk.decrypt(HELD.election, TALLIES[0], PASSPHRASE, chance())
    with pytest.raises(SecondTallyError, match="second one is refused"):
        trustee(tmp_path).decrypt(HELD.election, TALLIES[1], PASSPHRASE, chance())


@given(
    steps=st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.integers(0, 5)), min_size=1, max_size=6)
)
def test_however_often_it_is_killed_and_whatever_it_is_shown_a_trustee_never_opens_two_sums(
    steps: list[tuple[int, int]],
) -> None:
    with TemporaryDirectory() as name:
        folder, published = Path(name), set()
        confirmed(folder)
        for which, alive in steps:
            try:
                published.add(
                    trustee(folder).decrypt(HELD.election, TALLIES[which], PASSPHRASE, dying(alive))
                )
            except (Killed, SecondTallyError):
                continue
        assert len(published) <= 1
        assert all(len(tally_of(text)) == 1 for text in published)


DYING = """
import os, signal, sys
from pathlib import Path
from tests.shared.custody.desks import PASSPHRASE, trustee
from tests.shared.custody.test_trustee import HELD, TALLIES
def die(bound):
    os.kill(os.getpid(), signal.SIGKILL)
trustee(Path(sys.argv[1])).decrypt(HELD.election, TALLIES[0], PASSPHRASE, die)
"""


def test_a_trustee_killed_by_the_system_while_it_computes_goes_on_with_that_sum_alone(
    tmp_path: Path,
) -> None:
    confirmed(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path)],
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(SecondTallyError):
        trustee(tmp_path).decrypt(HELD.election, TALLIES[1], PASSPHRASE, chance())
    text = trustee(tmp_path).decrypt(HELD.election, TALLIES[0], PASSPHRASE, chance())
    assert tally_of(text) == {hex_hash(TALLIES[0].sized_text)}


def test_nothing_is_decrypted_of_an_election_that_was_not_confirmed(tmp_path: Path) -> None:
    with pytest.raises(NotConfirmedError):
        seated(tmp_path, HELD).decrypt(HELD.election, TALLIES[0], PASSPHRASE, chance())


def test_nothing_is_decrypted_or_confirmed_under_another_fingerprint(tmp_path: Path) -> None:
    other = replace(HELD.election, fingerprint="another")
    desk = confirmed(tmp_path)
    with pytest.raises(OtherElectionError, match="another fingerprint"):
        desk.decrypt(other, TALLIES[0], PASSPHRASE, chance())
    with pytest.raises(OtherElectionError):
        desk.confirm(other)
    desk.confirm(HELD.election)


def test_a_wrong_passphrase_is_named_and_binds_the_trustee_to_nothing(tmp_path: Path) -> None:
    desk = confirmed(tmp_path)
    with pytest.raises(WrongPassphraseError):
        desk.decrypt(HELD.election, TALLIES[0], "một câu hoàn toàn khác", chance())
    desk.decrypt(HELD.election, TALLIES[1], PASSPHRASE, chance())


def test_a_destroyed_share_is_gone_and_the_journal_refuses_everything_after(tmp_path: Path) -> None:
    desk = confirmed(tmp_path)
    desk.destroy()
    desk.destroy()
    assert not {PARTY, SHARE} & {path.name for path in tmp_path.iterdir()}
    with pytest.raises(ShareDestroyedError):
        trustee(tmp_path).decrypt(HELD.election, TALLIES[0], PASSPHRASE, chance())
    with pytest.raises(ShareDestroyedError):
        trustee(tmp_path).confirm(HELD.election)


def test_a_share_whose_journal_is_gone_decrypts_nothing(tmp_path: Path) -> None:
    confirmed(tmp_path)
    (tmp_path / JOURNAL).unlink()
    with pytest.raises(FileMissingError, match=JOURNAL):
        trustee(tmp_path)


def test_a_folder_is_for_one_election_and_one_seat(tmp_path: Path) -> None:
    with pytest.raises(NoTrusteeError):
        trustee(tmp_path).party(PASSPHRASE)
    desk = seated(tmp_path, HELD)
    before = desk.record.texts
    desk.make(GROUP, HELD.election.uuid, (3, 2, 1), PASSPHRASE, chance(9))
    assert desk.record.texts == before
    for uuid, seat in (("2" * 14, (3, 2, 1)), (HELD.election.uuid, (3, 2, 2))):
        with pytest.raises(TrusteeTakenError):
            desk.make(GROUP, uuid, seat, PASSPHRASE, chance(9))


def test_what_was_published_once_is_published_again_as_it_was(tmp_path: Path) -> None:
    desk = seated(tmp_path, HELD)
    assert desk.say("drill", lambda: "first") == "first"
    assert trustee(tmp_path).say("drill", lambda: "second") == "first"


def test_the_log_must_continue_the_one_that_was_seen(tmp_path: Path) -> None:
    desk = seated(tmp_path, HELD)
    desk.continues(5, {}.__getitem__)
    desk.see(10, "ten")
    desk.continues(20, {10: "ten"}.__getitem__)
    desk.see(20, "twenty")
    trustee(tmp_path).continues(20, {20: "twenty"}.__getitem__)
    for size, root_then in ((10, {10: "ten"}), (20, {20: "other"}), (30, {20: "other"})):
        with pytest.raises(OtherHistoryError):
            trustee(tmp_path).continues(size, root_then.__getitem__)


def test_two_processes_never_act_for_one_trustee_at_once(tmp_path: Path) -> None:
    desk = seated(tmp_path, HELD)
    with desk.alone(), pytest.raises(LockedError), trustee(tmp_path).alone():
        pass


def test_three_desks_generate_a_key_and_their_secrets_come_back_from_disk(tmp_path: Path) -> None:
    for index in (1, 2, 3):
        desk = trustee(tmp_path / str(index))
        desk.make(GROUP, "1" * 14, (3, 2, index), PASSPHRASE, chance(index))
    desks = [trustee(tmp_path / str(index)) for index in (1, 2, 3)]
    secrets, trustees = together([desk.party(PASSPHRASE) for desk in desks], chance())
    for desk, secret, public in zip(desks, secrets, trustees.keys(), strict=True):
        desk.keep_share(secret, PASSPHRASE)
        assert GROUP.power(GROUP.g, desk.share(PASSPHRASE)) == public
