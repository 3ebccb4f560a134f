"""
Files beside the log, as publishers and the store speak of them: names, types, and what a key says about them.

A publisher has a key and no password: each request carries a short statement signed by it, good for
this log, this file and a day at most.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from thidua.contracts.base import Code as UnitCode
from thidua.contracts.base import Name, Sha256, Value
from thidua.errors import MalformedError, RejectError
from thidua.refusals import Code
from thidua.signing import ParsedJws, SigningKey, parse_jws, parse_payload, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

UPLOAD: Final = "thidua-upload+jws"
DOWNLOAD: Final = "thidua-download+jws"
SCHEME: Final = "Thidua"
"""The ``Authorization`` scheme that carries a statement."""
MOST_SECONDS: Final = 24 * 3600
"""How far ahead a statement's end may lie."""
CHUNK: Final = 1 << 20


class UploadStatement(Value):
    """A unit says: this file of ours, in this cycle, until *exp* (seconds since 1970)."""

    aud: Annotated[str, StringConstraints(min_length=3, max_length=128)]
    unit: UnitCode
    subject: Annotated[
        str,
        StringConstraints(
            pattern=r"^[A-Z0-9][A-Z0-9-]{1,15}/[A-Z0-9][A-Z0-9-]{1,15}/(19|20|21)[0-9]{2}$"
        ),
    ]
    hash: Sha256
    size: Annotated[int, Field(ge=1, le=2**40)]
    name: Name
    exp: Annotated[int, Field(ge=0, le=2**40)]


class DownloadStatement(Value):
    """The owner of a key asks for a file by its hash, until *exp*."""

    aud: Annotated[str, StringConstraints(min_length=3, max_length=128)]
    hash: Sha256
    exp: Annotated[int, Field(ge=0, le=2**40)]


S = TypeVar("S", UploadStatement, DownloadStatement)


class EvidenceFileError(RejectError):
    """A file that cannot be put forward as evidence."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}")

    def diagnostics(self) -> str:
        """Say what to look at."""
        return "Kiểm tra đường dẫn và tệp. / Check the path and the file."


def say(statement: UploadStatement | DownloadStatement, key: SigningKey, kid: str) -> str:
    """The value of the ``Authorization`` header that carries *statement*."""
    typ = UPLOAD if isinstance(statement, UploadStatement) else DOWNLOAD
    payload = json.dumps(
        statement.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")
    )
    return f"{SCHEME} {sign(payload.encode(), key, kid, typ)}"


def heard(header: str | None, kind: type[S]) -> tuple[S, ParsedJws]:
    """
    The statement in an ``Authorization`` header; nobody has verified it yet.

    Raises :class:`MalformedError` for anything else.
    """
    typ = UPLOAD if kind is UploadStatement else DOWNLOAD
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != SCHEME.lower():
        raise MalformedError(
            Code.UPLOAD_INVALID,
            "Authorization",
            given=ascii(scheme[:20]),
            expected=f"{SCHEME} <{typ}>",
        )
    parsed = parse_jws(token.strip(), typ)
    parse_payload(parsed.payload)
    try:
        return kind.model_validate_json(parsed.payload), parsed
    except ValidationError as error:
        raise _misstated(error) from None


def _misstated(error: ValidationError) -> MalformedError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = "/".join(("Authorization", *(str(part) for part in first["loc"])))
    return MalformedError(Code.UPLOAD_INVALID, path, given="another value", expected=first["msg"])


def name_fault(name: str) -> str | None:
    """
    Why *name* may not name a file, ``None`` when it may.

    A name is shown and never opened; still it has no path, no control character and no letter out of order.
    """
    if not unicodedata.is_normalized("NFC", name):
        return "Unicode NFC"
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} for char in name):
        return "printable letters"
    if name != name.strip() or name.startswith(".") or any(char in name for char in '/\\:*?"<>|'):
        return "a file's own name without path, such as bao-cao.pdf"
    return None if "." in name else "a name with an ending, such as bao-cao.pdf"


def pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a piece at a time."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def sha256_of(path: Path) -> str:
    """The hash that names the file's bytes."""
    digest = hashlib.sha256()
    for piece in pieces(path):
        digest.update(piece)
    return digest.hexdigest()


def upload_of(path: Path, *, aud: str, unit: str, subject: str, exp: int) -> UploadStatement:
    """
    What *unit* says of a file on this machine.

    Raises :class:`EvidenceFileError` when there is no such file, or what it is said of is no unit or cycle.
    """
    name = unicodedata.normalize("NFC", path.name)
    if wrong := name_fault(name):
        raise EvidenceFileError(path, f"tên tệp chưa được / expected {wrong}")
    try:
        size, sha256 = path.stat().st_size, sha256_of(path)
        return UploadStatement(
            aud=aud, unit=unit, subject=subject, hash=sha256, size=size, name=name, exp=exp
        )
    except OSError as error:
        raise EvidenceFileError(path, error.strerror or str(error)) from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        raise EvidenceFileError(path, f"{fault['loc'][0]}: {fault['msg']}") from None
