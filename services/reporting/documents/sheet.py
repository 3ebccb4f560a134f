"""The empty sheet of an official paper: page, typeface and styles of Nghị định 30/2020/NĐ-CP, Phụ lục I; and its bytes without a clock."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docx.document import Document as Word

FONT: Final = "Times New Roman"
_TOP, _LEFT, _RIGHT = Mm(20), Mm(30), Mm(20)
WIDTH: Final = Mm(210) - _LEFT - _RIGHT
"""The room between the margins."""
_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)
"""The day on every member of the file: no clock has a say in its bytes."""
_KEPT_STYLES: Final = frozenset(
    {
        "Normal", "Title", "Subtitle", "Heading1", "BodyText", "Caption", "Header", "Footer", "TableGrid",
        "DefaultParagraphFont", "TableNormal", "NoList",
    }
)  # fmt: skip
_KEPT_PARTS: Final = frozenset(
    {"styles", "settings", "fontTable", "theme", "officeDocument", "core-properties"}
)
_CENTRE: Final = WD_ALIGN_PARAGRAPH.CENTER


@cache
def blank() -> bytes:
    """An empty paper with the page and the few styles it needs, out of python-docx' own template."""
    word: Word = Document()
    for rels in (word.part.rels, word.part.package.rels):
        for key in [key for key, one in rels.items() if not _is_kept(one.reltype)]:
            del rels[key]
    styles: Any = word.styles.element
    for style in styles.findall(qn("w:style")):
        if style.get(qn("w:styleId")) not in _KEPT_STYLES:
            styles.remove(style)
    _speak_vietnamese(word)
    _shape(word)
    about = word.core_properties
    about.author = about.comments = about.last_modified_by = ""
    about.language = "vi-VN"
    page = word.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin = page.bottom_margin = _TOP
    page.left_margin, page.right_margin = _LEFT, _RIGHT
    page.header_distance = page.footer_distance = Mm(10)
    page.different_first_page_header_footer = True
    made = io.BytesIO()
    word.save(made)
    return made.getvalue()


def _is_kept(kind: str) -> bool:
    return kind.rpartition("/")[2] in _KEPT_PARTS


def _speak_vietnamese(word: Word) -> None:
    """One typeface whatever the theme says, and Vietnamese as the language to spell in."""
    whole: Any = word.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault"))
    run = whole.find(qn("w:rPr"))
    for child in list(run):
        run.remove(child)
    run.append(element("w:rFonts", ascii=FONT, hAnsi=FONT, eastAsia=FONT, cs=FONT))
    run.append(element("w:sz", val="26"))
    run.append(element("w:szCs", val="26"))
    run.append(element("w:lang", val="vi-VN", eastAsia="vi-VN"))
    word.settings.element.find(qn("w:themeFontLang")).set(qn("w:val"), "vi-VN")


def _shape(word: Word) -> None:
    """The kept styles as the decree has them; nothing of the template's blue headings stays."""
    known = {style.style_id: style for style in word.styles if isinstance(style, ParagraphStyle)}
    wanted: Mapping[str, Mapping[str, Any]] = {
        "Normal": {},
        "Header": {"alignment": _CENTRE},
        "Footer": {"alignment": _CENTRE},
        "Title": {"bold": True, "size": Pt(14), "alignment": _CENTRE, "space_before": Pt(12)},
        "Subtitle": {"bold": True, "size": Pt(14), "alignment": _CENTRE},
        "Heading1": {"bold": True, "space_before": Pt(10), "space_after": Pt(6), "keep_with_next": True},
        "Caption": {"bold": True, "alignment": _CENTRE, "space_before": Pt(6), "space_after": Pt(4), "keep_with_next": True},
        "BodyText": {"alignment": WD_ALIGN_PARAGRAPH.JUSTIFY, "first_line_indent": Mm(10), "space_after": Pt(6), "line_spacing": 1.15},
    }  # fmt: skip
    for name, form in wanted.items():
        style = known[name]
        for child in list(style.element):
            if child.tag in (qn("w:rPr"), qn("w:pPr"), qn("w:link")):
                style.element.remove(child)
        style.font.bold, style.font.size = form.get("bold"), form.get("size", Pt(13))
        plain = {"space_after": Pt(0), "line_spacing": 1.0}
        for key, value in {**plain, **form}.items():
            if key not in ("bold", "size"):
                setattr(style.paragraph_format, key, value)


def timeless(made: bytes) -> bytes:
    """
    The same members without the time at which they were packed.

    They are stored, not deflated: what deflate gives differs between builds of zlib, and two machines should agree.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as given, zipfile.ZipFile(packed, "w") as out:
        for name in given.namelist():
            member = zipfile.ZipInfo(name, _OF_ZIP)
            member.create_system = 3
            out.writestr(member, given.read(name))
    return packed.getvalue()


def element(name: str, **values: str) -> Any:
    """An element of the file's XML, for what python-docx has no word for."""
    made: Any = OxmlElement(name)
    for key, value in values.items():
        made.set(qn(f"w:{key}"), value)
    return made
