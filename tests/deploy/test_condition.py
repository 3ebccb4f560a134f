"""What of the system's condition needs a person, and what is only work in progress or out of sight."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
import typer
from typer.testing import CliRunner

from services.condition import DECIDING, FOLLOWERS, PROCESSES, Look, condition
from services.status import addresses, read_figures, status
from thidua.embedded import free_port

if TYPE_CHECKING:
    from pathlib import Path

DOOR: Final[dict[str, Any]] = {
    "position": 90,
    "clock": "2024-01-02T01:00:00.000Z",
    "gate": "open",
    "followed": dict.fromkeys(FOLLOWERS, 90),
    "inboxes": {"units": 0, "ballots": 0, "pledges": 0},
}
HOST: Final = frozenset({"door", "web"})
DISK: Final = {
    ("thidua_disk_free_bytes", "archive"): 50.0,
    ("thidua_disk_size_bytes", "archive"): 100.0,
}
MEMORY: Final = {
    ("thidua_redis_memory_bytes", ""): 40.0,
    ("thidua_redis_memory_most_bytes", ""): 100.0,
}
WELL: Final = Look(
    ready=dict.fromkeys(PROCESSES, (True, "position=90")),
    figures={"archive": {**DISK, **MEMORY}},
    door=DOOR,
    archive={"position": 90, "is_open": True, "reason": None},
    entries={"recorded": 80, "refused": 7, "said": 3},
    parked=0,
    now=1_704_157_300.0,
)


def needs(now: Look, before: Look | None = None) -> tuple[str, ...]:
    return condition(before or now, now, HOST).needs


def door(**changed: Any) -> dict[str, Any]:
    return {**DOOR, **changed}


def figures(**changed: float) -> dict[str, Any]:
    return {"door": {(f"thidua_{name}", ""): value for name, value in changed.items()}}


def test_a_system_in_which_all_are_ready_and_have_followed_needs_nobody() -> None:
    told = condition(WELL, WELL, HOST)
    assert told.needs == ()
    assert told.document()["good"] is True
    assert (told.sealed, told.recorded, told.refused) == (90, 80, 10)


def test_a_process_that_cannot_be_seen_from_here_is_said_and_is_no_fault() -> None:
    hidden = replace(WELL, ready=dict.fromkeys(HOST, (True, "")))
    assert needs(hidden) == ()
    assert [one.state for one in condition(hidden, hidden, HOST).processes].count("unseen") == 5


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (replace(WELL, ready={**WELL.ready, "units": (False, "halted")}), "not ready: halted"),
        (replace(WELL, ready={"door": (True, "")}), "web: không trả lời"),
        (replace(WELL, door=door(gate="closed")), "the gate is closed"),
        (
            replace(WELL, door=None, archive={"is_open": False, "reason": "the log differs"}),
            "the log differs",
        ),
        (replace(WELL, parked=2), "2 mục để riêng"),
        (
            replace(WELL, figures={"door": {**DISK, ("thidua_disk_free_bytes", "archive"): 9.0}}),
            "9 % of the disk of archive",
        ),
        (
            replace(WELL, figures={"door": {**MEMORY, ("thidua_redis_memory_bytes", ""): 90.0}}),
            "90 % of its memory",
        ),
        (replace(WELL, figures=figures(redis_writes_ok=0)), "cannot write to its disk"),
        (replace(WELL, figures=figures(evidence_blocked=1)), "evidence cannot be stored"),
        (replace(WELL, figures=figures(direct_streams_stuck=1)), "own streams are stuck"),
        (replace(WELL, figures=figures(clock_offset_seconds=-3)), "a clock is wrong"),
        (
            replace(WELL, figures=figures(last_arrival_timestamp_seconds=WELL.now + 60)),
            "a clock is wrong",
        ),
        (replace(WELL, backup_asked=True), "no backup was found"),
        (replace(WELL, backup_asked=True, backup_hours=27.0), "27 hours old"),
    ],
)
def test_what_a_person_must_see_to_is_said(look: Look, words: str) -> None:
    [need] = needs(look)
    assert words in need


def test_a_follower_that_is_behind_is_at_work_while_it_moves_and_stuck_when_it_stands() -> None:
    before = replace(WELL, door=door(followed={**DOOR["followed"], "projector": 10}))
    moved = replace(WELL, door=door(followed={**DOOR["followed"], "projector": 60}))
    assert needs(moved, before) == ()
    [need] = needs(before, before)
    assert need.startswith("projector: đứng lại, còn 80")


def test_entries_that_wait_are_work_while_the_log_grows_and_a_fault_when_nothing_comes_of_them() -> (
    None
):
    inboxes = {"units": 5, "ballots": 0, "pledges": 0}
    before = replace(WELL, door=door(inboxes=inboxes))
    followed = dict.fromkeys(FOLLOWERS, 95)
    grown = replace(WELL, door=door(inboxes=inboxes, position=95, followed=followed))
    assert needs(grown, before) == ()
    [need] = needs(before, before)
    assert need.startswith("units: 5 sự kiện chờ")


def test_a_page_of_figures_is_read_by_name_and_label() -> None:
    page = '# TYPE a gauge\na 1.5\n# TYPE b gauge\nb{folder="archive"} 2\nc{x="1",y="2"} 3\n'
    assert read_figures(page) == {("a", ""): 1.5, ("b", "archive"): 2.0}


def test_reporting_in_one_process_stands_for_its_three_parts() -> None:
    whole = dict.fromkeys(("door", *DECIDING, "reporting"), (True, "position=90"))
    one = replace(WELL, ready=whole)
    assert needs(one) == ()
    assert [process.name for process in condition(one, one, HOST).processes] == list(whole)


def test_a_process_is_asked_where_it_was_said_else_by_its_name_inside_compose() -> None:
    given = addresses({"door": "http://there:1/"}, inside=True)
    assert (given["door"], given["units"]) == ("http://there:1", "http://units:8000")


def test_the_screen_of_a_machine_where_nothing_runs_asks_for_a_person_and_can_be_read_by_machines(
    tmp_path: Path,
) -> None:
    nowhere = [f"--at={name}=http://127.0.0.1:{free_port()}" for name in PROCESSES]
    marker = tmp_path / "last"
    marker.touch()
    command = typer.Typer()
    command.command()(status)
    done = CliRunner().invoke(command, [*nowhere, "--json", f"--backup-marker={marker}"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["schema_version"], told["good"]) == (1, False)
    assert {one["state"] for one in told["processes"]} == {"down"}
    assert told["backup_hours"] < 1
    wrong = CliRunner().invoke(command, ["--at", "nobody=http://127.0.0.1:1"])
    assert wrong.exit_code == 2
