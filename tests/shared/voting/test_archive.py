from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thidua.voting.archive import BLOCK, ArchiveWriter, read_archive
from thidua.voting.faults import BallotFaultError


def written(*texts: str, timestamp: int = 1_700_000_000) -> bytes:
    writer = ArchiveWriter(timestamp)
    writer.setup("election", "trustees", "roll")
    for text in texts:
        writer.ballot(text)
    return bytes(writer)


WHOLE = written("Phiếu kín", "x" * BLOCK)


def test_the_first_blocks_are_those_of_the_specification() -> None:
    expected = "4a151037be06b90d6a2a4ebd4351c60ad8cd1a5c640b67b17fb469a2a8faa263"
    assert sha256(bytes(ArchiveWriter(1_700_000_000))).hexdigest() == expected


@given(st.lists(st.text(st.characters(codec="utf-8"))), st.integers(0, 8**11 - 1))
def test_what_was_written_is_read_and_an_earlier_archive_begins_a_later_one(
    texts: list[str], timestamp: int
) -> None:
    raw = written(*texts, timestamp=timestamp)
    archive = read_archive(raw)
    assert archive.timestamp == timestamp
    ballots = [record.text for record in archive.records if record.kind == "data"][4:]
    assert ballots == texts
    assert raw.startswith(written(*texts[:-1], timestamp=timestamp))


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_byte_of_an_archive_can_be_changed(at: int, change: int) -> None:
    raw = bytearray(WHOLE)
    raw[at] ^= change
    with pytest.raises(BallotFaultError):
        read_archive(bytes(raw))


@given(st.binary(max_size=3 * BLOCK))
def test_any_other_bytes_end_in_the_one_error(raw: bytes) -> None:
    for given_bytes in (raw, raw + bytes(-len(raw) % BLOCK)):
        with pytest.raises(BallotFaultError):
            read_archive(given_bytes)


@pytest.mark.parametrize(
    "raw",
    [b"", WHOLE[:-1], WHOLE[:-BLOCK], WHOLE + bytes(2 * BLOCK), WHOLE + b"\0", WHOLE[2 * BLOCK :]],
    ids=["empty", "cut in a block", "cut by a block", "end blocks", "one byte", "no header"],
)
def test_an_archive_cut_or_lengthened_is_refused(raw: bytes) -> None:
    with pytest.raises(BallotFaultError):
        read_archive(raw)


@pytest.mark.parametrize("timestamp", [-1, 8**11])
def test_a_time_that_no_header_can_hold_is_refused(timestamp: int) -> None:
    with pytest.raises(BallotFaultError):
        ArchiveWriter(timestamp)
