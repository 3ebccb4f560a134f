"""
A publisher's client: an outbox, a key and the door, so that a cut line or a reboot loses nothing.

Order is kept per judging service. A service that is away holds back its own events only; while all
answer, events are judged in the order in which they were queued.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import randbelow
from typing import TYPE_CHECKING, Any, Final

from thidua.errors import RetryError, StopError
from thidua.form import checked_form
from thidua.outbox import State
from thidua.publishing import DoorBusyError, DoorUnreachableError
from thidua.refusals import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thidua.knowledge import ChainHead
    from thidua.outbox import Item, Outbox, Version
    from thidua.publishing import DoorClient, Publisher, Reply

BATCH: Final = 50
WAIT_SECONDS: Final = 10
_FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 60.0
_CHAIN_CODES: Final = frozenset({Code.CHAIN_EXPECTED, Code.CHAIN_FORK})


class ForkedError(StopError):
    """The log holds events of this key that the outbox never signed: the key has a second writer."""

    def __init__(self, kid: str, service: str, known: ChainHead, found: ChainHead) -> None:
        super().__init__(
            f"khóa {kid} với {service}: sổ ở số {found.seq}, hộp gửi biết đến số {known.seq}, "
            "và sự kiện cuối trong sổ không phải của hộp gửi này / "
            f"the log is at {found.seq}, this outbox at {known.seq}, and did not sign what stands there"
        )

    def diagnostics(self) -> str:
        """Name the two ways out."""
        return (
            "Mỗi khóa chỉ một hệ thống dùng. Nếu đây là hộp gửi duy nhất (ví dụ vừa khôi phục từ bản sao lưu): "
            "thidua outbox flush --adopt. / One key, one writer; if this is the only one, use --adopt."
        )


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a flush came to: the events it settled, those still open, and why a service holds its own back."""

    settled: tuple[Item, ...]
    unsent: tuple[Item, ...]
    held: dict[str, str]

    @property
    def recorded(self) -> list[Item]:
        """The events that now stand in the log as recorded."""
        return [item for item in self.settled if item.state is State.RECORDED]

    @property
    def refused(self) -> list[Item]:
        """The events that now stand in the log as refused, with the reason."""
        return [item for item in self.settled if item.state is State.REFUSED]

    @property
    def stuck(self) -> list[Item]:
        """The events that can never enter the log as they are; each stops its chain."""
        return [item for item in self.unsent if item.state is State.STUCK]


