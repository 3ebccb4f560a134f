"""Facts of the timeline put into words: sentences with names, days, numbers and titles as people write them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from services.reporting.projections.sentences import SENTENCES
from thidua.clock import parse_instant
from thidua.event_names import event_name
from thidua.refusals import CATALOGUE, Code
from thidua.text import display_date, display_moment, display_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.reporting.projections.unit_queries import Names
    from services.reporting.rows import Row

_WORDS: Final = {
    ("office", "chair"): ("Cụm trưởng", "chair"),
    ("office", "deputy"): ("Cụm phó", "deputy"),
    ("about", "chair"): ("Cụm trưởng", "chair"),
    ("about", "deputy"): ("Cụm phó", "deputy"),
    ("kind", "half-year"): ("sáu tháng", "half-year"),
    ("kind", "yearly"): ("năm", "yearly"),
    ("kind", "bonus"): ("điểm thưởng", "bonus points"),
    ("kind", "minus"): ("điểm trừ", "minus points"),
    ("outcome", "upheld"): ("chấp nhận", "upheld"),
    ("outcome", "rejected"): ("không chấp nhận", "rejected"),
    ("mode", "paper"): ("phiếu giấy", "paper"),
    ("mode", "roll-call"): ("biểu quyết ghi tên", "roll call"),
    ("mode", "secret"): ("phiếu kín điện tử", "secret"),
    ("reason", "deadline"): ("hết giờ", "its time was over"),
    ("reason", "all-voted"): ("mọi đơn vị đã biểu quyết", "all have voted"),
    ("reason", "counted"): ("đã kiểm phiếu xong", "it was counted"),
    ("reason", "tie"): ("bằng phiếu", "a tie"),
    ("reason", "too-few"): ("chưa đủ số đơn vị đạt", "too few passed"),
    ("result", "qualified"): ("đủ điều kiện", "qualified"),
    ("result", "not-qualified"): ("chưa đủ điều kiện", "not qualified"),
    ("rule", "registration"): ("đăng ký thi đua", "registration"),
    ("rule", "pledge"): ("ký giao ước", "pledge"),
    ("rule", "ranking"): ("có xếp hạng", "ranking"),
    ("rule", "not-suspended"): ("không bị tạm dừng xét", "not suspended"),
    ("rule", "minimum-total"): ("điểm tối thiểu", "minimum total"),
    ("rule", "minimum-months"): ("thời gian tối thiểu", "minimum months"),
}
_NOT_GROUPED: Final = frozenset(
    {"year", "for_year", "version", "ranking", "position", "count", "round"}
)
_DECIMALS: Final = frozenset({"points", "value"})
_TITLES: Final = frozenset({"title", "titles", "award", "to", "about"})
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SERVICES: Final = {
    "units": ("Dịch vụ đơn vị", "The units service"),
    "ballots": ("Dịch vụ bỏ phiếu", "The ballots service"),
    "pledges": ("Dịch vụ giao ước", "The pledges service"),
}


def sentence(row: Row, called: Names, titles: Mapping[str, str], language: str) -> str:
    """A recorded entry of the timeline as a sentence in ``vi`` or ``en``."""
    known = SENTENCES.get(row["type"])
    if known is None:
        return str(row["type"])
    day = parse_instant(row["rx"]).date()
    shown = {
        name: _shown(name, value, called, titles, language, day)
        for name, value in (row["facts"] or {}).items()
    }
    template = known.en if language == "en" else known.vi
    return template.format_map({**shown, "who": publisher(row["source"], called, language, day)})


def refusal_sentence(row: Row, called: Names, language: str) -> str:
    """A refused entry of the timeline as a sentence in ``vi`` or ``en``."""
    who = publisher(row["source"], called, language) if row["source"] else row["kid"]
    known = row["code"] in Code.__members__
    refusal = CATALOGUE[Code(row["code"])] if known else None
    name = event_name(row["type"], language)
    if language == "en":
        title = refusal.title_en if refusal else row["code"]
        return f"An event “{name}” of {who} was refused: {title}"
    title = refusal.title_vi if refusal else row["code"]
    return f"Sự kiện “{name}” của {who} bị từ chối: {title}"


def publisher(source: str, called: Names, language: str, day: date | None = None) -> str:
    """The name of who stands behind a ``source``."""
    _, _, rest = source.partition("/")
    kind, _, code = rest.partition("/")
    if kind == "services":
        return _SERVICES.get(code, (code, code))[language == "en"]
    if language == "en":
        return called.full(code, day, english=True)
    return called.short(code, day) if kind == "units" else called.other(code)


def _shown(
    name: str,
    value: Any,
    called: Names,
    titles: Mapping[str, str],
    language: str,
    day: date,
) -> str:
    if value is None:
        return "—"
    if isinstance(value, list):
        parts = [_shown(name, one, called, titles, language, day) for one in value]
        return ", ".join(parts) or "—"
    if isinstance(value, int):
        if name in _NOT_GROUPED or language == "en":
            return f"{value}" if name in _NOT_GROUPED else f"{value:,}"
        return display_number(value)
    if (name, value) in _WORDS:
        return _WORDS[name, value][language == "en"]
    if name in _TITLES and value in titles:
        return titles[value]
    if name in _DECIMALS:
        plain = str(value).removesuffix(".0")
        return plain if language == "en" else plain.replace(".", ",")
    if (moment := _moment(value, language)) is not None:
        return moment
    if name == "owner":
        return publisher(value, called, language, day)
    return called.full(value, day, english=True) if language == "en" else called.short(value, day)


def _moment(value: str, language: str) -> str | None:
    # A reason somebody wrote may look like a day and be none.
    with suppress(ValueError, OverflowError):
        if _DAY.fullmatch(value):
            day = date.fromisoformat(value)
            return value if language == "en" else display_date(day)
        if _MOMENT.fullmatch(value):
            moment = parse_instant(value)
            return value if language == "en" else display_moment(moment)
    return None
