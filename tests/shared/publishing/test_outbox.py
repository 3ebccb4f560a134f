"""The outbox: what is queued reaches the log once and in order, whatever is killed, lost or doubled."""

from __future__ import annotations

import resource
import tempfile
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.shared.publishing.pretend import (
    SUBJECT,
    TYPES,
    Crash,
    KilledJournal,
    PretendDoor,
    Time,
    client,
    queue,
)
from thidua.errors import MalformedError, ThiduaError
from thidua.form import FormFaultsError
from thidua.journal import Journal, JournalDamagedError, JournalUnwritableError, LockedError
from thidua.knowledge import ChainHead
from thidua.outbox import JOURNAL, IdUsedError, NewerOutboxError, NotDroppableError, Outbox, State
from thidua.publishing import NoTypeError
from thidua.refusals import Code
from thidua.sending import ForkedError, pauses

FAULTS = st.sampled_from([None, None, None, "away", "lost", "twice", "busy", "later"])
SERVICES = st.sampled_from(sorted(TYPES))
ON_DISK = settings(max_examples=60)
"""Each example waits for the disk hundreds of times."""


@ON_DISK
@given(
    services=st.lists(SERVICES, min_size=1, max_size=12),
    faults=st.lists(FAULTS, max_size=40),
    kills=st.lists(st.tuples(st.integers(-1, 6), st.floats(0, 1)), max_size=6),
)
def test_any_interleaving_of_kills_duplicates_and_lost_replies_keeps_order_and_exactly_once(
    services: list[str], faults: list[str | None], kills: list[tuple[int, float]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coming = iter(faults)
        door = PretendDoor(lambda: next(coming, None))
        for kill_in, part in [*kills, (-1, 1.0)]:
            sender = client(folder, door)
            journal = KilledJournal(folder / JOURNAL)
            journal.read()
            journal.kill_in, journal.part = kill_in, part
            sender.outbox._journal = journal
            with suppress(Crash, ThiduaError):
                # A program that was killed says all of it again; ids tell what was said before.
                for at, service in enumerate(services):
                    queue(sender, service, f"e-{at}")
                    sender.flush()
        calm = client(folder, door)
        calm.flush(patience=600)

        assert calm.outbox.unsent == []
        for service in TYPES:
            wanted = [f"e-{at}" for at, one in enumerate(services) if one == service]
            assert door.recorded(service) == wanted


@ON_DISK
@given(
    services=st.lists(SERVICES, min_size=2, max_size=10),
    never=st.sets(st.integers(0, 9), max_size=4),
    wrong=st.sets(st.integers(0, 9), max_size=4),
    batch=st.integers(1, 5),
)
def test_what_can_never_enter_is_dropped_by_hand_and_its_successors_enter_without_it(
    services: list[str], never: set[int], wrong: set[int], batch: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        door = PretendDoor()
        door.never = {f"e-{at}" for at in never}
        door.wrong = {f"e-{at}" for at in wrong}
        sender = client(Path(name), door, batch=batch)
        for at, service in enumerate(services):
            queue(sender, service, f"e-{at}")

        while (told := sender.flush()).unsent:
            assert told.stuck
            for item in told.stuck:
                sender.outbox.drop(item.n)

        for service in TYPES:
            wanted = [f"e-{n}" for n, one in enumerate(services) if one == service]
            assert door.recorded(service) == [one for one in wanted if one not in door.never]
        states = {item.id: item.state for item in sender.outbox.items}
        assert {one for one in states if states[one] is State.DROPPED} == door.never & states.keys()
        entered = door.wrong & states.keys() - door.never
        assert {one for one in states if states[one] is State.REFUSED} == entered


def test_an_event_is_on_the_disk_before_it_is_sent_and_signed_when_its_turn_comes(
    tmp_path: Path,
) -> None:
    door = PretendDoor(lambda: "away")
    sender = client(tmp_path, door)
    item = sender.publish(TYPES["units"], SUBJECT, {"unit": "SOA", "kind": "yearly"})
    assert item.state is State.QUEUED
    assert item.signed is None
    assert Outbox(tmp_path).unsent == [item]


def test_a_lost_reply_is_learnt_by_sending_the_same_bytes_again(tmp_path: Path) -> None:
    faults = iter([None, "lost"])
    door = PretendDoor(lambda: next(faults, None))
    sender = client(tmp_path, door)
    queue(sender, "units", "a")
    first = sender.flush()
    assert [item.state for item in first.unsent] == [State.SIGNED]

    again = client(tmp_path, door).flush()

    assert [item.signed for item in again.settled] == [first.unsent[0].signed]
    assert door.recorded("units") == ["a"]


def test_services_that_answer_are_sent_to_in_the_order_of_the_queue(tmp_path: Path) -> None:
    door = PretendDoor()
    sender = client(tmp_path, door)
    order = ["units", "ballots", "ballots", "units", "pledges", "units"]
    for at, service in enumerate(order):
        queue(sender, service, f"{at}")
    sender.flush()
    assert [door.said[event_hash]["id"] for event_hash, _, _ in door.log] == list("012345")


def test_a_service_that_is_away_holds_back_its_own_events_only(tmp_path: Path) -> None:
    door = PretendDoor()
    door.down = {"units"}
    sender = client(tmp_path, door)
    queue(sender, "units", "report")
    queue(sender, "ballots", "vote")
    told = sender.flush()
    assert [item.id for item in told.recorded] == ["vote"]
    assert told.held == {"units": "pending"}
    door.down = set()
    assert [item.id for item in sender.flush().recorded] == ["report"]


def test_pauses_double_up_to_a_minute_and_the_doors_own_wish_is_kept(tmp_path: Path) -> None:
    assert list(islice(pauses(lambda: 0.0), 9)) == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert list(islice(pauses(lambda: 1.0), 3)) == [0.25, 0.5, 1]
    door = PretendDoor(lambda: "busy")
    sender = client(tmp_path, door)
    time = Time()
    sender.clock, sender.sleep = time.clock, time.sleep
    queue(sender, "units", "a")
    told = sender.flush(patience=10)
    assert told.held == {"units": "BUSY"}
    assert time.slept == [2.0, 2.0, 2.0, 4.0]


def test_one_id_is_one_event(tmp_path: Path) -> None:
    sender = client(tmp_path, PretendDoor())
    assert queue(sender, "units", "a") == queue(sender, "units", "a")
    with pytest.raises(IdUsedError):
        sender.queue(TYPES["units"], SUBJECT, {"unit": "SOB"}, event_id="a", check=False)


def test_what_has_faults_is_named_whole_and_not_queued(tmp_path: Path) -> None:
    sender = client(tmp_path, PretendDoor())
    with pytest.raises(FormFaultsError) as told:
        sender.publish(TYPES["units"], "BNV", {"unit": 7, "loai": "năm"})
    assert {fault.path for fault in told.value.faults} == {
        "/subject",
        "/data/unit",
        "/data/kind",
        "/data/loai",
    }
    with pytest.raises(NoTypeError):
        sender.queue("thidua.reporting.page-viewed.v1", SUBJECT, {}, check=False)
    with pytest.raises(MalformedError, match=Code.TOO_LARGE):
        sender.queue(TYPES["units"], SUBJECT, {"summary": "a" * 46_000}, check=False)
    assert sender.outbox.items == []


def test_what_stands_in_the_log_or_may_is_not_dropped(tmp_path: Path) -> None:
    faults = iter([None, "lost"])
    door = PretendDoor(lambda: next(faults, None))
    sender = client(tmp_path, door)
    number = queue(sender, "units", "a")
    sender.flush()
    with pytest.raises(NotDroppableError):
        sender.outbox.drop(number)
    sender.flush()
    with pytest.raises(NotDroppableError):
        sender.outbox.drop(number)


def test_a_dropped_event_that_had_entered_after_all_is_found_in_the_log(tmp_path: Path) -> None:
    door = PretendDoor()
    sender = client(tmp_path, door)
    first, _ = queue(sender, "units", "a"), queue(sender, "units", "b")
    door.never = {"a"}
    sender.flush()
    version = sender.outbox.item(first).signed
    assert version is not None
    sender.outbox.drop(first)
    door.never = set()
    door._judged(version.jws)  # it had been waiting in the inbox all the time

    sender.flush()

    assert sender.outbox.item(first).state is State.RECORDED
    assert door.recorded("units") == ["a", "b"]


def test_events_found_in_the_log_are_settled_in_their_order_and_signed_once(tmp_path: Path) -> None:
    door = PretendDoor()
    sender = client(tmp_path, door)
    first, second = queue(sender, "units", "a"), queue(sender, "units", "b")
    versions = sender.outbox.sign(sender.outbox.unsent, sender.publisher)
    sender.outbox.stick(second, {"code": "KEY_EXPIRED"})
    sender.outbox.drop(second)
    for version in versions:
        door._judged(version.jws)
    queue(sender, "units", "c")

    sender.flush(patience=60)

    assert sender.outbox.item(first).signed == versions[0]
    assert door.recorded("units") == ["a", "b", "c"]
    assert {item.state for item in sender.outbox.items} == {State.RECORDED}


def test_what_a_lost_log_no_longer_holds_is_sent_again_as_it_was(tmp_path: Path) -> None:
    door = PretendDoor()
    sender = client(tmp_path, door)
    for event_id in "abcd":
        queue(sender, "units", event_id)
    sender.flush()
    before = list(door.log)
    door.forget(1)

    queue(sender, "units", "e")
    sender.flush()  # learns of the loss, or at the latest by the answer
    sender.flush()

    assert door.log[:4] == before
    assert door.recorded("units") == list("abcde")


def test_a_key_that_was_used_before_goes_on_where_the_log_has_it(tmp_path: Path) -> None:
    door = PretendDoor()
    elsewhere = client(tmp_path / "old", door)
    queue(elsewhere, "units", "old")
    elsewhere.flush()
    sender = client(tmp_path / "new", door)
    queue(sender, "units", "new")
    sender.flush()
    assert door.recorded("units") == ["old", "new"]


def test_a_second_writer_of_one_key_is_named_and_nothing_is_signed_over_it(tmp_path: Path) -> None:
    door = PretendDoor()
    one, two = client(tmp_path / "one", door), client(tmp_path / "two", door)
    queue(one, "units", "a")
    one.flush()
    queue(two, "units", "b")
    two.flush()
    queue(one, "units", "c")
    with pytest.raises(ForkedError):
        one.flush()
    assert door.recorded("units") == ["a", "b"]
    one.flush(adopt=True)
    assert door.recorded("units") == ["a", "b", "c"]


def test_under_a_new_key_what_the_old_one_could_not_say_is_signed_anew(tmp_path: Path) -> None:
    door = PretendDoor()
    old = client(tmp_path, door)
    queue(old, "units", "a")
    queue(old, "units", "b")
    door.never = {"a"}
    assert old.flush().stuck
    door.never = set()

    client(tmp_path, door, kid="SOA/2").flush()

    assert [kid for _, kid, _ in door.log] == ["SOA/2", "SOA/2"]
    assert door.recorded("units") == ["a", "b"]


def test_what_the_old_key_had_said_is_not_said_again_by_the_new_one(tmp_path: Path) -> None:
    faults = iter([None, "lost"])
    door = PretendDoor(lambda: next(faults, None))
    old = client(tmp_path, door)
    queue(old, "units", "a")
    old.flush()

    client(tmp_path, door, kid="SOA/2").flush()

    assert door.recorded("units") == ["a"]


def test_several_processes_queue_into_one_outbox_and_one_sends(tmp_path: Path) -> None:
    door = PretendDoor()
    one, two = client(tmp_path, door), client(tmp_path, door)
    queue(one, "units", "a")
    queue(two, "units", "b")
    queue(one, "units", "c")
    with one.outbox.sending():
        with pytest.raises(LockedError):
            two.flush()
        held = two.publish(TYPES["units"], SUBJECT, {"unit": "SOA", "kind": "yearly"}, event_id="d")
    assert held.state is State.QUEUED
    two.flush()
    assert door.recorded("units") == list("abcd")


@given(cut=st.integers(1, 400), garbage=st.binary(max_size=50))
@example(cut=1, garbage=b"")
@example(cut=1, garbage=b"x\n")
def test_a_torn_last_line_is_cut_and_all_before_it_stands(cut: int, garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        journal = Journal(Path(name) / JOURNAL)
        journal.append([{"at": 1}])
        journal.append([{"at": 2}])
        keep = journal._offset
        journal.append([{"at": 3, "text": "á" * 200}])
        whole = journal.path.read_bytes()
        torn = whole[: max(keep, len(whole) - cut)] + garbage
        # What happens to complete the line again is not a torn line.
        assume(not torn.startswith(whole))
        journal.path.write_bytes(torn)
        found = Journal(journal.path)
        assert found.read() == [{"at": 1}, {"at": 2}]
        found.append([{"at": 4}])
        assert Journal(journal.path).read() == [{"at": 1}, {"at": 2}, {"at": 4}]


def test_a_line_damaged_in_the_middle_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    sender = client(tmp_path, PretendDoor())
    queue(sender, "units", "a")
    queue(sender, "units", "b")
    path = tmp_path / JOURNAL
    changed = path.read_bytes().replace(b'"id":"a"', b'"id":"x"')
    path.write_bytes(changed)
    with pytest.raises(JournalDamagedError):
        Outbox(tmp_path)
    assert path.read_bytes() == changed


def test_a_record_of_a_later_version_stops_this_one(tmp_path: Path) -> None:
    Journal(tmp_path / JOURNAL).append([{"op": "forwarded"}])
    with pytest.raises(NewerOutboxError):
        Outbox(tmp_path)


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnwritableError):
        queue_into(Outbox(tmp_path / "file" / "box"))


def queue_into(box: Outbox) -> None:
    box.adopt("SOA/1", "units", ChainHead(1, "a" * 43))


def test_a_disk_that_is_full_is_named_and_what_stood_before_still_stands(tmp_path: Path) -> None:
    sender = client(tmp_path, PretendDoor())
    queue(sender, "units", "a")
    path = tmp_path / JOURNAL
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 40, limits[1]))
    try:
        with pytest.raises(JournalUnwritableError):
            queue(sender, "units", "b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    queue(sender, "units", "b")
    assert [item.id for item in Outbox(tmp_path).unsent] == ["a", "b"]


def test_the_outbox_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    sender = client(tmp_path / "box", PretendDoor())
    queue(sender, "units", "a")
    assert (tmp_path / "box").stat().st_mode & 0o077 == 0
    assert (tmp_path / "box" / JOURNAL).stat().st_mode & 0o077 == 0
