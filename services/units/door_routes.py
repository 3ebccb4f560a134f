"""The door's routes: requests read, the door asked, answers written; every fault is a problem document."""

from __future__ import annotations

import json
from contextlib import nullcontext
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final

import structlog
from fastapi import APIRouter, FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from services.units.admission import NotAdmittedError
from services.units.door_answers import RETRY_SECONDS, problem_of
from services.units.door_documents import (
    CODE,
    EVENTS_ANSWERS,
    EVENTS_BODY,
    JOSE,
    KID,
    PAGE_ANSWERS,
    PROBLEM,
    RECEIPT_ANSWERS,
    Batch,
    Catalogue,
    Heads,
    Pending,
    Problem,
    RecordedReceipt,
    Status,
    problems,
)
from services.units.door_requests import (
    check_same,
    read_body,
    read_client,
    read_tokens,
    read_wait,
)
from services.units.door_traces import Visit
from thidua.base64url import encode_base64url
from thidua.errors import LogTrimmedError
from thidua.refusals import CATALOGUE, Code, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.units.door import Door
    from services.units.door_metrics import DoorMetrics
    from services.units.door_settings import DoorSettings

log = structlog.get_logger(__name__)

REHEARSAL_SECONDS: Final = 10.0
"""How long a dry run is waited for when the request does not say."""
ACCEPTED: Final = 202
REFUSED: Final = 422
VARY: Final = {"vary": "Accept"}

IfNoneMatch = Annotated[str | None, Header(description="RFC 9110 §13.1.2")]


