"""
How the state that all services share follows recorded events: registries and the frames of cycles.

``BELIEVED`` are the event types that are looked at here; any other leaves both as they are.
"""

from __future__ import annotations

from typing import Final

from thidua.clock import local_day
from thidua.contracts import Event, EventData
from thidua.contracts import ballots as b
from thidua.contracts import pledges as p
from thidua.contracts import units as u
from thidua.frozen import replace
from thidua.standing import Frame, Key, Membership, Name, Officer, Registry, Unit

OF_FRAMES: Final[frozenset[type[EventData]]] = frozenset(
    {
        u.CycleOpened,
        u.CycleClosed,
        u.RulebookAdopted,
        b.OfficerCarriedOver,
        b.ChairElected,
        b.DeputyElected,
        b.OfficerRecognised,
        b.RecognitionRefused,
    }
)
OF_REGISTRIES: Final[frozenset[type[EventData]]] = frozenset(
    {
        u.LogOpened,
        u.JudgeActivated,
        u.ClockAdvanced,
        u.AuthorityEstablished,
        u.CalendarPublished,
        u.BaseSalarySet,
        u.RegulationIssued,
        u.UnitRegistered,
        u.UnitRenamed,
        u.UnitMerged,
        u.UnitSplit,
        u.UnitDissolved,
        u.KeyRegistered,
        u.KeyRotated,
        u.KeyRevoked,
        u.DelegateAppointed,
        u.PersonalDataErased,
        u.AccessGranted,
        u.AccessRevoked,
        u.ClusterFormed,
        u.MembershipStarted,
        u.MembershipEnded,
        p.MovementApproved,
    }
)
BELIEVED: Final = OF_FRAMES | OF_REGISTRIES


def evolve_frame(frame: Frame, event: Event) -> Frame:
    """The frame after *event*; events that do not concern it leave it as it is."""
    if type(event.data) not in OF_FRAMES:
        return frame
    match event.data:
        case u.CycleOpened():
            return replace(frame, opened=True)
        case u.CycleClosed():
            return replace(frame, closed_on=local_day(event.rx))
        case u.RulebookAdopted() as rulebook:
            return replace(
                frame, rulebook=rulebook, rulebooks={**frame.rulebooks, rulebook.version: rulebook}
            )
        case b.OfficerCarriedOver(office=office, unit=unit):
            return _with_officer(frame, office, Officer(unit, "carried-over", event.hash))
        case b.ChairElected(unit=unit, for_year=year) if year == frame.year:
            return _with_officer(frame, "chair", Officer(unit, "elected", event.hash))
        case b.DeputyElected(unit=unit, for_year=year) if year == frame.year:
            return _with_officer(frame, "deputy", Officer(unit, "elected", event.hash))
        case b.OfficerRecognised(office=office, unit=unit):
            return _with_officer(frame, office, Officer(unit, "recognised", event.hash))
        case b.RecognitionRefused(office=office, unit=unit):
            return _with_officer(frame, office, Officer(unit, "refused", event.hash))
        case _:
            return frame


def _with_officer(frame: Frame, office: str, officer: Officer) -> Frame:
    return replace(frame, chair=officer) if office == "chair" else replace(frame, deputy=officer)


