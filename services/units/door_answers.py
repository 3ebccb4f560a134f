"""What the door answers to an event: an HTTP status and a document, a receipt or a problem."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from services.units.admission import NotAdmittedError
from thidua.clock import format_ms
from thidua.receipts import entry_hash, tracker_in
from thidua.refusals import Code, problem

if TYPE_CHECKING:
    from services.units.receipts import Told
    from thidua.log import Entry

RETRY_SECONDS: Final = 2
"""After how long it is worth sending again what was not stored."""
Answer = tuple[int, dict[str, Any]]
"""An HTTP status and its document."""


def problem_of(error: NotAdmittedError) -> Answer:
    """The status and the problem document of what the door would not admit."""
    document = problem(error.code, error.facts, event=error.event)
    if error.event is not None:
        document["hash"] = error.event
    return int(document["status"]), {**document, "outcome": "answered"}


def pending(event_hash: str) -> Answer:
    """The event is stored and not judged yet: where its receipt will be."""
    return 202, {"hash": event_hash, "status": "pending", "receipt": f"/v1/receipts/{event_hash}"}


def busy(event: str | None = None) -> NotAdmittedError:
    """Nothing can be stored or judged just now."""
    return NotAdmittedError(Code.BUSY, {"seconds": RETRY_SECONDS}, event=event)


def judged(event_hash: str, entry: Entry) -> Answer:
    """What became of an event that stands in the log."""
    told = receipt(event_hash, entry)
    # One status says that a refusal stands in the log; the code says which.
    status = HTTPStatus.OK if entry.is_recorded else HTTPStatus.UNPROCESSABLE_ENTITY
    return int(status), told


def receipt(event_hash: str, entry: Entry) -> dict[str, Any]:
    """The receipt of an event of the log, with a vote's tracker, or the problem's members when it was refused."""
    told: dict[str, Any] = {
        "hash": event_hash,
        "position": entry.position,
        "entry_hash": entry_hash(entry),
        "outcome": "recorded" if entry.is_recorded else "refused",
        "rx": format_ms(entry.rx_ms),
        "by": entry.by,
    }
    if (tracker := tracker_in(entry)) is not None:
        told["tracker"] = tracker
    if entry.refused is not None:
        said = entry.said or {}
        words = _words(event_hash, entry.refused["code"], entry.refused["facts"], said.get("type"))
        told = {**words, **told}
    return told


def rehearsed(event_hash: str, told: Told) -> Answer:
    """What the receipt of a judged event would say, but for the place in the log that it has not."""
    trial = told.trial or {}
    members = {"hash": event_hash, **{name: trial[name] for name in ("outcome", "rx", "by")}}
    if trial["outcome"] == "recorded":
        return HTTPStatus.OK, members
    words = _words(event_hash, told.code, told.facts, trial.get("type"))
    return HTTPStatus.UNPROCESSABLE_ENTITY, {**words, **members}


def _words(
    event_hash: str, code: str, facts: dict[str, Any], wire_type: str | None
) -> dict[str, Any]:
    # A form refusal keeps no values; the wire type is one of the members that ``said`` names.
    given = wire_type if code == Code.TYPE_UNKNOWN else None
    status = int(HTTPStatus.UNPROCESSABLE_ENTITY)
    return {**problem(Code(code), facts, given=given, event=event_hash), "status": status}
