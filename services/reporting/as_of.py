"""The read models as they were at an earlier position, in memory, for pages with ``?as_of=``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.database import open_engine
from services.reporting.following import Projector
from services.reporting.projections import ALL
from services.reporting.rebuild import MOST
from thidua.errors import LogCorruptError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from services.reporting.projection import Projection
    from services.reporting.rebuild import Pages


def as_of(pages: Pages, position: int, projections: Iterable[Projection] = ALL) -> Engine:
    """
    An engine on the read models of the first *position* entries; ``dispose()`` frees them.

    One thread at a time may use it.
    """
    engine = open_engine("sqlite://")
    try:
        _fill(engine, pages, position, projections)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _fill(engine: Engine, pages: Pages, position: int, projections: Iterable[Projection]) -> None:
    projector = Projector(engine, projections)
    projector.start()
    while projector.position < position:
        page = pages(projector.position, min(MOST, position - projector.position))
        if not page:
            raise LogCorruptError(projector.position + 1, "an entry")
        projector.apply(page)
