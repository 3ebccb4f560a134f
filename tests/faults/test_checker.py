"""The checker of the long form finds what it is there to find: a broken projector, a lost, doubled or moved entry, a cut file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.reporting.projections.units import UNITS
from tests.audit.signed_log import signed_log
from tests.faults.comparing import Year, difference, not_served, read_models
from tests.faults.containers import LOG_APPEND, MULTI, place_of_cut
from tests.faults.ledger import Ledger
from tests.reporting.entries import MINISTRY, Entries
from thidua.contracts.units import AuthorityEstablished
from thidua.log import read_entry
from thidua.signing import parse_jws

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from thidua.log import Entry


def a_log(home: Path) -> list[Entry]:
    raw = signed_log(home, 5).entries
    return [read_entry(position, one) for position, one in enumerate(raw, 1)]


def receipts(entries: list[Entry]) -> Ledger:
    ledger = Ledger()
    for entry in entries:
        assert entry.jws is not None
        ledger.note(parse_jws(entry.jws).hash, entry.position)
    return ledger


def test_a_projector_that_is_broken_on_purpose_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Entries()
    told.says(MINISTRY, AuthorityEstablished(authority="BVHTTDL", name_vi="Bộ"))
    entries = [read_entry(position, raw) for position, raw in told.raw]
    right = read_models(entries, bound_to_log=True)
    assert not_served(right, right) == []
    monkeypatch.setitem(UNITS.steps, AuthorityEstablished, lambda *_: None)
    broken = read_models(entries, bound_to_log=True)
    assert not_served(right, broken) == ["units as served is not what the log gives"]


def test_an_entry_that_was_lost_or_stands_twice_is_found(tmp_path: Path) -> None:
    entries = a_log(tmp_path)
    calm = Year.of(entries, {})
    assert len(difference(calm, Year.of(entries[:-1], {})).lost) == 1
    assert len(difference(calm, Year.of([*entries, entries[-1]], {})).doubled) == 1


def test_a_receipt_whose_entry_is_gone_doubled_or_elsewhere_is_found(tmp_path: Path) -> None:
    entries = a_log(tmp_path)
    ledger = receipts(entries)
    assert ledger.faults(entries, lost=False) == []
    assert len(ledger.faults(entries[:-1], lost=True)) == 1
    assert len(ledger.faults([*entries, entries[-1]], lost=True)) == 1


def test_a_new_receipt_is_listed_beside_the_old_and_is_right_only_after_a_loss(
    tmp_path: Path,
) -> None:
    entries = a_log(tmp_path)
    ledger = receipts(entries)
    last = parse_jws(entries[-1].jws or b"").hash
    ledger.given[last].insert(0, 99)
    assert ledger.moved() == [f"{last[:12]}: 99 → {len(entries)}"]
    assert ledger.faults(entries, lost=True) == []
    assert len(ledger.faults(entries, lost=False)) == 1


def test_a_file_is_cut_before_the_transaction_of_an_append() -> None:
    append = MULTI + b"*5\r\n$4\r\nXADD\r\n" + LOG_APPEND + b"..EXEC"
    written = b"begin" + append + b"other" + append + b"end"
    assert written[: place_of_cut(written, 1)] == b"begin" + append + b"other"
    assert written[: place_of_cut(written, 2)] == b"begin"
