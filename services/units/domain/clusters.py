"""Clusters and who belongs to them, day by day."""

from __future__ import annotations

from typing import Final

from services.units.domain.case import RegistryCase, unit_fault
from services.units.domain.departments import standing_fault
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code

MOST_MEMBERS: Final = 64
"""A ranking of all members, with its reasons, must fit one entry of the log."""


def cluster_formed(data: u.ClusterFormed, case: RegistryCase) -> Judgement:
    """A cluster's code is used once under its authority."""
    if data.cluster in case.registry.clusters:
        return Refused(Code.ALREADY_DONE, {"what": f"cluster {data.cluster}"})
    return Recorded()


def membership_started(data: u.MembershipStarted, case: RegistryCase) -> Judgement:
    """A unit that exists from that day on joins; it is not twice a member of one cluster."""
    if data.cluster not in case.registry.clusters:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "cluster", "given": data.cluster})
    if fault := unit_fault(case.registry, data.unit, data.valid_from) or standing_fault(
        case.registry, data.unit, data.valid_from
    ):
        return fault
    later = [
        membership
        for membership in case.registry.memberships
        if membership.cluster == data.cluster
        and (membership.last_day is None or membership.last_day >= data.valid_from)
    ]
    if any(membership.unit == data.unit for membership in later):
        return Refused(Code.OVERLAP, {"what": f"membership in {data.cluster}", "given": data.unit})
    if len({membership.unit for membership in later}) >= MOST_MEMBERS:
        return Refused(
            Code.STATE_FORBIDS,
            {"state": f"{MOST_MEMBERS} members", "needed": f"fewer than {MOST_MEMBERS}"},
        )
    return Recorded()


def membership_ended(data: u.MembershipEnded, case: RegistryCase) -> Judgement:
    """A membership that lasts ends, not before it began."""
    lasting = [
        membership
        for membership in case.registry.memberships
        if (membership.cluster, membership.unit, membership.last_day)
        == (data.cluster, data.unit, None)
    ]
    if not lasting:
        return Refused(
            Code.REFERENCE_UNKNOWN,
            {"what": f"lasting membership in {data.cluster}", "given": data.unit},
        )
    begun = lasting[0].valid_from
    if data.last_day < begun:
        return Refused(
            Code.DATE_INVALID, {"given": str(data.last_day), "expected": f"from {begun}"}
        )
    return Recorded()
