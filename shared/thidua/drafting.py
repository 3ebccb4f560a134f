"""
Judging a batch without writing: what an append would say, drafted on a branch of the state.

Pure but for the service's Ed25519 signature, which is a function of its bytes: the same knowledge and
the same inbox give the same draft on every replica and in every replay.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from thidua.clock import format_ms, to_ms
from thidua.contracts import Event
from thidua.contracts.envelope import (
    Envelope,
    EnvelopeError,
    FormError,
    as_event,
    read_envelope,
)
from thidua.deciding import Own, Refused
from thidua.folding import Folded, registry_of
from thidua.knowledge import (
    ChainHead,
    Knowledge,
    id_key,
    moment,
    open_jws,
    own_kid,
    own_source,
)
from thidua.log import NewEntry, Receipt
from thidua.log.entry import read_entry, write_recorded, write_refused, write_said
from thidua.refusals import CATALOGUE, Code, Stage
from thidua.signing import parse_jws, sign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from thidua.signing import ParsedJws, SigningKey

S = TypeVar("S")

DUE_ROUNDS = 64
"""How often ``due`` is asked anew for one subject; a judge that still owes after that has a fault."""


class InboxItem(NamedTuple):
    """One inbox entry: a JWS, to be judged without effect when ``dry``, or a wake-up for a subject."""

    id: str
    rx_ms: int
    jws: bytes | None = None
    wake: str | None = None
    dry: bool = False


class DraftEntry(NamedTuple):
    """
    An entry to append and its event, ``None`` when it is refused.

    ``kid`` is the key whose chain with this service it continues, ``hash`` the event's.
    """

    new: NewEntry
    kid: str
    hash: str
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What is said to a publisher about an event that does not enter the log.

    The answer to a dry run names the run in ``hash`` and says in ``trial`` what sending the event would do.
    """

    publisher: str
    hash: str
    code: Code | None
    facts: dict[str, object]
    trial: dict[str, object] | None = None


