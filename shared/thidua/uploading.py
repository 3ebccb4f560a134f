"""A publisher's side of the evidence store: a file sent in parts over a bad line, and fetched again."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx

from thidua.clock import WallClock
from thidua.errors import RejectError
from thidua.evidence import CHUNK, DownloadStatement, EvidenceFileError, say, upload_of
from thidua.publishing import DoorUnreachableError
from thidua.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thidua.evidence import UploadStatement
    from thidua.signing import SigningKey

UPLOADS: Final = "/v1/evidence/uploads"
TUS: Final = {"tus-resumable": "1.0.0"}
PART: Final = 8 * CHUNK
STATEMENT_SECONDS: Final = 3600
_PASSING: Final = {408, 423, 429, 460, 502, 503, 504, 507}
_LAST_STATES: Final = {"recorded", "unrecorded", "refused"}


class NotTakenError(RejectError):
    """The door does not take the file, or does not give it; ``document`` says why in two languages."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        code = document.get("code", status)
        super().__init__(
            f"{code}: {document.get('detail_vi', '')} / {document.get('detail_en', '')}"
        )
        self.status = status
        self.document = document

    def diagnostics(self) -> str:
        """What the door says is to be done."""
        return (
            f"{self.document.get('fix_vi', '')} / {self.document.get('fix_en', '')}"
            if self.document
            else "Xem lại địa chỉ cổng tiếp nhận. / Check the door's address."
        )


