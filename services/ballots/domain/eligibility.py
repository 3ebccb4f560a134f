"""
Who may be considered for a title (*xét danh hiệu*), and what each answer rests on.

Folded from the events of all services under one cycle. Nothing here depends on the day it is
asked: the members are those of the ranking's day, months of existence count to the year's end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, get_args

from thidua.clock import local_day
from thidua.contracts import Event, EventData
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.contracts.base import format_points
from thidua.contracts.rulebook import Requirements, Rule
from thidua.deciding import Own, View
from thidua.frozen import replace
from thidua.standing import Frame, Registry

if TYPE_CHECKING:
    from services.ballots.domain.state import Cycle

BELIEVED: Final[frozenset[type[EventData]]] = frozenset(
    {
        u.ParticipationRegistered,
        u.ExceptionGranted,
        u.UnitSuspended,
        u.SuspensionLifted,
        u.RankingConsolidated,
        u.RulebookAdopted,
        p.PledgeSigned,
        p.PledgeConcluded,
    }
)
"""The other services' events that eligibility rests on."""
OFFICES: Final = get_args(b.Office)
"""What is elected; everything else that is voted on is a title."""
_QUOTED: Final = 80
_BUDGET: Final = 40_000
"""Bytes of findings that surely fit into one entry of the log once they are encoded and signed."""


@dataclass(frozen=True)
class Ground:
    """An event a finding rests on: its hash, its local day, and the reason it gave."""

    event: str
    day: date
    reason: str = ""


@dataclass(frozen=True)
class Ranking:
    """The ranking in force: its units from high to low with rank and total."""

    version: int
    event: str
    day: date
    order: tuple[str, ...]
    ranks: Mapping[str, int]
    totals: Mapping[str, Decimal]


@dataclass(frozen=True)
class Pledge:
    """The concluded pledge: its event and who signed it or would not."""

    event: str
    signed: frozenset[str]
    declined: frozenset[str]


@dataclass(frozen=True)
class Considered:
    """
    All that eligibility is computed from, and the last determination recorded.

    ``moved`` is the hash of the latest event that may change the answer, the last determination
    included, so every new version follows from an event that no earlier one followed from.
    """

    registered: Mapping[str, Ground] = field(default_factory=dict)
    exceptions: Mapping[tuple[str, Rule], Ground] = field(default_factory=dict)
    suspended: Mapping[str, Ground] = field(default_factory=dict)
    lifted: Mapping[str, Ground] = field(default_factory=dict)
    signatures: Mapping[str, Ground] = field(default_factory=dict)
    pledge: Pledge | None = None
    ranking: Ranking | None = None
    determined: b.EligibilityDetermined | None = None
    moved: str = ""

    def row(self, unit: str, title: str) -> b.Eligibility | None:
        """What was last determined of *unit* for *title*; ``None`` when nothing was."""
        rows = self.determined.rows if self.determined is not None else ()
        return next((row for row in rows if (row.unit, row.title) == (unit, title)), None)

    def eligible(self, unit: str, title: str) -> bool:
        """Whether *unit* may be considered for *title*, as last determined."""
        row = self.row(unit, title)
        return row is not None and row.eligible

    def obstacle(self, unit: str, title: str) -> tuple[str, str] | None:
        """The first rule that keeps *unit* from *title*, with its fact; ``None`` when none does."""
        row = self.row(unit, title)
        if row is None:
            return "ranking", _NOT_RANKED
        if row.eligible:
            return None
        broken = next(finding for finding in row.findings if not finding.holds)
        return broken.rule, broken.fact


def evolve_considered(considered: Considered, event: Event) -> Considered:
    """*considered* after *event*; events that eligibility does not rest on leave it as it is."""
    ground = Ground(event.hash, local_day(event.rx))
    changed = _changed(considered, event.data, ground)
    return considered if changed is None else replace(changed, moved=event.hash)


