"""Ending what runs beside a process's work: a cancellation that got lost is said again."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

AGAIN_SECONDS: Final = 0.5


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """
    Cancel *tasks* until all of them have ended; one that had failed is told of in the process's log.

    Once is not enough: before Python 3.12 ``asyncio.wait_for`` keeps a cancellation to itself when it comes in the turn of
    the loop in which the awaited thing is done (python/cpython#86296), and the Redis client sends every command by that.
    """
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_had_failed", task=task.get_name(), exc_info=error)
