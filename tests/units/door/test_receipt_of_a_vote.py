"""The door's receipt of a vote in a secret ballot names its tracker; no other receipt has one."""

from __future__ import annotations

from services.units.door_answers import receipt
from services.units.door_documents import RecordedReceipt
from tests.ballots.decisions.year_2020 import UNITS
from tests.ballots.secret.phieu_kin import is_open
from tests.reporting.web.test_secret_ballot import entries
from thidua.contracts import secret_ballots as s
from thidua.log.entry import read_entry
from thidua.receipts import hash_in


def test_only_a_recorded_votes_receipt_has_its_tracker() -> None:
    held = is_open().all_vote(dict.fromkeys(UNITS, ("LCA",)))
    log = [read_entry(position, raw) for position, raw in entries(held).raw]
    told = [receipt(hash_in(entry), entry) for entry in log]
    cast = [
        event.data.tracker
        for event in held.story.events
        if isinstance(event.data, s.SecretVoteCast)
    ]
    assert len(cast) == len(UNITS)
    assert [one["tracker"] for one in told if "tracker" in one] == cast
    for one in told:
        RecordedReceipt.model_validate(one)
