"""The log itself: its opening, restoring, judges, the sandbox's clock, and further authorities."""

from __future__ import annotations

from services.units.domain.case import RegistryCase, genesis_fault
from thidua.contracts import SERVICES
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused
from thidua.refusals import Code


def log_opened(_data: u.LogOpened, case: RegistryCase) -> Judgement:
    """Never again: the log was opened by its founding, before anything was judged."""
    return Refused(Code.ALREADY_DONE, {"what": f"log {case.root.origin}"})


def log_restored(_data: u.LogRestored, case: RegistryCase) -> Judgement:
    """Said by the authority that founded the log."""
    return genesis_fault(case) or Recorded()


def judge_activated(data: u.JudgeActivated, case: RegistryCase) -> Judgement:
    """A deciding service's next judge version, one by one."""
    if fault := genesis_fault(case):
        return fault
    if data.service not in SERVICES:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "service", "given": data.service})
    current = case.registry.judges.get(data.service, 0)
    if data.version <= current:
        return Refused(Code.ALREADY_DONE, {"what": f"judge {data.service}/{data.version}"})
    if data.version > current + 1:
        facts = {
            "state": f"{data.service}/{current}",
            "needed": f"{data.service}/{data.version - 1}",
        }
        return Refused(Code.STATE_FORBIDS, facts)
    return Recorded()


def clock_advanced(data: u.ClockAdvanced, case: RegistryCase) -> Judgement:
    """In a sandbox only, and never backwards."""
    if not case.root.sandbox:
        return Refused(Code.STATE_FORBIDS, {"state": "real log", "needed": "sandbox"})
    earliest = max(case.rx, case.registry.clock or case.rx)
    if data.to.tzinfo is None or data.to < earliest:
        facts = {
            "given": data.to.isoformat(),
            "expected": f"from {earliest.isoformat()}, with its zone",
        }
        return Refused(Code.DATE_INVALID, facts)
    return Recorded()


def authority_established(data: u.AuthorityEstablished, case: RegistryCase) -> Judgement:
    """A further authority, once, by the one that founded the log."""
    if fault := genesis_fault(case):
        return fault
    if data.authority in case.registry.authorities:
        return Refused(Code.ALREADY_DONE, {"what": f"authority {data.authority}"})
    return Recorded()
