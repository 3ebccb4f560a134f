"""A file that is no workbook of ours, or means harm, is one named fault: never a trace, never much memory."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared.excel.workbooks import EVENTS, found, rules_2020, score_sheet, with_part
from thidua.excel import container
from thidua.excel.checking import check
from thidua.excel.exporting import exported
from thidua.excel.marking import marked

SHEET = "xl/worksheets/sheet1.xml"
GOOD = score_sheet()
EXPORTED = exported(rules_2020("tu-cham"), EVENTS, unit="LCA")
HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
BIFF = OLE + b"\x09\x08\x10\x00" + bytes(16)


def zipped(*parts: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def renamed(raw: bytes, old: str, new: str) -> bytes:
    assert len(old) == len(new)
    return raw.replace(old.encode(), new.encode())


def a_lie_about_size(raw: bytes) -> bytes:
    """The file whose directory states one byte for a part that holds many."""
    at = raw.index(b"PK\x01\x02")
    return raw[: at + 24] + struct.pack("<I", 1) + raw[at + 28 :]


def rows(count: int) -> bytes:
    return b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, count))


FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "FILE_NOT_XLSX"),
    "a text": (b"unit;points\nLCA;9\n", "FILE_NOT_XLSX"),
    "a pdf": (b"%PDF-1.7\n", "FILE_NOT_XLSX"),
    "a zip of something else": (zipped(("a.txt", b"a")), "FILE_NOT_XLSX"),
    "an ods": (zipped(("mimetype", b"application/vnd.oasis"), ("content.xml", b"<a/>")), "FILE_NOT_XLSX"),
    "half a file": (GOOD[: len(GOOD) // 2], "FILE_DAMAGED"),
    "an old xls": (BIFF, "FILE_OLD_XLS"),
    "an encrypted xls": (BIFF + b"\x2f\x00\x36\x00", "FILE_ENCRYPTED"),
    "an encrypted xlsx": (OLE + "EncryptedPackage".encode("utf-16-le"), "FILE_ENCRYPTED"),
    "macros": (with_part(GOOD, "xl/vbaProject.bin", b"x"), "FILE_MACROS"),
    "a type with macros": (
        with_part(GOOD, "[Content_Types].xml", lambda xml: xml.replace(b"sheet.main+xml", b"sheet.macroEnabled.main+xml", 1)),
        "FILE_MACROS",
    ),
    "links to another file": (with_part(GOOD, "xl/externalLinks/externalLink1.xml", b"<a/>"), "FILE_LINKS"),
    "a connection": (with_part(GOOD, "xl/connections.xml", b"<a/>"), "FILE_LINKS"),
    "a path that climbs": (with_part(GOOD, "../../etc/passwd", b"x"), "FILE_UNSAFE"),
    "an absolute path": (with_part(GOOD, "/etc/passwd", b"x"), "FILE_UNSAFE"),
    "a part twice in other case": (with_part(GOOD, "xl/WORKBOOK.xml", b"<a/>"), "FILE_UNSAFE"),
    "a zip bomb": (with_part(GOOD, "xl/media/a.bin", bytes(200_000_000)), "FILE_TOO_LARGE"),
    "a size that lies": (a_lie_about_size(GOOD), "FILE_DAMAGED"),
    "too many parts": (zipped(*((f"a{n}", b"") for n in range(400))), "FILE_TOO_LARGE"),
    "too many bytes": (GOOD + bytes(container.MAX_FILE), "FILE_TOO_LARGE"),
    "a document type": (
        with_part(GOOD, SHEET, b'<!DOCTYPE a [<!ENTITY b "b">]>' + HEAD.partition(b"?>")[2] + TAIL), "FILE_UNSAFE",
    ),
    "xml that is none": (with_part(GOOD, SHEET, b"<a><b></a>"), "FILE_DAMAGED"),
    "a million rows": (with_part(GOOD, SHEET, HEAD + rows(600_000) + TAIL), "SHEET_TOO_LARGE"),
    "a cell at the far end": (
        with_part(GOOD, SHEET, HEAD + b'<row r="1"><c r="XFD1048576"><v>1</v></c></row>' + TAIL), "SHEET_TOO_LARGE",
    ),
    "a million empty cells": (with_part(GOOD, SHEET, HEAD + b'<row r="1">' + b'<c s="1"/>' * 1_000_000 + b"</row>" + TAIL), "SHEET_TOO_LARGE"),
    "one text in every cell": (
        with_part(
            with_part(GOOD, SHEET, HEAD + b"".join(b'<row r="%d">' % n + b'<c t="s"><v>0</v></c>' * 100 + b"</row>" for n in range(1, 900)) + TAIL),
            "xl/sharedStrings.xml", b"<sst><si><t>" + b"x" * 30_000 + b"</t></si></sst>",
        ),
        "SHEET_TOO_LARGE",
    ),
    "all cells merged": (
        with_part(GOOD, SHEET, HEAD + b"</sheetData><mergeCells><mergeCell ref='A1:XFD1048576'/></mergeCells></worksheet>"), "SHEET_TOO_LARGE",
    ),
    "a place that is none": (with_part(GOOD, SHEET, HEAD + b'<row r="1"><c r="xfd1048576"><v>1</v></c></row>' + TAIL), "FILE_DAMAGED"),
    "sheets without figures": (with_part(GOOD, SHEET, HEAD + TAIL), "HEADING_MISSING"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_one_named_fault(name: str) -> None:
    raw, code = FILES[name]
    report = check(raw)
    assert found(report) == [(code, None)]
    assert report.drafts == ()
    assert marked(report) is None
    assert report.faults[0].fix_vi


def test_what_a_bad_file_costs_is_bounded() -> None:
    bad = [raw for raw, code in FILES.values() if code.endswith("TOO_LARGE")]
    tracemalloc.start()
    for raw in bad:
        check(raw)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * container.MAX_UNPACKED


def test_the_largest_file_that_is_taken_is_read_and_marked_within_a_bound() -> None:
    """The whole process, with what the readers in Rust and openpyxl take beside it."""
    program = """
import resource, sys
from tests.shared.excel.test_bad_files import GOOD, HEAD, SHEET, TAIL
from tests.shared.excel.workbooks import with_part, rules_2020
from thidua.excel.checking import check
from thidua.excel.exporting import exported
from thidua.excel.marking import marked
from thidua.excel.scanning import MAX_ROWS
from thidua.excel.template import filled
line = {"unit": "LCA", "target": "khach-du-lich", "value": 1, "note": "ghi chú " * 20}
raw = filled(rules_2020("ket-qua"), [line] * (MAX_ROWS - 3))
report = check(raw)
assert len(report.faults) == MAX_ROWS - 3, len(report.faults)
assert marked(report)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 700, done.stdout


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), part=st.sampled_from(["zip", SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml", "[Content_Types].xml"]))  # fmt: skip
def test_a_mutated_file_is_read_or_named_and_never_breaks(seed: int, part: str) -> None:
    chance = random.Random(seed)

    def mutated(given: bytes) -> bytes:
        out = bytearray(given)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(out))
            match chance.randrange(4):
                case 0:
                    out[at] = chance.randrange(256)
                case 1:
                    del out[at : at + chance.randint(1, 40)]
                case 2:
                    out[at:at] = out[at : at + chance.randint(1, 200)]
                case _:
                    out[at:at] = chance.choice([b"<", b">", b'"', b"<c r=", b"&#0;", b"1" * 30])
        return bytes(out)

    raw = mutated(EXPORTED) if part == "zip" else with_part(EXPORTED, part, mutated)
    report = check(raw)
    assert bool(report.faults) != bool(report.drafts)