def routes(door: Door, settings: DoorSettings) -> APIRouter:  # noqa: C901, PLR0915 - one route after another
    """Everything publishers may ask of *door*."""
    router = APIRouter()

    @router.post(
        "/v1/events",
        summary="Gửi sự kiện đã ký / publish signed events",
        openapi_extra=EVENTS_BODY,
        responses=EVENTS_ANSWERS,
    )
    async def publish(
        request: Request,
        prefer: Annotated[str | None, Header(examples=["wait=5"])] = None,
        idempotency_key: Annotated[
            str | None, Header(description="Mã (id) hoặc băm của sự kiện / the event's id or hash")
        ] = None,
        thidua_arrival: Annotated[
            str | None, Header(description="Chỉ sổ thử / sandbox only")
        ] = None,
        traceparent: Annotated[
            str | None,
            Header(
                description="W3C Trace Context; nối tiếp khi cổng ghi vết / gone on with where the door traces"
            ),
        ] = None,
        dry_run: Annotated[
            bool, Query(description="Xét thử, không ghi gì / judge it, record nothing")
        ] = False,
    ) -> Response:
        """
        One compact JWS, or a JSON array of them.

        `Prefer: wait=5` waits for the judgement. The same event again has the same receipt. With
        `dry_run=true` the answer is what sending it now would be answered; nothing is recorded.
        """
        tracing = door.tracing
        with nullcontext() if tracing is None else Visit(tracing, traceparent) as visit:
            body = await read_body(request, settings.max_body, settings.body_seconds)
            if visit is not None:
                visit.received()
            tokens, batch = read_tokens(body, settings.max_batch)
            client = read_client(request, settings.client_subject_header)._replace(visit=visit)
            wait = min(read_wait(prefer), settings.wait_most)
            if idempotency_key is not None and not batch:
                check_same(idempotency_key, tokens[0])
            if dry_run:
                wait = wait or min(REHEARSAL_SECONDS, settings.wait_most)
            ask = door.rehearse if dry_run else door.take
            results = await ask(tokens, wait=wait, arrival=thidua_arrival, client=client)
            if visit is not None:
                visit.status = results[0][0] if not batch else 0
        headers = {"preference-applied": f"wait={wait:g}"} if wait and prefer else {}
        if not batch:
            status, document = results[0]
            if status == ACCEPTED:
                headers["location"] = document["receipt"]
            return answer(status, document, headers)
        told = [{"http_status": status, **document} for status, document in results]
        return answer(200 if wait else ACCEPTED, {"results": told}, headers)

    @router.get(
        "/v1/receipts/{event_hash}",
        summary="Biên nhận / a receipt",
        responses=RECEIPT_ANSWERS,
    )
    async def receipt_of(
        event_hash: str,
        signed: Annotated[
            bool, Query(description="Biên nhận có chữ ký của cổng / signed by the door")
        ] = False,
        accept: Annotated[str | None, Header(description=f"`{JOSE}` = signed")] = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """What became of an event, by its hash; `signed=true` gives it as JWS that `thidua` verifies offline."""
        await door.reading.catch_up()
        if signed or JOSE in (accept or ""):
            token = await door.reading.signed(event_hash)
            if token is not None:
                return _tagged(token.encode(), JOSE, if_none_match, VARY)
        found = await door.reading.result(event_hash)
        if found is None:
            return answer(404, problem(Code.RECEIPT_UNKNOWN, {"given": event_hash[:64]}))
        status, document = found
        if status not in (200, REFUSED):
            return answer(status, document)
        return _tagged(_json(document), "application/json", if_none_match, VARY)

    @router.get(
        "/v1/publishers/{code}/receipts",
        summary="Biên nhận của một đơn vị / a publisher's receipts",
        responses=PAGE_ANSWERS,
    )
    async def receipts_of(
        code: Annotated[str, Path(pattern=CODE, examples=["LCA"])],
        after: Annotated[int, Query(ge=0, le=2**53, description="vị trí / a position")] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Receipts of all events of a publisher that stand in the log, recorded or refused, in its order."""
        await door.reading.catch_up()
        if code not in door.receipts.publishers():
            return answer(404, problem(Code.NOT_FOUND, {"given": code}))
        receipts, last = await door.reading.receipts_of(code, after, limit)
        here = f"/v1/publishers/{code}/receipts"
        following = None if last is None else f"{here}?after={last}&limit={limit}"
        links = [f'<{here}?after=0&limit={limit}>; rel="first"']
        if following is not None:
            links.append(f'<{following}>; rel="next"')
        page = _json({"publisher": code, "receipts": receipts, "next": following})
        return _tagged(page, "application/json", if_none_match, {"link": ", ".join(links)})

    @router.get(
        "/v1/keys/{kid:path}/head",
        summary="Đầu chuỗi của khóa / a key's chain heads",
        response_model=Heads,
        # A line break in the name is no part of any address.
        responses=problems(Code.REQUEST_INVALID, Code.NOT_FOUND, Code.BUSY),
    )
    async def head_of(
        kid: Annotated[str, Path(pattern=KID, examples=["LCA/2021-1"])],
        service: Annotated[str | None, Query(pattern="^(units|ballots|pledges)$")] = None,
    ) -> dict[str, Any]:
        """The last `seq` and event hash of a key's chain with each service."""
        return await door.reading.heads(kid, service)

    @router.get(
        "/v1/status",
        summary="Tình trạng / status",
        response_model=Status,
        responses=problems(Code.BUSY),
    )
    async def status() -> dict[str, Any]:
        """The log's end, its gate, and how far everybody has followed."""
        return await door.reading.status()

    @router.get(
        "/v1/refusals",
        summary="Danh mục từ chối / the refusal catalogue",
        responses={200: {"model": Catalogue}},
    )
    async def refusals() -> Response:
        """Every refusal code with its words."""
        return answer(200, {"refusals": [problem(code) for code in CATALOGUE]})

    @router.get(
        "/v1/refusals/{code}",
        summary="Một mã từ chối / one refusal code",
        responses={200: {"model": Problem}, **problems(Code.NOT_FOUND)},
    )
    async def refusal(code: Annotated[str, Path(examples=["DEADLINE_PASSED"])]) -> Response:
        """One refusal code with its words."""
        if code not in CATALOGUE:
            return answer(404, problem(Code.NOT_FOUND, {"given": code[:64]}))
        return answer(200, problem(Code(code)))

    return router


def answer_faults(app: FastAPI, metrics: DoorMetrics) -> None:
    """Let every fault of a request end in a problem document, and be counted when it is one of the publisher's."""

    @app.exception_handler(NotAdmittedError)
    async def not_admitted(_request: Request, error: NotAdmittedError) -> Response:
        metrics.turned_away(error.code)
        return answer(*problem_of(error))

    @app.exception_handler(LogTrimmedError)
    @app.exception_handler(RedisError)
    async def redis_away(_request: Request, error: Exception) -> Response:
        log.warning("redis_away", error=type(error).__name__)
        return answer(503, problem(Code.BUSY, {"seconds": RETRY_SECONDS}))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        facts: dict[str, object] = {
            "path": str(first["loc"][-1]),
            "given": str(first.get("input"))[:64],
            "expected": str(first["msg"]),
        }
        return answer(400, problem(Code.REQUEST_INVALID, facts))

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:  # noqa: PLR2004 - Method Not Allowed
            facts = {"given": request.method, "expected": headers.get("Allow", "")}
            return answer(405, problem(Code.METHOD_UNKNOWN, facts), headers)
        return answer(404, problem(Code.NOT_FOUND, {"given": request.url.path[:64]}))


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with every answer that a route really gives and no other."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (RecordedReceipt, Pending, Problem, Batch):
        whole = model.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, schema in whole.pop("$defs", {}).items():
            schemas.setdefault(name, schema)
        schemas.setdefault(model.__name__, whole)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "Chỉ khi người vận hành cấp / only where the operator gave one",
        }
    }
    for path in document["paths"].values():
        for operation in path.values():
            validation = operation["responses"].get("422", {}).get("content", {})
            if "HTTPValidationError" in str(validation.get("application/json", "")):
                del operation["responses"]["422"]
    app.openapi_schema = document
    return document


def answer(
    status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer, a problem when its status says so."""
    given = dict(headers or {})
    if status in (429, 503):
        given["retry-after"] = str(document.get("facts", {}).get("seconds", RETRY_SECONDS))
    if status == 401:  # noqa: PLR2004 - Unauthorized
        given["www-authenticate"] = 'Bearer realm="thidua"'
    media = PROBLEM if status >= 400 else "application/json"  # noqa: PLR2004 - the first error
    return Response(_json(document), status, given, media)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _tagged(
    body: bytes, media: str, if_none_match: str | None, headers: Mapping[str, str]
) -> Response:
    """An answer with its ETag; 304 when the client has it."""
    tag = f'"{encode_base64url(sha256(body).digest()[:16])}"'
    given = {**headers, "etag": tag, "cache-control": "no-cache"}
    known = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers=given)
    return Response(body, 200, given, media)
