"""Two verifiers that share no code say the same of personal data that was disclosed to an auditor."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.audit.copies import Copy
from tests.audit.foreign.test_second_verifier import second
from tests.audit.signed_log import BEGINS, ORIGIN, SignedLog, signed_log
from thidua.audit.disclosed import bring, hold
from thidua.audit.findings import Findings
from thidua.base64url import encode_base64url
from thidua.log import write_recorded
from thidua.signing import SigningKey
from thidua.tlog.policy import Policy
from thidua.vault import DisclosedRow, Disclosure, commit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.foreign

AUTHORITY = "BVHTTDL"
CYCLE = f"{AUTHORITY}/BGPB/2020"
REF, SALT, VALUE = encode_base64url(bytes(16)), bytes(range(32)), "Nguyễn Thị Sông Hương"
MADE = commit(SALT, REF, VALUE)


@dataclass
class Told:
    """A log whose authority names a delegate and a counter, and a disclosure of them both."""

    folder: Path
    log: SignedLog = field(init=False)

    def __post_init__(self) -> None:
        """Tell the log."""
        self.log = signed_log(self.folder / "home")
        delegate = {"unit": "LCA", "delegate": "d-1", "role_vi": "Phó", "valid_from": "2020-01-15"}
        self.say("units.delegate-appointed", AUTHORITY, {**delegate, "commitment": MADE})
        counter = {"member": "m-1", "unit": "HGI", "head": True, "commitment": MADE}
        board = {"conference": "tong-ket", "members": [counter]}
        self.say("ballots.counting-board-elected", CYCLE, board)

    def say(self, name: str, subject: str, data: dict[str, Any]) -> None:
        """One more entry of the authority's."""
        rx_ms, kind = BEGINS + len(self.log.entries), f"thidua.{name}.v1"
        when = datetime.fromtimestamp(rx_ms / 1000, UTC)
        jws = self.log.publisher.sign(kind, subject, data, time=when, event_id=f"e-{rx_ms}")
        self.log.publisher.entered(kind, jws)
        by = f"{name.partition('.')[0]}/1"
        self.log.entries.append(write_recorded(rx_ms, by, jws.encode()))

    def disclose(self, key: SigningKey | None = None, **changed: Any) -> Path:
        """The file, with one of its members or of its rows' changed."""
        row = {
            "ref": REF,
            "field": "name",
            "salt": encode_base64url(SALT),
            "value": VALUE,
            "commitment": MADE,
            "basis": "Điều 13",
            "keep_until": date(2027, 12, 31),
        }
        aud = changed.pop("aud", ORIGIN)
        rows = tuple(
            DisclosedRow.model_validate({"unit": unit, "subject": subject, **row, **changed})
            for unit, subject in (("LCA", AUTHORITY), ("HGI", CYCLE))
        )
        made = Disclosure(
            v=1,
            aud=aud,
            by=f"/authorities/{AUTHORITY}",
            to="Thanh tra",
            basis="QĐ 12",
            rows=rows,
        )
        founding = self.log.founding
        path = self.folder / "disclosed.jws"
        path.write_text(made.signed(key or founding.root, founding.root_kid), encoding="ascii")
        return path

    def sealed(self) -> Copy:
        """The log's archive as it stands."""
        spki = self.log.founding.root.verifying_key.spki
        policy = Policy(self.log.signer.public, root_spki=spki)
        copy = Copy(self.folder / "sealed", self.log.signer, policy)
        copy.folder.mkdir(exist_ok=True)
        copy.sealed_again(self.log.entries)
        return copy


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def both(told: Told, file: Path) -> tuple[str, list[tuple[int, int | None]]]:
    """The verdict and the rows, which are the same of both."""
    copy = told.sealed()
    _, theirs = second(copy, told.folder / "policy", "--disclosure", str(file))
    verdicts = {one["check"]: one["verdict"] for one in theirs["checks"]}
    assert verdicts["V06"] == verdicts["V12"] == "holds", theirs
    rows = [(row["position"], row["erased"]) for row in theirs["disclosed"]]
    found, brought = Findings(), bring(file)
    ours = hold((brought,), copy.folder, copy.size, ORIGIN, found)
    [verdict] = [one.verdict for one in found.results() if one.check == "V19"]
    assert verdict == verdicts["V19"], theirs
    if verdict == "holds":
        assert rows == [(one.position, one.erased) for one in ours]
    return verdict, rows


def test_both_open_the_commitments_and_name_the_entry_that_erased_one(told: Told) -> None:
    delegate, counter = len(told.log.entries) - 1, len(told.log.entries)
    assert both(told, told.disclose()) == ("holds", [(delegate, None), (counter, None)])
    erased = {"unit": "HGI", "commitment": MADE, "cycle": CYCLE, "ground": "request", "basis": "Đ"}
    told.say("units.personal-data-erased", AUTHORITY, erased)
    assert both(told, told.disclose()) == ("holds", [(delegate, None), (counter, counter + 1)])


@pytest.mark.parametrize(
    "disclose",
    [
        lambda told: told.disclose(value="Người Khác"),
        lambda told: told.disclose(salt="A" * 43),
        lambda told: told.disclose(unit="DBN"),
        lambda told: told.disclose(aud="so.khac.vn/p0"),
        lambda told: told.disclose(SigningKey.generate(told.log.founding.root.alg)),
    ],
    ids=["value", "salt", "unit", "another log", "another key"],
)
def test_both_refuse_a_disclosure_that_was_edited_or_is_anothers(
    told: Told, disclose: Callable[[Told], Path]
) -> None:
    assert both(told, disclose(told))[0] == "fails"
