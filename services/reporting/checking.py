"""The read models of a log built anew, to compare with those that are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.as_of import as_of
from services.reporting.fingerprint import fingerprints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.reporting.rebuild import Pages
    from thidua.log import Entry


def fingerprints_at(pages: Pages, position: int) -> dict[str, str]:
    """The fingerprint of every read model after the first *position* entries, which *pages* gives."""
    engine = as_of(pages, position)
    try:
        return fingerprints(engine)
    finally:
        engine.dispose()


def fingerprints_of_log(entries: Sequence[Entry]) -> dict[str, str]:
    """The fingerprint of every read model as these entries alone give them."""

    def pages(after: int, most: int) -> list[tuple[int, bytes]]:
        return [(entry.position, entry.raw) for entry in entries[after : after + most]]

    return fingerprints_at(pages, len(entries))
