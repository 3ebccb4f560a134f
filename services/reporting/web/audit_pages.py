"""The pages for whoever checks: one entry with its proof, the lamps, and a receipt held against the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from services.reporting.checked import lamps, read_checks
from services.reporting.fingerprint import fingerprints_of
from services.reporting.projections.parked import parked_entries
from services.reporting.projections.refused import refused_at
from services.reporting.projections.timeline import entries_by_outcome, happening
from services.reporting.web import parameters as given
from services.reporting.web.faults import found
from services.reporting.web.receipts import MOST, checked_receipt
from services.reporting.web.sealed import qr_of, sealed_entry

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from services.reporting.moments import Moments
    from services.reporting.web.rendering import Renderer


def audit_pages(
    moments: Moments, archive: SealedLog, renderer: Renderer, language: str
) -> APIRouter:
    """The pages in ``vi`` or ``en``."""
    routes = APIRouter()

    @routes.get("/su-kien/{position}")
    def entry(position: given.Position) -> HTMLResponse:
        with moments.reading() as read:
            about: dict[str, Any] = {
                "entry": found(happening(read, position=position), position),
                "refusal": refused_at(read, position),
                "proven": sealed_entry(archive, position),
            }
            source = f"/v1/timeline/{position}"
            path = f"/su-kien/{position}"
            return renderer.page("entry.html", language, path, read, source=source, **about)

    @routes.get("/kiem-tra")
    def audit() -> HTMLResponse:
        checks, checkpoint = read_checks(archive.folder), archive.checkpoint()
        label = "Điểm niêm (mã QR)" if language == "vi" else "Checkpoint (QR code)"
        with moments.reading() as read:
            return renderer.page(
                "audit.html",
                language,
                "/kiem-tra",
                read,
                source="/v1/checks",
                fingerprints=fingerprints_of(read),
                gate=archive.gate(),
                checkpoint=checkpoint,
                qr=qr_of(checkpoint, label) if checkpoint else None,
                checks=checks,
                lamps=lamps(checks[0] if checks else None),
                counted=entries_by_outcome(read),
                parked=len(parked_entries(read)),
            )

    @routes.get("/bien-nhan")
    def receipt(
        hash: Annotated[str, Query(max_length=MOST)] = "",  # noqa: A002 - the wire's own word
    ) -> HTMLResponse:
        with moments.reading() as read:
            checked = checked_receipt(read, archive, hash) if hash.strip() else None
            return renderer.page(
                "receipt.html", language, "/bien-nhan", read, given=hash, checked=checked
            )

    return routes
