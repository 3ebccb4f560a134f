"""The secrets of one desk: small documents under a passphrase, each a file of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from thidua.custody.files import read_private, remove_private, write_private
from thidua.custody.sealing import STRONG, Cost, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keeping:
    """
    Sealed documents in *folder*, each bound to its name and to the election it is for.

    *draw* gives random bytes (``secrets.token_bytes``), *cost* says what one guess of the passphrase takes.
    """

    folder: Path
    draw: Callable[[int], bytes]
    cost: Cost = STRONG

    def keep(self, name: str, uuid: str, document: dict[str, Any], passphrase: str) -> None:
        """Write *document* as *name*. Raises ``ShortPassphraseError`` and ``PrivateFileError``."""
        raw = json.dumps(document, separators=(",", ":")).encode()
        sealed = seal(raw, passphrase, _what(name, uuid), self.draw, self.cost)
        write_private(self.folder / name, sealed)

    def kept(self, name: str, uuid: str, passphrase: str) -> dict[str, Any]:
        """
        The document *name*.

        Raises ``FileMissingError``, ``SealedFormError`` for one of another election, ``WrongPassphraseError``.
        """
        raw = unseal(read_private(self.folder / name), passphrase, _what(name, uuid))
        document: dict[str, Any] = json.loads(raw)
        return document

    def has(self, name: str) -> bool:
        """Whether a document *name* is there."""
        return (self.folder / name).exists()

    def forget(self, name: str) -> None:
        """Remove the document *name*, if it is there."""
        remove_private(self.folder / name)


def _what(name: str, uuid: str) -> str:
    return f"thidua/{name}/{uuid}"
