"""What is answered when a thing is unknown, or the read models are away: problem documents and worded pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from services.reporting.moments import NoSuchMomentError, StillRebuildingError
from services.reporting.reading import NothingYetError
from thidua.errors import ThiduaError
from thidua.refusals import Code, problem
from thidua.tlog.faults import ArchiveFaultError, ArchiveUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI, Request

log = structlog.get_logger(__name__)

PROBLEM: Final = "application/problem+json"
RETRY_SECONDS: Final = 5


class UnknownError(ThiduaError):
    """Nothing of this name is in the read models."""

    def __init__(self, given: str) -> None:
        self.given = given
        super().__init__(f"there is no {given!r}")


def found(thing: Any, given: object) -> Any:
    """*thing*, or `UnknownError` when there is none."""
    if thing is None:
        raise UnknownError(str(given))
    return thing


def answer_faults(app: FastAPI, in_words: Callable[[Request, dict[str, Any]], Response]) -> None:
    """Answer every fault under ``/v1`` as a problem document, elsewhere by the page *in_words*."""

    def answer(
        request: Request, document: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Response:
        if request.url.path.startswith(("/v1/", "/static/")):
            made: Response = JSONResponse(document, document["status"], media_type=PROBLEM)
        else:
            made = in_words(request, document)
        made.headers.update(headers or {})
        return made

    def not_found(
        request: Request, given: object, *, status: int = 404, path: str | None = None
    ) -> Response:
        # Half a surrogate in an address would not survive being written as UTF-8.
        clean = str(given).encode("utf-8", "replace").decode()
        document = problem(Code.NOT_FOUND, {"given": clean}, path=path)
        return answer(request, {**document, "status": status})

    @app.exception_handler(UnknownError)
    async def unknown(request: Request, error: UnknownError) -> Response:
        return not_found(request, error.given)

    @app.exception_handler(NoSuchMomentError)
    async def no_such_moment(request: Request, error: NoSuchMomentError) -> Response:
        return not_found(request, error.given, path="as_of")

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return not_found(request, first.get("input"), path=str(first["loc"][-1]))

    @app.exception_handler(HTTPException)
    async def no_such_page(request: Request, error: HTTPException) -> Response:
        return not_found(request, request.url.path, status=error.status_code)

    async def away(request: Request, error: Exception) -> Response:
        log.warning("read_models_away", error=type(error).__name__)
        document = problem(Code.BUSY, {"seconds": RETRY_SECONDS})
        return answer(request, document, {"retry-after": str(RETRY_SECONDS)})

    for kind in (
        NothingYetError,
        StillRebuildingError,
        SQLAlchemyError,
        ArchiveFaultError,
        ArchiveUnreadableError,
    ):
        app.add_exception_handler(kind, away)
