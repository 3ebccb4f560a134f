"""The one path that writes: what of an inbox enters the log, what is answered, and that no batch or replica changes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thidua.clock import to_ms
from thidua.contracts import Event
from thidua.contracts.pledges import PledgeConcluded, PledgeSigned
from thidua.contracts.units import CycleClosed, KeyRegistered, KeyRevoked
from thidua.deciding import Judge, Judgement, Own, Recorded, Refused, View
from thidua.drafting import InboxItem, Signer
from thidua.errors import GateClosedError, LogCorruptError, LogShrunkError
from thidua.genesis import Founding, first_entries
from thidua.judging import Judging
from thidua.knowledge import ChainHead, Knowledge, id_key
from thidua.log import AppendRequest, FirstEntries, read_entry, write_recorded
from thidua.log.memory import MemoryLog
from thidua.publishing import Publisher
from thidua.refusals import Code
from thidua.signing import Algorithm, SigningKey, parse_jws, possession_proof, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from thidua.contracts import EventData
    from thidua.log import AppendAnswer

ORIGIN = "so.example.vn/p0"
BEFORE = "BVHTTDL/BGPB/2019"
YEAR = "BVHTTDL/BGPB/2020"
SIGNED = PledgeSigned.TYPE
PLAIN = "Phiếu công khai"
UNITS = ("LCA", "LCH", "LSN")
KEYS = {unit: SigningKey.generate(Algorithm.EDDSA) for unit in (*UNITS, "SLA")}
NOON = to_ms(datetime(2020, 3, 20, 5, tzinfo=UTC))
DEADLINE = datetime(2020, 3, 29, 17, tzinfo=UTC)
FOUNDING = Founding(
    origin=ORIGIN,
    authority="BVHTTDL",
    name_vi="Bộ",
    name_en=None,
    root=SigningKey.generate(Algorithm.EDDSA),
    services={name: SigningKey.generate(Algorithm.EDDSA) for name in ("units", "pledges")},
    rx_ms=NOON,
)


@dataclass(frozen=True)
class Tally:
    """Who signed in a year, and whether that is concluded, or the whole year closed."""

    signed: tuple[str, ...] = ()
    last: str = ""
    concluded: bool = False
    closed: bool = False


def judge(event: Event, view: View[Tally], rx: datetime) -> Judgement:
    tally = view.cycle(event.subject)
    if not view.cycle(BEFORE).closed and event.unit == "LSN":
        return Refused(Code.STATE_FORBIDS, {"state": "open", "needed": "closed"})
    if isinstance(event.data, PledgeSigned) and event.data.signer_role == PLAIN:
        return Refused(Code.VOTE_IN_PLAIN, {"path": "/data/signer_role"})
    if event.unit in tally.signed:
        return Refused(Code.SIGNED_ALREADY, {"unit": event.unit})
    signed = (*tally.signed, event.unit)
    return Recorded((concluded(signed),) if len(signed) == len(UNITS) else ())


def evolve(tally: Tally, event: Event) -> Tally:
    if isinstance(event.data, CycleClosed):
        return replace(tally, closed=True)
    if isinstance(event.data, PledgeConcluded):
        return replace(tally, concluded=True)
    return replace(tally, signed=(*tally.signed, event.data.unit), last=event.hash)


def due(view: View[Tally], subject: str, rx: datetime) -> tuple[Own, ...]:
    tally = view.cycle(subject)
    late = rx >= DEADLINE and tally.signed and not tally.concluded
    return (concluded(tally.signed, tally.last),) if late else ()


def alarm(view: View[Tally], subject: str) -> datetime | None:
    return None if view.cycle(subject).concluded else DEADLINE


def concluded(signed: tuple[str, ...], cause: str = "") -> Own:
    return Own(PledgeConcluded(version=1, signed=signed), YEAR, cause)


SIGNATURES = Judge(
    "pledges",
    1,
    lambda _: Tally(),
    judge,
    evolve,
    due,
    alarm,
    frozenset({PledgeSigned, PledgeConcluded}),
)


@dataclass
class Interrupted(MemoryLog):
    """A log in which something else happens right before the next append."""

    before: list[Callable[[], None]] = field(default_factory=list)

    async def append(self, request: AppendRequest) -> AppendAnswer:
        while self.before:
            self.before.pop()()
        return await super().append(request)


@dataclass
class Desk:
    """A founded log with the publishers' keys, and the service that judges signatures."""

    log: Interrupted
    speakers: dict[str, Publisher]
    judging: Judging[Tally]
    root: ChainHead
    inbox: list[InboxItem] = field(default_factory=list)

    def signs(self, unit: str, *, rx_ms: int = NOON, move: bool = True, **said: Any) -> str:
        """The next event of a unit's chain, put into the inbox."""
        data = {"unit": unit, "version": 1, "signer_role": "Giám đốc"} | said.pop("data", {})
        speaker = self.speakers[unit]
        jws = speaker.sign(SIGNED, YEAR, data, time=datetime(2020, 3, 20, tzinfo=UTC), **said)
        if move:
            speaker.entered(SIGNED, jws)
        self.arrives(jws, rx_ms=rx_ms)
        return jws

    def arrives(self, jws: str, *, rx_ms: int = NOON) -> None:
        self.inbox.append(InboxItem(f"{len(self.inbox) + 1}-0", rx_ms, jws.encode()))

    def wakes(self, rx_ms: int) -> None:
        self.inbox.append(InboxItem(f"{len(self.inbox) + 1}-0", rx_ms, wake=YEAR))

    def root_says(self, data: EventData, subject: str = "BVHTTDL") -> None:
        """The authority's next entry, as units would append it."""
        payload = {
            "specversion": "1.0",
            "id": f"root-{self.root.seq}",
            "source": "/authorities/BVHTTDL",
            "type": data.TYPE,
            "subject": subject,
            "time": "2020-03-20T12:00:00+07:00",
            "datacontenttype": "application/json",
            "aud": ORIGIN,
            "seq": self.root.seq + 1,
            "prev": self.root.hash,
            "data": data.model_dump(mode="json", exclude_none=True),
        }
        jws = sign(json.dumps(payload).encode(), FOUNDING.root, FOUNDING.root_kid)
        self.log.entries.append(write_recorded(NOON, "units/1", jws.encode()))
        self.log._heads[subject] = len(self.log.entries)
        self.root = ChainHead(self.root.seq + 1, parse_jws(jws).hash)

    @property
    def said(self) -> list[tuple[str, str | None]]:
        """What stands in the log after its founding: the type or refusal code, and the unit."""
        told = []
        for raw in self.log.entries[self.founded :]:
            entry = read_entry(1, raw)
            if entry.refused is not None:
                told.append((entry.refused["code"], None))
            else:
                payload = json.loads(parse_jws(entry.jws or b"").payload)
                told.append((payload["type"].split(".")[2], payload["data"].get("unit")))
        return told

    @property
    def answered(self) -> list[tuple[str, dict[str, Any]]]:
        told = [json.loads(answer.answer) for answer in self.log.answers]
        return [(answer["code"], answer["facts"]) for answer in told]

    founded: int = 0


