"""The JSON API over the read models, described by its OpenAPI document at ``/v1/openapi.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse, Response

from services.reporting.checked import lamps, read_checks
from services.reporting.fingerprint import fingerprints_of
from services.reporting.moments import ask
from services.reporting.outcome import outcome
from services.reporting.projections.cycles import cycle_of
from services.reporting.projections.keys import KeyOnRecord, all_keys
from services.reporting.projections.officers import Officers, officers_through_years
from services.reporting.projections.parked import Parked, parked_entries
from services.reporting.projections.refused import RefusedEvent, refused_at, refused_events
from services.reporting.projections.timeline import (
    Happening,
    entries_by_outcome,
    happening,
    happenings,
)
from services.reporting.projections.unit_queries import Unit, all_clusters, all_units
from services.reporting.projections.unit_queries import unit as unit_of
from services.reporting.reading import Reading, reading
from services.reporting.web import parameters as given
from services.reporting.web.answers import FAULTS, Answer, Counted, Listed
from services.reporting.web.cycle_api import cycle_api
from services.reporting.web.documents import document_api
from services.reporting.web.faults import UnknownError, found
from services.reporting.web.receipts import MOST, checked_receipt
from services.reporting.web.sealed import sealed_bytes
from thidua.tlog.proofs import prove

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from services.reporting.documents.boxes import Boxes
    from services.reporting.moments import Moments


def api(moments: Moments, archive: SealedLog, boxes: Boxes, *, sandbox: bool) -> APIRouter:
    """The routes under ``/v1``; those over the read models also answer as of an earlier moment."""
    routes = APIRouter(prefix="/v1", responses=FAULTS, dependencies=[Depends(ask)])
    routes.include_router(cycle_api(moments, sandbox=sandbox))
    routes.include_router(document_api(moments, boxes, sandbox=sandbox))
    _of_the_registry(routes, moments, sandbox=sandbox)
    _of_the_log(routes, moments, sandbox=sandbox)
    _of_the_figures(routes, moments)
    _of_receipts(routes, moments, archive, sandbox=sandbox)
    sealed = APIRouter(prefix="/v1", responses=FAULTS)
    _of_the_archive(sealed, archive)
    both = APIRouter()
    both.include_router(routes)
    both.include_router(sealed)
    return both


def _told(read: Reading, data: Any, *, sandbox: bool) -> Answer[Any]:
    return Answer(position=read.position, sandbox=sandbox, data=data)


def _of_the_registry(routes: APIRouter, moments: Moments, *, sandbox: bool) -> None:
    @routes.get("/units", summary="Các đơn vị / units")
    def units() -> Answer[list[Unit]]:
        """Every unit ever registered, with names, changes and memberships."""
        with moments.reading() as read:
            return _told(read, all_units(read), sandbox=sandbox)

    @routes.get("/units/{code}", summary="Một đơn vị và lịch sử / one unit with its history")
    def unit(code: given.Code) -> Answer[Unit]:
        """A unit's names through time, mergers, memberships and delegates."""
        with moments.reading() as read:
            return _told(read, found(unit_of(read, code), code), sandbox=sandbox)

    @routes.get("/clusters", summary="Các cụm thi đua / clusters")
    def clusters() -> Answer[list[dict[str, Any]]]:
        """Every cluster with its names and memberships."""
        with moments.reading() as read:
            return _told(read, all_clusters(read), sandbox=sandbox)

    @routes.get(
        "/clusters/{authority}/{cluster}/officers",
        summary="Cụm trưởng, Cụm phó qua các năm / officers through the years",
    )
    def officers(authority: given.Code, cluster: given.Code) -> Answer[list[Officers]]:
        """Chair and deputy of every year, the newest first, and how they came to be."""
        with moments.reading() as read:
            known = {(one["authority"], one["cluster"]) for one in all_clusters(read)}
            if (authority, cluster) not in known:
                raise UnknownError(f"{authority}/{cluster}")
            return _told(read, officers_through_years(read, authority, cluster), sandbox=sandbox)

    @routes.get("/keys", summary="Các khóa ký / keys")
    def keys() -> Answer[list[KeyOnRecord]]:
        """Every key ever registered, its state, and how far its chains have come."""
        with moments.reading() as read:
            return _told(read, all_keys(read), sandbox=sandbox)


