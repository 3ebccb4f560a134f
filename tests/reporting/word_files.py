"""Word files as people read them: every paragraph and cell from top to bottom, and what stands under the sheets."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from docx import Document
from docx.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.document import Document as Word


@dataclass(frozen=True)
class WordFile:
    """A file that opened: *lines* are its paragraphs and cells, *tables* the cells by row, *foot* what stands under the sheets."""

    word: Word
    lines: list[str]
    tables: list[list[list[str]]]
    foot: list[str]

    @property
    def text(self) -> str:
        """All its lines."""
        return "\n".join(self.lines)


def read_word(raw: bytes) -> WordFile:
    """The file; fails when the package is damaged or a part of it is no XML."""
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        assert package.testzip() is None
        for name in package.namelist():
            ET.fromstring(package.read(name))
    word = Document(io.BytesIO(raw))
    section = word.sections[0]
    feet = [
        [line.text for line in f.paragraphs] for f in (section.footer, section.first_page_footer)
    ]
    assert feet[0] == feet[1], "the first sheet says something else"
    tables = [[[cell.text for cell in row.cells] for row in each.rows] for each in word.tables]
    return WordFile(word, list(_lines(word)), tables, feet[0])


def _lines(word: Word) -> Iterator[str]:
    for part in word.iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                for cell in row.cells:
                    yield from cell.text.split("\n")
        else:
            yield part.text
