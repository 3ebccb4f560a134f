"""Every manipulation of a folder is named by its check; what is cut or missing proves nothing, and never raises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.audit.manipulations import FAILS, MANIPULATIONS, Manipulation, tail_cut
from thidua.audit.checks import Verdict
from thidua.signing import Algorithm, SigningKey
from thidua.tlog.notes import COSIGNATURE, NoteSigner, read_checkpoint
from thidua.tlog.policy import Policy
from thidua.tlog.tiles import CHECKPOINT
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from tests.audit.copies import Copy


@pytest.mark.parametrize("one", MANIPULATIONS, ids=lambda one: one.name)
def test_a_manipulated_folder_is_refused_by_the_check_that_names_it(
    copy: Copy, one: Manipulation
) -> None:
    one.change(copy)
    found = copy.verify_without_application()
    told = {result.check: result for result in found.results}
    assert not found.holds
    assert found.fails is (one.code == FAILS), told
    expected = Verdict.FAILS if found.fails else Verdict.NOT_CHECKED
    assert told[one.check].verdict is expected, told
    assert told[one.check].vi


def test_who_cuts_the_tail_with_the_logs_key_has_no_witness_for_it(copy: Copy) -> None:
    witness = NoteSigner(
        "dbn.example.vn/xac-nhan", SigningKey.generate(Algorithm.EDDSA), COSIGNATURE
    )
    policy = replace(copy.policy, witnesses={"DBN": witness.public}, quorum="DBN")
    seen = read_checkpoint((copy.folder / CHECKPOINT).read_bytes())
    cosigned = seen.signed(witness.line(seen.text, time=1_600_000_000))
    write_whole(copy.folder / CHECKPOINT, cosigned.note.encode())
    assert copy.verify(policy).holds
    copy.sealed_again(tail_cut(copy.entries()))
    assert failing(copy, policy) == {"V04"}
    shorter = read_checkpoint((copy.folder / CHECKPOINT).read_bytes())
    moved = next(one for one in cosigned.signatures if one.name == witness.name)
    write_whole(copy.folder / CHECKPOINT, shorter.signed(moved.line).note.encode())
    assert failing(copy, policy) == {"V04"}, "a cosignature of another checkpoint"


def failing(copy: Copy, policy: Policy) -> set[str]:
    found = copy.verify(policy)
    return {one.check for one in found.results if one.verdict is Verdict.FAILS}