@dataclass(slots=True)
class EvidenceClient:
    """
    The evidence store of a log, as the owner of a key sees it.

    ``patience`` is for how many seconds a line may stand still before :class:`DoorUnreachableError` is
    raised; whoever calls again goes on where it broke off, after a reboot too.
    """

    url: str
    origin: str
    kid: str
    key: SigningKey
    patience: float = 120.0
    on_wait: Callable[[str], None] = lambda _reason: None
    """Told once in each wait why the line stands still."""

    def put(
        self,
        path: Path,
        *,
        unit: str,
        subject: str,
        wait: float = 30.0,
        on_progress: Callable[[int, int], None] = lambda *_: None,
    ) -> dict[str, Any]:
        """
        Send a file, or what is left of it; the door's last word on it, with its ``hash``.

        Raises :class:`NotTakenError` when the door refuses it.
        """
        statement = upload_of(path, aud=self.origin, unit=unit, subject=subject, exp=0)
        until = time.monotonic() + self.patience
        with httpx.Client(base_url=self.url, timeout=60.0) as http:
            while True:
                begun = self._ask(
                    http, statement, "POST", UPLOADS, {"upload-length": str(statement.size)}
                )
                place = begun.headers["location"]
                try:
                    self._send(http, statement, place, path, on_progress)
                    return self._outcome(http, statement, place, wait)
                except NotTakenError as error:
                    # A door that was restarted knows a finished upload by its file alone: asked anew it says so.
                    if error.status != HTTPStatus.NOT_FOUND or time.monotonic() > until:
                        raise

    def _send(
        self,
        http: httpx.Client,
        statement: UploadStatement,
        place: str,
        path: Path,
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Send what the door does not have yet, part after part."""
        offset, moved = -1, time.monotonic()
        while offset < statement.size:
            now = int(self._ask(http, statement, "HEAD", place, {}).headers["upload-offset"])
            if now > offset:
                offset, moved = now, time.monotonic()
                on_progress(offset, statement.size)
            if offset >= statement.size:
                return
            answer = self._part(http, statement, place, path, offset)
            if answer is None or _passes(answer):
                if time.monotonic() - moved > self.patience:
                    raise DoorUnreachableError(self.url, "the upload does not go on")
                time.sleep(1.0)
            elif answer.is_error:
                raise NotTakenError(answer.status_code, _document(answer))

    @staticmethod
    def has_at(url: str, sha256: str) -> bool:
        """Whether the store at *url* holds a clean file of this hash; everybody may ask."""
        try:
            found = httpx.head(f"{url}/v1/evidence/{sha256}", timeout=30.0)
        except httpx.HTTPError as error:
            raise DoorUnreachableError(url, str(error) or type(error).__name__) from error
        if found.status_code not in (200, 404):
            raise NotTakenError(found.status_code, {})
        return found.status_code == 200  # noqa: PLR2004 - OK

    def fetch(self, sha256: str, path: Path) -> None:
        """
        Write a file of the store to a new file here; nothing is left of one whose bytes have another hash.

        Raises :class:`NotTakenError` when it is not given, :class:`EvidenceFileError` when it cannot be written.
        """
        exp = WallClock().now_ms() // 1000 + STATEMENT_SECONDS
        statement = DownloadStatement(aud=self.origin, hash=sha256, exp=exp)
        headers = {"authorization": say(statement, self.key, self.kid)}
        address = f"{self.url}/v1/evidence/{sha256}"
        try:
            with httpx.stream("GET", address, headers=headers, timeout=60.0) as answer:
                if answer.is_error:
                    answer.read()
                    raise NotTakenError(answer.status_code, _document(answer))
                _receive(answer, sha256, path)
        except httpx.HTTPError as error:
            raise DoorUnreachableError(self.url, str(error) or type(error).__name__) from error

    def _outcome(
        self, http: httpx.Client, statement: UploadStatement, place: str, wait: float
    ) -> dict[str, Any]:
        """What became of the file, once the scanner and the log have spoken or the time is over."""
        until = time.monotonic() + wait
        while True:
            told: dict[str, Any] = self._ask(http, statement, "GET", place, {}).json()
            if told["state"] in _LAST_STATES or time.monotonic() > until:
                return {"hash": statement.hash, **told}
            time.sleep(0.25)

    def _part(
        self,
        http: httpx.Client,
        statement: UploadStatement,
        place: str,
        path: Path,
        offset: int,
    ) -> httpx.Response | None:
        """Send the next part; ``None`` when the line broke."""
        size = min(PART, statement.size - offset)
        headers = {
            "content-type": "application/offset+octet-stream",
            "content-length": str(size),
            "upload-offset": str(offset),
        }
        try:
            return http.patch(
                place, content=_slice(path, offset, size), headers=headers | self._spoken(statement)
            )
        except httpx.HTTPError:
            return None

    def _ask(
        self,
        http: httpx.Client,
        statement: UploadStatement,
        method: str,
        place: str,
        headers: dict[str, str],
    ) -> httpx.Response:
        """Ask until there is an answer that will not pass by itself."""
        since, is_told = time.monotonic(), False
        while True:
            try:
                answer = http.request(method, place, headers=headers | self._spoken(statement))
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
            else:
                if not answer.is_error:
                    return answer
                if not _passes(answer):
                    raise NotTakenError(answer.status_code, _document(answer))
                reason = f"HTTP {answer.status_code}"
            if time.monotonic() - since > self.patience:
                raise DoorUnreachableError(self.url, reason)
            if not is_told:
                self.on_wait(reason)
                is_told = True
            time.sleep(1.0)

    def _spoken(self, statement: UploadStatement) -> dict[str, str]:
        exp = WallClock().now_ms() // 1000 + STATEMENT_SECONDS
        fresh = statement.model_copy(update={"exp": exp})
        return {**TUS, "authorization": say(fresh, self.key, self.kid)}


def _passes(answer: httpx.Response) -> bool:
    """Whether waiting is the remedy: somebody else writes, a server is away, or the upload stands elsewhere."""
    return answer.status_code in _PASSING or _document(answer).get("code") == Code.UPLOAD_OFFSET


def _document(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer; empty when a proxy or another server has answered."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _receive(answer: httpx.Response, sha256: str, path: Path) -> None:
    digest, whole = hashlib.sha256(), False
    try:
        with path.open("xb") as file:
            try:
                for piece in answer.iter_bytes():
                    digest.update(piece)
                    file.write(piece)
                whole = digest.hexdigest() == sha256
            finally:
                if not whole:
                    path.unlink()
    except OSError as error:
        raise EvidenceFileError(path, error.strerror or str(error)) from None
    if not whole:
        raise EvidenceFileError(path, f"tệp tải về bị hỏng / received {digest.hexdigest()}")


def _slice(path: Path, offset: int, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while size > 0 and (piece := file.read(min(CHUNK // 4, size))):
            size -= len(piece)
            yield piece