async def a_desk(*, closed: bool = True) -> Desk:
    """A desk in whose log the year before is closed, without which LSN may not sign."""
    entries, head = first_entries(FOUNDING)
    log = Interrupted()
    first = [(one.raw, id_key(one.source, one.event_id), one.subject) for one in entries]
    chain = f"units/{FOUNDING.root_kid}"
    assert await log.found(FirstEntries(ORIGIN, False, first, chain, head.text()))
    speakers = {unit: Publisher(ORIGIN, f"/units/{unit}", f"{unit}/1", KEYS[unit]) for unit in KEYS}
    desk = Desk(log, speakers, a_judging(log), head)
    for unit in UNITS:
        key = KEYS[unit]
        desk.root_says(
            KeyRegistered(
                kid=f"{unit}/1",
                owner=f"/units/{unit}",
                alg="EdDSA",
                spki=key.verifying_key.spki,
                proof=possession_proof(key, ORIGIN, f"{unit}/1"),
            )
        )
    if closed:
        desk.root_says(CycleClosed(), BEFORE)
    desk.founded = len(log.entries)
    await desk.judging.start()
    return desk


def a_judging(log: MemoryLog, judged: Judge[Tally] = SIGNATURES) -> Judging[Tally]:
    signer = Signer("pledges", ORIGIN, FOUNDING.services["pledges"])
    return Judging(judged, log, signer, sandbox=False)


