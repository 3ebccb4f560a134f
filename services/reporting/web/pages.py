"""The pages: Vietnamese under ``/``, English under ``/en/``, at the same addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from services.reporting.moments import ask
from services.reporting.projections.cycles import all_cycles
from services.reporting.projections.officers import officers_through_years
from services.reporting.projections.parked import parked_entries
from services.reporting.projections.refused import refused_events
from services.reporting.projections.timeline import entries_by_outcome, happenings
from services.reporting.projections.unit_queries import all_clusters, all_units
from services.reporting.projections.unit_queries import unit as unit_of
from services.reporting.web import parameters as given
from services.reporting.web.audit_pages import audit_pages
from services.reporting.web.cycle_pages import cycle_pages
from services.reporting.web.documents import document_files, document_pages
from services.reporting.web.excel_pages import excel_pages
from services.reporting.web.faults import found

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from services.reporting.documents.boxes import Boxes
    from services.reporting.moments import Moments
    from services.reporting.web.rendering import Renderer

LATEST = 10


def pages(moments: Moments, archive: SealedLog, boxes: Boxes, renderer: Renderer) -> APIRouter:
    """All pages, each of now or as of an earlier moment."""
    routes = APIRouter(
        default_response_class=HTMLResponse, include_in_schema=False, dependencies=[Depends(ask)]
    )
    for language, prefix in (("vi", ""), ("en", "/en")):
        routes.include_router(_registry(moments, renderer, language), prefix=prefix)
        routes.include_router(_log(moments, renderer, language), prefix=prefix)
        routes.include_router(audit_pages(moments, archive, renderer, language), prefix=prefix)
        routes.include_router(cycle_pages(moments, renderer, language), prefix=prefix)
        documents = document_pages(moments, archive, boxes, renderer, language)
        routes.include_router(documents, prefix=prefix)
        routes.include_router(excel_pages(moments, renderer, language), prefix=prefix)
    routes.include_router(document_files(moments, archive, boxes, sandbox=renderer.sandbox))
    return routes


def _registry(moments: Moments, renderer: Renderer, language: str) -> APIRouter:
    routes = APIRouter()

    @routes.get("/")
    def home() -> HTMLResponse:
        with moments.reading() as read:
            return renderer.page(
                "home.html",
                language,
                "/",
                read,
                source="/v1/cycles",
                cycles=all_cycles(read),
                clusters=all_clusters(read),
                counted=entries_by_outcome(read),
                latest=happenings(read, most=LATEST),
            )

    @routes.get("/don-vi")
    def units() -> HTMLResponse:
        with moments.reading() as read:
            found_units = all_units(read)
            return renderer.page(
                "units.html", language, "/don-vi", read, source="/v1/units", units=found_units
            )

    @routes.get("/don-vi/{code}")
    def unit(code: given.Code) -> HTMLResponse:
        with moments.reading() as read:
            one = found(unit_of(read, code), code)
            clusters = {(m.authority, m.cluster) for m in one.memberships}
            cycles = [c for c in all_cycles(read) if (c.authority, c.cluster) in clusters]
            latest = happenings(read, unit=code, most=LATEST)
            about = {"unit": one, "cycles": cycles, "latest": latest}
            source = f"/v1/units/{code}"
            return renderer.page(
                "unit.html", language, f"/don-vi/{code}", read, source=source, **about
            )

    @routes.get("/cum/{authority}/{cluster}")
    def cluster(authority: given.Code, cluster: given.Code) -> HTMLResponse:
        with moments.reading() as read:
            named = (c for c in all_clusters(read) if c["cluster"] == cluster)
            one = next((c for c in named if c["authority"] == authority), None)
            return renderer.page(
                "cluster.html",
                language,
                f"/cum/{authority}/{cluster}",
                read,
                source=f"/v1/clusters/{authority}/{cluster}/officers",
                cluster=found(one, f"{authority}/{cluster}"),
                officers=officers_through_years(read, authority, cluster),
                cycles=[c for c in all_cycles(read) if c.cluster == cluster],
            )

    return routes


def _log(moments: Moments, renderer: Renderer, language: str) -> APIRouter:
    routes = APIRouter()

    @routes.get("/su-kien")
    def timeline(part: given.AnyPart) -> HTMLResponse:
        only = {"subject": part.subject, "unit": part.unit, "type": part.type}
        wanted = {name: value for name, value in only.items() if value is not None}
        with moments.reading() as read:
            entries = happenings(read, most=part.most, before=part.before, **wanted)
            more = {**wanted, "before": entries[-1].position} if len(entries) == part.most else None
            return renderer.page(
                "timeline.html",
                language,
                "/su-kien",
                read,
                source="/v1/timeline",
                entries=entries,
                more=more,
                part=part,
            )

    @routes.get("/tu-choi")
    def refused(part: given.AnyPart) -> HTMLResponse:
        with moments.reading() as read:
            entries = refused_events(read, subject=part.subject, most=part.most, before=part.before)
            more = entries[-1].position if len(entries) == part.most else None
            return renderer.page(
                "refused.html",
                language,
                "/tu-choi",
                read,
                source="/v1/refused",
                entries=entries,
                more=more,
            )

    @routes.get("/de-rieng")
    def parked() -> HTMLResponse:
        with moments.reading() as read:
            entries = parked_entries(read)
            return renderer.page(
                "parked.html", language, "/de-rieng", read, source="/v1/parked", entries=entries
            )

    return routes
