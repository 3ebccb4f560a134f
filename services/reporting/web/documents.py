"""Drafts of official documents: each as a page to print, as a Word file to complete, and as the same in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from services.reporting.documents.counting_minutes import CountingMinutes, counting_minutes
from services.reporting.documents.counting_minutes_paper import counting_minutes_paper
from services.reporting.documents.footing import footing
from services.reporting.projections.cycles import cycle_of
from services.reporting.web import parameters as given
from services.reporting.web.answers import Answer
from services.reporting.web.faults import found
from services.reporting.web.sealed import qr_of
from services.reporting.web.speech import Speech

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from services.reporting.documents.boxes import Boxes
    from services.reporting.moments import Moments
    from services.reporting.web.rendering import Renderer

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_YEAR: Final = "{authority}/{cluster}/{year}"


def document_api(moments: Moments, boxes: Boxes, *, sandbox: bool) -> APIRouter:
    """The drafts as JSON, under ``/cycles``."""
    routes = APIRouter(prefix="/cycles")

    @routes.get(
        f"/{_YEAR}/ballots/{{ballot}}/minutes",
        summary="Biên bản kiểm phiếu, bản nháp / counting minutes, a draft",
    )
    def minutes(cycle: given.Cycle, ballot: given.Slug) -> Answer[CountingMinutes]:
        """Times, board or trustees, quorum, figures, each nominee with percent, outcome; of a secret ballot its box."""
        with moments.reading() as read:
            found(cycle_of(read, cycle), cycle)
            data = found(counting_minutes(read, boxes, cycle, ballot), ballot)
            return Answer(position=read.position, sandbox=sandbox, data=data)

    return routes


def document_pages(
    moments: Moments, archive: SealedLog, boxes: Boxes, renderer: Renderer, language: str
) -> APIRouter:
    """The drafts as pages in ``vi`` or ``en``; the Vietnamese one is the document."""
    routes = APIRouter()
    label = "Điểm niêm (mã QR)" if language == "vi" else "Checkpoint (QR code)"

    @routes.get(f"/nam/{_YEAR}/bo-phieu/{{ballot}}/bien-ban")
    def minutes(cycle: given.Cycle, ballot: given.Slug) -> HTMLResponse:
        checkpoint = archive.checkpoint()
        with moments.reading() as read:
            found(cycle_of(read, cycle), cycle)
            return renderer.page(
                "counting_minutes.html",
                language,
                f"/nam/{cycle}/bo-phieu/{ballot}/bien-ban",
                read,
                cycle=cycle,
                source=f"/v1/cycles/{cycle}/ballots/{ballot}/minutes",
                minutes=found(counting_minutes(read, boxes, cycle, ballot), ballot),
                qr=qr_of(checkpoint, label) if checkpoint else None,
            )

    return routes


def document_files(
    moments: Moments, archive: SealedLog, boxes: Boxes, *, sandbox: bool
) -> APIRouter:
    """The drafts as files for a word processor, in Vietnamese alone: they become the documents."""
    routes = APIRouter()

    @routes.get(f"/nam/{_YEAR}/bo-phieu/{{ballot}}/bien-ban.docx")
    def minutes(cycle: given.Cycle, ballot: given.Slug) -> Response:
        with moments.reading() as read:
            found(cycle_of(read, cycle), cycle)
            data = found(counting_minutes(read, boxes, cycle, ballot), ballot)
            speech, position = Speech("vi", read, cycle), read.position
        newest = archive.checkpoint()
        files = archive.files(newest.size if newest else 0)
        under = footing(files, newest.origin if newest else None, position, sandbox=sandbox)
        _, cluster, year = cycle.split("/")
        name = f"bien-ban-kiem-phieu-{cluster}-{year}-{ballot}-{position}.docx"
        return Response(
            counting_minutes_paper(data, speech, under),
            media_type=DOCX,
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    return routes
