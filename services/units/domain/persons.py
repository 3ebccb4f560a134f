"""Persons stand in the log as commitments alone: what opens one may be erased, and that is said once."""

from __future__ import annotations

from services.units.domain.case import RegistryCase
from services.units.domain.state import Cycle
from thidua.contracts import units as u
from thidua.deciding import Judgement, Recorded, Refused, View
from thidua.refusals import Code


def personal_data_erased(
    data: u.PersonalDataErased, case: RegistryCase, view: View[Cycle]
) -> Judgement:
    """The unit that made the commitment says it, or the authority; of one that stands, once."""
    may = (f"/authorities/{case.registry.authority}", f"/units/{data.unit}")
    if case.event.source not in may:
        return Refused(Code.ROLE_REQUIRED, {"required": list(may), "held": [case.event.source]})
    if data.cycle is not None and data.cycle.split("/", 1)[0] != case.registry.authority:
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "cycle", "given": data.cycle})
    made = (data.unit, data.commitment)
    delegates = {(unit, committed) for (unit, _), committed in case.registry.delegates.items()}
    if made not in (delegates if data.cycle is None else view.cycle(data.cycle).committed):
        return Refused(Code.REFERENCE_UNKNOWN, {"what": "commitment", "given": data.commitment})
    if made in case.registry.erased:
        return Refused(Code.ALREADY_DONE, {"what": f"erasure of {data.commitment}"})
    return Recorded()
