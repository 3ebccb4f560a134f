"""Verifying one's own archive while the log rests: the auditors' command in a process of its own, its result kept."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from services.reporting.checked import check_of, keep_check, read_checks
from thidua.clock import format_instant, parse_instant
from thidua.tlog.faults import ArchiveFaultError
from thidua.tlog.policy import write_policy
from thidua.tlog.prints import FOLDER
from thidua.tlog.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from services.reporting.archive import Archive, SealedLog
    from services.reporting.checked import Check
    from thidua.tlog.policy import Policy

log = structlog.get_logger(__name__)

REST_SECONDS: Final = 10.0
"""How long nothing new must have come before the archive is verified."""
AGAIN: Final = timedelta(hours=6)
"""A disk may rot while nothing comes: so often what rests is verified again."""
POLICY: Final = "own-policy.txt"
_COMMAND: Final = "import os; os.nice(10); from thidua.cli.app import main; main()"


class SelfCheckError(Exception):
    """The command gave no report."""


async def check_at_rest(archive: Archive, policy: Policy, now: Callable[[], datetime]) -> None:
    """
    Verify for ever: whenever figures were published for all that is sealed and nothing more came, and again later.

    Only the archive's writer does; replicas show what it found.
    """
    last = -1
    while True:
        await asyncio.sleep(REST_SECONDS)
        position = archive.position
        rests = position == last and (archive.public / FOLDER / f"{position:012d}").exists()
        if archive.is_writer and rests and _is_due(archive, position, now()):
            try:
                check = await verify_own(archive, policy, now)
            except (SelfCheckError, OSError) as error:
                log.warning("self_check_failed", reason=str(error))
            else:
                log.info("self_checked", position=check.position, verdict=check.verdict)
        last = position


async def verify_own(archive: SealedLog, policy: Policy, now: Callable[[], datetime]) -> Check:
    """
    What ``thidua verify`` says of the archive under *policy*, kept beside it.

    Raises :class:`SelfCheckError` when it gives no report; the process is ended when this one is cancelled.
    """
    path = archive.folder / POLICY
    write_whole(path, write_policy(policy).encode())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _COMMAND, "verify", str(archive.public)),
        *("--policy", str(path), "--json", "--jobs", "1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        told, fault = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
                await process.wait()
    try:
        document: dict[str, Any] = json.loads(told)
    except ValueError:
        raise SelfCheckError(fault.decode(errors="replace")[-400:]) from None
    check = check_of(document, format_instant(now()), _witnesses(archive, policy))
    keep_check(archive.folder, check)
    return check


def _is_due(archive: SealedLog, position: int, now: datetime) -> bool:
    checks = read_checks(archive.folder)
    if not checks or checks[0].position != position:
        return True
    return now - parse_instant(checks[0].at) > AGAIN


def _witnesses(archive: SealedLog, policy: Policy) -> tuple[str, ...]:
    """Who of the policy has cosigned the newest checkpoint."""
    checkpoint = archive.checkpoint()
    try:
        return tuple(policy.check(checkpoint).cosigned) if checkpoint else ()
    except ArchiveFaultError:
        return ()
