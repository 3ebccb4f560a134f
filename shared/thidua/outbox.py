"""
What a publisher has to say, on its own disk until the log holds it: drafts in order, each signed when its turn comes.

A draft is kept unsigned. When it is about to be sent it is signed as the next event of its key's chain
with its judging service, and the signature is on the disk before the first byte leaves: whatever is
lost after that, the same bytes are sent again and meet the same receipt. The chain moves only by what
stands in the log. What the door answers for good (it can never enter the log) stops its chain until a
person drops it; what was signed after it is then signed anew, since none of it can have entered.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from thidua.clock import format_instant
from thidua.contracts import service_of
from thidua.errors import MalformedError, RejectError
from thidua.holding import Holding, Item, NewerOutboxError, State, Version
from thidua.journal import Journal
from thidua.knowledge import ChainHead
from thidua.publishing import NoTypeError
from thidua.refusals import Code
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from thidua.publishing import Publisher

__all__ = [
    "IdUsedError",
    "Item",
    "NewerOutboxError",
    "NotDroppableError",
    "NotInOutboxError",
    "Outbox",
    "State",
    "Version",
]

JOURNAL: Final = "outbox.jsonl"
MOST_DATA: Final = 46_000
"""Bytes of ``data`` that surely fit the 64,000 of a signed event, with envelope and any signature."""


class IdUsedError(RejectError):
    """The outbox holds another event under this id."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            f"{event_id}: mã này đã dùng cho nội dung khác / this id was used for other content"
        )


class NotInOutboxError(RejectError):
    """The outbox holds no such event."""

    def __init__(self, number: int) -> None:
        super().__init__(f"không có sự kiện số {number} / there is no event {number}")

    def diagnostics(self) -> str:
        """Name the command that shows the numbers."""
        return "Xem số ở thidua outbox list --all. / The numbers stand in thidua outbox list --all."


class NotDroppableError(RejectError):
    """The event stands in the log, or may: it cannot be taken back."""

    def __init__(self, number: int, state: State) -> None:
        super().__init__(
            f"sự kiện số {number}: {state}, không bỏ được / event {number} is {state} and cannot be dropped"
        )

    def diagnostics(self) -> str:
        """Say how its fate is learnt."""
        return (
            "Chạy: thidua outbox flush / Send first: what is in the log is mended by a new event."
        )


