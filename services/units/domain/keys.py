"""Keys, delegates and ways in: who may sign for whom, and who may write into Redis. A key is used once, ever."""

from __future__ import annotations

from typing import Final

from services.units.domain.case import RegistryCase, genesis_fault, unit_fault
from thidua.contracts import SERVICES
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused
from thidua.errors import MalformedError, SignatureError
from thidua.key_material import VerifyingKey
from thidua.refusals import Code
from thidua.signing import check_possession

_SERVICES_WITH_KEYS: Final = (*SERVICES, "reporting", "door")


def key_registered(data: u.KeyRegistered, case: RegistryCase) -> Judgement:
    """The authority registers a new key of an owner that exists, with the key's own proof."""
    if fault := _owner_fault(data.owner, case):
        return fault
    return _new_key_fault(case, data.kid, data.alg, data.spki, data.proof) or Recorded()


def key_rotated(data: u.KeyRotated, case: RegistryCase) -> Judgement:
    """The key that goes signs for the one that comes."""
    key = case.registry.keys.get(data.kid)
    if key is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "key", "given": data.kid})
    if case.event.kid != data.kid or case.event.source != key.owner:
        return Refused(
            Code.ROLE_REQUIRED, {"required": [f"signature of {data.kid}"], "held": [case.event.kid]}
        )
    if key.status != "active":
        return Refused(
            Code.STATE_FORBIDS, {"state": f"key {data.kid} {key.status}", "needed": "active"}
        )
    return _new_key_fault(case, data.new_kid, data.alg, data.spki, data.proof) or Recorded()


def key_revoked(data: u.KeyRevoked, case: RegistryCase) -> Judgement:
    """The owner or the authority ends a key; the authority keeps at least one."""
    key = case.registry.keys.get(data.kid)
    if key is None:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "key", "given": data.kid})
    authority = f"/authorities/{case.registry.authority}"
    if case.event.source not in {authority, key.owner}:
        return Refused(
            Code.ROLE_REQUIRED, {"required": [authority, key.owner], "held": [case.event.source]}
        )
    if key.status != "active":
        return Refused(Code.ALREADY_DONE, {"what": f"key {data.kid} {key.status}"})
    active = [
        held for registry in case.all for held in registry.keys.values() if held.status == "active"
    ]
    if (
        key.owner.startswith("/authorities/")
        and [held.owner for held in active].count(key.owner) == 1
    ):
        facts = {
            "state": f"{data.kid} is the last key of {key.owner}",
            "needed": "another active key",
        }
        return Refused(Code.STATE_FORBIDS, facts)
    return Recorded()


def delegate_appointed(data: u.DelegateAppointed, case: RegistryCase) -> Judgement:
    """A unit names its own delegate, once by that name."""
    if case.event.unit != data.unit:
        return Refused(
            Code.ROLE_REQUIRED, {"required": [f"/units/{data.unit}"], "held": [case.event.source]}
        )
    if (data.unit, data.delegate) in case.registry.delegates:
        return Refused(Code.ALREADY_DONE, {"what": f"delegate {data.delegate} of {data.unit}"})
    if data.valid_to is not None and data.valid_to < data.valid_from:
        return Refused(
            Code.DATE_INVALID, {"given": str(data.valid_to), "expected": f"from {data.valid_from}"}
        )
    return Recorded()


def access_granted(data: u.AccessGranted, case: RegistryCase) -> Judgement:
    """A unit that exists and cannot publish straight into Redis yet."""
    if fault := unit_fault(case.registry, data.unit, case.day):
        return fault
    if data.unit in case.registry.direct:
        return Refused(Code.ALREADY_DONE, {"what": f"access of {data.unit}"})
    return Recorded()


def access_revoked(data: u.AccessRevoked, case: RegistryCase) -> Judgement:
    """What was granted, also of a unit that has ended since."""
    if data.unit not in case.registry.direct:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "access", "given": data.unit})
    return Recorded()


def _owner_fault(owner: str, case: RegistryCase) -> Refused | None:
    _, kind, code = owner.split("/")
    if kind == "services":
        known = (
            None
            if code in _SERVICES_WITH_KEYS
            else Refused(Code.REFERENCE_UNKNOWN, {"what": "service", "given": code})
        )
        return genesis_fault(case) or known
    if kind == "authorities":
        if code == case.registry.authority:
            return None
        established = code in case.root.authorities
        unknown = (
            None
            if established
            else Refused(Code.REFERENCE_UNKNOWN, {"what": "authority", "given": code})
        )
        return genesis_fault(case) or unknown
    unit = case.registry.units.get(code)
    if unit is not None and case.day < unit.valid_from:
        # A unit prepares itself before its first day; it holds no role until then.
        return None
    return unit_fault(case.registry, code, case.day)


def _new_key_fault(case: RegistryCase, kid: str, alg: str, spki: str, proof: str) -> Refused | None:
    keys = [key for registry in case.all for key in registry.keys.values()]
    if any(kid == key.kid or spki == key.spki for key in keys):
        return Refused(Code.KEY_USED, {"kid": kid})
    try:
        key = VerifyingKey.from_spki(spki, alg)
    except MalformedError as error:
        return Refused(
            Code.KEY_INVALID, {"kid": kid, "expected": error.expected, "given": error.given}
        )
    try:
        check_possession(proof, key, case.root.origin, kid)
    except SignatureError:
        return Refused(Code.POSSESSION_UNPROVEN, {"kid": kid})
    return None
