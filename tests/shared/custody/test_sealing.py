from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared.custody.desks import CHEAP, PASSPHRASE, draw
from thidua.custody.files import FileMissingError, read_private, remove_private, write_private
from thidua.custody.sealing import (
    STRONG,
    Cost,
    SealedFormError,
    ShortPassphraseError,
    WrongPassphraseError,
    seal,
    unseal,
)

SECRET = b"fNG-Qzz-jE7-oMA-ZVY"
SEALED = seal(SECRET, PASSPHRASE, "thidua/x", draw, CHEAP)


@given(secret=st.binary(max_size=200), words=st.text(min_size=12, max_size=40))
def test_a_secret_comes_back_under_its_passphrase_and_is_nowhere_in_the_file(
    secret: bytes, words: str
) -> None:
    words = words.encode(errors="ignore").decode().ljust(12, "x")
    sealed = seal(secret, words, "thidua/x", draw, CHEAP)
    assert unseal(sealed, words, "thidua/x") == secret
    assert len(secret) < 8 or secret not in sealed


def test_scrypt_stands_in_where_the_machine_has_no_argon2id() -> None:
    sealed = seal(SECRET, PASSPHRASE, "thidua/x", draw, Cost("scrypt", 1024, 1, 1))
    assert json.loads(sealed)["kdf"] == "scrypt"
    assert unseal(sealed, PASSPHRASE, "thidua/x") == SECRET


def test_a_wrong_passphrase_is_a_named_error_in_two_languages() -> None:
    with pytest.raises(WrongPassphraseError, match=r"sai câu mật khẩu.*wrong passphrase"):
        unseal(SEALED, PASSPHRASE + "x", "thidua/x")


def test_a_passphrase_typed_on_a_machine_that_decomposes_accents_is_the_same() -> None:
    assert unseal(SEALED, unicodedata.normalize("NFD", PASSPHRASE), "thidua/x") == SECRET


def test_a_short_passphrase_keeps_nothing() -> None:
    with pytest.raises(ShortPassphraseError):
        seal(SECRET, "ngắn quá", "thidua/x", draw, CHEAP)


def test_one_guess_takes_what_rfc_9106_recommends() -> None:
    assert (STRONG.kdf, STRONG.memory_kib, STRONG.rounds, STRONG.lanes) == ("argon2id", 65536, 3, 4)


@pytest.mark.parametrize("name", json.loads(SEALED))
def test_no_member_of_a_sealed_file_can_be_changed_and_none_makes_a_guess_cheaper(
    name: str,
) -> None:
    document = json.loads(SEALED)
    value = document[name]
    others: list[object] = [None, [], "", -1, 2**40, {"a": 1}]
    if isinstance(value, int):
        others += [value + 1, True]
    else:
        others += [value + "AA", "B" + value[1:], value.swapcase()]
    for other in others:
        changed = json.dumps({**document, name: other}).encode()
        with pytest.raises((SealedFormError, WrongPassphraseError)):
            unseal(changed, PASSPHRASE, "thidua/x")


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", SEALED[:-9], SEALED + SEALED])
def test_bytes_that_are_no_sealed_secret_are_named(raw: bytes) -> None:
    with pytest.raises(SealedFormError):
        unseal(raw, PASSPHRASE, "thidua/x")


def test_a_secret_of_one_election_is_not_taken_for_that_of_another() -> None:
    with pytest.raises(SealedFormError):
        unseal(SEALED, PASSPHRASE, "thidua/y")


def test_a_private_file_is_read_by_its_owner_alone_and_leaves_nothing_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new" / "key.sealed"
    write_private(path, b"one")
    write_private(path, b"two")
    assert read_private(path) == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_removing_a_private_file_removes_what_a_killed_write_left(tmp_path: Path) -> None:
    path = tmp_path / "key.sealed"
    write_private(path, b"one")
    (tmp_path / ".key.sealed.abc").write_bytes(b"half")
    assert remove_private(path)
    assert list(tmp_path.iterdir()) == []
    assert not remove_private(path)
    with pytest.raises(FileMissingError):
        read_private(path)
