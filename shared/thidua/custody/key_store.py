"""The machine's own key store (Keychain, Windows Credential Manager, Secret Service), for a passphrase nobody types."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from thidua.errors import RejectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keyring.backend import KeyringBackend

SERVICE: Final = "thidua"
"""Under which the entries stand in the key store."""
_BYTES: Final = 32
_SAFE: Final = 1
"""keyring gives stores that keep their entries encrypted a priority of one or more."""


class NoKeyStoreError(RejectError):
    """No key store of this machine can be used: none is there, it is locked, or it keeps nothing safe."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"không dùng được kho khóa của máy / the machine's key store cannot be used: {reason}"
        )

    def diagnostics(self) -> str:
        """Name both ways out."""
        return (
            "Cài thidua[keystore] và mở khóa kho khóa (đăng nhập màn hình); trên máy chủ không có kho khóa, dùng "
            "--passphrase-file. / Install thidua[keystore] and unlock the store (log in at the screen); on a machine "
            "without one use --passphrase-file."
        )


class NotInKeyStoreError(RejectError):
    """The key store has no passphrase for what was sealed in this folder."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: không có trong kho khóa / is not in the machine's key store")

    def diagnostics(self) -> str:
        """Say where it may be."""
        return (
            "Đã tạo bằng câu mật khẩu, hoặc ở máy hay tài khoản khác: dùng --key-store none, hoặc bản giấy. / "
            "It was made with a passphrase, or on another machine or account: use --key-store none, or the paper copy."
        )


def passphrase_in_store(name: str, draw: Callable[[int], bytes], *, new: bool) -> str:
    """
    The passphrase that the key store holds for *name*; drawn (*draw*: ``secrets.token_bytes``) and kept for a *new* one.

    Raises :class:`NoKeyStoreError`, and :class:`NotInKeyStoreError` when it should be there.
    """
    with _store() as store:
        kept = store.get_password(SERVICE, name)
        if kept is not None:
            return kept
        if not new:
            raise NotInKeyStoreError(name)
        drawn = draw(_BYTES).hex()
        store.set_password(SERVICE, name, drawn)
        if store.get_password(SERVICE, name) != drawn:
            raise NoKeyStoreError("nó không giữ những gì được giao / it does not keep what it gets")
        return drawn


def forget_in_store(name: str) -> None:
    """Take *name* out of the key store, where it is in it. Raises :class:`NoKeyStoreError`."""
    with _store() as store:
        if store.get_password(SERVICE, name) is not None:
            store.delete_password(SERVICE, name)


@contextmanager
def _store() -> Iterator[KeyringBackend]:
    try:
        yield _safe()
    except RejectError:
        raise
    except Exception as error:  # noqa: BLE001 - every backend has errors of its own; their text may name a secret
        raise NoKeyStoreError(type(error).__name__) from None


def _safe() -> KeyringBackend:
    """The machine's key store, if it has one that keeps its entries encrypted."""
    try:
        import keyring  # noqa: PLC0415 - part of thidua[keystore]
    except ImportError:
        raise NoKeyStoreError("chưa cài / not installed: thidua[keystore]") from None
    store = keyring.get_keyring()
    if store.priority < _SAFE:
        raise NoKeyStoreError(f"máy không có kho khóa an toàn / no safe one: {store.name}")
    return store
