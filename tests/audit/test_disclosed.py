"""Disclosed personal data: each row opens its commitment, says by which entry it was erased, or fails as a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.audit.persons import AUTHORITY, KEYS, NAMES, Persons, row, token
from thidua.audit.checks import Result, Verdict
from thidua.cli.app import app
from thidua.contracts import units as u
from thidua.tlog.policy import write_policy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.copies import Copy
    from thidua.audit.findings import Findings

MINISTRY = f"/authorities/{AUTHORITY}"


@pytest.fixture
def persons(tmp_path: Path) -> Persons:
    return Persons(tmp_path)


def with_another_signature(jws: str) -> str:
    return f"{jws[:-40]}{'B' if jws[-40] == 'A' else 'A'}{jws[-39:]}"


def verdict(found: Findings) -> Result:
    return found.results()[-1]


def test_rows_open_the_commitments_of_a_delegate_and_of_a_counter(persons: Persons) -> None:
    found, rows = persons.hold(token(), token(row("HGI"), by="HGI"))
    assert (verdict(found).verdict, verdict(found).count) == (Verdict.HOLDS, 2)
    assert [(one.unit, one.position, one.erased) for one in rows] == [
        ("LCA", persons.delegate, None),
        ("HGI", persons.counter, None),
    ]


def test_a_row_says_by_which_entry_it_was_erased(persons: Persons) -> None:
    at = {code: persons.erase(code) for code in ("LCA", "HGI")}
    both = token(row(), row("HGI"), by=AUTHORITY)
    found, rows = persons.hold(both)
    assert verdict(found).verdict is Verdict.HOLDS
    assert {one.unit: one.erased for one in rows} == at


def test_another_units_erasure_of_the_same_commitment_erases_nothing(persons: Persons) -> None:
    copied = u.PersonalDataErased(
        unit="HGI", commitment=row().commitment, ground="request", basis="Điều 14"
    )
    persons.log.says("/units/HGI", copied)
    _, [one] = persons.hold(token())
    assert one.erased is None


@pytest.mark.parametrize(
    ("brought", "words"),
    [
        (lambda: token(row(value="Người Khác")), "does not open its commitment"),
        (lambda: token(row(salt="A" * 43)), "does not open its commitment"),
        (lambda: token(row("HGI", subject=AUTHORITY), by="HGI"), "no such commitment"),
        (lambda: token(row("HGI")), "does not disclose for HGI"),
        (lambda: token(key="HGI"), "is no valid key of /units/LCA"),
        (lambda: token(aud="so.khac.vn/p0"), "for another log"),
        (lambda: with_another_signature(token()), "signature"),
    ],
    ids=["value", "salt", "subject", "another unit", "another's key", "another log", "bytes"],
)
def test_a_row_that_was_edited_or_is_anothers_is_a_proof_that_says_no(
    persons: Persons, brought: object, words: str
) -> None:
    assert callable(brought)
    found, rows = persons.hold(brought())
    assert (verdict(found).verdict, rows) == (Verdict.FAILS, ())
    assert words in verdict(found).en
    assert not any(name in verdict(found).en for name in NAMES.values())


def test_a_revoked_key_discloses_nothing_and_a_rotated_one_goes_on(persons: Persons) -> None:
    fresh = u.KeyRotated.model_validate(
        {
            "kid": "LCA/pd",
            "new_kid": "LCA/pd-2",
            "alg": "EdDSA",
            "spki": KEYS["HGI"].verifying_key.spki[:-1] + "A",
            "proof": "A" * 86,
        }
    )
    persons.log.says("/units/LCA", fresh)
    assert verdict(persons.hold(token())[0]).verdict is Verdict.HOLDS
    persons.log.says(MINISTRY, u.KeyRevoked(kid="LCA/pd", reason="Lộ khóa"))
    assert verdict(persons.hold(token())[0]).verdict is Verdict.FAILS


def test_the_command_exits_4_for_what_opens_nothing_and_9_for_what_is_no_disclosure(
    sealed_year: Copy, tmp_path: Path
) -> None:
    policy, brought = tmp_path / "policy", tmp_path / "persons.jws"
    policy.write_text(write_policy(sealed_year.policy), encoding="utf-8")
    asked = ["verify", str(sealed_year.folder), "--policy", str(policy)]
    brought.write_text(token(aud=sealed_year.policy.log.name))
    told = CliRunner().invoke(app, [*asked, "--disclosure", str(brought)])
    assert told.exit_code == 4, told.output
    assert "V19" in told.output
    brought.write_text("no token")
    assert CliRunner().invoke(app, [*asked, "--disclosure", str(brought)]).exit_code == 9
    absent = str(tmp_path / "absent.jws")
    assert CliRunner().invoke(app, [*asked, "--disclosure", absent]).exit_code == 9
