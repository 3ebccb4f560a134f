"""Recorded events back into the form they were imported from; what is written is read again before it is given out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thidua.errors import RejectError
from thidua.excel.checking import check
from thidua.excel.forms import FORMS, newest
from thidua.excel.template import filled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thidua.excel.rules import Rules, Told


class NotExpressibleError(RejectError):
    """The form cannot hold these events so that reading it gives the same again."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Không ghi được vào biểu mẫu mà không mất nội dung: {why}")

    def diagnostics(self) -> str:
        """Name the other way."""
        return "Dùng tệp sự kiện JSON thay cho Excel. / Use the events as JSON instead of Excel."


def exported(rules: Rules, events: Iterable[Told], unit: str | None = None) -> bytes:
    """
    The workbook of the cycle's events of this kind, of one *unit* or all.

    A later event replaces an earlier one of the same thing, as in the log. Raises NotExpressibleError when
    reading the workbook would not give the same events (a text of blanks, an old encoding, too many rows).
    """
    form = FORMS[rules.kind]
    said = [
        data
        for told in events
        if told.type == form.wire_type and told.subject == rules.subject
        if (data := told.parsed()) is not None
        if unit in (None, getattr(data, "unit", unit))
    ]
    standing = newest(form, said)
    raw = filled(rules, [row for data in standing for row in form.spread(data)])
    if not standing:
        return raw
    report = check(raw, rules=rules)
    if report.faults:
        raise NotExpressibleError(report.faults[0].text())
    if [draft.data for draft in report.drafts] != standing:
        raise NotExpressibleError(f"{len(standing)} sự kiện / events")
    return raw