async def test_what_follows_from_an_event_stands_right_after_it_and_names_it_as_its_cause() -> None:
    desk = await a_desk()
    last = [desk.signs(unit) for unit in UNITS][-1]
    await desk.judging.consume(desk.inbox)

    assert desk.said == [*(("pledge-signed", unit) for unit in UNITS), ("pledge-concluded", None)]
    own = json.loads(parse_jws(read_entry(1, desk.log.entries[-1]).jws or b"").payload)
    assert (own["source"], own["seq"]) == ("/services/pledges", 1)
    assert own["cause"] == parse_jws(last).hash


def made_of(acts: Sequence[tuple[str, str]], desk: Desk) -> None:
    """Fill an inbox: good events, a repeated one, a gap, a form fault."""
    for unit, act in acts:
        match act:
            case "signs":
                desk.signs(unit)
            case "again" if desk.inbox:
                desk.arrives((desk.inbox[-1].jws or b"").decode())
            case "gap":
                skipped = desk.speakers[unit].heads.get("pledges", ChainHead())
                desk.speakers[unit].heads["pledges"] = ChainHead(skipped.seq + 3, skipped.hash)
                desk.signs(unit, move=False)
                desk.speakers[unit].heads["pledges"] = skipped
            case "form":
                desk.signs(unit, data={"version": "một"})
            case _:
                pass


@settings(max_examples=40)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(UNITS), st.sampled_from(["signs", "again", "gap", "form"])),
        min_size=1,
        max_size=12,
    ),
    cuts=st.sets(st.integers(1, 11)),
)
async def test_however_an_inbox_is_cut_into_batches_the_same_bytes_stand_in_the_log(
    acts: list[tuple[str, str]], cuts: set[int]
) -> None:
    desk = await a_desk()
    made_of(acts, desk)
    await desk.judging.consume(desk.inbox)
    piecemeal = await a_desk()
    bounds = [0, *sorted(cuts), len(desk.inbox)]
    for start, end in pairwise(bounds):
        await piecemeal.judging.consume(desk.inbox[start:end])

    assert piecemeal.log.entries == desk.log.entries
    assert piecemeal.log.answers == desk.log.answers
    assert await piecemeal.log.chains() == await desk.log.chains()


async def test_an_event_that_comes_again_is_recorded_once_and_answered_by_its_receipt() -> None:
    desk = await a_desk()
    desk.arrives(desk.signs("LCA"))
    await desk.judging.consume(desk.inbox[:1])
    await desk.judging.consume(desk.inbox)

    assert desk.said == [("pledge-signed", "LCA")]
    assert desk.answered == []
    assert len(desk.log.receipts) == 1


@pytest.mark.parametrize("together", [True, False])
async def test_two_stories_under_one_seq_are_a_fork(together: bool) -> None:
    desk = await a_desk()
    desk.signs("LCA", move=False)
    desk.signs("LCA", data={"signer_role": "Phó Giám đốc"})
    for batch in [desk.inbox] if together else [desk.inbox[:1], desk.inbox[1:]]:
        await desk.judging.consume(batch)

    assert desk.said == [("pledge-signed", "LCA")]
    [(code, facts)] = desk.answered
    assert code == Code.CHAIN_FORK
    assert facts["seq"] == 1
    assert together or facts["recorded_position"] == desk.founded + 1


async def test_a_gap_is_answered_with_what_is_expected_and_leaves_no_trace() -> None:
    desk = await a_desk()
    first = desk.signs("LCA")
    second = desk.signs("LCA")
    early, desk.inbox = desk.inbox[1:], []
    await desk.judging.consume(early)
    [(code, facts)] = desk.answered
    assert code == Code.CHAIN_EXPECTED
    assert (facts["expected_seq"], facts["expected_prev"]) == (1, ChainHead().hash)
    assert desk.said == []

    after = [InboxItem(f"{n}-0", NOON, jws.encode()) for n, jws in ((7, first), (8, second))]
    await desk.judging.consume(after)
    assert desk.said == [("pledge-signed", "LCA"), (Code.SIGNED_ALREADY, None)]


async def test_an_id_used_before_is_refused_in_the_log_and_uses_its_seq() -> None:
    desk = await a_desk()
    desk.signs("LCA", event_id="giao-uoc")
    desk.signs("LCA", event_id="giao-uoc")
    desk.signs("LCA")
    await desk.judging.consume(desk.inbox)

    assert [code for code, _ in desk.said] == [
        "pledge-signed",
        Code.DUPLICATE_ID,
        Code.SIGNED_ALREADY,
    ]
    assert (await desk.log.chain("pledges/LCA/1")).startswith("3 ")


