"""Every event type by its wire name: what a payload's ``type`` means, and how its ``data`` is parsed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, create_model

from thidua.contracts.ballots import BallotsEvent
from thidua.contracts.base import EventData, Scope
from thidua.contracts.pledges import PledgesEvent
from thidua.contracts.units import UnitsEvent

SERVICES: Final = ("units", "ballots", "pledges")
"""The deciding services, each with its own inbox and its own prefix of wire types."""


class _Payload(BaseModel):
    """A payload of which only ``data`` is of interest; the envelope was parsed before."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


@dataclass(frozen=True, slots=True)
class Contract:
    """One event type: its wire name, deciding service, data class and parser."""

    wire_type: str
    service: str
    data: type[EventData]
    _payload: type[_Payload]

    @property
    def scope(self) -> Scope:
        """Which kind of subject the event stands under."""
        return self.data.SCOPE

    def parse(self, payload: bytes) -> EventData:
        """The frozen data of a whole payload; raises ``pydantic.ValidationError`` with the paths of all faults."""
        parsed: Any = self._payload.model_validate_json(payload)
        data: EventData = parsed.data
        return data


def service_of(wire_type: str) -> str | None:
    """The deciding service a wire type belongs to by its prefix, known type or not; ``None`` when none does."""
    parts = wire_type.split(".")
    if len(parts) == 4 and parts[0] == "thidua" and parts[1] in SERVICES:  # noqa: PLR2004 - thidua.<service>.<name>.v<n>
        return parts[1]
    return None


def _contract(data: type[EventData]) -> Contract:
    service = service_of(data.TYPE)
    if service is None:
        msg = f"{data.__name__} has a wire type outside the services: {data.TYPE}"
        raise TypeError(msg)
    payload = create_model(f"{data.__name__}Payload", __base__=_Payload, data=(data, ...))
    return Contract(data.TYPE, service, data, payload)


CONTRACTS: Final[dict[str, Contract]] = {
    data.TYPE: _contract(data)
    for union in (UnitsEvent, BallotsEvent, PledgesEvent)
    for data in get_args(union)
}
"""All event types by wire name."""


class Event(NamedTuple):
    """
    A judged or to-be-judged event as the domains see it.

    ``hash`` identifies it (SHA-256 of its signing input, base64url); ``rx`` is its arrival (UTC);
    ``cause`` is the hash of what a service's own event follows from. It has no position: that is
    known only once it is appended.
    """

    hash: str
    id: str
    source: str
    subject: str
    time: datetime
    rx: datetime
    kid: str
    data: EventData
    cause: str | None = None

    @property
    def unit(self) -> str | None:
        """Code of the publishing unit, ``None`` when an authority or a service speaks."""
        return self.source[7:] if self.source.startswith("/units/") else None

    @property
    def authority(self) -> str:
        """Code of the authority whose log subject this is."""
        return self.subject.split("/", 1)[0]
