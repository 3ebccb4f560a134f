"""Rows of a form into the data of one event, what only the rows together show to be wrong, and events back into rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.excel.faults import SheetCode
from thidua.excel.rules import Rules
from thidua.text import display_number

Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the sheet: its number and what was read, by the columns' keys; blank cells are absent."""

    number: int
    values: Values
    bad: frozenset[str] = frozenset()
    """Columns whose cell is at fault already."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A fault that only the rows of a record together show: in which row and column it is mended."""

    row: Row
    key: str
    code: SheetCode
    expected: str = ""
    given: object = ""


def _shared(rows: list[Row], key: str) -> Any:
    return next((row.values[key] for row in rows if key in row.values), None)


def _present(values: Values) -> Values:
    return {key: value for key, value in values.items() if value not in (None, ())}


def _fill(rows: list[Values], head: Values, every: Values) -> list[Values]:
    """Rows of one record: *every* in each, *head* in the first."""
    rows = rows or [{}]
    return [_present({**every, **(head if at == 0 else {}), **row}) for at, row in enumerate(rows)]


def nothing(_rules: Rules, _rows: list[Row]) -> Iterator[Wrong]:
    """No fault: what the cells say is all there is to see."""
    yield from ()


def _twice(rows: list[Row], key: str) -> Iterator[Wrong]:
    seen: dict[object, int] = {}
    for row in rows:
        value = row.values.get(key)
        if value is not None and seen.setdefault(value, row.number) != row.number:
            yield Wrong(row, key, SheetCode.OVERLAP, f"khác dòng {seen[value]}", value)


# Registration.


def registration(_rules: Rules, rows: list[Row]) -> Values:
    """The registration that a unit's rows make."""
    aims = [
        _present({name: row.values.get(name) for name in ("title", "who", "number")})
        for row in rows
        if "title" in row.values
    ]
    goals = [row.values["goal"] for row in rows if "goal" in row.values]
    women = _shared(rows, "women_percent")
    return _present(
        {"unit": rows[0].values["unit"], "aims": aims, "goals": goals, "women_percent": women}
    )


def registration_judged(_rules: Rules, rows: list[Row]) -> Iterator[Wrong]:
    """A registration names a title; who and how many stand beside one."""
    if not any("title" in row.values for row in rows):
        yield Wrong(rows[0], "title", SheetCode.VALUE_MISSING, "ít nhất một danh hiệu")
    for row in rows:
        if "title" not in row.values and ("who" in row.values or "number" in row.values):
            yield Wrong(row, "title", SheetCode.VALUE_MISSING, "danh hiệu")


def registration_spread(data: u.ParticipationRegistered) -> list[Values]:
    """The rows of a registration: aims and goals side by side."""
    rows: list[Values] = [{} for _ in range(max(len(data.aims), len(data.goals)))]
    for row, aim in zip(rows, data.aims, strict=False):
        row |= {"title": aim.title, "who": aim.who, "number": aim.number}
    for row, goal in zip(rows, data.goals, strict=False):
        row["goal"] = goal
    return _fill(rows, {"women_percent": data.women_percent}, {"unit": data.unit})


# Reports.

_FILE: Final = ("file_name", "file_bytes", "file_sha256")


def report(_rules: Rules, rows: list[Row]) -> Values:
    """The report that rows of one unit and period make; a figure without a value is not reported."""
    figures = {
        row.values["figure"]: row.values["value"]
        for row in rows
        if {"figure", "value"} <= row.values.keys()
    }
    evidence = [
        _present(
            {
                "name": row.values["file_name"],
                "bytes": row.values["file_bytes"],
                "sha256": row.values["file_sha256"],
                "criterion": row.values.get("file_criterion"),
            }
        )
        for row in rows
        if row.values.keys() >= set(_FILE)
    ]
    head = rows[0].values
    made = {"unit": head["unit"], "kind": head["report"], "summary": _shared(rows, "summary")}
    return _present({**made, "figures": figures or None, "evidence": evidence or None})


def report_judged(_rules: Rules, rows: list[Row]) -> Iterator[Wrong]:
    """A figure and a file stand once; a file has name, size and hash."""
    yield from _twice([row for row in rows if "value" in row.values], "figure")
    yield from _twice(rows, "file_sha256")
    for row in rows:
        if "value" in row.values and "figure" not in row.values:
            yield Wrong(row, "figure", SheetCode.VALUE_MISSING, "chỉ tiêu")
        if any(key in row.values for key in (*_FILE, "file_criterion")):
            for key in _FILE:
                if key not in row.values:
                    yield Wrong(row, key, SheetCode.VALUE_MISSING, "đủ tên tệp, số byte, mã băm")


def report_spread(data: u.ReportSubmitted) -> list[Values]:
    """The rows of a report: figures and files side by side."""
    rows: list[Values] = [{} for _ in range(max(len(data.figures), len(data.evidence)))]
    for row, (figure, value) in zip(rows, data.figures.items(), strict=False):
        row |= {"figure": figure, "value": value}
    for row, file in zip(rows, data.evidence, strict=False):
        row |= {"file_name": file.name, "file_bytes": file.bytes, "file_sha256": file.sha256}
        row["file_criterion"] = file.criterion
    return _fill(rows, {"summary": data.summary}, {"unit": data.unit, "report": data.kind})


