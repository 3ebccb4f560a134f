"""
The file before anybody reads it as a workbook: bounded, without tricks, and written anew.

A reader of workbooks believes sizes and places that the file states of itself. Here every part is unpacked
within a bound and counted, and only the clean copy goes on. ECMA-376 parts 1 and 2 name the parts.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Final

from thidua.excel.faults import SheetCode, WorkbookError
from thidua.excel.scanning import SheetFacts, elements, sheet_facts, string_lengths

MAX_FILE: Final = 5_000_000
MAX_UNPACKED: Final = 32_000_000
MAX_PARTS: Final = 300
_CHUNK: Final = 65_536

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
# Of an .xls: the record BOF of BIFF8, then FilePass.
_FILE_PASS: Final = re.compile(rb"\x09\x08\x10\x00.{16}\x2f\x00", re.DOTALL)
_MACROS: Final = re.compile(r"(^|/)(vbaproject|vbadata|macrosheets|dialogsheets)", re.IGNORECASE)
_LINKS: Final = re.compile(r"^xl/(externallinks/|connections\.xml|querytables/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Container:
    """The clean copy of a file, and facts of its sheets by the part's name."""

    clean: bytes
    sheets: dict[str, SheetFacts]


def open_container(raw: bytes) -> Container:
    """
    The clean copy of a workbook.

    Raises WorkbookError, and nothing else, for everything that is no .xlsx within the bounds, or carries
    macros, links to elsewhere, document types or paths that leave the file.
    """
    if len(raw) > MAX_FILE:
        raise WorkbookError(SheetCode.FILE_TOO_LARGE, f"≤ {MAX_FILE} byte", f"{len(raw)} byte")
    if raw.startswith(_OLE):
        locked = _ENCRYPTED_PACKAGE in raw or _FILE_PASS.search(raw) is not None
        code = SheetCode.FILE_ENCRYPTED if locked else SheetCode.FILE_OLD_XLS
        raise WorkbookError(code, ".xlsx", "")
    parts = _unpacked(raw)
    names = {name.lower() for name in parts}
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise WorkbookError(SheetCode.FILE_NOT_XLSX, ".xlsx", "")
    if any(_MACROS.search(name) for name in parts) or _is_macro_book(parts):
        raise WorkbookError(SheetCode.FILE_MACROS, ".xlsx", ".xlsm")
    if any(_LINKS.search(name) for name in parts):
        raise WorkbookError(SheetCode.FILE_LINKS)
    lengths: list[int] = []
    for name, part in parts.items():
        if not name.lower().startswith("xl/worksheets/") and _is_xml(name):
            found = string_lengths(part)
            if found and lengths:
                raise WorkbookError(SheetCode.FILE_UNSAFE, "một bảng chuỗi", name)
            lengths = found or lengths
    # A workbook may keep its sheets under any name: every part is read as if it were one.
    facts = {
        name.lower(): sheet_facts(part, lengths) for name, part in parts.items() if _is_xml(name)
    }
    return Container(_packed(parts), _by_sheet(parts, facts))


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels", ".vml")) or "." not in name.rpartition("/")[2]


def _by_sheet(parts: dict[str, bytes], facts: dict[str, SheetFacts]) -> dict[str, SheetFacts]:
    """The facts by the name of the sheet."""
    lower = {name.lower(): part for name, part in parts.items()}
    relations = elements(lower.get("xl/_rels/workbook.xml.rels", b"<r/>"), "Relationship")
    if any(one.get("Type", "").endswith("/externalLink") for one in relations):
        raise WorkbookError(SheetCode.FILE_LINKS)
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    found: dict[str, SheetFacts] = {}
    for sheet in elements(lower["xl/workbook.xml"], "sheet"):
        target = targets.get(sheet.get("id"), "").lower()
        place = target[1:] if target.startswith("/") else f"xl/{target}"
        found[sheet.get("name", "")] = facts.get(place, SheetFacts())
    return found


def _is_macro_book(parts: dict[str, bytes]) -> bool:
    types = next(part for name, part in parts.items() if name.lower() == "[content_types].xml")
    return b"macroEnabled" in types


def _unpacked(raw: bytes) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    left = MAX_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            listed = archive.infolist()
            if len(listed) > MAX_PARTS:
                given = f"{len(listed)} phần"
                raise WorkbookError(SheetCode.FILE_TOO_LARGE, f"≤ {MAX_PARTS} phần", given)
            for info in listed:
                if info.is_dir():
                    continue
                _check_name(info, parts)
                part = _read(archive, info, left)
                left -= len(part)
                parts[info.filename] = part
    except zipfile.BadZipFile:
        code = SheetCode.FILE_DAMAGED if raw.startswith(b"PK") else SheetCode.FILE_NOT_XLSX
        raise WorkbookError(code, ".xlsx", "") from None
    except (zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise WorkbookError(SheetCode.FILE_DAMAGED, "", type(error).__name__) from None
    return parts


def _check_name(info: zipfile.ZipInfo, before: dict[str, bytes]) -> None:
    name = info.filename
    if info.flag_bits & 0x1:
        raise WorkbookError(SheetCode.FILE_ENCRYPTED, ".xlsx", "")
    climbs = name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")
    if climbs or not name.isprintable() or name.lower() in {old.lower() for old in before}:
        raise WorkbookError(SheetCode.FILE_UNSAFE, "tên phần bình thường, không trùng", name)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    part = bytearray()
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            part += chunk
            if len(part) > left:
                raise WorkbookError(
                    SheetCode.FILE_TOO_LARGE, f"≤ {MAX_UNPACKED} byte sau khi giải nén", ""
                )
    return bytes(part)


def _packed(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return target.getvalue()
