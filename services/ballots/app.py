"""The ballots service's composition root: its judge behind the log's inbox, and the page to vote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from services.ballots.domain import JUDGE
from services.ballots.page.site import page_routes
from thidua.serving import ServiceSettings, deciding_app

if TYPE_CHECKING:
    from faststream.asgi import AsgiFastStream


class BallotsSettings(ServiceSettings):
    """What the service is told beside a deciding service's settings."""

    door_url: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+)?$")] = ""
    """Where browsers reach the door; empty: at the voting page's own address, behind one proxy."""


def create_app(settings: BallotsSettings | None = None) -> AsgiFastStream:
    """The service's app; without *settings* they are read from the environment."""
    settings = settings or BallotsSettings.from_environment()
    routes = page_routes(lambda _subject, _ballot: None, settings.door_url)
    return deciding_app(JUDGE, settings, lambda _judging: routes)
