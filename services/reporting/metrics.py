"""What reporting counts and shows besides, part by part: read models, archive, database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from services.reporting.projections.parked import parked
from services.reporting.reading import NothingYetError, reading
from thidua.metrics import Figures, Metrics

if TYPE_CHECKING:
    from sqlalchemy import Engine


class ReadModelMetrics(Figures):
    """What anybody sees of the read models who reaches their database."""

    def __init__(self) -> None:
        super().__init__()
        self._parked = self.gauge("parked_entries", "entries left out of the read models")
        self._database_up = self.gauge("database_up", "1 while the read models can be read")
        self._read = self.gauge(
            "read_model_position", "position of the read models that are served"
        )

    def ask(self, engine: Engine) -> None:
        """Ask the database how far the live read models are, and what they leave out; it blocks."""
        try:
            with reading(engine) as read:
                self._read.set(read.position)
                self._parked.set(read.count(parked))
        except (SQLAlchemyError, NothingYetError):
            self._database_up.set(0)
        else:
            self._database_up.set(1)


class ProjectorMetrics(ReadModelMetrics, Metrics):
    """The projector's figures."""

    def __init__(self) -> None:
        super().__init__()
        self.project = self.seconds("project", "projecting one batch, its transaction included")


class ArchiveMetrics(Metrics):
    """The archive's figures."""

    def __init__(self) -> None:
        super().__init__()
        self.seal = self.seconds("seal", "sealing one batch: tiles and signed checkpoint on disk")
        self.sealed = self.gauge("sealed_position", "last position under a signed checkpoint")


class ReportingMetrics(ProjectorMetrics, ArchiveMetrics):
    """Both, for the process that is both."""


class WebMetrics(ReadModelMetrics):
    """The figures of the pages, which see neither Redis nor the log."""
