"""
Judging a log again: every entry must follow, by the pure judges, from what stands before it.

What is proven: every entry is authentic (:mod:`thidua.audit.authentic`), every judgement and every own event is
what the judge of that version gives, and nothing that was due was left out. What is not: an event refused
for its form stands as its hash alone and is counted as not judged again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from thidua.audit.authentic import Authenticity
from thidua.deciding import Judge, Own, Recorded, Refused
from thidua.drafting import own_payload
from thidua.errors import RejectError
from thidua.folding import Folded
from thidua.genesis import BY as GENESIS
from thidua.knowledge import ChainHead, Opened, judged_by, own_kid, own_source
from thidua.log.entry import Entry, write_refused
from thidua.refusals import Code
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from thidua.contracts import Event


class NotFollowingError(RejectError):
    """
    An entry does not follow from what stands before it.

    ``left_out``: an own event that was due is missing; otherwise another judgement is recorded than the judge gives.
    """

    def __init__(self, position: int, what: str, *, left_out: bool = False) -> None:
        super().__init__(f"position {position}: {what}")
        self.position = position
        self.what = what
        self.left_out = left_out


@dataclass(slots=True)
class Rejudged:
    """How many entries were judged again, by what they are; ``signatures`` that were checked."""

    recorded: int = 0
    refused: int = 0
    own: int = 0
    said: int = 0
    signatures: int = 0


@dataclass(frozen=True, slots=True)
class _Voice:
    """A service as the author of own payloads; nothing is signed here."""

    service: str
    origin: str


@dataclass(slots=True)
class _Pending:
    """Own events that must come next from one service, in order, with the arrival they follow from."""

    cause: str
    rx_ms: int
    owned: deque[tuple[int, Own]] = field(default_factory=deque)


class Missing(NamedTuple):
    """An own event that must come next: who says it in which judge version, its arrival and exact payload."""

    service: str
    version: int
    rx_ms: int
    payload: bytes


class Rejudging:
    """
    Takes a log's entries in order; raises :class:`NotFollowingError` or ``NotAuthenticError`` at the first fault.

    *root_spki* is the root key as the auditor got it from outside. Memory grows by what judges keep and by one
    number for each event id, not by the entries.
    """

    def __init__(
        self,
        judges: Sequence[Judge[Any]],
        *,
        origin: str,
        root_spki: str | None = None,
        signatures: bool = True,
        one_reading: bool = False,
    ) -> None:
        self.origin = origin
        self.counts = Rejudged()
        self.authentic = Authenticity(origin, root_spki, one_reading=one_reading)
        self._signatures = signatures
        self._folds = {judge.service: Folded(judge) for judge in judges}
        # As the services themselves take in the log: most events change one state of three.
        self._wanted = [
            (fold, {name.decode() for name in fold.wanted}) for fold in self._folds.values()
        ]
        self._pending: dict[str, _Pending] = {}

    def run(self, entries: Iterable[Entry]) -> Rejudged:
        """Judge all *entries* again and say how many there were."""
        for entry in entries:
            self.take(entry)
        self.finish()
        return self.counts

    def take(self, entry: Entry) -> Opened | None:
        """Judge the next entry again; its event, ``None`` for one that was refused for its form."""
        service = judged_by(entry)
        fold = self._folds.get(service)
        if fold is None:
            raise NotFollowingError(entry.position, f"nobody here judges for {service}")
        opened = self.authentic.take(entry, signatures=self._signatures)
        self.counts.signatures = self.authentic.signatures
        if opened is None:
            self.counts.said += 1
            return None
        if entry.by == GENESIS:
            self.counts.recorded += 1
        elif opened.event.source == own_source(service):
            self._own(entry, fold, opened)
        else:
            self._judge(entry, fold, opened)
        if entry.is_recorded:
            self._evolve(opened.event)
        return opened

    def _evolve(self, event: Event) -> None:
        kind = event.data.TYPE
        for fold, wanted in self._wanted:
            if kind in wanted:
                fold.apply(event)
            else:
                fold.pass_by(event.subject)

    def finish(self) -> None:
        """Check that no own event is missing at the end."""
        for service, pending in self._pending.items():
            if pending.owned:
                raise NotFollowingError(
                    self.authentic.position,
                    f"{service} left out {pending.owned[0][1].data.TYPE}",
                    left_out=True,
                )

    def missing(self) -> Missing | None:
        """The own event that must come next where a log was cut within an append; ``None`` where it ends whole."""
        for service, pending in self._pending.items():
            if pending.owned:
                head = self.authentic.head(service, own_kid(service))
                payload = self._payload(service, pending, pending.rx_ms, head)
                return Missing(service, self._folds[service].judge.version, pending.rx_ms, payload)
        return None

    def _payload(self, service: str, pending: _Pending, rx_ms: int, after: ChainHead) -> bytes:
        ordinal, own = pending.owned[0]
        cause = own.cause or pending.cause
        voice = _Voice(service, self.origin)
        return own_payload(voice, own, cause=cause, ordinal=ordinal, rx_ms=rx_ms, after=after)

    def _judge(self, entry: Entry, fold: Folded[Any], opened: Opened) -> None:
        event = opened.event
        judge = fold.judge
        self._nothing_pending(entry, judge.service)
        judgement: Recorded | Refused
        # A recorded event with a used id is not authentic and came no further.
        if not entry.is_recorded and self.authentic.is_used(opened):
            judgement = Refused(Code.DUPLICATE_ID, {"id": event.id})
        else:
            view = fold.view()
            owed = judge.due(view, event.subject, event.rx)
            if owed:
                raise NotFollowingError(
                    entry.position,
                    f"{owed[0].data.TYPE} was due before and left out",
                    left_out=True,
                )
            judgement = judge.judge(event, view, event.rx)
        match judgement:
            case Refused(code=code, facts=facts):
                if entry.raw != write_refused(entry.rx_ms, entry.by, code, facts, entry.jws or b""):
                    raise NotFollowingError(
                        entry.position, f"the judge refuses it: {code} {dict(facts)}"
                    )
                self.counts.refused += 1
            case Recorded(follows=follows):
                if not entry.is_recorded:
                    raise NotFollowingError(
                        entry.position, "the judge accepts it, the log says refused"
                    )
                if follows:
                    self._pending[judge.service] = _Pending(
                        event.hash, entry.rx_ms, deque(enumerate(follows))
                    )
                self.counts.recorded += 1

    def _own(self, entry: Entry, fold: Folded[Any], opened: Opened) -> None:
        judge, said = fold.judge, opened.envelope
        pending = self._pending.get(judge.service)
        if pending is None or not pending.owned:
            owed = judge.due(fold.view(), opened.event.subject, opened.event.rx)
            pending = self._pending[judge.service] = _Pending(
                "", entry.rx_ms, deque(enumerate(owed))
            )
        if not pending.owned:
            raise NotFollowingError(
                entry.position, f"{opened.event.data.TYPE} follows from nothing"
            )
        own = pending.owned[0][1]
        # It is authentic, so what it says of its chain is so.
        after = ChainHead(said.seq - 1, said.prev)
        expected = self._payload(judge.service, pending, entry.rx_ms, after)
        pending.owned.popleft()
        if not entry.is_recorded or parse_jws(entry.jws or b"").payload != expected:
            raise NotFollowingError(
                entry.position, f"{own.data.TYPE} says something else than follows"
            )
        self.counts.own += 1

    def _nothing_pending(self, entry: Entry, service: str) -> None:
        pending = self._pending.get(service)
        if pending is not None and pending.owned:
            raise NotFollowingError(
                entry.position,
                f"{pending.owned[0][1].data.TYPE} was left out before it",
                left_out=True,
            )