async def test_one_id_may_be_used_by_two_sources() -> None:
    desk = await a_desk()
    desk.signs("LCA", event_id="giao-uoc")
    desk.signs("LCH", event_id="giao-uoc")
    await desk.judging.consume(desk.inbox)

    assert desk.said == [("pledge-signed", "LCA"), ("pledge-signed", "LCH")]


async def test_a_form_refusal_holds_no_value_of_the_event_and_its_bytes_are_kept_apart() -> None:
    desk = await a_desk()
    jws = desk.signs("LCA", data={"nguoi_ky": "Nguyễn Văn A"})
    await desk.judging.consume(desk.inbox)

    [position] = desk.log.erasable
    raw = desk.log.entries[position - 1]
    assert desk.log.erasable[position] == jws.encode()
    assert desk.said == [(Code.SCHEMA_INVALID, None)]
    for secret in ("Nguyễn", "Giám đốc", parse_jws(jws).payload.decode()):
        assert secret not in raw.decode()
    assert (await desk.log.chain("pledges/LCA/1")).startswith("1 ")


async def test_what_a_judge_says_must_stand_nowhere_is_kept_by_its_hash_alone() -> None:
    desk = await a_desk()
    jws = desk.signs("LCA", data={"signer_role": PLAIN})
    desk.signs("LCH")
    await desk.judging.consume(desk.inbox)

    assert desk.said == [(Code.VOTE_IN_PLAIN, None), ("pledge-signed", "LCH")]
    assert not desk.log.erasable
    entry = read_entry(1, desk.log.entries[desk.founded])
    assert entry.said is not None
    assert entry.said["hash"] == parse_jws(jws).hash
    assert PLAIN not in entry.raw.decode()
    assert (await desk.log.chain("pledges/LCA/1")).startswith("1 ")


async def test_an_unknown_key_and_an_ended_one_are_answered_and_write_nothing() -> None:
    desk = await a_desk()
    desk.root_says(KeyRevoked(kid="LCA/1", reason="Khóa bị lộ"))
    desk.signs("SLA")
    desk.signs("LCA")
    await desk.judging.consume(desk.inbox)

    assert desk.said == [("key-revoked", None)]
    assert [code for code, _ in desk.answered] == [Code.KEY_UNKNOWN, Code.KEY_EXPIRED]


async def test_a_payload_that_is_no_envelope_is_answered_and_writes_nothing() -> None:
    desk = await a_desk()
    desk.arrives(sign(b'{"specversion":"1.0"}', KEYS["LCA"], "LCA/1"))
    await desk.judging.consume(desk.inbox)

    assert desk.said == []
    assert [code for code, _ in desk.answered] == [Code.ENVELOPE_INVALID]
    assert desk.judging.offset == "1-0"


async def test_what_was_due_stands_before_what_arrived_after_it() -> None:
    desk = await a_desk()
    desk.signs("LCA", rx_ms=to_ms(DEADLINE) - 1)
    desk.signs("LCH", rx_ms=to_ms(DEADLINE))
    await desk.judging.consume(desk.inbox)

    assert [what for what, _ in desk.said] == [
        "pledge-signed",
        "pledge-concluded",
        "pledge-signed",
    ]


async def test_a_doubled_wake_up_only_moves_the_offset() -> None:
    desk = await a_desk()
    desk.signs("LCA")
    desk.wakes(to_ms(DEADLINE))
    desk.wakes(to_ms(DEADLINE))
    await desk.judging.consume(desk.inbox)

    assert [what for what, _ in desk.said] == ["pledge-signed", "pledge-concluded"]
    assert await desk.log.offset("pledges") == "3-0"


async def test_a_passed_deadline_wakes_the_service_once_with_the_deadlines_own_stamp() -> None:
    desk = await a_desk()
    desk.log.now_ms = lambda: NOON
    desk.signs("LCA")
    await desk.judging.consume(desk.inbox)
    await desk.judging.wake(to_ms(DEADLINE) - 1)
    assert desk.log.inboxes == {"pledges": []}

    await desk.judging.wake(to_ms(DEADLINE) + 5)
    await desk.judging.wake(to_ms(DEADLINE) + 9)
    [woken] = desk.log.inboxes["pledges"]
    assert (woken.kind, woken.content) == ("wake", YEAR.encode())
    assert desk.judging.settled == desk.judging.position


