"""The year's rules that a workbook is made from and checked with, gathered from events and carried in its hidden sheet."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ValidationError

from thidua.contracts import CONTRACTS
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.contracts.base import Points, Value
from thidua.contracts.envelope import CYCLE_SUBJECT
from thidua.errors import RejectError, ThiduaError
from thidua.excel.faults import quoted
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thidua.contracts import EventData

Kind = Literal["dang-ky", "bao-cao", "tu-cham", "chi-tieu", "ket-qua"]
KINDS: Final[tuple[Kind, ...]] = ("dang-ky", "bao-cao", "tu-cham", "chi-tieu", "ket-qua")
FORMAT: Final = 1
MAX_EVENTS_FILE: Final = 64_000_000


class EventsFileError(RejectError):
    """A file of events cannot be read; says the line."""

    def __init__(self, path: object, line: int, fault: str) -> None:
        super().__init__(f"{path}, dòng {line} / line {line}: {quoted(fault)}")

    def diagnostics(self) -> str:
        """Show the shapes that are read."""
        return (
            'Cần JSON {"type", "subject", "data"}, JWS, hoặc mỗi dòng một sự kiện (JSONL). '
            "/ JSON with type, subject and data, a JWS, log entries, or one of these per line."
        )


class RulesMissingError(RejectError):
    """No rules of the asked cycle are among the events."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Trong tệp sự kiện chưa có {what} / the events hold no {what}")

    def diagnostics(self) -> str:
        """Name the events that are needed."""
        return (
            "Đưa vào tệp có rulebook-adopted, regulation-issued, pledge-drafted, unit-registered của năm. "
            "/ Give the year's rulebook, regulation, pledge and units."
        )


class Named(Value):
    """A code and what it is called on the form."""

    code: str
    name: str


class Line(Value):
    """A line of the scoring table."""

    code: str
    name: str
    maximum: Points
    evidence: bool


class Goal(Value):
    """A target of the pledge."""

    code: str
    name: str
    measure: str
    value: Points
    sense: str


class Rules(Value):
    """What the form of one cycle is made from; it travels in the workbook, the services judge by the log alone."""

    format: Literal[1] = FORMAT
    kind: Kind
    subject: str
    rulebook: int | None = None
    step: Points | None = None
    criteria: tuple[Line, ...] = ()
    titles: tuple[Named, ...] = ()
    targets: tuple[Goal, ...] = ()
    draft: int = 0
    units: tuple[Named, ...] = ()


class Told(Value):
    """An event without its signature: what it says of what."""

    type: str
    subject: str
    data: dict[str, Any]

    def parsed(self) -> EventData | None:
        """Its typed data; ``None`` when the type is unknown or the data does not fit it."""
        contract = CONTRACTS.get(self.type)
        try:
            payload = {"data": self.data}
            return None if contract is None else contract.parse(json.dumps(payload).encode())
        except ValidationError:
            return None


def read_events(path: Path) -> list[Told]:
    """
    The events in a file: one JSON object or array, JWS, log entries, or one of these per line.

    Refused log entries and lines of other kinds (a scenario's set-up) tell nothing. Raises EventsFileError.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_EVENTS_FILE + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        raise EventsFileError(path, 0, error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise EventsFileError(path, 0, str(error)) from None
    if len(raw) > MAX_EVENTS_FILE:
        raise EventsFileError(path, 0, f"> {MAX_EVENTS_FILE} byte")
    return parse_events(text, path)


def parse_events(text: str, name: object = "-") -> list[Told]:
    """The events in *text*, as `read_events` reads them."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        lines = enumerate(text.split("\n"), 1)
        told = [_of_line(line.strip(), number, name) for number, line in lines if line.strip()]
    else:
        given = whole if isinstance(whole, list) else [whole]
        told = [_of_value(value, number, name) for number, value in enumerate(given, 1)]
    return [one for one in told if one is not None]


def _of_line(line: str, number: int, name: object) -> Told | None:
    if not line.startswith("{"):
        return _of_jws(line, number, name)
    try:
        return _of_value(json.loads(line), number, name)
    except (ValueError, RecursionError) as error:
        raise EventsFileError(name, number, str(error)) from None


def _of_value(value: object, number: int, name: object) -> Told | None:
    if isinstance(value, str):
        return _of_jws(value, number, name)
    if not isinstance(value, dict):
        raise EventsFileError(name, number, "cần một đối tượng / an object is expected")
    if "jws" in value or "said" in value:
        recorded = isinstance(value.get("jws"), str) and "refused" not in value
        return _of_jws(value["jws"], number, name) if recorded else None
    if value.get("expect") is not None or not {"type", "subject", "data"} <= value.keys():
        return None
    return _told(value, number, name)