def evolve_registry(registry: Registry, event: Event) -> Registry:  # noqa: C901, PLR0911, PLR0912 - a flat dispatch
    """The registry after *event*; events that do not concern it leave it as it is."""
    data = event.data
    match data:
        case u.LogOpened():
            root = Key(data.root_kid, event.source, data.root_alg, data.root_spki)
            return replace(
                registry,
                origin=data.origin,
                sandbox=data.sandbox,
                keys={**registry.keys, root.kid: root},
            )
        case u.JudgeActivated():
            return replace(registry, judges={**registry.judges, data.service: data.version})
        case u.ClockAdvanced():
            return replace(registry, clock=data.to)
        case u.AuthorityEstablished() if event.subject != registry.authority:
            return replace(registry, genesis=event.subject)
        case u.AuthorityEstablished():
            return replace(
                registry, authorities={**registry.authorities, data.authority: data.name_vi}
            )
        case u.CalendarPublished():
            return replace(
                registry, calendars={**registry.calendars, data.year: frozenset(data.holidays)}
            )
        case u.BaseSalarySet():
            salaries = {**dict(registry.salaries), data.valid_from: data.amount}
            return replace(registry, salaries=tuple(sorted(salaries.items())))
        case u.RegulationIssued():
            return replace(registry, regulations={**registry.regulations, data.year: data})
        case u.UnitRegistered():
            name = Name(data.name_vi, data.short_vi, data.name_en, data.valid_from)
            unit = Unit(data.unit, data.kind, data.province, data.valid_from, (name,))
            return _with_units(registry, unit)
        case u.UnitRenamed():
            name = Name(data.name_vi, data.short_vi, data.name_en, data.valid_from)
            unit = registry.units[data.unit]
            names = tuple(sorted((*unit.names, name), key=lambda n: n.valid_from))
            return _with_units(registry, replace(unit, names=names))
        case u.UnitMerged():
            into = registry.units[data.into]
            ended = [
                replace(registry.units[code], ended=data.on, into=(data.into,))
                for code in data.units
            ]
            heir = replace(into, predecessors=(*into.predecessors, *data.units))
            return _with_units(registry, *ended, heir)
        case u.UnitSplit():
            unit = registry.units[data.unit]
            parent = replace(unit, into=data.into, ended=unit.ended if data.continues else data.on)
            born = [registry.units[code] for code in data.into]
            children = [
                replace(child, predecessors=(*child.predecessors, data.unit)) for child in born
            ]
            return _with_units(registry, parent, *children)
        case u.UnitDissolved():
            heirs = (data.receiving,) if data.receiving else ()
            return _with_units(
                registry, replace(registry.units[data.unit], ended=data.on, into=heirs)
            )
        case u.KeyRegistered():
            key = Key(data.kid, data.owner, data.alg, data.spki)
            return replace(registry, keys={**registry.keys, key.kid: key})
        case u.KeyRotated():
            old = registry.keys[data.kid]
            new = Key(data.new_kid, old.owner, data.alg, data.spki)
            keys = {**registry.keys, old.kid: replace(old, status="rotated"), new.kid: new}
            return replace(registry, keys=keys)
        case u.KeyRevoked():
            old = registry.keys[data.kid]
            return replace(
                registry, keys={**registry.keys, old.kid: replace(old, status="revoked")}
            )
        case u.DelegateAppointed():
            return replace(
                registry,
                delegates={**registry.delegates, (data.unit, data.delegate): data.commitment},
            )
        case u.PersonalDataErased():
            return replace(registry, erased=registry.erased | {(data.unit, data.commitment)})
        case u.AccessGranted():
            return replace(registry, direct=registry.direct | {data.unit})
        case u.AccessRevoked():
            return replace(registry, direct=registry.direct - {data.unit})
        case u.ClusterFormed():
            return replace(registry, clusters={**registry.clusters, data.cluster: data.name_vi})
        case u.MembershipStarted():
            started = Membership(data.cluster, data.unit, data.valid_from)
            return replace(registry, memberships=(*registry.memberships, started))
        case u.MembershipEnded():
            memberships = tuple(
                replace(m, last_day=data.last_day)
                if (m.cluster, m.unit, m.last_day) == (data.cluster, data.unit, None)
                else m
                for m in registry.memberships
            )
            return replace(registry, memberships=memberships)
        case p.MovementApproved():
            return replace(registry, movements={**registry.movements, data.year: data})
        case _:
            return registry


def _with_units(registry: Registry, *units: Unit) -> Registry:
    return replace(registry, units={**registry.units, **{unit.code: unit for unit in units}})
