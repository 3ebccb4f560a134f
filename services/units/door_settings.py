"""The door's settings: the common ones, its limits, and what it asks of clients beside the signature."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from services.units.evidence.settings import EvidenceSettings
from services.units.limits import Proofs, read_tokens


class DoorSettings(EvidenceSettings):
    """What one door is told; the files it takes have settings of their own."""

    max_batch: Annotated[int, Field(ge=1, le=1000)] = 100
    """Events in one request."""
    max_body: Annotated[int, Field(ge=1024)] = 4 * 1024 * 1024
    """Bytes of one request."""
    body_seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    """Seconds within which a request's body must be whole."""
    wait_most: Annotated[float, Field(ge=0, le=120)] = 30.0
    """Seconds a request may wait for its judgement."""
    rate_events: Annotated[int, Field(ge=0)] = 1000
    """Events a second of one publisher, on average; 0 is without limit."""
    rate_bytes: Annotated[int, Field(ge=0)] = 10 * 1024 * 1024
    """Bytes of events a second of one publisher, on average; 0 is without limit."""
    max_waiting: Annotated[int, Field(ge=0)] = 50_000
    """Entries that may wait in an inbox before the door is busy; 0 is without limit."""
    trace_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The share of events that are traced where there is a collector; the others follow the door's choice."""
    publisher_tokens: SecretStr | None = None
    """A publisher's code and a bearer token a line; give ``THIDUA_PUBLISHER_TOKENS_FILE``."""
    client_subject_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,60}$")] = ""
    """The header in which the TLS proxy gives the client certificate's subject; empty: none is asked for."""

    page_origins: Annotated[str, Field(pattern=r"^(https?://[^\s/,]+( |$))*$")] = ""
    """Origins of pages, with spaces between, whose scripts may send events here and read the answers (CORS)."""

    @property
    def proofs(self) -> Proofs:
        """What clients must prove; raises :class:`SettingsError`."""
        tokens = "" if self.publisher_tokens is None else self.publisher_tokens.get_secret_value()
        return Proofs(read_tokens(tokens), subjects=bool(self.client_subject_header))