@dataclass(slots=True)
class Draft(Generic[S]):
    """A batch judged: entries in order, what was read, chains as they will be, answers, and the evolved branch."""

    fold: Folded[S]
    noted: set[str] = field(default_factory=set)
    entries: list[DraftEntry] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    links: dict[str, list[str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Signer:
    """A service's own voice in one log: its key, the key's name, and the log's origin."""

    service: str
    origin: str
    key: SigningKey

    @property
    def kid(self) -> str:
        """The name of the service's key."""
        return own_kid(self.service)


class ReadItem(NamedTuple):
    """
    An inbox entry with its event read; nothing of the log was looked at.

    ``parsed`` and ``read`` are not there for a wake-up; ``event`` is there when ``read`` is its envelope, and
    not when that is what is wrong with it.
    """

    item: InboxItem
    parsed: ParsedJws | None = None
    read: Envelope | EnvelopeError | FormError | None = None
    event: Event | None = None


def read_item(item: InboxItem) -> ReadItem:
    """*item* made ready to be judged."""
    if item.jws is None:
        return ReadItem(item)
    parsed = parse_jws(item.jws)
    try:
        envelope = read_envelope(parsed.payload)
    except (EnvelopeError, FormError) as fault:
        return ReadItem(item, parsed, fault)
    event = as_event(envelope, event_hash=parsed.hash, kid=parsed.kid, rx=moment(item.rx_ms))
    return ReadItem(item, parsed, envelope, event)


class Drafting(Generic[S]):
    """Drafts batches for one service on what it knows."""

    def __init__(self, knowledge: Knowledge[S], signer: Signer) -> None:
        self.knowledge = knowledge
        self.signer = signer
        self.judge = knowledge.fold.judge
        self.by = f"{self.judge.service}/{self.judge.version}"

    def draft(self, items: Sequence[ReadItem]) -> Draft[S]:
        """What recording *items* in order would append."""
        draft: Draft[S] = Draft(self.knowledge.fold.branch())
        for read in items:
            item = read.item
            if item.dry:
                self._try(draft, read)
            elif item.jws is not None:
                self._judge(draft, read)
            elif item.wake is not None:
                self._due(draft, item.wake, moment(item.rx_ms))
        return draft

    def owed(self, subject: str, rx_ms: int) -> bool:
        """Whether *subject* owes own events at this moment."""
        return bool(self.judge.due(self.knowledge.fold.view(), subject, moment(rx_ms)))

    def _try(self, draft: Draft[S], read: ReadItem) -> None:
        """Judge on a branch that nobody adopts, and answer what came of it."""
        item, parsed = read.item, read.parsed
        if parsed is None:
            return
        links = {kid: list(hashes) for kid, hashes in draft.links.items()}
        trial: Draft[S] = Draft(draft.fold.branch(), links=links, ids=set(draft.ids))
        self._judge(trial, read)
        told: dict[str, object] = {"hash": parsed.hash, "by": self.by, "rx": format_ms(item.rx_ms)}
        code, facts, outcome = None, {}, "known"
        for answer in trial.answers:
            code, facts, outcome = answer.code, answer.facts, "answered"
        for judged in (one for one in trial.entries if one.hash == parsed.hash):
            entry = read_entry(1, judged.new.raw)
            outcome = "recorded" if entry.is_recorded else "refused"
            if entry.refused is not None:
                code, facts = entry.refused["code"], entry.refused["facts"]
            if entry.said is not None:
                told["type"] = entry.said["type"]
        run = dry_run(self.judge.service, item.id)
        draft.answers.append(Answer("", run, code, facts, {"outcome": outcome, **told}))

    def _judge(self, draft: Draft[S], read: ReadItem) -> None:
        item, parsed, envelope, event = read
        jws = item.jws
        if parsed is None or jws is None:
            return
        if event is None or not isinstance(envelope, Envelope):
            self._unread(draft, read, parsed, jws)
            return
        if not self._admits(draft, envelope, event.kid, event.hash):
            return
        used_id = id_key(event.source, event.id)
        if used_id in self.knowledge.ids or used_id in draft.ids:
            self._refuse(draft, item, event, jws, Refused(Code.DUPLICATE_ID, {"id": event.id}))
            return
        self._due(draft, event.subject, event.rx)
        judgement = self.judge.judge(event, draft.fold.view(draft.noted), event.rx)
        if isinstance(judgement, Refused):
            if CATALOGUE[judgement.code].stage is Stage.FORM:
                # What must stand nowhere for ever, such as a plain vote in a secret ballot.
                fault = FormError(envelope, judgement.code, dict(judgement.facts))
                self._said(draft, item, fault, event.kid, event.hash, None)
            else:
                self._refuse(draft, item, event, jws, judgement)
            return
        receipt = Receipt(_code(event.source), event.hash, "recorded")
        self._record(draft, write_recorded(item.rx_ms, self.by, jws), event, used_id, receipt)
        if judgement.follows:
            self._own(draft, judgement.follows, event.rx, event.hash)

    def _unread(self, draft: Draft[S], read: ReadItem, parsed: ParsedJws, jws: bytes) -> None:
        """What has no envelope is answered; what has none but a fault of form may stand in the log by its paths."""
        fault = read.read
        if isinstance(fault, EnvelopeError):
            facts: dict[str, object] = {
                "path": fault.path,
                "expected": fault.expected,
                "given": fault.given,
            }
            draft.answers.append(Answer("", parsed.hash, Code.ENVELOPE_INVALID, facts))
        elif isinstance(fault, FormError) and self._admits(
            draft, fault.envelope, parsed.kid, parsed.hash
        ):
            self._said(draft, read.item, fault, parsed.kid, parsed.hash, jws)

    def _admits(self, draft: Draft[S], envelope: Envelope, kid: str, event_hash: str) -> bool:
        """Whether the event is the next of its key's chain and its key still signs; if not, the answer is drafted."""
        found = self.knowledge.key(kid, draft.fold)
        source = envelope.source
        if found is None:
            draft.answers.append(Answer(source, event_hash, Code.KEY_UNKNOWN, {"kid": kid}))
            return False
        subject, key = found
        draft.noted.add(registry_of(subject))
        head = self._head(draft, kid)
        if envelope.seq <= head.seq:
            chain = self.knowledge.chain(kid)
            past = [*chain.hashes, *draft.links.get(kid, ())]
            if past[envelope.seq - 1] != event_hash:
                fork: dict[str, object] = {"kid": kid, "seq": envelope.seq}
                if envelope.seq <= len(chain.positions):
                    fork["recorded_position"] = chain.positions[envelope.seq - 1]
                draft.answers.append(Answer(source, event_hash, Code.CHAIN_FORK, fork))
            return False
        if envelope.seq != head.seq + 1 or envelope.prev != head.hash:
            facts = {
                "kid": kid,
                "expected_seq": head.seq + 1,
                "expected_prev": head.hash,
                "given_seq": envelope.seq,
            }
            draft.answers.append(Answer(source, event_hash, Code.CHAIN_EXPECTED, facts))
            return False
        if key.status != "active":
            draft.answers.append(
                Answer(source, event_hash, Code.KEY_EXPIRED, {"kid": kid, "status": key.status})
            )
            return False
        return True

    def _head(self, draft: Draft[S], kid: str) -> ChainHead:
        links = draft.links.get(kid)
        known = self.knowledge.chain(kid).head
        return ChainHead(known.seq + len(links), links[-1]) if links else known

    def _refuse(
        self, draft: Draft[S], item: InboxItem, event: Event, jws: bytes, refused: Refused
    ) -> None:
        raw = write_refused(item.rx_ms, self.by, refused.code, refused.facts, jws)
        receipt = Receipt(_code(event.source), event.hash, "refused", refused.code)
        self._link(draft, DraftEntry(NewEntry(raw, receipt=receipt), event.kid, event.hash))

    def _said(
        self,
        draft: Draft[S],
        item: InboxItem,
        fault: FormError,
        kid: str,
        event_hash: str,
        jws: bytes | None,
    ) -> None:
        envelope = fault.envelope
        said = {
            "hash": event_hash,
            "kid": kid,
            "seq": envelope.seq,
            "prev": envelope.prev,
            "id": envelope.id,
            "type": envelope.type,
            "subject": envelope.subject,
        }
        raw = write_said(item.rx_ms, self.by, fault.code, fault.facts, said)
        receipt = Receipt(_code(envelope.source), event_hash, "refused", fault.code)
        new = NewEntry(raw, receipt=receipt, erasable=jws)
        self._link(draft, DraftEntry(new, kid, event_hash))

    def _due(self, draft: Draft[S], subject: str, rx: datetime) -> None:
        view = draft.fold.view(draft.noted)
        for _ in range(DUE_ROUNDS):
            owed = self.judge.due(view, subject, rx)
            if not owed:
                return
            self._own(draft, owed, rx, "")
        msg = f"{self.by} still owes events for {subject} after {DUE_ROUNDS} rounds"
        raise RuntimeError(msg)

    def _own(self, draft: Draft[S], owned: Sequence[Own], rx: datetime, judged: str) -> None:
        rx_ms = to_ms(rx)
        for ordinal, own in enumerate(owned):
            cause = own.cause or judged
            head = self._head(draft, self.signer.kid)
            payload = own_payload(
                self.signer, own, cause=cause, ordinal=ordinal, rx_ms=rx_ms, after=head
            )
            jws = sign(payload, self.signer.key, self.signer.kid).encode()
            event = open_jws(parse_jws(jws), rx).event
            raw = write_recorded(rx_ms, self.by, jws)
            self._record(draft, raw, event, id_key(event.source, event.id), None)

    def _record(
        self, draft: Draft[S], raw: bytes, event: Event, used_id: str, receipt: Receipt | None
    ) -> None:
        subjects = draft.fold.apply(event)
        draft.noted.update(subjects)
        draft.ids.add(used_id)
        new = NewEntry(raw, subjects, used_id, receipt)
        self._link(draft, DraftEntry(new, event.kid, event.hash, event))

    def _link(self, draft: Draft[S], entry: DraftEntry) -> None:
        draft.entries.append(entry)
        links = draft.links.get(entry.kid)
        if links is None:
            draft.links[entry.kid] = [entry.hash]
        else:
            links.append(entry.hash)


def _code(source: str) -> str:
    return source.rpartition("/")[2]


def dry_run(service: str, inbox_id: str) -> str:
    """The name under which a dry run, an entry of a service's inbox, is answered."""
    return f"dry:{service}/{inbox_id}"


class Voice(Protocol):
    """Who speaks in an own event: the service and the log's origin."""

    @property
    def service(self) -> str:
        """The service's name."""

    @property
    def origin(self) -> str:
        """The log's origin."""


def own_payload(
    voice: Voice, own: Own, *, cause: str, ordinal: int, rx_ms: int, after: ChainHead
) -> bytes:
    """The exact payload of a service's own event: no chance in it, ``time`` is the arrival it follows from."""
    kind = own.data.TYPE
    seed = "\0".join((voice.origin, voice.service, cause, kind, str(ordinal)))
    payload = {
        "specversion": "1.0",
        "id": str(derived_id(seed)),
        "source": own_source(voice.service),
        "type": kind,
        "subject": own.subject,
        "time": format_ms(rx_ms),
        "datacontenttype": "application/json",
        "aud": voice.origin,
        "seq": after.seq + 1,
        "prev": after.hash,
        "cause": cause,
        "data": own.data.model_dump(mode="json", exclude_none=True),
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def derived_id(seed: str) -> uuid.UUID:
    """UUIDv8 (RFC 9562 section 5.8) of the SHA-256 of *seed*."""
    digest = bytearray(hashlib.sha256(seed.encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80
    digest[8] = (digest[8] & 0x3F) | 0x80
    return uuid.UUID(bytes=bytes(digest))
