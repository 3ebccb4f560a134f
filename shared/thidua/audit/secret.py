"""Secret ballots of a log, counted again by their own proof: what was published is what their archives say (V16)."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from thidua.base64url import decode_base64url
from thidua.contracts.envelope import EnvelopeError, FormError
from thidua.errors import ThiduaError
from thidua.knowledge import recorded_event
from thidua.log.entry import read_entry
from thidua.tlog.faults import ArchiveUnreadableError
from thidua.tlog.tiles import TileFolder
from thidua.voting.canonical import hex_hash, parse
from thidua.voting.checking import jobs_for
from thidua.voting.exporting import Archives, Exported
from thidua.voting.faults import BallotFaultError
from thidua.voting.setup import answers_of
from thidua.voting.verifying import Verified, verify_archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from thidua.audit.findings import Findings
    from thidua.log.entry import Entry

CHECK: Final = "V16"
_OF_SECRET_BALLOTS: Final = re.compile(
    rb"thidua\.ballots\.(?:election|trustee|credential|secret|tally|partially|result|roll-frozen|ballot-voided)"
)
_BY_BALLOTS: Final = b'"by":"ballots/'
NOTHING_HELD: Final = "không có phiếu kín trong sổ / no secret ballot in this log"


def archives_in(entries: Iterable[Entry]) -> Archives:
    """
    The secret ballots told in *entries*.

    Raises what reading an entry raises; what stands out of order raises LookupError or BallotFaultError.
    """
    archives = Archives()
    for entry in entries:
        if _is_told(entry):
            archives.take(recorded_event(entry))
    return archives


def _is_told(entry: Entry) -> bool:
    """Whether an event may be of a secret ballot; most of a log is not, and is not read for it."""
    if not entry.is_recorded or not entry.by.startswith("ballots/"):
        return False
    payload = decode_base64url((entry.jws or b"").split(b".")[1])
    return _OF_SECRET_BALLOTS.search(payload) is not None


@dataclass(slots=True)
class Telling:
    """The entries of a folder that tell of secret ballots, or why they could not be found."""

    entries: list[Entry] = field(default_factory=list)
    fault: str | None = None
    unreadable: str | None = None

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Turn what reading and holding raise into what is said of it."""
        try:
            yield
        except ArchiveUnreadableError as error:
            self.unreadable = str(error)
        except (ThiduaError, EnvelopeError, FormError) as error:
            self.fault = str(error)
        except (LookupError, ValueError, TypeError) as error:
            # The export believes what was judged; what it cannot follow was never judged so.
            name = type(error).__name__
            self.fault = f"phiếu kín không theo thứ tự / a secret ballot out of order: {name}"


def telling_part(folder: Path, size: int) -> Telling:
    """The entries that tell of secret ballots; of the others no more than who judged them is looked at."""
    told = Telling()
    with told.noting():
        for position, raw in TileFolder(folder, size).entries():
            if _BY_BALLOTS in raw and _is_told(entry := read_entry(position, raw)):
                told.entries.append(entry)
    return told


def hold_secret_ballots(told: Telling, found: Findings, jobs: int = 0) -> None:
    """Say of *found* whether every secret ballot that was *told* holds by its own proof."""
    held = 0
    if told.fault is None and told.unreadable is None:
        with told.noting():
            held = hold_archives(archives_in(told.entries), jobs)
    if told.unreadable is not None:
        found.unreadable(CHECK, told.unreadable)
    elif told.fault is not None:
        found.fails(CHECK, None, told.fault)
    elif held:
        found.holds(CHECK, held)
    else:
        found.nothing(CHECK, NOTHING_HELD)


def hold_archives(archives: Archives, jobs: int = 0) -> int:
    """How many secret ballots were opened and hold; raises BallotFaultError for the first that does not."""
    opened = [one for one in archives if one.opened is not None]
    for one in opened:
        _hold(one, jobs)
    return len(opened)


def _hold(one: Exported, jobs: int) -> None:
    """Raise BallotFaultError unless the archive verifies and says what the log published."""
    path = f"{one.subject}/{one.ballot}"
    fixed, opened, texts = one.fixed, one.opened, one.texts
    if fixed is None or opened is None or texts is None:
        raise BallotFaultError(path, "election-fixed before election-opened", "none")
    raw = one.bel
    worth = jobs_for(raw.count(b'"type":"Ballot"'))
    try:
        verified = verify_archive(raw, jobs=min(jobs or os.cpu_count() or 1, worth))
    except BallotFaultError as fault:
        raise BallotFaultError(f"{path}/{fault.path}", fault.expected, fault.given) from None
    said = {
        "fingerprint": (verified.election.fingerprint, fixed.fingerprint),
        "opened": (verified.election.fingerprint, opened.fingerprint),
        "uuid": (verified.election.uuid, one.draft.uuid),
        "trustees": (hex_hash(texts[1]), fixed.trustees),
        "credentials": (hex_hash(texts[2]), opened.credentials),
        "draft": (_member(texts[0], "x_log"), one.drafted_by),
    }
    for name, (computed, told) in said.items():
        if computed != told:
            raise BallotFaultError(f"{path}/{name}", str(computed), str(told))
    _published(one, verified, path)


def _published(one: Exported, verified: Verified, path: str) -> None:
    """The sums and the figures of every nominee are those that the trustees opened."""
    if one.published is None:
        return
    result = verified.result
    if result is None or one.result is None or result != one.result.result:
        raise BallotFaultError(f"{path}/result", str(result), str(one.result and one.result.result))
    counted = len(verified.trackers)
    answers = answers_of(one.draft.form, one.draft.nominees, result, counted)
    told = {unit: (marks.yes, marks.no, marks.none) for unit, marks in one.published.marks.items()}
    if answers != told or one.published.valid != counted:
        raise BallotFaultError(f"{path}/tally", str(answers), str(told))


def _member(election: str, name: str) -> object:
    return parse(election, "election").get(name)
