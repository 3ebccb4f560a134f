"""The whole surface of reporting on one app: JSON API, pages, style sheet, faults, headers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fastapi.staticfiles import StaticFiles

from services.reporting.documents.boxes import Boxes
from services.reporting.moments import Moments
from services.reporting.web.api import api
from services.reporting.web.faults import answer_faults
from services.reporting.web.pages import pages
from services.reporting.web.rendering import Renderer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI, Request, Response
    from sqlalchemy import Engine

    from services.reporting.archive import SealedLog

STATIC: Final = Path(__file__).parent / "static"
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


def add_site(
    app: FastAPI, engine: Engine, archive: SealedLog, *, sandbox: bool, voting_page: str = ""
) -> None:
    """
    Give *app* the API under ``/v1``, the pages under ``/`` and ``/en/``, and their faults.

    *voting_page* is where browsers reach the ballots service; nothing links there while it is empty.
    """
    renderer = Renderer(archive, sandbox=sandbox, voting_page=voting_page)
    moments = Moments(engine, archive)
    app.state.moments = moments
    boxes = Boxes(
        lambda: archive.position, lambda after, until: archive.files().entries(after, until)
    )
    app.include_router(api(moments, archive, boxes, sandbox=sandbox))
    app.include_router(pages(moments, archive, boxes, renderer))
    # Before the first entry is sealed there is nothing to serve yet.
    app.mount("/archive", StaticFiles(directory=archive.public, check_dir=False), name="archive")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    def in_words(request: Request, document: dict[str, Any]) -> Response:
        return renderer.fault(request.url.path, document)

    answer_faults(app, in_words)

    @app.middleware("http")
    async def guarded(
        request: Request, go_on: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        answer = await go_on(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer
