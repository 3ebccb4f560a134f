"""The JSON API over the read models, described by its OpenAPI document at ``/v1/openapi.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query

from services.reporting.archive import archive_status
from services.reporting.fingerprint import fingerprints
from services.reporting.outcome import outcome

if TYPE_CHECKING:
    from sqlalchemy import Engine

SUBJECT = r"^[A-Z0-9-]{2,16}/[A-Z0-9-]{2,16}/[0-9]{4}$"


def api(engine: Engine) -> APIRouter:
    """The routes under ``/v1`` over one database."""
    routes = APIRouter(prefix="/v1")

    @routes.get("/outcome", summary="Kết quả của một năm thi đua / a year's outcome")
    def outcome_of(
        cycle: Annotated[str, Query(pattern=SUBJECT, examples=["BVHTTDL/BGPB/2020"])],
    ) -> dict[str, Any]:
        """Officers and pledge of the next year; ranking, ballots, awards and money of this one."""
        return outcome(engine, cycle)

    @routes.get("/fingerprints", summary="Dấu vân số liệu / fingerprints of the read models")
    def fingerprints_now(*, bound_to_log: bool = True) -> dict[str, Any]:
        """SHA-256 per read model; ``bound_to_log=false`` leaves positions and event hashes out."""
        return {"fingerprints": fingerprints(engine, bound_to_log=bound_to_log)}

    @routes.get("/archive", summary="Kho lưu / the archive")
    def archive_now() -> dict[str, Any]:
        """How far the log is sealed, and whether it is open."""
        status = archive_status(engine)
        return {
            "position": status.position,
            "rolling": status.rolling,
            "is_open": status.is_open,
            "reason": status.reason,
        }

    return routes
