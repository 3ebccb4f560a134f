"""
The form of an event, checked offline against the contracts: every fault named, in Vietnamese and English.

What passes here is not refused for its form; whether the rules of the year allow it only the judge says.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from thidua.contracts import CONTRACTS, Scope, service_of
from thidua.contracts.envelope import CYCLE_SUBJECT, REGISTRY_SUBJECT
from thidua.errors import RejectError
from thidua.refusals import Code
from thidua.text import first_not_nfc

_ID: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_MEMBERS: Final = frozenset({"id", "type", "subject", "data"})
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class FormFault:
    """One fault: where it is, what was given, and what is wrong with it."""

    code: Code
    path: str
    given: str
    vi: str
    en: str

    def under(self, path: str) -> FormFault:
        """The same fault of an event that stands at *path* in a larger document."""
        return replace(self, path=f"{path}{self.path}")

    def document(self) -> dict[str, str]:
        """As ``--json`` shows it."""
        return {
            "code": str(self.code),
            "path": self.path,
            "given": self.given,
            "detail_vi": self.vi,
            "detail_en": self.en,
        }

    def __str__(self) -> str:
        """One line, Vietnamese first."""
        return f"{self.path or '/'}: {self.vi} / {self.en} ({self.given})"


class FormFaultsError(RejectError):
    """The event has faults of form; ``faults`` names them all."""

    def __init__(self, faults: list[FormFault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults

    def diagnostics(self) -> str:
        """Say that nothing was taken."""
        return "Hãy sửa rồi làm lại; chưa có gì được gửi. / Mend it and repeat; nothing was sent."


def checked_form(wire_type: str, subject: str, data: Any) -> None:
    """Return when the event's form is right; raises ``FormFaultsError`` with every fault."""
    faults = form_faults({"type": wire_type, "subject": subject, "data": data})
    if faults:
        raise FormFaultsError(faults)


def form_faults(event: dict[str, Any]) -> list[FormFault]:
    """Every fault in the form of an event that is about to be signed; none when it is right."""
    faults = [
        FormFault(
            Code.SCHEMA_INVALID, f"/{name}", "-", "thiếu trường này", "this member is missing"
        )
        for name in ("type", "subject", "data")
        if name not in event
    ]
    faults += [
        FormFault(
            Code.SCHEMA_INVALID,
            f"/{name}",
            _shown(event[name]),
            "trường không có trong mẫu",
            "no such member",
        )
        for name in sorted(event.keys() - _MEMBERS)
    ]
    if "id" in event and not (isinstance(event["id"], str) and _ID.fullmatch(event["id"])):
        faults.append(
            FormFault(
                Code.SCHEMA_INVALID,
                "/id",
                _shown(event["id"]),
                "cần 1 đến 64 ký tự chữ, số hoặc . _ : / -",
                f"expected {_ID.pattern}",
            )
        )
    if {"type", "subject", "data"} <= event.keys():
        faults += _typed_faults(event)
    path = first_not_nfc(event)
    if path is not None:
        faults.append(
            FormFault(
                Code.TEXT_NOT_NFC,
                path,
                "NFD",
                "chữ chưa ở dạng Unicode dựng sẵn (NFC)",
                "the text is not in composed form (NFC)",
            )
        )
    return faults


def _typed_faults(event: dict[str, Any]) -> list[FormFault]:
    wire_type = event["type"]
    contract = CONTRACTS.get(wire_type) if isinstance(wire_type, str) else None
    if contract is None:
        known = isinstance(wire_type, str) and service_of(wire_type) is not None
        code = Code.TYPE_UNKNOWN if known else Code.TYPE_UNKNOWN_SERVICE
        vi, en = "không có loại sự kiện này", "there is no such type of event"
        return [FormFault(code, "/type", _shown(wire_type), vi, en)]
    faults: list[FormFault] = []
    registry = contract.scope is Scope.REGISTRY
    pattern = REGISTRY_SUBJECT if registry else CYCLE_SUBJECT
    subject = event["subject"]
    if not (isinstance(subject, str) and pattern.fullmatch(subject)):
        shape = "BVHTTDL" if registry else "BVHTTDL/BGPB/2021"
        faults.append(
            FormFault(
                Code.SCHEMA_INVALID,
                "/subject",
                _shown(subject),
                f"cần dạng như {shape}",
                f"expected a subject such as {shape}",
            )
        )
    try:
        contract.parse(_json(event["data"]))
    except ValidationError as error:
        faults += [_fault(dict(one)) for one in error.errors(include_url=False)]
    return faults


def _json(data: Any) -> bytes:
    return json.dumps({"data": data}, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _fault(error: dict[str, Any]) -> FormFault:
    kind = str(error["type"])
    limits = {name: _shown(value) for name, value in (error.get("ctx") or {}).items()}
    vi = next(
        (text for ending, text in _VIETNAMESE if kind.endswith(ending)), "giá trị không hợp lệ"
    )
    path = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error["loc"])
    return FormFault(
        Code.SCHEMA_INVALID,
        path,
        "-" if kind == "missing" else _shown(error["input"]),
        vi.format_map(_Limits(limits)),
        str(error["msg"]),
    )


class _Limits(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


_VIETNAMESE: Final = (
    ("missing", "thiếu trường này"),
    ("extra_forbidden", "trường không có trong mẫu"),
    ("string_type", "cần chữ trong ngoặc kép"),
    ("string_too_short", "cần ít nhất {min_length} ký tự"),
    ("string_too_long", "được nhiều nhất {max_length} ký tự"),
    ("string_pattern_mismatch", "không đúng mẫu {pattern}"),
    ("literal_error", "cần một trong: {expected}"),
    ("enum", "cần một trong: {expected}"),
    ("int_type", "cần số nguyên, không có ngoặc kép"),
    ("bool_type", "cần true hoặc false"),
    ("greater_than_equal", "cần ít nhất {ge}"),
    ("less_than_equal", "được nhiều nhất {le}"),
    ("too_short", "cần ít nhất {min_length} phần tử"),
    ("too_long", "được nhiều nhất {max_length} phần tử"),
    ("tuple_type", "cần một danh sách […]"),
    ("list_type", "cần một danh sách […]"),
    ("model_type", "cần một đối tượng {{…}}"),
    ("dict_type", "cần một đối tượng {{…}}"),
    ("timezone_aware", "thời điểm cần có múi giờ, ví dụ 2021-01-15T08:00:00+07:00"),
    ("datetime_parsing", "cần thời điểm như 2021-01-15T08:00:00+07:00"),
    ("datetime_from_date_parsing", "cần thời điểm như 2021-01-15T08:00:00+07:00"),
    ("date_type", "cần ngày dạng 2021-01-15"),
    ("date_parsing", "cần ngày dạng 2021-01-15"),
    ("date_from_datetime_parsing", "cần ngày dạng 2021-01-15"),
)
"""By the ending of pydantic's name of the fault."""


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    clean = "".join(char if char.isprintable() else " " for char in text)
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"
