"""The door's addresses for files of evidence; the tus protocol under ``/v1/evidence/uploads``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import structlog
from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from redis.exceptions import RedisError
from starlette.requests import ClientDisconnect

from services.units.admission import NotAdmittedError
from services.units.door_answers import problem_of
from services.units.evidence import tus
from services.units.evidence.announcing import Announcing
from services.units.evidence.keeping import Keeping
from services.units.evidence.scanning import scanner
from services.units.evidence.speaking import Speaking
from services.units.evidence.spool import Spool
from services.units.evidence.store import StoreFullError, upload_id
from services.units.evidence.taking import Taking
from thidua.clock import WallClock
from thidua.ending import ended
from thidua.refusals import Code

if TYPE_CHECKING:
    from services.units.door import Door
    from services.units.evidence.settings import EvidenceSettings

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 0.5
UPLOADS: Final = "/v1/evidence/uploads"
PROBLEM: Final = "application/problem+json"

Hash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Authorization = Annotated[
    str | None, Header(description="Thidua <JWS>: the unit's statement about the file")
]


class TusRoute(APIRoute):
    """A route whose every answer, a refusal too, has the protocol's headers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except NotAdmittedError as error:
                return _refusal(error)
            except RequestValidationError:
                given = request.url.path.rpartition("/")[2][:64]
                return _refusal(NotAdmittedError(Code.NOT_FOUND, {"given": given}))
            except StoreFullError:
                log.warning("evidence_store_full")
                return _refusal(NotAdmittedError(Code.EVIDENCE_STORE_FULL))
            except (ClientDisconnect, TimeoutError):
                # Nobody is there any more to be told; what came is kept.
                return Response(status_code=408, headers=tus.headers())

        return answer


def evidence_routes(door: Door, settings: EvidenceSettings) -> APIRouter:
    """The router of a door that takes evidence; one without any address when no folder is set."""
    if settings.evidence_folder is None:
        return APIRouter()
    clock = WallClock()
    folder = settings.evidence_folder
    spool = Spool(folder / "uploads", settings.kinds)
    keeping = Keeping(spool, settings.store(folder), scanner(settings.evidence_scan))
    announcing = Announcing(door, settings.voice, folder)
    door.metrics.watch_disk({"evidence": folder})
    door.metrics.watch_evidence(lambda: keeping.fault is not None, lambda: len(spool.all()))
    taking = Taking(settings, keeping, announcing)
    routes = APIRouter(lifespan=_at_work(keeping, announcing, clock))
    routes.include_router(_uploads(taking, Speaking(door, clock), clock, settings))
    routes.include_router(_files(keeping, Speaking(door, clock), settings))
    return routes


def _at_work(keeping: Keeping, announcing: Announcing, clock: WallClock) -> Callable[[Any], Any]:
    """What goes on between requests: whole files are scanned, stored and announced."""

    async def store() -> None:
        await asyncio.to_thread(keeping.tick, clock.now_ms())

    async def announce() -> None:
        await announcing.tick(sorted(keeping.uses.values()))

    async def again_and_again(step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await step()
            except RedisError as error:
                log.warning("redis_away", error=type(error).__name__)
            except Exception:
                # Whatever one file comes to, the others wait no longer than until the next turn.
                log.exception("evidence_failed")
            await asyncio.sleep(TICK_SECONDS)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(again_and_again(step)) for step in (store, announce)]
        try:
            yield
        finally:
            await ended(*tasks)

    return lifespan


