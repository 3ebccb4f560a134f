"""
Facts of a refusal in the reader's own language: the phrases and wire words in which judges and the border state them.

A fact stands in logs and problem documents as it was said, in English or as a word of the wire, and stays so.
Only where a refusal is shown is it put into words, by the tables of :mod:`thidua.fact_phrases` (what is asked
of a message) and :mod:`thidua.fact_steps` (steps, roles and things of a year).

What a stranger sent is never taken apart: a text is put into words only when it reads, from its first letter
to its last, as one of our phrases; any other stands as it came. So of a given value it may be relied on that
it is shown unchanged or as the translation of that very value, and never as something else. A name, which
refusals put in quotation marks, is not looked up at all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from thidua.event_names import EVENT_NAMES, event_name
from thidua.fact_phrases import PHRASES
from thidua.fact_steps import BY_FACT, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable


class Said(NamedTuple):
    """The same fact in both languages."""

    vi: str
    en: str


def said(fact: str, text: str, called: Callable[[str], str] = str) -> Said | None:
    """
    *text*, the value of the fact of that name, in words; ``None`` when it is no phrase of ours.

    *called* gives what a name or a day inside the phrase is called where it is read.
    """
    known = _known(fact, text)
    if known is not None:
        return known
    first = text.partition(" ")[0]
    for phrase in (*_BY_FIRST.get(first, ()), *_BY_FIRST.get("", ())):
        if (found := phrase.said(fact, text, called)) is not None:
            return found
    return None


def expectation(expected: str, given: str) -> str:
    """What was expected and given instead, in both languages, for a person at a terminal."""
    want = said("expected", expected) or Said(expected, expected)
    have = said("given", given) or Said(given, given)
    return f"cần {want.vi}, nhận được {have.vi} / expected {want.en}, given {have.en}"


def _known(fact: str, text: str) -> Said | None:
    return _BY_FACT.get((fact, text)) or _KNOWN.get(text)


_GAP: Final = re.compile(r"\{(\w+)\}")
_SHAPES: Final = {
    "year": r"[12]\d{3}",
    "next": r"[12]\d{3}",
    "n": r"-?\d+(?:\.\d+)?",
    "m": r"-?\d+(?:\.\d+)?",
    "day": r"\d{4}-\d\d-\d\d",
    "moment": r"\d{4}-\d\d-\d\d(?:T\S+)?",
    "unit": r"[A-Z0-9][A-Z0-9-]{1,15}",
    "other": r"[A-Z0-9][A-Z0-9-]{1,15}",
    "owner": r"/\S+",
    "word": r".+",
    "rule": r"[a-z-]+",
    "event": r"[a-z]+(?:-[a-z]+)+",
    "values": r"'.*'",
}
"""What may stand in a gap, by its name; anything may in one of another name."""
_WORDS: Final = frozenset({"word", "rule", "event"})
"""Gaps that hold a word of ours; a text that has another there is none of ours."""
_PHRASES: Final = frozenset({"fault", "owner"})
"""Gaps that hold a whole phrase again, gaps and all."""
_EITHER: Final = frozenset({"about"})
"""Gaps that hold a word of ours, such as an office, or somebody's name for a title."""
_AS_THEY_ARE: Final = frozenset({"n", "m", "year", "next"})


@dataclass(frozen=True, slots=True)
class _Phrase:
    shape: re.Pattern[str]
    vi: str
    en: str

    def said(self, fact: str, text: str, called: Callable[[str], str]) -> Said | None:
        match = self.shape.fullmatch(text)
        if match is None:
            return None
        vi: dict[str, str] = {}
        en: dict[str, str] = {}
        for gap, given in match.groupdict().items():
            if gap in _WORDS or gap in _PHRASES:
                inner = _known(gap, given) if gap in _WORDS else said(fact, given, called)
                if inner is None:
                    return None
                vi[gap], en[gap] = inner
            elif gap in _EITHER:
                vi[gap], en[gap] = _known(gap, given) or Said(called(given), called(given))
            else:
                vi[gap] = en[gap] = given if gap in _AS_THEY_ARE else called(given)
        return Said(self.vi.format_map(vi), self.en.format_map(en))


def _shape(text: str) -> re.Pattern[str]:
    pieces = _GAP.split(text)
    return re.compile(
        "".join(
            f"(?P<{piece}>{_SHAPES.get(piece, '.+?')})" if at % 2 else re.escape(piece)
            for at, piece in enumerate(pieces)
        )
    )


def _sorted_by_first_word() -> dict[str, tuple[_Phrase, ...]]:
    found: defaultdict[str, list[_Phrase]] = defaultdict(list)
    for text, vi, *en in (*PHRASES, *STEPS):
        if _GAP.search(text):
            first = text.partition(" ")[0]
            key = "" if _GAP.search(first) else first
            found[key].append(_Phrase(_shape(text), vi, en[0] if en else text))
    return {first: tuple(phrases) for first, phrases in found.items()}


_KNOWN: Final[dict[str, Said]] = {
    **{
        name.split(".")[2]: Said(called, event_name(name, "en"))
        for name, called in EVENT_NAMES.items()
    },
    **{
        text: Said(vi, en[0] if en else text)
        for text, vi, *en in (*PHRASES, *STEPS)
        if not _GAP.search(text)
    },
}
_BY_FACT: Final[dict[tuple[str, str], Said]] = {
    (fact, text): Said(vi, en[0] if en else text) for fact, text, vi, *en in BY_FACT
}
_BY_FIRST: Final = _sorted_by_first_word()