async def test_while_the_log_is_closed_nothing_is_woken_told_or_written() -> None:
    desk = await a_desk()
    judging = a_judging(desk.log, replace(SIGNATURES, alarm=lambda *_: None))
    await judging.start()
    desk.signs("LCA")
    await judging.consume(desk.inbox)
    desk.log.opened_for = None
    await judging.wake(to_ms(DEADLINE))
    assert desk.log.inboxes == {"pledges": []}
    assert judging.settled == 0
    with pytest.raises(GateClosedError):
        await judging.consume([InboxItem("2-0", NOON, wake=YEAR)])
    assert judging.offset == "1-0"

    await desk.log.open_gate(desk.log.run_id)
    await judging.wake(to_ms(DEADLINE))
    assert len(desk.log.inboxes["pledges"]) == 1


async def test_when_a_subject_moved_meanwhile_the_event_is_judged_again_on_what_stands_now() -> (
    None
):
    desk = await a_desk()
    desk.signs("LCA")
    desk.signs("LCH")
    desk.log.before.append(lambda: desk.root_says(KeyRevoked(kid="LCH/1", reason="Khóa bị lộ")))
    await desk.judging.consume(desk.inbox)

    assert desk.said == [("key-revoked", None), ("pledge-signed", "LCA")]
    assert [code for code, _ in desk.answered] == [Code.KEY_EXPIRED]


async def test_a_refusal_too_stands_only_on_all_that_was_read_for_it() -> None:
    desk = await a_desk(closed=False)
    desk.signs("LSN")
    desk.log.before.append(lambda: desk.root_says(CycleClosed(), BEFORE))
    await desk.judging.consume(desk.inbox)

    assert desk.said == [("cycle-closed", None), ("pledge-signed", "LSN")]


async def test_two_replicas_write_every_event_once_and_know_the_same() -> None:
    desk = await a_desk()
    other = a_judging(desk.log)
    await other.start()
    for unit in UNITS:
        desk.signs(unit)
    await desk.judging.consume(desk.inbox[:2])
    await other.consume(desk.inbox)
    await desk.judging.consume(desk.inbox)
    await desk.judging.catch_up()

    assert len(desk.said) == 4
    assert desk.judging.offset == other.offset == "3-0"
    mine, theirs = desk.judging.knowledge, other.knowledge
    assert (mine.position, mine.heads, mine.ids) == (theirs.position, theirs.heads, theirs.ids)
    assert {kid: chain.head for kid, chain in mine.chains.items()} == {
        kid: chain.head for kid, chain in theirs.chains.items()
    }


async def test_a_restarted_service_knows_what_the_one_before_it_knew() -> None:
    desk = await a_desk()
    made_of([("LCA", "signs"), ("LCH", "form"), ("LCA", "signs"), ("LCH", "signs")], desk)
    await desk.judging.consume(desk.inbox)
    again = a_judging(desk.log)
    await again.start()

    before, after = desk.judging.knowledge, again.knowledge
    assert (again.position, again.offset) == (desk.judging.position, desk.judging.offset)
    assert after.fold.cycle(YEAR) == before.fold.cycle(YEAR)
    assert (after.heads, after.ids) == (before.heads, before.ids)
    assert after.chains == before.chains


async def test_a_log_that_ends_before_what_was_taken_in_is_never_written_to() -> None:
    desk = await a_desk()
    desk.signs("LCA")
    await desk.judging.consume(desk.inbox)
    del desk.log.entries[-2:]
    before = list(desk.log.entries)
    with pytest.raises(LogShrunkError):
        await desk.judging.consume([InboxItem("2-0", NOON, wake=YEAR)])

    assert desk.log.entries == before


async def test_a_judge_that_owes_for_ever_is_a_fault_and_writes_nothing() -> None:
    desk = await a_desk()
    owing = replace(SIGNATURES, due=lambda *_: (concluded(("LCA",), "A" * 43),))
    judging = a_judging(desk.log, owing)
    await judging.start()
    with pytest.raises(RuntimeError, match="still owes"):
        await judging.consume([InboxItem("1-0", NOON, wake=YEAR)])

    assert desk.said == []


async def test_an_entry_out_of_its_place_is_not_taken_in() -> None:
    desk = await a_desk()
    knowledge = Knowledge(SIGNATURES)
    with pytest.raises(LogCorruptError):
        knowledge.take(read_entry(2, desk.log.entries[1]))
    assert knowledge.position == 0