class Outbox:
    """
    The outbox in *folder*; any number of processes may queue, one at a time sends.

    Raises ``JournalDamagedError`` when the file was changed by something else, and
    ``JournalUnwritableError`` when it cannot be written; then nothing was taken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = Journal(folder / JOURNAL)
        self._held = Holding()
        self.refresh()

    def refresh(self) -> None:
        """Take in what other processes have appended."""
        for record in self._journal.read():
            self._held.take(record)

    @property
    def items(self) -> list[Item]:
        """Every event ever queued, in order."""
        return list(self._held.items.values())

    @property
    def unsent(self) -> list[Item]:
        """The events whose fate is open, in order."""
        return [self._held.items[n] for n in self._held.unsent]

    def item(self, number: int) -> Item:
        """One event; raises ``NotInOutboxError``."""
        try:
            return self._held.items[number]
        except KeyError:
            raise NotInOutboxError(number) from None

    def head(self, kid: str, service: str) -> ChainHead:
        """Where a key's chain with a service stands by what this outbox knows of the log."""
        return self._held.heads.get((kid, service), ChainHead())

    def version(self, event_hash: str) -> Version | None:
        """The signature with this event hash, also one that was replaced or dropped."""
        return self._held.versions.get(event_hash)

    def has_signed(self, kid: str, service: str) -> bool:
        """Whether anything was ever signed for this chain."""
        return any(v.kid == kid and v.service == service for v in self._held.versions.values())

    def after(self, kid: str, service: str, head: ChainHead) -> list[Item]:
        """The events believed to be in the log beyond *head*."""
        return [
            item
            for item in self._held.items.values()
            if item.signed is not None
            and (item.signed.kid, item.service) == (kid, service)
            and item.signed.seq > head.seq
            and item.state in (State.RECORDED, State.REFUSED)
        ]

    def queue(
        self, wire_type: str, subject: str, data: dict[str, Any], *, event_id: str, time: datetime
    ) -> Item:
        """
        Keep an event for sending; when this returns it survives a kill and a reboot.

        The same id with the same content again is the same event. Raises ``IdUsedError`` for other
        content, ``NoTypeError`` for a type of no service, ``MalformedError`` when it is too large.
        """
        if service_of(wire_type) is None:
            raise NoTypeError(wire_type)
        size = len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
        if size > MOST_DATA:
            raise MalformedError(
                Code.TOO_LARGE,
                "/data",
                given=f"{size} bytes",
                expected=f"at most {MOST_DATA} bytes",
            )
        with self._changing() as records:
            known = self._held.ids.get(event_id)
            if known is not None:
                item = self._held.items[known]
                if not item.says(wire_type, subject, data):
                    raise IdUsedError(event_id)
                return item
            number = len(self._held.items) + 1
            records.append(
                {
                    "op": "queued",
                    "n": number,
                    "id": event_id,
                    "type": wire_type,
                    "subject": subject,
                    "data": data,
                    "time": format_instant(time),
                }
            )
        return self._held.items[number]

    def next_run(self, held: Collection[str], most: int, *, kid: str) -> list[Item]:
        """
        The next events to send: all of one service, in order, none of the services *held*.

        An event stuck under the present key holds its service; under another key it is tried again.
        """
        waiting = set(held)
        run: list[Item] = []
        for item in self.unsent:
            if item.service in waiting:
                continue
            if item.state is State.STUCK and item.signed is not None and item.signed.kid == kid:
                waiting.add(item.service)
                if run and item.service == run[0].service:
                    break
                continue
            if run and item.service != run[0].service:
                break
            run.append(item)
            if len(run) == most:
                break
        return run

    def sign(self, run: Sequence[Item], publisher: Publisher) -> list[Version]:
        """
        The events of *run* as the next links of their chain, signed where they are not yet.

        The signatures are on the disk when this returns.
        """
        service = run[0].service
        head = self.head(publisher.kid, service)
        signed: list[Version] = []
        with self._changing() as records:
            for item in run:
                version = item.signed
                fits = version is not None and (version.kid, version.seq, version.prev) == (
                    publisher.kid,
                    head.seq + 1,
                    head.hash,
                )
                if version is None or not fits:
                    publisher.heads[service] = head
                    version = _signed(item, publisher)
                    fresh = {
                        key: value for key, value in version._asdict().items() if key != "service"
                    }
                    records.append({"op": "signed", **fresh})
                signed.append(version)
                head = version.link
        return signed

    def settle(self, receipts: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Believe what the log says of events, by their hashes."""
        with self._changing() as records:
            records += [
                {"op": "settled", "hash": event_hash, "receipt": receipt}
                for event_hash, receipt in receipts
            ]

    def stick(self, number: int, problem: dict[str, Any]) -> None:
        """The door answered for good that the event, as it is, cannot enter the log."""
        with self._changing() as records:
            records.append({"op": "answered", "n": number, "problem": problem})

    def adopt(self, kid: str, service: str, head: ChainHead) -> None:
        """Go on from *head*, whoever wrote up to there."""
        with self._changing() as records:
            link = {"seq": head.seq, "hash": head.hash}
            records.append({"op": "head", "kid": kid, "service": service, **link})

    def lost(self, kid: str, service: str, head: ChainHead) -> list[Item]:
        """The log has lost what came after *head*: the same bytes are to be sent again."""
        gone = self.after(kid, service, head)
        with self._changing() as records:
            link = {"seq": head.seq, "hash": head.hash}
            records.append({"op": "head", "kid": kid, "service": service, **link})
            records += [{"op": "lost", "n": item.n} for item in gone]
        return gone

    def drop(self, number: int) -> Item:
        """
        Set an event aside for good; those after it go on without it.

        Raises ``NotDroppableError`` for one that stands in the log or may.
        """
        with self._changing() as records:
            item = self.item(number)
            if item.state not in (State.QUEUED, State.STUCK):
                raise NotDroppableError(number, item.state)
            records.append({"op": "dropped", "n": number})
        return self._held.items[number]

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Be the one process that sends; raises ``LockedError`` when another one does."""
        with self._journal.alone():
            self.refresh()
            yield

    @contextmanager
    def _changing(self) -> Iterator[list[dict[str, Any]]]:
        with self._journal.locked():
            self.refresh()
            records: list[dict[str, Any]] = []
            yield records
            if records:
                self._journal.append(records)
                for record in records:
                    self._held.take(record)


def _signed(item: Item, publisher: Publisher) -> Version:
    head = publisher.heads[item.service]
    jws = publisher.sign(item.type, item.subject, item.data, time=item.time, event_id=item.id)
    event_hash = parse_jws(jws).hash
    return Version(item.n, publisher.kid, item.service, head.seq + 1, head.hash, event_hash, jws)
