"""Vietnamese text: composed form, alphabetical order, search, numbers and dates."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, TypeAlias

from thidua.clock import LOCAL

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

# The alphabet of dictionaries; f, j, w and z stand where Latin has them.
_ALPHABET: Final = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK: Final = {letter: rank for rank, letter in enumerate(_ALPHABET, start=100)}
# Level, huyền, hỏi, ngã, sắc, nặng: the order of tones in Vietnamese dictionaries.
_TONES: Final = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_NOT_LETTERS: Final = 1000

CollationKey: TypeAlias = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


_PLAIN_ASCII: Final = bytes(byte for byte in range(128) if byte != ord("\\"))
# Up to U+02FF, and from U+1E00 to U+1EFF where Vietnamese letters stand, every character is composed and none combines.
_COMPOSED: Final = re.compile(rb"(?:[\xc2-\xcb][\x80-\xbf]|\xe1[\xb8-\xbb][\x80-\xbf])*")


def is_nfc(raw: bytes) -> bool:
    """Whether JSON bytes are surely composed, escapes included; False means: look closer."""
    rest = raw.translate(None, _PLAIN_ASCII)
    if not rest or _COMPOSED.fullmatch(rest):
        return True
    if b"\\u" in raw:
        return False
    return unicodedata.is_normalized("NFC", raw.decode("utf-8", "replace"))


def first_not_nfc(document: object, raw: bytes | None = None) -> str | None:
    """
    JSON pointer to the first text of a parsed *document* that is not in NFC, or None.

    It sees names of members and texts written with escapes. *raw*, the bytes that were parsed,
    makes the ordinary case quick.
    """
    if raw is not None and is_nfc(raw):
        return None
    return _first_not_nfc(document, "")


def _first_not_nfc(value: object, path: str) -> str | None:
    if isinstance(value, str):
        return None if unicodedata.is_normalized("NFC", value) else path
    if isinstance(value, dict):
        for name, member in value.items():
            here = f"{path}/{_pointer(name)}"
            if not unicodedata.is_normalized("NFC", name):
                return here
            found = _first_not_nfc(member, here)
            if found is not None:
                return found
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            found = _first_not_nfc(item, f"{path}/{index}")
            if found is not None:
                return found
    return None


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def collation_key(text: str) -> CollationKey:
    """
    Sorting key for Vietnamese: word by word, letters (a ă â … d đ e ê …) before tones.

    Capitals and small letters are equal; texts that differ in nothing else keep their order.
    """
    words = unicodedata.normalize("NFC", text).casefold().split()
    return tuple(_word_key(word) for word in words)


def _word_key(word: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    letters: list[int] = []
    tones: list[int] = []
    for char in word:
        marks = unicodedata.normalize("NFD", char)
        tone = max((_TONES.get(mark, 0) for mark in marks), default=0)
        bare = "".join(mark for mark in marks if mark not in _TONES)
        # A tone without a letter, as nobody writes it, ranks as a sign of its own.
        letter = unicodedata.normalize("NFC", bare) or char
        letters.append(_RANK.get(letter, _rank_of_other(letter)))
        tones.append(tone)
    return tuple(letters), tuple(tones)


def _rank_of_other(char: str) -> int:
    # Digits and signs of ASCII come before all letters, foreign letters after them.
    point = ord(char[0])
    return point if point < min(_RANK.values()) else point + _NOT_LETTERS


def search_form(text: str) -> str:
    """*text* as people type it without diacritics: small letters, ``đ`` as ``d``, single spaces."""
    marks = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(char for char in marks if not unicodedata.combining(char))
    return " ".join(bare.replace("đ", "d").split())


def display_number(number: Decimal | int, places: int | None = None) -> str:
    """A number with decimal comma and dots for thousands: ``98,5``, ``11.920.000``."""
    grouped = f"{number:,}" if places is None else f"{number:,.{places}f}"
    return grouped.translate({ord(","): ".", ord("."): ","})


def display_date(day: date) -> str:
    """A day on screens: ``21/11/2020``."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def display_moment(moment: datetime) -> str:
    """A moment on screens, in Vietnam's time: ``08:00:00 ngày 21/11/2020``."""
    local = moment.astimezone(LOCAL)
    return f"{local:%H:%M:%S} ngày {display_date(local.date())}"


def document_date(day: date) -> str:
    """
    A day in an official document (NĐ 30/2020): ``ngày 05 tháng 02 năm 2021``.

    A zero leads days below 10 and the months 1 and 2 only.
    """
    month = f"{day.month:02}" if day.month in {1, 2} else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"
