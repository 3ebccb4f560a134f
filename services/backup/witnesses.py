"""What the witnesses have seen beyond a backup, asked before anything may sign again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from services.reporting.archive import SealedLog
from services.reporting.cosigning import Asking
from thidua.errors import RetryError, StopError
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.policy import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from thidua.tlog.policy import Policy


class EntriesLostError(StopError):
    """A witness has seen more of the log than is to be restored; nothing was written."""

    def __init__(self, ours: int, seen: Mapping[str, int]) -> None:
        most = max(seen.values())
        who = ", ".join(f"{name} {size}" for name, size in sorted(seen.items()))
        positions = f"{ours + 1}" if most == ours + 1 else f"{ours + 1}–{most}"
        super().__init__(
            f"mất các vị trí / positions lost: {positions}; nhân chứng đã thấy / witnesses have seen: {who}"
        )
        self.ours = ours
        self.most = most

    def diagnostics(self) -> str:
        """Name a newer copy before the option."""
        return (
            "Tìm bản sao lưu mới hơn: mỗi tỉnh có thể giữ một bản. Không còn bản nào: --accept-loss. / "
            "Find a newer backup, any province may hold one. When there is none: --accept-loss."
        )


class WitnessesSilentError(RetryError):
    """So few witnesses answered that the others may have cosigned more than is to be restored."""

    def __init__(self, silent: tuple[str, ...]) -> None:
        super().__init__(f"nhân chứng không trả lời / do not answer: {', '.join(silent)}")

    def diagnostics(self) -> str:
        """Say what may be hidden."""
        return (
            "Họ có thể đã thấy nhiều hơn. Hỏi lại sau, hoặc --accept-loss. / "
            "They may have seen more. Ask again later, or --accept-loss."
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """Of the witnesses: who vouches that there was no more, what others have seen beyond, and who does not answer."""

    vouching: tuple[str, ...]
    beyond: Mapping[str, int]
    silent: tuple[str, ...]


async def ask_witnesses(
    backup: Path, policy: Policy, ours: int, transport: httpx.AsyncBaseTransport | None = None
) -> Heard:
    """
    Show every witness the backup's checkpoint, of which *ours* entries and those before are to be restored.

    Raises :class:`ArchiveFaultError` when one of them holds another history: that is a fork, and no loss.
    """
    archive = SealedLog(backup)
    async with httpx.AsyncClient(transport=transport) as client:
        asking = Asking(archive, policy, client)
        lines = await asking.look()
    if asking.contrary:
        who = ", ".join(sorted(asking.contrary))
        raise ArchiveFaultError(f"witness {who}", "this history", "lịch sử khác / another one")
    checkpoint = archive.checkpoint()
    vouching = []
    for name, line in lines.items():
        # Only a signature says that nothing more was seen; the way to a witness may be anybody's.
        if checkpoint is not None and checkpoint.signed(line).signed_by(policy.witnesses[name])[0]:
            vouching.append(name)
    within = {name for name, size in asking.ahead.items() if size <= ours}
    beyond = {name: size for name, size in asking.ahead.items() if size > ours}
    silent = policy.witnesses.keys() - set(vouching) - within - beyond.keys()
    return Heard(tuple(sorted(vouching)), beyond, tuple(sorted(silent)))


def hold_to(heard: Heard, policy: Policy, ours: int) -> None:
    """
    Raise :class:`EntriesLostError` when a witness has seen more than *ours* entries.

    Raises :class:`WitnessesSilentError` when those that do not answer could by themselves have made more final.
    """
    if heard.beyond:
        raise EntriesLostError(ours, heard.beyond)
    if policy.quorum != NONE and policy.suffices(set(heard.silent)):
        raise WitnessesSilentError(heard.silent)
