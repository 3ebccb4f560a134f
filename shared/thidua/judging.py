"""
Catch up, judge a batch, append, and again when a head has moved: the one path that writes.

A service's inbox offset fences it against a second replica; the heads of every subject that was read
fence it against the other services. Whatever fails, nothing is half-written: the append is one script.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Mapping, Sequence
from itertools import dropwhile
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

from thidua.clock import to_ms
from thidua.drafting import (
    Answer,
    Draft,
    Drafting,
    InboxItem,
    ReadItem,
    Signer,
    read_item,
)
from thidua.errors import GateClosedError, LogShrunkError
from thidua.knowledge import Knowledge, moment
from thidua.log import (
    AppendAnswer,
    Appended,
    AppendRequest,
    Behind,
    ChainMoved,
    EventLog,
    Fenced,
    GateClosed,
    IdUsed,
    Shrunk,
    UnloggedAnswer,
)
from thidua.log.names import order
from thidua.metrics import DecidingMetrics
from thidua.refusals import problem
from thidua.tracing import Judged

if TYPE_CHECKING:
    from thidua.deciding import Judge
    from thidua.log.entry import Entry
    from thidua.tracing import Tracing

S = TypeVar("S")
log = structlog.get_logger(__name__)

BATCH = 100
PAGE = 500
CHUNK_BYTES = 256_000
"""A secret vote of 45 kB takes 0.1 s to judge: five of them, then the loop's turn."""


