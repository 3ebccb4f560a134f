"""Official papers as Word files: the layout of Nghị định 30/2020, any text, and bytes that no clock has a say in."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Length, Pt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.reporting.documents.paper import Column, Paper, Signature, clean
from services.reporting.documents.sheet import blank
from tests.reporting.word_files import WordFile, read_word

if TYPE_CHECKING:
    import pytest

MADE = datetime(2020, 11, 21, 2, 0, tzinfo=UTC)


def made(text: str = "Sở", mark: str | None = None) -> bytes:
    paper = Paper(text[:100], MADE, [text], mark)
    paper.heads(text, text, text, text)
    paper.notice(text)
    paper.kind("BIÊN BẢN", text)
    paper.bases([text, text])
    paper.section(text)
    paper.items([text, text])
    paper.signs(text, "ab" * 32)
    paper.table(text, [Column("TT", 10, figures=True), Column(text, 100)], [["1", text]])
    paper.signatures(Signature((text,), 2), Signature((text,)))
    paper.recipients([text])
    return paper.to_bytes()


def in_mm(length: Length | None) -> float:
    assert length is not None
    return round(length.mm, 1)


def test_the_page_and_its_type_are_those_of_the_decree() -> None:
    word = read_word(made()).word
    page = word.sections[0]
    assert (in_mm(page.page_width), in_mm(page.page_height)) == (210, 297)
    assert 20 <= in_mm(page.top_margin) <= 25
    assert 20 <= in_mm(page.bottom_margin) <= 25
    assert 30 <= in_mm(page.left_margin) <= 35
    assert 15 <= in_mm(page.right_margin) <= 20
    defaults: Any = word.styles.element.find(qn("w:docDefaults"))
    [fonts] = defaults.iter(qn("w:rFonts"))
    assert set(fonts.attrib.values()) == {"Times New Roman"}
    styles: Any = word.styles.element
    assert list(styles.iter(qn("w:color"))) == []
    body: Any = word.styles["Body Text"]
    assert body.font.size in (Pt(13), Pt(14))
    assert body.paragraph_format.alignment == WD_ALIGN_PARAGRAPH.JUSTIFY


def test_the_number_of_the_page_stands_in_the_top_margin_but_on_the_first_sheet() -> None:
    section = read_word(made()).word.sections[0]
    assert section.different_first_page_header_footer
    number: Any = section.header.paragraphs[0]
    fields = number.paragraph_format.element.iter(qn("w:fldSimple"))
    assert [one.get(qn("w:instr")) for one in fields] == ["PAGE"]
    assert number.style.paragraph_format.alignment == WD_ALIGN_PARAGRAPH.CENTER
    first: Any = section.first_page_header.paragraphs[0].paragraph_format.element
    assert list(first.iter(qn("w:fldSimple"))) == []


def test_state_and_motto_stand_on_the_right_and_the_issuer_in_capitals_on_the_left() -> None:
    [[left, right]], *_ = read_word(made("Cụm thi đua")).tables
    assert left.split("\n")[:2] == ["CỤM THI ĐUA", "CỤM THI ĐUA"]
    assert right.split("\n")[:2] == [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
    ]


def test_the_heading_of_a_table_is_repeated_and_no_row_is_torn() -> None:
    table = read_word(made()).word.tables[1]
    rows: Any = [row._tr for row in table.rows]
    marks = [[mark.tag for mark in row.trPr] for row in rows]
    assert marks == [[qn("w:tblHeader")], [qn("w:cantSplit")]]


def test_equal_content_gives_equal_bytes_whatever_the_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def plain() -> bytes:
        packed = io.BytesIO()
        Document().save(packed)
        return packed.getvalue()

    found, as_it_comes = made(), plain()
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    blank.cache_clear()
    assert plain() != as_it_comes, "the changed clock changes nothing, so this test proves nothing"
    assert made() == found
    assert made("Sở khác") != found


def test_the_file_says_when_its_figures_were_made_and_nobodys_name() -> None:
    about = read_word(made()).word.core_properties
    assert (about.created, about.modified) == (MADE, MADE)
    assert (about.author, about.last_modified_by, about.comments) == ("", "", "")


def told(file: WordFile) -> list[str]:
    return [*file.lines, *file.foot, *(cell for t in file.tables for row in t for cell in row)]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(), min_size=1, max_size=40))
@example("\x00\x0b\x1f\x7f\x85\ufffe\uffff\ud800")
@example("]]><w:p>&amp;</w:t>\r\n\t<!-- <?xml ?>")
@example("{{ x }} %s \N{RIGHT-TO-LEFT OVERRIDE}\N{PARAGRAPH SEPARATOR}")
def test_no_text_that_anybody_wrote_breaks_the_file(text: str) -> None:
    file = read_word(made(text))
    assert f"- {clean(text)}." in file.lines
    assert file.foot == [clean(text)]
    assert file.tables[1][1][1] == clean(text)


@given(st.text(alphabet=st.characters()))
def test_what_is_no_control_character_stays_as_it_was_written(text: str) -> None:
    kept = clean(text)
    assert len(kept) == len(text)
    assert all(one == given or one in " \ufffd" for one, given in zip(kept, text, strict=True))
    assert clean(kept) == kept


def test_a_mark_stands_under_every_sheet() -> None:
    assert read_word(made(mark="THỬ NGHIỆM")).foot == ["Sở", "THỬ NGHIỆM"]
