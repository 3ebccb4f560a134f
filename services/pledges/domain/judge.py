"""The rules of movements and pledges, and what the service owes when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from services.pledges.domain.state import BELIEVED, Cycle, evolve, start
from thidua.clock import start_of_local_day
from thidua.contracts import Event, Role, Scope
from thidua.contracts import pledges as p
from thidua.deciding import (
    Judge,
    Judgement,
    Own,
    Recorded,
    Refused,
    View,
    merged_fault,
    role_fault,
)
from thidua.refusals import Code
from thidua.standing import Registry, local_day, roles_held


def judge(event: Event, view: View[Cycle], rx: datetime) -> Judgement:
    """Recorded or refused, for every event of the service."""
    registry = view.registry(event.subject)
    if event.data.SCOPE is Scope.REGISTRY:
        held = roles_held(event.source, registry, None, None, local_day(rx))
        return role_fault(event, held, None) or _movement_approved(event, registry, rx)
    cycle = view.cycle(event.subject)
    if not cycle.frame.opened:
        return Refused(Code.CYCLE_UNKNOWN, {"given": event.subject})
    if cycle.frame.closed:
        facts = {"given": event.subject, "date": str(cycle.frame.closed_on)}
        return Refused(Code.CYCLE_CLOSED, facts)
    before = view.cycle(cycle.frame.before).frame
    held = roles_held(event.source, registry, cycle.frame, before, local_day(rx))
    return (
        merged_fault(event, registry, local_day(rx))
        or role_fault(event, held, cycle.frame.year)
        or _own_name(event)
        or _cycle_event(event, cycle, registry, rx)
    )


def due(view: View[Cycle], subject: str, rx: datetime) -> tuple[Own, ...]:
    """
    A drafted pledge is opened once the year has a chair; an open one is concluded when nobody can answer any more.

    The chair is elected at a conference or carried over; both stand in the log of ballots. Nobody is
    left to answer when those who did not have merged, ended or left the cluster.
    """
    cycle = view.cycle(subject)
    if not cycle.frame.opened or cycle.frame.closed:
        return ()
    registry, day = view.registry(subject), local_day(rx)
    if cycle.opened is None:
        return _opening(cycle, registry, day)
    if cycle.concluded or not cycle.answered or _waiting(cycle, registry, day):
        return ()
    return (Own(_concluded(cycle.opened, cycle.signed, cycle.declined), subject, cycle.opened_by),)


def alarm(view: View[Cycle], subject: str) -> datetime | None:
    """When the last of those who have not answered the pledge will be no member any more."""
    cycle = view.cycle(subject)
    if cycle.opened is None or cycle.concluded or not cycle.answered:
        return None
    registry = view.registry(subject)
    waiting = set(cycle.opened.members) - cycle.answered
    last_days = {m.last_day for m in registry.memberships if m.unit in waiting and m.last_day}
    ends = {day + timedelta(days=1) for day in last_days}
    ends |= {unit.ended for unit in registry.units.values() if unit.code in waiting and unit.ended}
    gone = (day for day in sorted(ends) if not _waiting(cycle, registry, day))
    first = next(gone, None)
    return None if first is None else start_of_local_day(first)


def _opening(cycle: Cycle, registry: Registry, day: date) -> tuple[Own, ...]:
    frame, draft, chair = cycle.frame, cycle.draft, cycle.frame.chair
    if draft is None or chair is None or chair.status == "refused":
        return ()
    members = registry.members(frame.cluster, day)
    if not members:
        return ()
    opened = p.PledgeOpened(
        version=draft.data.version, draft=draft.event, chair=chair.unit, members=members
    )
    return (Own(opened, frame.subject, draft.event),)


def _waiting(cycle: Cycle, registry: Registry, day: date) -> frozenset[str]:
    """Who may still answer the opened pledge on *day*: on its roll, a member then, and silent so far."""
    roll = cycle.opened.members if cycle.opened is not None else ()
    members = registry.members(cycle.frame.cluster, day)
    return frozenset(roll).intersection(members) - cycle.answered


def _concluded(
    opened: p.PledgeOpened, signed: tuple[str, ...], declined: tuple[str, ...]
) -> p.PledgeConcluded:
    return p.PledgeConcluded(version=opened.version, signed=signed, declined=declined)


def _movement_approved(event: Event, registry: Registry, rx: datetime) -> Judgement:
    data = event.data
    if not isinstance(data, p.MovementApproved):
        return Refused(Code.ROLE_REQUIRED, {"required": [Role.SERVICE.value], "held": []})
    if data.year in registry.movements:
        return Refused(Code.ALREADY_DONE, {"what": f"movement {data.year}"})
    return _day_fault(data.decided_on, rx) or Recorded()


def _cycle_event(event: Event, cycle: Cycle, registry: Registry, rx: datetime) -> Judgement:
    data = event.data
    match data:
        case p.MovementLaunched():
            return _done("movement") if cycle.launched else Recorded()
        case p.PledgeDrafted():
            return _drafted(data, cycle, registry, rx)
        case p.PledgeSigned() | p.PledgeDeclined():
            return _answered(data, cycle, registry, rx)
        case p.PledgeSent():
            return _sent(data, cycle, registry, rx)
        case p.TargetRevised():
            return _revised(data, cycle, registry, rx)
        case p.TargetResultReported():
            return _result(data, cycle, rx)
        case _:
            return Refused(Code.ROLE_REQUIRED, {"required": [Role.SERVICE.value], "held": []})


def _drafted(data: p.PledgeDrafted, cycle: Cycle, registry: Registry, rx: datetime) -> Judgement:
    """A draft may be replaced by its next version until it is opened for signing."""
    if cycle.opened is not None:
        return _state("pledge opened", "draft")
    current = cycle.draft.data.version if cycle.draft is not None else 0
    if data.version != current + 1:
        return _state(f"draft {current}", f"version {current + 1}")
    names = [target.target for target in data.targets]
    if len(set(names)) != len(names):
        return Refused(Code.OVERLAP, {"what": "targets"})
    members = registry.members(cycle.frame.cluster, local_day(rx))
    for target in data.targets:
        for unit in target.of:
            if unit not in members:
                return Refused(Code.NOT_MEMBER, {"unit": unit, "year": str(cycle.frame.year)})
    return Recorded()


def _answered(
    data: p.PledgeSigned | p.PledgeDeclined, cycle: Cycle, registry: Registry, rx: datetime
) -> Judgement:
    """Each member on the roll signs or declines once; the last one concludes the pledge."""
    opened = cycle.opened
    if opened is None or cycle.concluded:
        return Refused(
            Code.PLEDGE_NOT_OPEN, {"state": "concluded" if opened is not None else "not opened"}
        )
    if data.version != opened.version:
        return Refused(
            Code.PLEDGE_TEXT_DIFFERS, {"given": data.version, "expected": opened.version}
        )
    if data.unit not in opened.members:
        return Refused(Code.NOT_ON_ROLL, {"unit": data.unit})
    if data.unit in cycle.answered:
        return Refused(Code.SIGNED_ALREADY, {"unit": data.unit})
    if _waiting(cycle, registry, local_day(rx)) - {data.unit}:
        return Recorded()
    signs = isinstance(data, p.PledgeSigned)
    signed = (*cycle.signed, data.unit) if signs else cycle.signed
    declined = cycle.declined if signs else (*cycle.declined, data.unit)
    return Recorded((Own(_concluded(opened, signed, declined), cycle.frame.subject),))


def _sent(data: p.PledgeSent, cycle: Cycle, registry: Registry, rx: datetime) -> Judgement:
    """The concluded pledge goes to the authority before the year's deadline."""
    if not cycle.concluded or cycle.opened is None:
        return _state("pledge not concluded", "pledge-concluded")
    if cycle.sent:
        return _done("pledge-sent")
    if data.version != cycle.opened.version:
        return Refused(
            Code.PLEDGE_TEXT_DIFFERS, {"given": data.version, "expected": cycle.opened.version}
        )
    regulation = registry.regulations.get(cycle.frame.year)
    deadline = regulation.deadlines.pledge_sent if regulation is not None else None
    if deadline is not None and deadline.days_late(local_day(rx)):
        return Refused(Code.DEADLINE_PASSED, deadline.passed(str(local_day(rx))))
    return Recorded()


