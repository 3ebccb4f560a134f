"""How one page speaks: names, titles, days, numbers and links in its language, safe in HTML."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

from services.reporting.projections.rules import title_names
from services.reporting.projections.unit_queries import names
from services.reporting.projections.wording import publisher
from services.reporting.web.words import WORDS
from thidua.clock import LOCAL, format_instant, parse_instant, parse_rfc3339
from thidua.refusals import CATALOGUE, Code
from thidua.text import display_date, display_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.reporting.reading import Reading

NOTHING: Final = "–"
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_UNIT: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{1,15}")
CYCLE_PAGES: Final = {
    "board": "",
    "ranking": "/xep-hang",
    "pledge": "/giao-uoc",
    "ballots": "/bo-phieu",
    "awards": "/khen-thuong",
    "dossiers": "/ho-so",
}
"""The pages of one year and where they stand below it."""


class Speech:
    """The words of one page in ``vi`` or ``en``; names and titles as *read* knows them."""

    def __init__(
        self, language: str, read: Reading | None = None, cycle: str | None = None
    ) -> None:
        self.language = language
        self.english = language == "en"
        self.root = "/en" if self.english else ""
        self._names = names(read) if read else None
        self._titles = title_names(read, cycle, english=self.english) if read and cycle else {}

    def t(self, vietnamese: str, english: str) -> str:
        """The text in the page's language."""
        return english if self.english else vietnamese

    def word(self, kind: str, code: str | None) -> str:
        """What a code of the read models is called; a dash when there is none."""
        if code is None:
            return NOTHING
        known = WORDS[kind].get(code)
        return known[self.english] if known else code

    def name(self, code: str) -> str:
        """A unit's, cluster's or authority's name: in English if it has one, else short."""
        if self._names is None:
            return code
        in_full = self.english and not self._has_no_english(code)
        return self.full(code) if in_full else self._names.short(code)

    def _has_no_english(self, code: str) -> bool:
        names = self._names
        return names is not None and names.full(code, english=True) == names.full(code)

    def full(self, code: str) -> str:
        """The full name."""
        return self._names.full(code, english=self.english) if self._names else code

    def title(self, code: str) -> str:
        """What a ballot or an award is about: a title's name, or an office."""
        return self._titles.get(code) or self.word("office", code)

    def who(self, source: str | None) -> str:
        """Who stands behind a ``source``."""
        if not source or self._names is None:
            return NOTHING
        return publisher(source, self._names, self.language)

    def day(self, given: str | None) -> str:
        """A day, or the local day of a moment."""
        if not given:
            return NOTHING
        moment = parse_instant(given).astimezone(LOCAL).date() if "T" in given else None
        day = moment or date.fromisoformat(given)
        return day.isoformat() if self.english else display_date(day)

    def moment(self, given: str | None) -> str:
        """A moment in Vietnam's time, to the minute."""
        if not given:
            return NOTHING
        if not _INSTANT.fullmatch(given):
            return self.day(given)
        local = parse_instant(given).astimezone(LOCAL)
        if self.english:
            return f"{local:%Y-%m-%d %H:%M}"
        return f"{display_date(local.date())} {local:%H:%M}"

    def number(self, given: str | int | None) -> str:
        """A number with the page's comma: ``98,5``, ``11.920.000``."""
        if given is None:
            return NOTHING
        try:
            number = Decimal(given)
        except InvalidOperation:
            return str(given)
        plain = number.to_integral_value() if number == number.to_integral_value() else number
        return f"{plain:,}" if self.english else display_number(plain)

    def points(self, given: str | None) -> str:
        """Points with at least one place, as in the minutes: ``97,0``."""
        if given is None:
            return NOTHING
        places = max(1, len(given.partition(".")[2]))
        number = Decimal(given)
        return f"{number:.{places}f}" if self.english else display_number(number, places)

    def money(self, amount: int | None) -> str:
        """An amount in đồng."""
        return NOTHING if amount is None else f"{self.number(amount)} đồng"

    def text(self, given: str | None) -> Markup | str:
        """What somebody wrote, marked as Vietnamese on an English page."""
        if not given:
            return NOTHING
        return Markup('<span lang="vi">{}</span>').format(given) if self.english else given

    def reason(self, problem: Mapping[str, Any]) -> dict[str, str]:
        """Title, detail and fix of a refusal, its facts put as people write them."""
        words = CATALOGUE[Code(problem["code"])].words(problem["facts"], self._called)
        if self.english:
            return {"title": words.title_en, "detail": words.detail_en, "fix": words.fix_en}
        return {"title": words.title_vi, "detail": words.detail_vi, "fix": words.fix_vi}

    def _called(self, fact: str) -> str:
        # What a publisher gave may look like a day and be none.
        with suppress(ValueError, OverflowError):
            if _DAY.fullmatch(fact):
                return self.day(fact)
            if _MOMENT.fullmatch(fact):
                return self.moment(format_instant(parse_rfc3339(fact)))
        return self._titles.get(fact) or (self.name(fact) if _UNIT.fullmatch(fact) else fact)

    def link(self, path: str, shown: str) -> Markup:
        """A link inside the site."""
        return Markup('<a href="{}">{}</a>').format(self.root + path, shown)

    def unit(self, code: str, cycle: str | None = None) -> Markup:
        """A unit's name, linked to its page, or to its page in a year."""
        path = f"/nam/{cycle}/don-vi/{quote(code)}" if cycle else f"/don-vi/{quote(code)}"
        language = Markup(' lang="vi"') if self.english and self._has_no_english(code) else ""
        return Markup('<a href="{}"{}>{}</a>').format(self.root + path, language, self.name(code))

    def units(self, codes: list[str], cycle: str | None = None) -> Markup:
        """Several units, linked."""
        linked = Markup(", ").join(self.unit(code, cycle) for code in codes)
        return linked or escape(NOTHING)

    def at(self, position: int | None) -> Markup:
        """The entry something follows from, linked to the timeline."""
        if position is None:
            return escape(NOTHING)
        shown = f"{self.t('mục', 'entry')}\N{NO-BREAK SPACE}{position}"
        return self.link(f"/su-kien/{position}", shown)

    def ballot(self, cycle: str, ballot: str) -> Markup:
        """A ballot's name, linked."""
        return self.link(f"/nam/{cycle}/bo-phieu/{quote(ballot)}", ballot)

    def cycle(self, cycle: str) -> str:
        """A year of a cluster in words."""
        _, cluster, year = cycle.split("/")
        return f"{self.full(cluster)}, {self.t('năm', '')} {year}".replace("  ", " ")

    def subject(self, subject: str) -> Markup:
        """What an entry is about, linked: a year of a cluster, or the authority's registry."""
        if "/" in subject:
            return self.link(f"/nam/{subject}", self.cycle(subject))
        return self.link("/don-vi", f"{self.t('Sổ đơn vị', 'Registry')}: {self.full(subject)}")

    def events(self, **only: str | int) -> str:
        """The address of the timeline of a subject or a unit."""
        return f"{self.root}/su-kien?{urlencode(only)}" if only else f"{self.root}/su-kien"
