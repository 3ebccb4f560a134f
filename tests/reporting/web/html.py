"""A strict reader of pages: what is not well-formed, or not readable by everybody, is a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}
BLOCKS = {"p", "ul", "dl", "div", "table", "section", "h1", "h2", "h3", "nav", "header", "footer"}


@dataclass
class Page(HTMLParser):
    """A page as it was read: its links, its words, and the faults found."""

    links: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    language: str | None = None
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def read(cls, text: str) -> Page:
        """The page of this text."""
        page = cls()
        if not text.startswith("<!doctype html>"):
            page.faults.append("no doctype")
        page.feed(text)
        page.close()
        page.faults += [f"<{tag}> is never closed" for tag in page._open]
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        parent = self._open[-1] if self._open else ""
        if tag in BLOCKS and "p" in self._open:
            self.faults.append(f"<{tag}> inside <p>")
        if parent in {"ul", "ol"} and tag != "li":
            self.faults.append(f"<{tag}> in a list")
        if parent == "tr" and tag == "th" and given.get("scope") not in {"row", "col"}:
            self.faults.append("<th> without scope")
        if parent == "table" and tag == "thead" and "caption" not in self.ids_of_table:
            self.faults.append("a table without caption")
        if tag == "table":
            self.ids_of_table = set()
        if tag == "caption":
            self.ids_of_table.add("caption")
        if tag == "html":
            self.language = given.get("lang")
        if "id" in given:
            if given["id"] in self.ids:
                self.faults.append(f"id {given['id']} twice")
            self.ids.add(given["id"] or "")
        if "style" in given or any(name.startswith("on") for name in given):
            self.faults.append(f"<{tag}> with a style or a script of its own")
        self.links += [given[name] or "" for name in ("href", "src") if name in given]
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(tag)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes <{self._open[-1] if self._open else ''}>")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in {"style", "script", "code"}:
            self.words.append(data)

    ids_of_table: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        """All words of the page, one space between."""
        return " ".join(" ".join(self.words).split())
