"""Logs of any length whose every entry is really signed and chained, without anybody having judged them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from services.founding import plan
from thidua.contracts.units import LogRestored
from thidua.genesis import first_entries
from thidua.log import write_recorded
from thidua.publishing import Publisher
from thidua.signing import SigningKey
from thidua.tlog.notes import NoteSigner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thidua.genesis import Founding

ORIGIN: Final = "sandbox/signed/p0"
BEGINS: Final = 1_577_836_800_000


@dataclass
class SignedLog:
    """A founded log that its authority goes on talking to; keys are under *home*."""

    home: Path
    founding: Founding
    publisher: Publisher
    entries: list[bytes]

    def grow(self, count: int) -> Iterator[tuple[int, bytes]]:
        """The next *count* entries."""
        for number in range(count):
            rx_ms = BEGINS + len(self.entries)
            data = LogRestored(position=number + 1, reason="Diễn tập khôi phục sổ theo kế hoạch")
            told = data.model_dump(mode="json")
            when = datetime.fromtimestamp(rx_ms / 1000, UTC)
            jws = self.publisher.sign(
                data.TYPE, self.founding.authority, told, time=when, event_id=f"e-{rx_ms}"
            )
            self.publisher.entered(data.TYPE, jws)
            self.entries.append(write_recorded(rx_ms, "units/1", jws.encode()))
            yield len(self.entries), self.entries[-1]

    @property
    def key(self) -> Path:
        """The file with the key that signs checkpoints."""
        return self.home / "keys" / "reporting.pem"

    @property
    def signer(self) -> NoteSigner:
        """The log's voice under its checkpoints."""
        return NoteSigner(ORIGIN, SigningKey.from_pem(self.key.read_bytes()))


def signed_log(home: Path, count: int = 0) -> SignedLog:
    """A log with its first entries and *count* more."""
    founding = plan(
        home, origin=ORIGIN, authority="BVHTTDL", name_vi="Bộ", name_en=None, rx_ms=BEGINS
    )
    first, head = first_entries(founding)
    publisher = Publisher(
        ORIGIN,
        f"/authorities/{founding.authority}",
        founding.root_kid,
        founding.root,
        {"units": head},
    )
    log = SignedLog(home, founding, publisher, [entry.raw for entry in first])
    list(log.grow(count))
    return log
