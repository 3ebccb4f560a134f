"""
The scenario file: JSON Lines, a set-up first, then events in order of arrival.

Nothing about the outcome stands in it: what a line may *expect* is only that it is refused, and how.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from thidua.contracts.base import Code, Name
from thidua.errors import RejectError
from thidua.refusals import Code as RefusalCode

Model = TypeVar("Model", bound=BaseModel)


class ScenarioError(RejectError):
    """A scenario file is not as it must be; says the line and what is expected there."""

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(f"dòng {line} / line {line}: {fault}")
        self.line = line
        self.fault = fault

    def diagnostics(self) -> str:
        """Point at the description."""
        return "Xem services/scenarios/README.md / the format is described in services/scenarios/README.md"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Authority(_Part):
    """Who founds the log."""

    code: Code
    name_vi: Name
    name_en: Name | None = None


class Setup(_Part):
    """The log's origin (a sandbox), its authority, and every unit that publishes with its kind of key."""

    title: Name
    origin: Annotated[str, StringConstraints(pattern=r"^sandbox/[a-z0-9][a-z0-9./-]{1,100}$")]
    authority: Authority
    publishers: Annotated[
        dict[Code, Literal["ES256", "EdDSA", "RS256", "PS256"]], Field(min_length=1)
    ]


class Line(_Part):
    """
    One event: who publishes what, when.

    ``time`` is when it happens; ``sent`` the event's own ``time`` when that is another; ``arrives`` its
    arrival at the log when that is later. ``expect`` is the refusal it must meet.
    """

    publisher: Code
    time: AwareDatetime
    sent: AwareDatetime | None = None
    arrives: AwareDatetime | None = None
    type: str
    subject: str
    data: dict[str, Any]
    expect: RefusalCode | None = None
    note: str | None = None

    @property
    def arrival(self) -> datetime:
        """When the log receives it."""
        return self.arrives or self.time


@dataclass(frozen=True, slots=True)
class Scenario:
    """A set-up and its events in order of arrival; ``numbers`` are their lines in the file."""

    setup: Setup
    lines: tuple[Line, ...]
    numbers: tuple[int, ...]


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file; raises :class:`ScenarioError` at the first fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(0, f"{path}: {error}") from None
    return parse_scenario(text)


def parse_scenario(text: str) -> Scenario:
    """The scenario in *text*; raises :class:`ScenarioError` at the first fault."""
    setup: Setup | None = None
    lines: list[Line] = []
    numbers: list[int] = []
    for number, raw in enumerate(text.split("\n"), 1):
        if not raw.strip():
            continue
        members = _object(number, raw)
        if setup is None:
            setup = _setup(number, members)
            continue
        line = _parsed(Line, number, members)
        _check(line, setup, lines, number)
        lines.append(line)
        numbers.append(number)
    if setup is None:
        raise ScenarioError(1, 'cần {"setup": {…}} ở dòng đầu / the first line is {"setup": {…}}')
    return Scenario(setup, tuple(lines), tuple(numbers))


def _object(number: int, raw: str) -> dict[str, Any]:
    try:
        members = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(number, f"không phải JSON / no JSON: {error}") from None
    if not isinstance(members, dict):
        raise ScenarioError(number, "cần một đối tượng JSON / a JSON object is expected")
    return members


def _setup(number: int, members: dict[str, Any]) -> Setup:
    if members.keys() != {"setup"} or not isinstance(members["setup"], dict):
        raise ScenarioError(
            number, 'cần {"setup": {…}} ở dòng đầu / the first line is {"setup": {…}}'
        )
    return _parsed(Setup, number, members["setup"])


def _parsed(model: type[Model], number: int, members: dict[str, Any]) -> Model:
    try:
        return model.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        raise ScenarioError(number, f"{where}: {first['msg']}") from None


def _check(line: Line, setup: Setup, before: list[Line], number: int) -> None:
    if line.publisher != setup.authority.code and line.publisher not in setup.publishers:
        raise ScenarioError(
            number, f"publisher {line.publisher}: không có trong setup / is not in the set-up"
        )
    if line.arrival < line.time:
        raise ScenarioError(number, "arrives: sớm hơn time / is earlier than time")
    if before and line.arrival < before[-1].arrival:
        raise ScenarioError(number, "chưa sắp theo giờ đến / lines are not sorted by arrival")
