"""
Judging a log again: every entry must follow, by the pure judges, from what stands before it.

What is proven: signatures hold under the registered keys, chains have no gap, every judgement and every
own event is what the judge of that version gives, and nothing that was due was left out. What is not:
an event refused for its form stands as its hash alone and is counted as not judged again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from thidua.contracts.envelope import EnvelopeError, FormError
from thidua.deciding import Judge, Own, Recorded, Refused
from thidua.drafting import own_payload
from thidua.errors import RejectError
from thidua.genesis import BY as GENESIS
from thidua.knowledge import (
    Knowledge,
    Opened,
    id_key,
    judged_by,
    moment,
    open_jws,
    own_kid,
    own_source,
)
from thidua.log.entry import Entry, write_refused
from thidua.refusals import Code
from thidua.signing import VerifyingKey, parse_jws

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class NotFollowingError(RejectError):
    """An entry does not follow from what stands before it."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(f"position {position}: {what}")
        self.position = position
        self.what = what


@dataclass(slots=True)
class Rejudged:
    """How many entries were judged again, by what they are."""

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
    """Own events that must come next from one service, in order."""

    cause: str
    owned: deque[tuple[int, Own]] = field(default_factory=deque)


class Rejudging:
    """
    Takes a log's entries in order; raises :class:`NotFollowingError` at the first that does not follow.

    *root_spki* is the root key as the auditor got it from outside.
    """

    def __init__(
        self, judges: Sequence[Judge[Any]], *, origin: str, root_spki: str | None = None
    ) -> None:
        self.origin = origin
        self.root_spki = root_spki
        self.counts = Rejudged()
        self._known = {judge.service: Knowledge(judge) for judge in judges}
        self._pending: dict[str, _Pending] = {}
        self._seen_ids: set[str] = set()

    def run(self, entries: Iterable[Entry]) -> Rejudged:
        """Judge all *entries* again and say how many there were."""
        for entry in entries:
            self.take(entry)
        self.finish()
        return self.counts

    def take(self, entry: Entry) -> None:
        """Judge the next entry again."""
        service = judged_by(entry)
        known = self._known.get(service)
        if known is None:
            raise NotFollowingError(entry.position, f"nobody here judges for {service}")
        if entry.said is not None:
            self._said(entry, known)
        else:
            opened = self._open(entry)
            self._check_signature(entry, opened)
            self._check_chain(entry, known, opened)
            if entry.by == GENESIS:
                self.counts.recorded += 1
            elif opened.event.source == own_source(service):
                self._own(entry, known, opened)
            else:
                self._judge(entry, known, opened)
            if entry.is_recorded:
                self._seen_ids.add(id_key(opened.event.source, opened.event.id))
        for knowledge in self._known.values():
            knowledge.take(entry)

    def finish(self) -> None:
        """Check that no own event is missing at the end."""
        for service, pending in self._pending.items():
            if pending.owned:
                last = self._known[service].position
                raise NotFollowingError(last, f"{service} left out {pending.owned[0][1].data.TYPE}")

    def _open(self, entry: Entry) -> Opened:
        try:
            opened = open_jws(parse_jws(entry.jws or b""), moment(entry.rx_ms))
        except (EnvelopeError, FormError, RejectError) as error:
            raise NotFollowingError(entry.position, f"the event cannot be read: {error}") from None
        if opened.envelope.aud != self.origin:
            raise NotFollowingError(entry.position, f"the event is for {opened.envelope.aud}")
        return opened

    def _check_signature(self, entry: Entry, opened: Opened) -> None:
        event = opened.event
        if entry.position == 1:
            spki, alg, owner = opened.event.data.root_spki, opened.event.data.root_alg, event.source  # type: ignore[attr-defined]
            if self.root_spki is not None and spki != self.root_spki:
                raise NotFollowingError(1, "another root key than the one given")
        else:
            found = self._known["units"].key(event.kid)
            if found is None or found[1].status != "active":
                raise NotFollowingError(entry.position, f"key {event.kid} may not sign here")
            spki, alg, owner = found[1].spki, found[1].alg, found[1].owner
        if owner != event.source:
            raise NotFollowingError(
                entry.position, f"{event.kid} belongs to {owner}, not {event.source}"
            )
        try:
            parse_jws(entry.jws or b"").verify(VerifyingKey.from_spki(spki, alg))
        except RejectError as error:
            raise NotFollowingError(entry.position, str(error)) from None
        self.counts.signatures += 1

    def _check_chain(self, entry: Entry, known: Knowledge[Any], opened: Opened) -> None:
        head = known.chain(opened.event.kid).head
        if (opened.envelope.seq, opened.envelope.prev) != (head.seq + 1, head.hash):
            raise NotFollowingError(
                entry.position, f"{opened.event.kid} says {opened.envelope.seq} after {head.seq}"
            )

    def _said(self, entry: Entry, known: Knowledge[Any]) -> None:
        said = entry.said or {}
        head = known.chain(said["kid"]).head
        if (said["seq"], said["prev"]) != (head.seq + 1, head.hash):
            raise NotFollowingError(
                entry.position, f"{said['kid']} says {said['seq']} after {head.seq}"
            )
        self.counts.said += 1

    def _judge(self, entry: Entry, known: Knowledge[Any], opened: Opened) -> None:
        event = opened.event
        judge = known.fold.judge
        self._nothing_pending(entry, judge.service)
        if id_key(event.source, event.id) in self._seen_ids:
            judgement: Recorded | Refused = Refused(Code.DUPLICATE_ID, {"id": event.id})
        else:
            owed = judge.due(known.fold.view(), event.subject, event.rx)
            if owed:
                raise NotFollowingError(
                    entry.position, f"{owed[0].data.TYPE} was due before and left out"
                )
            judgement = judge.judge(event, known.fold.view(), event.rx)
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
                self._pending[judge.service] = _Pending(event.hash, deque(enumerate(follows)))
                self.counts.recorded += 1

    def _own(self, entry: Entry, known: Knowledge[Any], opened: Opened) -> None:
        judge = known.fold.judge
        pending = self._pending.get(judge.service)
        if pending is None or not pending.owned:
            owed = judge.due(known.fold.view(), opened.event.subject, opened.event.rx)
            pending = self._pending[judge.service] = _Pending("", deque(enumerate(owed)))
        if not pending.owned:
            raise NotFollowingError(
                entry.position, f"{opened.event.data.TYPE} follows from nothing"
            )
        ordinal, own = pending.owned.popleft()
        head = known.chain(own_kid(judge.service)).head
        expected = own_payload(
            _Voice(judge.service, self.origin),
            own,
            cause=own.cause or pending.cause,
            ordinal=ordinal,
            rx_ms=entry.rx_ms,
            after=head,
        )
        if parse_jws(entry.jws or b"").payload != expected:
            raise NotFollowingError(
                entry.position, f"{own.data.TYPE} says something else than follows"
            )
        self.counts.own += 1

    def _nothing_pending(self, entry: Entry, service: str) -> None:
        pending = self._pending.get(service)
        if pending is not None and pending.owned:
            raise NotFollowingError(
                entry.position, f"{pending.owned[0][1].data.TYPE} was left out before it"
            )