# Score sheets.


def scores(rules: Rules, rows: list[Row]) -> Values:
    """The score sheet that a unit's rows make."""
    marks = [
        _present({name: row.values.get(name) for name in ("criterion", "points", "value", "note")})
        | ({"evidence": row.values["evidence"]} if row.values.get("evidence") else {})
        for row in rows
    ]
    version = _shared(rows, "rulebook") or rules.rulebook
    return _present({"unit": rows[0].values["unit"], "rulebook": version, "marks": marks})


def scores_judged(rules: Rules, rows: list[Row]) -> Iterator[Wrong]:
    """Every line of the table once, within its range and steps, with its evidence or explanation."""
    yield from _twice(rows, "criterion")
    lines = {line.code: line for line in rules.criteria}
    for row in rows:
        line, points = lines.get(row.values.get("criterion", "")), row.values.get("points")
        if line is None or points is None:
            continue
        if not 0 <= points <= line.maximum:
            bounds = f"0 đến {display_number(line.maximum)}"
            given = display_number(points)
            yield Wrong(row, "points", SheetCode.CRITERION_OUT_OF_RANGE, bounds, given)
        elif rules.step and points % rules.step:
            step = f"bội số của {display_number(rules.step)}"
            yield Wrong(row, "points", SheetCode.SCORE_STEP_WRONG, step, display_number(points))
        if line.evidence and not {"note", "evidence"} & row.values.keys():
            yield Wrong(row, "note", SheetCode.EVIDENCE_MISSING)
    missing = [code for code in lines if code not in {row.values.get("criterion") for row in rows}]
    if missing:
        yield Wrong(rows[0], "criterion", SheetCode.SCORES_INCOMPLETE, ", ".join(missing))


def scores_spread(data: u.ScoreSheetSubmitted) -> list[Values]:
    """The rows of a score sheet."""
    rows = [
        {
            "criterion": mark.criterion,
            "points": mark.points,
            "value": mark.value,
            "note": mark.note,
            "evidence": mark.evidence,
        }
        for mark in data.marks
    ]
    return _fill(rows, {}, {"unit": data.unit, "rulebook": data.rulebook})


def scores_listed(rules: Rules) -> list[Values]:
    """A row for every unit and line of the table."""
    return [
        {"unit": unit.code, "criterion": line.code, "rulebook": rules.rulebook}
        for unit in rules.units
        for line in rules.criteria
    ]


# Targets of the pledge, and results.


def targets(_rules: Rules, rows: list[Row]) -> Values:
    """The draft of a pledge that its rows make."""
    targets = [
        _present(
            {
                name: row.values.get(name)
                for name in ("target", "name_vi", "measure", "value", "sense", "of")
            }
        )
        for row in rows
    ]
    head = {name: _shared(rows, name) for name in ("version", "theme", "text")}
    return _present({**head, "targets": targets})


def targets_judged(_rules: Rules, rows: list[Row]) -> Iterator[Wrong]:
    """A target stands once; theme and text stand somewhere."""
    yield from _twice(rows, "target")
    for key in ("theme", "text"):
        if _shared(rows, key) is None:
            yield Wrong(rows[0], key, SheetCode.VALUE_MISSING, "ghi ở dòng đầu")


def targets_spread(data: p.PledgeDrafted) -> list[Values]:
    """The rows of a draft."""
    rows = [
        {
            "target": one.target,
            "name_vi": one.name_vi,
            "measure": one.measure,
            "value": one.value,
            "sense": one.sense,
            "of": one.of,
        }
        for one in data.targets
    ]
    return _fill(rows, {"theme": data.theme, "text": data.text}, {"version": data.version})


def targets_listed(rules: Rules) -> list[Values]:
    """The targets of the draft before, as a start."""
    return [
        {
            "version": rules.draft + 1,
            "target": one.code,
            "name_vi": one.name,
            "measure": one.measure,
            "value": one.value,
            "sense": one.sense,
        }
        for one in rules.targets
    ]


def result(_rules: Rules, rows: list[Row]) -> Values:
    """The result that a row says."""
    return _present(
        {
            name: rows[0].values.get(name)
            for name in ("unit", "target", "value", "as_of", "note", "evidence")
        }
    )


def result_spread(data: p.TargetResultReported) -> list[Values]:
    """The row of a result."""
    made = {"unit": data.unit, "target": data.target, "value": data.value, "as_of": data.as_of}
    return [_present({**made, "note": data.note, "evidence": data.evidence})]


def results_listed(rules: Rules) -> list[Values]:
    """A row for every unit and target."""
    return [
        {"unit": unit.code, "target": target.code}
        for unit in rules.units
        for target in rules.targets
    ]
