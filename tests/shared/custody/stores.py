"""Key stores for tests, as keyring asks its backends to be written: one in memory, and ones that are of no use."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

if TYPE_CHECKING:
    from collections.abc import Iterator


class MemoryStore(KeyringBackend):
    """Keeps what it gets."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class PlainStore(MemoryStore):
    """Would keep everything unencrypted."""

    priority = 0.5


class LockedStore(MemoryStore):
    """Its owner did not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"{service} {username}")


class ForgetfulStore(MemoryStore):
    """Keeps nothing, and says nothing of it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Do nothing."""


@contextmanager
def with_store(store: KeyringBackend) -> Iterator[None]:
    """This machine's key store is *store*."""
    before = keyring.get_keyring()
    keyring.set_keyring(store)
    try:
        yield
    finally:
        keyring.set_keyring(before)