def _changed(considered: Considered, data: object, ground: Ground) -> Considered | None:
    match data:
        case u.ParticipationRegistered(unit=unit):
            return replace(considered, registered={**considered.registered, unit: ground})
        case u.ExceptionGranted(unit=unit, rule=rule, reason=reason):
            granted = {**considered.exceptions, (unit, rule): replace(ground, reason=reason)}
            return replace(considered, exceptions=granted)
        case u.UnitSuspended(unit=unit, reason=reason):
            suspended = {**considered.suspended, unit: replace(ground, reason=reason)}
            return replace(considered, suspended=suspended)
        case u.SuspensionLifted(unit=unit, reason=reason):
            suspended = {code: of for code, of in considered.suspended.items() if code != unit}
            lifted = {**considered.lifted, unit: replace(ground, reason=reason)}
            return replace(considered, suspended=suspended, lifted=lifted)
        case p.PledgeSigned(unit=unit):
            return replace(considered, signatures={**considered.signatures, unit: ground})
        case p.PledgeConcluded(signed=signed, declined=declined):
            pledge = Pledge(ground.event, frozenset(signed), frozenset(declined))
            return replace(considered, pledge=pledge)
        case u.RankingConsolidated():
            return replace(considered, ranking=_ranking(data, ground))
        case u.RulebookAdopted():
            return considered
        case b.EligibilityDetermined():
            return replace(considered, determined=data)
        case _:
            return None


def _ranking(data: u.RankingConsolidated, ground: Ground) -> Ranking:
    return Ranking(
        version=data.version,
        event=ground.event,
        day=ground.day,
        order=tuple(row.unit for row in data.rows),
        ranks={row.unit: row.rank for row in data.rows},
        totals={row.unit: row.total for row in data.rows},
    )


def determine(view: View[Cycle], subject: str) -> Own | None:
    """
    The determination a cycle owes, as an own event.

    ``None`` before the first ranking, while nothing changed, while a title is being voted on, and
    once the year is closed.
    """
    cycle = view.cycle(subject)
    frame, considered = cycle.frame, cycle.considered
    if frame.closed or considered.ranking is None:
        return None
    if any(one.state == "open" and one.about not in OFFICES for one in cycle.ballots.values()):
        return None
    determined = determination(considered, view.registry(subject), frame)
    return None if determined is None else Own(determined, subject, considered.moved)


def determination(
    considered: Considered, registry: Registry, frame: Frame
) -> b.EligibilityDetermined | None:
    """The determination that is owed; ``None`` while there is no ranking or nothing changed."""
    ranking, regulation = considered.ranking, registry.regulations.get(frame.year)
    if ranking is None or regulation is None or frame.rulebook is None:
        return None
    titles = [title.code for title in regulation.titles if not title.state_level]
    members = registry.members(frame.cluster, ranking.day)
    looked_at = {unit: tuple(_findings(considered, registry, frame, unit)) for unit in members}
    cost = sum(100 + 3 * len(f.fact) for found in looked_at.values() for f in found) * len(titles)
    rows = tuple(
        b.Eligibility(
            unit=unit,
            title=title,
            eligible=all(finding.holds for finding in found),
            # A large cluster's findings would not fit into an entry: then the first obstacle alone.
            findings=found if cost <= _BUDGET else tuple(f for f in found if not f.holds)[:1],
        )
        for unit, found in looked_at.items()
        for title in titles
    )
    last = considered.determined
    if last is not None and (last.ranking, last.rows) == (ranking.version, rows):
        return None
    version = last.version + 1 if last is not None else 1
    return b.EligibilityDetermined(version=version, ranking=ranking.version, rows=rows)


def _findings(
    considered: Considered, registry: Registry, frame: Frame, unit: str
) -> Iterator[b.Finding]:
    """Every rule that the rulebook asks for, looked at for *unit*."""
    required = frame.rulebook.requirements if frame.rulebook is not None else Requirements()
    if required.registration:
        yield _lifted(considered, unit, _registration(considered, unit))
    if required.pledge:
        yield _lifted(considered, unit, _pledge(considered, unit))
    if required.ranking:
        yield _lifted(considered, unit, _rank(considered, unit))
    if required.not_suspended:
        regulation = registry.regulations.get(frame.year)
        strict = regulation is None or regulation.suspended == "not-considered"
        yield _lifted(considered, unit, _suspension(considered, unit, strict=strict))
    if required.minimum_total is not None:
        yield _lifted(considered, unit, _total(considered, unit, required.minimum_total))
    if required.minimum_months is not None:
        found = _months(registry, frame.year, unit, required.minimum_months)
        yield _lifted(considered, unit, found)


