"""The ballots service's composition root: its judge behind the log's inbox, and the page to vote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from services.ballots.domain import JUDGE
from services.ballots.page.finding import find_running, find_setup, find_vote
from services.ballots.page.site import page_routes
from thidua.knowledge import moment
from thidua.serving import ServiceSettings, deciding_app

if TYPE_CHECKING:
    from faststream.asgi import AsgiFastStream
    from faststream.asgi.types import ASGIApp

    from services.ballots.domain.state import Cycle
    from thidua.judging import Judging


class BallotsSettings(ServiceSettings):
    """What the service is told beside a deciding service's settings."""

    door_url: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+)?$")] = ""
    """Where browsers reach the door; empty: at the voting page's own address, behind one proxy."""


def create_app(settings: BallotsSettings | None = None) -> AsgiFastStream:
    """The service's app; without *settings* they are read from the environment."""
    settings = settings or BallotsSettings.from_environment()
    door_url, origin, sandbox = settings.door_url, settings.origin, settings.is_sandbox

    def pages(judging: Judging[Cycle]) -> list[tuple[str, ASGIApp]]:
        def found(subject: str, ballot: str) -> dict[str, Any] | None:
            known = judging.knowledge
            setup = find_setup(known.fold, moment(known.clock_ms), subject, ballot)
            if setup is None:
                return None
            return setup.document(origin=origin, sandbox=sandbox, door_url=door_url)

        def looked(subject: str, ballot: str, tracker: str) -> dict[str, Any] | None:
            known = judging.knowledge
            box = find_vote(known.fold, known.position, subject, ballot, tracker)
            return None if box is None else box.document()

        def running() -> list[dict[str, Any]]:
            return [one.document() for one in find_running(judging.knowledge.fold)]

        return page_routes(found, looked, running, door_url)

    return deciding_app(JUDGE, settings, pages)
