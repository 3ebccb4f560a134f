"""``make test-deploy``: the compose stack comes up by one command, plays the seed year, and survives crashes."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from services.scenarios.format import read_scenario
from tests.deploy.manual import BACKUP, LOST, TLS, run_manual
from tests.deploy.proof import (
    check_guards,
    check_log,
    check_outcome,
    check_pages,
    check_restored,
    check_tls,
    play,
    require,
)
from tests.deploy.stack import DEPLOY, OURS, STORES, Stack, StackError, run
from tests.deploy.steps import Steps
from tests.faults.tape import with_access
from thidua.clock import format_instant
from thidua.errors import ThiduaError
from thidua.testing.servers import engine_answers

if TYPE_CHECKING:
    from services.scenarios.format import Scenario
    from thidua.log import Entry
    from thidua.signing import SigningKey

SEED: Final = DEPLOY.parent / "services" / "scenarios" / "border-2020.jsonl"
KILLED_SHORT: Final = ("units", "archive", "redis")
KILLED: Final = (*OURS, *STORES, "units", "ballots")
NO_ENGINE: Final = (
    "Không có Docker engine nào trả lời: hãy cài và khởi động Docker.\n"
    "No Docker engine answers: install Docker and start it. Nothing was proven."
)


SCREEN: Final = ("exec", "--no-TTY", "archive", "thidua", "status", "--inside")


def main() -> int:
    """Prove it; 0 only when everything held."""
    asked = argparse.ArgumentParser(prog="make test-deploy", description=__doc__)
    asked.add_argument(
        "--short", action="store_true", help="three crashes, no second start, no lost volume"
    )
    short = asked.parse_args().short
    if not engine_answers():
        print(NO_ENGINE, file=sys.stderr)
        return 1
    # Ended from outside it must still take its containers away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    steps = Steps()
    with tempfile.TemporaryDirectory(prefix="thidua-deploy-") as name:
        scenario = with_access(read_scenario(SEED))
        stack = Stack(Path(name), scenario.setup, format_instant(scenario.lines[0].arrival))
        try:
            _prove(stack, scenario, steps, short=short)
        except (StackError, ThiduaError) as error:
            print(f"\n{error}", file=sys.stderr)
            _tell_logs(stack)
            return 1
        finally:
            with steps.step("everything taken away, volumes too"):
                stack.remove()
            print(f"\n{steps.table()}")
    return 0


def _prove(stack: Stack, scenario: Scenario, steps: Steps, *, short: bool) -> None:
    with steps.step("deploy/up from nothing: image, secrets, containers") as words:
        words.append(stack.up().strip().splitlines()[-1].split()[-1])
    with steps.step("the pages answer") as words:
        words.append(check_pages(stack))
    with steps.step("containers are guarded") as words:
        words.append(check_guards(stack))
    with steps.step("outside there is the TLS proxy alone") as words:
        words.append(check_tls(stack))
    root = stack.root_key()
    with steps.step("the seed year over TLS, containers killed meanwhile") as words:
        words.append(play(stack, scenario, root, steps, KILLED_SHORT if short else KILLED))
    with steps.step("its outcome from PostgreSQL") as words:
        outcome = check_outcome(stack, scenario)
        words.append(f"chair {outcome['chair']}, deputy {outcome['deputy']}")
        words.append(f"{outcome['signatures']} signatures, {outcome['reward_total']} đồng")
    with steps.step("the log: nothing lost, nothing doubled") as words:
        words.append(check_log(stack, scenario, root))
    with steps.step("the operator's screen, from inside: nobody is needed") as words:
        words.append(stack.compose(*SCREEN).splitlines()[0])
    if not short:
        _prove_the_manual(stack, scenario, steps, root)


def _prove_the_manual(stack: Stack, scenario: Scenario, steps: Steps, root: SigningKey) -> None:
    folder = stack.folder
    with steps.step("the manual: TLS") as words:
        words.append(f"{run_manual(stack, folder, only=TLS)} commands")
    stack.tls = False
    with steps.step("TLS turned off: the ports on loopback are back") as words:
        stack.compose("stop", "proxy")
        stack.up()
        words.append(check_guards(stack))
    with steps.step("the manual: backup, and every day") as words:
        # The daily check looks at the last backup.
        count = run_manual(stack, folder, only=BACKUP)
        count += run_manual(stack, folder, but=(TLS, LOST, BACKUP))
        words.append(f"{count} commands")
    before = stack.entries()
    with steps.step("stopped, and up again: the same log, founded once") as words:
        stack.compose("down")
        require("Đã tạo" not in stack.up(), "the second start made secrets anew")
        check_outcome(stack, scenario)
        words.append(check_log(stack, scenario, root))
        require(stack.entries() == before, "the log has changed")
    with steps.step("backed up, every volume lost, restored onto empty ones") as words:
        words.append(check_restored(stack))
        check_outcome(stack, scenario)
        words.append(check_log(stack, scenario, root, restored=1))
        before = stack.entries()
    with steps.step("Redis loses its volume: nothing is founded over it") as words:
        stack.compose("down")
        words.append(_refused_without_volume(stack))
    with steps.step("the manual: when data is lost; restored, rebuilt, trimmed") as words:
        words.append(f"{run_manual(stack, folder, only=LOST)} commands")
    with steps.step("after all that") as words:
        stack.compose("restart", *OURS)
        stack.up()
        check_outcome(stack, scenario)
        words.append(_trimmed(stack, before))


def _refused_without_volume(stack: Stack) -> str:
    """A start with an empty Redis where a log once was: refused in words, and nothing is written."""
    run("docker", "volume", "rm", f"{stack.project}_redis-data")
    try:
        stack.up()
    except StackError as error:
        require("khôi phục" in str(error), error)
    else:
        raise StackError("an emptied log was founded anew")
    return "refused, to be restored"


def _trimmed(stack: Stack, before: list[Entry]) -> str:
    """The log begins later now, goes on where it was, and the pages still know its beginning."""
    left = stack.entries()
    require(left[0].position > 1, "nothing was trimmed")
    require(left[-1].position == len(before) + 1, "the restored log does not end with log-restored")
    kept = [entry for entry in left if entry.position <= len(before)]
    require(kept == before[left[0].position - 1 :], "what is left is not what was")
    first = httpx.get(f"{stack.pages_url}/v1/entries/1").raise_for_status().content
    require(first == before[0].raw, "the first entry is not served from the archive")
    return f"{left[0].position - 1} of {len(before) + 1} entries trimmed"


def _tell_logs(stack: Stack) -> None:
    try:
        print(stack.compose("ps", "--all"), file=sys.stderr)
        print(stack.compose("logs", "--no-color", "--tail", "40"), file=sys.stderr)
    except StackError as error:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
