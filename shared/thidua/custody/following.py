"""The log as a voter or trustee reads it: a folder or an address, held to a policy, every entry authentic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from thidua.audit.authentic import Authenticity
from thidua.audit.fetching import fetch
from thidua.audit.held import HeldFolder, hold
from thidua.audit.rejudging import Rejudging
from thidua.audit.verifying import policy_in
from thidua.base64url import encode_base64url
from thidua.log.entry import read_entry
from thidua.tlog.faults import ArchiveFaultError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thidua.contracts import Event
    from thidua.deciding import Judge

COPY: Final = "log"


def held_log(archive: str, policy: Path, copies: Path) -> HeldFolder:
    """
    The archive in a folder or at an address, held to the *policy* file; a copy of a fetched one stays in *copies*.

    Raises ``ArchiveFaultError`` when a proof says no, also for a policy without the root key: events would be
    believed then. ``ArchiveUnreadableError`` and ``ArchiveAwayError`` when it cannot be read.
    """
    folder = copies / COPY if "://" in archive else Path(archive)
    known = policy_in(policy, folder)
    if known.root_spki is None:
        raise ArchiveFaultError(str(policy), "the root key (#root …)", "none")
    return fetch(archive, folder, known) if "://" in archive else hold(folder, known)


def events_in(held: HeldFolder, judges: Sequence[Judge[Any]] = ()) -> Iterator[Event]:
    """
    The recorded events of a held log, in order; with *judges* every judgement is made again.

    Raises ``NotAuthenticError`` at the first entry that was not said by whom it names, ``NotFollowingError`` at the
    first that does not follow from what stands before it.
    """
    origin, root = held.policy.log.name, held.policy.root_spki
    rejudging = (
        Rejudging(judges, origin=origin, root_spki=root, one_reading=True) if judges else None
    )
    taking = rejudging or Authenticity(origin, root, one_reading=True)
    for position, raw in held.entries():
        entry = read_entry(position, raw)
        opened = taking.take(entry)
        if opened is not None and entry.is_recorded:
            yield opened.event
    if rejudging is not None:
        rejudging.finish()


def root_at(held: HeldFolder, size: int) -> str:
    """The root of the log when it had *size* entries, as a journal keeps it."""
    return encode_base64url(held.files.root(size))