def _uploads(
    taking: Taking, speaking: Speaking, clock: WallClock, settings: EvidenceSettings
) -> APIRouter:
    routes = APIRouter(prefix=UPLOADS, route_class=TusRoute)

    @routes.options("", summary="Khả năng của kho / what uploads can do", status_code=204)
    async def offered() -> Response:
        """The tus version and extensions, and the largest file that is taken."""
        return Response(status_code=204, headers=tus.offered(settings.evidence_max_bytes))

    @routes.post("", summary="Bắt đầu gửi tệp / begin an upload", status_code=201)
    async def begin(request: Request, authorization: Authorization = None) -> Response:
        """The address of the upload (``Location``); the same file again is the same upload, to go on with."""
        tus.checked_version(request.headers)
        statement = await speaking.upload(authorization)
        if tus.number(request.headers, "Upload-Length") != statement.size:
            raise tus.fault(
                "Upload-Length", str(statement.size), request.headers.get("upload-length")
            )
        name = await asyncio.to_thread(taking.begin, statement, clock.now_ms())
        _, _, until_ms = taking.stands(name)
        more = {} if until_ms is None else {"upload_expires": tus.expires(until_ms)}
        return Response(status_code=201, headers=tus.headers(location=f"{UPLOADS}/{name}", **more))

    async def allowed(request: Request, name: str) -> None:
        """Return when the request comes from the unit whose upload it is."""
        statement = await speaking.upload(request.headers.get("authorization"))
        if upload_id(statement.subject, statement.unit, statement.hash) != name:
            raise NotAdmittedError(Code.NOT_FOUND, {"given": name})

    @routes.head("/{name}", summary="Đã gửi đến đâu / where an upload stands")
    async def stands(request: Request, name: Name) -> Response:
        """How many bytes have come (``Upload-Offset``)."""
        tus.checked_version(request.headers)
        await allowed(request, name)
        offset, size, until_ms = taking.stands(name)
        more = {} if until_ms is None else {"upload_expires": tus.expires(until_ms)}
        return Response(headers=tus.headers(upload_offset=offset, upload_length=size, **more))

    @routes.get("/{name}", summary="Tệp đang ở đâu / what became of an upload")
    async def told(request: Request, name: Name) -> Response:
        """``uploading``, ``scanning``, ``stored``, ``recorded``, ``unrecorded`` (the log said no) or ``refused``."""
        await allowed(request, name)
        return JSONResponse(taking.told(name), headers=tus.headers())

    async def go_on(request: Request, name: Name) -> Response:
        """The next part; after the last one the file's hash and type are checked."""
        tus.checked_version(request.headers)
        if tus.method_of(request) == "DELETE":
            return await give_up(request, name)
        if tus.method_of(request) != "PATCH":
            raise tus.fault("X-HTTP-Method-Override", "PATCH or DELETE", request.method)
        if request.headers.get("content-type") != tus.CHUNK_TYPE:
            raise tus.fault("Content-Type", tus.CHUNK_TYPE, request.headers.get("content-type"))
        await allowed(request, name)
        have = await taking.go_on(
            name,
            tus.number(request.headers, "Upload-Offset"),
            tus.checksum(request.headers),
            request.stream(),
        )
        return Response(status_code=204, headers=tus.headers(upload_offset=have))

    async def give_up(request: Request, name: Name) -> Response:
        """Forget an unfinished upload."""
        tus.checked_version(request.headers)
        await allowed(request, name)
        await asyncio.to_thread(taking.give_up, name)
        return Response(status_code=204, headers=tus.headers())

    routes.patch("/{name}", summary="Gửi tiếp một phần / go on", status_code=204)(go_on)
    routes.post("/{name}", include_in_schema=False)(go_on)
    routes.delete("/{name}", summary="Bỏ tệp đang gửi / give up", status_code=204)(give_up)
    return routes


def _files(keeping: Keeping, speaking: Speaking, settings: EvidenceSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1/evidence", route_class=TusRoute)

    @routes.get("", summary="Kho tài liệu / the evidence store")
    async def limits() -> dict[str, Any]:
        """What is taken, and whether something keeps files from being stored."""
        return {
            "max_file": settings.evidence_max_bytes,
            "quota": settings.evidence_quota,
            "types": list(settings.kinds),
            "scanned": bool(settings.evidence_scan),
            "waits": keeping.fault,
        }

    @routes.head("/{sha256}", summary="Kho có tệp này không / whether a file is there")
    async def is_there(sha256: Hash) -> Response:
        """200 when the store holds a clean file of this hash, 404 when not; nothing is told of whose it is."""
        return Response(status_code=200 if keeping.uses_of(sha256) else 404)

    @routes.get("/{sha256}", summary="Tải một tệp / fetch a file", response_class=StreamingResponse)
    async def fetch(sha256: Hash, authorization: Authorization = None) -> Response:
        """The file, for its cluster's members and its authority; a damaged one breaks off before its end."""
        uses = keeping.uses_of(sha256)
        if not uses:
            raise NotAdmittedError(Code.NOT_FOUND, {"given": sha256})
        await speaking.download(authorization, sha256, uses)
        headers = {
            "content-length": str(uses[0].size),
            "content-disposition": f'attachment; filename="{sha256[:16]}.{uses[0].kind}"',
            "content-security-policy": "sandbox",
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
        }
        return StreamingResponse(
            keeping.store.read(sha256), headers=headers, media_type="application/octet-stream"
        )

    return routes


def _refusal(error: NotAdmittedError) -> Response:
    status, document = problem_of(error)
    path = document["path"]
    if path == "Tus-Resumable":
        status = 412
    elif path == "Content-Type":
        status = 415
    more = {"tus_version": tus.VERSION} if status == 412 else {}  # noqa: PLR2004 - Precondition Failed
    return JSONResponse(
        {**document, "status": status}, status, tus.headers(**more), media_type=PROBLEM
    )
