"""
Text in the old single-byte Vietnamese encodings TCVN3 and VNI, as it stands in workbooks of the years before Unicode.

Such a cell holds Latin letters and signs (``Së V¨n hãa``, ``Sôû Vaên hoùa``) that a font of its
time showed as Vietnamese. It is recognised when its words are Vietnamese syllables only after decoding.
Sources: TCVN 5712:1993 (VN3) and the published table of the VNI fonts for Windows.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_TCVN3: Final = str.maketrans(
    dict(
        zip(
            "¡¢§£¤¥¦¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
            "ĂÂĐÊÔƠƯăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
            strict=True,
        )
    )
)

_ALONE: Final = dict(zip("ñôöæóòîÑÔÖÆÓÒÎ", "đơưỉĩịỵĐƠƯỈĨỊỴ", strict=True))
_AFTER: Final = {
    "aeouyôö": dict(zip("ùøûõï", "\u0301\u0300\u0309\u0303\u0323", strict=True)),
    "aeo": {
        "â": "\u0302",
        **dict(zip("áàåãä", (f"\u0302{t}" for t in "\u0301\u0300\u0309\u0303\u0323"), strict=True)),
    },
    "a": {
        "ê": "\u0306",
        **dict(zip("éèúüë", (f"\u0306{t}" for t in "\u0301\u0300\u0309\u0303\u0323"), strict=True)),
    },
}
_VNI_PAIRS: Final = {
    case(base + mark): unicodedata.normalize("NFC", case(_ALONE.get(base, base)) + written)
    for bases, marks in _AFTER.items()
    for base in bases
    for mark, written in marks.items()
    for case in (str.lower, str.upper, str.capitalize)
} | {
    # The mark of a capital may be written small: a font showed both alike.
    base.upper() + mark: unicodedata.normalize("NFC", _ALONE.get(base, base).upper() + written)
    for bases, marks in _AFTER.items()
    for base in bases
    for mark, written in marks.items()
}
_VNI: Final = {**_ALONE, **_VNI_PAIRS}
_VNI_PARTS: Final = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))

_ONSETS: Final = "ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|b|c|d|đ|g|h|k|l|m|n|p|r|s|t|v|x"
_NUCLEI: Final = (
    "iêu|yêu|oai|oay|oao|oeo|uây|uôi|ươi|ươu|uya|uyê|uyu|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe|"
    "oi|ôi|ơi|oo|ua|uâ|uê|ui|uô|uơ|uy|ưa|ươ|ưi|ưu|yê|a|ă|â|e|ê|i|o|ô|ơ|u|ư|y"
)
_CODAS: Final = "ch|ng|nh|c|m|n|p|t"
_SYLLABLE: Final = re.compile(rf"(?:{_ONSETS})?(?:{_NUCLEI})(?:{_CODAS})?")
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")
# Letters, and the signs that stood for letters; what follows a digit is a unit such as "5 µm".
_WORDS: Final = re.compile(r"(?<![\d\w])(?<!\d )(?:[^\W\d_]|[¡-¾×÷])+")
_SIGNS: Final = re.compile(r"[¡-¾×÷]+")
_UNICODE_ONLY: Final = re.compile("[ăđĩũơưĂĐĨŨƠƯ\u1ea0-\u1ef9\u0300\u0301\u0303\u0309\u0323]")


@dataclass(frozen=True, slots=True)
class Legacy:
    """The encoding a text is in, and the text in Unicode."""

    encoding: str
    text: str


def is_syllable(word: str) -> bool:
    """Whether *word* is built like a Vietnamese syllable, with one tone at most."""
    marks = unicodedata.normalize("NFD", word.lower())
    bare = "".join(char for char in marks if char not in _TONES)
    tones = len(marks) - len(bare)
    return tones <= 1 and _SYLLABLE.fullmatch(unicodedata.normalize("NFC", bare)) is not None


def from_tcvn3(text: str) -> str:
    """*text*, written in TCVN3, in Unicode."""
    return text.translate(_TCVN3)


def from_vni(text: str) -> str:
    """*text*, written in VNI, in Unicode."""
    return _VNI_PARTS.sub(lambda part: _VNI[part.group()], text)


def legacy_encoding(text: str) -> Legacy | None:
    """
    The old encoding *text* is in; ``None`` for Unicode and for every other language.

    Every word that is not plain ASCII must be a syllable when decoded, and one of them no syllable as it stands.
    """
    if text.isascii() or _UNICODE_ONLY.search(text):
        return None
    found: list[str] = _WORDS.findall(text)
    words = [word for word in found if not word.isascii() and not _SIGNS.fullmatch(word)]
    if all(is_syllable(word) for word in words):
        return None
    for encoding, decode in (("TCVN3", from_tcvn3), ("VNI", from_vni)):
        if all(is_syllable(decode(word)) for word in words):
            return Legacy(encoding, decode(text))
    return None
