"""The door's composition root: HTTP routes and followers over one log."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import Field
from redis.exceptions import RedisError

from services.units.admission import NotAdmittedError
from services.units.door import PAGE, RETRY_SECONDS, Door, problem_of
from services.units.draining import Draining
from thidua.errors import LogTrimmedError
from thidua.log import Names
from thidua.log.whole import whole_log
from thidua.refusals import CATALOGUE, Code, problem
from thidua.settings import Settings
from thidua.stream import AWAY, Follower, new_broker, new_client, wait_for_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"


class DoorSettings(Settings):
    """The door's settings: the common ones and its limits."""

    max_batch: Annotated[int, Field(ge=1, le=1000)] = 100
    """Events in one request."""
    max_body: Annotated[int, Field(ge=1024)] = 4 * 1024 * 1024
    """Bytes of one request."""
    wait_most: Annotated[float, Field(ge=0, le=120)] = 30.0
    """Seconds a request may wait for its judgement."""


def create_app(settings: DoorSettings | None = None) -> FastAPI:  # noqa: C901, PLR0915 - one route after another
    """The door's app; without *settings* they are read from the environment."""
    settings = settings or DoorSettings.from_environment()
    names = Names(settings.partition)
    url = settings.redis_url.get_secret_value()
    broker = new_broker(url, "door")
    client = new_client(url)
    event_log = whole_log(client, settings)
    door = Door(event_log, origin=settings.origin, sandbox=settings.is_sandbox)
    entries = Follower(
        broker, names.log, door.from_log, lambda: f"{door.receipts.position}-0", most=PAGE
    )
    answered = {"at": "0-0"}

    async def from_answers(raw: list[Any]) -> None:
        await door.from_answers(raw)
        answered["at"] = raw[-1][0]

    answers = Follower(broker, names.answers, from_answers, lambda: answered["at"], most=PAGE)
    draining = Draining(broker, client, names, door)

    async def keep_publishers() -> None:
        while True:
            await asyncio.sleep(0.5)
            with suppress(RedisError, OSError):
                await draining.refresh(start=True)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await wait_for_redis(client)
        await door.catch_up()
        await draining.refresh(start=False)
        entries.rewind()
        await broker.start()
        publishers = asyncio.create_task(keep_publishers())
        gc.collect()
        gc.freeze()
        log.info("service_started", position=door.receipts.position)
        try:
            yield
        finally:
            publishers.cancel()
            with suppress(asyncio.CancelledError):
                await publishers
            await broker.stop()
            await client.aclose()
            log.info("service_stopped", position=door.receipts.position)

    app = FastAPI(
        title="Thi đua: cổng tiếp nhận / the door",
        version="1",
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.broker = broker

    @app.exception_handler(NotAdmittedError)
    async def not_admitted(_request: Request, error: NotAdmittedError) -> Response:
        return _answer(*problem_of(error))

    @app.exception_handler(LogTrimmedError)
    @app.exception_handler(RedisError)
    async def redis_away(_request: Request, error: Exception) -> Response:
        log.warning("redis_away", error=type(error).__name__)
        return _answer(503, problem(Code.BUSY, {"seconds": RETRY_SECONDS}))

    @app.post(
        "/v1/events",
        summary="Gửi sự kiện đã ký / publish signed events",
        openapi_extra=_BODY,
        responses={code: {"description": text} for code, text in _ANSWERS.items()},
    )
    async def publish(
        request: Request,
        prefer: Annotated[str | None, Header(examples=["wait=5"])] = None,
        idempotency_key: Annotated[str | None, Header()] = None,
        thidua_arrival: Annotated[str | None, Header(description="Sandbox only.")] = None,
    ) -> Response:
        """One compact JWS, or a JSON array of them; ``Prefer: wait=5`` waits for the judgement."""
        tokens, batch = _tokens(await _body(request, settings.max_body), settings.max_batch)
        wait = min(_wait(prefer), settings.wait_most)
        if idempotency_key is not None and not batch:
            await _same(idempotency_key, tokens[0], door)
        results = await door.take(tokens, wait=wait, arrival=thidua_arrival)
        headers = {"preference-applied": f"wait={wait:g}"} if wait else {}
        if not batch:
            status, document = results[0]
            if status == 202:  # noqa: PLR2004 - Accepted
                headers["location"] = document["receipt"]
            return _answer(status, document, headers)
        told = [{"http_status": status, **document} for status, document in results]
        return _answer(200 if wait else 202, {"results": told}, headers)

    @app.get("/v1/receipts/{event_hash}", summary="Biên nhận / a receipt")
    async def receipt_of(event_hash: str) -> Response:
        """What became of an event, by its hash."""
        await door.catch_up()
        found = await door.result(event_hash)
        if found is None:
            return _answer(404, problem(Code.RECEIPT_UNKNOWN, {"given": event_hash[:64]}))
        return _answer(200 if found[0] == 422 else found[0], found[1])  # noqa: PLR2004 - Unprocessable

    @app.get("/v1/keys/{kid:path}/head", summary="Đầu chuỗi của khóa / a key's chain heads")
    async def head_of(
        kid: str, service: Annotated[str | None, Query(pattern="^(units|ballots|pledges)$")] = None
    ) -> dict[str, Any]:
        """The last ``seq`` and event hash of a key's chain with each service."""
        return await door.heads(kid, service)

    @app.get("/v1/status", summary="Tình trạng / status")
    async def status() -> dict[str, Any]:
        """The log's end, its gate, and how far everybody has followed."""
        return await door.status()

    @app.get("/v1/refusals", summary="Danh mục từ chối / the refusal catalogue")
    async def refusals() -> dict[str, Any]:
        """Every refusal code with its words."""
        return {"refusals": [problem(code) for code in CATALOGUE]}

    @app.get("/v1/refusals/{code}", summary="Một mã từ chối / one refusal code")
    async def refusal(code: str) -> Response:
        """One refusal code with its words."""
        if code not in CATALOGUE:
            return _answer(404, problem(Code.NOT_FOUND, {"given": code[:64]}))
        return _answer(200, problem(Code(code)))

    @app.get("/health/live", include_in_schema=False)
    async def live() -> PlainTextResponse:
        return PlainTextResponse("")

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> PlainTextResponse:
        followers = (entries, answers, *draining.followers.values())
        alive = await broker.ping(1.0)
        closed = await event_log.why_closed(door.receipts.position) if alive else AWAY
        told = [closed, *(fault for one in followers for fault in (one.halted, one.failing))]
        faults = [fault for fault in told if fault]
        running = all(one.running for one in followers)
        words = f"door position={door.receipts.position} {' '.join(faults)}"
        return PlainTextResponse(words, 200 if running and not faults else 503)

    return app


_ANSWERS = {
    202: "Đã nhận, chưa xét / stored, not judged yet",
    400: "Không đọc được / malformed",
    409: "Chuỗi, khóa hoặc đồng hồ không khớp / chain, key or clock does not fit",
    422: "Bị từ chối, có trong nhật ký / refused, stands in the log",
    503: "Tạm thời chưa ghi được / nothing was stored; send again",
}
_EXAMPLE = (
    "eyJhbGciOiJFUzI1NiIsImtpZCI6IkxDQS8yMDIxLTEiLCJ0eXAiOiJ0aGlkdWEtZXZlbnQrandzIn0.eyJ…fQ.MEQ…"
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/jose": {"schema": {"type": "string"}, "example": _EXAMPLE},
            "application/json": {
                "schema": {
                    "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
                },
                "example": [_EXAMPLE],
            },
        },
    }
}


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise NotAdmittedError(Code.TOO_LARGE, {"given": f"> {most}", "expected": f"<= {most}"})
    return bytes(body)


