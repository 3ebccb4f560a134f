"""Secret ballots of a log, counted again by their own proof: what was published is what their archives say (V16)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from thidua.base64url import decode_base64url
from thidua.contracts.envelope import EnvelopeError, FormError
from thidua.errors import ThiduaError
from thidua.knowledge import recorded_event
from thidua.tlog.faults import ArchiveUnreadableError
from thidua.voting.canonical import hex_hash, parse
from thidua.voting.checking import jobs_for
from thidua.voting.exporting import Archives, Exported
from thidua.voting.faults import BallotFaultError
from thidua.voting.setup import answers_of
from thidua.voting.verifying import Verified, verify_archive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thidua.audit.findings import Findings
    from thidua.log.entry import Entry

CHECK: Final = "V16"
_OF_SECRET_BALLOTS: Final = re.compile(
    rb"thidua\.ballots\.(?:election|trustee|credential|secret|tally|partially|result|roll-frozen|ballot-voided)"
)
NOTHING_HELD: Final = "không có phiếu kín trong sổ / no secret ballot in this log"


def archives_in(entries: Iterable[Entry]) -> Archives:
    """
    The secret ballots told in *entries*.

    Raises what reading an entry raises; what stands out of order raises LookupError or BallotFaultError.
    """
    archives = Archives()
    for entry in entries:
        if entry.is_recorded and entry.by.startswith("ballots/") and _tells(entry.jws or b""):
            archives.take(recorded_event(entry))
    return archives


def _tells(jws: bytes) -> bool:
    """Whether an event may be of a secret ballot; most of a log is not, and is not read for it."""
    return _OF_SECRET_BALLOTS.search(decode_base64url(jws.split(b".")[1])) is not None


def hold_secret_ballots(entries: Iterable[Entry], found: Findings, jobs: int = 0) -> None:
    """Say of *found* whether every secret ballot in *entries* holds by its own proof."""
    try:
        held = hold_archives(archives_in(entries), jobs)
    except ArchiveUnreadableError as error:
        found.unreadable(CHECK, str(error))
    except (ThiduaError, EnvelopeError, FormError) as error:
        found.fails(CHECK, None, str(error))
    except (LookupError, ValueError, TypeError) as error:
        # The export believes what was judged; what it cannot follow was never judged so.
        what = f"phiếu kín không theo thứ tự / a secret ballot out of order: {type(error).__name__}"
        found.fails(CHECK, None, what)
    else:
        if held:
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
