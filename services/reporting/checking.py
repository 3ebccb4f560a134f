"""The read models of a log built anew, to compare with those that are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.as_of import as_of
from services.reporting.fingerprint import fingerprints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thidua.log import Entry


def fingerprints_of_log(entries: Sequence[Entry]) -> dict[str, str]:
    """The fingerprint of every read model as these entries alone give them."""

    def pages(after: int, most: int) -> list[tuple[int, bytes]]:
        return [(entry.position, entry.raw) for entry in entries[after : after + most]]

    engine = as_of(pages, len(entries))
    try:
        return fingerprints(engine)
    finally:
        engine.dispose()
