"""What a file is, by its bytes; its name must say the same."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

ENDINGS: Final = {
    "pdf": ("pdf",),
    "png": ("png",),
    "jpg": ("jpg", "jpeg", "jpe"),
    "heic": ("heic", "heif"),
    "webp": ("webp",),
    "tiff": ("tif", "tiff"),
    "docx": ("docx",),
    "xlsx": ("xlsx",),
    "pptx": ("pptx",),
    "odt": ("odt",),
    "ods": ("ods",),
    "doc": ("doc", "xls", "ppt"),
    "mp4": ("mp4", "m4v", "mov"),
}
"""Every kind that is known, and the endings a name may have for it; ``doc`` is all of old Office."""

_MAGIC: Final = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
)
_HEIC: Final = {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim"}
_OFFICE: Final = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
}
_OPEN: Final = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}
_HEAD: Final = 4096
_MOST_DIRECTORY: Final = 1 << 20
"""A document lists its parts in a few kilobytes; a list beyond this is not read."""


def kind_of(path: Path) -> str | None:
    """The kind of a file by its content, ``None`` when it is none that is known."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[4:8] == b"ftyp":
        return "heic" if head[8:12] in _HEIC else "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return _document(path, head) if head.startswith(b"PK\x03\x04") else None


def fits(name: str, kind: str) -> bool:
    """Whether a name's ending says the kind that the content is."""
    return name.rpartition(".")[2].lower() in ENDINGS[kind]


def _document(path: Path, head: bytes) -> str | None:
    """An office document by its parts; macros make it none. Nothing is unpacked."""
    for mime, kind in _OPEN.items():
        if head[30:].startswith(b"mimetype" + mime) and not head[38 + len(mime) :].startswith(b"-"):
            return kind
    if not _is_short(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    return next((kind for part, kind in _OFFICE.items() if part in names), None)


def _is_short(path: Path) -> bool:
    """Whether the archive's list of parts is short enough to be read into memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 65_557))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return False
    directory: int = struct.unpack_from("<I", tail, at + 12)[0]
    return directory <= _MOST_DIRECTORY