def pauses(chance: Callable[[], float], longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """Seconds between attempts: doubling from a half to *longest*, each shortened by up to a half by *chance*."""
    pause = _FIRST_PAUSE
    while True:
        yield pause * (1 - chance() / 2)
        pause = min(2 * pause, longest)


def _chance() -> float:
    return randbelow(1000) / 1000


@dataclass(slots=True)
class _Round:
    """One pass over the outbox: why services are held, and after how long the door wants to be asked."""

    held: dict[str, str] = field(default_factory=dict)
    settled: list[int] = field(default_factory=list)
    retry: bool = False
    after: float = 0.0

    def hold(self, service: str, reason: str, *, retry: bool = True, after: float = 0.0) -> None:
        self.held.setdefault(service, reason)
        self.retry = self.retry or retry
        self.after = max(self.after, after)


@dataclass(slots=True)
class PublisherClient:
    """
    Publishes with an outbox on disk: what ``publish`` has returned is never lost and never said twice.

    One key has one outbox. Several processes may publish into it, each with a client of its own;
    one of them sends at a time. ``clock`` and ``sleep`` are what waiting goes by; ``arrival`` of a
    sandbox is the event's own time.
    """

    outbox: Outbox
    publisher: Publisher
    door: DoorClient
    wait: int = WAIT_SECONDS
    batch: int = BATCH
    longest_pause: float = LONGEST_PAUSE
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = _chance

    def publish(
        self,
        wire_type: str,
        subject: str,
        data: dict[str, Any],
        *,
        event_id: str | None = None,
        check: bool = True,
    ) -> Item:
        """
        Queue an event and try once to send; the item with its receipt, or still queued.

        A program that may be killed names an ``event_id``: publishing the same again is the same
        event. Raises ``FormFaultsError`` with every fault before anything is queued (not with
        ``check=False``), ``IdUsedError`` for an id with other content.
        """
        item = self.queue(wire_type, subject, data, event_id=event_id, check=check)
        try:
            self.flush()
        except RetryError:  # queued all the same: another process sends, or the door is away
            self.outbox.refresh()
        return self.outbox.item(item.n)

    def queue(
        self,
        wire_type: str,
        subject: str,
        data: dict[str, Any],
        *,
        event_id: str | None = None,
        check: bool = True,
    ) -> Item:
        """Keep an event for the next flush; raises as ``publish`` does."""
        if check:
            checked_form(wire_type, subject, data)
        return self.outbox.queue(
            wire_type, subject, data, event_id=event_id or str(uuid.uuid4()), time=self.now()
        )

    def flush(self, *, patience: float = 0.0, adopt: bool = False) -> Flushed:
        """
        Send what is unsent, going on for *patience* seconds while only waiting can help.

        Raises ``LockedError`` while another process sends, ``ForkedError`` when the key has a second
        writer; with *adopt* the chain is gone on with from where the log has it.
        """
        settled: list[int] = []
        deadline = self.clock() + patience
        backoff = pauses(self.chance, self.longest_pause)
        with self.outbox.sending():
            while True:
                told = self._round(adopt=adopt)
                settled += told.settled
                if told.settled:
                    backoff = pauses(self.chance, self.longest_pause)
                pause = max(next(backoff), told.after)
                if not told.retry or self.clock() + pause > deadline:
                    break
                self.sleep(pause)
                self.outbox.refresh()
        return Flushed(
            tuple(self.outbox.item(n) for n in settled), tuple(self.outbox.unsent), told.held
        )

    def _round(self, *, adopt: bool) -> _Round:
        told = _Round()
        learnt: set[str] = set()
        while run := self.outbox.next_run(told.held, self.batch, kid=self.publisher.kid):
            service = run[0].service
            try:
                if service not in learnt:
                    told.settled += self._learn(service, run, adopt=adopt)
                    learnt.add(service)
                    continue
                versions = self.outbox.sign(run, self.publisher)
                replies = self.door.send_all([one.jws for one in versions], wait=self.wait)
                self._take(told, versions, replies)
            except DoorUnreachableError as error:
                for item in self.outbox.unsent:
                    told.hold(item.service, str(error))
            except DoorBusyError as error:
                told.hold(service, error.code, after=error.seconds)
        for item in self.outbox.unsent:
            if item.state is State.STUCK:
                told.hold(item.service, str((item.answer or {}).get("code")), retry=False)
        return told

    def _take(self, told: _Round, versions: list[Version], replies: list[Reply]) -> None:
        """Believe the door's replies: what entered the log, what waits, what never can enter."""
        entered = [
            (version, reply.document)
            for version, reply in zip(versions, replies, strict=True)
            if reply.in_log
        ]
        self.outbox.settle((version.hash, document) for version, document in entered)
        told.settled += [version.n for version, _ in entered]
        for version, reply in zip(versions, replies, strict=True):
            if reply.in_log:
                continue
            code = str(reply.document.get("code") or reply.outcome)
            if reply.is_pending or reply.is_retryable or code in _CHAIN_CODES:
                told.hold(version.service, code, after=reply.retry_after)
            else:
                self.outbox.stick(version.n, reply.document)
                told.hold(version.service, code, retry=False)

    def _learn(self, service: str, run: list[Item], *, adopt: bool) -> list[int]:
        """Bring the outbox to where the log has the chain; the events found to have entered under another signature."""
        settled = self._old_keys(run)
        kid = self.publisher.kid
        known, found = self.outbox.head(kid, service), self.door.head(kid, service)
        if found == known:
            return settled
        entered = self._links(known, found)
        if entered is not None:
            for version in entered:
                item = self.outbox.item(version.n)
                if item.signed == version and item.state is State.SIGNED:
                    break  # sent again it meets its receipt, and so do those after it
                receipt = self.door.receipt(version.hash)
                if not receipt.in_log:
                    raise DoorBusyError(self.door.url, str(receipt.document.get("code")), 0)
                self.outbox.settle([(version.hash, receipt.document)])
                settled.append(version.n)
            return settled
        if found.seq < known.seq and self._is_ours(found, kid, service):
            self.outbox.lost(kid, service, found)
        elif adopt or not self.outbox.has_signed(kid, service):
            self.outbox.adopt(kid, service, found)
        else:
            raise ForkedError(kid, service, known, found)
        return settled

    def _old_keys(self, run: list[Item]) -> list[int]:
        """What was signed with a key of before is looked for in the log before it is signed anew."""
        settled = []
        for item in run:
            if item.signed is not None and item.signed.kid != self.publisher.kid:
                receipt = self.door.receipt(item.signed.hash)
                if receipt.status >= 500:  # noqa: PLR2004 - the door cannot say
                    raise DoorBusyError(
                        self.door.url, f"HTTP {receipt.status}", receipt.retry_after
                    )
                if receipt.in_log:
                    self.outbox.settle([(item.signed.hash, receipt.document)])
                    settled.append(item.n)
        return settled

    def _links(self, known: ChainHead, found: ChainHead) -> list[Version] | None:
        """Our own links from *known* up to *found*; ``None`` when they do not lead there."""
        links: list[Version] = []
        at = found
        while at != known:
            version = self.outbox.version(at.hash)
            if version is None or version.seq != at.seq or at.seq <= known.seq:
                return None
            links.append(version)
            at = type(found)(version.seq - 1, version.prev)
        return links[::-1]

    def _is_ours(self, found: ChainHead, kid: str, service: str) -> bool:
        version = self.outbox.version(found.hash)
        if version is None:
            return found.seq == 0
        return (version.kid, version.service, version.seq) == (kid, service, found.seq)
