"""The page where a department checks its Excel file: it gives back faults and unsigned events, and keeps and sends nothing."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from services.reporting.projections.cycles import all_cycles, cycle_of
from services.reporting.projections.pledge_queries import Pledge, pledge
from services.reporting.projections.rules import regulation, rulebook
from services.reporting.projections.unit_queries import members, names
from services.reporting.web.faults import found
from thidua.clock import LOCAL, parse_instant
from thidua.contracts import pledges as p
from thidua.excel.checking import Report, check
from thidua.excel.container import MAX_FILE
from thidua.excel.faults import Fault, SheetCode, WorkbookError
from thidua.excel.forms import FORMS, form_of
from thidua.excel.marking import marked
from thidua.excel.rules import KINDS, Kind, Named, Rules, RulesMissingError, rules_of
from thidua.excel.template import template

if TYPE_CHECKING:
    from services.reporting.moments import Moments
    from services.reporting.reading import Reading
    from services.reporting.web.rendering import Renderer

PATH: Final = "/nop-excel"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROOM: Final = 20_000
"""What a form's other parts and borders may take beside the file."""
_SECONDS: Final = 60
_AT_ONCE: Final = 2
_SHOWN: Final = 200
NOTHING_HELD: Final[dict[str, str | None]] = {"marked": None, "events": None}


class _TooLargeError(Exception):
    """The request is longer than any file that is read."""


def excel_pages(moments: Moments, renderer: Renderer, language: str) -> APIRouter:
    """The upload page in one language, and the templates it offers."""
    routes = APIRouter()
    busy = asyncio.Semaphore(_AT_ONCE)

    def page(status: int = 200, **given: Any) -> HTMLResponse:
        with moments.reading() as read:
            opened = [one.cycle for one in all_cycles(read) if one.opened]
            offered = {
                cycle: [FORMS[kind] for kind in KINDS if _rules(read, kind, cycle)]
                for cycle in opened
            }
            made = renderer.page(
                "excel.html",
                language,
                PATH,
                read,
                offered=offered,
                most=MAX_FILE // 1_000_000,
                **{"report": None, "files": NOTHING_HELD, "shown": _SHOWN, **given},
            )
        made.status_code = status
        return made

    @routes.get(PATH)
    def upload() -> HTMLResponse:
        return page()

    @routes.post(PATH)
    async def checked(request: Request) -> HTMLResponse:
        try:
            async with asyncio.timeout(_SECONDS):
                raw = await _file(request)
        except TimeoutError:
            return page(408, report=_faulty(SheetCode.FILE_DAMAGED))
        except _TooLargeError:
            return page(413, report=_faulty(SheetCode.FILE_TOO_LARGE, f"≤ {MAX_FILE} byte"))
        if raw is None:
            return page(400, report=_faulty(SheetCode.FILE_NOT_XLSX, ".xlsx"))
        async with busy:
            report, files = await asyncio.to_thread(_checked, raw)
        return page(422 if report.faults else 200, report=report, files=files)

    @routes.get(PATH + "/mau/{kind}/{authority}/{cluster}/{year}")
    def form(kind: str, authority: str, cluster: str, year: str) -> Response:
        one = found(form_of(kind), kind)
        with moments.reading() as read:
            cycle = f"{authority}/{cluster}/{year}"
            rules = _rules(read, one.kind, cycle)
        name = f"{one.kind}-{cluster}-{year}.xlsx"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(template(found(rules, cycle)), media_type=XLSX, headers=headers)

    return routes


def _faulty(code: SheetCode, expected: str = "") -> Report:
    return Report((Fault(code, expected),))


async def _file(request: Request) -> bytes | None:
    """The file that was sent; ``None`` when there is none."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FILE + _ROOM:
            raise _TooLargeError
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        said = b"" if sent else bytes(body)
        sent = True
        return {"type": "http.request", "body": said, "more_body": False}

    try:
        async with Request(request.scope, receive).form(max_files=1, max_fields=4) as form:
            given = form.get("tep")
            if not isinstance(given, UploadFile):
                return None
            return await given.read()
    except (MultiPartException, KeyError, ValueError):
        return None


def _checked(raw: bytes) -> tuple[Report, dict[str, str | None]]:
    """The report, and what is given back: addresses that hold the files themselves, as nothing is kept here."""
    report = check(raw)
    files = dict(NOTHING_HELD)
    if report.faults:
        try:
            book = marked(report)
        except WorkbookError:
            book = None
        if book is not None:
            files["marked"] = _held(XLSX, book)
    else:
        events = report.events()
        said = json.dumps(events[0] if len(events) == 1 else events, ensure_ascii=False, indent=1)
        files["events"] = _held("application/json", said.encode())
    return report, files


def _held(media: str, content: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def _rules(read: Reading, kind: Kind, cycle: str) -> Rules | None:
    """What a form of the cycle is made from, out of the read models; ``None`` while it is not decided."""
    one = cycle_of(read, cycle)
    if one is None or not one.opened:
        return None
    book, drafted, named = rulebook(read, cycle), pledge(read, cycle), names(read)
    # A cycle may be opened in the year before it.
    day = max(parse_instant(one.opened).astimezone(LOCAL).date(), date(one.year, 1, 1))
    units = members(read, one.authority, one.cluster, day)
    try:
        return rules_of(
            kind,
            cycle,
            rulebook=book.rules if book else None,
            regulation=regulation(read, one.authority, one.year),
            pledge=_draft(drafted) if drafted else None,
            revised={},
            units=tuple(Named(code=code, name=named.short(code)) for code in units),
        )
    except RulesMissingError:
        return None


def _draft(drafted: Pledge) -> p.PledgeDrafted | None:
    if not drafted.targets:
        return None
    targets = [
        {
            "target": one.target,
            "name_vi": one.name_vi,
            "measure": one.measure,
            "value": one.value,
            "sense": one.sense,
            "of": one.of,
        }
        for one in drafted.targets
    ]
    document = {"version": drafted.version, "theme": drafted.theme, "text": drafted.text}
    return p.PledgeDrafted.model_validate_json(json.dumps({**document, "targets": targets}))