def _revised(data: p.TargetRevised, cycle: Cycle, registry: Registry, rx: datetime) -> Judgement:
    """A target of the concluded pledge changes only with the notice of every signatory that is still a member."""
    if not cycle.concluded:
        return _state("pledge not concluded", "pledge-concluded")
    if data.target not in cycle.targets:
        return Refused(Code.TARGET_UNKNOWN, {"target": data.target})
    strangers = sorted(set(data.noticed) - set(cycle.signed))
    if strangers:
        return Refused(Code.NOT_ON_ROLL, {"unit": ", ".join(strangers)})
    members = registry.members(cycle.frame.cluster, local_day(rx))
    missing = sorted(set(cycle.signed).intersection(members) - set(data.noticed))
    if missing:
        return Refused(
            Code.STATE_FORBIDS, {"state": "members without notice", "needed": ", ".join(missing)}
        )
    return Recorded()


def _result(data: p.TargetResultReported, cycle: Cycle, rx: datetime) -> Judgement:
    """A signatory reports on a target it answers for, as of a day that has come."""
    if not cycle.concluded:
        return _state("pledge not concluded", "pledge-concluded")
    target = cycle.targets.get(data.target)
    if target is None or (target.of and data.unit not in target.of):
        return Refused(Code.TARGET_UNKNOWN, {"target": data.target})
    if data.unit not in cycle.signed:
        return Refused(
            Code.STATE_FORBIDS, {"state": f"{data.unit} has not signed", "needed": "pledge-signed"}
        )
    return _day_fault(data.as_of, rx) or Recorded()


def _own_name(event: Event) -> Refused | None:
    """A member speaks for itself alone."""
    unit = getattr(event.data, "unit", None)
    if unit is None or unit == event.unit:
        return None
    return Refused(Code.ROLE_REQUIRED, {"required": [f"/units/{unit}"], "held": [event.source]})


def _day_fault(day: date, rx: datetime) -> Refused | None:
    """The refusal of a day that has not come when it is said to be past."""
    today = local_day(rx)
    if day <= today:
        return None
    return Refused(Code.DATE_INVALID, {"given": str(day), "expected": f"<= {today}"})


def _state(state: str, needed: str) -> Refused:
    return Refused(Code.STATE_FORBIDS, {"state": state, "needed": needed})


def _done(what: str) -> Refused:
    return Refused(Code.ALREADY_DONE, {"what": what})


JUDGE: Final = Judge("pledges", 1, start, judge, evolve, due, alarm, BELIEVED)
"""The pledges service's pure half."""