def _of_the_log(routes: APIRouter, moments: Moments, *, sandbox: bool) -> None:
    def listed(read: Reading, path: str, part: given.Part, data: list[Any]) -> Listed[Any]:
        there_is_more = len(data) == part.most and data[-1].position > 1
        asked = {"subject": part.subject, "unit": part.unit, "type": part.type, "most": part.most}
        query: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        if read.is_earlier:
            query["as_of"] = read.position
        more = (
            f"{path}?{urlencode({**query, 'before': data[-1].position})}" if there_is_more else None
        )
        return Listed(position=read.position, sandbox=sandbox, data=data, next=more)

    @routes.get("/timeline", summary="Dòng sự kiện / the timeline")
    def timeline(part: given.AnyPart) -> Listed[Happening]:
        """Entries in words, newest first, of a subject, a unit or a type."""
        with moments.reading() as read:
            data = happenings(
                read,
                subject=part.subject,
                unit=part.unit,
                type=part.type,
                most=part.most,
                before=part.before,
            )
            return listed(read, "/v1/timeline", part, data)

    @routes.get("/timeline/{position}", summary="Một mục của nhật ký / one entry")
    def entry(position: given.Position) -> Answer[Happening]:
        """One entry in words, by its position."""
        with moments.reading() as read:
            data = found(happening(read, position=position), position)
            return _told(read, data, sandbox=sandbox)

    @routes.get("/entries", summary="Số mục theo kết quả / entries by outcome")
    def entries() -> Answer[Counted]:
        """How many entries were recorded and refused."""
        with moments.reading() as read:
            return _told(read, entries_by_outcome(read), sandbox=sandbox)

    @routes.get("/refused", summary="Sự kiện bị từ chối / refused events")
    def refused(part: given.AnyPart) -> Listed[RefusedEvent]:
        """Refused events, newest first, of a subject if it is named; never what they held."""
        with moments.reading() as read:
            data = refused_events(read, subject=part.subject, most=part.most, before=part.before)
            return listed(read, "/v1/refused", part, data)

    @routes.get("/refused/{position}", summary="Một sự kiện bị từ chối / one refused event")
    def refused_one(position: given.Position) -> Answer[RefusedEvent]:
        """Why an event was refused and what its publisher can do."""
        with moments.reading() as read:
            return _told(read, found(refused_at(read, position), position), sandbox=sandbox)

    @routes.get("/parked", summary="Mục để riêng / parked entries")
    def parked() -> Answer[list[Parked]]:
        """Entries that could not be read into the read models, and why."""
        with moments.reading() as read:
            return _told(read, parked_entries(read), sandbox=sandbox)


def _of_the_figures(routes: APIRouter, moments: Moments) -> None:
    @routes.get("/outcome", summary="Kết quả của một năm thi đua / a year's outcome")
    def outcome_of(
        cycle: Annotated[str, Query(pattern=given.CYCLE, examples=["BVHTTDL/BGPB/2020"])],
    ) -> dict[str, Any]:
        """Officers and pledge of the next year; ranking, ballots, awards and money of this one."""
        with moments.engine() as engine:
            with reading(engine) as read:
                found(cycle_of(read, cycle), cycle)
            return outcome(engine, cycle)

    @routes.get("/fingerprints", summary="Dấu vân số liệu / fingerprints of the read models")
    def fingerprints_now(*, bound_to_log: bool = True) -> dict[str, Any]:
        """SHA-256 per read model; ``bound_to_log=false`` leaves positions and event hashes out."""
        with moments.reading() as read:
            return {
                "position": read.position,
                "fingerprints": fingerprints_of(read, bound_to_log=bound_to_log),
            }


def _of_receipts(routes: APIRouter, moments: Moments, archive: SealedLog, *, sandbox: bool) -> None:
    @routes.get("/receipt", summary="Kiểm tra biên nhận / check a receipt")
    def receipt(
        hash: Annotated[str, Query(min_length=1, max_length=MOST)],  # noqa: A002 - the wire's own word
    ) -> Answer[dict[str, Any]]:
        """What the log says to an event hash, a receipt or a signed event: ``recorded``, ``refused`` or ``differs``."""
        with moments.reading() as read:
            checked = checked_receipt(read, archive, hash)
            entry = found(checked.entry, hash[:80])
            told = {"state": checked.state, "position": entry.position, "hash": entry.hash}
            return _told(read, told, sandbox=sandbox)


def _of_the_archive(routes: APIRouter, archive: SealedLog) -> None:
    @routes.get(
        "/proofs/{position}",
        summary="Bằng chứng của một mục / the proof of one entry",
        response_class=PlainTextResponse,
    )
    def proof(position: given.Position) -> PlainTextResponse:
        """The C2SP tlog-proof that the entry stands under the newest checkpoint."""
        checkpoint = archive.checkpoint()
        sealed = checkpoint is not None and position <= checkpoint.size
        newest = found(checkpoint if sealed else None, position)
        return PlainTextResponse(prove(archive.files(newest.size), position, newest).text)

    @routes.get("/entries/{position}", summary="Byte của một mục / the bytes of one entry")
    def entry_bytes(position: given.Position) -> Response:
        """The exact bytes that are hashed as the leaf of the tree."""
        raw = found(sealed_bytes(archive, position), position)
        return Response(raw, media_type="application/json")

    @routes.get("/checks", summary="Các lần tự kiểm / the service's own verifications")
    def checks() -> dict[str, Any]:
        """The lamps of the last verification and the earlier ones; an auditor trusts only his own."""
        made = read_checks(archive.folder)
        return {"lamps": lamps(made[0] if made else None), "checks": made}

    @routes.get("/archive", summary="Kho lưu / the archive")
    def archive_now() -> dict[str, Any]:
        """How far the log is sealed, and whether it is open."""
        gate, checkpoint = archive.gate(), archive.checkpoint()
        return {
            "position": checkpoint.size if checkpoint else 0,
            "root": checkpoint.root.hex() if checkpoint else None,
            "checkpoint": checkpoint.note if checkpoint else None,
            "is_open": gate.is_open,
            "reason": gate.reason,
        }
