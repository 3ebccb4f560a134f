"""A file is what its bytes are, and its name must say the same."""

from __future__ import annotations

import struct
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.units.evidence.kinds import ENDINGS, fits, kind_of
from tests.units.evidence.files import (
    EXE,
    HEIC,
    JPG,
    OLD_OFFICE,
    PDF,
    PNG,
    WEBP,
    archive,
)
from thidua.evidence import name_fault

DOCX = archive(word__document_xml=b"<w/>")
MACROS = archive(word__document_xml=b"<w/>", word__vbaProject_bin=b"x")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "pdf"),
        (PNG, "png"),
        (JPG, "jpg"),
        (HEIC, "heic"),
        (WEBP, "webp"),
        (OLD_OFFICE, "doc"),
        (DOCX, "docx"),
        (archive(xl__workbook_xml=b"<x/>"), "xlsx"),
        (archive(ppt__presentation_xml=b"<p/>"), "pptx"),
        (archive(mimetype=b"application/vnd.oasis.opendocument.text"), "odt"),
        (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "ods"),
    ],
)
def test_a_file_is_known_by_its_bytes(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert kind_of(path) == kind
    assert kind in ENDINGS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        EXE,
        b" " + PDF,
        b"<script>alert(1)</script>",
        archive(report_txt=b"x"),
        MACROS,
        archive(mimetype=b"application/vnd.oasis.opendocument.text-template"),
        DOCX[:40],
        DOCX[: DOCX.rindex(b"PK\5\6")] + DOCX[DOCX.rindex(b"PK\5\6") :][:10],
    ],
)
def test_what_is_no_known_document_or_carries_macros_is_of_no_kind(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert kind_of(path) is None


def test_an_archive_that_claims_an_endless_list_of_parts_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "x"
    at = DOCX.rindex(b"PK\5\6") + 12
    path.write_bytes(DOCX[:at] + struct.pack("<I", 1 << 30) + DOCX[at + 4 :])
    assert kind_of(path) is None


@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\3\4", b"RIFF", DOCX[:60]]))
def test_no_bytes_whatever_make_looking_at_a_file_fail(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(head + content)
    assert kind_of(path) in {None, *ENDINGS}


def test_the_ending_says_the_kind() -> None:
    assert fits("Báo cáo năm.PDF", "pdf")
    assert fits("anh.JPEG", "jpg")
    assert not fits("bao-cao.pdf.exe", "pdf")
    assert not fits("bao-cao.docx", "pdf")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.pdf",
        "..\\thư.pdf",
        "/bao-cao.pdf",
        ".pdf",
        " bao-cao.pdf",
        "bao\ncao.pdf",
        "bao\0cao.pdf",
        "gnp.\u202efdp.pdf",
        "bao-cao",
        "a:b.pdf",
        unicodedata.normalize("NFD", "Báo cáo.pdf"),
    ],
)
def test_a_name_with_a_path_or_a_trick_in_it_names_no_file(name: str) -> None:
    assert name_fault(name) is not None


def test_a_vietnamese_name_is_a_name() -> None:
    assert name_fault("Báo cáo tổng kết năm 2020 (bản ký).pdf") is None