def _lifted(considered: Considered, unit: str, finding: b.Finding) -> b.Finding:
    """*finding*, or the exception that lifts a rule that does not hold."""
    exception = considered.exceptions.get((unit, finding.rule))
    if finding.holds or exception is None:
        return finding
    return _found(finding.rule, f"được xét ngoại lệ: {_quoted(exception.reason)}", exception.event)


_NOT_RANKED: Final = "chưa có tên trong bảng xếp hạng"


def _registration(considered: Considered, unit: str) -> b.Finding:
    registered = considered.registered.get(unit)
    if registered is None:
        return _broken("registration", "chưa đăng ký thi đua")
    return _found("registration", f"đăng ký ngày {_shown(registered.day)}", registered.event)


def _pledge(considered: Considered, unit: str) -> b.Finding:
    signature, pledge = considered.signatures.get(unit), considered.pledge
    if pledge is not None and unit in pledge.declined:
        return _broken("pledge", "không ký giao ước", pledge.event)
    if signature is None:
        return _broken("pledge", "chưa ký giao ước")
    if pledge is None or unit not in pledge.signed:
        return _broken("pledge", "giao ước chưa ký kết xong", signature.event)
    return _found("pledge", f"ký giao ước ngày {_shown(signature.day)}", signature.event)


def _rank(considered: Considered, unit: str) -> b.Finding:
    ranking = considered.ranking
    if ranking is None or unit not in ranking.ranks:
        return _broken("ranking", _NOT_RANKED, ranking.event if ranking else None)
    return _found("ranking", f"xếp hạng {ranking.ranks[unit]}", ranking.event)


def _suspension(considered: Considered, unit: str, *, strict: bool) -> b.Finding:
    suspended, lifted = considered.suspended.get(unit), considered.lifted.get(unit)
    if suspended is not None and strict:
        return _broken("not-suspended", f"chưa xét: {_quoted(suspended.reason)}", suspended.event)
    if suspended is not None:
        fact = f"tạm dừng nhưng vẫn được xét theo quy chế: {_quoted(suspended.reason)}"
        return _found("not-suspended", fact, suspended.event)
    if lifted is not None:
        return _found("not-suspended", f"được xét lại: {_quoted(lifted.reason)}", lifted.event)
    return _found("not-suspended", "không bị tạm dừng xét")


def _total(considered: Considered, unit: str, minimum: Decimal) -> b.Finding:
    ranking = considered.ranking
    if ranking is None or unit not in ranking.totals:
        return _broken("minimum-total", _NOT_RANKED)
    total = ranking.totals[unit]
    fact = f"tổng điểm {_decimal(total)}, cần từ {_decimal(minimum)}"
    return b.Finding(rule="minimum-total", holds=total >= minimum, fact=fact, event=ranking.event)


def _months(registry: Registry, year: int, unit: str, minimum: int) -> b.Finding:
    since = registry.units[unit].valid_from
    whole = (year + 1 - since.year) * 12 + 1 - since.month - (1 if since.day > 1 else 0)
    fact = f"hoạt động {max(whole, 0)} tháng đến hết năm, cần từ {minimum} tháng"
    return b.Finding(rule="minimum-months", holds=whole >= minimum, fact=fact)


def _found(rule: Rule, fact: str, event: str | None = None) -> b.Finding:
    return b.Finding(rule=rule, holds=True, fact=fact, event=event)


def _broken(rule: Rule, fact: str, event: str | None = None) -> b.Finding:
    return b.Finding(rule=rule, holds=False, fact=fact, event=event)


def _quoted(reason: str) -> str:
    return reason if len(reason) <= _QUOTED else f"{reason[: _QUOTED - 1]}…"


def _shown(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _decimal(points: Decimal) -> str:
    return format_points(points).replace(".", ",")
