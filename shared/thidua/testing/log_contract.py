"""
What every log promises, as a suite: subclass it and give a ``log`` and its ``dump``.

``dump`` is everything the log holds, so that "nothing was written" can be said of all of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from thidua.log import (
    Admission,
    Admitted,
    Appended,
    AppendRequest,
    Behind,
    ChainMoved,
    Drain,
    EventLog,
    Fenced,
    FirstEntries,
    GateClosed,
    IdUsed,
    InboxFull,
    NewEntry,
    Outline,
    Receipt,
    Shrunk,
    UnloggedAnswer,
    write_recorded,
    write_refused,
)
from thidua.log.event_log import TRACED

Dump = Callable[[], Awaitable[Any]]

A_HASH = "A" * 43
B_HASH = "B" * 43
SUBJECT = "BVHTTDL/BGPB/2020"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01"


def entry(number: int, *subjects: str, key: str | None = None) -> NewEntry:
    """A recorded entry that moves *subjects*; its id is unique by *number*."""
    raw = write_recorded(1_600_000_000_000 + number, "units/1", b"e30.e30.AA")
    receipt = Receipt("LCA", A_HASH, "recorded")
    return NewEntry(raw, subjects, key or f"{number:019x}", receipt)


def request(**given: Any) -> AppendRequest:
    """An append to the log that :meth:`LogContract.founded` leaves, with members as *given*."""
    members = {"service": "units", "expected_offset": "0-0", "new_offset": "1-0", "followed": 2}
    return AppendRequest(**{**members, **given})


class LogContract:
    """The promises of a log; every method is a test."""

    async def founded(self, log: EventLog) -> None:
        """A log with two entries under ``BVHTTDL`` and an open gate."""
        first = [
            (write_recorded(1_600_000_000_000, "genesis/1", b"e30.e30.AA"), f"f{n:018x}", "BVHTTDL")
            for n in (1, 2)
        ]
        assert await log.found(FirstEntries("sandbox/t", True, first, "units/root", f"2 {A_HASH}"))

    async def test_a_log_is_founded_once_and_only_when_it_is_empty(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        before = await dump()
        again = FirstEntries("sandbox/u", False, [], "units/root", f"1 {B_HASH}")
        assert not await log.found(again)
        assert await dump() == before
        assert await log.meta() == {"origin": "sandbox/t", "sandbox": "1"}
        assert (await log.gate()).is_open

    async def test_entries_stand_at_dense_positions_in_the_order_of_the_append(
        self, log: EventLog
    ) -> None:
        await self.founded(log)
        answer = await log.append(
            request(entries=[entry(1, SUBJECT), entry(2), entry(3, SUBJECT, "BVHTTDL")])
        )
        assert answer == Appended(3, 5)
        assert [one.position for one in await log.read(0, 10)] == [1, 2, 3, 4, 5]
        assert [one.position for one in await log.read(3, 1)] == [4]
        assert await log.tail() == 5
        assert await log.outline() == Outline(first=1, last=5, length=5, written=5)

    async def test_heads_are_the_positions_of_the_last_recorded_entry_of_each_subject(
        self, log: EventLog
    ) -> None:
        await self.founded(log)
        await log.append(request(entries=[entry(1, SUBJECT), entry(2), entry(3, "BVHTTDL")]))
        assert await log.heads() == {SUBJECT: 3, "BVHTTDL": 5}

    async def test_chains_and_the_offset_move_with_the_entries(self, log: EventLog) -> None:
        await self.founded(log)
        chains = {"units/LCA/1": ("", f"1 {A_HASH}"), "units/root": (f"2 {A_HASH}", f"3 {B_HASH}")}
        await log.append(request(entries=[entry(1)], chains=chains))
        assert await log.chain("units/LCA/1") == f"1 {A_HASH}"
        assert await log.chains() == {"units/LCA/1": f"1 {A_HASH}", "units/root": f"3 {B_HASH}"}
        assert await log.offset("units") == "1-0"
        assert await log.offset("ballots") == "0-0"

    async def test_a_subject_that_moved_leaves_the_append_unwritten(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        before = await dump()
        stale = request(entries=[entry(1, SUBJECT)], heads={SUBJECT: 0, "BVHTTDL": 1})
        assert await log.append(stale) == Behind("BVHTTDL", 2)
        assert await dump() == before

    async def test_an_inbox_consumed_by_another_replica_fences_the_append(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        await log.append(request(entries=[entry(1)]))
        before = await dump()
        assert await log.append(request(entries=[entry(2)])) == Fenced("1-0")
        assert await dump() == before

    async def test_an_append_whose_reply_was_lost_is_fenced_when_it_is_repeated(
        self, log: EventLog
    ) -> None:
        await self.founded(log)
        once = request(entries=[entry(1, SUBJECT)], heads={SUBJECT: 0})
        assert await log.append(once) == Appended(3, 3)
        assert await log.append(once) == Fenced("1-0")
        assert await log.tail() == 3

    async def test_a_chain_that_stands_elsewhere_leaves_the_append_unwritten(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        before = await dump()
        forked = request(entries=[entry(1)], chains={"units/root": (f"1 {A_HASH}", f"2 {B_HASH}")})
        assert await log.append(forked) == ChainMoved("units/root", f"2 {A_HASH}")
        assert await dump() == before

    async def test_an_id_in_use_leaves_the_append_unwritten(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        await log.append(request(entries=[entry(7)]))
        before = await dump()
        reused = request(entries=[entry(8), entry(7)], expected_offset="1-0", new_offset="2-0")
        assert await log.append(reused) == IdUsed(f"{7:019x}")
        assert await dump() == before

    async def test_a_log_shorter_than_what_its_writer_followed_is_not_written_to(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        before = await dump()
        assert await log.append(request(entries=[entry(1)], followed=3)) == Shrunk(2)
        assert await dump() == before

    async def test_nothing_is_written_or_admitted_while_the_gate_is_closed(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        await log.open_gate("another run")
        before = await dump()
        assert await log.append(request(entries=[entry(1)])) == GateClosed()
        item = Admission("units", SUBJECT, "jws", b"x", 5)
        assert await log.admit([item], sandbox=True) == GateClosed()
        assert not await log.wake("units", SUBJECT, 5, sandbox=True)
        assert await dump() == before
        assert not (await log.gate()).is_open

    async def test_an_empty_log_is_closed(self, log: EventLog) -> None:
        assert await log.append(request(followed=0)) == GateClosed()

    async def test_admitted_items_get_dense_inbox_places_per_service(self, log: EventLog) -> None:
        await self.founded(log)
        items = [
            Admission(service, SUBJECT, "jws", b"x", 9) for service in ("units", "ballots", "units")
        ]
        assert await log.admit(items, sandbox=True) == Admitted(["1-0", "1-0", "2-0"])
        assert [await log.pending(service) for service in ("units", "ballots", "pledges")] == [
            2,
            1,
            0,
        ]
        await log.append(request(entries=[entry(1)]))
        assert await log.pending("units") == 1

    async def test_a_sandbox_clock_never_goes_back_within_a_subject(self, log: EventLog) -> None:
        await self.founded(log)
        times = [(SUBJECT, 9), (SUBJECT, 8), ("BVHTTDL/BGPB/2021", 3), (SUBJECT, 9)]
        items = [Admission("units", subject, "jws", b"x", at) for subject, at in times]
        assert await log.admit(items, sandbox=True) == Admitted(["1-0", 9, "2-0", "3-0"])

    async def test_a_wake_up_earlier_than_its_subjects_clock_is_lifted_to_it(
        self, log: EventLog
    ) -> None:
        await self.founded(log)
        await log.admit([Admission("units", SUBJECT, "jws", b"x", 9)], sandbox=True)
        assert await log.wake("ballots", SUBJECT, 0, sandbox=True)
        later = Admission("units", SUBJECT, "jws", b"x", 9)
        assert await log.admit([later], sandbox=True) == Admitted(["2-0"])
        assert await log.pending("ballots") == 1

    async def test_a_publishers_stream_is_drained_once(self, log: EventLog, dump: Dump) -> None:
        await self.founded(log)
        item = Admission("units", SUBJECT, "jws", b"x", 9)
        drain = Drain("LCA", "0-0", "18446744073709551615-18446744073709551615")
        assert await log.admit([item], sandbox=True, drain=drain) == Admitted(["1-0"])
        before = await dump()
        assert await log.admit([item], sandbox=True, drain=drain) == Fenced(drain.new)
        assert await dump() == before
        assert await log.drained("LCA") == drain.new

    async def test_what_a_drained_stream_is_told_is_told_once(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        answers = [UnloggedAnswer("LCA", A_HASH, "{}")]
        receipts = [(Receipt("LCA", B_HASH, "refused", "STATE_FORBIDS"), 2)]
        drain = Drain("LCA", "0-0", "5-0", answers, receipts)
        assert await log.admit([], sandbox=True, drain=drain) == Admitted([])
        before = await dump()
        assert await log.admit([], sandbox=True, drain=drain) == Fenced("5-0")
        assert await dump() == before

    async def test_a_full_inbox_takes_nothing_of_a_batch_and_drains_no_stream(
        self, log: EventLog, dump: Dump
    ) -> None:
        await self.founded(log)
        units = Admission("units", SUBJECT, "jws", b"x", 9)
        other = Admission("ballots", SUBJECT, "jws", b"x", 9)
        assert await log.admit([units, units], sandbox=True, most=2) == Admitted(["1-0", "2-0"])
        before = await dump()
        drain = Drain("LCA", "0-0", "5-0", [UnloggedAnswer("LCA", A_HASH, "{}")])
        full = await log.admit([other, units], sandbox=True, drain=drain, most=2)
        assert full == InboxFull("units", 2)
        assert await dump() == before
        assert await log.admit([other], sandbox=True, most=2) == Admitted(["1-0"])
        assert await log.wake("units", SUBJECT, 9, sandbox=True)
        consumed = request(expected_offset="0-0", new_offset="3-0", followed=2)
        assert await log.append(consumed) == Appended(3, 2)
        assert await log.admit([units, units], sandbox=True, most=2) == Admitted(["4-0", "5-0"])

    async def test_a_dry_run_is_bound_to_its_subjects_clock_and_does_not_move_it(
        self, log: EventLog
    ) -> None:
        await self.founded(log)
        dry = Admission("units", SUBJECT, "dry", b"x", 9)
        assert await log.admit([dry], sandbox=True) == Admitted(["1-0"])
        earlier = Admission("units", SUBJECT, "jws", b"x", 7)
        assert await log.admit([earlier], sandbox=True) == Admitted(["2-0"])
        past = Admission("units", SUBJECT, "dry", b"x", 6)
        assert await log.admit([past], sandbox=True) == Admitted([7])

    async def test_answers_and_form_refusals_move_the_offset_and_no_head(
        self, log: EventLog
    ) -> None:
        await self.founded(log)
        refused = write_refused(1_600_000_000_000, "units/1", "STATE_FORBIDS", {}, b"e30.e30.AA")
        told = NewEntry(
            refused, (), None, Receipt("LCA", B_HASH, "refused", "STATE_FORBIDS"), b"erasable"
        )
        answers = [UnloggedAnswer("LCA", A_HASH, "{}"), UnloggedAnswer("", B_HASH, "{}")]
        assert await log.append(request(entries=[told], answers=answers)) == Appended(3, 3)
        assert await log.append(request(expected_offset="1-0", new_offset="2-0")) == Appended(4, 3)
        assert await log.heads() == {"BVHTTDL": 2}
        assert await log.offset("units") == "2-0"

    async def test_an_entry_of_65535_bytes_is_kept_to_the_byte(self, log: EventLog) -> None:
        await self.founded(log)
        frame = len(write_recorded(1_600_000_000_000, "units/1", b""))
        raw = write_recorded(1_600_000_000_000, "units/1", b"A" * (65_535 - frame))
        assert await log.append(request(entries=[NewEntry(raw)])) == Appended(3, 3)
        assert (await log.read(2, 1))[0].raw == raw

    async def test_a_trace_stands_beside_the_latest_entries_and_in_none_of_them(
        self, log: EventLog
    ) -> None:
        await self.founded(log)
        await log.append(request(entries=[entry(1), entry(2), entry(3)], traces={0: TRACE}))
        assert await log.traces([2, 3, 4, 5, 6]) == {3: TRACE}
        assert await log.traces([]) == {}
        assert [one.raw for one in await log.read(2, 9)] == [entry(n).raw for n in (1, 2, 3)]
        later = [entry(number) for number in range(4, 4 + TRACED)]
        place = 3 + TRACED
        await log.append(
            request(
                expected_offset="1-0",
                new_offset="2-0",
                entries=later,
                traces={place - 6: OTHER_TRACE},
            )
        )
        assert await log.traces([3, place]) == {place: OTHER_TRACE}

    async def test_followers_say_how_far_they_are(self, log: EventLog) -> None:
        await self.founded(log)
        await log.follow("units", 2)
        await log.follow("archive", 1)
        assert await log.followed() == {"units": 2, "archive": 1}
