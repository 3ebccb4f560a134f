from __future__ import annotations

import sys

import pytest
from keyring.backends import fail

from tests.shared.custody.desks import draw
from tests.shared.custody.stores import (
    ForgetfulStore,
    LockedStore,
    MemoryStore,
    PlainStore,
    with_store,
)
from thidua.custody.key_store import (
    SERVICE,
    NoKeyStoreError,
    NotInKeyStoreError,
    forget_in_store,
    passphrase_in_store,
)
from thidua.custody.sealing import SHORTEST

NAME = "so.example.vn/p0/units/LCA/BbCcDdEeFfGgHh/trustee-3"


def test_a_new_passphrase_is_drawn_once_and_found_again_until_it_is_forgotten() -> None:
    store = MemoryStore()
    with with_store(store):
        first = passphrase_in_store(NAME, draw, new=True)
        assert len(first) >= SHORTEST
        assert store.kept == {(SERVICE, NAME): first}
        assert passphrase_in_store(NAME, bytes, new=False) == first
        assert passphrase_in_store(NAME, bytes, new=True) == first
        forget_in_store(NAME)
        forget_in_store(NAME)
        assert store.kept == {}


def test_a_passphrase_that_should_be_there_and_is_not_is_named_and_none_is_made() -> None:
    store = MemoryStore()
    with with_store(store), pytest.raises(NotInKeyStoreError, match="trustee-3"):
        passphrase_in_store(NAME, draw, new=False)
    assert store.kept == {}


@pytest.mark.parametrize(
    "store",
    [fail.Keyring(), PlainStore(), LockedStore(), ForgetfulStore()],
    ids=lambda one: type(one).__name__,
)
def test_a_machine_without_a_safe_key_store_is_told_so_and_what_to_do(store: MemoryStore) -> None:
    with with_store(store), pytest.raises(NoKeyStoreError) as told:
        passphrase_in_store(NAME, draw, new=True)
    assert "--passphrase-file" in told.value.diagnostics()
    assert NAME not in str(told.value)


def test_without_its_library_there_is_no_key_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(NoKeyStoreError, match=r"thidua\[keystore\]"):
        passphrase_in_store(NAME, draw, new=True)
