"""An entry of the log as read models see it: read once, typed, for all of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from thidua.clock import format_instant, local_day, parse_instant

if TYPE_CHECKING:
    from thidua.contracts import EventData

Outcome = Literal["recorded", "refused", "said"]


class ProjectedEntry(NamedTuple):
    """
    An entry with its event's envelope and typed data.

    ``rx`` and ``time`` are the texts of the log. Of an event that was refused for its form only what
    the log says of it is known: ``source`` and ``time`` are empty and ``data`` is ``None``.
    """

    position: int
    rx: str
    by: str
    outcome: Outcome
    hash: str
    kid: str
    seq: int
    id: str
    source: str
    type: str
    subject: str
    time: str
    data: EventData | None
    code: str | None = None
    facts: dict[str, Any] | None = None

    @property
    def service(self) -> str:
        """The deciding service that wrote the entry."""
        return self.by.partition("/")[0]

    @property
    def unit(self) -> str | None:
        """Code of the publishing unit, ``None`` when an authority or a service speaks."""
        return self.source[7:] if self.source.startswith("/units/") else None

    @property
    def cluster(self) -> str:
        """Code of the cluster of a cycle's event."""
        return self.subject.split("/")[1]

    @property
    def authority(self) -> str:
        """Code of the authority."""
        return self.subject.partition("/")[0]

    @property
    def year(self) -> int:
        """Year of a cycle's event."""
        return int(self.subject.rpartition("/")[2])

    @property
    def day(self) -> date:
        """The local day of arrival."""
        return local_day(parse_instant(self.rx))


def as_text(moment: date | datetime | None) -> str | None:
    """A moment as it stands in the log, or a day in ISO form."""
    if isinstance(moment, datetime):
        return format_instant(moment)
    return None if moment is None else moment.isoformat()