def _of_jws(token: str, number: int, name: object) -> Told:
    try:
        payload = json.loads(parse_jws(token).payload)
    except (ThiduaError, ValueError, RecursionError) as error:
        raise EventsFileError(name, number, str(error)) from None
    if not isinstance(payload, dict):
        raise EventsFileError(name, number, "JWS")
    return _told(payload, number, name)


def _told(value: dict[str, Any], number: int, name: object) -> Told:
    try:
        return Told(type=value["type"], subject=value["subject"], data=value["data"])
    except (KeyError, ValidationError):
        raise EventsFileError(name, number, "type, subject, data") from None


def gather(kind: Kind, events: Iterable[Told], cycle: str | None = None) -> Rules:
    """
    The rules of *cycle* for a form; without it, of the only cycle that has a rulebook or a pledge.

    Raises RulesMissingError when what the form is made from is not among the events.
    """
    events = tuple(events)
    subject = cycle or _only_cycle(events)
    if not CYCLE_SUBJECT.fullmatch(subject):
        raise RulesMissingError(f"năm thi đua “{quoted(subject)}”, dạng BVHTTDL/BGPB/2020")
    authority, _, year = subject.split("/")
    said = [(told.subject, data) for told in events if (data := told.parsed()) is not None]
    of_cycle = [data for where, data in said if where == subject]
    rulebooks = [data for data in of_cycle if isinstance(data, u.RulebookAdopted)]
    regulations = [
        data
        for where, data in said
        if isinstance(data, u.RegulationIssued) and where == authority and data.year == int(year)
    ]
    drafts = [data for data in of_cycle if isinstance(data, p.PledgeDrafted)]
    revised = {d.target: d.value for d in of_cycle if isinstance(d, p.TargetRevised)}
    return rules_of(
        kind,
        subject,
        rulebook=rulebooks[-1] if rulebooks else None,
        regulation=regulations[-1] if regulations else None,
        pledge=drafts[-1] if drafts else None,
        revised=revised,
        units=_units(said, subject),
    )


def rules_of(
    kind: Kind,
    subject: str,
    *,
    rulebook: u.RulebookAdopted | None,
    regulation: u.RegulationIssued | None,
    pledge: p.PledgeDrafted | None,
    revised: dict[str, Decimal],
    units: tuple[Named, ...],
) -> Rules:
    """The rules of a form from the events that make them; raises RulesMissingError."""
    if kind == "tu-cham" and rulebook is None:
        raise RulesMissingError("quy chế và bảng điểm / rulebook-adopted")
    if kind == "dang-ky" and regulation is None:
        raise RulesMissingError("danh mục danh hiệu / regulation-issued")
    if kind == "ket-qua" and pledge is None:
        raise RulesMissingError("giao ước / pledge-drafted")
    lines = tuple(rulebook.scoring.lines.values()) if rulebook else ()
    titles = regulation.titles if regulation else ()
    targets = pledge.targets if pledge else ()
    return Rules(
        kind=kind,
        subject=subject,
        rulebook=rulebook.version if rulebook else None,
        step=rulebook.scoring.step if rulebook else None,
        criteria=tuple(
            Line(code=c.code, name=c.name_vi, maximum=c.maximum, evidence=c.evidence) for c in lines
        ),
        titles=tuple(Named(code=t.code, name=t.name_vi) for t in titles),
        targets=tuple(
            Goal(
                code=t.target,
                name=t.name_vi,
                measure=t.measure,
                value=revised.get(t.target, t.value),
                sense=t.sense,
            )
            for t in targets
        ),
        draft=pledge.version if pledge else 0,
        units=units,
    )


def _only_cycle(events: tuple[Told, ...]) -> str:
    making = {u.RulebookAdopted.TYPE, p.PledgeDrafted.TYPE}
    found = sorted({told.subject for told in events if told.type in making})
    if len(found) != 1 or found[0].count("/") != 2:  # noqa: PLR2004 - authority/cluster/year
        which = f"--cycle ({', '.join(found)})" if found else "rulebook-adopted, pledge-drafted"
        raise RulesMissingError(which)
    return found[0]


def _units(said: list[tuple[str, EventData]], subject: str) -> tuple[Named, ...]:
    """The members of the cluster in the year, by the name they bear last."""
    _, cluster, year = subject.split("/")
    names: dict[str, str] = {}
    members: dict[str, None] = {}
    for _, data in said:
        if isinstance(data, (u.UnitRegistered, u.UnitRenamed)):
            names[data.unit] = data.short_vi
        elif isinstance(data, u.MembershipStarted):
            if data.cluster == cluster and data.valid_from.year <= int(year):
                members[data.unit] = None
        elif (
            isinstance(data, u.MembershipEnded)
            and data.cluster == cluster
            and data.last_day.year < int(year)
        ):
            members.pop(data.unit, None)
    return tuple(Named(code=code, name=names.get(code, code)) for code in members)
