"""The operator's manual names no command that its test neither runs nor leaves out for a reason."""

from __future__ import annotations

from services.condition import PROCESSES
from tests.deploy.manual import BLOCK, LOST, MANUAL, NOT_RUN, TLS, commands

ALL = list(commands())


def test_every_block_of_the_manual_is_shell() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    found = list(BLOCK.finditer(text))
    assert {block["language"] for block in found} == {"sh"}
    assert len(found) == text.count("```") // 2


def test_what_is_left_out_has_a_reason_and_stands_in_the_manual() -> None:
    assert all(one.why_not for one in ALL if one.why_not is not None)
    assert {one.text for one in ALL} >= NOT_RUN.keys()


def test_most_of_the_manual_is_run_and_the_runbooks_wholly() -> None:
    run = [one for one in ALL if one.why_not is None]
    assert len({one.text for one in run}) > 25
    assert {one.section for one in run} >= {TLS, LOST}
    assert not [
        one for one in ALL if one.section == LOST and one.why_not and one.text not in NOT_RUN
    ]


def test_to_restore_everything_of_ours_is_stopped() -> None:
    [stop] = [one.text for one in ALL if " stop " in one.text and one.section == LOST]
    assert stop.partition(" stop ")[2].split() == list(PROCESSES)
