"""Lifting the archive's alarm: only after a person looked, with a reason that is kept, and never while the fault stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.reporting.gatekeeper import compare
from services.restoring import final_checkpoint
from thidua.audit.authentic import Authenticity
from thidua.errors import StopError, ThiduaError
from thidua.log import read_entry
from thidua.tlog.policy import Policy

if TYPE_CHECKING:
    from services.reporting.archive import SealedLog
    from thidua.log import EventLog

PAGE: Final = 500
SHORTEST: Final = 5
"""Letters of a reason, as the contracts ask of every reason."""


class NotLiftedError(ThiduaError):
    """The alarm stands, and why."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")

    def diagnostics(self) -> str:
        """Say that nothing has changed."""
        return "Cảnh báo còn nguyên. / The alarm stands."


async def lift(
    archive: SealedLog, event_log: EventLog, policy: Policy, *, reason: str, moment: str
) -> dict[str, object]:
    """
    Lift the alarm of *archive* at a *moment*; what was lifted, by which *reason*, at which sealed position.

    Raises :class:`NotLiftedError` when there is none, no reason, or the fault still stands, and
    ``SealedElsewhereError`` while a process writes the archive.
    """
    if len(reason.strip()) < SHORTEST:
        raise NotLiftedError("cần nêu lý do", "a reason is needed")
    with archive.unwritten():
        alarm = archive.gate().alarm
        if alarm is None:
            raise NotLiftedError("không có cảnh báo nào", "there is no alarm")
        if (fault := await standing_fault(archive, event_log, policy)) is not None:
            raise NotLiftedError(f"lỗi vẫn còn: {fault}", f"the fault still stands: {fault}")
        lifted: dict[str, object] = {
            "alarm": alarm,
            "reason": reason.strip(),
            "at": moment,
            "sealed": archive.position,
        }
        archive.lift_alarm(lifted)
    return lifted


async def standing_fault(archive: SealedLog, event_log: EventLog, policy: Policy) -> str | None:
    """Why the archive could not seal what follows in the log, or the log is not what was sealed; ``None`` when it could."""
    sealed, tail = archive.position, await event_log.tail()
    if sealed:
        final_checkpoint(archive.public, Policy(policy.log))
    if tail < sealed:
        return f"the log ends at position {tail}, but {sealed} entries are sealed"
    fault = await compare(archive, event_log) or (await event_log.outline()).fault()
    if fault is not None:
        return fault
    authentic = Authenticity(policy.log.name, policy.root_spki)
    try:
        for position, raw in archive.files().entries():
            authentic.take(read_entry(position, raw), signatures=False)
        while page := await event_log.read(authentic.position, PAGE):
            for entry in page:
                authentic.take(entry)
    except StopError as error:
        return str(error)
    return None
