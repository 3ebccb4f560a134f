"""The ballots service's composition root: its judge behind the log's inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.ballots.domain import JUDGE
from thidua.serving import ServiceSettings, deciding_app

if TYPE_CHECKING:
    from faststream.asgi import AsgiFastStream


def create_app(settings: ServiceSettings | None = None) -> AsgiFastStream:
    """The service's app; without *settings* they are read from the environment."""
    return deciding_app(JUDGE, settings or ServiceSettings.from_environment())
