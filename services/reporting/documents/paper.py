"""Official papers as Word files, laid out as Nghị định 30/2020/NĐ-CP, Phụ lục I, asks; equal content gives equal bytes."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.shared import Length, Mm, Pt, RGBColor

from services.reporting.documents.sheet import WIDTH, blank, element, timeless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from docx.document import Document as Word
    from docx.section import Section
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph

DOTS: Final = "…" * 10
"""A blank for people to fill."""
_HEADS: Final = (Mm(64), WIDTH - Mm(64))
_CENTRE: Final = WD_ALIGN_PARAGRAPH.CENTER
_RED: Final = RGBColor(0x8B, 0x1A, 0x1A)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, its width in millimetres, whether figures stand in it."""

    heading: str
    width: int
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs at a place: the lines over the hand, and for how many names there is room."""

    roles: tuple[str, ...]
    names: int = 1


def clean(text: str) -> str:
    """*text* on one line, with U+FFFD for what no XML file can hold: control characters, half surrogates, U+FFFE, U+FFFF."""
    return "".join(
        " "
        if char in "\t\n\r"
        else "\ufffd"
        if unicodedata.category(char) in ("Cc", "Cs") or char in "\ufffe\uffff"
        else char
        for char in text
    )


class Paper:
    """
    One paper on its way, from top to bottom.

    *title* and *made* are properties of the file; the lines of *foot* stand under every sheet.
    """

    def __init__(self, title: str, made: datetime, foot: Iterable[str], mark: str | None) -> None:
        self._word: Word = Document(io.BytesIO(blank()))
        about = self._word.core_properties
        about.title, about.created, about.modified = clean(title), made, made
        self._feet(self._word.sections[0], list(foot), mark)

    def heads(self, parent: str, issuer: str, number: str, place: str) -> None:
        """The issuer under its parent body and the number on the left; the state, its motto, place and day on the right."""
        table = self._table(1, _HEADS)
        left, right = table.rows[0].cells
        _put(left.paragraphs[0], parent.upper(), size=12)
        _put(left.add_paragraph(), issuer.upper(), size=12, bold=True)
        _rule(left, Mm(20))
        _put(left.add_paragraph(), number)
        _put(right.paragraphs[0], "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=12, bold=True)
        _put(right.add_paragraph(), "Độc lập - Tự do - Hạnh phúc", bold=True)
        _rule(right, Mm(19))
        _put(right.add_paragraph(), place, italic=True)
        self._gap()

    def notice(self, text: str) -> None:
        """A line that is to be deleted when the paper is complete."""
        line = self._word.add_paragraph()
        _put(line, text, size=11, italic=True)
        line.runs[0].font.color.rgb = _RED

    def kind(self, kind: str, subject: str) -> None:
        """The kind of paper and what it is about."""
        self._word.add_paragraph(clean(kind), "Title")
        self._word.add_paragraph(clean(subject), "Subtitle")
        _ruled(self._word.add_paragraph(), Mm(55))

    def bases(self, bases: Sequence[str]) -> None:
        """The grounds, one a line."""
        for place, basis in enumerate(bases, 1):
            end = "." if place == len(bases) else ";"
            self.line(f"Căn cứ {basis}{end}").runs[0].italic = True

    def section(self, heading: str) -> None:
        """A numbered part."""
        self._word.add_paragraph(clean(heading), "Heading 1")

    def line(self, text: str) -> Paragraph:
        """A paragraph of the body."""
        return self._word.add_paragraph(clean(text), "Body Text")

    def items(self, texts: Sequence[str]) -> None:
        """A list, one item a paragraph."""
        for place, text in enumerate(texts, 1):
            self.line(f"- {text}{'.' if place == len(texts) else ';'}")

    def signs(self, label: str, text: str) -> None:
        """A long row of signs after its label; it is set small and breaks where it must."""
        line = self.line(label + " ")
        line.alignment = WD_ALIGN_PARAGRAPH.LEFT
        line.add_run(clean(text)).font.size = Pt(11)

    def table(self, caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """A table whose heading is repeated on every sheet."""
        self._word.add_paragraph(clean(caption), "Caption")
        made: Any = self._table(1, [Mm(each.width) for each in columns], "Table Grid")
        for cell, column in zip(made.rows[0].cells, columns, strict=True):
            _put(cell.paragraphs[0], column.heading, size=12, bold=True)
        _mark_row(made, "w:tblHeader")
        for row in rows:
            cells = made.add_row().cells
            _mark_row(made, "w:cantSplit")
            for cell, column, text in zip(cells, columns, row, strict=True):
                _put(cell.paragraphs[0], text, size=12)
                if not column.figures:
                    cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.LEFT
        _fit(made, [Mm(each.width) for each in columns])
        self._gap()

    def signatures(self, left: Signature, right: Signature) -> None:
        """Two places to sign side by side."""
        table = self._table(1, (WIDTH // 2, WIDTH - WIDTH // 2))
        _mark_row(table, "w:cantSplit")
        for cell, one in zip(table.rows[0].cells, (left, right), strict=True):
            for place, role in enumerate(one.roles):
                line = cell.add_paragraph() if place else cell.paragraphs[0]
                _put(line, role.upper(), bold=True)
            _put(cell.add_paragraph(), "(ký, ghi rõ họ tên)", size=12, italic=True)
            for _ in range(one.names):
                name = cell.add_paragraph()
                _put(name, DOTS)
                name.paragraph_format.space_before = Pt(40)

    def recipients(self, lines: Sequence[str]) -> None:
        """To whom the paper goes."""
        first = self._word.add_paragraph()
        _put(first, "Nơi nhận:", size=12, bold=True, italic=True)
        first.alignment = WD_ALIGN_PARAGRAPH.LEFT
        for text in lines:
            line = self._word.add_paragraph()
            _put(line, text, size=11)
            line.alignment = WD_ALIGN_PARAGRAPH.LEFT

    def to_bytes(self) -> bytes:
        """The file."""
        made = io.BytesIO()
        self._word.save(made)
        return timeless(made.getvalue())

    def _table(self, rows: int, widths: Sequence[int], style: str | None = None) -> Table:
        made: Table = self._word.add_table(rows, len(widths), style)
        made.alignment = WD_TABLE_ALIGNMENT.CENTER
        made.autofit = False
        _fit(made, widths)
        return made

    def _gap(self) -> None:
        """What stands after a table may not be a table."""
        _put(self._word.add_paragraph(), "", size=6)

    @staticmethod
    def _feet(section: Section, foot: list[str], mark: str | None) -> None:
        _field(section.header.paragraphs[0], "PAGE")
        section.first_page_header.is_linked_to_previous = False
        for each in (section.footer, section.first_page_footer):
            lines = [*foot, mark] if mark else foot
            for place, text in enumerate(lines):
                line = each.add_paragraph(style="Footer") if place else each.paragraphs[0]
                _put(line, text, size=10, bold=text is mark)
                if text is mark:
                    line.runs[0].font.color.rgb = _RED


def _put(
    line: Paragraph, text: str, *, size: int = 13, bold: bool = False, italic: bool = False
) -> None:
    """Centred words without room after them."""
    run = line.add_run(clean(text))
    run.font.size, run.bold, run.italic = Pt(size), bold or None, italic or None
    line.alignment = _CENTRE
    line.paragraph_format.space_after = Pt(0)


def _rule(cell: _Cell, indent: Length) -> None:
    _ruled(cell.add_paragraph(), indent)


def _ruled(line: Paragraph, indent: Length) -> None:
    """Make of an empty paragraph a solid line, shorter than its room by *indent* on each side."""
    form = line.paragraph_format
    form.left_indent = form.right_indent = indent
    form.space_after = Pt(4)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(3)
    borders = element("w:pBdr")
    borders.append(element("w:bottom", val="single", sz="6", space="0", color="auto"))
    # Word wants the borders before spacing and indents.
    form.element.get_or_add_pPr().insert_element_before(
        borders, "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _field(line: Paragraph, code: str) -> None:
    """The page's own number, and the like, which Word works out."""
    field = element("w:fldSimple", instr=code)
    line.paragraph_format.element.append(field)


def _mark_row(table: Table, name: str) -> None:
    """Mark the last row."""
    row = table.rows[-1].cells[0].paragraphs[0].paragraph_format.element.getparent().getparent()
    row.get_or_add_trPr().append(element(name))


def _fit(table: Table, widths: Sequence[int]) -> None:
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Length(width)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Length(width)