def _tokens(body: bytes, most: int) -> tuple[list[bytes], bool]:
    """The tokens of a request, and whether it was a batch."""
    if body[:1] not in (b"[", b'"'):
        return [body.strip()], False
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAdmittedError(
            Code.JSON_INVALID, {"path": "", "expected": "a JWS, or a JSON array of JWS strings"}
        ) from None
    batch = isinstance(document, list)
    given = document if batch else [document]
    if not given or len(given) > most or not all(isinstance(token, str) for token in given):
        facts: dict[str, object] = {
            "path": "",
            "given": len(given),
            "expected": f"1 to {most} JWS strings",
        }
        raise NotAdmittedError(Code.JSON_INVALID, facts)
    return [token.encode("ascii", "replace") for token in given], batch


def _wait(prefer: str | None) -> float:
    """Seconds of ``Prefer: wait`` (RFC 7240 section 4.3); anything else is not waited for."""
    for part in (prefer or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() == "wait" and value.strip().isdigit():
            return float(value.strip()[:4])
    return 0.0


async def _same(key: str, token: bytes, door: Door) -> None:
    event = await door.check(token)
    if key not in (event.id, event.hash):
        facts: dict[str, object] = {
            "path": "Idempotency-Key",
            "given": key[:64],
            "expected": event.id,
        }
        raise NotAdmittedError(Code.ENVELOPE_INVALID, facts, event=event.hash)


def _answer(
    status: int, document: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    headers = dict(headers or {})
    if status == 503:  # noqa: PLR2004 - Service Unavailable
        headers["retry-after"] = str(RETRY_SECONDS)
    media = PROBLEM if status >= 400 else "application/json"  # noqa: PLR2004 - the first error
    return JSONResponse(document, status, headers, media)
