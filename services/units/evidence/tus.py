"""The tus 1.0 protocol's headers: resumable uploads with the extensions creation, checksum, termination, expiration."""

from __future__ import annotations

import base64
import binascii
import hashlib
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, NamedTuple

from services.units.admission import NotAdmittedError
from thidua.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

VERSION: Final = "1.0.0"
CHUNK_TYPE: Final = "application/offset+octet-stream"
ALGORITHMS: Final = ("sha1", "sha256")
"""Of a part's checksum; the whole file's hash is always SHA-256."""
MOST: Final = 2**40


class Checksum(NamedTuple):
    """What a part's bytes must hash to."""

    algorithm: str
    digest: bytes

    def holds(self, digest: bytes) -> bool:
        """Whether they do."""
        return self.digest == digest


def headers(**more: object) -> dict[str, str]:
    """The protocol's headers of every answer, and some more."""
    told = {name.replace("_", "-"): str(value) for name, value in more.items()}
    return {"tus-resumable": VERSION, "cache-control": "no-store", **told}


def offered(max_file: int) -> dict[str, str]:
    """What ``OPTIONS`` tells."""
    return headers(
        tus_version=VERSION,
        tus_extension="creation,checksum,termination,expiration",
        tus_max_size=max_file,
        tus_checksum_algorithm=",".join(ALGORITHMS),
    )


def expires(until_ms: int) -> str:
    """A moment as ``Upload-Expires`` has it."""
    return formatdate(until_ms / 1000, usegmt=True)


def method_of(request: Request) -> str:
    """What is asked for: proxies that let only ``POST`` through are told by ``X-HTTP-Method-Override``."""
    return (request.headers.get("x-http-method-override") or request.method).upper()


def checked_version(given: Mapping[str, str]) -> None:
    """Return when the client speaks our version."""
    if given.get("tus-resumable") != VERSION:
        raise fault("Tus-Resumable", VERSION, given.get("tus-resumable"))


def number(given: Mapping[str, str], name: str) -> int:
    """A header that is a whole number from 0 on."""
    text = given.get(name.lower(), "")
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= MOST):
        raise fault(name, "a whole number", text)
    return int(text[:20])


def checksum(given: Mapping[str, str]) -> Checksum | None:
    """The checksum of a part, ``None`` when none is given."""
    text = given.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, digest = text.partition(" ")
    try:
        decoded = base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error):
        decoded = b""
    if algorithm not in ALGORITHMS or len(decoded) != hashlib.new(algorithm).digest_size:
        raise fault("Upload-Checksum", f"{' or '.join(ALGORITHMS)}, then base64", text)
    return Checksum(algorithm, decoded)


def fault(path: str, expected: str, given: str | None) -> NotAdmittedError:
    """A header that is not as it must be."""
    return NotAdmittedError(
        Code.UPLOAD_INVALID, {"path": path, "expected": expected, "given": ascii(given or "")[:64]}
    )