class Judging(Generic[S]):
    """
    A deciding service at work on one log.

    ``position`` and ``offset`` say how far it has followed the log and consumed its inbox; up to ``settled`` it has
    also posted what was due.
    """

    def __init__(
        self,
        judge: Judge[S],
        event_log: EventLog,
        signer: Signer,
        *,
        sandbox: bool,
        metrics: DecidingMetrics | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.judge = judge
        self.log = event_log
        self.sandbox = sandbox
        self.metrics = metrics or DecidingMetrics()
        self.tracing = tracing
        self.knowledge: Knowledge[S] = Knowledge(judge)
        self.drafting = Drafting(self.knowledge, signer)
        self.offset = "0-0"
        self._dirty: set[str] = set()
        self._alarms: dict[str, int] = {}
        self._woken: dict[str, int] = {}
        self.settled = 0

    @property
    def position(self) -> int:
        """The position up to which the log was taken in."""
        return self.knowledge.position

    async def start(self) -> None:
        """Take in the whole log and find the inbox's offset."""
        collecting = gc.isenabled()
        # What is made now stays; looking for cycles in it, again and again, takes a quarter of the time.
        gc.disable()
        try:
            await self.catch_up()
        finally:
            if collecting:
                gc.enable()
        await self.ask_offset()

    async def ask_offset(self) -> None:
        """Find how far the inbox is consumed, by whatever replica and whether or not it heard of it."""
        self.offset = await self.log.offset(self.judge.service)

    async def catch_up(self, until: int | None = None) -> None:
        """Take in every entry up to *until*, the log's end when it is not given."""
        while until is None or self.position < until:
            most = PAGE if until is None else min(PAGE, until - self.position)
            page = await self.log.read(self.position, most)
            for entry in page:
                self.take(entry)
            if len(page) < most:
                return

    def take(self, entry: Entry) -> None:
        """Take in the next entry of the log, whoever wrote it."""
        self._mark(self.knowledge.take(entry))

    async def consume(
        self, items: Sequence[InboxItem], traces: Mapping[str, str] | None = None
    ) -> None:
        """
        Judge inbox entries in order and append what they come to; *traces* by their ids never reach the judge.

        Returns when all of them are consumed, by this replica or by another. Raises ``GateClosedError``
        while the log is closed, ``LogShrunkError`` when it ends before what was taken in.
        """
        size = BATCH
        consumed = order(self.offset)
        waiting = list(dropwhile(lambda item: order(item.id) <= consumed, items))
        ready: list[ReadItem] = []
        while waiting:
            await self.catch_up()
            _make_ready(ready, waiting, size)
            chunk = ready[: _no_more_than(ready, size)]
            last = chunk[-1].item.id
            spans = self._spans(chunk, traces)
            with self.metrics.judge.time():
                draft = self.drafting.draft(chunk)
            request = self._request(draft, last, spans)
            with self.metrics.append.time():
                answer = await self._append(request, ready, waiting)
            if spans is not None:
                spans.answered(answer)
            match answer:
                case Appended(first=first):
                    self.metrics.appended(request)
                    self.metrics.answered(
                        one.code for one in draft.answers if one.code and one.trial is None
                    )
                    await self._adopt(draft, first)
                    self.offset = last
                    del waiting[: len(chunk)], ready[: len(chunk)]
                    size = min(BATCH, size * 2)
                case Fenced(have=have):
                    self.offset = have
                    passed = sum(order(item.id) <= order(have) for item in waiting)
                    del waiting[:passed], ready[:passed]
                case Behind() | ChainMoved() | IdUsed():
                    self.metrics.not_appended(answer)
                    size = max(1, len(chunk) // 2)
                case GateClosed(reason=reason):
                    raise GateClosedError(reason)
                case Shrunk(tail=tail):
                    raise LogShrunkError(self.position, tail)

    def _spans(self, chunk: Sequence[ReadItem], traces: Mapping[str, str] | None) -> Judged | None:
        if self.tracing is None or not traces:
            return None
        return Judged(self.tracing, self.judge.service, chunk, traces)

    async def _append(
        self, request: AppendRequest, ready: list[ReadItem], waiting: Sequence[InboxItem]
    ) -> AppendAnswer:
        """Append, and read what comes next while the server writes."""
        appending = asyncio.ensure_future(self.log.append(request))
        try:
            # The client has handed the request over after two turns of the loop.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            _make_ready(ready, waiting, len(ready) + BATCH)
        finally:
            answer = await appending
        return answer

    async def wake(self, now_ms: int) -> None:
        """
        Put a wake-up into the own inbox for every subject that owes something at *now_ms*; then it is settled so far.

        In a sandbox the moment is the log's clock; *now_ms* is not looked at. The wake-up of a passed deadline
        is stamped with the deadline; the log lifts a stamp that is earlier than what the subject has seen.
        """
        if self.sandbox:
            now_ms = self.clock_ms()
        self._dirty.update(subject for subject, at in self._alarms.items() if at <= now_ms)
        waiting: set[str] = set()
        for subject in sorted(self._dirty):
            self._set_alarm(subject)
            head = self.knowledge.heads.get(subject, 0)
            if self._woken.get(subject) != head and self.drafting.owed(subject, now_ms):
                alarm_ms = self._alarms.get(subject)
                past = alarm_ms if alarm_ms is not None and alarm_ms <= now_ms else 0
                if await self.log.wake(self.judge.service, subject, past, sandbox=self.sandbox):
                    self._woken[subject] = head
                else:
                    waiting.add(subject)
        self._dirty = waiting
        if not waiting:
            self.settled = self.position

    def clock_ms(self) -> int:
        """A sandbox's clock: the greatest arrival in the log, or what an authority has advanced it to."""
        clock = self.knowledge.clock_ms
        for authority in self._authorities():
            advanced = self.knowledge.fold.registry(authority).clock
            if advanced is not None:
                clock = max(clock, to_ms(advanced))
        return clock

    def _authorities(self) -> set[str]:
        return {subject for subject in self.knowledge.heads if "/" not in subject}

    def _mark(self, subjects: Sequence[str]) -> None:
        for subject in subjects:
            if "/" in subject:
                self._dirty.add(subject)
            else:
                self._dirty.update(
                    s for s in self.knowledge.fold.subjects() if s.startswith(f"{subject}/")
                )

    def _set_alarm(self, subject: str) -> None:
        at = self.judge.alarm(self.knowledge.fold.view(), subject)
        if at is None:
            self._alarms.pop(subject, None)
        else:
            self._alarms[subject] = to_ms(at)

    def _request(self, draft: Draft[S], new_offset: str, spans: Judged | None) -> AppendRequest:
        service = self.judge.service
        chains = {
            f"{service}/{kid}": (
                self.knowledge.chain(kid).head.text(),
                f"{len(self.knowledge.chain(kid).hashes) + len(links)} {links[-1]}",
            )
            for kid, links in draft.links.items()
        }
        return AppendRequest(
            service=service,
            expected_offset=self.offset,
            new_offset=new_offset,
            followed=self.position,
            heads={subject: self.knowledge.heads.get(subject, 0) for subject in draft.noted},
            chains=chains,
            entries=[entry.new for entry in draft.entries],
            answers=[
                UnloggedAnswer(
                    answer.publisher.rpartition("/")[2],
                    answer.hash,
                    _answer_text(answer),
                )
                for answer in draft.answers
            ],
            traces={} if spans is None else spans.drafted(draft),
        )

    async def _adopt(self, draft: Draft[S], first: int) -> None:
        """Make the appended draft part of what is known; others' entries before it are taken in first."""
        knowledge = self.knowledge
        if not draft.entries:
            return
        if first > self.position + 1:
            await self.catch_up(first - 1)
        knowledge.fold.adopt(draft.fold)
        for position, entry in enumerate(draft.entries, first):
            knowledge.link(entry.kid, entry.hash, position)
            if entry.event is not None:
                subjects = entry.new.subjects
                knowledge.note(entry.event, subjects, position, entry.new.id_key or "")
                knowledge.clock_ms = max(knowledge.clock_ms, to_ms(entry.event.rx))
                self._mark(subjects)
        knowledge.position = first + len(draft.entries) - 1


def _no_more_than(ready: Sequence[ReadItem], size: int) -> int:
    """How many of *ready* are judged at once: at most *size*, and no more bytes than are judged while others wait."""
    total = 0
    for number, read in enumerate(ready[:size]):
        total += len(read.item.jws or b"")
        if total > CHUNK_BYTES:
            return max(1, number)
    return min(size, len(ready))


def _make_ready(ready: list[ReadItem], waiting: Sequence[InboxItem], count: int) -> None:
    """Read the first *count* of *waiting* as far as they were not read before."""
    ready += [read_item(item) for item in waiting[len(ready) : count]]


def _answer_text(answer: Answer) -> str:
    if answer.trial is None and answer.code is not None:
        return json.dumps(problem(answer.code, answer.facts, event=answer.hash), ensure_ascii=False)
    return json.dumps({"code": answer.code or "", "facts": answer.facts, "trial": answer.trial})


def inbox_item(stream_id: str, fields: dict[bytes, bytes]) -> InboxItem:
    """An inbox entry as the door's script wrote it."""
    wake = fields.get(b"wake")
    dry = fields.get(b"dry")
    return InboxItem(
        id=stream_id,
        rx_ms=int(fields[b"rx"]),
        jws=fields.get(b"jws", dry),
        wake=None if wake is None else wake.decode(),
        dry=dry is not None,
    )


__all__ = ["BATCH", "Judging", "inbox_item", "moment", "order"]
