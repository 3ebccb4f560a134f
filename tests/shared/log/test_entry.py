"""An entry's bytes: written once, read by members, and anything else is one named error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.log.entry import (
    MAX_ENTRY_BYTES,
    EntryError,
    read_entry,
    write_recorded,
    write_refused,
    write_said,
)

RX = 1_584_669_600_123
BY = "pledges/1"
JWS = b"eyJhbGciOiJFZERTQSJ9.e30.c2ln"
SAID = {"hash": "h", "kid": "LCA/1", "seq": 1, "prev": "p", "id": "1", "type": "t", "subject": "s"}
RECORDED = write_recorded(RX, BY, JWS)
REFUSED = write_refused(RX, BY, "DEADLINE_PASSED", {"deadline": "trước 25/3"}, JWS)
FORM = write_said(RX, BY, "SCHEMA_INVALID", {"path": "/data/unit"}, SAID)


def changed(raw: bytes, **members: object) -> bytes:
    document = json.loads(raw) | members
    return json.dumps(document, separators=(",", ":")).encode()


def test_each_kind_of_entry_is_read_back_as_it_was_written() -> None:
    recorded, refused, form = (read_entry(7, raw) for raw in (RECORDED, REFUSED, FORM))

    assert (recorded.position, recorded.rx_ms, recorded.by, recorded.jws) == (7, RX, BY, JWS)
    assert [one.is_recorded for one in (recorded, refused, form)] == [True, False, False]
    assert (refused.jws, refused.said) == (JWS, None)
    assert refused.refused == {"code": "DEADLINE_PASSED", "facts": {"deadline": "trước 25/3"}}
    assert (form.jws, form.said) == (None, SAID)
    assert [one.raw for one in (recorded, refused, form)] == [RECORDED, REFUSED, FORM]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 10_000,
        RECORDED + b" ",
        b" " + RECORDED,
        RECORDED.replace(b'"v":1', b'"v":2'),
        RECORDED.replace(b"pledges/1", b"PLEDGES/1"),
        RECORDED.replace(b"2020-03-20", b"2020-13-20"),
        changed(RECORDED, more=1),
        changed(REFUSED, v=2),
        changed(REFUSED, by="pledges"),
        changed(REFUSED, by=1),
        changed(REFUSED, rx=RX),
        changed(REFUSED, rx="2020-03-20T02:00:00Z"),
        changed(REFUSED, jws=None, more=None),
        changed(REFUSED, jws=1),
        changed(REFUSED, refused=None),
        changed(REFUSED, refused={"facts": {}, "code": "X"}),
        changed(REFUSED, refused={"code": "X", "facts": []}),
        changed(FORM, said="nothing"),
        changed(FORM, said=None),
        changed(FORM, said={}),
        changed(FORM, said=SAID | {"seq": "1"}),
        changed(FORM, said=SAID | {"name": "Nguyễn Văn A"}),
        changed(REFUSED, refused={"code": 1, "facts": {}}),
        REFUSED.replace(b'"refused":{', b'"refused":{"code":"X",'),
        REFUSED.replace(b":{", b": {"),
    ],
)
def test_other_bytes_are_no_entry_and_the_error_names_the_position(raw: bytes) -> None:
    with pytest.raises(EntryError) as caught:
        read_entry(42, raw)

    assert caught.value.position == 42
    assert "42" in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_entry_or_the_one_error(raw: bytes) -> None:
    try:
        entry = read_entry(1, raw)
    except EntryError:
        return
    assert entry.raw == raw


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["code", "facts", "v", "rx"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.sampled_from(["v", "rx", "by", "refused", "jws"]),
)
def test_a_member_of_any_other_shape_is_the_one_error_or_changes_nothing_else(
    value: object, member: str
) -> None:
    try:
        entry = read_entry(1, changed(REFUSED, **{member: value}))
    except EntryError:
        return
    assert entry.by == (value if member == "by" else BY)


def test_an_entry_is_never_longer_than_a_bundle_can_hold() -> None:
    room = MAX_ENTRY_BYTES - len(write_recorded(RX, BY, b""))
    longest = write_recorded(RX, BY, b"a" * room)
    assert len(longest) == MAX_ENTRY_BYTES
    assert read_entry(1, longest).jws == b"a" * room
    with pytest.raises(ValueError, match="65536"):
        write_recorded(RX, BY, b"a" * (room + 1))
    with pytest.raises(EntryError):
        read_entry(1, longest.replace(b'aa"}', b'aaa"}'))


def test_facts_that_do_not_fit_beside_the_event_are_cut_and_the_refusal_stands() -> None:
    names = ["Sở Văn hóa, Thể thao và Du lịch tỉnh Lào Cai" * 4] * 2_000
    jws = b"a" * 64_000
    entry = read_entry(7, write_refused(RX, BY, "NOT_A_NOMINEE", {"given": names, "most": 3}, jws))
    assert entry.jws == jws
    assert entry.refused == {
        "code": "NOT_A_NOMINEE",
        "facts": {"given": [names[0][:60]] * 3, "most": 3},
    }
    many = {f"fact-{at}": "a" * 60 for at in range(50)}
    bare = read_entry(7, write_refused(RX, BY, "NOT_A_NOMINEE", many, jws))
    assert bare.refused == {"code": "NOT_A_NOMINEE", "facts": {}}
