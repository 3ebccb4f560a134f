"""What is wrong with the form of an event, in words: from paths and the names of faults, which is all that a log keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Faults(NamedTuple):
    """The same faults in both languages."""

    vi: str
    en: str


def faults_in(facts: Mapping[str, object], shown: Callable[[object], str]) -> Faults:
    """The faults that *facts* name by ``paths`` and ``expected``, or by one ``path``; each piece made safe by *shown*."""
    paths, kinds = facts.get("paths"), facts.get("expected")
    if (
        not isinstance(paths, (list, tuple))
        or not isinstance(kinds, (list, tuple))
        or len(paths) != len(kinds)
    ):
        path, kind = shown(facts.get("path")), shown(kinds)
        return Faults(f"“{path}” cần {kind}", f"“{path}” should be {kind}")
    words = [(shown(path), *_words(shown(kind))) for path, kind in zip(paths, kinds, strict=True)]
    return Faults(
        "; ".join(f"“{path}” {vi}" for path, vi, _ in words),
        "; ".join(f"“{path}” {en}" for path, _, en in words),
    )


def _words(kind: str) -> Faults:
    for ending, vi, en in _KINDS:
        if kind.endswith(ending):
            return Faults(vi, en)
    return Faults(f"không hợp lệ ({kind})", f"is not valid ({kind})")


_KINDS: Final = (
    ("missing", "còn thiếu", "is missing"),
    ("extra_forbidden", "không có trong mẫu", "is no member of the schema"),
    ("string_type", "cần chữ trong ngoặc kép", "should be a text"),
    ("string_too_short", "quá ngắn", "is too short"),
    ("string_too_long", "quá dài", "is too long"),
    ("string_pattern_mismatch", "viết không đúng mẫu", "is not written as its pattern has it"),
    ("literal_error", "không thuộc các giá trị cho phép", "is none of the allowed values"),
    ("enum", "không thuộc các giá trị cho phép", "is none of the allowed values"),
    ("int_type", "cần số nguyên, không có ngoặc kép", "should be a whole number, not a text"),
    ("bool_type", "cần true hoặc false", "should be true or false"),
    ("greater_than_equal", "nhỏ hơn mức cho phép", "is less than allowed"),
    ("greater_than", "nhỏ hơn mức cho phép", "is less than allowed"),
    ("less_than_equal", "lớn hơn mức cho phép", "is more than allowed"),
    ("less_than", "lớn hơn mức cho phép", "is more than allowed"),
    ("too_short", "có quá ít phần tử", "has too few items"),
    ("too_long", "có quá nhiều phần tử", "has too many items"),
    ("tuple_type", "cần một danh sách […]", "should be a list […]"),
    ("list_type", "cần một danh sách […]", "should be a list […]"),
    ("model_type", "cần một đối tượng {…}", "should be an object {…}"),
    ("dict_type", "cần một đối tượng {…}", "should be an object {…}"),
    (
        "timezone_aware",
        "cần có múi giờ, ví dụ 2021-01-15T08:00:00+07:00",
        "needs its time zone, such as 2021-01-15T08:00:00+07:00",
    ),
    (
        "date_from_datetime_parsing",
        "cần ngày dạng 2021-01-15",
        "should be a date such as 2021-01-15",
    ),
    (
        "datetime_parsing",
        "cần thời điểm như 2021-01-15T08:00:00+07:00",
        "should be a moment such as 2021-01-15T08:00:00+07:00",
    ),
    (
        "datetime_from_date_parsing",
        "cần thời điểm như 2021-01-15T08:00:00+07:00",
        "should be a moment such as 2021-01-15T08:00:00+07:00",
    ),
    ("date_type", "cần ngày dạng 2021-01-15", "should be a date such as 2021-01-15"),
    ("date_parsing", "cần ngày dạng 2021-01-15", "should be a date such as 2021-01-15"),
    ("cycle", "cần dạng như BVHTTDL/BGPB/2021", "should be such as BVHTTDL/BGPB/2021"),
    ("registry", "cần dạng như BVHTTDL", "should be such as BVHTTDL"),
)
"""By the ending of pydantic's name of the fault, or by the scope that a subject should have."""
